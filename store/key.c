/* Private keys: one to a file, and how they stay private in memory.
 *
 *	 0  "stemefs key 1\n\0\0"   16 bytes
 *	16  seed 32                  RFC 8032 secret key
 *	48  public key 32            so that a damaged file is noticed
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sign.h"
#include "store/files.h"
#include "store/store.h"

enum {
	KEY_FILE = 80,
};

static const char key_magic[16] = "stemefs key 1\n";

struct key {
	uint8_t *secret; /* SIGN_SECRET bytes from sodium_malloc: guarded, locked */
	struct agent agent;
};

int key_from_seed(const uint8_t seed[ID_SIZE], struct key **out)
{
	struct key *k;

	/* the command line gets here without a store; more than once is fine */
	if (sodium_init() < 0)
		return -EIO;
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	/* sodium_malloc locks where the limit on locked memory allows; where it
	 * does not, the pages are still guarded and kept out of core dumps */
	k->secret = sodium_malloc(SIGN_SECRET);
	if (!k->secret) {
		free(k);
		return -ENOMEM;
	}
	(void)crypto_sign_seed_keypair(k->agent.b, k->secret, seed);
	(void)sodium_mprotect_readonly(k->secret);
	*out = k;
	return 0;
}

void key_free(struct key *k)
{
	if (!k)
		return;
	sodium_free(k->secret); /* wipes */
	free(k);
}

struct agent key_agent(const struct key *k)
{
	return k->agent;
}

struct signature key_sign(
	const struct key *k, const struct id *id, uint64_t signed_at)
{
	return sign_id(k->secret, id, signed_at);
}

int key_create(const char *path, struct key **out, struct error *err)
{
	uint8_t file[KEY_FILE];
	struct key *k;
	int rc;

	if (sodium_init() < 0)
		return fail(err, EIO, "libsodium does not start");
	memcpy(file, key_magic, sizeof(key_magic));
	randombytes_buf(file + 16, ID_SIZE);
	rc = key_from_seed(file + 16, &k);
	if (rc < 0) {
		sodium_memzero(file, sizeof(file));
		return fail(err, -rc, "key %s: %s", path, strerror(-rc));
	}
	memcpy(file + 48, k->agent.b, ID_SIZE);
	rc = file_create(AT_FDCWD, path, slice_of(file, sizeof(file)), err);
	sodium_memzero(file, sizeof(file));
	if (rc < 0) {
		key_free(k);
		return rc;
	}
	*out = k;
	return 0;
}

/* Of an open file: that it is one, and nobody else's. */
static int check_private(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail(err, errno, "key %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(err, EBADMSG, "key %s: is no regular file", path);
	if (!(st.st_mode & 077))
		return 0;
	(void)fail(err, EACCES, "key %s: others may read it (mode %03o)", path,
		(unsigned)(st.st_mode & 0777));
	return fail_hint(err, "chmod 600 %s", path);
}

/* The whole file, only if nobody else may read it. */
static int read_private(const char *path, uint8_t file[KEY_FILE], struct error *err)
{
	/* a pipe that somebody left there has no writer to wait for */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t more;
	ssize_t n = -1, behind = -1;
	int rc;

	if (fd < 0 && errno == ELOOP)
		return fail(err, EBADMSG, "key %s: is a symbolic link", path);
	if (fd < 0)
		return fail(err, errno, "key %s: %s", path, strerror(errno));
	rc = check_private(fd, path, err);
	if (rc == 0)
		n = read(fd, file, KEY_FILE);
	if (n >= 0)
		behind = read(fd, &more, 1);
	if (rc == 0 && (n < 0 || behind < 0))
		rc = fail(err, errno, "key %s: %s", path, strerror(errno));
	if (rc == 0 && (n != KEY_FILE || behind != 0 ||
			       memcmp(file, key_magic, sizeof(key_magic)) != 0))
		rc = fail(err, EBADMSG, "key %s: is no stemefs key file", path);
	(void)close(fd);
	return rc;
}

int key_load(const char *path, struct key **out, struct error *err)
{
	uint8_t file[KEY_FILE];
	struct key *k = NULL;
	int rc = read_private(path, file, err);

	if (rc == 0) {
		rc = key_from_seed(file + 16, &k);
		if (rc < 0)
			(void)fail(err, -rc, "key %s: %s", path, strerror(-rc));
	}
	if (rc == 0 && memcmp(k->agent.b, file + 48, ID_SIZE) != 0) {
		key_free(k);
		rc = fail(err, EBADMSG,
			"key %s: is damaged: its public key does not match", path);
	}
	sodium_memzero(file, sizeof(file));
	if (rc < 0)
		return rc;
	*out = k;
	return 0;
}

void store_key_path(const char *store, struct buf *out)
{
	buf_str(out, store);
	buf_str(out, "/wallet/store.key");
}

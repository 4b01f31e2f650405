/* Reading: everything that is handed out is hashed on its way, and the seal is held against
 * that. Until archive_next() has said that the seal was met, nothing is proved. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/archive.h"

int archive_open(struct archive_in *a, int fd)
{
	*a = (struct archive_in){.fd = fd, .buffer = malloc(ARCHIVE_BUFFER)};
	blake3_hasher_init(&a->hash);
	return a->buffer ? 0 : -ENOMEM;
}

void archive_close(struct archive_in *a)
{
	if (a->buffer)
		sodium_memzero(a->buffer, ARCHIVE_BUFFER);
	free(a->buffer);
	a->buffer = NULL;
}

/* Have bytes in the buffer: how many, 0 at the end of the file. */
static int fill(struct archive_in *a, struct error *err)
{
	ssize_t n;

	if (a->at < a->n)
		return (int)(a->n - a->at);
	do
		n = read(a->fd, a->buffer, ARCHIVE_BUFFER);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		(void)fail(err, errno, "%s", strerror(errno));
		return -EIO;
	}
	a->at = 0;
	a->n = (size_t)n;
	return (int)n;
}

static int ends_early(struct error *err)
{
	(void)fail(err, EBADMSG, "ends early: it is not whole");
	return -EBADMSG;
}

/* The next n bytes of the file at most, counted as part of what is proved. */
static int take(
	struct archive_in *a, uint64_t n, struct slice *out, struct error *err)
{
	int rc = fill(a, err);

	if (rc < 0)
		return rc;
	if (rc == 0)
		return ends_early(err);
	*out = slice_of(
		a->buffer + a->at, n < (uint64_t)rc ? (size_t)n : (size_t)rc);
	a->at += out->n;
	return 0;
}

/* A whole block, not counted. */
static int read_block(
	struct archive_in *a, uint8_t out[ARCHIVE_BLOCK], struct error *err)
{
	size_t n = 0;

	while (n < ARCHIVE_BLOCK) {
		struct slice s = {0};
		int rc = take(a, ARCHIVE_BLOCK - n, &s, err);

		if (rc < 0)
			return rc;
		memcpy(out + n, s.p, s.n);
		n += s.n;
	}
	return 0;
}

int archive_read(struct archive_in *a, struct slice *out, struct error *err)
{
	int rc = 0;

	*out = slice_of(NULL, 0);
	if (a->left) {
		rc = take(a, a->left, out, err);
		if (rc < 0)
			return rc;
		a->left -= out->n;
		blake3_hasher_update(&a->hash, out->p, out->n);
	}
	while (rc == 0 && a->left == 0 && a->padding) {
		struct slice s = {0};

		if (out->n && a->at == a->n)
			break; /* what was handed out would be read over */
		rc = take(a, a->padding, &s, err);
		if (rc == 0) {
			a->padding -= (uint32_t)s.n;
			blake3_hasher_update(&a->hash, s.p, s.n);
		}
	}
	return rc;
}

static int skip_rest(struct archive_in *a, struct error *err)
{
	int rc = 0;

	while (rc == 0 && (a->left || a->padding)) {
		struct slice s = {0};

		rc = archive_read(a, &s, err);
	}
	return rc;
}

/* What stands behind the end is nothing, or zeros that a tape has added. */
static int check_end(struct archive_in *a, struct error *err)
{
	uint8_t block[ARCHIVE_BLOCK];
	struct archive_entry e;
	int rc;

	rc = read_block(a, block, err);
	if (rc == 0 && archive_decode(block, &e, NULL) != -ENODATA)
		return fail(err, EBADMSG, "goes on behind its end");
	if (rc < 0)
		return rc;
	while ((rc = fill(a, err)) > 0)
		while (a->at < a->n)
			if (a->buffer[a->at++])
				return fail(err, EBADMSG, "goes on behind its end");
	return rc;
}

/* The seal: does it name what was read? */
static int prove(struct archive_in *a, uint64_t size, struct error *err)
{
	uint8_t block[ARCHIVE_BLOCK], said[ID_SIZE], hash[ID_SIZE];
	char length[8];
	const char *text = (const char *)block, *at;
	int rc = read_block(a, block, err);

	if (rc < 0)
		return rc;
	block[size < ARCHIVE_SEAL_MAX ? size : 0] = 0;
	at = strstr(text, ARCHIVE_SEAL_HASH);
	(void)snprintf(length, sizeof(length), "%03d", (int)strlen(text));
	if (strlen(text) != size || strncmp(text, length, 3) != 0 ||
		strncmp(text + 3, ARCHIVE_SEAL, sizeof(ARCHIVE_SEAL) - 1) != 0 ||
		!at || strlen(at) != sizeof(ARCHIVE_SEAL_HASH) + ID_HEX ||
		hex_parse(slice_of(at + sizeof(ARCHIVE_SEAL_HASH) - 1, ID_HEX),
			said, ID_SIZE) < 0)
		return fail(err, EBADMSG, "is no archive that stemefs wrote");
	blake3_hasher_finalize(&a->hash, hash, sizeof(hash));
	if (memcmp(said, hash, ID_SIZE) != 0)
		return fail(err, EBADMSG,
			"is not what was written: its checksum does not hold");
	a->sealed = true;
	return 0;
}

static int next_header(struct archive_in *a, uint8_t block[ARCHIVE_BLOCK],
	struct archive_entry *out, struct error *err)
{
	int rc = skip_rest(a, err);

	if (rc == 0)
		rc = read_block(a, block, err);
	return rc < 0 ? rc : archive_decode(block, out, err);
}

int archive_next(struct archive_in *a, struct archive_entry *out, struct error *err)
{
	uint8_t block[ARCHIVE_BLOCK];
	int rc = next_header(a, block, out, err);

	if (rc == 0 && out->global) {
		rc = prove(a, out->size, err);
		if (rc == 0)
			rc = next_header(a, block, out, err);
		if (rc == 0 && out->global)
			return fail(err, EBADMSG, "is sealed twice");
	}
	if (rc == -ENODATA)
		return a->sealed ? check_end(a, err) : ends_early(err);
	if (rc < 0)
		return rc;
	blake3_hasher_update(&a->hash, block, sizeof(block));
	a->left = out->size;
	a->padding = archive_padding(out->size);
	return 1;
}

/* The key that tags frames.
 *
 *	 0  "stemefs tag 1\n\0\0"    16 bytes
 *	16  key 32
 *	48  BLAKE3 of bytes 0..47    32
 */
#include "store/tag.h"

#include <errno.h>
#include <sodium.h>
#include <unistd.h>

#include "store/files.h"

enum {
	TAG_FILE = 16 + ID_SIZE + ID_SIZE,
};

static const char tag_magic[16] = "stemefs tag 1\n";

static int write_copy(
	int dir, const char *name, const uint8_t key[ID_SIZE], struct error *err)
{
	uint8_t file[TAG_FILE];
	struct id sum;
	int rc;

	memcpy(file, tag_magic, sizeof(tag_magic));
	memcpy(file + 16, key, ID_SIZE);
	sum = id_of(slice_of(file, 16 + ID_SIZE));
	memcpy(file + 16 + ID_SIZE, sum.b, ID_SIZE);
	rc = file_create(dir, name, slice_of(file, sizeof(file)), err);
	sodium_memzero(file, sizeof(file));
	return rc;
}

static bool read_copy(int dir, const char *name, uint8_t key[ID_SIZE])
{
	BUF_AUTO(file);
	struct id sum;
	bool good = file_read(dir, name, TAG_FILE, &file) == 0 &&
		    file.n == TAG_FILE &&
		    memcmp(file.p, tag_magic, sizeof(tag_magic)) == 0;

	if (good) {
		sum = id_of(slice_of(file.p, 16 + ID_SIZE));
		good = memcmp(sum.b, file.p + 16 + ID_SIZE, ID_SIZE) == 0;
	}
	if (good)
		memcpy(key, file.p + 16, ID_SIZE);
	if (file.n)
		sodium_memzero(file.p, file.n);
	return good;
}

int tag_create(int dir, const uint8_t key[ID_SIZE], struct error *err)
{
	int rc = write_copy(dir, "tag.a", key, err);

	return rc < 0 ? rc : write_copy(dir, "tag.b", key, err);
}

/* Without the right key no frame verifies, and everything would look damaged. */
static int no_tag(const char *path, const char *what, struct error *err)
{
	(void)fail(err, EBADMSG, "%s: %s", path, what);
	return fail_hint(
		err, "putting tag.a or tag.b back from a copy of this store");
}

int tag_load(int dir, const char *path, uint8_t key[ID_SIZE], struct error *err)
{
	uint8_t other[ID_SIZE] = {0};
	bool a = read_copy(dir, "tag.a", key);
	bool b = read_copy(dir, "tag.b", other);
	const char *lost = a ? "tag.b" : "tag.a";
	bool same = memcmp(key, other, ID_SIZE) == 0;

	if (!a)
		memcpy(key, other, ID_SIZE);
	sodium_memzero(other, sizeof(other));
	if (!a && !b)
		return no_tag(path,
			"both copies of the tag key (tag.a, tag.b) are damaged or "
			"lost",
			err);
	if (a && b && !same)
		return no_tag(path,
			"the two copies of the tag key (tag.a, tag.b) differ: one "
			"is of "
			"another store",
			err);
	if (a && b)
		return 0;
	(void)unlinkat(dir, lost, 0);
	(void)write_copy(dir, lost, key, NULL);
	return 0;
}

const char *tag_lost(int dir)
{
	uint8_t key[ID_SIZE];
	bool a = read_copy(dir, "tag.a", key);
	bool b = read_copy(dir, "tag.b", key);

	sodium_memzero(key, sizeof(key));
	return a == b ? NULL : a ? "tag.b" : "tag.a";
}

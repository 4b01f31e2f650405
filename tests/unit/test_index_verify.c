/* A flipped bit in the file of an index is found, or is in bytes that nobody reads. The
 * oracle is LMDB itself: where the verifier is content, every row reads as it was. */
#include "store/index_verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/id.h"
#include "store/index.h"
#include "tests/unit/tap.h"

enum {
	ROWS = 3000,
	LONG_VALUE = 9000, /* more than a page */
	FLIPS = 3000,	   /* VERIFY_FLIPS=30000 for more */
	CUTS = 200,
};

static char top[] = "/tmp/stemefs-verify-XXXXXX";
static int store_dir;
static uint8_t *original;
static size_t size;
static struct id now, before; /* what all rows hash to, and did one commit ago */

static const char *path(const char *name)
{
	static char p[2][256];
	static int turn;

	turn = !turn;
	(void)snprintf(p[turn], sizeof(p[0]), "%s/%s", top, name);
	return p[turn];
}

static struct row_key numbered(unsigned n)
{
	struct row_key k = row_key_tag('I');
	struct id id = id_of(slice_of((const uint8_t *)&n, sizeof(n)));

	row_key_add(&k, id.b, sizeof(id.b));
	return k;
}

/* Rows of many lengths, some of several pages; some go, some change. */
static void fill(struct index *ix, unsigned from, unsigned to)
{
	static uint8_t value[LONG_VALUE];
	MDB_txn *txn;

	CHECK(index_begin(ix, 0, &txn) == 0);
	for (unsigned n = from; n < to; n++) {
		struct row_key k = numbered(n), old = numbered(n / 3);
		size_t length = n % 250 == 0 ? LONG_VALUE - n : n % 90;

		memset(value, (int)n, sizeof(value));
		CHECK(row_put(txn, &k, value, length) == 0);
		if (n % 7 == 0)
			(void)row_del(txn, &old);
	}
	CHECK(mdb_txn_commit(txn) == 0);
}

/* All keys and values, as LMDB reads them. */
static int hash_rows(struct id *out)
{
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	MDB_cursor *c = NULL;
	MDB_val key, value;
	MDB_dbi db;
	int rc = mdb_env_create(&env);

	*out = (struct id){0};
	(void)mdb_env_set_mapsize(env, (size_t)1 << 30);
	if (rc == 0)
		rc = mdb_env_open(
			env, path("index"), MDB_RDONLY | MDB_NOLOCK, 0600);
	if (rc == 0)
		rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (rc == 0)
		rc = mdb_dbi_open(txn, NULL, 0, &db);
	if (rc == 0)
		rc = mdb_cursor_open(txn, db, &c);
	while (rc == 0) {
		rc = mdb_cursor_get(c, &key, &value, MDB_NEXT);
		if (rc)
			break;
		*out = id_of_two(slice_of(out->b, sizeof(out->b)),
			slice_of(key.mv_data, key.mv_size));
		*out = id_of_two(slice_of(out->b, sizeof(out->b)),
			slice_of(value.mv_data, value.mv_size));
	}
	if (c)
		mdb_cursor_close(c);
	if (txn)
		mdb_txn_abort(txn);
	mdb_env_close(env);
	return rc;
}

static void make(void)
{
	static const uint8_t id[16];
	struct index ix;
	struct error err;
	int fd;

	CHECK(mkdtemp(top) && mkdir(path("index"), 0700) == 0);
	store_dir = open(top, O_RDONLY | O_DIRECTORY);
	CHECK(index_open(path("index"), id, NULL, &ix, &err) == 0);
	for (unsigned n = 0; n < ROWS; n += 500)
		fill(&ix, n, n + 500);
	CHECK(hash_rows(&before) == MDB_NOTFOUND);
	fill(&ix, ROWS, ROWS + 20);
	CHECK(hash_rows(&now) == MDB_NOTFOUND);
	index_close(&ix);
	fd = open(path("index/data.mdb"), O_RDONLY);
	size = (size_t)lseek(fd, 0, SEEK_END);
	original = malloc(size);
	CHECK(original && pread(fd, original, size, 0) == (ssize_t)size);
	(void)close(fd);
}

static void put_back(const uint8_t *bytes, size_t n)
{
	int fd = open(path("index/data.mdb"), O_RDWR);

	CHECK(pwrite(fd, bytes, n, 0) == (ssize_t)n &&
		ftruncate(fd, (off_t)n) == 0);
	(void)close(fd);
}

static bool is_as_it_was(void)
{
	struct id found;

	return hash_rows(&found) == MDB_NOTFOUND &&
	       (id_compare(&found, &now) == 0 || id_compare(&found, &before) == 0);
}

static void an_honest_index_verifies(void)
{
	char why[INDEX_WHY];

	CHECK(index_verify(store_dir, "index", why) == 0);
	CHECK(why[0] == '\0' && is_as_it_was());
}

/* Half of the flips among the first bytes of pages, where the structure is. */
static size_t some_byte(void)
{
	size_t at = (size_t)rand() % size;

	return rand() % 2 ? at : at - at % 4096 + (size_t)(rand() % 48);
}

static void a_flipped_bit_is_found_or_matters_to_nobody(void)
{
	int fd = open(path("index/data.mdb"), O_RDWR);
	const char *more = getenv("VERIFY_FLIPS");
	long flips = more ? strtol(more, NULL, 10) : FLIPS / TAP_STRIDE;
	long found = 0, passed = 0;

	for (long i = 0; i < flips; i++) {
		size_t at = some_byte();
		uint8_t flipped = (uint8_t)(original[at] ^ 1 << rand() % 8);
		char why[INDEX_WHY];
		int rc;

		CHECK(pwrite(fd, &flipped, 1, (off_t)at) == 1);
		rc = index_verify(store_dir, "index", why);
		found += rc < 0;
		passed += rc == 0;
		if (rc == 0 ? !is_as_it_was() : why[0] == '\0') {
			printf("# byte %zu, %02x for %02x: %d %s\n", at, flipped,
				original[at], rc, why);
			CHECK(rc < 0 && why[0]); /* other rows, or no reason */
		}
		CHECK(pwrite(fd, &original[at], 1, (off_t)at) == 1);
	}
	(void)close(fd);
	printf("# %ld found, %ld in bytes that nobody reads\n", found, passed);
	CHECK(found > flips / 4 && passed > 0);
}

static void a_file_that_is_cut_is_found(void)
{
	char why[INDEX_WHY];

	for (int i = 0; i < CUTS; i++) {
		size_t n = (size_t)rand() % size;

		put_back(original, n);
		CHECK(index_verify(store_dir, "index", why) ==
				(n ? -EBADMSG : -ENOENT) ||
			is_as_it_was());
	}
	put_back(original, size);
	CHECK(index_verify(store_dir, "index", why) == 0);
}

static void garbage_is_found(void)
{
	uint8_t *bytes = malloc(size);
	char why[INDEX_WHY];

	for (int round = 0; round < 50; round++) {
		size_t from = round % 2 ? 4096 * (size_t)(rand() % 4) : 0;

		memcpy(bytes, original, size);
		for (size_t i = from; i < size; i++)
			bytes[i] = round == 0 ? 0 : (uint8_t)rand();
		put_back(bytes, size);
		CHECK(index_verify(store_dir, "index", why) == -EBADMSG);
	}
	put_back(original, size);
	free(bytes);
}

static void what_is_no_file_is_refused(void)
{
	char why[INDEX_WHY];

	CHECK(rename(path("index/data.mdb"), path("saved")) == 0);
	CHECK(index_verify(store_dir, "index", why) == -ENOENT);
	CHECK(mkdir(path("index/data.mdb"), 0700) == 0);
	CHECK(index_verify(store_dir, "index", why) == -EBADMSG);
	CHECK(rmdir(path("index/data.mdb")) == 0);
	CHECK(rename(path("saved"), path("index/data.mdb")) == 0);
	CHECK(index_verify(store_dir, "index", why) == 0);
}

int main(void)
{
	srand(4);
	make();
	RUN(an_honest_index_verifies);
	RUN(a_flipped_bit_is_found_or_matters_to_nobody);
	RUN(a_file_that_is_cut_is_found);
	RUN(garbage_is_found);
	RUN(what_is_no_file_is_refused);
	free(original);
	(void)close(store_dir);
	(void)unlink(path("index/data.mdb"));
	(void)unlink(path("index/lock.mdb"));
	(void)rmdir(path("index"));
	(void)rmdir(top);
	return tap_done();
}

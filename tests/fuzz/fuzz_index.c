/* An index from outside: its file is verified before LMDB maps it. What acceptance promises:
 * - LMDB reads every row to the end, and every one has the checksum that it should have.
 * What is refused is refused with a reason.
 *
 * An input that begins with a zero, as a file of LMDB does, is a file. Any other is a list
 * of changes to an honest one: page, place in it, how many bytes, and these. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/index.h"
#include "store/index_verify.h"

enum {
	MOST = 1 << 20,	    /* of the map: no input is near this */
	CHANGE = 1 + 2 + 1, /* bytes before those of a change */
	PAGE = 4096,
	ROWS = 240,
	LONG_VALUE = 5000, /* two pages */
};

static char top[] = "/tmp/stemefs-fuzz-index-XXXXXX";
static int dir = -1;
static uint8_t honest[MOST / 2];
static size_t honest_n;

static void remove_all(void)
{
	(void)unlinkat(dir, "index/data.mdb", 0);
	(void)unlinkat(dir, "index/lock.mdb", 0);
	(void)unlinkat(dir, "index", AT_REMOVEDIR);
	(void)rmdir(top);
}

/* Branches, values of several pages, and pages that are free again. */
static void fill(struct index *ix, unsigned from, unsigned to)
{
	static uint8_t value[LONG_VALUE];
	MDB_txn *txn;

	assert(index_begin(ix, 0, &txn) == 0);
	for (unsigned n = from; n < to; n++) {
		struct row_key k = row_key_tag('I'), old = k;
		uint8_t name[100] = {(uint8_t)(n * 7)}, gone[100] = {(uint8_t)n};

		row_key_add(&k, name, sizeof(name));
		row_key_add(&old, gone, sizeof(gone));
		assert(row_put(txn, &k, value, n % 40 ? n : LONG_VALUE) == 0);
		if (n % 3 == 0)
			(void)row_del(txn, &old);
	}
	assert(mdb_txn_commit(txn) == 0);
}

static void make_place(void)
{
	static const uint8_t id[16];
	char path[sizeof(top) + sizeof("/index")];
	struct index ix;
	int fd;

	if (dir >= 0)
		return;
	assert(mkdtemp(top));
	dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert(dir >= 0 && mkdirat(dir, "index", 0700) == 0);
	(void)atexit(remove_all);
	(void)snprintf(path, sizeof(path), "%s/index", top);
	assert(index_open(path, id, NULL, &ix, NULL) == 0);
	for (unsigned n = 0; n < ROWS; n += ROWS / 8)
		fill(&ix, n, n + ROWS / 8);
	index_close(&ix);
	fd = openat(dir, "index/data.mdb", O_RDONLY | O_CLOEXEC);
	honest_n = (size_t)read(fd, honest, sizeof(honest));
	assert(honest_n > (size_t)20 * PAGE && honest_n < sizeof(honest));
	(void)close(fd);
}

static void put(const uint8_t *data, size_t size)
{
	int fd = openat(dir, "index/data.mdb",
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	(void)close(fd);
}

static void put_changed(const uint8_t *data, size_t size)
{
	static uint8_t bytes[sizeof(honest)];

	memcpy(bytes, honest, honest_n);
	while (size > CHANGE) {
		size_t at = (data[0] - 1U) * (size_t)PAGE +
			    (data[1] | (size_t)data[2] << 8) % PAGE;
		size_t n = data[3] % 16 + 1U;

		data += CHANGE;
		size -= CHANGE;
		n = n < size ? n : size;
		for (size_t i = 0; i < n && at + i < honest_n; i++)
			bytes[at + i] = data[i];
		data += n;
		size -= n;
	}
	put(bytes, honest_n);
}

/* Which pages are free, as LMDB will use them in its next transaction. */
static void read_free(MDB_txn *txn)
{
	MDB_cursor *c;
	MDB_val key, value;
	int rc;

	assert(mdb_cursor_open(txn, 0, &c) == 0);
	while ((rc = mdb_cursor_get(c, &key, &value, MDB_NEXT)) == 0)
		assert(key.mv_size == 8 && value.mv_size >= 8);
	assert(rc == MDB_NOTFOUND);
	mdb_cursor_close(c);
}

static void read_rows(MDB_txn *txn)
{
	MDB_cursor *c;
	MDB_val key, value;
	MDB_dbi db;
	int rc;

	assert(mdb_dbi_open(txn, NULL, 0, &db) == 0);
	assert(mdb_cursor_open(txn, db, &c) == 0);
	while ((rc = mdb_cursor_get(c, &key, &value, MDB_NEXT)) == 0)
		assert(row_verify(slice_of(key.mv_data, key.mv_size),
			slice_of(value.mv_data, value.mv_size)));
	assert(rc == MDB_NOTFOUND);
	mdb_cursor_close(c);
}

/* It may still not open it: the map could be too small for what the file says. */
static void read_with_lmdb(void)
{
	char path[sizeof(top) + sizeof("/index")];
	MDB_env *env;
	MDB_txn *txn;

	(void)snprintf(path, sizeof(path), "%s/index", top);
	assert(mdb_env_create(&env) == 0);
	assert(mdb_env_set_mapsize(env, MOST) == 0);
	if (mdb_env_open(env, path, MDB_RDONLY | MDB_NOLOCK, 0600) == 0 &&
		mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0) {
		read_rows(txn);
		read_free(txn);
		mdb_txn_abort(txn);
	}
	mdb_env_close(env);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[INDEX_WHY];
	int rc;

	if (size > MOST / 2)
		return 0;
	make_place();
	if (size && data[0])
		put_changed(data, size);
	else
		put(data, size);
	rc = index_verify(dir, "index", why);
	assert(rc == 0 || rc == -EBADMSG || (rc == -ENOENT && size == 0));
	assert((rc == -EBADMSG) == (why[0] != '\0'));
	if (rc == 0)
		read_with_lmdb();
	return 0;
}

/* Indexes to write rows into, in batches of one size each, and to compare afterwards. */
#ifndef TESTS_ROWS_H
#define TESTS_ROWS_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/index.h"
#include "tests/unit/tap.h"

static const size_t rows_batches[] = {1, 7, 1000};

enum {
	ROWS_WAYS = sizeof(rows_batches) / sizeof(rows_batches[0]),
};

/* One index for each size of batches. */
struct rows {
	char dir[ROWS_WAYS][40];
	struct index index[ROWS_WAYS];
};

static inline void rows_open(struct rows *r)
{
	static const uint8_t id[16];
	struct error err = {0};

	for (size_t i = 0; i < ROWS_WAYS; i++) {
		(void)snprintf(
			r->dir[i], sizeof(r->dir[i]), "/tmp/stemefs-rows-XXXXXX");
		CHECK(mkdtemp(r->dir[i]) &&
			index_open(r->dir[i], id, NULL, &r->index[i], &err) == 0);
		(void)mdb_env_set_flags(r->index[i].env, MDB_NOSYNC, 1);
	}
}

static inline void rows_close(struct rows *r)
{
	static const char *const files[] = {"data.mdb", "lock.mdb"};

	for (size_t i = 0; i < ROWS_WAYS; i++) {
		index_close(&r->index[i]);
		for (size_t k = 0; k < 2; k++) {
			char path[64];

			(void)snprintf(
				path, sizeof(path), "%s/%s", r->dir[i], files[k]);
			(void)unlink(path);
		}
		CHECK(rmdir(r->dir[i]) == 0);
	}
}

/* Have n things added to each index: add(txn, number) one by one, flush(txn) at the end of
 * each batch. */
static inline void rows_fill(struct rows *r, size_t n,
	void (*add)(MDB_txn *txn, size_t number), void (*flush)(MDB_txn *txn))
{
	for (size_t i = 0; i < ROWS_WAYS; i++)
		for (size_t at = 0; at < n; at += rows_batches[i]) {
			MDB_txn *txn;

			CHECK(index_begin(&r->index[i], 0, &txn) == 0);
			for (size_t k = at; k < n && k < at + rows_batches[i]; k++)
				add(txn, k);
			flush(txn);
			CHECK(index_commit(txn) == 0);
		}
}

/* To read what is in the first. */
static inline MDB_txn *rows_read(struct rows *r)
{
	MDB_txn *txn = NULL;

	CHECK(index_begin(&r->index[0], MDB_RDONLY, &txn) == 0);
	return txn;
}

static inline bool rows_same_value(MDB_val a, MDB_val b)
{
	return a.mv_size == b.mv_size &&
	       memcmp(a.mv_data, b.mv_data, a.mv_size) == 0;
}

/* Do all hold the same rows, and how many are there? */
static inline size_t rows_compare(struct rows *r)
{
	size_t count = 0;

	for (size_t i = 1; i < ROWS_WAYS; i++) {
		MDB_txn *ours = rows_read(r), *theirs = NULL;
		MDB_cursor *a = NULL, *b = NULL;
		MDB_val key[2], value[2];

		CHECK(index_begin(&r->index[i], MDB_RDONLY, &theirs) == 0);
		CHECK(mdb_cursor_open(ours, INDEX_DB, &a) == 0 &&
			mdb_cursor_open(theirs, INDEX_DB, &b) == 0);
		count = 0;
		while (mdb_cursor_get(a, &key[0], &value[0], MDB_NEXT) == 0) {
			CHECK(mdb_cursor_get(b, &key[1], &value[1], MDB_NEXT) == 0);
			CHECK(rows_same_value(key[0], key[1]) &&
				rows_same_value(value[0], value[1]));
			count++;
		}
		CHECK(mdb_cursor_get(b, &key[1], &value[1], MDB_NEXT) ==
			MDB_NOTFOUND);
		mdb_cursor_close(a);
		mdb_cursor_close(b);
		mdb_txn_abort(ours);
		mdb_txn_abort(theirs);
	}
	return count;
}

/* Some bytes of a value changed, and perhaps its end cut off: in memory that ends with it,
 * which the caller frees. */
static inline struct slice rows_mutate(struct slice value)
{
	size_t n = rand() % 3 ? value.n : (size_t)rand() % (value.n + 1);
	uint8_t *p = malloc(n ? n : 1);

	if (!p)
		abort();
	memcpy(p, value.p, n);
	for (int i = rand() % 4; n && i > 0; i--)
		p[(size_t)rand() % n] = (uint8_t)(rand() % 3 ? rand() : 0xff);
	return slice_of(p, n);
}

#endif

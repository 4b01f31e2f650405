/* The index: LMDB, opened by the rules that living with it taught.
 *
 * One environment, one database. MDB_NOTLS, so that a snapshot may move between
 * threads; MDB_NOMETASYNC, since the log can always bring the index up again; never
 * WRITEMAP or NOSYNC. The map is reserved large at open, so that it never grows
 * while serving. LMDB checks nothing it reads: what comes out is verified by
 * whoever can (ids, checksums). */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "core/error.h"
#include "store/rows.h"

enum {
	INDEX_DB = 1, /* LMDB's handle of the one unnamed database */
};

struct index {
	MDB_env *env;
};

/* Open or make the environment in STORE/index (the directory exists). -EBADMSG: it
 * is no index of this layout, byte order and store: move it aside and make another.
 * A fresh one has META with everything 0. */
int index_open(const char *dir, const uint8_t store_id[16], struct index *out,
	struct error *err);
void index_close(struct index *ix);

/* Rename STORE/index to STORE/index.aside, in the place of an older one. Nothing when
 * there is no index. */
int index_put_aside(int store_dir, struct error *err);

/* LMDB's errors as errno: a full map or disk is ENOSPC, damage EBADMSG. 0 stays 0.
 */
int index_errno(int mdb_error);

/* The row, borrowed until the transaction changes or ends: 0, -ENOENT, -errno. */
int row_get(MDB_txn *txn, const struct row_key *k, MDB_val *out);

/* The same into a struct of exactly n bytes; -EBADMSG when the row has another
 * size. */
int row_read(MDB_txn *txn, const struct row_key *k, void *out, size_t n);
int row_put(MDB_txn *txn, const struct row_key *k, const void *p, size_t n);
/* -ENOENT when there is none. */
int row_del(MDB_txn *txn, const struct row_key *k);

int meta_read(MDB_txn *txn, struct meta_row *out);
int meta_write(MDB_txn *txn, const struct meta_row *m);

/* Keep in a fresh index how far the one in its place had come. */
int index_note_reached(struct index *ix, uint64_t offset);

/* A walk over the rows whose key starts with a prefix, in key order.
 *
 *	WALK_AUTO(w);
 *	rc = walk_start(&w, txn, &prefix);
 *	for (; rc == 0; rc = walk_next(&w)) ... w.key, w.value
 *	if (rc != -ENOENT) return rc;
 */
struct walk {
	MDB_cursor *cursor;
	struct row_key prefix;
	MDB_val key;
	MDB_val value;
};
void walk_end(struct walk *w);
#define WALK_AUTO(name) __attribute__((cleanup(walk_end))) struct walk name = {0}
int walk_start(struct walk *w, MDB_txn *txn, const struct row_key *prefix);
/* From the first key at or behind `from` that has the prefix. */
int walk_from(struct walk *w, MDB_txn *txn, const struct row_key *prefix,
	const struct row_key *from);
/* At the last key with the prefix that comes before `before`; it goes no further. */
int walk_before(struct walk *w, MDB_txn *txn, const struct row_key *prefix,
	const struct row_key *before);
int walk_next(struct walk *w);
/* To the first key at or behind `to`. */
int walk_seek(struct walk *w, const struct row_key *to);

#endif

/* Rows of the index: put, get, walk; each proves itself.
 *
 * LMDB checks nothing that it reads. So behind every value stands a CRC-32C of key and
 * value, which is written and taken off here; nobody else sees it. A row that does not
 * verify is -EBADMSG, and doubt is raised (store/suspect.h) with the environment that
 * was given one. */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "store/rows.h"

enum {
	INDEX_DB = 1,  /* LMDB's handle of the one unnamed database */
	ROW_CHECK = 4, /* bytes of checksum behind each value */
};

/* LMDB's errors as errno: a full map or disk is ENOSPC, damage EBADMSG. 0 stays 0. */
int index_errno(int mdb_error);

/* Does the stored value (with its checksum) belong to this key? */
bool row_verify(struct slice key, struct slice stored);

/* The row, borrowed until the transaction changes or ends: 0, -ENOENT, -errno. */
int row_get(MDB_txn *txn, const struct row_key *k, MDB_val *out);

/* The same into a struct of exactly n bytes; -EBADMSG when the row has another size. */
int row_read(MDB_txn *txn, const struct row_key *k, void *out, size_t n);
int row_put(MDB_txn *txn, const struct row_key *k, const void *p, size_t n);
/* A value in two parts. */
int row_put_two(
	MDB_txn *txn, const struct row_key *k, struct slice a, struct slice b);
/* -ENOENT when there is none. */
int row_del(MDB_txn *txn, const struct row_key *k);

/* A walk over the rows whose key starts with a prefix, in key order.
 *
 *	WALK_AUTO(w);
 *	rc = walk_start(&w, txn, &prefix);
 *	for (; rc == 0; rc = walk_next(&w)) ... w.key, w.value
 *	if (rc != -ENOENT) return rc;
 */
struct walk {
	MDB_txn *txn;
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

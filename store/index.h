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
#include "store/row.h"
#include "store/suspect.h"

struct index {
	MDB_env *env;
};

/* Open or make the environment in STORE/index (the directory exists). -EBADMSG: it
 * is no index of this layout, byte order and store: move it aside and make another.
 * A fresh one has META with everything 0. Rows that do not verify later raise doubt
 * (borrowed; NULL: they only are -EBADMSG). */
int index_open(const char *dir, const uint8_t store_id[16], struct suspect *suspect,
	struct index *out, struct error *err);
void index_close(struct index *ix);

/* Rename STORE/index to STORE/index.aside, in the place of an older one. Nothing when
 * there is no index. */
int index_put_aside(int store_dir, struct error *err);

int meta_read(MDB_txn *txn, struct meta_row *out);
int meta_write(MDB_txn *txn, const struct meta_row *m);

/* Keep in a fresh index how far the one in its place had come. */
int index_note_reached(struct index *ix, uint64_t offset);

#endif

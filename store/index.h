/* The index: LMDB, opened by the rules that living with it taught.
 *
 * One environment, one database. MDB_NOTLS, so that a snapshot may move between
 * threads; MDB_NOMETASYNC, since the log can always bring the index up again; never
 * WRITEMAP or NOSYNC. The map is reserved large at open, so that it never grows
 * while serving. LMDB checks nothing it reads: what comes out is verified by
 * whoever can (ids, checksums). */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include <pthread.h>

#include "core/error.h"
#include "store/row.h"
#include "store/suspect.h"

struct wal;

enum {
	INDEX_IDLE = 16, /* read transactions kept for the next reader */
};

struct index {
	MDB_env *env; /* NULL: it could not be opened again */
	/* Held for reading by every snapshot, for writing while the environment is
	 * opened again: once LMDB could not write a meta page it answers nothing. */
	pthread_rwlock_t lock;
	pthread_mutex_t idle_lock; /* of what index_read_end() was given: */
	MDB_txn *idle[INDEX_IDLE];
	unsigned idle_count;
	char *path;
	uint64_t reserved; /* the file has room up to here, */
	uint64_t zeroed;   /* and so far it was written ahead */
	bool read_only; /* a disk that takes no writes: readers go on; or beside() */
};

/* Open or make the environment in STORE/index (the directory exists). -EBADMSG: it
 * is no index of this layout, byte order and store: move it aside and make another.
 * A fresh one has META with everything 0. Rows that do not verify later raise doubt
 * (borrowed; NULL: they only are -EBADMSG). */
int index_open(const char *dir, const uint8_t store_id[16], struct suspect *suspect,
	struct index *out, struct error *err);
void index_close(struct index *ix);

/* The same to read it, beside whoever writes: nothing is written but a slot in the table of
 * readers, and on a file system that takes no writes not even that: nobody may write then.
 * -EBADMSG also where it has no META yet. */
int index_open_beside(const char *dir, const uint8_t store_id[16],
	struct index *out, struct error *err);

/* Wait until the transaction that somebody may be writing has ended. Not while the same
 * file is open here: LMDB allows one opening in a process. 0 or -errno. */
int index_await_writer(const char *dir);

/* mdb_txn_commit(), as errno; -ENOSPC also where the disk is full and LMDB says EIO. */
int index_commit(MDB_txn *txn);

/* The id of the store whose index that is; of a file that verifies. */
int index_store_id(const char *dir, uint8_t out[16]);

/* A transaction: flags as LMDB's. 0; -EAGAIN where LMDB has given the environment up, which
 * the committer is about to open again; -EIO where there is none; -errno. */
int index_begin(struct index *ix, unsigned flags, MDB_txn **out);

/* A transaction of a reader that holds the lock for reading; as index_begin(). And back,
 * with the lock still held. */
int index_read(struct index *ix, MDB_txn **out);
void index_read_end(struct index *ix, MDB_txn *txn);

/* Nobody reads. For those who open another in its place. */
void index_close_environment(struct index *ix);

/* Room for so many bytes more, before anything is decided: 0, -ENOSPC, -EIO. Where the
 * file system cannot reserve, a full disk shows when the batch is committed, and is
 * taken back. The committer's thread. */
int index_reserve(struct index *ix, uint64_t bytes);

/* After a failed commit: where LMDB has given the environment up, wait for all snapshots
 * and open it again; for reading only, until the next failure, where the disk takes no
 * writes. The committer's thread, with no transaction. 0 or -errno with err: then the
 * index answers nothing until the next start. */
int index_recover(struct index *ix, const struct wal *wal, struct error *err);

/* Rename STORE/index to STORE/index.aside, in the place of an older one. Nothing when
 * there is no index. index_drop_aside(): that one is of no more use. */
int index_put_aside(int store_dir, struct error *err);
void index_drop_aside(int store_dir);

int meta_read(MDB_txn *txn, struct meta_row *out);
int meta_write(MDB_txn *txn, const struct meta_row *m);

/* Keep in a fresh index how far the one in its place had come. */
int index_note_reached(struct index *ix, uint64_t offset);

#endif

/* What wal.c (open, append, read) and recover.c (find the end) share; nobody
 * else's. */
#ifndef STORE_WAL_IMPL_H
#define STORE_WAL_IMPL_H

#include <stdatomic.h>

#include "store/shelf.h"

struct wal {
	int store_dir;
	int dir; /* STORE/wal */
	bool read_only;
	bool ready; /* wal_recover() has found the end */
	bool roll;  /* the next batch goes into a new segment: this one ends in
		       damage */
	struct wal_identity who;
	struct shelf *shelf;
	uint64_t segment_max;

	/* the segment that is appended to */
	int fd; /* the shelf's */
	uint64_t base;
	uint64_t size;	 /* of its file, preallocation included */
	uint64_t step;	 /* of preallocation */
	uint64_t zeroed; /* so far it was written ahead */

	uint64_t reached; /* by wal_expect() */
	struct wal_position end;

	/* the batch: from end, while it is being built; up to end, once it is
	 * written */
	struct buf batch;
	uint64_t room;		  /* what wal_begin() promised */
	struct wal_position next; /* end once it is written, else end */
	struct wal_position undo; /* end, before it was written */
	bool started;		  /* written, and not synced yet */
	bool can_undo;		  /* written and synced */

	atomic_bool failed;
	atomic_uint_fast64_t syncs;
};

/* Sync the newest segment. A failure is final: -EIO, and the log takes no writes.
 */
int wal_sync(struct wal *w, struct error *err);

#endif

/* What an agent signed, by seq: rows of SIGNED_PER_ROW seqs, in which every one of them is
 * what differs from the one before. The committer adds what a batch brings at its end, each
 * row once. */
#ifndef STORE_SIGNED_H
#define STORE_SIGNED_H

#include "core/buf.h"
#include "store/row.h"

enum {
	SIGNED_PER_ROW = 1024,
};

/* Note that the agent signed the record. */
void signed_add(struct buf *batch, uint32_t agent, uint64_t seq);

/* Put all that was noted, behind what is there. 0 or -errno. */
int signed_flush(MDB_txn *txn, struct buf *batch);

/* The first at or behind *seq, of what is in the index. -ENOENT: no more. */
int signed_from(MDB_txn *txn, uint32_t agent, uint64_t *seq);

#endif

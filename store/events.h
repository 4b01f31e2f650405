/* Events: of every record where it is, when it came, of what kind and time it is.
 *
 * Seqs are dense, and one record lies behind the other in log and feed. So a row has those
 * of EVENTS_PER_ROW seqs, each as what differs from the one before. Damage may have left
 * gaps. Which row an event is in, and its bytes there, follow from the log alone, however
 * the records came in batches. */
#ifndef STORE_EVENTS_H
#define STORE_EVENTS_H

#include "core/buf.h"
#include "store/row.h"

enum {
	EVENTS_PER_ROW = 32,
};

static inline uint64_t events_base(uint64_t seq)
{
	return seq - seq % EVENTS_PER_ROW;
}

/* The events of a row, one by one. */
struct events {
	struct slice rest; /* borrowed */
	uint64_t seq;	   /* of the event that it stands at */
	struct event_row event;
};

struct events events_of(uint64_t base, struct slice row);

/* On to the first event, or the next: 0; -ENOENT behind the last; -EBADMSG. */
int events_next(struct events *e);

/* The row that the committer is filling: what it added is not yet in the index. */
struct events_tail {
	uint64_t base;
	struct buf row;
	struct events last; /* of row */
	bool filling;	    /* there is one */
};

/* Behind all others. */
int events_add(MDB_txn *txn, struct events_tail *t, uint64_t seq,
	const struct event_row *event);

/* Put the row that is being filled, if any. */
int events_flush(MDB_txn *txn, struct events_tail *t);

/* The event of that seq: 0 or -ENOENT. tail: the committer's own, or NULL. */
int events_find(MDB_txn *txn, const struct events_tail *tail, uint64_t seq,
	struct event_row *out);

/* The first at or behind *seq, the last at or before it: of what is in the index. -ENOENT. */
int events_from(MDB_txn *txn, uint64_t *seq, struct event_row *out);
int events_before(MDB_txn *txn, uint64_t *seq, struct event_row *out);

#endif

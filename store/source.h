/* Where answers come from: a moment of the index, and the log behind its locators.
 */
#ifndef STORE_SOURCE_H
#define STORE_SOURCE_H

#include "store/index.h"
#include "store/wal.h"

struct source {
	MDB_txn *txn;
	const struct wal *wal;
	bool building; /* the committer's own: also sees the batch it has not
			  written yet */
};

/* The frame behind a locator; slices borrow from scratch (or the batch). 0,
 * -EBADMSG when the log does not verify there, -errno. */
int source_frame(const struct source *s, const struct locator *at,
	struct buf *scratch, struct frame *out);

/* The record behind a locator, decoded; its id is checked unless want is NULL. */
int source_record(const struct source *s, const struct locator *at,
	const struct id *want, struct buf *scratch, struct frame *frame,
	struct record *out);

/* Is the index about this log: is the last record it applied there, with the chain value
 * that it kept? 0 or -EBADMSG, also where that cannot be read. */
int index_check_log(struct index *ix, const struct wal *wal);

/* The log offset up to which this index, or one before it, had applied the log; 0 where
 * its rows do not agree on that. */
uint64_t index_reached(struct index *ix);

/* The record of that seq. */
int source_event(const struct source *s, uint64_t seq, struct event_row *out);

/* What is known by an id: 0 or -ENOENT. */
int source_id(const struct source *s, const struct id *id, struct id_row *out);

/* Agents as numbers. agent_number(): 0 or -ENOENT. */
int agent_number(MDB_txn *txn, const struct agent *a, uint32_t *out);
int agent_by_number(MDB_txn *txn, uint32_t number, struct agent *out);

/* The one function of trust, in millionths: an admitted agent's word weighs
 * 500,000, anybody else's 10,000. Reputation will refine it here. */
enum {
	TRUST_ADMITTED = 500000,
	TRUST_STRANGER = 10000,
	MIN_TRUST_DEFAULT = 300000,
};
int trust_of(MDB_txn *txn, const struct agent *a, uint32_t *out);

/* The newest value of a setting; -ENOENT: never set. agent NULL: about nobody. */
int setting_of(MDB_txn *txn, const char *name, const struct agent *agent,
	struct setting_row *out);

#endif

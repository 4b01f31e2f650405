/* A batch of records on its way into the index: one write transaction.
 *
 * The committer and recovery use the same object, so a rebuilt index is what the
 * running one was. Applying a record only writes its rows and remembers which pairs
 * it touched; change_finish() resolves each touched pair once, however many records
 * touched it. Nothing is visible before change_commit(); change_abort() takes
 * everything back. */
#ifndef STORE_CHANGE_H
#define STORE_CHANGE_H

#include "core/arena.h"
#include "store/index.h"
#include "store/list.h"
#include "store/source.h"

struct change {
	struct source source; /* building */
	struct meta_row meta;
	uint32_t sums_from; /* claims on a pair from which running sums are kept */
	struct change_pairs {
		struct change_pair **slots;
		size_t size, count;
	} pairs;
	struct arena arena; /* what is known of these */
	struct buf line;
	struct events_tail events; /* not in rows yet, as also: */
	struct buf signatures;	   /* store/signed.h */
	struct list_hand spoken;   /* what an agent asserted */
	struct buf spoke; /* numbers of agents, once for each assertion of theirs */
	bool sweeping;	  /* views are renewed; no record touched them */
	bool none_waits;  /* no record waits for another: found out once */
	bool awaited;	  /* some do for the one that is being applied */
};

/* 0 or -errno; wal may be in recovery (then frames are passed in log order). */
int change_begin(struct change *c, struct index *ix, const struct wal *wal,
	bool building, uint32_t sums_from);

/* Apply one frame, the next in the log. A frame that verifies but holds no record
 * that we can decode is -EBADMSG. */
int change_apply(struct change *c, const struct frame *f, struct error *err);

/* Resolve what was touched, write META: applied up to log_end, chain value head. */
int change_finish(struct change *c, uint64_t log_end, const struct id *head);
int change_commit(struct change *c);
void change_abort(struct change *c); /* also after a failed commit; idempotent */

/* ---- pairs (store/change_pairs.c) ---- */

/* The row of a pair as this change has it, which may not be written yet; out's signers live
 * as long as the change; its history is without what this change adds. -ENOENT. */
int change_pair(struct change *c, const struct pair_key *p, struct pair_row *out);

/* Have it be this, from now on; of one that has none the first. */
int change_pair_set(
	struct change *c, const struct pair_key *p, const struct pair_row *row);

/* The record of that seq touches the pair from now on: it may have waited. change_touch()
 * follows. */
int change_history(struct change *c, const struct pair_key *p, uint64_t seq);

/* The record that is applied may change what the consensus of this pair is. */
int change_touch(struct change *c, const struct pair_key *p, struct slice subject,
	struct slice predicate);

/* Those that were touched, each once, in no order. */
void change_touched(const struct change *c,
	void (*visit)(void *ctx, const struct pair_key *p), void *ctx);

/* Resolve what was touched, and write the rows. Used by change.c. */
int change_resolve(struct change *c);
void change_pairs_free(struct change_pairs *t);

/* ---- used by apply.c ---- */

/* The number of an agent, given now if it has none. */
int change_agent(struct change *c, const struct agent *a, uint32_t *out);

/* The rows of one record (store/apply.c). */
int apply_record(struct change *c, const struct frame *f, const struct record *r,
	const struct id *id, const uint32_t *agents, uint16_t count);

/* A setting (store/apply_setting.c). */
int apply_setting(struct change *c, const struct record *r, const struct id *id);

#endif

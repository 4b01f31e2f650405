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
#include "store/source.h"

struct change {
	struct source source; /* building */
	struct meta_row meta;
	uint32_t sums_from; /* claims on a pair from which running sums are kept */
	struct buf touched; /* struct touched */
	struct arena arena; /* names of touched pairs */
	struct buf line;
	bool sweeping; /* views are renewed; no record touched them */
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

/* Used by sums.c and apply.c. */
struct touched {
	struct pair_key pair;
	struct slice subject;
	struct slice predicate;
	uint64_t seq, received_at; /* of the record that touched it */
};
int change_touch(struct change *c, struct slice subject, struct slice predicate);

/* The number of an agent, given now if it has none. */
int change_agent(struct change *c, const struct agent *a, uint32_t *out);

/* The rows of one record (store/apply.c). */
int apply_record(struct change *c, const struct frame *f, const struct record *r,
	const struct id *id, const uint32_t *agents, uint16_t count);

/* A setting (store/apply_setting.c). */
int apply_setting(struct change *c, const struct record *r, const struct id *id);

#endif

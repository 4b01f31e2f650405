/* What the files of the sinks share. Internal.
 *
 * A call (a write, the end of the stream, a whole stream) goes through these steps, in
 * whatever threads: pump takes values from the framer into a batch, the store decides on
 * it, receipts are noted, and again until the bytes are used up or something is refused;
 * then the caller is answered. `busy` is taken by the call and given back just before the
 * answer; whoever has it owns the sink. */
#ifndef FS_SINK_INTERNAL_H
#define FS_SINK_INTERNAL_H

#include <stdatomic.h>

#include "core/arena.h"
#include "fs/framing.h"
#include "fs/inbox_internal.h"
#include "fs/sink.h"

struct sink {
	struct inbox *in;
	enum sink_form form;
	struct caller opener;
	pid_t group; /* thread group of the opener; 0: unknown */
	struct signer signer;
	struct arena memory; /* of the names below */
	struct slice path, subject, predicate;
	struct id id;	      /* of the assertion that lines are about */
	struct slice receipt; /* its name; empty: that of the item, if any */
	struct item *item;    /* counted; NULL where there is none */
	atomic_bool busy;

	/* the stream */
	struct framer framer;
	uint64_t values; /* completed so far */
	uint64_t drops;	 /* of the item's, so many were heeded */
	int refused;	 /* errno: sticks until the handle is opened again */
	bool wrote;
	uint64_t lock_owner; /* of the last write */

	/* the call under way */
	struct slice bytes;
	struct slice rest;    /* of the bytes: what the framer has not taken */
	bool ending;	      /* the stream ends behind them */
	bool more;	      /* the batch was full before they were used up */
	struct error verdict; /* code 0: nothing was refused */
	uint64_t record;      /* which value was */
	sink_done *done;
	void *ctx;
	struct later later;
};

/* A sink without a name whose receipts go to `receipt`. */
int sink_open_for(struct inbox *in, const struct sink_target *target,
	const struct caller *opener, struct slice receipt, struct sink **out);

/* Take a whole stream, its end included; otherwise as sink_write(). */
void sink_take_all(struct sink *s, struct slice bytes, sink_done *done, void *ctx);

/* ---- sink.c ---- */

/* Answer the call with its verdict. The sink may be gone when this returns. */
void sink_finish(struct sink *s);

/* Keep receipt lines for the sink's opener. */
void sink_receipts(struct sink *s, struct slice text, size_t count);

/* ---- sink_batch.c ---- */

/* Take values from the bytes of the call and submit them; ends in sink_finish(). */
void sink_pump(struct sink *s);

/* ---- sink_draft.c, sink_vote.c ---- */

/* A value as a draft; what it points to lives in the arena or the sink. err's offset is
 * within the value. */
int sink_draft(const struct sink *s, struct slice value, struct arena *a,
	struct draft *out, struct error *err);
int sink_draft_vote(const struct sink *s, struct slice line, struct arena *a,
	struct draft *out, struct error *err);

/* The weight of a vote into r; line is what the word stands in, for the offset of the
 * error; without a hint. */
int sink_read_weight(
	struct slice line, struct slice word, struct record *r, struct error *err);

/* sink_claim.c: a line about the sink's own assertion. */
int sink_draft_about(const struct sink *s, struct slice line, struct arena *a,
	struct draft *out, struct error *err);

/* s without blanks at either end. */
struct slice sink_trim(struct slice s);

#endif

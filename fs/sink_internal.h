/* What the files of the sinks share. Internal.
 *
 * A call (a write, the end of the stream, a whole stream) goes through these steps: its
 * values are cut into lots, in order; lots are prepared, several at once; what is prepared
 * is handed to the store, in order and one submission at a time; receipts are noted; and
 * when nothing is left, or something is refused, the caller is answered. `busy` is taken
 * by the call and given back just before the answer; whoever has it owns the sink. */
#ifndef FS_SINK_INTERNAL_H
#define FS_SINK_INTERNAL_H

#include <stdatomic.h>

#include "core/arena.h"
#include "fs/framing.h"
#include "fs/inbox_internal.h"
#include "fs/sink.h"

enum {
	LOT_VALUES = 64,      /* some milliseconds of signing or verifying */
	LOT_BYTES = 64 << 10, /* of text; one value may be as long by itself */
	LOTS_OF_A_SINK = 32, /* what is prepared ahead while the store is at work */
	LOTS_OF_ALL = 128,   /* of all sinks, but that each may have one */
	STRANDS_MAX = 16,
};

/* Values of one call that are prepared one after another, in one thread at a time. */
struct lot {
	STAILQ_ENTRY(lot) next;
	enum lot_state {
		LOT_FRAMED,
		LOT_PREPARING,
		LOT_WAITING,  /* values[ready] wants all before it decided */
		LOT_PREPARED, /* all of it, or up to what is refused */
	} state;
	size_t count; /* values, of which the first so many are entries: */
	size_t ready;
	size_t taken;	/* of these, at the store or decided, */
	size_t from;	/* and, in the submission under way, the first of them */
	uint64_t first; /* index of values[0] in the stream */
	struct error
		error; /* code: why values[ready] is refused, where ready < count */
	struct error end; /* code: why there is nothing behind the last of them */

	/* A value may ask the store what a name means, and an entry may change the
	 * answer: bits by index. seen: how many entries of the call that may had been
	 * decided when the preparing began. */
	uint64_t asks, changes;
	uint64_t seen;

	struct arena arena;
	struct lot_value {
		struct slice bytes;
		uint64_t offset; /* in the stream */
		uint64_t taken_at;
	} values[LOT_VALUES];
	struct entry entries[LOT_VALUES];
};

/* Something that prepares lots of a sink, one after another; when it runs it is a job. */
struct strand {
	struct job job;
	struct sink *sink;
	bool busy; /* running, or about to */
};

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
	uint64_t values;   /* framed so far */
	uint64_t taken_at; /* the last of them: each is later than the one before */
	uint64_t drops;	   /* of the item's, so many were heeded */
	int refused;	   /* errno: sticks until the handle is opened again */
	bool wrote;
	uint64_t lock_owner; /* of the last write */

	/* the call under way */
	struct slice bytes;
	struct slice rest;    /* of the bytes: what the framer has not taken */
	bool ending;	      /* the stream ends behind them */
	struct error verdict; /* code 0: nothing was refused */
	uint64_t record;      /* which value was */
	sink_done *done;
	void *ctx;

	/* its lots; with the lock, as is the framer while strands are about */
	pthread_mutex_t lock;
	struct lot_list lots; /* in order; what is decided is gone */
	size_t lot_count;
	struct lot *fresh; /* the one that is framed and that nobody prepares */
	bool framed;	   /* all bytes are taken, or the framer has refused */
	bool in_flight;	   /* sub is at the store */
	bool over;	   /* there is a verdict: nothing more is prepared */
	uint64_t changes, changes_decided; /* entries submitted, decided */
	unsigned busy_strands;
	struct strand strands[STRANDS_MAX];
	struct submission sub;
	struct entry *gathered; /* entries of sub, where they are of several lots */
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

/* ---- sink_pump.c ---- */

void pump_init(struct sink *s);

/* Take values from the bytes of the call and submit them; ends in sink_finish(). */
void sink_pump(struct sink *s);

/* ---- sink_lot.c ---- */

/* An empty lot. NULL: no memory, or (unless it must be) more than all sinks may have. */
struct lot *lot_take(struct inbox *in, bool must);
void lot_give(struct inbox *in, struct lot *l);

/* Values from the bytes of the call, until the lot is full or s->framed. With the sink's
 * lock. */
void lot_frame(struct sink *s, struct lot *l);

/* Entries from values, from the first that is none. in_order: everything before that one
 * is decided. Without the lock. Returns the state that the lot is in then. */
enum lot_state lot_prepare(const struct sink *s, struct lot *l, bool in_order);

/* ---- sink_receipt.c ---- */

/* Receipts for what the store has decided and not refused of s->sub. */
void receipts_note(struct sink *s);

/* ---- sink_draft.c, sink_vote.c ---- */

/* A value as a draft; what it points to lives in the arena or the sink. err's offset is
 * within the value. */
int sink_draft(const struct sink *s, struct slice value, struct arena *a,
	struct draft *out, struct error *err);

/* Has this value of the stream, as its draft, to be looked up in the store? */
bool sink_asks(const struct sink *s, struct slice value, const struct draft *d);
/* May this record, once it is in the store, change what is found there by such a value of
 * the same stream? */
bool sink_changes(const struct sink *s, const struct record *r);

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

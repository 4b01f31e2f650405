/* A stream of values from one open handle to the store.
 *
 * Bytes come in any number of pieces, cut anywhere; a value is submitted as soon as it is
 * complete; the write that completed it is answered when it is durable and visible. The
 * outcome is the same however a program cuts its bytes.
 *
 *	SINK_RECORDS  inbox/<name>: JSON records, one or many, pretty or one per line
 *	SINK_VALUES   assert: each line one value, asserted on the pair
 *	SINK_VOTES    vote: each line `<id or prefix> <weight>` or `=<value> <weight>`
 *
 * and on one assertion, each line:
 *
 *	SINK_WEIGHTS     vote: a weight
 *	SINK_COSIGN      cosign: whatever it says, the caller signs too
 *	SINK_RETRACT     retract: the reason
 *	SINK_SUPERSEDE   supersede: `<id or prefix of what replaces it> <reason>`
 *
 * Framing is by complete JSON value. A newline inside a value is allowed when the value's
 * first line ends (blanks aside) in { , : or [ ; else it is "missing brace?". Values before
 * a bad one are accepted, the bad one and all behind it are not, and the handle stays
 * refused. Identity is the one that opened the handle, whoever writes to it later. */
#ifndef FS_SINK_H
#define FS_SINK_H

#include "core/error.h"
#include "core/slice.h"
#include "fs/caller.h"
#include "store/store.h"

struct inbox;
struct sink;

enum sink_form {
	SINK_RECORDS,
	SINK_VALUES,
	SINK_VOTES,
	SINK_WEIGHTS,
	SINK_COSIGN,
	SINK_RETRACT,
	SINK_SUPERSEDE,
};

struct sink_target {
	enum sink_form form;
	struct slice
		path; /* from the mount root, for receipts and errors; copied */
	struct slice subject; /* SINK_VALUES, SINK_VOTES; copied */
	struct slice predicate;
	struct slice lane, name; /* SINK_RECORDS: the inbox name; copied */
	struct id id;		 /* SINK_WEIGHTS and behind: the assertion */
};

/* 0 or -errno: 0, exactly once per call, in any thread, maybe before the call returns. */
typedef void sink_done(void *ctx, int error);

/* The opener's thread group is read here. truncate drops what the name holds. */
int sink_open(struct inbox *in, const struct sink_target *target,
	const struct caller *opener, bool truncate, struct sink **out);

/* Take bytes (borrowed until done). One at a time per sink; a second one before done is
 * answered -EIO. lock_owner: as the kernel gives it. */
void sink_write(struct sink *s, struct slice bytes, uint64_t lock_owner,
	sink_done *done, void *ctx);

/* A descriptor of the handle was closed by `who`. Only the process that opened the handle
 * ends the stream: then an incomplete value is -EINVAL, a last line without newline is
 * submitted. Blank input and early flushes are fine. */
void sink_flush(struct sink *s, const struct caller *who, uint64_t lock_owner,
	sink_done *done, void *ctx);

/* The last descriptor is gone: an incomplete value that nobody was told of is noted in
 * errors.jsonl. Frees the sink. */
void sink_close(struct sink *s);

#endif

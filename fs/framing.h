/* Where values end in a stream of bytes: bytes in, complete values out.
 *
 *	FRAMING_JSON   JSON objects, one or many, pretty or one per line
 *	FRAMING_LINES  each line one value; blank lines are nothing, or values too
 *
 * The bytes come in any number of pieces, cut anywhere: the sequence of values and the
 * first error are the same for every way of cutting. Only the tail of an incomplete value
 * is kept, at most RECORD_JSON_MAX bytes of it.
 *
 * A newline inside an object is allowed when the object's first line ends, blanks aside,
 * in { , : or [ as every pretty-printer and hand-wrapped text has it. Otherwise a brace is
 * missing, and saying so at that newline is what lets `echo '{"a":1'` fail in its write:
 * no shell looks at what close answers. Pure: no I/O, no clock. */
#ifndef FS_FRAMING_H
#define FS_FRAMING_H

#include "core/buf.h"
#include "core/error.h"
#include "core/json.h"

enum framing {
	FRAMING_JSON,
	FRAMING_LINES,
};

/* Zero it, set form and blanks to start a stream; framer_free() ends it. */
struct framer {
	enum framing form;
	bool blanks; /* blank lines are handed out: where nothing is no answer */
	uint64_t offset; /* bytes of the stream taken so far */
	uint64_t start;	 /* stream offset of the value begun last */
	struct json_scan scan;
	bool inside;	 /* a value has begun */
	bool below;	 /* its first line is over */
	bool handed;	 /* kept holds a value that was handed out */
	uint8_t last;	 /* of its first line: the last byte that is no blank */
	struct buf kept; /* what is there of it from earlier pieces */
};

struct framed {
	struct slice
		bytes; /* borrows from the piece or the framer: until the next call */
	uint64_t offset; /* of its first byte in the stream */
};

/**
 * Take bytes from the front of *in up to the end of the next value.
 *
 * 1: out is a value; 0: all of *in was taken and no further value is complete; -EINVAL,
 * -EMSGSIZE or -ENOMEM with err, whose offset counts from the start of the stream. After
 * an error the stream is over: only framer_drop() and framer_free() may follow.
 */
int framer_next(
	struct framer *f, struct slice *in, struct framed *out, struct error *err);

/* The stream ends here. 1: out is a last line that had no newline; 0: nothing was left;
 * -EINVAL: an object was left incomplete. */
int framer_end(struct framer *f, struct framed *out, struct error *err);

/* Has a value begun that is not complete? */
bool framer_pending(const struct framer *f);

/* Forget the incomplete value; offsets go on counting. */
void framer_drop(struct framer *f);

void framer_free(struct framer *f);

#endif

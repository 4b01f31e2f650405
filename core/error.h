/* Why something was refused, for the person at the shell.
 *
 * A function that can refuse takes a struct error * last (NULL is fine when nobody
 * will read it), returns -errno, and says it in one line:
 *
 *	return fail(err, EINVAL, "confidence 1.5 is over 1");
 *
 * The message is a sentence without a final stop; the hint says what to do instead.
 * The offset is where in the writer's bytes the trouble starts, -1 where that means
 * nothing. */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include <stdint.h>

enum {
	ERROR_MESSAGE_MAX = 400, /* a sentence that quotes a key or a name */
	ERROR_HINT_MAX = 200,
};

struct error {
	int code;	/* errno, positive; 0: nothing went wrong */
	int64_t offset; /* byte offset, or -1 */
	char message[ERROR_MESSAGE_MAX];
	char hint[ERROR_HINT_MAX];
};

/* Fill err (unless NULL): offset -1, no hint. Returns -code. Bytes of the message that
 * a terminal would obey (control characters) are replaced by '?'. */
int fail(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with the byte offset. */
int fail_at(struct error *err, int code, uint64_t offset, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Add the hint to an error that was just filled; returns -err->code (-EINVAL if NULL). */
int fail_hint(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "EINVAL" for EINVAL; for the few errnos that we answer, else "errno <n>" style names
 * from libc. Never NULL; static storage. */
const char *errno_name(int code);

#endif

/* Moments as file names: what stands behind at/, asof/ and since/.
 *
 *	2026-03-01T21:00:00.5+02:00   RFC 3339
 *	2026-03-01T21:00:30           UTC, where no zone is said
 *	2026-03-01T21:00              that minute's first instant
 *	2026-03-01T210030, …T2100     the same: container tools split paths on colons
 *	2026, 2026-03, 2026-03-01     a whole year, month, day: the instant is its end, or
 *	                              its start where one asks what came since
 *	@1767225600, @1767225600.5    seconds since 1970
 *	-90s, -30m, -24h, -7d         so long ago
 *	seq-42                        after the record of that number
 *
 * A zone (Z, +02:00, +0200) may follow any time of day. Every spelling is a name of its
 * own, and nothing else is one. Pure: the clock is an argument. */
#ifndef CORE_MOMENT_H
#define CORE_MOMENT_H

#include "core/slice.h"

/* Which instant of a year, month or day. */
enum moment_edge {
	MOMENT_START, /* its first nanosecond */
	MOMENT_END,   /* its last one */
};

/* The instant that a name means, ns since 1970; 0 or -ENOENT (-ENOMEM). Not "ago" and
 * "seq-". */
int moment_parse(struct slice name, enum moment_edge edge, uint64_t *out);

/* "-24h": where that was, in whole seconds since 1970. 0; -ENOENT where the name says
 * nothing of the kind, or something before 1970. */
int moment_parse_ago(struct slice name, uint64_t now, uint64_t *seconds);

/* "seq-42". 0 or -ENOENT. */
int moment_parse_seq(struct slice name, uint64_t *seq);

#endif

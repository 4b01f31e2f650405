/* Times: u64 nanoseconds since 1970-01-01T00:00:00 UTC (until the year 2554), no leap
 * seconds, no time zones kept. Pure: the clock is an argument. */
#ifndef CORE_WHEN_H
#define CORE_WHEN_H

#include "core/buf.h"
#include "core/error.h"

#define SECOND UINT64_C(1000000000)
#define DAY (86400 * SECOND)

/* RFC 3339 date-time ("2026-03-01T21:00:00.5+02:00", T and Z in either case), stored as
 * UTC; at most 9 digits of fraction. 0 or -EINVAL. */
int when_parse(struct slice text, uint64_t *out, struct error *err);

/* Seconds since 1970 from a JSON number, exactly (at most 9 digits of fraction that are
 * not zero). What can only be milliseconds (over 1e11) is refused with that hint. */
int when_parse_seconds(struct slice json_number, uint64_t *out, struct error *err);

/* Append "2026-03-01T21:00:00Z", with a fraction of as many digits as it needs. */
void when_print(uint64_t when, struct buf *out);

#endif

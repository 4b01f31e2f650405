/* store/wal_open.c of a program whose log begins a new segment after some records, not
 * after 64 MiB: so a test meets the end of a segment as often as it likes. Everything
 * else in that program is what it is elsewhere. */
#include "store/wal.h"

#undef WAL_SEGMENT_MAX
#define WAL_SEGMENT_MAX UINT64_C(2048)

#include "store/wal_open.c" /* NOLINT(bugprone-suspicious-include) */

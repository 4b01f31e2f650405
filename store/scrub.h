/* The scrub: reads what is stored, slowly and again and again, so that what a disk loses is
 * known while there is still a copy of it somewhere, and not when somebody asks for it.
 *
 * A thread of the daemon. One pass reads the log from its first byte to the end of what is
 * acknowledged (headers, tags, CRCs, the chain; no signatures, which `stemefs check`
 * verifies), then every row of the index with its checksum; then it rests for a day. The
 * first pass begins with the mount.
 *
 * The log is read past the page cache (O_DIRECT): what is cached says nothing about the
 * disk, and nobody's cached pages have to go. Where a filesystem has no such reads, the
 * pages are given up before they are read. The index is mapped memory: what is looked at is
 * what readers get, and comes from the disk where nobody has read it lately.
 *
 * At most so many MiB a second, in steps of SCRUB_STEP with a pause behind each, at the
 * lowest priority for processor and disk, with memory for one window. */
#ifndef STORE_SCRUB_H
#define STORE_SCRUB_H

#include "store/store.h"

struct scrub;

/* Begin, for an open store. mib: MiB per second. 0 or -errno with err. */
int scrub_start(
	struct store *s, uint32_t mib, struct scrub **out, struct error *err);

/* At once, wherever it is. NULL is fine. */
void scrub_stop(struct scrub *x);

/* Any thread. NULL: all zero. */
void scrub_status(struct scrub *x, struct scrub_status *out);

#endif

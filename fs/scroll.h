/* Long files: their size is known, their bytes are printed when they are read.
 *
 * The content of such a file is a function of the records up to a moment, and what a store
 * knew then can be asked at any later time: it is what stands under at/ (core/context.h). So
 * nothing is kept of it but the moment and, for every so many bytes, which line begins there.
 * Printed once to be counted, and then in parts, as they are read: the same bytes, however
 * long the reader takes and whatever is written meanwhile.
 *
 * After a write only those parts are counted anew in which lines may have changed, where the
 * file can tell. Memory does not grow with the file: of one with more parts than PARTS_MAX the
 * parts become larger.
 *
 * Thread-safe. A scroll never changes. */
#ifndef FS_SCROLL_H
#define FS_SCROLL_H

#include "fs/kind.h"
#include "fs/rendering.h"

enum {
	/* What is no longer is rendered as a whole, and held by those who have it open. */
	SCROLL_FROM = 256 << 10,
	PART_BYTES =
		64 << 10, /* what a random read has to print in vain, at most */
	PARTS_MAX = 4096, /* of a scroll: 0.2 MiB */
};

/* What scrolls share: pieces printed a moment ago, and the locks of those who count. */
struct scrolls;

int scrolls_new(struct scrolls **out);
/* NULL is fine. */
void scrolls_free(struct scrolls *k);

/* Who renders a long file holds its lock: two that count would do the same. Waiting for it
 * takes a request without a snapshot. */
bool scrolls_trylock(struct scrolls *k, uint64_t inode);
void scrolls_lock(struct scrolls *k, uint64_t inode);
void scrolls_unlock(struct scrolls *k, uint64_t inode);

/* Count the content of p as the request sees it. The request has another snapshot, or none,
 * when this returns. */
int scroll_new(struct request *rq, const struct place *p, struct printable **out);

/* The same from an older one of p, at whose seq (known to hold up to `seq`) it was like this.
 * Only what has changed is counted. */
int scroll_renew(struct request *rq, const struct place *p,
	const struct printable *old, uint64_t seq, struct printable **out);

#endif

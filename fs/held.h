/* What a caller looked up a moment ago, for the open that follows.
 *
 * open(2) arrives as two requests: a lookup, which fixes the version and the size that the
 * kernel believes, and an open. A commit may come between; then the bytes of the newer
 * version would not fit the node. So the rendering that answered the lookup is held for
 * its caller, and the open takes it: both happen within one open(2), and the reader sees
 * one version. Bounded, and no more than a moment: what is not found here is rendered.
 *
 * Thread-safe. */
#ifndef FS_HELD_H
#define FS_HELD_H

#include "fs/tree.h"

enum {
	HELD_BYTES_MAX = 1 << 20, /* of one rendering; larger ones are not held */
	HELD_TOTAL_MAX = 8 << 20,
	HELD_MS = 200, /* between a lookup and its open lie microseconds */
};

struct held;

int held_new(struct held **out);
/* NULL is fine. */
void held_free(struct held *h);

/* Hold r for the caller; takes one count of it. */
void held_put(struct held *h, const struct caller *who, const struct rendering *r);

/* What is held for the caller, if it is this version of this inode; with its count. NULL:
 * nothing. */
const struct rendering *held_take(
	struct held *h, const struct caller *who, uint64_t inode, uint64_t version);

#endif

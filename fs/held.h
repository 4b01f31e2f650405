/* What a caller looked up a moment ago, for the open that follows.
 *
 * open(2) arrives as two requests: a lookup, which fixes the version and the size that the
 * kernel believes, and an open. A commit may come between; then the bytes of the newer
 * version would not fit the node. So the rendering that answered the lookup is held for
 * its caller, and the open takes it: both happen within one open(2), and the reader sees
 * one version. Bounded, and no more than a moment.
 *
 * What is too large to be held for every lookup is rendered again when it is opened. If that
 * comes too late for its node, open is answered ESTALE, once: the kernel then looks the
 * name up anew within the same open(2), and this time whatever size is held.
 *
 * Of what the kernel may keep until it is told (fs/node.h) an open often comes without a
 * lookup; there only what such a second look was answered from is held.
 *
 * Thread-safe. */
#ifndef FS_HELD_H
#define FS_HELD_H

#include "fs/tree.h"

enum {
	HELD_BYTES_MAX = 1 << 20, /* of one rendering; larger ones only when late */
	HELD_TOTAL_MAX = 8 << 20, /* of all that are no larger */
	HELD_MS = 200, /* between a lookup and its open lie microseconds */
	/* Between a late open and the lookup that follows a large file may be rendered. A
	 * second answer of the kind would reach the program. */
	HELD_LATE_MS = 60000,
};

struct held;

int held_new(struct held **out);
/* NULL is fine. */
void held_free(struct held *h);

/* Is a rendering of this inode to be held for the caller, at this size? */
bool held_wants(
	struct held *h, const struct caller *who, uint64_t inode, uint64_t size);

/* Hold r for the caller, if it is wanted; takes one count of it. */
void held_put(struct held *h, const struct caller *who, const struct rendering *r);

/* The caller's open of this inode came too late for the version it had looked up. Is it to
 * look it up again? No, if it just did. */
bool held_late(struct held *h, const struct caller *who, uint64_t inode);

/* Was the caller told so, and is it looking again? */
bool held_is_late(struct held *h, const struct caller *who, uint64_t inode);

/* The caller looked again, and there is no such name any more: it is late no longer. */
void held_missing(struct held *h, const struct caller *who);

/* What is held for the caller, if it is this version of this inode; with its count. NULL:
 * nothing. */
const struct rendering *held_take(
	struct held *h, const struct caller *who, uint64_t inode, uint64_t version);

#endif

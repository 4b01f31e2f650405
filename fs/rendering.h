/* Renderings that are kept: the least recently used go first.
 *
 * A rendering is known by its path and version. The path says whose it is as well, where
 * that matters (.stemefs/uid/<uid>/…), so nothing else is compared. Of a rendering too large
 * to keep, its attributes are: a stat after the first costs nothing.
 *
 * Thread-safe. Whoever was given a rendering holds a reference; what the cache drops lives
 * on until the last one is put. */
#ifndef FS_RENDERING_H
#define FS_RENDERING_H

#include "fs/tree.h"

struct renderings;

enum {
	RENDERINGS_DEFAULT = 16 << 20, /* bytes: some 20,000 lens files */
	RENDERINGS_SHARE =
		4, /* none larger than a quarter: it would push out all others */
};

/* bytes: the bound, content and bookkeeping counted; 0: default. */
int renderings_new(size_t bytes, struct renderings **out);
void renderings_free(struct renderings *k);

/* Make a rendering from a copy of bytes; attr's size is theirs. Not kept yet. 0, -ENOMEM. */
int rendering_new(struct slice path, const struct attr *attr, struct slice bytes,
	const struct rendering **out);

/* Keep a rendering that rendering_new() made, in place of any other of its path. */
void renderings_keep(struct renderings *k, const struct rendering *r);

/* What is kept of this path (whose inode attr holds) at attr's version, referenced; NULL:
 * nothing. */
const struct rendering *renderings_find(
	struct renderings *k, struct slice path, const struct attr *attr);

/* The same of its attributes alone, which replace attr: true where they are known. */
bool renderings_attr(struct renderings *k, struct slice path, struct attr *attr);

/* For __attribute__((cleanup)). */
void rendering_putp(const struct rendering **r);
#define RENDERING_AUTO(name)                                                       \
	__attribute__((cleanup(rendering_putp))) const struct rendering *name = NULL

#endif

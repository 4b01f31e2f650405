/* Renderings that are kept: the least recently used go first.
 *
 * A rendering is known by its path and version. The path says whose it is as well, where
 * that matters (.stemefs/uid/<uid>/…), so nothing else is compared. Of a rendering too large
 * to keep, its attributes are: a stat after the first costs nothing.
 *
 * Of a long file nothing is kept but where its parts begin (fs/scroll.h): a rendering of lines
 * is SCROLL_FROM bytes, or the marks of a scroll, 0.3 MiB in any case. So much each version
 * costs that somebody has open, whatever its size.
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

/* A content that is printed where it is read. Who makes one embeds this. */
struct printable {
	uint64_t size;
	size_t cost; /* bytes of memory */
	/* Append n bytes from an offset on, fewer only at the end. */
	int (*read)(
		struct printable *p, uint64_t offset, size_t n, struct buf *out);
	void (*free)(struct printable *p);
};

/* Make a rendering of that, which it takes, also when it fails. */
int rendering_new_printable(struct slice path, const struct attr *attr,
	struct printable *p, const struct rendering **out);

/* Up to which seq a rendering is known to be what its file says: that of the snapshot it was
 * made in, and later ones that turned out to have changed nothing. 0: not said. */
uint64_t rendering_known(const struct rendering *r);
void rendering_know(const struct rendering *r, uint64_t seq);

/* Keep a rendering that rendering_new() made, in place of any other of its path. */
void renderings_keep(struct renderings *k, const struct rendering *r);

/* What is kept of this path (whose inode attr holds) at attr's version, referenced; NULL:
 * nothing. */
const struct rendering *renderings_find(
	struct renderings *k, struct slice path, const struct attr *attr);

/* The same, whatever version it is of. */
const struct rendering *renderings_latest(
	struct renderings *k, struct slice path, uint64_t inode);

/* What renderings_find() finds, of its attributes alone, which replace attr: true where they are known. */
bool renderings_attr(struct renderings *k, struct slice path, struct attr *attr);

/* For __attribute__((cleanup)). */
void rendering_putp(const struct rendering **r);
#define RENDERING_AUTO(name)                                                       \
	__attribute__((cleanup(rendering_putp))) const struct rendering *name = NULL

#endif

#include "fs/place.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "core/bytes.h"

static const char *separator_of(const struct place *dir)
{
	return dir->path.n ? "/" : "";
}

/* The node is its path: so numbers stay the same over remounts, and are the same on every
 * replica. Two of 10^7 paths meet with a chance of one in 370,000; who makes two meet on
 * purpose gains nothing, since paths are compared (fs/node.h). */
uint64_t place_child_inode(const struct place *dir, struct slice leaf)
{
	uint8_t key[crypto_shorthash_KEYBYTES] = "        stemefs";
	uint8_t hash[crypto_shorthash_BYTES];
	uint64_t inode;

	put_u64(key, dir->inode);
	(void)crypto_shorthash(hash, leaf.p, leaf.n, key);
	inode = u64_at(hash);
	return inode < INODES_LOW ? inode + INODES_LOW : inode;
}

/* Copy s to *at and step over it. */
static struct slice put(uint8_t **at, struct slice s)
{
	uint8_t *p = *at;

	if (s.n)
		memcpy(p, s.p, s.n);
	*at += s.n;
	return slice_of(p, s.n);
}

/* like, with a path in three parts, all in one block of its own. */
static struct place *build(const struct place *like, struct slice dir,
	struct slice separator, struct slice leaf)
{
	size_t path_n = dir.n + separator.n + leaf.n;
	size_t rest_n = like->subject.n + like->predicate.n + like->lane.n +
			like->name.n + like->context.epoch.n;
	struct place *p = malloc(sizeof(*p) + path_n + rest_n);
	uint8_t *at;

	if (!p)
		return NULL;
	*p = *like;
	at = (uint8_t *)(p + 1);
	p->path = slice_of(at, path_n);
	(void)put(&at, dir);
	(void)put(&at, separator);
	(void)put(&at, leaf);
	p->subject = put(&at, like->subject);
	p->predicate = put(&at, like->predicate);
	p->lane = put(&at, like->lane);
	p->name = put(&at, like->name);
	p->context.epoch = put(&at, like->context.epoch);
	return p;
}

int place_new(const struct place *dir, struct slice leaf, const struct place *like,
	struct place **out)
{
	struct place *p =
		build(like, dir->path, slice_str(separator_of(dir)), leaf);

	if (!p)
		return -ENOMEM;
	p->inode = place_child_inode(dir, leaf);
	*out = p;
	return 0;
}

int place_copy(const struct place *p, struct place **out)
{
	struct slice none = slice_of(NULL, 0);
	struct place *copy = build(p, p->path, none, none);

	if (!copy)
		return -ENOMEM;
	*out = copy;
	return 0;
}

void place_free(struct place *p)
{
	free(p);
}

void place_freep(struct place **p)
{
	place_free(*p);
}

struct slice place_path(const struct place *p)
{
	return p->path;
}

uint64_t place_inode(const struct place *p)
{
	return p->inode;
}

struct pair_mark place_mark(const struct place *p)
{
	struct pair_mark m = {0};

	if (p->subject.n == 0)
		return m;
	m = store_pair_mark(p->subject, p->predicate);
	if (p->predicate.n == 0)
		m.pair = m.subject;
	return m;
}

struct slice place_leaf(const struct place *p)
{
	size_t from = p->path.n;

	while (from > 0 && p->path.p[from - 1] != '/')
		from--;
	return slice_sub(p->path, from, p->path.n);
}

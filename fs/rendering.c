/* A hash table of chains for finding, a ring in order of use for forgetting, one lock. The
 * inode number of a path is a hash already. Renderings are immutable and counted, so the
 * lock is held for the few pointers only, never while somebody reads bytes. */
#include "fs/rendering.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct kept {
	struct rendering r; /* first: what the others see */
	atomic_uint refs;
	atomic_uint_fast64_t known; /* seq */
	bool whole;		    /* false: the attributes alone */
	struct kept *chain;
	struct kept *newer, *older;
	size_t path_n;
	size_t bytes_n;
	uint8_t bytes[]; /* the path, then the content */
};

struct renderings {
	pthread_mutex_t lock;
	size_t bound;
	size_t used;
	size_t mask; /* buckets - 1 */
	struct kept **buckets;
	struct kept *newest, *oldest;
};

enum {
	BUCKETS_MIN = 64,
	BYTES_PER_BUCKET = 1024, /* about what one lens file costs */
};

/* Only the count and the links change behind the back of those who see a const one. */
static struct kept *kept_of(const struct rendering *r)
{
	return (struct kept *)(uintptr_t)r; /* NOLINT(performance-no-int-to-ptr) */
}

static size_t cost(const struct kept *e)
{
	size_t printable = e->r.printable ? e->r.printable->cost : 0;

	return sizeof(*e) + e->path_n + e->bytes_n + printable;
}

static struct slice path_of(const struct kept *e)
{
	return slice_of(e->bytes, e->path_n);
}

static struct kept *kept_new(
	struct slice path, const struct attr *attr, struct slice bytes)
{
	struct kept *e = malloc(sizeof(*e) + path.n + bytes.n);

	if (!e)
		return NULL;
	*e = (struct kept){
		.r = {.bytes = slice_of(e->bytes + path.n, bytes.n), .attr = *attr},
		.refs = 1,
		.whole = true,
		.path_n = path.n,
		.bytes_n = bytes.n,
	};
	memcpy(e->bytes, path.p, path.n);
	if (bytes.n)
		memcpy(e->bytes + path.n, bytes.p, bytes.n);
	return e;
}

int rendering_new(struct slice path, const struct attr *attr, struct slice bytes,
	const struct rendering **out)
{
	struct kept *e = kept_new(path, attr, bytes);

	if (!e)
		return -ENOMEM;
	e->r.attr.size = bytes.n;
	*out = &e->r;
	return 0;
}

int rendering_new_printable(struct slice path, const struct attr *attr,
	struct printable *p, const struct rendering **out)
{
	struct kept *e = kept_new(path, attr, slice_of(NULL, 0));

	if (!e) {
		p->free(p);
		return -ENOMEM;
	}
	e->r.printable = p;
	e->r.attr.size = p->size;
	*out = &e->r;
	return 0;
}

uint64_t rendering_known(const struct rendering *r)
{
	return atomic_load_explicit(&kept_of(r)->known, memory_order_relaxed);
}

void rendering_know(const struct rendering *r, uint64_t seq)
{
	atomic_store_explicit(&kept_of(r)->known, seq, memory_order_relaxed);
}

int rendering_read(const struct rendering *r, uint64_t offset, size_t n,
	struct buf *scratch, struct slice *out)
{
	int rc;

	if (!r->printable) {
		size_t from = offset < r->bytes.n ? (size_t)offset : r->bytes.n;

		*out = slice_sub(r->bytes, from, n);
		return 0;
	}
	rc = r->printable->read(r->printable, offset, n, scratch);
	return rc < 0 ? rc : buf_view(scratch, out);
}

const struct rendering *rendering_ref(const struct rendering *r)
{
	(void)atomic_fetch_add_explicit(&kept_of(r)->refs, 1, memory_order_relaxed);
	return r;
}

void rendering_put(const struct rendering *r)
{
	if (r && atomic_fetch_sub_explicit(
			 &kept_of(r)->refs, 1, memory_order_acq_rel) == 1) {
		if (r->printable)
			r->printable->free(r->printable);
		free(kept_of(r));
	}
}

void rendering_putp(const struct rendering **r)
{
	rendering_put(*r);
}

int renderings_new(size_t bytes, struct renderings **out)
{
	size_t bound = bytes ? bytes : RENDERINGS_DEFAULT;
	size_t buckets = BUCKETS_MIN;
	struct renderings *k = calloc(1, sizeof(*k));

	while (buckets < bound / BYTES_PER_BUCKET)
		buckets *= 2;
	if (k)
		k->buckets = calloc(buckets, sizeof(struct kept *));
	if (!k || !k->buckets) {
		free(k);
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&k->lock, NULL);
	k->bound = bound;
	k->mask = buckets - 1;
	*out = k;
	return 0;
}

void renderings_free(struct renderings *k)
{
	if (!k)
		return;
	while (k->newest) {
		struct kept *older = k->newest->older;

		rendering_put(&k->newest->r);
		k->newest = older;
	}
	(void)pthread_mutex_destroy(&k->lock);
	free(k->buckets);
	free(k);
}

/* From here on: with the lock held. */

static struct kept **bucket_of(struct renderings *k, uint64_t inode)
{
	return &k->buckets[inode & k->mask];
}

/* The link that points to the entry of this path, or to the NULL at the chain's end. */
static struct kept **link_to(
	struct renderings *k, struct slice path, uint64_t inode)
{
	struct kept **link = bucket_of(k, inode);

	while (*link && !slice_equal(path_of(*link), path))
		link = &(*link)->chain;
	return link;
}

static void ring_remove(struct renderings *k, struct kept *e)
{
	*(e->newer ? &e->newer->older : &k->newest) = e->older;
	*(e->older ? &e->older->newer : &k->oldest) = e->newer;
}

static void ring_add(struct renderings *k, struct kept *e)
{
	e->newer = NULL;
	e->older = k->newest;
	*(k->newest ? &k->newest->newer : &k->oldest) = e;
	k->newest = e;
}

static void drop(struct renderings *k, struct kept **link)
{
	struct kept *e = *link;

	*link = e->chain;
	ring_remove(k, e);
	k->used -= cost(e);
	rendering_put(&e->r);
}

static void add(struct renderings *k, struct kept *e)
{
	struct kept **link = link_to(k, path_of(e), e->r.attr.inode);

	if (*link)
		drop(k, link);
	link = bucket_of(k, e->r.attr.inode);
	e->chain = *link;
	*link = e;
	ring_add(k, e);
	k->used += cost(e);
	while (k->used > k->bound && k->oldest != e)
		drop(k, link_to(k, path_of(k->oldest), k->oldest->r.attr.inode));
}

/* Found and now the newest, or NULL. */
static struct kept *use(
	struct renderings *k, struct slice path, const struct attr *attr)
{
	struct kept *e = *link_to(k, path, attr->inode);

	if (!e || e->r.attr.version != attr->version)
		return NULL;
	ring_remove(k, e);
	ring_add(k, e);
	return e;
}

/* From here on: without. */

void renderings_keep(struct renderings *k, const struct rendering *r)
{
	struct kept *e = kept_of(r);

	if (cost(e) > k->bound / RENDERINGS_SHARE) {
		e = kept_new(path_of(e), &r->attr, slice_of(NULL, 0));
		if (!e)
			return; /* only somebody's next stat is slower */
		e->whole = false;
	} else {
		(void)rendering_ref(r);
	}
	(void)pthread_mutex_lock(&k->lock);
	add(k, e);
	(void)pthread_mutex_unlock(&k->lock);
}

const struct rendering *renderings_find(
	struct renderings *k, struct slice path, const struct attr *attr)
{
	const struct rendering *r = NULL;
	struct kept *e;

	(void)pthread_mutex_lock(&k->lock);
	e = use(k, path, attr);
	if (e && e->whole)
		r = rendering_ref(&e->r);
	(void)pthread_mutex_unlock(&k->lock);
	return r;
}

const struct rendering *renderings_latest(
	struct renderings *k, struct slice path, uint64_t inode)
{
	const struct rendering *r = NULL;
	struct kept *e;

	(void)pthread_mutex_lock(&k->lock);
	e = *link_to(k, path, inode);
	if (e && e->whole)
		r = rendering_ref(&e->r);
	(void)pthread_mutex_unlock(&k->lock);
	return r;
}

bool renderings_attr(struct renderings *k, struct slice path, struct attr *attr)
{
	struct kept *e;

	(void)pthread_mutex_lock(&k->lock);
	e = use(k, path, attr);
	if (e)
		*attr = e->r.attr;
	(void)pthread_mutex_unlock(&k->lock);
	return e;
}

/* Life of the inbox and its owners; how it is listed. */
#include "fs/inbox.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/bytes.h"
#include "fs/inbox_internal.h"
#include "fs/tgid.h"

enum {
	PAGE_NAMES =
		256, /* copied at once: some 10 KiB, for a moment of the mutex */
	PAGE_HEADER = 16,
};

pthread_mutex_t *inbox_lock(struct inbox *in)
{
	(void)pthread_mutex_lock(&in->mutex);
	return &in->mutex;
}

void inbox_unlock(pthread_mutex_t **held)
{
	(void)pthread_mutex_unlock(*held);
}

uint64_t inbox_now(const struct inbox *in)
{
	if (in->options.now)
		return in->options.now(in->options.ctx);
	return store_now(in->options.store);
}

struct slice name_copy(struct slice s)
{
	uint8_t *p = malloc(s.n + 1);

	if (!p)
		return slice_of(NULL, 0);
	if (s.n)
		memcpy(p, s.p, s.n);
	return slice_of(p, s.n);
}

void name_free(struct slice s)
{
	/* Slices are const; this one is ours. */
	union {
		const uint8_t *lent;
		void *owned;
	} p = {.lent = s.p};

	free(p.owned);
}

/* ---- owners ---- */

static int compare_owners(const void *a, const void *b)
{
	uid_t x = ((const struct owner *)a)->uid,
	      y = ((const struct owner *)b)->uid;

	return (x > y) - (x < y);
}

struct owner *owner_find_locked(struct inbox *in, uid_t uid)
{
	struct owner key = {.uid = uid};

	return set_find(&in->owners, &key);
}

struct owner *owner_locked(struct inbox *in, uid_t uid)
{
	struct owner *o = owner_find_locked(in, uid);

	if (o)
		return o;
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->uid = uid;
	TAILQ_INIT(&o->items);
	TAILQ_INIT(&o->backs);
	owner_logs_init(o);
	if (set_place(&in->owners, o))
		return o;
	free(o);
	return NULL;
}

static void free_owner(struct inbox *in, struct owner *o)
{
	while (!TAILQ_EMPTY(&o->items))
		item_remove_locked(in, TAILQ_FIRST(&o->items));
	owner_logs_free(o);
	set_remove(&in->owners, o);
	free(o);
}

/* ---- life ---- */

static void destroy(struct inbox *in)
{
	if (in->proc >= 0)
		(void)close(in->proc);
	lots_free(in);
	(void)pthread_mutex_destroy(&in->mutex);
	free(in);
}

int inbox_new(const struct inbox_options *o, struct inbox **out)
{
	struct inbox *in = calloc(1, sizeof(*in));
	int rc;

	if (!in)
		return -ENOMEM;
	in->options = *o;
	(void)pthread_mutex_init(&in->mutex, NULL);
	lots_init(in);
	in->owners.compare = compare_owners;
	in->items.compare = items_compare;
	places_init(in);
	/* Without /proc the owner of the last write decides who ends a stream. */
	in->proc = tgid_open();
	rc = jobs_new(0, &in->jobs);
	if (rc < 0) {
		destroy(in);
		return rc;
	}
	*out = in;
	return 0;
}

void inbox_free(struct inbox *in)
{
	if (!in)
		return;
	jobs_free(in->jobs);
	places_free(in);
	while (set_any(&in->owners))
		free_owner(in, set_any(&in->owners));
	destroy(in);
}

/* ---- listings ---- */

bool page_add(struct page *p, struct slice name, bool lane, uint64_t cookie)
{
	if (p->count == PAGE_NAMES)
		return false;
	buf_u64(&p->names, cookie);
	buf_u32(&p->names, (uint32_t)name.n);
	buf_u32(&p->names, lane);
	buf_slice(&p->names, name);
	p->count++;
	p->last = cookie;
	return true;
}

/* 0: go on; else the visitor has enough. */
static int visit_page(const struct page *p, inbox_visit *visit, void *ctx)
{
	const uint8_t *at = p->names.p;
	int rc = 0;

	for (size_t i = 0; i < p->count && rc == 0; i++) {
		size_t n = u32_at(at + 8);

		rc = visit(ctx, slice_of(at + PAGE_HEADER, n), u32_at(at + 12) != 0,
			u64_at(at));
		at += PAGE_HEADER + n;
	}
	return rc;
}

int page_visit(page_fill *fill, void *fill_ctx, uint64_t after, inbox_visit *visit,
	void *ctx)
{
	BUF_AUTO(names);
	int rc;

	do {
		struct page p = {.names = names, .last = after};

		buf_reset(&p.names);
		rc = fill(fill_ctx, after, &p);
		names = p.names;
		if (rc < 0)
			return rc;
		if (p.names.failed)
			return -ENOMEM;
		if (visit_page(&p, visit, ctx) != 0)
			return 0;
		after = p.count == PAGE_NAMES ? p.last : 0;
	} while (after != 0);
	return 0;
}

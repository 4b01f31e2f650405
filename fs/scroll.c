#include "fs/scroll.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "fs/pieces.h"

enum {
	LOCKS = 64,
	PIECE_BYTES = 256 << 10, /* printed at a time when read: two requests' */
	PARTS_FIRST = 16,
};

struct scrolls {
	struct pieces *pieces;
	atomic_uint_fast64_t made;
	pthread_mutex_t locks[LOCKS];
};

/* The lines behind one, up to the one behind which the next part comes. */
struct part {
	struct mark behind;
	uint64_t offset;
};

struct scroll {
	struct printable p; /* first: what the others see */
	struct tree *tree;
	struct place *place; /* at the moment that is shown */
	uint64_t number;     /* of no other scroll */
	size_t goal;	     /* bytes in a part */
	struct part *parts;
	size_t n, room;
	/* readers of one file go on where the one before them stopped */
	pthread_mutex_t reading;
};

int mark_compare(const struct mark *a, const struct mark *b)
{
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return id_compare(&a->id, &b->id);
}

/* ---- what they share ---- */

int scrolls_new(struct scrolls **out)
{
	struct scrolls *k = calloc(1, sizeof(*k));
	int rc = k ? pieces_new(&k->pieces) : -ENOMEM;

	if (rc < 0) {
		free(k);
		return rc;
	}
	for (size_t i = 0; i < LOCKS; i++)
		(void)pthread_mutex_init(&k->locks[i], NULL);
	*out = k;
	return 0;
}

void scrolls_free(struct scrolls *k)
{
	if (!k)
		return;
	pieces_free(k->pieces);
	for (size_t i = 0; i < LOCKS; i++)
		(void)pthread_mutex_destroy(&k->locks[i]);
	free(k);
}

bool scrolls_trylock(struct scrolls *k, uint64_t inode)
{
	return pthread_mutex_trylock(&k->locks[inode % LOCKS]) == 0;
}

void scrolls_lock(struct scrolls *k, uint64_t inode)
{
	(void)pthread_mutex_lock(&k->locks[inode % LOCKS]);
}

void scrolls_unlock(struct scrolls *k, uint64_t inode)
{
	(void)pthread_mutex_unlock(&k->locks[inode % LOCKS]);
}

static void scroll_free(struct scroll *s)
{
	if (!s)
		return;
	place_free(s->place);
	free(s->parts);
	(void)pthread_mutex_destroy(&s->reading);
	free(s);
}

static void scroll_freep(struct scroll **s)
{
	scroll_free(*s);
}

static const struct scroll *scroll_of(const struct printable *p)
{
	return (const void *)p;
}

/* ---- reading ---- */

/* Print a part into an empty buf, in a snapshot of its own unless the request is given. */
static int print_part(struct scroll *s, struct request *present, struct mark *at,
	const struct mark *until, size_t enough, struct buf *out)
{
	REQUEST_AUTO(rq, s->tree, NULL);
	int rc;

	if (present) {
		rc = s->place->kind->lines->print(
			present, s->place, at, until, enough, out);
	} else {
		request_about(&rq, s->place);
		rc = request_snap(&rq);
		if (rc == 0)
			rc = s->place->kind->lines->print(
				&rq, s->place, at, until, enough, out);
	}
	return rc == 0 && out->failed ? -ENOMEM : rc;
}

/* From where to print, to get at an offset. */
static void nearest(
	const struct scroll *s, uint64_t offset, uint64_t *from, struct mark *at)
{
	size_t low = 0, high = s->n;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (s->parts[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	*from = s->parts[low].offset;
	*at = s->parts[low].behind;
	(void)pieces_end_before(
		s->tree->scrolls->pieces, s->number, offset, from, at);
}

/* Print until something is there from offset on, and append of it what comes before end. */
static int print_piece(
	struct scroll *s, uint64_t offset, uint64_t end, struct buf *out)
{
	uint64_t from;
	struct mark at;

	nearest(s, offset, &from, &at);
	for (;;) {
		uint64_t left = end - from;
		size_t enough = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
		uint64_t begin = from;
		BUF_AUTO(bytes);
		int rc = print_part(s, NULL, &at, NULL, enough, &bytes);

		if (rc < 0)
			return rc;
		if (bytes.n == 0)
			return -EIO; /* it was longer when it was counted */
		from += bytes.n;
		if (from > offset)
			buf_slice(out, slice_sub(slice_of(bytes.p, bytes.n),
					       (size_t)(offset - begin),
					       (size_t)(end - offset)));
		pieces_put(s->tree->scrolls->pieces, s->number, begin, &at, &bytes);
		if (from > offset)
			return 0;
	}
}

static int scroll_read(
	struct printable *p, uint64_t offset, size_t n, struct buf *out)
{
	struct scroll *s = (void *)p;
	size_t start = out->n;
	uint64_t end;
	int rc = 0;

	if (offset >= s->p.size)
		return 0;
	end = n < s->p.size - offset ? offset + n : s->p.size;
	(void)pthread_mutex_lock(&s->reading);
	while (rc == 0 && offset + (out->n - start) < end) {
		uint64_t at = offset + (out->n - start);

		if (pieces_copy(s->tree->scrolls->pieces, s->number, at,
			    (size_t)(end - at), out) == 0 &&
			!out->failed)
			rc = print_piece(s, at, end, out);
		if (out->failed)
			rc = -ENOMEM;
	}
	(void)pthread_mutex_unlock(&s->reading);
	return rc;
}

/* ---- making ---- */

/* An empty one of p, at the moment that the request sees. */
static int scroll_begin(
	struct request *rq, const struct place *p, struct scroll **out)
{
	struct snap_totals totals;
	__attribute__((cleanup(scroll_freep))) struct scroll *s = NULL;
	struct context *c;
	int rc = request_snap(rq);

	if (rc < 0)
		return rc;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	(void)pthread_mutex_init(&s->reading, NULL);
	s->tree = rq->tree;
	s->number = atomic_fetch_add(&rq->tree->scrolls->made, 1) + 1;
	s->goal = PART_BYTES;
	rc = place_copy(p, &s->place);
	if (rc < 0)
		return rc;
	c = &s->place->context;
	if (!(c->cuts & CONTEXT_AT)) {
		snap_totals(rq->snap, &totals);
		c->cuts |= CONTEXT_AT;
		c->seq = totals.seq;
		c->at = totals.received_at;
	}
	*out = s;
	s = NULL; /* handed over */
	return 0;
}

/* Every second part joins the one before it. */
static void join_parts(struct scroll *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i += 2)
		s->parts[n++] = s->parts[i];
	s->n = n;
	s->goal *= 2;
}

static int add_part(struct scroll *s, const struct mark *behind, uint64_t size)
{
	if (s->n == PARTS_MAX)
		join_parts(s);
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : PARTS_FIRST;
		struct part *parts = realloc(s->parts, room * sizeof(*parts));

		if (!parts)
			return -ENOMEM;
		s->parts = parts;
		s->room = room;
	}
	s->parts[s->n++] = (struct part){.behind = *behind, .offset = s->p.size};
	s->p.size += size;
	return 0;
}

/* Count the lines behind one up to another. However few they are, there is a part for them:
 * more may come in between. */
static int count(struct scroll *s, struct request *present, struct mark at,
	const struct mark *until)
{
	bool first = true, more = true;

	while (more) {
		struct mark behind = at;
		uint64_t offset = s->p.size;
		size_t goal = s->goal;
		BUF_AUTO(bytes);
		int rc = print_part(s, present, &at, until, goal, &bytes);

		if (rc == 0 && (bytes.n || first))
			rc = add_part(s, &behind, bytes.n);
		if (rc < 0)
			return rc;
		more = bytes.n >= goal;
		first = false;
		pieces_put(
			s->tree->scrolls->pieces, s->number, offset, &at, &bytes);
	}
	return 0;
}

static void free_printable(struct printable *p)
{
	scroll_free((void *)p);
}

static struct printable *finish(struct scroll *s)
{
	s->p.cost = sizeof(*s) + sizeof(*s->place) + s->place->path.n +
		    s->room * sizeof(*s->parts);
	s->p.read = scroll_read;
	s->p.free = free_printable;
	return &s->p;
}

int scroll_new(struct request *rq, const struct place *p, struct printable **out)
{
	struct mark start = {.number = 0};
	bool present = p->kind->lines->present && !p->context.cuts;
	__attribute__((cleanup(scroll_freep))) struct scroll *s = NULL;
	int rc = scroll_begin(rq, p, &s);

	if (rc == 0 && !present)
		request_drop(rq); /* counting takes its time */
	if (rc == 0)
		rc = count(s, present ? rq : NULL, start, NULL);
	if (rc < 0)
		return rc;
	*out = finish(s);
	s = NULL; /* handed over */
	return 0;
}

/* ---- renewing ---- */

struct dirt {
	const struct scroll *old;
	bool parts[PARTS_MAX];
};

/* The last part that begins before the mark. */
static size_t part_of(const struct scroll *s, const struct mark *m)
{
	size_t low = 0, high = s->n;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (mark_compare(&s->parts[middle].behind, m) < 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void note_dirty(void *ctx, const struct mark *m)
{
	struct dirt *d = ctx;

	d->parts[part_of(d->old, m)] = true;
}

static int copy_parts(struct scroll *s, const struct dirt *d)
{
	const struct scroll *old = d->old;

	s->goal = old->goal;
	for (size_t i = 0; i < old->n; i++) {
		bool last = i + 1 == old->n;
		const struct part *p = &old->parts[i], *next = p + 1;
		uint64_t end = last ? old->p.size : next->offset;
		int rc = d->parts[i] ? count(s, NULL, p->behind,
					       last ? NULL : &next->behind)
				     : add_part(s, &p->behind, end - p->offset);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int scroll_renew(struct request *rq, const struct place *p,
	const struct printable *old, uint64_t seq, struct printable **out)
{
	const struct lines *lines = p->kind->lines;
	struct dirt d = {.old = scroll_of(old)};
	__attribute__((cleanup(scroll_freep))) struct scroll *s = NULL;
	int rc = lines->changed ? request_snap(rq) : 1;

	if (rc == 0)
		rc = lines->changed(rq, p, seq, note_dirty, &d);
	if (rc != 0) /* not known, or not to be found out */
		return scroll_new(rq, p, out);
	rc = scroll_begin(rq, p, &s);
	request_drop(rq);
	if (rc == 0)
		rc = copy_parts(s, &d);
	if (rc < 0)
		return rc;
	*out = finish(s);
	s = NULL; /* handed over */
	return 0;
}

/* since/<time>/: what came after a moment. The feed behind it, and the pairs whose consensus
 * is another one now, each with both.
 *
 * The pairs are listed first and looked at then: the snapshot shows one context at a time. */
#include <errno.h>
#include <stdlib.h>

#include "core/render.h"
#include "fs/listing.h"
#include "fs/pair_look.h"

/* ---- the feed ---- */

/* Where the part behind the moment starts, and how much the reader sees of the feed. */
static int events_bounds(
	struct request *rq, const struct place *p, uint64_t *start, uint64_t *end)
{
	struct snap_totals totals;
	int rc = request_snap(rq);

	if (rc < 0)
		return rc;
	snap_totals(rq->snap, &totals);
	*end = totals.events_size;
	if (p->since >= totals.seq) { /* under an at/ that is earlier */
		*start = *end;
		return 0;
	}
	return events_offset(rq->snap, p->since, start);
}

int since_events_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	uint64_t start, end;
	int rc = events_bounds(rq, p, &start, &end);

	if (rc < 0)
		return rc;
	attr->size = end - start;
	attr->version = 1; /* it only grows */
	return 0;
}

int since_events_chunk(struct request *rq, const struct place *p, uint64_t offset,
	size_t n, struct buf *out)
{
	uint64_t start, end;
	int rc = events_bounds(rq, p, &start, &end);

	if (rc < 0 || offset >= end - start)
		return rc;
	return events_read(rq->snap, start + offset, n, out);
}

/* ---- the pairs ---- */

enum {
	BATCH = 1024, /* pairs that are listed at a time */
};

/* A subject and a predicate, one pair after another, and where each stands. */
struct batch {
	struct name_list names;
	uint64_t cookies[BATCH];
	size_t n;
};

static int note_pair(
	void *ctx, struct slice subject, struct slice predicate, uint64_t cookie)
{
	struct batch *b = ctx;

	if (name_list_add(&b->names, subject, 0) ||
		name_list_add(&b->names, predicate, 0))
		return 1;
	b->cookies[b->n++] = cookie;
	return b->n == BATCH;
}

static int compare_objects(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	return x->kind != y->kind ? x->kind - y->kind
				  : slice_compare(x->text, y->text);
}

/* What a set holds, in an order that says nothing: which of its values is the strongest is
 * no change of the set. */
static int print_set(struct pair_look *l, struct buf *out)
{
	const struct resolution *r = &l->view.r;
	size_t size = r->object_count * sizeof(struct object);
	struct object *objects = arena_alloc(&l->arena, size);

	if (!objects)
		return -ENOMEM;
	if (size)
		memcpy(objects, r->objects, size);
	qsort(objects, r->object_count, sizeof(*objects), compare_objects);
	json_print_key("objects", out);
	buf_byte(out, '[');
	for (uint32_t i = 0; i < r->object_count; i++) {
		list_next(out);
		object_print(&objects[i], out);
	}
	buf_byte(out, ']');
	return 0;
}

/* Append {"object":…,"status":…}, of a set {"objects":[…],"status":…}, as the reader sees
 * the pair; nothing where there is none. */
static int print_answer(
	struct request *rq, const struct place *pair, struct buf *out)
{
	struct place_info info;
	PAIR_LOOK_AUTO(l);
	int rc;

	request_about(rq, pair);
	rc = pair_find(rq->snap, pair->subject, pair->predicate, &info);
	if (rc == 0)
		rc = pair_look(rq, pair, &l);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	buf_byte(out, '{');
	if (l.view.r.set)
		rc = print_set(&l, out);
	if (l.view.r.has_winner) {
		json_print_key("object", out);
		object_print(&l.view.r.winner->object, out);
	}
	field_text("status", slice_str(status_name(l.view.r.status)), out);
	buf_byte(out, '}');
	return rc;
}

static void print_side(const char *key, const struct buf *answer, struct buf *out)
{
	if (answer->n == 0)
		return;
	json_print_key(key, out);
	buf_add(out, answer->p, answer->n);
}

/* The line of a pair, if it has changed. */
static int print_change(struct request *rq, const struct place *before,
	const struct place *after, struct buf *out)
{
	BUF_AUTO(old);
	BUF_AUTO(new);
	int rc = print_answer(rq, before, &old);

	if (rc == 0)
		rc = print_answer(rq, after, &new);
	if (rc < 0)
		return rc;
	if (old.failed || new.failed)
		return -ENOMEM;
	if (slice_equal(slice_of(old.p, old.n), slice_of(new.p, new.n)))
		return 0;
	buf_byte(out, '{');
	field_text("subject", after->subject, out);
	field_text("predicate", after->predicate, out);
	print_side("before", &old, out);
	print_side("after", &new, out);
	buf_str(out, "}\n");
	return 0;
}

/* p as the reader saw it at the moment: at/ that, or what is earlier. */
static int look_back(struct request *rq, const struct place *p, struct place *out)
{
	struct context *c = &out->context;

	*out = *p;
	if (c->cuts & CONTEXT_AT && c->seq <= p->since)
		return 0;
	c->cuts |= CONTEXT_AT;
	c->seq = p->since;
	c->at = 0;
	return c->seq ? seq_time(rq->snap, c->seq, &c->at) : 0;
}

/* The lines of one batch of pairs behind *at. 1: there are more. */
static int print_batch(struct request *rq, struct place *before,
	struct place *after, struct mark *at, size_t full, struct buf *out)
{
	ARENA_AUTO(arena);
	struct batch *b = arena_alloc(&arena, sizeof(*b));
	int rc;

	if (!b)
		return -ENOMEM;
	*b = (struct batch){.names = {.arena = &arena}};
	request_about(rq, after);
	rc = changed_pairs(rq->snap, after->since, at->number, note_pair, b);
	if (rc == 0 && b->names.failed)
		rc = -ENOMEM;
	for (size_t i = 0; rc == 0 && i < b->n && out->n < full; i++) {
		after->subject = before->subject = b->names.names[2 * i];
		after->predicate = before->predicate = b->names.names[2 * i + 1];
		rc = print_change(rq, before, after, out);
		at->number = b->cookies[i];
	}
	return rc < 0 ? rc : b->n == BATCH && out->n < full;
}

static int print_lines(struct request *rq, const struct place *p, struct mark *at,
	const struct mark *until, size_t enough, struct buf *out)
{
	size_t full = out->n + enough;
	struct place after = *p, before;
	int rc;

	(void)until; /* what has changed is not known */
	after.lens = lens_find(slice_str("consensus"));
	rc = look_back(rq, &after, &before);
	if (rc == 0)
		rc = 1;
	while (rc == 1)
		rc = print_batch(rq, &before, &after, at, full, out);
	request_about(rq, p);
	return rc;
}

const struct lines changed_lines = {.print = print_lines};

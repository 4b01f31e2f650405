/* What lies behind a moment of the log: where the feed goes on, and which pairs may have
 * changed. */
#include <errno.h>
#include <stdlib.h>

#include "store/graph_walk.h"
#include "store/read.h"

/* The last seq that is seen. */
static uint64_t last_seq(const struct snap *s)
{
	const struct context *c = &s->source.context;

	return c->cuts & CONTEXT_AT && c->seq < s->meta.seq ? c->seq : s->meta.seq;
}

int events_offset(struct snap *s, uint64_t seq, uint64_t *out)
{
	struct event_row e = {.end = 0};
	uint64_t last = last_seq(s);
	int rc;

	if (seq > last)
		seq = last;
	rc = event_before(s, &seq, &e);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	*out = e.end;
	return 0;
}

/* ---- pairs ---- */

struct changed_pair {
	struct slice subject;
	struct slice predicate;
};

struct changes {
	struct snap *s;
	struct buf pairs;   /* struct changed_pair */
	struct arena arena; /* their names */
	bool all;	    /* something that can change answers anywhere */
};

static void changes_free(struct changes *c)
{
	buf_free(&c->pairs);
	arena_free(&c->arena);
}

static int by_names(const void *left, const void *right)
{
	const struct changed_pair *a = left, *b = right;
	int order = slice_compare(a->subject, b->subject);

	return order ? order : slice_compare(a->predicate, b->predicate);
}

static int add_pair(struct changes *c, struct slice subject, struct slice predicate)
{
	struct changed_pair p = {
		.subject = arena_copy(&c->arena, subject),
		.predicate = arena_copy(&c->arena, predicate),
	};

	if (!p.subject.p || !p.predicate.p)
		return -ENOMEM;
	buf_add(&c->pairs, &p, sizeof(p));
	return c->pairs.failed ? -ENOMEM : 0;
}

static bool has_target(const struct record *r)
{
	return r->kind == RECORD_COSIGNATURE || r->kind == RECORD_VOTE ||
	       r->kind == RECORD_SUPERSESSION;
}

/* The record itself, or what it is about in the end: a cosignature may be under a vote, and
 * that on an assertion. -ENOENT: that is not known yet, and counts when it comes. */
static int follow(
	struct snap *s, uint64_t seq, struct buf *scratch, struct record *r)
{
	struct event_row e = {0};
	struct frame f = {0};
	int rc = source_event(&s->source, seq, &e);

	if (rc == 0)
		rc = source_record(&s->source, &e.at, NULL, scratch, &f, r);
	/* further on, nothing is said of anything */
	for (int steps = 0; rc == 0 && has_target(r); steps++) {
		struct id target = r->target;
		struct id_row row = {0};

		if (steps == 2)
			return -ENOENT;
		rc = source_id(&s->source, &target, &row);
		if (rc == 0)
			rc = source_record(
				&s->source, &row.at, &target, scratch, &f, r);
	}
	return rc;
}

static int add_record(struct changes *c, uint64_t seq)
{
	struct record r = {0};
	BUF_AUTO(scratch);
	int rc = follow(c->s, seq, &scratch, &r);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	if (r.kind == RECORD_EPOCH || r.kind == RECORD_SETTING)
		c->all = true;
	return r.kind == RECORD_ASSERTION ? add_pair(c, r.subject, r.predicate) : 0;
}

static int collect(struct changes *c, uint64_t seq, uint64_t last)
{
	struct row_key prefix = row_key_tag(KEY_EVENT);
	struct row_key from = row_key_event(seq + 1);
	WALK_AUTO(w);
	int rc = walk_from(&w, c->s->source.txn, &prefix, &from);

	for (; rc == 0 && !c->all; rc = walk_next(&w)) {
		uint64_t at;

		if (w.key.mv_size != prefix.n + sizeof(at))
			return -EBADMSG;
		at = be64_at((const uint8_t *)w.key.mv_data + prefix.n);
		if (at > last)
			return 0;
		rc = add_record(c, at);
		if (rc < 0)
			return rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

/* ---- visiting ---- */

struct visiting {
	struct snap *s;
	pair_visit *visit;
	void *ctx;
	struct slice subject; /* of the predicates that are listed */
	int rc;
	bool stopped;
};

/* Only what exists in the reader's context. */
static int visit_pair(
	struct visiting *v, struct slice subject, struct slice predicate)
{
	struct place_info info;
	int rc = pair_find(v->s, subject, predicate, &info);

	if (rc < 0 && rc != -ENOENT)
		v->rc = rc;
	if (rc == 0 && v->visit(v->ctx, subject, predicate))
		v->stopped = true;
	return v->rc < 0 || v->stopped;
}

static int visit_predicate(void *ctx, struct slice name, uint64_t cookie)
{
	struct visiting *v = ctx;

	(void)cookie;
	return visit_pair(v, v->subject, name);
}

static int visit_subject(void *ctx, struct slice name, uint64_t cookie)
{
	struct visiting *v = ctx;
	int rc;

	(void)cookie;
	v->subject = name;
	rc = predicate_list(v->s, name, 0, visit_predicate, v);
	if (rc < 0)
		v->rc = rc;
	return v->rc < 0 || v->stopped;
}

static int visit_all(struct visiting *v)
{
	int rc = subject_list(v->s, 0, visit_subject, v);

	return rc < 0 ? rc : v->rc;
}

int changed_pairs(struct snap *s, uint64_t seq, pair_visit *visit, void *ctx)
{
	__attribute__((cleanup(changes_free))) struct changes c = {.s = s};
	struct visiting v = {.s = s, .visit = visit, .ctx = ctx};
	uint64_t last = last_seq(s);
	struct changed_pair *p;
	int rc = seq < last ? collect(&c, seq, last) : 0;
	size_t n;

	if (rc < 0)
		return rc;
	if (c.all)
		return visit_all(&v);
	p = (void *)c.pairs.p;
	n = c.pairs.n / sizeof(*p);
	if (n)
		qsort(p, n, sizeof(*p), by_names);
	for (size_t i = 0; i < n; i++)
		if ((i == 0 || by_names(&p[i - 1], &p[i]) != 0) &&
			visit_pair(&v, p[i].subject, p[i].predicate))
			break;
	return v.rc;
}

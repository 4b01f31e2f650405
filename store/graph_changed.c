/* What lies behind a moment of the log: where the feed goes on, and which pairs may have
 * changed. */
#include <errno.h>
#include <stdlib.h>

#include "store/gather.h"
#include "store/graph_walk.h"
#include "store/read.h"

enum {
	/* Up to so many records are looked at one by one: some megabytes, and some ten
	 * milliseconds. Behind more, all pairs are asked when they last changed. */
	EVENTS_MAX = 16384,
	/* The same, for lists of claims; and of claims that they touch. */
	CLAIMS_MAX = 4096,
};

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
	uint64_t cookie;
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

static int add_pair(struct changes *c, const struct about *about)
{
	struct changed_pair p = {
		.subject = arena_copy(&c->arena, about->record.subject),
		.predicate = arena_copy(&c->arena, about->record.predicate),
		.cookie = about->offset,
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

int record_about(
	struct snap *s, uint64_t seq, struct buf *scratch, struct about *out)
{
	struct event_row e = {0};
	struct frame f = {0};
	int rc = source_event(&s->source, seq, &e);

	if (rc == 0)
		rc = source_record(
			&s->source, &e.at, NULL, scratch, &f, &out->record);
	if (rc < 0)
		return rc;
	out->id = id_of(f.canonical);
	out->offset = e.at.offset;
	/* further on, nothing is said of anything */
	for (int steps = 0; rc == 0 && has_target(&out->record); steps++) {
		struct id_row row = {0};

		if (steps == 2)
			return -ENOENT;
		out->vote = out->vote || out->record.kind == RECORD_VOTE;
		out->id = out->record.target;
		rc = source_id(&s->source, &out->id, &row);
		out->offset = row.at.offset;
		if (rc == 0)
			rc = source_record(&s->source, &row.at, &out->id, scratch,
				&f, &out->record);
	}
	return rc;
}

static bool touches_all(const struct record *r)
{
	return r->kind == RECORD_EPOCH || r->kind == RECORD_SETTING;
}

static int add_record(struct changes *c, uint64_t seq)
{
	struct about about = {.offset = 0};
	BUF_AUTO(scratch);
	int rc = record_about(c->s, seq, &scratch, &about);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	c->all = c->all || touches_all(&about.record);
	return about.record.kind == RECORD_ASSERTION ? add_pair(c, &about) : 0;
}

static int collect(struct changes *c, uint64_t seq, uint64_t last)
{
	int rc = 0;

	while (rc == 0 && !c->all && ++seq <= last) {
		struct event_row e;

		rc = event_from(c->s, &seq, &e);
		if (rc == 0 && seq <= last)
			rc = add_record(c, seq);
	}
	return rc == -ENOENT ? 0 : rc;
}

/* ---- visiting ---- */

struct visiting {
	struct snap *s;
	pair_visit *visit;
	void *ctx;
	uint64_t newer;	      /* only those whose generation is newer */
	struct slice subject; /* of the predicates that are listed */
	int rc;
	bool stopped;
};

/* Only what exists in the reader's context. */
static int visit_pair(struct visiting *v, struct slice subject,
	struct slice predicate, uint64_t cookie)
{
	struct place_info info;
	int rc = pair_find(v->s, subject, predicate, &info);

	if (rc < 0 && rc != -ENOENT)
		v->rc = rc;
	if (rc == 0 && info.generation > v->newer &&
		v->visit(v->ctx, subject, predicate, cookie))
		v->stopped = true;
	return v->rc < 0 || v->stopped;
}

static int visit_predicate(void *ctx, struct slice name, uint64_t cookie)
{
	struct visiting *v = ctx;

	return visit_pair(v, v->subject, name, cookie);
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

/* All behind the pair of a cookie: the rest of its subject, then the others. */
static int visit_all(struct visiting *v, uint64_t after, struct slice subject)
{
	int rc = 0;

	v->subject = subject;
	if (after)
		rc = predicate_list(v->s, subject, after, visit_predicate, v);
	if (rc == 0 && v->rc == 0 && !v->stopped)
		rc = subject_list(v->s, after, visit_subject, v);
	return rc < 0 ? rc : v->rc;
}

static int visit_collected(
	struct visiting *v, struct buf *pairs, const struct changed_pair *behind)
{
	struct changed_pair *p = (void *)pairs->p;
	size_t n = pairs->n / sizeof(*p);

	if (n)
		qsort(p, n, sizeof(*p), by_names);
	for (size_t i = 0; i < n; i++)
		if ((i == 0 || by_names(&p[i - 1], &p[i]) != 0) &&
			by_names(behind, &p[i]) < 0 &&
			visit_pair(v, p[i].subject, p[i].predicate, p[i].cookie))
			break;
	return v->rc;
}

int changed_pairs(
	struct snap *s, uint64_t seq, uint64_t after, pair_visit *visit, void *ctx)
{
	__attribute__((cleanup(changes_free))) struct changes c = {.s = s};
	struct visiting v = {.s = s, .visit = visit, .ctx = ctx};
	uint64_t last = last_seq(s);
	struct record r = {0};
	BUF_AUTO(scratch);
	int rc = cookie_record(s, after, RECORD_ASSERTION, &scratch, &r);

	if (rc < 0 || seq >= last)
		return rc;
	if (last - seq > EVENTS_MAX) {
		/* epochs are no part of a pair's generation */
		v.newer = s->source.context.cuts & CONTEXT_EPOCH ? 0 : seq;
		return visit_all(&v, after, r.subject);
	}
	rc = collect(&c, seq, last);
	if (rc < 0)
		return rc;
	if (c.all)
		return visit_all(&v, after, r.subject);
	return visit_collected(&v, &c.pairs,
		&(struct changed_pair){
			.subject = r.subject, .predicate = r.predicate});
}

/* ---- claims ---- */

/* All that hang together with the claim. 1: they are too many; 2: the visitor stops. */
static int visit_component(struct snap *s, const struct about *about,
	uint64_t *room, claim_visit *visit, void *ctx)
{
	const struct record *r = &about->record;
	struct claim_ref at = {.timestamp = r->timestamp, .id = about->id};
	struct pair_key pair = pair_key(r->subject, r->predicate);
	const struct claim_ref *list;
	BUF_AUTO(refs);
	int rc = gather_component(&s->source, &pair, &at, &refs);
	size_t n = refs.n / sizeof(*list);

	if (rc < 0)
		return rc;
	if (n > *room)
		return 1;
	*room -= n;
	list = (const void *)refs.p;
	for (size_t i = 0; i < n; i++)
		if (visit(ctx, r->subject, r->predicate, &list[i]))
			return 2;
	return 0;
}

int changed_claims(struct snap *s, uint64_t seq, claim_visit *visit, void *ctx)
{
	uint64_t last = last_seq(s), room = CLAIMS_MAX;
	int rc = 0;

	if (last > seq && last - seq > CLAIMS_MAX)
		return 1;
	while (rc == 0 && seq < last) {
		struct about about = {.offset = 0};
		BUF_AUTO(scratch);

		rc = record_about(s, ++seq, &scratch, &about);
		if (rc == 0 && touches_all(&about.record))
			return 1;
		if (rc == 0 && about.record.kind == RECORD_ASSERTION && !about.vote)
			rc = visit_component(s, &about, &room, visit, ctx);
		if (rc == -ENOENT)
			rc = 0; /* a gap, or it waits for what it is about */
	}
	return rc == 2 ? 0 : rc;
}

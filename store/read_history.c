/* Every record that ever touched a pair, as the reader's context lets it through.
 *
 * Records are cut by seq and time; under stage/, tier/ and in-epoch/ those are left that
 * are, or are about, a claim which is seen there. */
#include <errno.h>
#include <stdlib.h>

#include "store/gather.h"
#include "store/read.h"

/* The claims that the context admits; NULL: all. */
struct admitted {
	struct id *ids; /* sorted */
	size_t count;
};

static int by_id(const void *a, const void *b)
{
	return id_compare(a, b);
}

static int find_admitted(struct snap *s, const struct pair_key *p, struct arena *a,
	struct admitted *out)
{
	struct gathered g = {0};
	struct footing f = {0};
	int rc = gather_pair(&s->source, p, a, &g);

	if (rc == 0)
		rc = footing(&g.facts, a, &f);
	if (rc)
		return rc;
	out->ids = arena_alloc(a, (g.facts.claim_count + 1) * sizeof(*out->ids));
	if (!out->ids)
		return -ENOMEM;
	for (uint32_t i = 0; i < g.facts.claim_count; i++) {
		struct candidate c = g.claims[i].claim;

		c.lifecycle = f.lifecycle[i];
		c.source_class = f.source_class[i];
		if (!(s->source.context.cuts & CONTEXT_STAGE))
			c.lifecycle = LIFECYCLE_PROPOSED;
		if (pair_admits(&s->source, &c))
			out->ids[out->count++] = c.id;
	}
	if (out->count)
		qsort(out->ids, out->count, sizeof(*out->ids), by_id);
	return 0;
}

/* The claim that a record is, or is about, at most two steps on. -ENOENT: or one of these is
 * not seen. */
static int follow(struct snap *s, struct record *r, struct id *id)
{
	BUF_AUTO(scratch);

	for (int steps = 0; r->kind != RECORD_ASSERTION; steps++) {
		struct frame f = {0};
		struct id_row row = {0};
		int rc;

		if (steps == 2 ||
			(r->kind != RECORD_VOTE && r->kind != RECORD_COSIGNATURE &&
				r->kind != RECORD_SUPERSESSION))
			return -ENOENT;
		*id = r->target;
		rc = source_id(&s->source, id, &row);
		if (rc == 0 &&
			!context_sees(&s->source.context, row.seq, row.timestamp))
			rc = -ENOENT;
		if (rc == 0)
			rc = source_record(
				&s->source, &row.at, id, &scratch, &f, r);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Under a context that cuts more than at/. */
static int is_admitted(struct snap *s, const struct event_row *e,
	const struct admitted *admitted, bool *out)
{
	struct record r = {0};
	struct frame f = {0};
	struct id id;
	BUF_AUTO(scratch);
	int rc = source_record(&s->source, &e->at, NULL, &scratch, &f, &r);

	*out = false;
	if (rc < 0 || !context_sees(&s->source.context, f.seq, r.timestamp))
		return rc;
	id = id_of(f.canonical);
	rc = follow(s, &r, &id);
	*out = rc == 0 &&
	       (!admitted->ids || (admitted->count && bsearch(&id, admitted->ids,
							      admitted->count,
							      sizeof(id), by_id)));
	return rc == -ENOENT ? 0 : rc;
}

/* The record of that seq, which touched the pair from `since` on. */
static int add_event(struct snap *s, uint64_t seq, uint64_t since,
	const struct admitted *admitted, struct buf *out)
{
	const struct context *c = &s->source.context;
	struct event_row e = {0};
	bool admits = true;
	int rc;

	if (c->cuts & CONTEXT_AT && since > c->seq)
		return 0;
	rc = source_event(&s->source, seq, &e);
	if (rc == 0 && c->cuts & ~(unsigned)CONTEXT_AT)
		rc = is_admitted(s, &e, admitted, &admits);
	if (rc == 0 && admits)
		rc = event_line(s, &e, out);
	return rc == -ENOENT ? -EBADMSG : rc;
}

int pair_history(struct snap *s, struct slice subject, struct slice predicate,
	struct buf *out)
{
	const unsigned claims = CONTEXT_STAGE | CONTEXT_TIER | CONTEXT_EPOCH;
	ARENA_AUTO(a);
	struct admitted admitted = {0};
	struct pair_key key;
	struct pair_row row = {0};
	struct slice view = {0};
	struct row_key below;
	WALK_AUTO(w);
	int rc = see_pair(s, subject, predicate, &key, &row, &view);

	if (rc == 0 && s->source.context.cuts & claims)
		rc = find_admitted(s, &key, &a, &admitted);
	if (rc < 0)
		return rc;
	below = row_key_below(&key, KEY_HISTORY);
	rc = walk_start(&w, s->source.txn, &below);
	for (; rc == 0; rc = walk_next(&w)) {
		uint64_t since;

		if (w.key.mv_size != below.n + 8 ||
			w.value.mv_size != sizeof(since))
			return -EBADMSG;
		memcpy(&since, w.value.mv_data, sizeof(since));
		rc = add_event(s, be64_at((const uint8_t *)w.key.mv_data + below.n),
			since, &admitted, out);
		if (rc < 0)
			return rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

/* Every record that ever touched a pair, as the reader's context lets it through.
 *
 * Records are cut by seq and time; under stage/, tier/ and in-epoch/ those are left that
 * are, or are about, a claim which is seen there. */
#include <errno.h>

#include "store/assertion.h"
#include "store/history.h"
#include "store/pair.h"
#include "store/read.h"

/* Does the context admit the claim, as it counts there? */
static int admits_claim(struct snap *s, const struct id *id, bool *out)
{
	ARENA_AUTO(a);
	struct found_assertion f = {0};
	struct candidate c;
	int rc = assertion_around(&s->source, id, false, &a, &f);

	if (rc < 0)
		return rc;
	c = f.around.claims[f.claim].claim;
	c.lifecycle = f.footing.lifecycle[f.claim];
	c.source_class = f.footing.source_class[f.claim];
	if (!(s->source.context.cuts & CONTEXT_STAGE))
		c.lifecycle = LIFECYCLE_PROPOSED;
	*out = pair_admits(&s->source, &c);
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
static int is_admitted(struct snap *s, const struct event_row *e, bool *out)
{
	const unsigned claims = CONTEXT_STAGE | CONTEXT_TIER | CONTEXT_EPOCH;
	const struct context *c = &s->source.context;
	struct record r = {0};
	struct frame f = {0};
	struct id id;
	BUF_AUTO(scratch);
	int rc = source_record(&s->source, &e->at, NULL, &scratch, &f, &r);

	*out = false;
	if (rc < 0 || !context_sees(c, f.seq, r.timestamp))
		return rc;
	id = id_of(f.canonical);
	rc = follow(s, &r, &id);
	*out = rc == 0;
	if (rc == 0 && c->cuts & claims)
		rc = admits_claim(s, &id, out);
	return rc == -ENOENT ? 0 : rc;
}

/* The record of that seq, which touched the pair from `since` on. */
static int add_event(struct snap *s, uint64_t seq, uint64_t since, struct buf *out)
{
	const struct context *c = &s->source.context;
	struct event_row e = {0};
	bool admits = true;
	int rc;

	if (c->cuts & CONTEXT_AT && since > c->seq)
		return 0;
	rc = source_event(&s->source, seq, &e);
	if (rc == 0 && c->cuts & ~(unsigned)CONTEXT_AT)
		rc = is_admitted(s, &e, &admits);
	if (rc == 0 && admits)
		rc = event_line(s, &e, out);
	return rc == -ENOENT ? -EBADMSG : rc;
}

int pair_history(struct snap *s, struct slice subject, struct slice predicate,
	uint64_t *seq, uint64_t last, size_t enough, struct buf *out)
{
	struct pair_key key;
	struct pair_row row = {0};
	size_t start = out->n;
	HISTORY_WALK_AUTO(w);
	int rc = see_pair(s, subject, predicate, &key, &row);

	if (rc < 0)
		return rc;
	rc = history_from(&w, s->source.txn, &key, &row, *seq + 1);
	for (; rc == 0 && out->n - start < enough; rc = history_next(&w)) {
		if (w.at.seq > last)
			return 0;
		rc = add_event(s, w.at.seq, w.at.since, out);
		if (rc < 0)
			return rc;
		*seq = w.at.seq;
	}
	return rc == -ENOENT ? 0 : rc;
}

int changed_history(struct snap *s, struct slice subject, struct slice predicate,
	uint64_t seq, seq_visit *visit, void *ctx)
{
	struct pair_key key = pair_key(subject, predicate);
	struct pair_row row = {0};
	HISTORY_WALK_AUTO(w);
	int rc = pair_row_read(s->source.txn, &key, &row);

	if (rc == 0)
		rc = history_from(&w, s->source.txn, &key, &row, 0);
	for (; rc == 0; rc = history_next(&w))
		if (w.at.since > seq && visit(ctx, w.at.seq))
			return 0;
	return rc == -ENOENT ? 0 : rc;
}

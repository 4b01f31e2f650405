/* Who points at a subject: references, read the other way round.
 *
 * Rows list every claim that ever did; whether one still does is for its pair to say, in
 * the reader's context. */
#include <errno.h>
#include <stdlib.h>

#include "store/graph_walk.h"
#include "store/read.h"

static int by_moment(const void *key, const void *claim)
{
	const struct listed *l = key;
	const struct candidate *c = claim;

	if (l->timestamp != c->timestamp)
		return l->timestamp < c->timestamp ? -1 : 1;
	return id_compare(&l->id, &c->id);
}

/* Is one of the claims below a candidate of their pair? 0 with the cookie of the first,
 * or -ENOENT. */
static int live_claim(struct snap *s, struct slice subject, struct slice predicate,
	const struct row_key *below, uint64_t *cookie)
{
	struct pair_key pair = pair_key(subject, predicate);
	struct candidates in = {0};
	ARENA_AUTO(a);
	LIST_WALK_AUTO(w);
	int rc = listed_first(s, below, &w);

	if (rc == 0)
		rc = snap_ready(s);
	if (rc == 0)
		rc = pair_candidates(&s->source, &pair, false, &a, &in);
	while (rc == 0) {
		if (in.claim_count && bsearch(&w.at, in.claims, in.claim_count,
					      sizeof(*in.claims), by_moment)) {
			*cookie = w.at.row.first;
			return 0;
		}
		rc = listed_next(s, &w);
	}
	return rc;
}

/* A subject that points: `of` is the predicate it does so by. */
static int subject_points(struct snap *s, void *of, struct slice name,
	const struct row_key *below, uint64_t *cookie)
{
	return live_claim(s, name, *(const struct slice *)of, below, cookie);
}

static int keep_cookie(void *ctx, struct slice name, uint64_t cookie)
{
	(void)name;
	*(uint64_t *)ctx = cookie;
	return 1;
}

/* A predicate by which some subject points. */
static int predicate_points(struct snap *s, void *of, struct slice name,
	const struct row_key *below, uint64_t *cookie)
{
	struct names subjects = {
		.prefix = *below, .seen = subject_points, .of = &name};
	uint64_t first = 0;
	int rc = list_named(s, &subjects, keep_cookie, &first);

	(void)of;
	if (rc < 0 || !first)
		return rc < 0 ? rc : -ENOENT;
	*cookie = first;
	return 0;
}

int inbound_predicates(struct snap *s, struct slice subject, uint64_t after,
	name_visit *visit, void *ctx)
{
	struct names names = {
		.prefix = row_key_inbound(subject), .seen = predicate_points};
	struct record r = {0};
	BUF_AUTO(scratch);
	int rc = cookie_record(s, after, RECORD_ASSERTION, &scratch, &r);
	if (rc < 0)
		return rc;
	names.behind = r.predicate;
	return list_named(s, &names, visit, ctx);
}

int inbound_subjects(struct snap *s, struct slice subject, struct slice predicate,
	uint64_t after, name_visit *visit, void *ctx)
{
	struct names names = {.prefix = row_key_inbound(subject),
		.seen = subject_points,
		.of = &predicate};
	struct record r = {0};
	BUF_AUTO(scratch);
	int rc;

	if (predicate.n == 0 || predicate.n > PREDICATE_MAX)
		return 0;
	row_key_whole(&names.prefix, predicate);
	rc = cookie_record(s, after, RECORD_ASSERTION, &scratch, &r);
	if (rc < 0)
		return rc;
	names.behind = r.subject;
	return list_named(s, &names, visit, ctx);
}

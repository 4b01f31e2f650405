/* In the order of docs/standing.md: retractions, then the edges from the end of each chain
 * to its beginning, then votes, then what counts of stage and class. A pair in which
 * nobody ever withdrew or replaced anything, which is most of them, is done after one
 * look. */
#include "core/footing.h"

#include <errno.h>

#include "core/footing_impl.h"

bool lifecycle_is_live(uint8_t lifecycle)
{
	return lifecycle != LIFECYCLE_REJECTED && lifecycle != LIFECYCLE_DEPRECATED;
}

/* The first signing at or behind that of voter under claim. */
static uint32_t signings_from(const struct facts *f, uint32_t claim, uint32_t voter)
{
	uint32_t low = 0, high = f->signing_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct signing *s = &f->signings[middle];

		if (s->claim < claim || (s->claim == claim && s->voter < voter))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t signings_begin(const struct facts *f, uint32_t claim)
{
	return signings_from(f, claim, 0);
}

struct signing *signing_find(const struct facts *f, uint32_t claim, uint32_t voter)
{
	uint32_t i = signings_from(f, claim, voter);
	struct signing *s = &f->signings[i];

	return i < f->signing_count && s->claim == claim && s->voter == voter
		       ? s
		       : NULL;
}

/* Retractions by signers, and by stewards: dead are those that are withdrawn for all. */
static void retract(const struct facts *f, bool *dead)
{
	for (uint32_t i = 0; i < f->withdrawal_count; i++) {
		const struct withdrawal *w = &f->withdrawals[i];
		struct signing *s;

		if (w->replaces)
			continue;
		s = signing_find(f, w->claim, w->voter);
		if (s)
			s->gone = true;
		if (f->voters[w->voter].steward)
			dead[w->claim] = true;
	}
}

static bool somebody_stays(const struct facts *f, uint32_t claim)
{
	uint32_t i = signings_begin(f, claim);

	for (; i < f->signing_count && f->signings[i].claim == claim; i++)
		if (!f->signings[i].gone)
			return true;
	return false;
}

/* Let the edges of one claim work; those that they lead to are settled. */
static void settle(const struct facts *f, const struct edges *e, uint32_t claim,
	bool *dead, bool *alive, struct footing *out)
{
	uint32_t same = NO_INDEX;
	bool gives_way = false;

	out->successor[claim] = NO_INDEX;
	for (uint32_t i = e->first[claim]; i < e->first[claim + 1]; i++) {
		const struct edge *edge = &e->list[i];
		struct signing *s;

		if (edge->ignored || !alive[edge->to])
			continue;
		gives_way = true;
		s = signing_find(f, claim, edge->voter);
		if (s)
			s->gone = true;
		if (f->voters[edge->voter].steward)
			dead[claim] = true;
		/* the newest comes first */
		if (out->successor[claim] == NO_INDEX)
			out->successor[claim] = edge->to;
		if (same == NO_INDEX && f->claims[edge->to].claim.cluster ==
						f->claims[claim].claim.cluster)
			same = edge->to;
	}
	out->stands[claim] = !dead[claim] && somebody_stays(f, claim);
	alive[claim] = out->stands[claim] || gives_way;
	out->votes[claim] = out->stands[claim] ? claim
			    : same != NO_INDEX ? out->votes[same]
					       : NO_INDEX;
	if (out->stands[claim])
		out->successor[claim] = NO_INDEX;
}

/* Does somebody who stays behind the claim have what it takes? */
static bool backed(
	const struct facts *f, uint32_t claim, bool steward, uint8_t class)
{
	uint32_t i = signings_begin(f, claim);

	for (; i < f->signing_count && f->signings[i].claim == claim; i++) {
		const struct voter *v = &f->voters[f->signings[i].voter];

		if (f->signings[i].gone)
			continue;
		if (steward ? v->steward : (v->grants >> class & 1) != 0)
			return true;
	}
	return false;
}

/* What counts of stage and class. */
static void weigh_words(const struct facts *f, struct footing *out)
{
	for (uint32_t i = 0; i < f->claim_count; i++) {
		uint8_t stage = f->claims[i].claim.lifecycle;
		uint8_t class = f->claims[i].claim.source_class;
		bool above = stage == LIFECYCLE_APPROVED ||
			     stage == LIFECYCLE_UNDER_REVIEW;

		if (f->governed && above && !backed(f, i, true, 0))
			stage = LIFECYCLE_PROPOSED;
		if (f->governed && class <= CLASS_CLINICAL &&
			!backed(f, i, false, class))
			class = CLASS_ANECDOTAL;
		out->lifecycle[i] = stage;
		out->source_class[i] = class;
	}
}

int footing(const struct facts *f, struct arena *a, struct footing *out)
{
	size_t n = f->claim_count;
	struct footing s = {
		.stands = arena_alloc(a, n + 1),
		.votes = arena_alloc(a, (n + 1) * sizeof(*s.votes)),
		.successor = arena_alloc(a, (n + 1) * sizeof(*s.successor)),
		.lifecycle = arena_alloc(a, n + 1),
		.source_class = arena_alloc(a, n + 1),
	};
	bool *dead = arena_alloc(a, n + 1), *alive = arena_alloc(a, n + 1);
	struct edges e = {0};

	if (!s.stands || !s.votes || !s.successor || !s.lifecycle ||
		!s.source_class || !dead || !alive)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->signing_count; i++)
		f->signings[i].gone = false;
	retract(f, dead);
	if (edges_find(f, a, &e) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->claim_count; i++)
		settle(f, &e, e.order[i], dead, alive, &s);
	weigh_words(f, &s);
	*out = s;
	return 0;
}

bool footing_silenced(const struct facts *f, const struct ballot *b)
{
	const struct signing *own = signing_find(f, b->candidate, b->voter);

	return b->weight == 0 || (own && own->gone);
}

uint32_t footing_vote(
	const struct facts *f, const struct footing *s, const struct ballot *b)
{
	return footing_silenced(f, b) ? NO_INDEX : s->votes[b->candidate];
}

/* ---- candidates ---- */

/* The signers that are left, one claim behind another. */
static void place_signers(const struct facts *f, uint32_t claim,
	struct candidate *c, uint32_t *signers, uint32_t *used)
{
	uint32_t i = signings_begin(f, claim);

	c->signer = *used;
	for (; i < f->signing_count && f->signings[i].claim == claim; i++)
		if (!f->signings[i].gone)
			signers[(*used)++] = f->signings[i].voter;
	c->signer_count = *used - c->signer;
}

/* The votes that count, on candidates; at: what number each claim has among these. */
static uint32_t place_ballots(const struct facts *f, const struct footing *s,
	const uint32_t *at, struct ballot *ballots)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->ballot_count; i++) {
		uint32_t on = footing_vote(f, s, &f->ballots[i]);

		if (on == NO_INDEX || at[on] == NO_INDEX)
			continue;
		ballots[n] = f->ballots[i];
		ballots[n++].candidate = at[on];
	}
	return n;
}

int footing_candidates(const struct facts *f, const struct footing *s,
	footing_filter *admits, void *ctx, struct arena *a, struct candidates *out)
{
	size_t n = f->claim_count;
	struct candidate *claims = arena_alloc(a, (n + 1) * sizeof(*claims));
	uint32_t *at = arena_alloc(a, (n + 1) * sizeof(*at));
	uint32_t *signers =
		arena_alloc(a, ((size_t)f->signing_count + 1) * sizeof(*signers));
	struct ballot *ballots =
		arena_alloc(a, ((size_t)f->ballot_count + 1) * sizeof(*ballots));
	uint32_t count = 0, used = 0, votes;

	if (!claims || !at || !signers || !ballots)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->claim_count; i++) {
		struct candidate c = f->claims[i].claim;

		at[i] = NO_INDEX;
		c.lifecycle = s->lifecycle[i];
		c.source_class = s->source_class[i];
		if (!s->stands[i] || (admits && !admits(ctx, &c)))
			continue;
		place_signers(f, i, &c, signers, &used);
		at[i] = count;
		claims[count++] = c;
	}
	votes = place_ballots(f, s, at, ballots);
	out->claims = claims;
	out->claim_count = count;
	out->signers = signers;
	out->signer_count = used;
	out->ballots = ballots;
	out->ballot_count = votes;
	out->voters = f->voters;
	out->voter_count = f->voter_count;
	out->cluster_count = f->cluster_count;
	return 0;
}

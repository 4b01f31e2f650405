/* What claims give to the sums is a list of parts: that a claim is there, that an agent
 * stands behind it, that an agent voted. Two lists are compared; what is only in the first
 * is taken out, votes before signatures before claims, and what is only in the second is
 * put in, the other way round. */
#include "store/settling.h"

#include <errno.h>
#include <stdlib.h>

#include "store/pair.h"
#include "store/settling_impl.h"

static int part_order(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return memcmp(x, y, sizeof(*x));
}

static void sort_parts(struct buf *b)
{
	if (b->n)
		qsort(b->p, b->n / sizeof(struct part), sizeof(struct part),
			part_order);
}

/* ---- all that hang together ---- */

static void add_claim_parts(
	const struct gathered *g, const struct footing *f, struct buf *out)
{
	for (uint32_t i = 0; i < g->facts.claim_count; i++) {
		struct part p = {.kind = PART_CLAIM};

		if (sums_counts(g, f, i, &p.claim))
			buf_add(out, &p, sizeof(p));
	}
	for (uint32_t i = 0; i < g->facts.signing_count; i++) {
		const struct signing *s = &g->facts.signings[i];
		struct part p = {.kind = PART_SIGNATURE};

		if (s->gone || !sums_counts(g, f, s->claim, &p.claim))
			continue;
		p.agent = g->agents[s->voter];
		buf_add(out, &p, sizeof(p));
	}
}

static void add_vote_parts(
	const struct gathered *g, const struct footing *f, struct buf *out)
{
	for (uint32_t i = 0; i < g->facts.ballot_count; i++) {
		const struct ballot *b = &g->facts.ballots[i];
		uint32_t on = footing_vote(&g->facts, f, b);
		struct part p = {.kind = PART_VOTE};

		if (on == NO_INDEX || !sums_counts(g, f, on, &p.claim))
			continue;
		p.agent = g->agents[b->voter];
		p.vote = (struct sums_vote){
			.timestamp = b->timestamp,
			.id = b->id,
			.weight = b->weight,
			.against = b->against,
		};
		buf_add(out, &p, sizeof(p));
	}
}

static int whole_parts(struct settling *s, struct buf *out)
{
	ARENA_AUTO(a);
	struct gathered g = {0};
	struct footing f = {0};
	int rc = gather_claims(&s->change->source, s->pair,
		(const void *)s->claims.p, s->claims.n / sizeof(struct claim_ref),
		true, &a, &g);

	if (rc == 0)
		rc = footing(&g.facts, &a, &f);
	if (rc < 0)
		return rc;
	add_claim_parts(&g, &f, out);
	add_vote_parts(&g, &f, out);
	return 0;
}

/* ---- the life of one change ---- */

static bool is_zero(const struct id *id)
{
	static const struct id none;

	return id_compare(id, &none) == 0;
}

/* All claims that may move: those that hang together with the one, or will. */
static int find_claims(struct settling *s)
{
	const struct source *source = &s->change->source;
	struct claim_ref other = {.id = s->about->other};
	struct id_row row = {0};
	int rc = gather_component(source, s->pair, &s->about->claim, &s->claims);

	if (rc < 0 || is_zero(&other.id))
		return rc;
	rc = source_id(source, &other.id, &row);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	other.timestamp = row.timestamp;
	return gather_component(source, s->pair, &other, &s->claims);
}

static int find_parts(struct settling *s, struct buf *out)
{
	int rc = s->simple ? settling_simple_parts(s, out) : whole_parts(s, out);

	if (rc == 0 && out->failed)
		rc = -ENOMEM;
	if (rc == 0)
		sort_parts(out);
	return rc;
}

int settling_begin(struct settling *s, struct change *c, const struct pair_key *p,
	struct pair_row *row, const struct settling_about *about)
{
	int rc = sums_current(c, p, row);

	*s = (struct settling){.change = c,
		.pair = p,
		.about = about,
		.sums = row->sums == SUMS_KEPT};
	if (rc < 0 || !s->sums)
		return rc;
	if (about->agent_count)
		rc = settling_find_simple(s);
	if (rc == 0 && !s->simple)
		rc = find_claims(s);
	return rc < 0 ? rc : find_parts(s, &s->before);
}

static int take_out(struct settling *s, const struct part *p)
{
	switch (p->kind) {
	case PART_VOTE:
		return sums_vote(
			s->change, s->pair, &p->claim, p->agent, &p->vote, NULL);
	case PART_SIGNATURE:
		return sums_remove_signer(s->change, s->pair, &p->claim, p->agent);
	default:
		return sums_remove_claim(s->change, s->pair, &p->claim);
	}
}

static int put_in(struct settling *s, const struct part *p)
{
	switch (p->kind) {
	case PART_VOTE:
		return sums_vote(
			s->change, s->pair, &p->claim, p->agent, NULL, &p->vote);
	case PART_SIGNATURE:
		return sums_add_signer(s->change, s->pair, &p->claim, p->agent);
	default:
		return sums_add_claim(s->change, s->pair, &p->claim);
	}
}

/* Append to out what is in a and not in b; both are sorted. */
static void difference(const struct buf *a, const struct buf *b, struct buf *out)
{
	const struct part *x = (const void *)a->p, *y = (const void *)b->p;
	size_t n = a->n / sizeof(*x), m = b->n / sizeof(*y), j = 0;

	for (size_t i = 0; i < n; i++) {
		while (j < m && part_order(&y[j], &x[i]) < 0)
			j++;
		if (j == m || part_order(&y[j], &x[i]) != 0)
			buf_add(out, &x[i], sizeof(x[i]));
	}
}

/* One vote in the place of another: what most changes are. */
static bool is_changed_vote(const struct buf *out, const struct buf *in)
{
	const struct part *x = (const void *)out->p, *y = (const void *)in->p;

	return out->n == sizeof(*x) && in->n == sizeof(*y) &&
	       x->kind == PART_VOTE && y->kind == PART_VOTE &&
	       x->agent == y->agent &&
	       memcmp(&x->claim, &y->claim, sizeof(x->claim)) == 0;
}

static int move(struct settling *s, const struct buf *out, const struct buf *in)
{
	const struct part *x = (const void *)out->p, *y = (const void *)in->p;
	int rc = 0;

	if (is_changed_vote(out, in))
		return sums_vote(s->change, s->pair, &x->claim, x->agent, &x->vote,
			&y->vote);
	for (size_t i = 0; rc == 0 && i < out->n / sizeof(*x); i++)
		rc = take_out(s, &x[i]);
	for (size_t i = in->n / sizeof(*y); rc == 0 && i > 0; i--)
		rc = put_in(s, &y[i - 1]);
	return rc;
}

static int settle(struct settling *s)
{
	BUF_AUTO(after);
	BUF_AUTO(out);
	BUF_AUTO(in);
	int rc = find_parts(s, &after);

	if (rc < 0)
		return rc;
	difference(&s->before, &after, &out);
	difference(&after, &s->before, &in);
	if (out.failed || in.failed)
		return -ENOMEM;
	return move(s, &out, &in);
}

int settling_end(struct settling *s, int rc)
{
	if (rc == 0 && s->sums)
		rc = settle(s);
	buf_free(&s->claims);
	buf_free(&s->before);
	return rc;
}

/* Withdrawals and votes, as far as the reader sees them.
 *
 * Under asof/ of all signatures under one record the earliest count from the record's own
 * time, later ones from theirs; so it takes all of them to know which are seen. */
#include <errno.h>
#include <stdlib.h>

#include "store/gather_impl.h"

/* A signature under a record. */
struct signed_word {
	const struct id *id;
	uint64_t signed_at;
};

struct signed_words {
	struct signed_word *list; /* by id, the earliest first */
	size_t n;
};

static int by_id_earliest(const void *left, const void *right)
{
	const struct signed_word *a = left, *b = right;
	int order = id_compare(a->id, b->id);

	if (order)
		return order;
	return (a->signed_at > b->signed_at) - (a->signed_at < b->signed_at);
}

/* When the record was signed first. */
static uint64_t first_signed(const struct signed_words *all, const struct id *id)
{
	size_t low = 0, high = all->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (id_compare(all->list[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return all->list[low].signed_at; /* every record is among them */
}

static bool is_late(const struct gather *g, const struct signed_words *all,
	const struct id *id, uint64_t signed_at)
{
	const struct context *c = &g->source->context;

	return c->cuts & CONTEXT_ASOF && signed_at > c->asof &&
	       signed_at != first_signed(all, id);
}

static int collect(struct gather *g, struct signed_words *out)
{
	const struct raw_withdrawal *w = (const void *)g->withdrawals.p;
	const struct raw_ballot *b = (const void *)g->ballots.p;
	uint32_t nw = count_of(&g->withdrawals, sizeof(*w));
	uint32_t nb = count_of(&g->ballots, sizeof(*b));

	if (!(g->source->context.cuts & CONTEXT_ASOF))
		return 0;
	out->list =
		arena_alloc(g->arena, ((size_t)nw + nb + 1) * sizeof(*out->list));
	if (!out->list)
		return -ENOMEM;
	for (uint32_t i = 0; i < nw; i++)
		out->list[out->n++] = (struct signed_word){
			.id = &w[i].word.id, .signed_at = w[i].signed_at};
	for (uint32_t i = 0; i < nb; i++)
		out->list[out->n++] = (struct signed_word){
			.id = &b[i].word.id, .signed_at = b[i].signed_at};
	qsort(out->list, out->n, sizeof(*out->list), by_id_earliest);
	return 0;
}

static int place_withdrawals(
	struct gather *g, const struct signed_words *all, struct gathered *out)
{
	const struct raw_withdrawal *raw = (const void *)g->withdrawals.p;
	uint32_t n = count_of(&g->withdrawals, sizeof(*raw)), used = 0;
	struct withdrawal *to =
		arena_alloc(g->arena, ((size_t)n + 1) * sizeof(*to));

	if (!to)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		if (is_late(g, all, &raw[i].word.id, raw[i].signed_at))
			continue;
		to[used] = raw[i].word;
		to[used].voter = gather_voter(g, raw[i].word.voter);
		used++;
	}
	out->facts.withdrawals = to;
	out->facts.withdrawal_count = used;
	return 0;
}

/* The newest of each agent on each claim: they come in this order. */
static int place_ballots(
	struct gather *g, const struct signed_words *all, struct gathered *out)
{
	const struct raw_ballot *raw = (const void *)g->ballots.p;
	uint32_t n = count_of(&g->ballots, sizeof(*raw)), used = 0;
	struct ballot *to = arena_alloc(g->arena, ((size_t)n + 1) * sizeof(*to));

	if (!to)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		struct ballot b = raw[i].word;

		b.voter = gather_voter(g, b.voter);
		if (used > 0 && to[used - 1].candidate == b.candidate &&
			to[used - 1].voter == b.voter)
			continue;
		if (!is_late(g, all, &b.id, raw[i].signed_at))
			to[used++] = b;
	}
	out->facts.ballots = to;
	out->facts.ballot_count = used;
	return 0;
}

int gather_words(struct gather *g, struct gathered *out)
{
	struct signed_words all = {.n = 0};
	int rc = collect(g, &all);

	if (rc == 0)
		rc = place_withdrawals(g, &all, out);
	return rc < 0 ? rc : place_ballots(g, &all, out);
}

/* Numbers and hashes become indexes into two small tables, and of everything an agent said
 * twice one is left. */
#include <errno.h>
#include <stdlib.h>

#include "store/gather_impl.h"

static int order32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int hash_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct cluster_hash));
}

/* Sort and drop repeats; returns how many are left. */
static uint32_t unique(void *base, size_t n, size_t size,
	int (*compare)(const void *, const void *))
{
	uint8_t *p = base;
	size_t kept = 0;

	if (n == 0)
		return 0;
	qsort(base, n, size, compare);
	for (size_t i = 1; i < n; i++)
		if (compare(p + kept * size, p + i * size) != 0)
			memmove(p + ++kept * size, p + i * size, size);
	return (uint32_t)(kept + 1);
}

static int collect_numbers(struct gather *g)
{
	const struct raw_signing *s = (const void *)g->signings.p;
	const struct withdrawal *w = (const void *)g->withdrawals.p;
	const struct ballot *b = (const void *)g->ballots.p;
	uint32_t ns = count_of(&g->signings, sizeof(*s));
	uint32_t nw = count_of(&g->withdrawals, sizeof(*w));
	uint32_t nb = count_of(&g->ballots, sizeof(*b)), n = 0;

	g->numbers = arena_alloc(
		g->arena, ((size_t)ns + nw + nb + 1) * sizeof(*g->numbers));
	if (!g->numbers)
		return -ENOMEM;
	for (uint32_t i = 0; i < ns; i++)
		if (n == 0 || g->numbers[n - 1] != s[i].number)
			g->numbers[n++] = s[i].number;
	for (uint32_t i = 0; i < nw; i++)
		g->numbers[n++] = w[i].voter;
	for (uint32_t i = 0; i < nb; i++)
		g->numbers[n++] = b[i].voter;
	g->number_count = unique(g->numbers, n, sizeof(*g->numbers), order32);
	return 0;
}

/* An agent on its way into the table of voters. */
struct seat {
	struct voter voter;
	uint32_t number;
	uint32_t index; /* into numbers */
};

static int by_key(const void *a, const void *b)
{
	const struct seat *x = a, *y = b;

	return agent_compare(&x->voter.key, &y->voter.key);
}

static int read_seat(const struct source *s, uint32_t number, struct seat *out)
{
	struct rights r = {0};
	int rc = rights_by_number(s, number, &out->voter.key, &r);

	if (rc < 0)
		return rc == -ENOENT ? -EBADMSG : rc;
	out->voter.trust = r.trust;
	out->voter.steward = r.steward;
	out->voter.grants = r.grants;
	return 0;
}

/* The voters, by key; and the way from numbers to them and back. */
static int seat_voters(struct gather *g, struct gathered *out)
{
	size_t n = g->number_count;
	struct seat *seats = arena_alloc(g->arena, (n + 1) * sizeof(*seats));
	struct voter *voters = arena_alloc(g->arena, (n + 1) * sizeof(*voters));
	uint32_t *agents = arena_alloc(g->arena, (n + 1) * sizeof(*agents));

	g->voter_of = arena_alloc(g->arena, (n + 1) * sizeof(*g->voter_of));
	if (!seats || !voters || !agents || !g->voter_of)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		int rc = read_seat(g->source, g->numbers[i], &seats[i]);

		if (rc < 0)
			return rc;
		seats[i].number = g->numbers[i];
		seats[i].index = i;
	}
	if (n)
		qsort(seats, n, sizeof(*seats), by_key);
	for (uint32_t i = 0; i < n; i++) {
		voters[i] = seats[i].voter;
		agents[i] = seats[i].number;
		g->voter_of[seats[i].index] = i;
	}
	out->facts.voters = voters;
	out->facts.voter_count = (uint32_t)n;
	out->agents = agents;
	return 0;
}

static uint32_t voter_of(const struct gather *g, uint32_t number)
{
	const uint32_t *at = bsearch(
		&number, g->numbers, g->number_count, sizeof(*g->numbers), order32);

	return at ? g->voter_of[at - g->numbers] : 0; /* all were collected */
}

static int place_clusters(struct gather *g, struct gathered *out)
{
	uint32_t n = claims_met(g);
	const struct cluster_hash *of = (const void *)g->clusters.p;
	struct cluster_hash *table =
		arena_alloc(g->arena, ((size_t)n + 1) * sizeof(*table));
	struct fact *claims =
		arena_alloc(g->arena, ((size_t)n + 1) * sizeof(*claims));

	if (!table || !claims)
		return -ENOMEM;
	if (n) {
		memcpy(table, of, n * sizeof(*table));
		memcpy(claims, g->claims.p, g->claims.n);
	}
	out->facts.cluster_count = unique(table, n, sizeof(*table), hash_order);
	for (uint32_t i = 0; i < n; i++) {
		const struct cluster_hash *at = bsearch(&of[i], table,
			out->facts.cluster_count, sizeof(*table), hash_order);

		claims[i].claim.cluster = at ? (uint32_t)(at - table) : 0;
	}
	out->clusters = table;
	out->claims = claims;
	out->facts.claims = claims;
	out->facts.claim_count = n;
	return 0;
}

static int by_voter(const void *a, const void *b)
{
	const struct signing *x = a, *y = b;

	return (x->voter > y->voter) - (x->voter < y->voter);
}

/* The signings of one claim, from `list` on; an agent that signed twice stands there once.
 * Returns how many rows they were. */
static uint32_t place_claim_signings(struct gather *g,
	const struct raw_signing *list, uint32_t n, struct signing *to,
	uint32_t *used)
{
	uint32_t count = 0, begin = *used;

	for (; count < n && list[count].claim == list->claim; count++)
		to[(*used)++] = (struct signing){
			.claim = list->claim,
			.voter = voter_of(g, list[count].number),
		};
	*used = begin + unique(to + begin, *used - begin, sizeof(*to), by_voter);
	return count;
}

static int place_signings(struct gather *g, struct gathered *out)
{
	const struct raw_signing *raw = (const void *)g->signings.p;
	uint32_t n = count_of(&g->signings, sizeof(*raw)), used = 0;
	struct signing *to = arena_alloc(g->arena, ((size_t)n + 1) * sizeof(*to));

	if (!to)
		return -ENOMEM;
	for (uint32_t i = 0; i < n;)
		i += place_claim_signings(g, raw + i, n - i, to, &used);
	out->facts.signings = to;
	out->facts.signing_count = used;
	return 0;
}

static void *copy_of(struct arena *a, const struct buf *b)
{
	void *p = arena_alloc(a, b->n + 1);

	if (p && b->n)
		memcpy(p, b->p, b->n);
	return p;
}

static int place_words(struct gather *g, struct gathered *out)
{
	struct withdrawal *withdrawals = copy_of(g->arena, &g->withdrawals);
	struct ballot *ballots = copy_of(g->arena, &g->ballots);

	if (!withdrawals || !ballots)
		return -ENOMEM;
	out->facts.withdrawal_count =
		count_of(&g->withdrawals, sizeof(*withdrawals));
	out->facts.ballot_count = count_of(&g->ballots, sizeof(*ballots));
	for (uint32_t i = 0; i < out->facts.withdrawal_count; i++)
		withdrawals[i].voter = voter_of(g, withdrawals[i].voter);
	for (uint32_t i = 0; i < out->facts.ballot_count; i++)
		ballots[i].voter = voter_of(g, ballots[i].voter);
	out->facts.withdrawals = withdrawals;
	out->facts.ballots = ballots;
	return 0;
}

int gather_finish(struct gather *g, struct gathered *out)
{
	struct gathered all = {0};
	int rc;

	if (g->claims.failed || g->clusters.failed || g->signings.failed ||
		g->withdrawals.failed || g->ballots.failed)
		return -ENOMEM;
	rc = is_governed(g->source, &all.facts.governed);
	if (rc == 0)
		rc = collect_numbers(g);
	if (rc == 0)
		rc = seat_voters(g, &all);
	if (rc == 0)
		rc = place_clusters(g, &all);
	if (rc == 0)
		rc = place_signings(g, &all);
	if (rc == 0)
		rc = place_words(g, &all);
	if (rc == 0)
		*out = all;
	return rc;
}

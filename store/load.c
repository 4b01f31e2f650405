/* The candidates of a pair, gathered in one cursor walk.
 *
 * Rows come as: a claim, its later cosigners, the votes on it, the next claim. They
 * are collected as they come, with agents as numbers and clusters as hashes; when
 * the walk is over, numbers and hashes become indexes into the two small tables of
 * the lenses. */
#include <errno.h>
#include <stdlib.h>

#include "store/pair.h"

/* One (claim, agent) as the rows have it. */
struct raw_signer {
	uint32_t claim;
	uint32_t number;
};

struct raw_ballot {
	uint32_t claim;
	uint32_t number;
	struct vote_row vote;
};

/* An agent met on the walk. */
struct raw_agent {
	uint32_t number;
	struct voter voter;
};

struct gather {
	const struct source *source;
	struct arena *arena;
	struct buf claims;	  /* struct candidate */
	struct buf clusters;	  /* struct cluster_hash, one per claim */
	struct buf signers;	  /* struct raw_signer */
	struct buf ballots;	  /* struct raw_ballot */
	bool passed_over;	  /* the claim met last is no candidate */
	struct raw_agent *agents; /* by number */
	uint32_t agent_count;
};

static void gather_free(struct gather *g)
{
	buf_free(&g->claims);
	buf_free(&g->clusters);
	buf_free(&g->signers);
	buf_free(&g->ballots);
}

static uint32_t count_of(const struct buf *b, size_t size)
{
	return (uint32_t)(b->n / size);
}

static void add_signer(struct gather *g, uint32_t number)
{
	struct raw_signer s = {
		.claim = count_of(&g->claims, sizeof(struct candidate)) - 1,
		.number = number,
	};

	buf_add(&g->signers, &s, sizeof(s));
}

static int add_claim(struct gather *g, const struct walk *w)
{
	const uint8_t *key = w->key.mv_data;
	const uint8_t *value = w->value.mv_data;
	struct candidate c = {0};
	struct claim_row row;

	if (w->value.mv_size < sizeof(row))
		return -EBADMSG;
	memcpy(&row, value, sizeof(row));
	if (w->value.mv_size != sizeof(row) + 4 * (size_t)row.signers)
		return -EBADMSG;
	g->passed_over = !lifecycle_is_live(row.lifecycle);
	if (g->passed_over)
		return 0;
	c.timestamp = be64_at(key + PAIR_KEY + 1);
	memcpy(c.id.b, key + PAIR_KEY + 9, ID_SIZE);
	c.source = row.source;
	c.confidence = row.confidence;
	c.stated = row.stated != 0;
	c.lifecycle = row.lifecycle;
	c.source_class = row.source_class;
	c.locator = row.at.offset;
	c.locator_length = row.at.length;
	buf_add(&g->claims, &c, sizeof(c));
	buf_add(&g->clusters, &row.cluster, sizeof(row.cluster));
	for (uint32_t i = 0; i < row.signers; i++)
		add_signer(g, be32_at(value + sizeof(row) + 4 * (size_t)i));
	return 0;
}

static int add_row(struct gather *g, const struct walk *w)
{
	const uint8_t *key = w->key.mv_data;
	struct raw_ballot b;

	if (w->key.mv_size == CLAIM_KEY)
		return add_claim(g, w);
	if (w->key.mv_size != CLAIM_SUB_KEY)
		return -EBADMSG;
	if (g->passed_over)
		return 0;
	if (g->claims.n == 0)
		return -EBADMSG;
	if (key[CLAIM_KEY] == KEY_COSIGNER) {
		add_signer(g, be32_at(key + CLAIM_KEY + 1));
		return 0;
	}
	if (key[CLAIM_KEY] != KEY_VOTE || w->value.mv_size != sizeof(b.vote))
		return -EBADMSG;
	b.claim = count_of(&g->claims, sizeof(struct candidate)) - 1;
	b.number = be32_at(key + CLAIM_KEY + 1);
	memcpy(&b.vote, w->value.mv_data, sizeof(b.vote));
	if (b.vote.weight)
		buf_add(&g->ballots, &b, sizeof(b));
	return 0;
}

static int gather_rows(struct gather *g, const struct pair_key *p)
{
	struct row_key prefix = row_key_below(p, KEY_CLAIM);
	WALK_AUTO(w);
	int rc = walk_start(&w, g->source->txn, &prefix);

	for (; rc == 0; rc = walk_next(&w)) {
		rc = add_row(g, &w);
		if (rc < 0)
			return rc;
	}
	if (rc != -ENOENT)
		return rc;
	return g->claims.failed || g->clusters.failed || g->signers.failed ||
			       g->ballots.failed
		       ? -ENOMEM
		       : 0;
}

static int by_number(const void *a, const void *b)
{
	const struct raw_agent *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static int by_key(const void *a, const void *b)
{
	const struct raw_agent *x = a, *y = b;

	return agent_compare(&x->voter.key, &y->voter.key);
}

static int cluster_order(const void *a, const void *b)
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

/* The table of voters, by key; afterwards `agents` is by number again and each
 * voter's trust field of that copy holds its index. */
static int index_agents(struct gather *g, struct voter **out)
{
	const struct raw_signer *s = (const void *)g->signers.p;
	const struct raw_ballot *b = (const void *)g->ballots.p;
	uint32_t ns = count_of(&g->signers, sizeof(*s));
	uint32_t nb = count_of(&g->ballots, sizeof(*b));
	struct voter *voters;

	g->agents =
		arena_alloc(g->arena, sizeof(*g->agents) * ((size_t)ns + nb + 1));
	if (!g->agents)
		return -ENOMEM;
	for (uint32_t i = 0; i < ns; i++)
		g->agents[i].number = s[i].number;
	for (uint32_t i = 0; i < nb; i++)
		g->agents[ns + i].number = b[i].number;
	g->agent_count =
		unique(g->agents, (size_t)ns + nb, sizeof(*g->agents), by_number);
	voters = arena_alloc(
		g->arena, sizeof(*voters) * ((size_t)g->agent_count + 1));
	if (!voters)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->agent_count; i++) {
		struct voter *v = &g->agents[i].voter;
		int rc = agent_by_number(
			g->source->txn, g->agents[i].number, &v->key);

		if (rc == 0)
			rc = trust_of(g->source->txn, &v->key, &v->trust);
		if (rc < 0)
			return rc == -ENOENT ? -EBADMSG : rc;
	}
	if (g->agent_count)
		qsort(g->agents, g->agent_count, sizeof(*g->agents), by_key);
	for (uint32_t i = 0; i < g->agent_count; i++) {
		voters[i] = g->agents[i].voter;
		g->agents[i].voter.trust = i;
	}
	if (g->agent_count)
		qsort(g->agents, g->agent_count, sizeof(*g->agents), by_number);
	*out = voters;
	return 0;
}

static uint32_t voter_of(const struct gather *g, uint32_t number)
{
	struct raw_agent want = {.number = number};
	const struct raw_agent *a = bsearch(
		&want, g->agents, g->agent_count, sizeof(*g->agents), by_number);

	return a ? a->voter.trust : 0;
}

static int by_index(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Signers of all claims one behind another, each claim's sorted by key (voters
 * are). */
static int place_signers(
	struct gather *g, struct candidate *claims, struct candidates *out)
{
	const struct raw_signer *s = (const void *)g->signers.p;
	uint32_t n = count_of(&g->signers, sizeof(*s));
	uint32_t *signers =
		arena_alloc(g->arena, sizeof(*signers) * ((size_t)n + 1));
	uint32_t used = 0;

	if (!signers)
		return -ENOMEM;
	for (uint32_t i = 0; i < n;) {
		struct candidate *c = &claims[s[i].claim];
		uint32_t claim = s[i].claim;

		c->signer = used;
		for (; i < n && s[i].claim == claim; i++)
			signers[c->signer + c->signer_count++] =
				voter_of(g, s[i].number);
		c->signer_count = unique(signers + c->signer, c->signer_count,
			sizeof(*signers), by_index);
		used += c->signer_count;
	}
	out->signers = signers;
	out->signer_count = used;
	return 0;
}

static int place_clusters(
	struct gather *g, struct candidate *claims, struct candidates *out)
{
	const struct cluster_hash *of = (const void *)g->clusters.p;
	struct cluster_hash *table = arena_alloc(
		g->arena, sizeof(*table) * ((size_t)out->claim_count + 1));

	if (!table)
		return -ENOMEM;
	if (out->claim_count)
		memcpy(table, of, sizeof(*table) * out->claim_count);
	out->cluster_count =
		unique(table, out->claim_count, sizeof(*table), cluster_order);
	for (uint32_t i = 0; i < out->claim_count; i++) {
		const struct cluster_hash *at = bsearch(&of[i], table,
			out->cluster_count, sizeof(*table), cluster_order);

		claims[i].cluster = at ? (uint32_t)(at - table) : 0;
	}
	return 0;
}

static int place_ballots(struct gather *g, struct candidates *out)
{
	const struct raw_ballot *b = (const void *)g->ballots.p;
	uint32_t n = count_of(&g->ballots, sizeof(*b));
	struct ballot *ballots =
		arena_alloc(g->arena, sizeof(*ballots) * ((size_t)n + 1));

	if (!ballots)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		ballots[i] = (struct ballot){
			.voter = voter_of(g, b[i].number),
			.candidate = b[i].claim,
			.timestamp = b[i].vote.timestamp,
			.id = b[i].vote.id,
			.weight = b[i].vote.weight,
			.against = b[i].vote.against != 0,
		};
	out->ballots = ballots;
	out->ballot_count = n;
	return 0;
}

int pair_candidates(const struct source *s, const struct pair_key *p,
	uint32_t min_trust, struct arena *a, struct candidates *out)
{
	__attribute__((cleanup(gather_free))) struct gather g = {
		.source = s, .arena = a};
	struct candidates c = {.min_trust = min_trust};
	struct candidate *claims;
	struct voter *voters = NULL;
	int rc = gather_rows(&g, p);

	if (rc < 0)
		return rc;
	c.claim_count = count_of(&g.claims, sizeof(*claims));
	claims = arena_alloc(a, g.claims.n + 1);
	if (!claims)
		return -ENOMEM;
	if (g.claims.n)
		memcpy(claims, g.claims.p, g.claims.n);
	c.claims = claims;
	rc = index_agents(&g, &voters);
	if (rc == 0)
		rc = place_signers(&g, claims, &c);
	if (rc == 0)
		rc = place_clusters(&g, claims, &c);
	if (rc == 0)
		rc = place_ballots(&g, &c);
	if (rc < 0)
		return rc;
	c.voters = voters;
	c.voter_count = g.agent_count;
	*out = c;
	return 0;
}

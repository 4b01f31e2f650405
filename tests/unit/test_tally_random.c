/* tally() against the rules written down as slowly and plainly as they can be, on
 * random pairs full of ties; and against itself with everything renumbered and
 * shuffled. */
#include <stdlib.h>

#include "core/tally.h"
#include "tests/unit/tap.h"

enum {
	CLAIMS = 70,
	VOTERS = 6,
	BALLOTS = 90,
	SIGNERS = 2 * CLAIMS,
	CLUSTERS = 24,
	ROUNDS = 4000,
};

struct world {
	struct candidate claims[CLAIMS];
	uint32_t signers[SIGNERS];
	struct ballot ballots[BALLOTS];
	struct voter voters[VOTERS];
	struct candidates in;
};

struct word {
	uint32_t claim;
	uint64_t timestamp;
	struct id id;
	uint64_t weight;
	bool against;
};

struct sums {
	int64_t given[STANDINGS], against[STANDINGS], support[STANDINGS];
	uint32_t agents, claims, leader;
};

/* What the plain rules say. */
struct plain {
	struct sums clusters[CLUSTERS];
	int64_t net[CLAIMS][STANDINGS];
	uint32_t own_agents[CLAIMS];
	uint32_t agents;
	bool opposed;
};

static uint64_t seed = 88172645463325252;

static uint32_t chance(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 11) % n);
}

static bool newer(uint64_t ta, const struct id *a, uint64_t tb, const struct id *b)
{
	return ta != tb ? ta > tb : memcmp(a, b, sizeof(*a)) > 0;
}

static bool signs(const struct world *w, uint32_t agent, const struct candidate *c)
{
	for (uint32_t i = 0; i < c->signer_count; i++)
		if (w->signers[c->signer + i] == agent)
			return true;
	return false;
}

/* Is it the agent's newest claim from that source? */
static bool is_statement(const struct world *w, uint32_t agent, uint32_t claim)
{
	const struct candidate *c = &w->claims[claim];

	if (!signs(w, agent, c))
		return false;
	for (uint32_t i = 0; i < w->in.claim_count; i++) {
		const struct candidate *d = &w->claims[i];

		if (signs(w, agent, d) && d->source == c->source &&
			newer(d->timestamp, &d->id, c->timestamp, &c->id))
			return false;
	}
	return true;
}

static void hear(struct word *word, bool *any, struct word heard)
{
	if (!*any || newer(heard.timestamp, &heard.id, word->timestamp, &word->id))
		*word = heard;
	*any = true;
}

/* The agent's word on the cluster, if it has one. */
static bool find_word(
	const struct world *w, uint32_t agent, uint32_t cluster, struct word *word)
{
	bool any = false;

	for (uint32_t i = 0; i < w->in.claim_count; i++) {
		const struct candidate *c = &w->claims[i];

		if (c->cluster == cluster && is_statement(w, agent, i))
			hear(word, &any,
				(struct word){
					i, c->timestamp, c->id, c->confidence, 0});
	}
	for (uint32_t i = 0; i < w->in.ballot_count; i++) {
		const struct ballot *b = &w->ballots[i];

		if (b->voter == agent && w->claims[b->candidate].cluster == cluster)
			hear(word, &any,
				(struct word){b->candidate, b->timestamp, b->id,
					b->weight, b->against});
	}
	return any;
}

static void speak(const struct world *w, uint32_t agent, struct plain *p)
{
	struct word words[CLUSTERS];
	bool has[CLUSTERS] = {0}, counts[CLUSTERS] = {0}, any = false;
	uint64_t trust = w->voters[agent].trust, most = 0, sum = 0;
	int s = trust >= w->in.min_trust ? MEMBERS : STRANGERS;

	for (uint32_t c = 0; c < CLUSTERS; c++)
		any |= has[c] = find_word(w, agent, c, &words[c]);
	p->agents += any;
	for (uint32_t c = 0; c < CLUSTERS; c++) {
		uint32_t before = 0;

		for (uint32_t d = 0; d < CLUSTERS; d++)
			before += has[c] && has[d] &&
				  newer(words[d].timestamp, &words[d].id,
					  words[c].timestamp, &words[c].id);
		counts[c] = has[c] && before < 16;
		if (counts[c] && words[c].weight > most)
			most = words[c].weight;
		sum += counts[c] ? words[c].weight : 0;
	}
	for (uint32_t c = 0; c < CLUSTERS; c++) {
		int64_t gift = 0;

		if (!counts[c])
			continue;
		if (sum > 0)
			gift = (int64_t)(trust * most * words[c].weight /
					 (sum * 1000000));
		p->opposed |= words[c].against;
		*(words[c].against ? &p->clusters[c].against[s]
				   : &p->clusters[c].given[s]) += gift;
		p->net[words[c].claim][s] += words[c].against ? -gift : gift;
		p->clusters[c].agents += !words[c].against;
		p->own_agents[words[c].claim] += !words[c].against;
	}
}

static int stage(uint8_t lifecycle)
{
	static const int order[] = {2, 1, 0, 3, 4};

	return order[lifecycle];
}

static bool leads(
	const struct world *w, const struct plain *p, uint32_t a, uint32_t b)
{
	const struct candidate *x = &w->claims[a], *y = &w->claims[b];

	for (int s = 0; s < STANDINGS; s++)
		if (p->net[a][s] != p->net[b][s])
			return p->net[a][s] > p->net[b][s];
	if (x->lifecycle != y->lifecycle)
		return stage(x->lifecycle) < stage(y->lifecycle);
	if (p->own_agents[a] != p->own_agents[b])
		return p->own_agents[a] > p->own_agents[b];
	if (x->timestamp != y->timestamp)
		return x->timestamp > y->timestamp;
	return memcmp(&x->id, &y->id, sizeof(x->id)) < 0;
}

static struct plain weigh_plainly(const struct world *w)
{
	struct plain p = {0};

	for (uint32_t v = 0; v < VOTERS; v++)
		speak(w, v, &p);
	for (uint32_t i = 0; i < w->in.claim_count; i++) {
		struct sums *c = &p.clusters[w->claims[i].cluster];

		if (c->claims++ == 0 || leads(w, &p, i, c->leader))
			c->leader = i;
	}
	for (uint32_t i = 0; i < CLUSTERS; i++)
		for (int s = 0; s < STANDINGS; s++) {
			struct sums *c = &p.clusters[i];

			if (c->given[s] > c->against[s])
				c->support[s] = c->given[s] - c->against[s];
		}
	return p;
}

/* Is cluster a before cluster b? */
static bool stronger(
	const struct world *w, const struct plain *p, uint32_t a, uint32_t b)
{
	const struct sums *x = &p->clusters[a], *y = &p->clusters[b];
	const struct candidate *m = &w->claims[x->leader],
			       *n = &w->claims[y->leader];

	for (int s = 0; s < STANDINGS; s++)
		if (x->support[s] != y->support[s])
			return x->support[s] > y->support[s];
	if (m->lifecycle != n->lifecycle)
		return stage(m->lifecycle) < stage(n->lifecycle);
	if (x->agents != y->agents)
		return x->agents > y->agents;
	if (m->timestamp != n->timestamp)
		return m->timestamp > n->timestamp;
	return memcmp(&m->id, &n->id, sizeof(m->id)) < 0;
}

static int by_age(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	return newer(a->timestamp, &a->id, b->timestamp, &b->id) ? 1 : -1;
}

static uint32_t weight(void)
{
	static const uint32_t usual[] = {
		0, 1, 250000, 500000, 500000, 999999, 1000000};

	return chance(3) ? usual[chance(7)] : chance(1000001);
}

static void make_claims(struct world *w, uint32_t times, uint32_t sources)
{
	uint32_t clusters = 1 + chance(CLUSTERS);

	w->in.claim_count = 1 + chance(chance(2) ? CLAIMS : 8);
	for (uint32_t i = 0; i < w->in.claim_count; i++) {
		struct candidate *c = &w->claims[i];

		*c = (struct candidate){.timestamp = chance(times),
			.source = chance(sources),
			.cluster = chance(clusters),
			.confidence = weight(),
			.lifecycle = (uint8_t)chance(LIFECYCLES)};
		c->id.b[0] = (uint8_t)chance(256);
		c->id.b[1] = (uint8_t)i;
	}
	qsort(w->claims, w->in.claim_count, sizeof(*w->claims), by_age);
	for (uint32_t i = 0; i < w->in.claim_count; i++) {
		struct candidate *c = &w->claims[i];
		uint32_t first = chance(chance(2) ? VOTERS : 1);

		c->signer = w->in.signer_count;
		c->signer_count = chance(4) == 0 && first + 1 < VOTERS ? 2 : 1;
		for (uint32_t s = 0; s < c->signer_count; s++)
			w->signers[w->in.signer_count++] = first + s;
	}
}

static void make_world(struct world *w)
{
	static const uint32_t trusts[] = {
		0, 10000, 299999, 300000, 500000, 1000000};
	uint32_t times = 1 + chance(40), tries = chance(BALLOTS + 1);

	*w = (struct world){0};
	w->in = (struct candidates){.claims = w->claims,
		.signers = w->signers,
		.ballots = w->ballots,
		.voters = w->voters,
		.voter_count = VOTERS,
		.cluster_count = CLUSTERS,
		.min_trust = 300000};
	for (uint32_t i = 0; i < VOTERS; i++)
		w->voters[i].trust = trusts[chance(6)];
	make_claims(w, times, 1 + chance(chance(2) ? 40 : 2));
	for (uint32_t i = 0; i < tries; i++) {
		struct ballot b = {.voter = chance(VOTERS),
			.candidate = chance(w->in.claim_count),
			.timestamp = chance(times),
			.weight = weight() | 1,
			.against = chance(3) == 0};
		bool voted = false;

		b.id.b[0] = (uint8_t)chance(256);
		b.id.b[1] = (uint8_t)(128 + i);
		for (uint32_t j = 0; j < w->in.ballot_count; j++)
			voted |= w->ballots[j].voter == b.voter &&
				 w->ballots[j].candidate == b.candidate;
		if (!voted)
			w->ballots[w->in.ballot_count++] = b;
	}
}

static void check_cluster(const struct cluster *c, const struct sums *p)
{
	CHECK(c->claims == p->claims && c->agents == p->agents &&
		c->leader == p->leader);
	for (int s = 0; s < STANDINGS; s++) {
		CHECK((int64_t)c->given[s] == p->given[s]);
		CHECK((int64_t)c->against[s] == p->against[s]);
		CHECK((int64_t)c->support[s] == p->support[s]);
	}
}

static void the_plain_rules_give_the_same_sums(void)
{
	static struct world w;

	for (int round = 0; round < ROUNDS && !tap_bad; round++) {
		ARENA_AUTO(a);
		struct tally t;
		struct plain p;

		make_world(&w);
		p = weigh_plainly(&w);
		CHECK(tally(&w.in, &a, &t) == 0);
		CHECK(t.agents == p.agents && t.opposed == p.opposed);
		for (uint32_t i = 0; i < t.cluster_count; i++) {
			check_cluster(
				&t.clusters[i], &p.clusters[t.clusters[i].cluster]);
			CHECK(i == 0 || stronger(&w, &p, t.clusters[i - 1].cluster,
						t.clusters[i].cluster));
		}
		for (uint32_t i = 0; i < w.in.claim_count; i++) {
			CHECK(t.own[i].agents == p.own_agents[i]);
			CHECK(t.own[i].net[MEMBERS] == p.net[i][MEMBERS]);
			CHECK(t.own[i].net[STRANGERS] == p.net[i][STRANGERS]);
		}
	}
}

/* Other numbers for agents and clusters, votes in another order. */
static void shuffle(struct world *w)
{
	uint32_t turn = 1 + chance(VOTERS - 1), step = 1 + chance(CLUSTERS - 1);
	struct voter before[VOTERS];

	memcpy(before, w->voters, sizeof(before));
	for (uint32_t i = 0; i < VOTERS; i++)
		w->voters[(i + turn) % VOTERS] = before[i];
	for (uint32_t i = 0; i < w->in.signer_count; i++)
		w->signers[i] = (w->signers[i] + turn) % VOTERS;
	for (uint32_t i = 0; i < w->in.claim_count; i++)
		w->claims[i].cluster = (w->claims[i].cluster + step) % CLUSTERS;
	for (uint32_t i = 0; i < w->in.ballot_count; i++) {
		uint32_t other = chance(i + 1);
		struct ballot b = w->ballots[i];

		b.voter = (b.voter + turn) % VOTERS;
		w->ballots[i] = w->ballots[other];
		w->ballots[other] = b;
	}
}

static void order_and_numbering_do_not_matter(void)
{
	static struct world w;

	for (int round = 0; round < ROUNDS && !tap_bad; round++) {
		ARENA_AUTO(a);
		struct tally t, u;

		make_world(&w);
		CHECK(tally(&w.in, &a, &t) == 0);
		shuffle(&w);
		CHECK(tally(&w.in, &a, &u) == 0);
		CHECK(t.cluster_count == u.cluster_count && t.agents == u.agents);
		CHECK(t.conflict == u.conflict && t.status == u.status);
		for (uint32_t i = 0; i < t.cluster_count; i++) {
			u.clusters[i].cluster = t.clusters[i].cluster;
			CHECK(!memcmp(&t.clusters[i], &u.clusters[i],
				sizeof(t.clusters[i])));
		}
		for (uint32_t i = 0; i < w.in.claim_count; i++)
			CHECK(t.own[i].agents == u.own[i].agents &&
				t.own[i].net[MEMBERS] == u.own[i].net[MEMBERS] &&
				t.own[i].net[STRANGERS] == u.own[i].net[STRANGERS]);
	}
}

int main(void)
{
	RUN(the_plain_rules_give_the_same_sums);
	RUN(order_and_numbering_do_not_matter);
	return tap_done();
}

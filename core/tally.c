/* Weighing a pair: two sorts and one walk.
 *
 * The first sort puts what an agent claimed from one source together, oldest first:
 * the last of each run is a statement. The second puts all that an agent said,
 * statements and votes, newest first: then the first thing met on a cluster is the
 * agent's word there, the words come in the order of their age, and after
 * TALLY_WORDS clusters the walk goes on to the next agent. In a set each cluster is a
 * group of its own, with statements and a budget of its own. What it gives is added
 * to the clusters and to the claims that it spoke of; leaders and ranks follow from
 * these sums. */
#include "core/tally.h"

#include <errno.h>
#include <stdlib.h>

/* A claim in the mouth of one of its signers. */
struct saying {
	uint32_t voter;
	uint32_t group;
	uint32_t claim;
	uint64_t source;
};

/* A statement or a vote: what may become a word. */
struct utterance {
	uint32_t voter;
	uint32_t group;
	uint32_t claim;
	uint64_t timestamp;
	const struct id *id;
	uint32_t weight;
	bool against;
};

/* A cluster on its way to its place. */
struct ranked {
	struct rank rank;
	const struct cluster *cluster;
};

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* What shares a budget. */
static uint32_t group_of(const struct candidates *in, uint32_t claim)
{
	return in->set ? in->claims[claim].cluster : 0;
}

/* Claims stand by (timestamp, id), so the index tells which is newer. */
static int by_voter_source_age(const void *left, const void *right)
{
	const struct saying *a = left, *b = right;

	if (a->voter != b->voter)
		return order(a->voter, b->voter);
	if (a->group != b->group)
		return order(a->group, b->group);
	if (a->source != b->source)
		return order(a->source, b->source);
	return order(a->claim, b->claim);
}

static int by_voter_newest(const void *left, const void *right)
{
	const struct utterance *a = left, *b = right;

	if (a->voter != b->voter)
		return order(a->voter, b->voter);
	if (a->group != b->group)
		return order(a->group, b->group);
	if (a->timestamp != b->timestamp)
		return order(b->timestamp, a->timestamp);
	return id_compare(b->id, a->id);
}

unsigned lifecycle_rank(uint8_t lifecycle)
{
	switch (lifecycle) {
	case LIFECYCLE_APPROVED:
		return 0;
	case LIFECYCLE_UNDER_REVIEW:
		return 1;
	case LIFECYCLE_PROPOSED:
		return 2;
	case LIFECYCLE_DEPRECATED:
		return 3;
	default:
		return 4;
	}
}

int rank_compare(const struct rank *a, const struct rank *b)
{
	for (int s = 0; s < STANDINGS; s++)
		if (a->support[s] != b->support[s])
			return order(b->support[s], a->support[s]);
	if (a->lifecycle != b->lifecycle)
		return order(
			lifecycle_rank(a->lifecycle), lifecycle_rank(b->lifecycle));
	if (a->agents != b->agents)
		return order(b->agents, a->agents);
	if (a->timestamp != b->timestamp)
		return order(b->timestamp, a->timestamp);
	return id_compare(&a->id, &b->id);
}

/* Adding 2^63 maps signed order onto unsigned order. */
static uint64_t shifted(int64_t net)
{
	return (uint64_t)net ^ UINT64_C(1) << 63;
}

struct rank claim_rank(
	const struct candidates *in, const struct own_word *own, uint32_t claim)
{
	const struct candidate *c = &in->claims[claim];

	return (struct rank){
		.support = {shifted(own[claim].net[MEMBERS]),
			shifted(own[claim].net[STRANGERS])},
		.lifecycle = c->lifecycle,
		.agents = own[claim].agents,
		.timestamp = c->timestamp,
		.id = c->id,
	};
}

void tally_gifts(uint32_t trust, const uint32_t *weights, size_t n, uint64_t *gifts)
{
	uint64_t greatest = 0, sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum += weights[i];
		if (weights[i] > greatest)
			greatest = weights[i];
	}
	for (size_t i = 0; i < n; i++) /* three factors of at most 10^6: fits */
		gifts[i] =
			sum ? trust * greatest * weights[i] / (sum * MILLION) : 0;
}

/* Append the statements to said; how many. */
static size_t statements(
	const struct candidates *in, struct saying *sayings, struct utterance *said)
{
	size_t n = 0, count = 0;

	for (uint32_t i = 0; i < in->claim_count; i++) {
		const struct candidate *c = &in->claims[i];

		for (uint32_t j = 0; j < c->signer_count; j++)
			sayings[n++] = (struct saying){
				.voter = in->signers[c->signer + j],
				.group = group_of(in, i),
				.claim = i,
				.source = c->source,
			};
	}
	qsort(sayings, n, sizeof(*sayings), by_voter_source_age);
	for (size_t i = 0; i < n; i++) {
		const struct candidate *c = &in->claims[sayings[i].claim];

		if (i + 1 < n && sayings[i].voter == sayings[i + 1].voter &&
			sayings[i].group == sayings[i + 1].group &&
			sayings[i].source == sayings[i + 1].source)
			continue; /* said anew later */
		said[count++] = (struct utterance){
			.voter = sayings[i].voter,
			.group = sayings[i].group,
			.claim = sayings[i].claim,
			.timestamp = c->timestamp,
			.id = &c->id,
			.weight = c->confidence,
		};
	}
	return count;
}

static size_t votes(const struct candidates *in, struct utterance *said)
{
	for (uint32_t i = 0; i < in->ballot_count; i++) {
		const struct ballot *b = &in->ballots[i];

		said[i] = (struct utterance){
			.voter = b->voter,
			.group = group_of(in, b->candidate),
			.claim = b->candidate,
			.timestamp = b->timestamp,
			.id = &b->id,
			.weight = b->weight,
			.against = b->against,
		};
	}
	return in->ballot_count;
}

/* The words of one agent in one group, from what it said newest first; how many. */
static size_t newest_words(const struct candidates *in,
	const struct utterance *said, size_t n,
	const struct utterance *words[TALLY_WORDS])
{
	size_t count = 0;

	for (size_t i = 0; i < n && count < TALLY_WORDS; i++) {
		uint32_t cluster = in->claims[said[i].claim].cluster;
		size_t known = 0;

		while (known < count &&
			in->claims[words[known]->claim].cluster != cluster)
			known++;
		if (known == count)
			words[count++] = &said[i];
	}
	return count;
}

static void count_word(const struct utterance *word, struct cluster *cluster,
	struct own_word *own, enum standing s, uint64_t gift)
{
	if (word->against) {
		cluster->against[s] += gift;
		own->net[s] -= (int64_t)gift;
		return;
	}
	cluster->given[s] += gift;
	cluster->agents++;
	own->net[s] += (int64_t)gift;
	own->agents++;
}

static void count_voter(const struct candidates *in, const struct utterance *said,
	size_t n, struct cluster *clusters, struct tally *out)
{
	uint32_t trust = in->voters[said->voter].trust;
	enum standing s = trust >= in->min_trust ? MEMBERS : STRANGERS;
	const struct utterance *words[TALLY_WORDS];
	uint32_t weights[TALLY_WORDS];
	uint64_t gifts[TALLY_WORDS];
	size_t count = newest_words(in, said, n, words);

	for (size_t i = 0; i < count; i++)
		weights[i] = words[i]->weight;
	tally_gifts(trust, weights, count, gifts);
	for (size_t i = 0; i < count; i++) {
		uint32_t claim = words[i]->claim;

		count_word(words[i], &clusters[in->claims[claim].cluster],
			&out->own[claim], s, gifts[i]);
		out->opposed |= words[i]->against;
	}
}

/* Let everybody speak: the sums of clusters, and own, agents and opposed of out. */
static int count_voters(const struct candidates *in, struct arena *scratch,
	struct cluster *clusters, struct tally *out)
{
	size_t most = (size_t)in->signer_count + in->ballot_count, n, end;
	struct saying *sayings =
		arena_alloc(scratch, in->signer_count * sizeof(*sayings));
	struct utterance *said = arena_alloc(scratch, most * sizeof(*said));

	if (!sayings || !said)
		return -ENOMEM;
	n = statements(in, sayings, said);
	n += votes(in, said + n);
	qsort(said, n, sizeof(*said), by_voter_newest);
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n && said[end].voter == said[i].voter &&
				  said[end].group == said[i].group;)
			end++;
		out->agents += i == 0 || said[i].voter != said[i - 1].voter;
		count_voter(in, said + i, end - i, clusters, out);
	}
	return 0;
}

static void find_leaders(const struct candidates *in, const struct own_word *own,
	struct cluster *clusters)
{
	for (uint32_t i = 0; i < in->claim_count; i++) {
		struct cluster *c = &clusters[in->claims[i].cluster];

		if (c->claims++ > 0) {
			struct rank leader = claim_rank(in, own, c->leader);
			struct rank mine = claim_rank(in, own, i);

			if (rank_compare(&mine, &leader) > 0)
				continue;
		}
		c->leader = i;
	}
}

static int by_rank(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	return rank_compare(&a->rank, &b->rank);
}

/* Support, and the clusters in their order into out. A number without a claim,
 * which a reader who may see less than all can leave, is no cluster. */
static int rank_clusters(const struct candidates *in, struct arena *scratch,
	struct cluster *clusters, struct tally *out)
{
	struct ranked *ranked =
		arena_alloc(scratch, in->cluster_count * sizeof(*ranked));

	if (!ranked)
		return -ENOMEM;
	for (uint32_t i = 0; i < in->cluster_count; i++) {
		struct cluster *c = &clusters[i];
		struct ranked *r = &ranked[out->cluster_count];

		if (c->claims == 0)
			continue;
		r->rank = claim_rank(in, out->own, c->leader);
		r->rank.agents = c->agents;
		for (int s = 0; s < STANDINGS; s++) {
			if (c->given[s] > c->against[s])
				c->support[s] = c->given[s] - c->against[s];
			out->total[s] += c->support[s];
			r->rank.support[s] = c->support[s];
		}
		c->cluster = i;
		r->cluster = c;
		out->cluster_count++;
	}
	qsort(ranked, out->cluster_count, sizeof(*ranked), by_rank);
	for (uint32_t i = 0; i < out->cluster_count; i++)
		out->clusters[i] = *ranked[i].cluster;
	return 0;
}

/* The clusters stand by their counted support: where members count, these come
 * first in the order, and where they do not, all members' supports are 0. */
static int judge(
	const struct candidates *in, struct arena *scratch, struct tally *out)
{
	struct level *levels =
		arena_alloc(scratch, out->cluster_count * sizeof(*levels));
	size_t n = 0;

	if (!levels)
		return -ENOMEM;
	out->counted = out->total[MEMBERS] > 0 ? MEMBERS : STRANGERS;
	for (uint32_t i = 0; i < out->cluster_count; i++) {
		uint64_t support = out->clusters[i].support[out->counted];

		if (n == 0 || levels[n - 1].support != support)
			levels[n++].support = support;
		levels[n - 1].clusters++;
	}
	out->conflict = in->set ? 0 : tally_conflict(levels, n);
	out->status = tally_status(out->total[out->counted], out->agents,
		out->cluster_count, out->opposed, out->conflict);
	return 0;
}

int tally(const struct candidates *in, struct arena *a, struct tally *out)
{
	ARENA_AUTO(scratch);
	struct cluster *clusters =
		arena_alloc(&scratch, in->cluster_count * sizeof(*clusters));
	struct tally t = {
		.clusters = arena_alloc(a, in->cluster_count * sizeof(*t.clusters)),
		.own = arena_alloc(a, in->claim_count * sizeof(*t.own)),
	};

	if (!clusters || !t.clusters || !t.own)
		return -ENOMEM;
	if (count_voters(in, &scratch, clusters, &t) < 0)
		return -ENOMEM;
	find_leaders(in, t.own, clusters);
	if (rank_clusters(in, &scratch, clusters, &t) < 0 ||
		judge(in, &scratch, &t) < 0)
		return -ENOMEM;
	*out = t;
	return 0;
}

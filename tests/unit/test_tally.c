#include <stdlib.h>

#include "core/tally.h"
#include "tests/unit/tap.h"

enum {
	CLAIMS = 60,
	VOTERS = 9,
	BALLOTS = 80,
	SIGNERS = 3 * CLAIMS,
};

/* A pair in fixed arrays, built a line at a time. */
struct world {
	struct candidate claims[CLAIMS];
	uint32_t signers[SIGNERS];
	struct ballot ballots[BALLOTS];
	struct voter voters[VOTERS];
	struct candidates in;
};

static struct world world;
static struct arena arena;

static struct id id_number(uint32_t n)
{
	struct id id = {{0}};

	id.b[0] = (uint8_t)(n >> 8);
	id.b[1] = (uint8_t)n;
	return id;
}

/* n agents of the trust, whose keys are 0, 1, 2… */
static void start(uint32_t n, uint32_t trust)
{
	memset(&world, 0, sizeof(world));
	world.in = (struct candidates){
		.claims = world.claims,
		.signers = world.signers,
		.ballots = world.ballots,
		.voters = world.voters,
		.voter_count = n,
		.min_trust = 300000,
	};
	for (uint32_t i = 0; i < n; i++) {
		world.voters[i].key.b[0] = (uint8_t)i;
		world.voters[i].trust = trust;
	}
}

/* The agent claims; time goes up by one with each claim. */
static struct candidate *claim(
	uint32_t agent, uint32_t cluster, uint32_t confidence)
{
	uint32_t n = world.in.claim_count++;
	struct candidate *c = &world.claims[n];

	*c = (struct candidate){
		.id = id_number(n),
		.timestamp = 100 + n,
		.cluster = cluster,
		.confidence = confidence,
		.stated = true,
		.source_class = CLASSES,
		.signer = world.in.signer_count,
		.signer_count = 1,
		.locator = n,
	};
	world.signers[world.in.signer_count++] = agent;
	if (cluster >= world.in.cluster_count)
		world.in.cluster_count = cluster + 1;
	return c;
}

static struct ballot *vote(uint32_t agent, uint32_t candidate, int32_t weight)
{
	uint32_t n = world.in.ballot_count++;
	struct ballot *b = &world.ballots[n];

	*b = (struct ballot){
		.voter = agent,
		.candidate = candidate,
		.timestamp = 1000 + n,
		.id = id_number(1000 + n),
		.weight = (uint32_t)abs(weight),
		.against = weight < 0,
	};
	return b;
}

static struct tally weigh(void)
{
	struct tally t;

	CHECK(tally(&world.in, &arena, &t) == 0);
	return t;
}

static void a_lonely_unstated_claim_has_a_quarter(void)
{
	struct tally t;

	start(1, 500000);
	claim(0, 0, CONFIDENCE_UNSTATED)->stated = false;
	t = weigh();
	CHECK(t.cluster_count == 1 && t.agents == 1 && t.status == STATUS_SINGLE);
	CHECK(t.clusters[0].support[MEMBERS] == 250000);
	CHECK(t.total[MEMBERS] == 250000 && t.counted == MEMBERS);
	CHECK(t.total[MEMBERS] * MILLION / (t.total[MEMBERS] + TALLY_PRIOR) ==
		333333);
}

static void nothing_said_is_nothing(void)
{
	struct tally t;

	start(0, 0);
	t = weigh();
	CHECK(t.cluster_count == 0 && t.agents == 0 && t.status == STATUS_NONE);
	CHECK(t.conflict == 0 && t.total[MEMBERS] == 0 && t.total[STRANGERS] == 0);
}

static void saying_it_fifty_times_is_saying_it_once(void)
{
	struct tally t;

	start(2, 500000);
	for (int i = 0; i < 50; i++)
		claim(0, 0, 500000);
	claim(1, 1, 500000);
	t = weigh();
	CHECK(t.clusters[0].support[MEMBERS] == 250000);
	CHECK(t.clusters[1].support[MEMBERS] == 250000);
	CHECK(t.clusters[0].claims + t.clusters[1].claims == 51);
	CHECK(t.status == STATUS_CONTESTED && t.conflict == CONFLICT_ONE);
}

static void many_sources_share_one_budget(void)
{
	struct tally t;

	start(1, 600000);
	for (uint32_t i = 0; i < 4; i++)
		claim(0, i, 800000)->source = i + 1;
	t = weigh();
	CHECK(t.cluster_count == 4);
	for (int i = 0; i < 4; i++)
		CHECK(t.clusters[i].support[MEMBERS] == 120000);
	CHECK(t.total[MEMBERS] == 480000);
}

static void only_the_sixteen_newest_words_count(void)
{
	struct tally t;
	uint32_t supported = 0;

	start(1, 1000000);
	for (uint32_t i = 0; i < 20; i++)
		claim(0, i, 500000)->source = i + 1;
	t = weigh();
	CHECK(t.cluster_count == 20);
	for (uint32_t i = 0; i < 20; i++) {
		uint64_t support = t.clusters[i].support[MEMBERS];

		supported += support > 0;
		CHECK(support == (t.clusters[i].cluster >= 4 ? 31250 : 0));
		CHECK(t.clusters[i].agents == (t.clusters[i].cluster >= 4));
	}
	CHECK(supported == TALLY_WORDS);
}

static void changing_ones_mind_moves_the_budget(void)
{
	struct tally t;

	start(1, 500000);
	claim(0, 0, 1000000);
	claim(0, 1, 1000000);
	t = weigh();
	CHECK(t.clusters[0].cluster == 1 &&
		t.clusters[0].support[MEMBERS] == 500000);
	CHECK(t.clusters[1].support[MEMBERS] == 0 && t.clusters[1].agents == 0);
}

static void a_vote_against_takes_away_and_support_stops_at_nothing(void)
{
	struct tally t;

	start(3, 500000);
	claim(0, 0, 400000);
	vote(1, 0, -1000000);
	t = weigh();
	CHECK(t.clusters[0].given[MEMBERS] == 200000);
	CHECK(t.clusters[0].against[MEMBERS] == 500000);
	CHECK(t.clusters[0].support[MEMBERS] == 0 && t.status == STATUS_NONE);
	CHECK(t.own[0].net[MEMBERS] == -300000 && t.own[0].agents == 1);
	CHECK(t.opposed && t.agents == 2 && t.clusters[0].agents == 1);
}

static void one_cluster_with_a_voice_against_is_not_unanimous(void)
{
	start(3, 500000);
	claim(0, 0, 1000000);
	claim(1, 0, 1000000);
	CHECK(weigh().status == STATUS_UNANIMOUS);
	vote(2, 0, -1);
	CHECK(weigh().status == STATUS_AGREED);
}

static void the_newest_of_claim_and_vote_is_the_word(void)
{
	struct tally t;

	start(1, 500000);
	claim(0, 0, 1000000);
	vote(0, 0, -500000);
	t = weigh();
	CHECK(t.clusters[0].given[MEMBERS] == 0);
	CHECK(t.clusters[0].against[MEMBERS] == 250000);
	world.ballots[0].timestamp = 1;
	t = weigh();
	CHECK(t.clusters[0].given[MEMBERS] == 500000);
	CHECK(t.clusters[0].against[MEMBERS] == 0);
}

static void in_a_set_each_cluster_is_a_pair_of_its_own(void)
{
	struct tally t;

	start(2, 500000);
	claim(0, 0, 1000000);
	claim(0, 1, 400000); /* the same source: both are statements */
	claim(1, 1, 400000);
	claim(0, 0, 600000); /* the newer one of its cluster */
	vote(1, 0, -200000);
	world.in.set = true;
	t = weigh();
	CHECK(t.clusters[0].cluster == 1);
	CHECK(t.clusters[0].support[MEMBERS] == 400000);
	CHECK(t.clusters[1].given[MEMBERS] == 300000);
	CHECK(t.clusters[1].against[MEMBERS] == 100000);
	CHECK(t.own[0].net[MEMBERS] == -100000 && t.own[3].net[MEMBERS] == 300000);
	CHECK(t.agents == 2 && t.conflict == 0 && t.status == STATUS_AGREED);
	world.in.set = false;
	t = weigh();
	CHECK(t.conflict > 0 && t.own[1].net[MEMBERS] == 0);
}

static void strangers_do_not_outvote_a_member(void)
{
	struct tally t;

	start(9, 10000);
	world.voters[0].trust = 300000;
	claim(0, 0, 100000);
	for (uint32_t i = 1; i < 9; i++)
		claim(i, 1, 1000000);
	t = weigh();
	CHECK(t.counted == MEMBERS && t.clusters[0].cluster == 0);
	CHECK(t.total[STRANGERS] == 80000 && t.total[MEMBERS] == 30000);
	CHECK(t.conflict == 0 && t.status == STATUS_AGREED);
	world.voters[0].trust = 299999;
	t = weigh();
	CHECK(t.counted == STRANGERS && t.clusters[0].cluster == 1);
}

static void no_conviction_is_no_support(void)
{
	struct tally t;

	start(2, 500000);
	claim(0, 0, 0);
	t = weigh();
	CHECK(t.total[MEMBERS] == 0 && t.status == STATUS_NONE);
	CHECK(t.agents == 1 && t.clusters[0].agents == 1);
}

static void the_leader_is_who_was_spoken_of(void)
{
	struct tally t;

	start(4, 500000);
	claim(0, 0, 500000);
	claim(1, 0, 500000);
	claim(2, 0, 500000);
	vote(3, 1, 600000);
	t = weigh();
	CHECK(t.clusters[0].leader == 1 && t.own[1].agents == 2);
	vote(3, 0, 700000); /* the newer vote is the word: it moves to claim 0 */
	t = weigh();
	CHECK(t.clusters[0].leader == 0 && t.own[1].agents == 1);
}

static void ties_fall_to_lifecycle_agents_time_and_id(void)
{
	struct rank a = {.support = {5, 5}, .agents = 2, .timestamp = 9}, b = a;

	CHECK(rank_compare(&a, &b) == 0);
	b.id.b[31] = 1;
	CHECK(rank_compare(&a, &b) < 0 && rank_compare(&b, &a) > 0);
	b.timestamp = 10;
	CHECK(rank_compare(&a, &b) > 0);
	a.agents = 3;
	CHECK(rank_compare(&a, &b) < 0);
	b.lifecycle = LIFECYCLE_UNDER_REVIEW;
	CHECK(rank_compare(&a, &b) > 0);
	a.lifecycle = LIFECYCLE_APPROVED;
	CHECK(rank_compare(&a, &b) < 0);
	b.support[STRANGERS] = 6;
	CHECK(rank_compare(&a, &b) > 0);
	a.support[MEMBERS] = 6;
	CHECK(rank_compare(&a, &b) < 0);
}

static void gifts_are_floored_and_never_exceed_the_budget(void)
{
	uint64_t gifts[TALLY_WORDS];

	tally_gifts(500000, (uint32_t[]){1000000, 500000}, 2, gifts);
	CHECK(gifts[0] == 333333 && gifts[1] == 166666);
	tally_gifts(500000, (uint32_t[]){0, 0}, 2, gifts);
	CHECK(gifts[0] == 0 && gifts[1] == 0);
	tally_gifts(1000000, (uint32_t[]){1000000}, 1, gifts);
	CHECK(gifts[0] == 1000000);
}

static void a_cluster_nobody_shows_is_none(void)
{
	struct tally t;

	start(1, 500000);
	claim(0, 3, 500000);
	t = weigh();
	CHECK(t.cluster_count == 1 && t.clusters[0].cluster == 3);
}

int main(void)
{
	RUN(a_lonely_unstated_claim_has_a_quarter);
	RUN(nothing_said_is_nothing);
	RUN(saying_it_fifty_times_is_saying_it_once);
	RUN(many_sources_share_one_budget);
	RUN(only_the_sixteen_newest_words_count);
	RUN(changing_ones_mind_moves_the_budget);
	RUN(a_vote_against_takes_away_and_support_stops_at_nothing);
	RUN(one_cluster_with_a_voice_against_is_not_unanimous);
	RUN(the_newest_of_claim_and_vote_is_the_word);
	RUN(in_a_set_each_cluster_is_a_pair_of_its_own);
	RUN(strangers_do_not_outvote_a_member);
	RUN(no_conviction_is_no_support);
	RUN(the_leader_is_who_was_spoken_of);
	RUN(ties_fall_to_lifecycle_agents_time_and_id);
	RUN(gifts_are_floored_and_never_exceed_the_budget);
	RUN(a_cluster_nobody_shows_is_none);
	arena_free(&arena);
	return tap_done();
}

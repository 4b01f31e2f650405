/* What stands: the rules of docs/standing.md, one by one. */
#include "core/footing.h"

#include <stdlib.h>

#include "tests/unit/tap.h"

enum {
	A,
	B,
	C,
	STEWARD,
	AGENTS,
	CLAIMS_MAX = 1200,
	WORDS_MAX = 2500,
};

/* A pair as the tests write it down: claims 0, 1, 2, … made in this order. */
struct world {
	struct fact claims[CLAIMS_MAX];
	struct signing signings[WORDS_MAX];
	struct ballot ballots[16];
	struct withdrawal withdrawals[WORDS_MAX];
	struct voter voters[AGENTS];
	struct facts facts;
	struct arena arena;
	struct footing f;
};

static struct id id_number(uint32_t n)
{
	struct id id = {{0}};

	id.b[0] = (uint8_t)(n >> 8);
	id.b[1] = (uint8_t)n;
	return id;
}

static struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	for (uint8_t i = 0; i < AGENTS; i++)
		w->voters[i] = (struct voter){
			.key = {{i}}, .trust = 500000, .steward = i == STEWARD};
	w->facts = (struct facts){
		.claims = w->claims,
		.signings = w->signings,
		.ballots = w->ballots,
		.withdrawals = w->withdrawals,
		.voters = w->voters,
		.voter_count = AGENTS,
		.cluster_count = 8,
	};
	return w;
}

static void world_free(struct world *w)
{
	arena_free(&w->arena);
	free(w);
}

static uint32_t claim(struct world *w, uint32_t cluster, uint32_t signer)
{
	uint32_t n = w->facts.claim_count++;

	w->claims[n].claim = (struct candidate){
		.id = id_number(n),
		.timestamp = n + 1,
		.cluster = cluster,
		.source_class = CLASSES,
		.declared = CLASSES,
	};
	w->signings[w->facts.signing_count++] =
		(struct signing){.claim = n, .voter = signer};
	return n;
}

/* Behind the last claim that was made only: signings are sorted. */
static void cosign(struct world *w, uint32_t agent)
{
	w->signings[w->facts.signing_count++] =
		(struct signing){.claim = w->facts.claim_count - 1, .voter = agent};
}

static void retract(struct world *w, uint32_t of, uint32_t agent)
{
	w->withdrawals[w->facts.withdrawal_count++] =
		(struct withdrawal){.claim = of, .voter = agent};
}

static void supersede(struct world *w, uint32_t of, uint32_t by, uint32_t agent,
	uint64_t timestamp)
{
	uint32_t n = w->facts.withdrawal_count++;

	w->withdrawals[n] = (struct withdrawal){
		.claim = of,
		.voter = agent,
		.timestamp = timestamp,
		.id = id_number(5000 + n),
		.replaces = true,
		.by = id_number(by),
	};
}

static void vote(struct world *w, uint32_t on, uint32_t agent)
{
	w->ballots[w->facts.ballot_count++] =
		(struct ballot){.candidate = on, .voter = agent, .weight = MILLION};
}

static void look(struct world *w)
{
	if (footing(&w->facts, &w->arena, &w->f) < 0)
		abort();
}

static void a_signer_takes_back_its_own_word_only(void)
{
	struct world *w = world_new();
	uint32_t alone = claim(w, 0, A), both;

	both = claim(w, 0, A);
	cosign(w, B);
	retract(w, alone, A);
	retract(w, both, B);
	look(w);
	CHECK(!w->f.stands[alone]);
	CHECK(w->f.stands[both]);
	CHECK(!w->signings[1].gone && w->signings[2].gone);
	world_free(w);
}

static void a_stranger_withdraws_nothing_and_a_steward_all(void)
{
	struct world *w = world_new();
	uint32_t x = claim(w, 0, A), y = claim(w, 0, A), z;

	z = claim(w, 0, A);
	cosign(w, B);
	retract(w, x, B);
	supersede(w, y, z, B, 9);
	retract(w, z, STEWARD);
	look(w);
	CHECK(w->f.stands[x]);
	CHECK(w->f.stands[y]);
	CHECK(!w->f.stands[z]);
	world_free(w);
}

static void a_replacement_must_be_there_and_stand(void)
{
	struct world *w = world_new();
	uint32_t x = claim(w, 0, A), y = claim(w, 1, A), z = claim(w, 2, A);

	supersede(w, x, 4000, A, 9); /* to nowhere */
	supersede(w, y, z, A, 9);
	retract(w, z, A);
	look(w);
	CHECK(w->f.stands[x]);
	CHECK(w->f.stands[y]);
	CHECK(w->f.successor[y] == NO_INDEX);
	world_free(w);
}

static void a_chain_ends_where_something_stands(void)
{
	struct world *w = world_new();
	uint32_t x = claim(w, 0, A), y = claim(w, 0, A), z = claim(w, 0, A);

	supersede(w, x, y, A, 9);
	supersede(w, y, z, A, 9);
	retract(w, y, A); /* says no more than that z took its place */
	vote(w, x, B);
	look(w);
	CHECK(!w->f.stands[x] && !w->f.stands[y] && w->f.stands[z]);
	CHECK(w->f.successor[x] == y);
	CHECK(footing_vote(&w->facts, &w->f, &w->ballots[0]) == z);
	world_free(w);
}

static void votes_stay_with_their_value(void)
{
	struct world *w = world_new();
	uint32_t x = claim(w, 0, A), same = claim(w, 0, A), y = claim(w, 1, A),
		 other = claim(w, 2, A);

	supersede(w, x, same, A, 9);
	supersede(w, y, other, A, 9);
	vote(w, x, B);
	vote(w, y, B);
	vote(w, x, A); /* of one who has withdrawn */
	look(w);
	CHECK(footing_vote(&w->facts, &w->f, &w->ballots[0]) == same);
	CHECK(footing_vote(&w->facts, &w->f, &w->ballots[1]) == NO_INDEX);
	CHECK(footing_vote(&w->facts, &w->f, &w->ballots[2]) == NO_INDEX);
	world_free(w);
}

static void a_new_version_takes_the_place_for_those_who_sign_both(void)
{
	struct world *w = world_new();
	uint32_t x, y;

	x = claim(w, 0, A);
	cosign(w, B);
	y = claim(w, 0, A);
	w->claims[y].has_parent = true;
	w->claims[y].parent = id_number(x);
	look(w);
	CHECK(w->f.stands[x] && w->f.stands[y]);
	CHECK(w->signings[0].gone && !w->signings[1].gone);
	/* a stranger's new version takes nobody's */
	w->signings[2].voter = C;
	look(w);
	CHECK(!w->signings[0].gone);
	/* and that of a steward everybody's */
	w->signings[2].voter = STEWARD;
	look(w);
	CHECK(!w->f.stands[x] && w->f.stands[y]);
	world_free(w);
}

static void of_a_cycle_the_newest_edge_is_ignored(void)
{
	struct world *w = world_new();
	uint32_t x = claim(w, 0, A), y = claim(w, 0, A), z = claim(w, 0, A),
		 before = claim(w, 0, A);

	supersede(w, x, y, A, 7);
	supersede(w, y, z, A, 9); /* the newest */
	supersede(w, z, x, A, 8);
	supersede(w, before, x, A, 10); /* leads to it, is not on it */
	look(w);
	CHECK(!w->f.stands[x] && w->f.stands[y] && !w->f.stands[z]);
	CHECK(!w->f.stands[before]);
	world_free(w);
}

static void two_cycles_that_share_an_edge_are_both_untied(void)
{
	struct world *w = world_new();
	uint32_t x = claim(w, 0, A), y = claim(w, 0, A), z = claim(w, 0, A);

	supersede(w, x, y, A, 9); /* on both */
	supersede(w, y, x, A, 7);
	supersede(w, y, z, A, 6);
	supersede(w, z, x, A, 5);
	look(w);
	CHECK(w->f.stands[x] && !w->f.stands[y] && !w->f.stands[z]);
	world_free(w);
}

static void who_closes_a_circle_undoes_nothing_that_a_steward_did(void)
{
	struct world *w = world_new();
	uint32_t x = claim(w, 0, A), y;

	y = claim(w, 0, B);
	cosign(w, C); /* a stranger puts its name to it, */
	supersede(w, x, y, STEWARD, 9);
	supersede(w, y, x, C, 1); /* and sends it back, with an older date */
	look(w);
	CHECK(!w->f.stands[x] && w->f.stands[y]);
	/* among those who are no stewards the newest is ignored */
	w->withdrawals[0].voter = A;
	look(w);
	CHECK(w->f.stands[x] && w->f.stands[y]);
	world_free(w);
}

static void a_knot_too_large_to_untie_is_ignored_whole(void)
{
	struct world *w = world_new();
	uint32_t n = KNOT_MAX + 1, before;

	for (uint32_t i = 0; i < n; i++)
		(void)claim(w, 0, A);
	before = claim(w, 0, A);
	for (uint32_t i = 0; i < n; i++)
		supersede(w, i, (i + 1) % n, A, i);
	supersede(w, before, 0, A, 3); /* no part of it */
	look(w);
	CHECK(w->f.stands[0] && w->f.stands[n - 1]);
	CHECK(!w->f.stands[before]);
	/* one fewer, and only the newest is */
	w->withdrawals[n - 1].by = id_number(1);
	look(w);
	CHECK(!w->f.stands[0] && !w->f.stands[1] && w->f.stands[n - 1]);
	world_free(w);
}

/* A ring of n claims by agent A, the newest edge leading back to its first; returns that. */
static uint32_t ring(struct world *w, uint32_t n)
{
	uint32_t first = w->facts.claim_count;

	for (uint32_t i = 0; i < n; i++)
		(void)claim(w, 0, A);
	for (uint32_t i = 0; i < n; i++)
		supersede(w, first + i, first + (i + 1) % n, A, first + i);
	return first;
}

static void knots_that_do_not_hang_together_are_counted_apart(void)
{
	struct world *w = world_new();
	uint32_t n = KNOT_MAX / 2 + 1, x = ring(w, n), y = ring(w, n);

	look(w);
	CHECK(!w->f.stands[x] && w->f.stands[x + n - 1]);
	CHECK(!w->f.stands[y] && w->f.stands[y + n - 1]);
	world_free(w);
}

static void what_an_agent_signed_twice_is_one_edge(void)
{
	struct world *w = world_new();
	uint32_t x = ring(w, KNOT_MAX), n = w->facts.withdrawal_count++;

	w->withdrawals[n] = w->withdrawals[n - 1];
	look(w);
	CHECK(!w->f.stands[x] && w->f.stands[x + KNOT_MAX - 1]);
	world_free(w);
}

static void a_long_chain_is_walked_without_recursion(void)
{
	struct world *w = world_new();
	uint32_t n = CLAIMS_MAX;

	for (uint32_t i = 0; i < n; i++)
		(void)claim(w, 0, A);
	for (uint32_t i = 0; i + 1 < n; i++)
		supersede(w, i, i + 1, A, 9);
	vote(w, 0, B);
	look(w);
	CHECK(!w->f.stands[0] && w->f.stands[n - 1]);
	CHECK(footing_vote(&w->facts, &w->f, &w->ballots[0]) == n - 1);
	world_free(w);
}

static void where_stewards_are_stages_and_classes_are_given(void)
{
	struct world *w = world_new();
	uint32_t x = claim(w, 0, A), y, z = claim(w, 0, B);

	w->claims[x].claim.lifecycle = LIFECYCLE_APPROVED;
	w->claims[x].claim.source_class = CLASS_REGULATORY;
	w->claims[z].claim.source_class = CLASS_CLINICAL;
	w->voters[B].grants = 1 << CLASS_CLINICAL;
	y = claim(w, 0, A);
	cosign(w, STEWARD);
	w->claims[y].claim.lifecycle = LIFECYCLE_UNDER_REVIEW;
	w->claims[y].claim.source_class = CLASS_EXPERT;
	look(w);
	CHECK(w->f.lifecycle[x] == LIFECYCLE_APPROVED);
	CHECK(w->f.source_class[x] == CLASS_REGULATORY);
	w->facts.governed = true;
	look(w);
	CHECK(w->f.lifecycle[x] == LIFECYCLE_PROPOSED);
	CHECK(w->f.source_class[x] == CLASS_ANECDOTAL);
	CHECK(w->f.lifecycle[y] == LIFECYCLE_UNDER_REVIEW);
	CHECK(w->f.source_class[y] == CLASS_EXPERT);
	CHECK(w->f.source_class[z] == CLASS_CLINICAL);
	/* a steward who has taken it back approves of nothing */
	retract(w, y, A); /* the other signer: it still stands */
	w->voters[STEWARD].steward = false;
	look(w);
	CHECK(w->f.stands[y] && w->f.lifecycle[y] == LIFECYCLE_PROPOSED);
	world_free(w);
}

static bool odd(void *ctx, const struct candidate *c)
{
	(void)ctx;
	return c->timestamp % 2 == 1;
}

static void candidates_are_what_stands_and_is_asked_for(void)
{
	struct world *w = world_new();
	struct candidates c = {0};
	uint32_t x = claim(w, 0, A), y = claim(w, 1, A), z;

	z = claim(w, 2, A);
	cosign(w, B);
	retract(w, z, A);
	vote(w, x, C);
	vote(w, y, C);
	vote(w, z, C);
	look(w);
	CHECK(footing_candidates(&w->facts, &w->f, odd, NULL, &w->arena, &c) == 0);
	CHECK(c.claim_count == 2);
	CHECK(c.claims[0].cluster == 0 && c.claims[1].cluster == 2);
	CHECK(c.claims[1].signer_count == 1);
	CHECK(c.signers[c.claims[1].signer] == B);
	CHECK(c.ballot_count == 2);
	CHECK(c.ballots[1].candidate == 1);
	world_free(w);
}

int main(void)
{
	RUN(a_signer_takes_back_its_own_word_only);
	RUN(a_stranger_withdraws_nothing_and_a_steward_all);
	RUN(a_replacement_must_be_there_and_stand);
	RUN(a_chain_ends_where_something_stands);
	RUN(votes_stay_with_their_value);
	RUN(a_new_version_takes_the_place_for_those_who_sign_both);
	RUN(of_a_cycle_the_newest_edge_is_ignored);
	RUN(two_cycles_that_share_an_edge_are_both_untied);
	RUN(who_closes_a_circle_undoes_nothing_that_a_steward_did);
	RUN(a_knot_too_large_to_untie_is_ignored_whole);
	RUN(knots_that_do_not_hang_together_are_counted_apart);
	RUN(what_an_agent_signed_twice_is_one_edge);
	RUN(a_long_chain_is_walked_without_recursion);
	RUN(where_stewards_are_stages_and_classes_are_given);
	RUN(candidates_are_what_stands_and_is_asked_for);
	return tap_done();
}

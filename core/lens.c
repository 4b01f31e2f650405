/* The registry of lenses, and what they share. */
#include "core/lens.h"

#include <errno.h>

#ifndef LENS_LIST
#error "LENS_LIST(X) is X(name) for each core/lens_<name>.c, sorted: see the Makefile"
#endif

#define DECLARE(name) extern const struct lens lens_##name;
#define ENTRY(name) &lens_##name,

LENS_LIST(DECLARE)

const struct lens *const lenses[] = {LENS_LIST(ENTRY) NULL};

const struct lens *lens_find(struct slice name)
{
	for (size_t i = 0; lenses[i]; i++)
		if (slice_is(name, lenses[i]->name))
			return lenses[i];
	return NULL;
}

int claim_compare_stated(const struct candidate *a, const struct candidate *b)
{
	return (int)b->stated - (int)a->stated;
}

int claim_compare_confidence(const struct candidate *a, const struct candidate *b)
{
	return (a->confidence < b->confidence) - (a->confidence > b->confidence);
}

int claim_compare_newest(const struct candidate *a, const struct candidate *b)
{
	if (a->timestamp != b->timestamp)
		return a->timestamp > b->timestamp ? -1 : 1;
	return id_compare(&a->id, &b->id);
}

static int compare(const struct candidate *a, const struct candidate *b,
	const struct claim_rule *rules, const char **words)
{
	int verdict = 0;

	for (; verdict == 0 && rules->compare; rules++) {
		verdict = rules->compare(a, b);
		*words = rules->words;
	}
	return verdict;
}

uint32_t claim_best(const struct candidates *in, const struct claim_rule *rules,
	const char **rule)
{
	const struct candidate *claims = in->claims;
	uint32_t best = NO_INDEX, second = NO_INDEX;

	for (uint32_t i = 0; i < in->claim_count; i++) {
		if (best == NO_INDEX ||
			compare(&claims[i], &claims[best], rules, rule) < 0) {
			second = best;
			best = i;
		} else if (second == NO_INDEX ||
			   compare(&claims[i], &claims[second], rules, rule) < 0) {
			second = i;
		}
	}
	if (best == NO_INDEX)
		*rule = "no candidates";
	else if (second == NO_INDEX)
		*rule = "the only candidate";
	else
		compare(&claims[best], &claims[second], rules, rule);
	return best;
}

uint32_t claim_leading(const struct tally *t, const char **rule)
{
	const struct cluster *first = t->clusters, *second = t->clusters + 1;

	if (t->total[t->counted] == 0) {
		*rule = "no support";
		return NO_INDEX;
	}
	if (t->cluster_count == 1)
		*rule = "the only cluster";
	else if (first->support[t->counted] > second->support[t->counted])
		*rule = t->counted == MEMBERS
				? "greatest support of members"
				: "greatest support, all of strangers";
	else if (first->support[STRANGERS] > second->support[STRANGERS])
		*rule = "equal support of members: greatest support of strangers";
	else
		*rule = "equal support: lifecycle, agents, newest, smallest id";
	return first->leader;
}

static const struct cluster *cluster_of(const struct tally *t, uint32_t number)
{
	const struct cluster *c = t->clusters;

	while (c->cluster != number) /* every claim is in one */
		c++;
	return c;
}

static int read_winner(
	const struct lens_view *v, struct arena *a, struct resolution *r)
{
	const struct candidates *in = v->input->in;
	const struct candidate *claim = &in->claims[v->winner];
	struct record *winner = arena_alloc(a, sizeof(*winner));
	struct agent *signers =
		arena_alloc(a, claim->signer_count * sizeof(*signers));
	int rc;

	if (!winner || !signers)
		return -ENOMEM;
	rc = v->bodies->read(v->bodies->ctx, claim, winner);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < claim->signer_count; i++)
		signers[i] = in->voters[in->signers[claim->signer + i]].key;
	r->has_winner = true;
	r->winner = winner;
	r->id = claim->id;
	r->signers = signers;
	r->signer_count = claim->signer_count;
	return 0;
}

int lens_resolve(const struct lens *lens, const struct lens_input *input,
	const struct bodies *bodies, struct slice subject, struct slice predicate,
	struct arena *a, struct lens_view *out)
{
	const struct tally *t = input->tally;
	struct lens_view v = {.input = input, .bodies = bodies};

	v.r = (struct resolution){
		.lens = lens,
		.subject = subject,
		.predicate = predicate,
		.total = t->total[t->counted],
		.status = t->status,
		.conflict = t->conflict,
		.candidates = input->in->claim_count,
		.agents = t->agents,
	};
	v.winner = lens->pick(input, &v.rule);
	if (v.winner != NO_INDEX) {
		uint32_t number = input->in->claims[v.winner].cluster;
		int rc = read_winner(&v, a, &v.r);

		if (rc < 0)
			return rc;
		v.r.support = cluster_of(t, number)->support[t->counted];
	}
	*out = v;
	return 0;
}

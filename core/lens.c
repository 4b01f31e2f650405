/* The registry of lenses, and what they share. */
#include "core/lens.h"

#include <errno.h>

#include "core/sets.h"

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

int claim_compare_stated(const struct lens_view *v, uint32_t a, uint32_t b)
{
	return (int)v->in->claims[b].stated - (int)v->in->claims[a].stated;
}

int claim_compare_confidence(const struct lens_view *v, uint32_t a, uint32_t b)
{
	uint32_t x = v->in->claims[a].confidence, y = v->in->claims[b].confidence;

	return (x < y) - (x > y);
}

int claim_compare_newest(const struct lens_view *v, uint32_t a, uint32_t b)
{
	const struct candidate *x = &v->in->claims[a], *y = &v->in->claims[b];

	if (x->timestamp != y->timestamp)
		return x->timestamp > y->timestamp ? -1 : 1;
	return id_compare(&x->id, &y->id);
}

int claim_compare(
	const struct lens_view *v, uint32_t a, uint32_t b, const char **words)
{
	int verdict = 0;

	for (const struct claim_rule *rule = v->r.lens->order;
		verdict == 0 && rule->compare; rule++) {
		verdict = rule->compare(v, a, b);
		*words = rule->words;
	}
	return verdict;
}

bool lens_hears(const struct lens_view *v, uint32_t claim)
{
	return !v->r.lens->hears || v->r.lens->hears(v, claim);
}

/* The best of the claims that the lens hears, and what set it apart from the
 * runner-up. */
static void pick_best(struct lens_view *v)
{
	uint32_t best = NO_INDEX, second = NO_INDEX;
	const char *words;

	for (uint32_t i = 0; i < v->in->claim_count; i++) {
		if (!lens_hears(v, i))
			continue;
		if (best == NO_INDEX || claim_compare(v, i, best, &words) < 0) {
			second = best;
			best = i;
		} else if (second == NO_INDEX ||
			   claim_compare(v, i, second, &words) < 0) {
			second = i;
		}
	}
	v->winner = best;
	if (best == NO_INDEX)
		v->rule = v->in->claim_count ? "no candidate that counts here"
					     : "no candidates";
	else if (second == NO_INDEX)
		v->rule = "the only candidate";
	else
		claim_compare(v, best, second, &v->rule);
}

int pick_leading(struct lens_view *v)
{
	const struct tally *t = v->tally;
	const struct cluster *first = t->clusters, *second = t->clusters + 1;

	if (t->total[t->counted] == 0) {
		v->rule = "no support";
		return 0;
	}
	if (t->cluster_count == 1)
		v->rule = "the only cluster";
	else if (first->support[t->counted] > second->support[t->counted])
		v->rule = t->counted == MEMBERS
				  ? "greatest support of members"
				  : "greatest support, all of strangers";
	else if (first->support[STRANGERS] > second->support[STRANGERS])
		v->rule = "equal support of members: greatest support of strangers";
	else
		v->rule = "equal support: lifecycle, agents, newest, smallest id";
	v->winner = first->leader;
	return 0;
}

bool cluster_is_held(const struct tally *t, const struct cluster *c)
{
	return c->support[t->counted] > 0;
}

int lens_look(const struct lens *lens, const struct lens_input *input,
	const struct bodies *bodies, struct arena *a, struct lens_view *out)
{
	int rc;

	*out = (struct lens_view){
		.r = {.lens = lens,
			.set = input->in->set,
			.candidates = input->in->claim_count,
			.agents = input->tally->agents},
		.input = input,
		.in = input->in,
		.tally = input->tally,
		.winner = NO_INDEX,
		.bodies = bodies,
	};
	rc = lens->see ? lens->see(out, a) : 0;
	if (rc < 0)
		return rc;
	if (out->r.set && lens->no_sets)
		out->rule = "no answer for a set";
	else if (out->r.set)
		return set_look(out, a);
	else if (lens->order)
		pick_best(out);
	else
		return lens->pick(out);
	return 0;
}

bool lens_answers(const struct lens_view *v)
{
	return v->winner != NO_INDEX || v->held_count > 0;
}

static const struct cluster *cluster_of(const struct tally *t, uint32_t number)
{
	const struct cluster *c = t->clusters;

	while (c->cluster != number) /* every claim is in one */
		c++;
	return c;
}

static int read_winner(struct lens_view *v, struct arena *a)
{
	const struct candidates *in = v->in;
	const struct candidate *claim = &in->claims[v->winner];
	const struct tally *t = v->tally;
	struct record *winner = arena_alloc(a, sizeof(*winner));
	struct agent *signers =
		arena_alloc(a, claim->signer_count * sizeof(*signers));
	struct resolution *r = &v->r;
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
	r->lifecycle = claim->lifecycle;
	r->source_class = claim->source_class;
	r->declared = claim->declared;
	r->signers = signers;
	r->signer_count = claim->signer_count;
	r->support = cluster_of(t, claim->cluster)->support[t->counted];
	return 0;
}

int lens_resolve(const struct lens *lens, const struct lens_input *input,
	const struct bodies *bodies, struct slice subject, struct slice predicate,
	struct arena *a, struct lens_view *out)
{
	int rc = lens_look(lens, input, bodies, a, out);
	const struct tally *t = out->tally;
	struct resolution *r = &out->r;

	if (rc < 0)
		return rc;
	r->subject = subject;
	r->predicate = predicate;
	r->total = t->total[t->counted];
	r->status = t->status;
	r->conflict = t->conflict;
	if (r->set)
		return set_read(out, a);
	return out->winner == NO_INDEX ? 0 : read_winner(out, a);
}

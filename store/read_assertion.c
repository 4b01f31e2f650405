/* One assertion, and one epoch, by id. */
#include <errno.h>
#include <stdlib.h>

#include "core/canon.h"
#include "store/assertion.h"
#include "store/epochs.h"
#include "store/read.h"

/* ---- assertions ---- */

/* Voters are numbered by key. */
static int by_voter(const void *left, const void *right)
{
	const struct ballot *a = left, *b = right;

	return (a->voter > b->voter) - (a->voter < b->voter);
}

/* Those who still stand behind it; the facts have them by key. */
static int find_signers(
	const struct found_assertion *f, struct arena *a, struct assertion *out)
{
	const struct facts *facts = &f->around.facts;
	struct agent *signers =
		arena_alloc(a, (facts->signing_count + 1) * sizeof(*signers));

	if (!signers)
		return -ENOMEM;
	for (uint32_t i = 0; i < facts->signing_count; i++) {
		const struct signing *s = &facts->signings[i];

		if (s->claim == f->claim && !s->gone)
			signers[out->signer_count++] = facts->voters[s->voter].key;
	}
	out->signers = signers;
	return 0;
}

int assertion_load(
	struct snap *s, const struct id *id, struct arena *a, struct assertion *out)
{
	struct found_assertion f = {0};
	struct assertion r = {.id = *id};
	struct signature *signatures = NULL;
	uint32_t successor = NO_INDEX;
	int rc = assertion_around(&s->source, id, false, a, &f);

	if (rc == 0)
		rc = find_signers(&f, a, &r);
	if (rc == 0)
		rc = source_signatures(
			&s->source, id, a, &signatures, &r.signature_count);
	if (rc == 0)
		rc = seq_time(s, f.row.seq, &r.received_at);
	if (rc < 0)
		return rc;
	r.record = f.record;
	r.canonical = f.canonical;
	r.seq = f.row.seq;
	r.signatures = signatures;
	r.lifecycle = f.footing.lifecycle[f.claim];
	r.source_class = f.footing.source_class[f.claim];
	r.withdrawn = !f.footing.stands[f.claim];
	successor = f.footing.successor[f.claim];
	r.replaced = r.withdrawn && successor != NO_INDEX;
	if (r.replaced)
		r.by = f.around.claims[successor].claim.id;
	*out = r;
	return 0;
}

int assertion_votes(
	struct snap *s, const struct id *id, vote_visit *visit, void *ctx)
{
	ARENA_AUTO(a);
	struct found_assertion f = {0};
	const struct facts *facts = &f.around.facts;
	struct ballot *list;
	uint32_t n = 0;
	int rc = assertion_around(&s->source, id, true, &a, &f);

	if (rc < 0)
		return rc;
	list = arena_alloc(&a, (facts->ballot_count + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (uint32_t i = 0; i < facts->ballot_count; i++) {
		const struct ballot *b = &facts->ballots[i];

		if (b->candidate == f.claim && !footing_silenced(facts, b))
			list[n++] = *b;
	}
	if (n)
		qsort(list, n, sizeof(*list), by_voter);
	for (uint32_t i = 0; i < n; i++) {
		struct counted_vote v = {
			.agent = facts->voters[list[i].voter].key,
			.id = list[i].id,
			.timestamp = list[i].timestamp,
			.weight = list[i].weight,
			.against = list[i].against,
		};

		if (visit(ctx, &v))
			break;
	}
	return 0;
}

/* ---- epochs ---- */

static int epoch_signers(
	struct snap *s, const struct id *id, struct arena *a, struct epoch *out)
{
	struct signature *list = NULL;
	struct agent *signers;
	int rc = source_signatures(&s->source, id, a, &list, &out->signer_count);

	if (rc < 0)
		return rc;
	signers = arena_alloc(a, (out->signer_count + 1) * sizeof(*signers));
	if (!signers)
		return -ENOMEM;
	for (uint32_t i = 0; i < out->signer_count; i++)
		signers[i] = list[i].agent;
	out->signers = signers;
	return 0;
}

static int read_epoch(
	struct snap *s, const struct id *id, struct arena *a, struct epoch *out)
{
	struct record r = {0};
	struct frame f = {0};
	struct id_row row = {0};
	BUF_AUTO(scratch);
	int rc = source_id(&s->source, id, &row);

	if (rc == 0 && row.kind != RECORD_EPOCH)
		rc = -ENOENT;
	if (rc == 0)
		rc = source_record(&s->source, &row.at, id, &scratch, &f, &r);
	if (rc < 0)
		return rc;
	*out = (struct epoch){
		.id = *id,
		.name = arena_copy(a, r.name),
		.timestamp = r.timestamp,
		.supersession = r.supersession,
		.target = r.target,
	};
	return out->name.p ? 0 : -ENOMEM;
}

int epoch_load(
	struct snap *s, const struct id *id, struct arena *a, struct epoch *out)
{
	struct epoch_memory known = {.arena = a};
	struct epoch e = {0};
	int rc = read_epoch(s, id, a, &e);

	if (rc == 0)
		rc = epoch_signers(s, id, a, &e);
	if (rc == 0 && e.supersession != SUPERSESSION_NONE)
		rc = epoch_may_supersede(&s->source, a, id, &e.target, &e.in_force);
	if (rc == -ENOENT && e.signer_count)
		rc = 0; /* what it supersedes is not seen */
	if (rc == 0)
		rc = epoch_hidden(&s->source, &known, id, &e.hidden);
	if (rc == 0)
		*out = e;
	return rc;
}

#include "store/assertion.h"

#include <errno.h>

#include "core/canon.h"

static int read_record(const struct source *s, const struct id *id, struct arena *a,
	struct found_assertion *out)
{
	struct frame frame = {0};
	BUF_AUTO(scratch);
	int rc = source_record(s, &out->row.at, id, &scratch, &frame, &out->record);

	if (rc < 0)
		return rc;
	if (out->record.kind != RECORD_ASSERTION)
		return -ENOENT;
	out->canonical = arena_copy(a, frame.canonical);
	if (!out->canonical.p)
		return -ENOMEM;
	/* once more, from bytes that stay */
	return canon_decode(out->canonical, &out->record, NULL);
}

static int find_claim(struct found_assertion *f, const struct id *id)
{
	for (f->claim = 0; f->claim < f->around.facts.claim_count; f->claim++)
		if (id_compare(&f->around.claims[f->claim].claim.id, id) == 0)
			return 0;
	return -ENOENT;
}

int assertion_around(const struct source *s, const struct id *id, bool votes,
	struct arena *a, struct found_assertion *out)
{
	struct claim_ref ref = {.id = *id};
	BUF_AUTO(claims);
	int rc = source_id(s, id, &out->row);

	if (rc == 0)
		rc = read_record(s, id, a, out);
	if (rc < 0)
		return rc;
	ref.timestamp = out->record.timestamp;
	out->pair = pair_key(out->record.subject, out->record.predicate);
	rc = gather_component(s, &out->pair, &ref, &claims);
	if (rc == 0)
		rc = gather_claims(s, &out->pair, (const void *)claims.p,
			claims.n / sizeof(ref), votes, a, &out->around);
	if (rc == 0)
		rc = footing(&out->around.facts, a, &out->footing);
	return rc < 0 ? rc : find_claim(out, id);
}

enum backing assertion_backing(
	const struct found_assertion *f, const struct agent *agent)
{
	const struct facts *facts = &f->around.facts;

	for (uint32_t i = 0; i < facts->signing_count; i++) {
		const struct signing *s = &facts->signings[i];

		if (s->claim == f->claim &&
			agent_compare(&facts->voters[s->voter].key, agent) == 0)
			return s->gone ? BACKING_GONE : BACKING_STANDS;
	}
	return BACKING_NONE;
}

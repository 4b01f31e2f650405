/* From the running sums where the pair keeps them; else in two steps: the newest that the
 * agent signed is found by a walk over the rows, and nearly always still stands. */
#include "store/said.h"

#include <errno.h>

#include "store/pair.h"
#include "store/sums.h"

static int from_sums(struct change *c, const struct pair_key *p, uint64_t source,
	uint32_t agent, struct claim_ref *out)
{
	struct row_key prefix = row_key_below(p, KEY_SAID);
	const uint8_t *moment;
	WALK_AUTO(w);
	int rc;

	row_key_be32(&prefix, agent);
	row_key_be64(&prefix, source);
	rc = walk_start(&w, c->source.txn, &prefix);
	if (rc < 0)
		return rc;
	if (w.key.mv_size != prefix.n + 8 + ID_SIZE)
		return -EBADMSG;
	moment = (const uint8_t *)w.key.mv_data + prefix.n;
	out->timestamp = ~be64_at(moment);
	for (int i = 0; i < ID_SIZE; i++)
		out->id.b[i] = (uint8_t)~moment[8 + i];
	return 0;
}

/* Is this the row of a claim that the agent signed at first, or of its cosignature? claim
 * is carried from row to row. */
static int signs(const struct walk *w, uint32_t agent, struct claim_columns *claim,
	struct claim_ref *ref, bool *out)
{
	const uint8_t *key = w->key.mv_data;
	int rc;

	*out = false;
	if (w->key.mv_size == CLAIM_SUB_KEY) {
		*out = key[CLAIM_KEY] == KEY_COSIGNER &&
		       be32_at(key + CLAIM_KEY + 1) == agent;
		return 0;
	}
	if (w->key.mv_size != CLAIM_KEY)
		return 0;
	rc = claim_columns_read(
		slice_of(w->value.mv_data, w->value.mv_size), claim);
	if (rc < 0)
		return rc;
	ref->timestamp = be64_at(key + PAIR_KEY + 1);
	memcpy(ref->id.b, key + PAIR_KEY + 9, ID_SIZE);
	for (uint32_t i = 0; !*out && i < claim->row.signers; i++)
		*out = claim_signer_at(claim, i) == agent;
	return 0;
}

/* The newest that it signed, whether or not it still stands behind it. */
static int newest_signed(struct change *c, const struct pair_key *p,
	uint64_t source, uint32_t agent, struct claim_ref *out)
{
	struct row_key prefix = row_key_below(p, KEY_CLAIM);
	struct claim_columns claim = {0};
	struct claim_ref ref = {0};
	bool found = false;
	WALK_AUTO(w);
	int rc = walk_start(&w, c->source.txn, &prefix);

	for (; rc == 0; rc = walk_next(&w)) {
		bool fits = false;

		rc = signs(&w, agent, &claim, &ref, &fits);
		if (rc < 0)
			return rc;
		if (!fits || claim.row.source != source ||
			!lifecycle_is_live(claim.row.lifecycle))
			continue;
		*out = ref;
		found = true;
	}
	return rc != -ENOENT ? rc : found ? 0 : -ENOENT;
}

/* The newest of what was gathered that the agent stands behind. */
static int newest_standing(const struct gathered *g, uint64_t source,
	uint32_t agent, struct claim_ref *out)
{
	for (uint32_t i = g->facts.signing_count; i > 0; i--) {
		const struct signing *s = &g->facts.signings[i - 1];
		const struct candidate *claim = &g->claims[s->claim].claim;

		if (s->gone || g->agents[s->voter] != agent ||
			claim->source != source ||
			!lifecycle_is_live(claim->lifecycle))
			continue;
		*out = (struct claim_ref){
			.timestamp = claim->timestamp, .id = claim->id};
		return 0;
	}
	return -ENOENT;
}

/* The same with what was withdrawn left out; ref: the newest signed. */
static int from_footing(struct change *c, const struct pair_key *p, uint64_t source,
	uint32_t agent, struct claim_ref *ref)
{
	ARENA_AUTO(a);
	BUF_AUTO(claims);
	struct gathered g = {0};
	struct footing f = {0};
	struct claim_ref newest = {0};
	int rc = gather_component(&c->source, p, ref, &claims);

	if (rc == 0)
		rc = gather_claims(&c->source, p, (const void *)claims.p,
			claims.n / sizeof(*ref), false, &a, &g);
	if (rc == 0)
		rc = footing(&g.facts, &a, &f);
	if (rc == 0)
		rc = newest_standing(&g, source, agent, &newest);
	if (rc == 0 && id_compare(&newest.id, &ref->id) == 0)
		return 0;
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = gather_pair(&c->source, p, &a, &g);
	if (rc == 0)
		rc = footing(&g.facts, &a, &f);
	return rc < 0 ? rc : newest_standing(&g, source, agent, ref);
}

int newest_said(struct change *c, const struct record *r, const struct agent *agent,
	struct claim_ref *out)
{
	struct pair_key p = pair_key(r->subject, r->predicate);
	uint64_t source = source_hash(r);
	struct pair_row row = {0};
	uint32_t number = 0;
	int rc = pair_row_read(c->source.txn, &p, &row, NULL);

	if (rc == 0)
		rc = agent_number(c->source.txn, agent, &number);
	if (rc == 0)
		rc = sums_current(c, &p, &row);
	if (rc < 0)
		return rc;
	if (row.sums == SUMS_KEPT)
		return from_sums(c, &p, source, number, out);
	rc = newest_signed(c, &p, source, number, out);
	return rc < 0 ? rc : from_footing(c, &p, source, number, out);
}

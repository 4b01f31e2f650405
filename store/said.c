/* From the running sums where the pair keeps them; else in two steps. A walk over the rows
 * finds what the agent signed, and mostly none of it is r: then that is all, and nothing
 * needs to be gathered to know what stands. */
#include "store/said.h"

#include <errno.h>

#include "core/canon.h"
#include "store/pair.h"
#include "store/sums.h"

enum {
	TRIES = 16, /* hashes; more cost as much as to find out what stands */
};

/* What is asked. */
struct saying {
	const struct record *r;
	struct pair_key pair;
	uint64_t source;
	uint32_t agent;
	uint64_t since;
};

/* Is that claim r, but for the time? */
static int is_same(struct change *c, const struct saying *q,
	const struct claim_ref *claim, bool *out)
{
	struct record again = *q->r;
	struct slice bytes;
	struct id id;
	int rc;

	*out = false;
	if (claim->timestamp < q->since)
		return 0;
	again.timestamp = claim->timestamp;
	buf_reset(&c->line);
	canon_encode(&again, &c->line);
	rc = buf_view(&c->line, &bytes);
	if (rc < 0)
		return rc;
	id = id_of(bytes);
	*out = id_compare(&id, &claim->id) == 0;
	return 0;
}

static int from_sums(
	struct change *c, const struct saying *q, struct claim_ref *out)
{
	struct row_key prefix = row_key_below(&q->pair, KEY_SAID);
	const uint8_t *moment;
	WALK_AUTO(w);
	int rc;

	row_key_be32(&prefix, q->agent);
	row_key_be64(&prefix, q->source);
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
		*out = claim->signers[i] == agent;
	return 0;
}

/* The newest that it signed, whether or not it still stands behind it. -ENOENT where
 * nothing that it signed can be r. */
static int newest_signed(
	struct change *c, const struct saying *q, struct claim_ref *out)
{
	struct row_key prefix = row_key_below(&q->pair, KEY_CLAIM);
	struct claim_columns claim = {0};
	struct claim_ref ref = {0};
	bool may_be = false;
	int tries = 0;
	WALK_AUTO(w);
	int rc = walk_start(&w, c->source.txn, &prefix);

	for (; rc == 0; rc = walk_next(&w)) {
		bool fits = false;

		rc = signs(&w, q->agent, &claim, &ref, &fits);
		if (rc < 0)
			return rc;
		if (!fits || claim.row.source != q->source ||
			!lifecycle_is_live(claim.row.lifecycle))
			continue;
		*out = ref;
		if (!may_be && ref.timestamp >= q->since && tries++ < TRIES)
			rc = is_same(c, q, &ref, &may_be);
		if (rc < 0)
			return rc;
		may_be |= tries > TRIES;
	}
	return rc != -ENOENT ? rc : may_be ? 0 : -ENOENT;
}

/* The newest of what was gathered that the agent stands behind. */
static int newest_standing(
	const struct gathered *g, const struct saying *q, struct claim_ref *out)
{
	for (uint32_t i = g->facts.signing_count; i > 0; i--) {
		const struct signing *s = &g->facts.signings[i - 1];
		const struct candidate *claim = &g->claims[s->claim].claim;

		if (s->gone || g->agents[s->voter] != q->agent ||
			claim->source != q->source ||
			!lifecycle_is_live(claim->lifecycle))
			continue;
		*out = (struct claim_ref){
			.timestamp = claim->timestamp, .id = claim->id};
		return 0;
	}
	return -ENOENT;
}

/* The same with what was withdrawn left out; ref: the newest signed. */
static int from_footing(
	struct change *c, const struct saying *q, struct claim_ref *ref)
{
	ARENA_AUTO(a);
	BUF_AUTO(claims);
	struct gathered g = {0};
	struct footing f = {0};
	struct claim_ref newest = {0};
	int rc = gather_component(&c->source, &q->pair, ref, &claims);

	if (rc == 0)
		rc = gather_claims(&c->source, &q->pair, (const void *)claims.p,
			claims.n / sizeof(*ref), false, &a, &g);
	if (rc == 0)
		rc = footing(&g.facts, &a, &f);
	if (rc == 0)
		rc = newest_standing(&g, q, &newest);
	if (rc == 0 && id_compare(&newest.id, &ref->id) == 0)
		return 0;
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = gather_pair(&c->source, &q->pair, &a, &g);
	if (rc == 0)
		rc = footing(&g.facts, &a, &f);
	return rc < 0 ? rc : newest_standing(&g, q, ref);
}

static int newest_said(
	struct change *c, const struct saying *q, struct claim_ref *out)
{
	struct pair_row row = {0};
	int rc = change_pair(c, &q->pair, &row);

	if (rc == 0)
		rc = sums_current(c, &q->pair, &row);
	if (rc < 0)
		return rc;
	if (row.sums == SUMS_KEPT)
		return from_sums(c, q, out);
	rc = newest_signed(c, q, out);
	return rc < 0 ? rc : from_footing(c, q, out);
}

int said_again(struct change *c, const struct record *r, const struct agent *agent,
	uint64_t since, struct id *out)
{
	struct saying q = {
		.r = r,
		.pair = pair_key(r->subject, r->predicate),
		.source = source_hash(r),
		.since = since,
	};
	struct claim_ref newest = {0};
	bool same = false;
	int rc = agent_number(c->source.txn, agent, &q.agent);

	if (rc == 0)
		rc = newest_said(c, &q, &newest);
	if (rc == 0)
		rc = is_same(c, &q, &newest, &same);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	*out = newest.id;
	return same;
}

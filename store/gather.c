/* Rows come as: a claim, its later cosignatures, what withdraws it, the votes on it, the
 * next claim. They are collected as they come, with agents as numbers and clusters as
 * hashes. */
#include <errno.h>

#include "store/gather_impl.h"

static void gather_free(struct gather *g)
{
	buf_free(&g->claims);
	buf_free(&g->clusters);
	buf_free(&g->signings);
	buf_free(&g->withdrawals);
	buf_free(&g->ballots);
}

/* ---- rows ---- */

static void add_signing(struct gather *g, uint32_t number)
{
	struct raw_signing s = {.claim = claims_met(g) - 1, .number = number};

	buf_add(&g->signings, &s, sizeof(s));
}

static int add_claim(struct gather *g, const struct walk *w)
{
	const uint8_t *key = w->key.mv_data;
	struct claim_columns c;
	struct fact f = {.claim = {.timestamp = be64_at(key + PAIR_KEY + 1)}};
	int rc = claim_columns_read(
		slice_of(w->value.mv_data, w->value.mv_size), &c);

	if (rc < 0)
		return rc;
	g->passed_over =
		!context_sees(&g->source->context, c.row.seq, f.claim.timestamp);
	if (g->passed_over)
		return 0;
	memcpy(f.claim.id.b, key + PAIR_KEY + 9, ID_SIZE);
	f.claim.source = c.row.source;
	f.claim.confidence = c.row.confidence;
	f.claim.stated = c.row.stated != 0;
	f.claim.lifecycle = c.row.lifecycle;
	f.claim.source_class = f.claim.declared = c.row.source_class;
	f.claim.has_epoch = (c.row.has & CLAIM_EPOCH) != 0;
	f.claim.epoch = c.epoch;
	f.claim.locator = c.row.at.offset;
	f.claim.locator_length = c.row.at.length;
	f.claim.seq = c.row.seq;
	f.has_parent = (c.row.has & CLAIM_PARENT) != 0;
	f.parent = c.parent;
	buf_add(&g->claims, &f, sizeof(f));
	buf_add(&g->clusters, &c.row.cluster, sizeof(c.row.cluster));
	for (uint32_t i = 0; i < c.row.signers; i++)
		add_signing(g, c.signers[i]);
	return 0;
}

/* A signature has no time of its own: who signs says the same, of the same time. */
static int add_cosigner(struct gather *g, const struct walk *w)
{
	const uint8_t *key = w->key.mv_data;

	if (context_sees(&g->source->context, be64_at(key + CLAIM_KEY + 5), 0))
		add_signing(g, be32_at(key + CLAIM_KEY + 1));
	return 0;
}

static int add_withdrawal(struct gather *g, const struct walk *w)
{
	const uint8_t *key = w->key.mv_data;
	struct withdrawal_row row;
	struct withdrawal out;

	if (w->value.mv_size != sizeof(row))
		return -EBADMSG;
	memcpy(&row, w->value.mv_data, sizeof(row));
	if (!context_sees(&g->source->context, be64_at(key + CLAIM_KEY + 5),
		    row.timestamp))
		return 0;
	out = (struct withdrawal){
		.claim = claims_met(g) - 1,
		.voter = be32_at(key + CLAIM_KEY + 1),
		.timestamp = row.timestamp,
		.id = row.id,
		.replaces = row.replaces != 0,
		.by = row.by,
	};
	buf_add(&g->withdrawals, &out, sizeof(out));
	return 0;
}

/* Of an agent's votes on a claim the first that is seen is the newest. */
static int add_vote(struct gather *g, const struct walk *w)
{
	const uint8_t *key = w->key.mv_data;
	const struct ballot *list = (const void *)g->ballots.p;
	uint32_t n = count_of(&g->ballots, sizeof(*list));
	struct vote_row row;
	struct ballot b = {
		.voter = be32_at(key + CLAIM_KEY + 1),
		.candidate = claims_met(g) - 1,
		.timestamp = ~be64_at(key + CLAIM_KEY + 5),
	};

	if (w->value.mv_size != sizeof(row))
		return -EBADMSG;
	memcpy(&row, w->value.mv_data, sizeof(row));
	if (n > 0 && list[n - 1].candidate == b.candidate &&
		list[n - 1].voter == b.voter)
		return 0;
	if (!context_sees(&g->source->context, be64_at(key + CLAIM_VOTE_KEY - 8),
		    b.timestamp))
		return 0;
	for (int i = 0; i < ID_SIZE; i++)
		b.id.b[i] = (uint8_t)~key[CLAIM_KEY + 13 + i];
	b.weight = row.weight;
	b.against = row.against != 0;
	buf_add(&g->ballots, &b, sizeof(b));
	return 0;
}

static int add_row(struct gather *g, const struct walk *w)
{
	const uint8_t *key = w->key.mv_data;
	size_t n = w->key.mv_size;

	if (n == CLAIM_KEY)
		return add_claim(g, w);
	if (n != CLAIM_SUB_KEY && n != CLAIM_VOTE_KEY)
		return -EBADMSG;
	if (g->passed_over)
		return 0;
	if (g->claims.n == 0)
		return g->claims.failed ? -ENOMEM : -EBADMSG;
	if (n == CLAIM_VOTE_KEY && key[CLAIM_KEY] == KEY_VOTE)
		return add_vote(g, w);
	if (n == CLAIM_SUB_KEY && key[CLAIM_KEY] == KEY_COSIGNER)
		return add_cosigner(g, w);
	if (n == CLAIM_SUB_KEY && key[CLAIM_KEY] == KEY_WITHDRAWAL)
		return add_withdrawal(g, w);
	return -EBADMSG;
}

static int add_rows(struct gather *g, const struct row_key *prefix)
{
	WALK_AUTO(w);
	int rc = walk_start(&w, g->source->txn, prefix);

	for (; rc == 0; rc = walk_next(&w)) {
		if (g->no_votes && w.key.mv_size == CLAIM_VOTE_KEY)
			return 0; /* a claim's votes come last */
		rc = add_row(g, &w);
		if (rc < 0)
			return rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

int gather_pair(const struct source *s, const struct pair_key *p, struct arena *a,
	struct gathered *out)
{
	__attribute__((cleanup(gather_free))) struct gather g = {
		.source = s, .arena = a};
	struct row_key prefix = row_key_below(p, KEY_CLAIM);
	int rc = add_rows(&g, &prefix);

	return rc < 0 ? rc : gather_finish(&g, out);
}

int gather_claims(const struct source *s, const struct pair_key *p,
	const struct claim_ref *list, size_t n, bool votes, struct arena *a,
	struct gathered *out)
{
	__attribute__((cleanup(gather_free))) struct gather g = {
		.source = s, .arena = a, .no_votes = !votes};

	for (size_t i = 0; i < n; i++) {
		struct row_key prefix =
			row_key_claim(p, list[i].timestamp, &list[i].id);
		int rc = add_rows(&g, &prefix);

		if (rc < 0)
			return rc;
	}
	return gather_finish(&g, out);
}

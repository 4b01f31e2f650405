/* Into the sums, and out of them: from a pair's rows once, and as its consensus. */
#include <errno.h>
#include <stdlib.h>

#include "core/sets.h"
#include "store/gather.h"
#include "store/sums.h"

bool sums_counts(const struct gathered *g, const struct footing *f, uint32_t i,
	struct sums_claim *out)
{
	const struct candidate *c = &g->claims[i].claim;

	*out = (struct sums_claim){
		.id = c->id,
		.timestamp = c->timestamp,
		.source = c->source,
		.cluster = g->clusters[c->cluster],
		.confidence = c->confidence,
		.lifecycle = f->lifecycle[i],
	};
	return f->stands[i] && lifecycle_is_live(f->lifecycle[i]);
}

/* ---- beginning and ending ---- */

static int start_votes(struct change *c, const struct pair_key *p,
	const struct gathered *g, const struct footing *f)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < g->facts.ballot_count; i++) {
		const struct ballot *b = &g->facts.ballots[i];
		uint32_t on = footing_vote(&g->facts, f, b);
		struct sums_vote vote = {
			.timestamp = b->timestamp,
			.id = b->id,
			.weight = b->weight,
			.against = b->against,
		};
		struct sums_claim claim;

		if (on == NO_INDEX || !sums_counts(g, f, on, &claim))
			continue;
		rc = sums_vote(c, p, &claim, g->agents[b->voter], NULL, &vote);
	}
	return rc;
}

int sums_start(struct change *c, const struct pair_key *p)
{
	ARENA_AUTO(a);
	struct gathered g = {0};
	struct footing f = {0};
	struct sums_claim claim;
	int rc = gather_pair(&c->source, p, &a, &g);

	if (rc == 0)
		rc = footing(&g.facts, &a, &f);
	for (uint32_t i = 0; rc == 0 && i < g.facts.claim_count; i++)
		if (sums_counts(&g, &f, i, &claim))
			rc = sums_add_claim(c, p, &claim);
	for (uint32_t i = 0; rc == 0 && i < g.facts.signing_count; i++) {
		const struct signing *s = &g.facts.signings[i];

		if (!s->gone && sums_counts(&g, &f, s->claim, &claim))
			rc = sums_add_signer(c, p, &claim, g.agents[s->voter]);
	}
	return rc ? rc : start_votes(c, p, &g, &f);
}

/* All rows of a kind below the pair. */
static int drop_rows(MDB_txn *txn, const struct pair_key *p, uint8_t tag)
{
	struct row_key prefix = row_key_below(p, tag);

	for (;;) {
		struct row_key k = {.n = 0};
		int rc;
		{
			WALK_AUTO(w);

			rc = walk_start(&w, txn, &prefix);
			if (rc < 0)
				return rc == -ENOENT ? 0 : rc;
			row_key_add(&k, w.key.mv_data, w.key.mv_size);
		}
		rc = row_del(txn, &k);
		if (rc < 0)
			return rc;
	}
}

int sums_drop(struct change *c, const struct pair_key *p)
{
	static const uint8_t tags[] = {KEY_SUMS, KEY_VOICE, KEY_SAID, KEY_UTTERANCE,
		KEY_WORD, KEY_CLUSTER, KEY_RANK, KEY_LEVEL, KEY_OWN, KEY_LEADER};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(tags); i++)
		rc = drop_rows(c->source.txn, p, tags[i]);
	return rc;
}

int sums_current(struct change *c, const struct pair_key *p, struct pair_row *row)
{
	int rc;

	if (row->sums != SUMS_KEPT || row->rights_seq == c->meta.rights_seq)
		return 0;
	row->sums = SUMS_NONE;
	rc = sums_drop(c, p);
	return rc < 0 ? rc : change_pair_set(c, p, row);
}

/* ---- resolving ---- */

/* Supports in the counted standing, strongest first, down to a twentieth. */
static int read_levels(MDB_txn *txn, const struct pair_key *p, enum standing st,
	struct buf *levels)
{
	struct row_key prefix = row_key_below(p, KEY_LEVEL);
	struct level first = {0};
	WALK_AUTO(w);
	int rc;

	row_key_byte(&prefix, (uint8_t)st);
	rc = walk_start(&w, txn, &prefix);
	for (; rc == 0; rc = walk_next(&w)) {
		struct level l = {
			.support =
				~be64_at((const uint8_t *)w.key.mv_data + prefix.n),
		};

		if (w.value.mv_size != sizeof(l.clusters))
			return -EBADMSG;
		memcpy(&l.clusters, w.value.mv_data, sizeof(l.clusters));
		if (levels->n == 0)
			first = l;
		if (l.support == 0 || l.support < (first.support + 19) / 20)
			break;
		buf_add(levels, &l, sizeof(l));
	}
	if (rc < 0 && rc != -ENOENT)
		return rc;
	return levels->failed ? -ENOMEM : 0;
}

/* The leading claim of the strongest cluster; -ENOENT. */
static int strongest(MDB_txn *txn, const struct pair_key *p, struct rank *out)
{
	struct row_key prefix = row_key_below(p, KEY_RANK);
	struct cluster_row row;
	struct row_key k;
	WALK_AUTO(w);
	int rc = walk_start(&w, txn, &prefix);

	if (rc < 0)
		return rc;
	k = row_key_below(p, KEY_CLUSTER);
	row_key_add(&k, (const uint8_t *)w.key.mv_data + w.key.mv_size - HASH_SIZE,
		HASH_SIZE);
	rc = row_read(txn, &k, &row, sizeof(row));
	if (rc == 0)
		*out = row.filed;
	return rc;
}

/* What the view has of the leading claim: whose footing and signers are those of all that
 * hangs together with it. */
static int load_leader(struct change *c, const struct pair_key *p,
	const struct rank *leader, struct arena *a, struct pair_view *out)
{
	struct claim_ref ref = {.timestamp = leader->timestamp, .id = leader->id};
	struct gathered g = {0};
	struct footing f = {0};
	BUF_AUTO(claims);
	int rc = gather_component(&c->source, p, &ref, &claims);

	if (rc == 0)
		rc = gather_claims(&c->source, p, (const void *)claims.p,
			claims.n / sizeof(ref), false, a, &g);
	if (rc == 0)
		rc = footing(&g.facts, a, &f);
	for (uint32_t i = 0; rc == 0 && i < g.facts.claim_count; i++)
		if (id_compare(&g.claims[i].claim.id, &leader->id) == 0)
			return pair_view_winner(&g, &f, i, a, out);
	return rc < 0 ? rc : -EBADMSG;
}

int sums_resolve(struct change *c, const struct pair_key *p, struct slice predicate,
	struct arena *a, struct pair_view *out)
{
	struct row_key k = row_key_below(p, KEY_SUMS);
	enum standing counted;
	struct sums_row totals = {.claims = 0};
	struct rank leader = {.agents = 0};
	BUF_AUTO(levels);
	int rc = row_read(c->source.txn, &k, &totals, sizeof(totals));

	/* no row: there are many claims, but none is a candidate */
	if (rc < 0 && rc != -ENOENT)
		return rc;
	*out = (struct pair_view){.candidates = totals.claims};
	if (predicate_is_set(predicate))
		return 0;
	counted = totals.total[MEMBERS] ? MEMBERS : STRANGERS;
	rc = read_levels(c->source.txn, p, counted, &levels);
	if (rc == 0 && totals.claims)
		rc = strongest(c->source.txn, p, &leader);
	if (rc < 0)
		return rc;
	out->support = leader.support[counted];
	out->total = totals.total[counted];
	out->agents = totals.agents;
	out->conflict = tally_conflict(
		(const void *)levels.p, levels.n / sizeof(struct level));
	out->status = (uint8_t)tally_status(out->total, out->agents,
		totals.clusters, totals.opposed > 0, out->conflict);
	return out->total ? load_leader(c, p, &leader, a, out) : 0;
}

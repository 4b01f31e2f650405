/* Into the sums, and out of them: from a pair's rows once, and as its consensus. */
#include <errno.h>
#include <stdlib.h>

#include "store/sums.h"

/* ---- a claim row, read back ---- */

static int claim_of(
	const struct walk *w, struct sums_claim *out, struct claim_row *row)
{
	const uint8_t *key = w->key.mv_data;

	if (w->value.mv_size < sizeof(*row))
		return -EBADMSG;
	memcpy(row, w->value.mv_data, sizeof(*row));
	*out = (struct sums_claim){
		.timestamp = be64_at(key + PAIR_KEY + 1),
		.source = row->source,
		.cluster = row->cluster,
		.confidence = row->confidence,
		.lifecycle = row->lifecycle,
	};
	memcpy(out->id.b, key + PAIR_KEY + 9, ID_SIZE);
	return 0;
}

/* One row of the candidates, fed to the sums; `claim` is carried from row to row.
 */
static int feed(struct change *c, const struct pair_key *p,
	const struct row_key *key, struct slice value, struct sums_claim *claim)
{
	struct walk at = {
		.key = val_of(key->b, key->n),
		.value = val_of(value.p, value.n),
	};
	uint32_t agent =
		key->n == CLAIM_SUB_KEY ? be32_at(key->b + CLAIM_KEY + 1) : 0;
	struct claim_row row = {0};
	struct vote_row vote;
	int rc;

	if (key->n == CLAIM_SUB_KEY && !lifecycle_is_live(claim->lifecycle))
		return 0;
	if (key->n == CLAIM_SUB_KEY && key->b[CLAIM_KEY] == KEY_COSIGNER)
		return sums_add_signer(c, p, claim, agent);
	if (key->n == CLAIM_SUB_KEY) {
		if (value.n != sizeof(vote))
			return -EBADMSG;
		memcpy(&vote, value.p, sizeof(vote));
		return sums_vote(c, p, claim, agent, NULL, &vote);
	}
	rc = claim_of(&at, claim, &row);
	if (rc < 0 || !lifecycle_is_live(claim->lifecycle))
		return rc;
	rc = sums_add_claim(c, p, claim);
	for (uint32_t i = 0; rc == 0 && i < row.signers; i++)
		rc = sums_add_signer(c, p, claim,
			be32_at(value.p + sizeof(row) + 4 * (size_t)i));
	return rc;
}

int sums_start(struct change *c, const struct pair_key *p)
{
	struct row_key prefix = row_key_below(p, KEY_CLAIM);
	struct row_key at = prefix;
	struct sums_claim claim = {0};

	/* row by row, each found anew: a cursor does not outlive a write */
	for (;;) {
		BUF_AUTO(value);
		struct slice v = {0};
		int rc;
		{
			WALK_AUTO(w);

			rc = walk_from(&w, c->source.txn, &prefix, &at);
			if (rc < 0)
				return rc == -ENOENT ? 0 : rc;
			at = (struct row_key){.n = 0};
			row_key_add(&at, w.key.mv_data, w.key.mv_size);
			buf_add(&value, w.value.mv_data, w.value.mv_size);
		}
		rc = buf_view(&value, &v);
		if (rc == 0)
			rc = feed(c, p, &at, v, &claim);
		if (rc < 0)
			return rc;
		row_key_byte(&at, 0); /* the next key behind this one */
	}
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

static int key_order(const void *a, const void *b)
{
	return agent_compare(a, b);
}

/* The signers of one claim as keys, sorted; the row's first, then later cosigners.
 */
static int read_signers(MDB_txn *txn, const struct pair_key *p,
	const struct rank *leader, struct claim_row *row, struct buf *out)
{
	struct row_key prefix = row_key_claim(p, leader->timestamp, &leader->id);
	WALK_AUTO(w);
	struct sums_claim claim;
	int rc = walk_start(&w, txn, &prefix);

	if (rc == 0)
		rc = claim_of(&w, &claim, row);
	if (rc == 0 && w.value.mv_size != sizeof(*row) + 4 * (size_t)row->signers)
		rc = -EBADMSG;
	for (uint32_t i = 0; rc == 0 && i < row->signers; i++) {
		const uint8_t *number =
			(const uint8_t *)w.value.mv_data + sizeof(*row);
		struct agent a;

		rc = agent_by_number(txn, be32_at(number + 4 * (size_t)i), &a);
		buf_add(out, &a, sizeof(a));
	}
	if (rc < 0)
		return rc;
	row_key_byte(&prefix, KEY_COSIGNER);
	rc = walk_seek(&w, &prefix);
	for (; rc == 0; rc = walk_next(&w)) {
		const uint8_t *key = w.key.mv_data;
		struct agent a;

		if (w.key.mv_size != CLAIM_SUB_KEY ||
			key[CLAIM_KEY] != KEY_COSIGNER)
			break;
		rc = agent_by_number(txn, be32_at(key + CLAIM_KEY + 1), &a);
		if (rc < 0)
			return rc;
		buf_add(out, &a, sizeof(a));
	}
	return rc == -ENOENT || rc == 0 ? (out->failed ? -ENOMEM : 0) : rc;
}

static uint32_t unique_agents(struct buf *b)
{
	struct agent *a = (void *)b->p;
	size_t n = b->n / sizeof(*a);
	size_t kept = 0;

	if (n == 0)
		return 0;
	qsort(a, n, sizeof(*a), key_order);
	for (size_t i = 1; i < n; i++)
		if (agent_compare(&a[kept], &a[i]) != 0)
			a[++kept] = a[i];
	return (uint32_t)kept + 1;
}

static int print_leader(struct change *c, const struct pair_key *p,
	const struct rank *leader, struct resolution *r, struct pair_view *out)
{
	struct record winner = {0};
	struct claim_row row = {0};
	struct frame frame = {0};
	BUF_AUTO(scratch);
	BUF_AUTO(signers);
	int rc = read_signers(c->source.txn, p, leader, &row, &signers);

	if (rc == 0)
		rc = source_record(&c->source, &row.at, &leader->id, &scratch,
			&frame, &winner);
	if (rc < 0)
		return rc;
	out->winner = row.at;
	r->has_winner = true;
	r->winner = &winner;
	r->id = leader->id;
	r->signer_count = unique_agents(&signers);
	r->signers = (const void *)signers.p;
	resolution_print(r, &out->line);
	r->winner = NULL; /* it ends with this function */
	r->signers = NULL;
	return out->line.failed ? -ENOMEM : 0;
}

int sums_resolve(struct change *c, const struct pair_key *p, struct slice subject,
	struct slice predicate, struct pair_view *out)
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
	counted = totals.total[MEMBERS] ? MEMBERS : STRANGERS;
	rc = read_levels(c->source.txn, p, counted, &levels);
	if (rc == 0 && totals.claims)
		rc = strongest(c->source.txn, p, &leader);
	if (rc < 0)
		return rc;
	struct resolution r = {
		.lens = lens_find(slice_str("consensus")),
		.subject = subject,
		.predicate = predicate,
		.support = leader.support[counted],
		.total = totals.total[counted],
		.conflict = tally_conflict(
			(const void *)levels.p, levels.n / sizeof(struct level)),
		.candidates = totals.claims,
		.agents = totals.agents,
	};

	r.status = tally_status(
		r.total, r.agents, totals.clusters, totals.opposed > 0, r.conflict);
	out->candidates = totals.claims;
	out->winner = (struct locator){0};
	if (r.total)
		return print_leader(c, p, &leader, &r, out);
	resolution_print(&r, &out->line);
	return out->line.failed ? -ENOMEM : 0;
}

/* ---- the newest claim of an agent ---- */

static int newest_from_sums(struct change *c, const struct pair_key *p,
	uint64_t source, uint32_t agent, struct said *out)
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
	moment = (const uint8_t *)w.key.mv_data + prefix.n;
	out->timestamp = ~be64_at(moment);
	for (int i = 0; i < ID_SIZE; i++)
		out->id.b[i] = (uint8_t)~moment[8 + i];
	return 0;
}

static bool signed_by(
	const struct walk *w, const struct claim_row *row, uint32_t agent)
{
	const uint8_t *numbers = (const uint8_t *)w->value.mv_data + sizeof(*row);

	for (uint32_t i = 0; i < row->signers; i++)
		if (be32_at(numbers + 4 * (size_t)i) == agent)
			return true;
	return false;
}

/* Rows come oldest first: the last one that fits is the newest. */
static int newest_from_rows(struct change *c, const struct pair_key *p,
	uint64_t source, uint32_t agent, struct said *out)
{
	struct row_key prefix = row_key_below(p, KEY_CLAIM);
	struct sums_claim claim = {0};
	struct claim_row row = {0};
	bool found = false;
	WALK_AUTO(w);
	int rc = walk_start(&w, c->source.txn, &prefix);

	for (; rc == 0; rc = walk_next(&w)) {
		const uint8_t *key = w.key.mv_data;
		bool fits = false;

		if (w.key.mv_size == CLAIM_KEY) {
			rc = claim_of(&w, &claim, &row);
			if (rc < 0)
				return rc;
			fits = signed_by(&w, &row, agent);
		} else if (w.key.mv_size == CLAIM_SUB_KEY &&
			   key[CLAIM_KEY] == KEY_COSIGNER) {
			fits = be32_at(key + CLAIM_KEY + 1) == agent;
		}
		if (fits && claim.source == source &&
			lifecycle_is_live(claim.lifecycle)) {
			*out = (struct said){
				.timestamp = claim.timestamp, .id = claim.id};
			found = true;
		}
	}
	return rc != -ENOENT ? rc : found ? 0 : -ENOENT;
}

int newest_said(struct change *c, const struct record *r, const struct agent *agent,
	struct said *out)
{
	struct pair_key p = pair_key(r->subject, r->predicate);
	struct pair_row row = {0};
	uint32_t number = 0;
	int rc = pair_row_read(c->source.txn, &p, &row, NULL);

	if (rc == 0)
		rc = agent_number(c->source.txn, agent, &number);
	if (rc < 0)
		return rc;
	return row.sums ? newest_from_sums(c, &p, source_hash(r), number, out)
			: newest_from_rows(c, &p, source_hash(r), number, out);
}

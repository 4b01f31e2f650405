/* Votes and signatures on a claim on which nothing hangs: what most changes are. Then only
 * the words of their own agents can change. */
#include <errno.h>

#include "store/pair.h"
#include "store/settling_impl.h"

/* The first row of a prefix, copied; -ENOENT. */
static int first_row(MDB_txn *txn, const struct row_key *prefix,
	struct row_key *key, void *value, size_t n)
{
	WALK_AUTO(w);
	int rc = walk_start(&w, txn, prefix);

	if (rc < 0)
		return rc;
	if (w.value.mv_size != n)
		return -EBADMSG;
	*key = (struct row_key){.n = 0};
	row_key_add(key, w.key.mv_data, w.key.mv_size);
	memcpy(value, w.value.mv_data, n);
	return 0;
}

static struct row_key agent_rows(
	const struct settling *s, uint8_t tag, uint32_t agent)
{
	return row_key_claim_sub(s->pair, s->about->claim.timestamp,
		&s->about->claim.id, tag, agent);
}

static int has_signed(struct settling *s, const struct claim_columns *c,
	uint32_t agent, bool *out)
{
	struct row_key prefix = agent_rows(s, KEY_COSIGNER, agent), key;
	struct cosigner_row row;
	int rc = 0;

	*out = false;
	for (uint32_t i = 0; !*out && i < c->row.signers; i++)
		*out = c->signers[i] == agent;
	if (!*out)
		rc = first_row(
			s->change->source.txn, &prefix, &key, &row, sizeof(row));
	*out = *out || rc == 0;
	return rc == -ENOENT ? 0 : rc;
}

/* The agent's counted vote; -ENOENT: none. */
static int newest_vote(struct settling *s, uint32_t agent, struct sums_vote *out)
{
	struct row_key prefix = agent_rows(s, KEY_VOTE, agent), key;
	struct vote_row row;
	int rc = first_row(s->change->source.txn, &prefix, &key, &row, sizeof(row));

	if (rc < 0)
		return rc;
	if (key.n != CLAIM_VOTE_KEY)
		return -EBADMSG;
	*out = (struct sums_vote){
		.timestamp = ~be64_at(key.b + prefix.n),
		.weight = row.weight,
		.against = row.against,
	};
	for (int i = 0; i < ID_SIZE; i++)
		out->id.b[i] = (uint8_t)~key.b[prefix.n + 8 + (size_t)i];
	return row.weight ? 0 : -ENOENT;
}

static int add_agent_parts(struct settling *s, const struct claim_columns *c,
	uint32_t agent, struct buf *out)
{
	struct part p = {
		.kind = PART_SIGNATURE,
		.agent = agent,
		.claim =
			{
				.id = s->about->claim.id,
				.timestamp = s->about->claim.timestamp,
				.source = c->row.source,
				.cluster = c->row.cluster,
				.confidence = c->row.confidence,
				.lifecycle = c->row.lifecycle,
			},
	};
	bool signs;
	int rc = has_signed(s, c, agent, &signs);

	if (rc < 0)
		return rc;
	if (signs)
		buf_add(out, &p, sizeof(p));
	p.kind = PART_VOTE;
	rc = newest_vote(s, agent, &p.vote);
	if (rc == 0)
		buf_add(out, &p, sizeof(p));
	return rc == -ENOENT ? 0 : rc;
}

static int read_claim(
	struct settling *s, struct buf *copy, struct claim_columns *out)
{
	struct row_key k = row_key_claim(
		s->pair, s->about->claim.timestamp, &s->about->claim.id);
	MDB_val v;
	int rc = row_get(s->change->source.txn, &k, &v);

	if (rc < 0)
		return rc;
	buf_add(copy, v.mv_data, v.mv_size);
	return copy->failed ? -ENOMEM
			    : claim_columns_read(slice_of(copy->p, copy->n), out);
}

int settling_simple_parts(struct settling *s, struct buf *out)
{
	BUF_AUTO(copy);
	struct claim_columns c = {0};
	int rc = read_claim(s, &copy, &c);

	if (rc < 0 || !lifecycle_is_live(c.row.lifecycle))
		return rc;
	for (uint16_t i = 0; rc == 0 && i < s->about->agent_count; i++)
		rc = add_agent_parts(s, &c, s->about->agents[i], out);
	return rc;
}

/* Is there a row with this prefix? */
static int any_row(MDB_txn *txn, const struct row_key *prefix, bool *out)
{
	WALK_AUTO(w);
	int rc = walk_start(&w, txn, prefix);

	*out = rc == 0;
	return rc == -ENOENT ? 0 : rc;
}

/* Does the claim stand whatever else is said, does nothing give way to it, and does its
 * stage not hang on who signs? */
int settling_find_simple(struct settling *s)
{
	MDB_txn *txn = s->change->source.txn;
	struct row_key links = row_key_links(s->pair, &s->about->claim.id);
	struct row_key withdrawn = row_key_claim(
		s->pair, s->about->claim.timestamp, &s->about->claim.id);
	struct claim_columns c = {0};
	bool linked = false, gone = false, governed = false;
	BUF_AUTO(copy);
	int rc = read_claim(s, &copy, &c);

	row_key_byte(&withdrawn, KEY_WITHDRAWAL);
	if (rc == 0)
		rc = any_row(txn, &links, &linked);
	if (rc == 0)
		rc = any_row(txn, &withdrawn, &gone);
	if (rc == 0)
		rc = is_governed(&s->change->source, &governed);
	s->simple = rc == 0 && !linked && !gone && !(c.row.has & CLAIM_PARENT) &&
		    (!governed || c.row.lifecycle == LIFECYCLE_PROPOSED ||
			    !lifecycle_is_live(c.row.lifecycle));
	return rc == -ENOENT ? 0 : rc;
}

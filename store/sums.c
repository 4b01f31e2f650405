/* What agents say on a pair, and what they give for it. */
#include "store/sums.h"

#include <errno.h>

#include "store/sums_impl.h"

/* ---- keys ---- */

struct row_key sums_agent_key(const struct sums *s, uint8_t tag, uint32_t agent)
{
	struct row_key k = row_key_below(s->pair, tag);

	row_key_be32(&k, agent);
	return k;
}

static void add_moment_down(
	struct row_key *k, uint64_t timestamp, const struct id *id)
{
	row_key_be64(k, ~timestamp);
	row_key_id_down(k, id);
}

static struct row_key said_prefix(
	const struct sums *s, uint32_t agent, uint64_t source)
{
	struct row_key k = sums_agent_key(s, KEY_SAID, agent);

	row_key_be64(&k, source);
	return k;
}

static struct row_key utterance_prefix(
	const struct sums *s, uint32_t agent, const struct cluster_hash *cluster)
{
	struct row_key k = sums_agent_key(s, KEY_UTTERANCE, agent);

	row_key_add(&k, cluster->b, HASH_SIZE);
	return k;
}

static struct row_key word_key(const struct sums *s, uint32_t agent,
	const struct cluster_hash *cluster, uint64_t timestamp, const struct id *id)
{
	struct row_key k = sums_agent_key(s, KEY_WORD, agent);

	add_moment_down(&k, timestamp, id);
	row_key_add(&k, cluster->b, HASH_SIZE);
	return k;
}

/* ---- gifts ---- */

struct words {
	struct cluster_hash cluster[TALLY_WORDS];
	struct utterance_row said[TALLY_WORDS];
	uint32_t weight[TALLY_WORDS];
	size_t n;
};

/* The newest words of an agent, those that share its budget. */
static int read_words(struct sums *s, uint32_t agent, struct words *out)
{
	struct row_key prefix = sums_agent_key(s, KEY_WORD, agent);
	WALK_AUTO(w);
	int rc = walk_start(&w, s->txn, &prefix);

	out->n = 0;
	for (; rc == 0 && out->n < TALLY_WORDS; rc = walk_next(&w)) {
		if (w.value.mv_size != sizeof(out->said[0]) ||
			w.key.mv_size != prefix.n + 8 + ID_SIZE + HASH_SIZE)
			return -EBADMSG;
		memcpy(&out->said[out->n], w.value.mv_data, sizeof(out->said[0]));
		memcpy(out->cluster[out->n].b,
			(const uint8_t *)w.key.mv_data + prefix.n + 8 + ID_SIZE,
			HASH_SIZE);
		out->weight[out->n] = out->said[out->n].weight;
		out->n++;
	}
	return rc == -ENOENT ? 0 : rc;
}

/* sign 1: count the agent's gifts in; -1: take them out again. */
static int count_gifts(
	struct sums *s, uint32_t agent, const struct voice_row *v, int sign)
{
	uint64_t gifts[TALLY_WORDS];
	struct words w;
	int rc = read_words(s, agent, &w);

	if (rc < 0)
		return rc;
	tally_gifts(v->trust, w.weight, w.n, gifts);
	for (size_t i = 0; i < w.n; i++) {
		bool against = w.said[i].against != 0;
		int64_t by = sign * (int64_t)gifts[i];
		struct open_cluster *o;
		uint64_t *sum;

		rc = sums_open(s, &w.cluster[i], &o);
		if (rc < 0)
			return rc;
		sum = against ? o->row.against : o->row.given;
		sum[v->standing] += (uint64_t)by;
		o->row.agents += (uint32_t)(against ? 0 : sign);
		s->totals.opposed += (uint32_t)(against ? sign : 0);
		rc = sums_own_add(s, &w.cluster[i], &w.said[i], v->standing,
			against ? -by : by, against ? 0 : sign);
		if (rc < 0)
			return rc;
	}
	s->totals.agents += (uint32_t)(w.n ? sign : 0);
	return 0;
}

int sums_voice(struct sums *s, uint32_t agent, struct voice_row *out)
{
	struct rights r = {.trust = 0};
	struct agent key;
	int rc = rights_by_number(s->source, agent, &key, &r);

	out->trust = r.trust;
	out->standing = out->trust >= s->min_trust ? MEMBERS : STRANGERS;
	return rc;
}

int sums_silence(struct sums *s, uint32_t agent)
{
	struct row_key k = sums_agent_key(s, KEY_VOICE, agent);
	struct voice_row v = {0};
	int rc = row_read(s->txn, &k, &v, sizeof(v));

	return rc == -ENOENT ? 0 : rc < 0 ? rc : count_gifts(s, agent, &v, -1);
}

int sums_speak(struct sums *s, uint32_t agent)
{
	struct row_key k = sums_agent_key(s, KEY_VOICE, agent);
	struct voice_row v = {0};
	int rc = sums_voice(s, agent, &v);

	if (rc == 0)
		rc = row_put(s->txn, &k, &v, sizeof(v));
	return rc < 0 ? rc : count_gifts(s, agent, &v, 1);
}

/* ---- what an agent says ---- */

/* The first row of a prefix that ends in T I: its moment and value. -ENOENT. */
static int newest(struct sums *s, const struct row_key *prefix,
	struct claim_ref *when, void *value, size_t n)
{
	WALK_AUTO(w);
	int rc = walk_start(&w, s->txn, prefix);
	const uint8_t *moment;

	if (rc < 0)
		return rc;
	if (w.key.mv_size != prefix->n + 8 + ID_SIZE || w.value.mv_size != n)
		return -EBADMSG;
	moment = (const uint8_t *)w.key.mv_data + prefix->n;
	when->timestamp = ~be64_at(moment);
	for (int i = 0; i < ID_SIZE; i++)
		when->id.b[i] = (uint8_t)~moment[8 + i];
	memcpy(value, w.value.mv_data, n);
	return 0;
}

/* Keep the word of an agent on a cluster, its newest utterance there, in its place.
 */
static int move_word(struct sums *s, uint32_t agent,
	const struct cluster_hash *cluster, bool had, const struct claim_ref *old)
{
	struct row_key prefix = utterance_prefix(s, agent, cluster);
	struct utterance_row u;
	struct row_key k;
	struct claim_ref now = {0};
	int rc = newest(s, &prefix, &now, &u, sizeof(u));
	bool has = rc == 0;

	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (had) {
		k = word_key(s, agent, cluster, old->timestamp, &old->id);
		rc = row_del(s->txn, &k);
		if (rc < 0)
			return rc;
	}
	if (!has)
		return 0;
	k = word_key(s, agent, cluster, now.timestamp, &now.id);
	return row_put(s->txn, &k, &u, sizeof(u));
}

/* Add (u) or remove (u NULL) an utterance. */
static int utter(struct sums *s, uint32_t agent, const struct cluster_hash *cluster,
	uint64_t timestamp, const struct id *id, const struct utterance_row *u)
{
	struct row_key k = utterance_prefix(s, agent, cluster);
	struct utterance_row before;
	struct claim_ref old = {0};
	int rc = newest(s, &k, &old, &before, sizeof(before));
	bool had = rc == 0;

	if (rc < 0 && rc != -ENOENT)
		return rc;
	add_moment_down(&k, timestamp, id);
	rc = u ? row_put(s->txn, &k, u, sizeof(*u)) : row_del(s->txn, &k);
	return rc < 0 ? rc : move_word(s, agent, cluster, had, &old);
}

/* Of an agent's claims from one source only the newest is a statement. */
static int state(struct sums *s, const struct sums_claim *claim, uint32_t agent)
{
	struct row_key k = said_prefix(s, agent, claim->source);
	struct said_row row = {
		.cluster = claim->cluster, .confidence = claim->confidence};
	struct utterance_row u = {
		.claim_time = claim->timestamp,
		.claim = claim->id,
		.weight = claim->confidence,
	};
	struct said_row before;
	struct claim_ref old = {0};
	int rc = newest(s, &k, &old, &before, sizeof(before));
	bool had = rc == 0;

	if (rc < 0 && rc != -ENOENT)
		return rc;
	add_moment_down(&k, claim->timestamp, &claim->id);
	rc = row_put(s->txn, &k, &row, sizeof(row));
	if (rc < 0)
		return rc;
	if (had && (old.timestamp > claim->timestamp ||
			   (old.timestamp == claim->timestamp &&
				   id_compare(&old.id, &claim->id) >= 0)))
		return 0; /* an older one: it is no statement */
	if (had)
		rc = utter(s, agent, &before.cluster, old.timestamp, &old.id, NULL);
	if (rc < 0)
		return rc;
	return utter(s, agent, &claim->cluster, claim->timestamp, &claim->id, &u);
}

/* A claim is no longer said: the newest of those that are left is the statement. */
static int unstate(struct sums *s, const struct sums_claim *claim, uint32_t agent)
{
	struct row_key prefix = said_prefix(s, agent, claim->source);
	struct row_key k = prefix;
	struct said_row row;
	struct claim_ref now = {0};
	int rc = newest(s, &prefix, &now, &row, sizeof(row));

	if (rc < 0)
		return rc == -ENOENT ? -EBADMSG : rc;
	add_moment_down(&k, claim->timestamp, &claim->id);
	rc = row_del(s->txn, &k);
	if (rc < 0 || id_compare(&now.id, &claim->id) != 0)
		return rc; /* it was none */
	rc = utter(s, agent, &claim->cluster, now.timestamp, &now.id, NULL);
	if (rc < 0)
		return rc;
	rc = newest(s, &prefix, &now, &row, sizeof(row));
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	struct utterance_row u = {
		.claim_time = now.timestamp,
		.claim = now.id,
		.weight = row.confidence,
	};

	return utter(s, agent, &row.cluster, now.timestamp, &now.id, &u);
}

/* ---- the face ---- */

int sums_add_claim(
	struct change *c, const struct pair_key *p, const struct sums_claim *claim)
{
	struct open_cluster *o;
	struct sums s;
	int rc = sums_begin(&s, c, p);

	if (rc < 0)
		return rc;
	rc = sums_open(&s, &claim->cluster, &o);
	if (rc)
		return rc;
	o->row.claims++;
	s.totals.claims++;
	rc = sums_file_claim(&s, claim);
	return rc < 0 ? rc : sums_settle(&s);
}

int sums_add_signer(struct change *c, const struct pair_key *p,
	const struct sums_claim *claim, uint32_t agent)
{
	struct sums s;
	int rc = sums_begin(&s, c, p);

	if (rc == 0)
		rc = sums_silence(&s, agent);
	if (rc == 0)
		rc = state(&s, claim, agent);
	if (rc == 0)
		rc = sums_speak(&s, agent);
	return rc < 0 ? rc : sums_settle(&s);
}

int sums_remove_claim(
	struct change *c, const struct pair_key *p, const struct sums_claim *claim)
{
	struct open_cluster *o;
	struct sums s;
	int rc = sums_begin(&s, c, p);

	if (rc == 0)
		rc = sums_open(&s, &claim->cluster, &o);
	if (rc)
		return rc;
	o->row.claims--;
	s.totals.claims--;
	rc = sums_unfile_claim(&s, claim);
	return rc < 0 ? rc : sums_settle(&s);
}

int sums_remove_signer(struct change *c, const struct pair_key *p,
	const struct sums_claim *claim, uint32_t agent)
{
	struct sums s;
	int rc = sums_begin(&s, c, p);

	if (rc == 0)
		rc = sums_silence(&s, agent);
	if (rc == 0)
		rc = unstate(&s, claim, agent);
	if (rc == 0)
		rc = sums_speak(&s, agent);
	return rc < 0 ? rc : sums_settle(&s);
}

static int utter_vote(struct sums *s, const struct sums_claim *claim,
	uint32_t agent, const struct sums_vote *vote)
{
	struct utterance_row u = {
		.claim_time = claim->timestamp,
		.claim = claim->id,
		.weight = vote->weight,
		.against = vote->against,
	};

	return utter(s, agent, &claim->cluster, vote->timestamp, &vote->id, &u);
}

int sums_vote(struct change *c, const struct pair_key *p,
	const struct sums_claim *claim, uint32_t agent, const struct sums_vote *old,
	const struct sums_vote *now)
{
	struct sums s;
	int rc = sums_begin(&s, c, p);

	if (rc == 0)
		rc = sums_silence(&s, agent);
	if (rc == 0 && old)
		rc = utter(
			&s, agent, &claim->cluster, old->timestamp, &old->id, NULL);
	if (rc == 0 && now)
		rc = utter_vote(&s, claim, agent, now);
	if (rc == 0)
		rc = sums_speak(&s, agent);
	return rc < 0 ? rc : sums_settle(&s);
}

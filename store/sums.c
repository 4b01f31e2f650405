#include "store/sums.h"

#include <errno.h>

/* The clusters that one operation has its hands on: taken out of the ranking when
 * they are first touched, put back once at the end. */
enum {
	OPEN_MAX =
		2 * TALLY_WORDS + 2, /* gifts out, gifts in, the cluster itself */
};

struct open_cluster {
	struct cluster_hash hash;
	struct cluster_row row;
	bool filed; /* it stood in the ranking */
};

struct sums {
	MDB_txn *txn;
	const struct pair_key *pair;
	uint32_t min_trust;
	struct sums_row totals;
	struct open_cluster open[OPEN_MAX];
	size_t open_count;
};

/* ---- keys ---- */

static struct row_key agent_key(const struct sums *s, uint8_t tag, uint32_t agent)
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
	struct row_key k = agent_key(s, KEY_SAID, agent);

	row_key_be64(&k, source);
	return k;
}

static struct row_key utterance_prefix(
	const struct sums *s, uint32_t agent, const struct cluster_hash *cluster)
{
	struct row_key k = agent_key(s, KEY_UTTERANCE, agent);

	row_key_add(&k, cluster->b, HASH_SIZE);
	return k;
}

static struct row_key word_key(const struct sums *s, uint32_t agent,
	const struct cluster_hash *cluster, uint64_t timestamp, const struct id *id)
{
	struct row_key k = agent_key(s, KEY_WORD, agent);

	add_moment_down(&k, timestamp, id);
	row_key_add(&k, cluster->b, HASH_SIZE);
	return k;
}

static struct row_key cluster_key(
	const struct sums *s, const struct cluster_hash *cluster)
{
	struct row_key k = row_key_below(s->pair, KEY_CLUSTER);

	row_key_add(&k, cluster->b, HASH_SIZE);
	return k;
}

/* The order of rank_compare() as bytes. */
static void add_rank(struct row_key *k, const struct rank *r)
{
	row_key_be64(k, ~r->support[MEMBERS]);
	row_key_be64(k, ~r->support[STRANGERS]);
	row_key_byte(k, (uint8_t)lifecycle_rank(r->lifecycle));
	row_key_be32(k, ~r->agents);
	row_key_be64(k, ~r->timestamp);
	row_key_add(k, r->id.b, ID_SIZE);
}

enum {
	RANK_TIME = PAIR_KEY + 1 + 8 + 8 + 1 +
		    4, /* where the leader stands in an `r` key */
	RANK_KEY = RANK_TIME + 8 + ID_SIZE + HASH_SIZE,
};

static struct row_key rank_key(const struct sums *s, const struct rank *r,
	const struct cluster_hash *cluster)
{
	struct row_key k = row_key_below(s->pair, KEY_RANK);

	add_rank(&k, r);
	row_key_add(&k, cluster->b, HASH_SIZE);
	return k;
}

static struct row_key level_key(
	const struct sums *s, enum standing st, uint64_t support)
{
	struct row_key k = row_key_below(s->pair, KEY_LEVEL);

	row_key_byte(&k, (uint8_t)st);
	row_key_be64(&k, ~support);
	return k;
}

static struct row_key own_key(
	const struct sums *s, uint64_t timestamp, const struct id *claim)
{
	struct row_key k = row_key_below(s->pair, KEY_OWN);

	row_key_be64(&k, timestamp);
	row_key_add(&k, claim->b, ID_SIZE);
	return k;
}

/* A signed number as bytes that sort downwards. */
static uint64_t down(int64_t v)
{
	return ~((uint64_t)v ^ (UINT64_C(1) << 63));
}

static struct row_key leader_prefix(
	const struct sums *s, const struct cluster_hash *cluster)
{
	struct row_key k = row_key_below(s->pair, KEY_LEADER);

	row_key_add(&k, cluster->b, HASH_SIZE);
	return k;
}

enum {
	LEADER_LIFECYCLE = PAIR_KEY + 1 + HASH_SIZE + 16,
	LEADER_TIME = LEADER_LIFECYCLE + 1 + 4,
	LEADER_KEY = LEADER_TIME + 8 + ID_SIZE,
};

static struct row_key leader_key(const struct sums *s,
	const struct cluster_hash *cluster, const struct own_row *own,
	uint64_t timestamp, const struct id *claim)
{
	struct row_key k = leader_prefix(s, cluster);

	row_key_be64(&k, down(own->net[MEMBERS]));
	row_key_be64(&k, down(own->net[STRANGERS]));
	row_key_byte(&k, (uint8_t)lifecycle_rank((uint8_t)own->lifecycle));
	row_key_be32(&k, ~own->agents);
	row_key_be64(&k, ~timestamp);
	row_key_add(&k, claim->b, ID_SIZE);
	return k;
}

/* ---- clusters ---- */

static int level_add(struct sums *s, enum standing st, uint64_t support, int by)
{
	struct row_key k = level_key(s, st, support);
	uint64_t n = 0;
	int rc = row_read(s->txn, &k, &n, sizeof(n));

	if (rc < 0 && rc != -ENOENT)
		return rc;
	n += (uint64_t)(int64_t)by;
	return n ? row_put(s->txn, &k, &n, sizeof(n)) : row_del(s->txn, &k);
}

static int unfile(struct sums *s, struct open_cluster *o)
{
	struct row_key k = rank_key(s, &o->row.filed, &o->hash);
	int rc = row_del(s->txn, &k);

	for (int st = 0; rc == 0 && st < STANDINGS; st++) {
		rc = level_add(s, (enum standing)st, o->row.filed.support[st], -1);
		s->totals.total[st] -= o->row.filed.support[st];
	}
	return rc;
}

/* The cluster, out of the ranking until settle(). */
static int open_cluster(
	struct sums *s, const struct cluster_hash *hash, struct open_cluster **out)
{
	struct open_cluster *o;
	struct row_key k = cluster_key(s, hash);
	int rc;

	for (size_t i = 0; i < s->open_count; i++)
		if (memcmp(s->open[i].hash.b, hash->b, HASH_SIZE) == 0) {
			*out = &s->open[i];
			return 0;
		}
	assert(s->open_count < OPEN_MAX);
	o = &s->open[s->open_count];
	*o = (struct open_cluster){.hash = *hash};
	rc = row_read(s->txn, &k, &o->row, sizeof(o->row));
	o->filed = rc == 0;
	if (rc == -ENOENT) {
		s->totals.clusters++;
		rc = 0;
	} else if (rc == 0) {
		rc = unfile(s, o);
	}
	if (rc < 0)
		return rc;
	s->open_count++;
	*out = o;
	return 0;
}

/* The rank of a cluster from its sums and its leading claim. */
static int rank_of(struct sums *s, const struct open_cluster *o, struct rank *out)
{
	struct row_key prefix = leader_prefix(s, &o->hash);
	static const uint8_t lifecycles[] = {LIFECYCLE_APPROVED,
		LIFECYCLE_UNDER_REVIEW, LIFECYCLE_PROPOSED, LIFECYCLE_DEPRECATED,
		LIFECYCLE_REJECTED};
	const uint8_t *key;
	WALK_AUTO(w);
	int rc = walk_start(&w, s->txn, &prefix);

	if (rc < 0)
		return rc == -ENOENT ? -EBADMSG : rc;
	if (w.key.mv_size != LEADER_KEY)
		return -EBADMSG;
	key = w.key.mv_data;
	*out = (struct rank){.agents = o->row.agents};
	for (int st = 0; st < STANDINGS; st++)
		if (o->row.given[st] > o->row.against[st])
			out->support[st] = o->row.given[st] - o->row.against[st];
	if (key[LEADER_LIFECYCLE] < sizeof(lifecycles))
		out->lifecycle = lifecycles[key[LEADER_LIFECYCLE]];
	out->timestamp = ~be64_at(key + LEADER_TIME);
	memcpy(out->id.b, key + LEADER_TIME + 8, ID_SIZE);
	return 0;
}

static int file_cluster(struct sums *s, struct open_cluster *o)
{
	struct row_key k;
	int rc = rank_of(s, o, &o->row.filed);

	for (int st = 0; rc == 0 && st < STANDINGS; st++) {
		rc = level_add(s, (enum standing)st, o->row.filed.support[st], 1);
		s->totals.total[st] += o->row.filed.support[st];
	}
	if (rc < 0)
		return rc;
	k = rank_key(s, &o->row.filed, &o->hash);
	rc = row_put(s->txn, &k, NULL, 0);
	if (rc < 0)
		return rc;
	k = cluster_key(s, &o->hash);
	return row_put(s->txn, &k, &o->row, sizeof(o->row));
}

/* ---- the life of one operation ---- */

static int begin(struct sums *s, struct change *c, const struct pair_key *p)
{
	struct row_key k = row_key_below(p, KEY_SUMS);
	int rc;

	s->txn = c->source.txn;
	s->pair = p;
	s->min_trust = change_min_trust(c);
	s->open_count = 0;
	s->totals = (struct sums_row){.claims = 0};
	rc = row_read(s->txn, &k, &s->totals, sizeof(s->totals));
	return rc == -ENOENT ? 0 : rc;
}

static int settle(struct sums *s)
{
	struct row_key k = row_key_below(s->pair, KEY_SUMS);

	for (size_t i = 0; i < s->open_count; i++) {
		int rc = file_cluster(s, &s->open[i]);

		if (rc < 0)
			return rc;
	}
	return row_put(s->txn, &k, &s->totals, sizeof(s->totals));
}

/* ---- gifts ---- */

/* A claim's own word changes, and with it its place among the leaders. */
static int own_add(struct sums *s, const struct cluster_hash *cluster,
	const struct utterance_row *u, uint32_t standing, int64_t net,
	int32_t agents)
{
	struct row_key k = own_key(s, u->claim_time, &u->claim);
	struct row_key leader;
	struct own_row own;
	int rc = row_read(s->txn, &k, &own, sizeof(own));

	if (rc < 0)
		return rc;
	leader = leader_key(s, cluster, &own, u->claim_time, &u->claim);
	rc = row_del(s->txn, &leader);
	if (rc < 0)
		return rc;
	own.net[standing] += net;
	own.agents += (uint32_t)agents;
	rc = row_put(s->txn, &k, &own, sizeof(own));
	if (rc < 0)
		return rc;
	leader = leader_key(s, cluster, &own, u->claim_time, &u->claim);
	return row_put(s->txn, &leader, NULL, 0);
}

struct words {
	struct cluster_hash cluster[TALLY_WORDS];
	struct utterance_row said[TALLY_WORDS];
	uint32_t weight[TALLY_WORDS];
	size_t n;
};

/* The newest words of an agent, those that share its budget. */
static int read_words(struct sums *s, uint32_t agent, struct words *out)
{
	struct row_key prefix = agent_key(s, KEY_WORD, agent);
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

		rc = open_cluster(s, &w.cluster[i], &o);
		if (rc < 0)
			return rc;
		sum = against ? o->row.against : o->row.given;
		sum[v->standing] += (uint64_t)by;
		o->row.agents += (uint32_t)(against ? 0 : sign);
		s->totals.opposed += (uint32_t)(against ? sign : 0);
		rc = own_add(s, &w.cluster[i], &w.said[i], v->standing,
			against ? -by : by, against ? 0 : sign);
		if (rc < 0)
			return rc;
	}
	s->totals.agents += (uint32_t)(w.n ? sign : 0);
	return 0;
}

static int voice_now(struct sums *s, uint32_t agent, struct voice_row *out)
{
	struct agent key;
	int rc = agent_by_number(s->txn, agent, &key);

	if (rc == 0)
		rc = trust_of(s->txn, &key, &out->trust);
	out->standing = out->trust >= s->min_trust ? MEMBERS : STRANGERS;
	return rc;
}

static int silence(struct sums *s, uint32_t agent)
{
	struct row_key k = agent_key(s, KEY_VOICE, agent);
	struct voice_row v;
	int rc = row_read(s->txn, &k, &v, sizeof(v));

	return rc == -ENOENT ? 0 : rc < 0 ? rc : count_gifts(s, agent, &v, -1);
}

static int speak(struct sums *s, uint32_t agent)
{
	struct row_key k = agent_key(s, KEY_VOICE, agent);
	struct voice_row v;
	int rc = voice_now(s, agent, &v);

	if (rc == 0)
		rc = row_put(s->txn, &k, &v, sizeof(v));
	return rc < 0 ? rc : count_gifts(s, agent, &v, 1);
}

/* ---- what an agent says ---- */

/* The first row of a prefix that ends in T I: its moment and value. -ENOENT. */
static int newest(struct sums *s, const struct row_key *prefix, struct said *when,
	void *value, size_t n)
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
	const struct cluster_hash *cluster, bool had, const struct said *old)
{
	struct row_key prefix = utterance_prefix(s, agent, cluster);
	struct utterance_row u;
	struct row_key k;
	struct said now;
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
	struct said old = {0};
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
	struct said old;
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

/* ---- the face ---- */

int sums_add_claim(
	struct change *c, const struct pair_key *p, const struct sums_claim *claim)
{
	struct sums s;
	struct own_row own = {.lifecycle = claim->lifecycle};
	struct open_cluster *o;
	struct row_key k;
	int rc = begin(&s, c, p);

	if (rc == 0)
		rc = open_cluster(&s, &claim->cluster, &o);
	if (rc < 0)
		return rc;
	o->row.claims++;
	s.totals.claims++;
	k = own_key(&s, claim->timestamp, &claim->id);
	rc = row_put(s.txn, &k, &own, sizeof(own));
	if (rc < 0)
		return rc;
	k = leader_key(&s, &claim->cluster, &own, claim->timestamp, &claim->id);
	rc = row_put(s.txn, &k, NULL, 0);
	return rc < 0 ? rc : settle(&s);
}

int sums_add_signer(struct change *c, const struct pair_key *p,
	const struct sums_claim *claim, uint32_t agent)
{
	struct sums s;
	int rc = begin(&s, c, p);

	if (rc == 0)
		rc = silence(&s, agent);
	if (rc == 0)
		rc = state(&s, claim, agent);
	if (rc == 0)
		rc = speak(&s, agent);
	return rc < 0 ? rc : settle(&s);
}

int sums_vote(struct change *c, const struct pair_key *p,
	const struct sums_claim *claim, uint32_t agent, const struct vote_row *old,
	const struct vote_row *now)
{
	struct utterance_row u = {
		.claim_time = claim->timestamp,
		.claim = claim->id,
		.weight = now->weight,
		.against = now->against,
	};
	struct sums s;
	int rc = begin(&s, c, p);

	if (rc == 0)
		rc = silence(&s, agent);
	if (rc == 0 && old && old->weight)
		rc = utter(
			&s, agent, &claim->cluster, old->timestamp, &old->id, NULL);
	if (rc == 0 && now->weight)
		rc = utter(
			&s, agent, &claim->cluster, now->timestamp, &now->id, &u);
	if (rc == 0)
		rc = speak(&s, agent);
	return rc < 0 ? rc : settle(&s);
}

int sums_trust(struct change *c, const struct pair_key *p, uint32_t agent)
{
	struct voice_row old, now;
	struct row_key k;
	struct sums s;
	int rc = begin(&s, c, p);

	if (rc < 0)
		return rc;
	k = agent_key(&s, KEY_VOICE, agent);
	rc = row_read(s.txn, &k, &old, sizeof(old));
	if (rc == 0)
		rc = voice_now(&s, agent, &now);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	if (old.trust == now.trust && old.standing == now.standing)
		return 0;
	rc = silence(&s, agent);
	if (rc == 0)
		rc = speak(&s, agent);
	return rc < 0 ? rc : settle(&s);
}

int sums_trust_all(struct change *c, const struct pair_key *p)
{
	struct row_key prefix = row_key_below(p, KEY_VOICE);
	struct row_key from = prefix;

	/* the walk ends before each change: a cursor does not outlive a write */
	for (uint64_t next = 0; next <= UINT32_MAX; next++) {
		int rc;
		{
			WALK_AUTO(w);

			from = prefix;
			row_key_be32(&from, (uint32_t)next);
			rc = walk_from(&w, c->source.txn, &prefix, &from);
			if (rc < 0)
				return rc == -ENOENT ? 0 : rc;
			next = be32_at((const uint8_t *)w.key.mv_data + prefix.n);
		}
		rc = sums_trust(c, p, (uint32_t)next);
		if (rc < 0)
			return rc;
	}
	return 0;
}

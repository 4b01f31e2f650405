/* How the clusters of a pair stand: their sums, their rank, their leading claim.
 *
 * While a cluster is open its rows in the ranking are gone; sums_settle() ranks it anew and
 * puts them back. So however many gifts move in one operation, each cluster is filed once. */
#include <errno.h>

#include "store/sums_impl.h"

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

int sums_open(
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

/* Its last claim is gone. */
static int drop_cluster(struct sums *s, struct open_cluster *o)
{
	struct row_key k = cluster_key(s, &o->hash);

	s->totals.clusters--;
	return row_del(s->txn, &k);
}

static int file_cluster(struct sums *s, struct open_cluster *o)
{
	struct row_key k;
	int rc;

	if (o->row.claims == 0)
		return drop_cluster(s, o);
	rc = rank_of(s, o, &o->row.filed);

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

int sums_begin(struct sums *s, struct change *c, const struct pair_key *p)
{
	struct row_key k = row_key_below(p, KEY_SUMS);
	int rc;

	s->source = &c->source;
	s->txn = c->source.txn;
	s->pair = p;
	s->open_count = 0;
	s->totals = (struct sums_row){.claims = 0};
	rc = row_read(s->txn, &k, &s->totals, sizeof(s->totals));
	if (rc < 0 && rc != -ENOENT)
		return rc;
	return min_trust_of(s->source, &s->min_trust);
}

int sums_settle(struct sums *s)
{
	struct row_key k = row_key_below(s->pair, KEY_SUMS);

	for (size_t i = 0; i < s->open_count; i++) {
		int rc = file_cluster(s, &s->open[i]);

		if (rc < 0)
			return rc;
	}
	return row_put(s->txn, &k, &s->totals, sizeof(s->totals));
}

/* A claim's own word changes, and with it its place among the leaders. */
int sums_own_add(struct sums *s, const struct cluster_hash *cluster,
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

int sums_file_claim(struct sums *s, const struct sums_claim *claim)
{
	struct own_row own = {.lifecycle = (uint8_t)claim->lifecycle};
	struct row_key k = own_key(s, claim->timestamp, &claim->id);
	int rc = row_put(s->txn, &k, &own, sizeof(own));

	if (rc < 0)
		return rc;
	k = leader_key(s, &claim->cluster, &own, claim->timestamp, &claim->id);
	return row_put(s->txn, &k, NULL, 0);
}

int sums_unfile_claim(struct sums *s, const struct sums_claim *claim)
{
	struct row_key k = own_key(s, claim->timestamp, &claim->id);
	struct own_row own;
	int rc = row_read(s->txn, &k, &own, sizeof(own));

	if (rc == 0)
		rc = row_del(s->txn, &k);
	if (rc < 0)
		return rc == -ENOENT ? -EBADMSG : rc;
	k = leader_key(s, &claim->cluster, &own, claim->timestamp, &claim->id);
	return row_del(s->txn, &k);
}

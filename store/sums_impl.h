/* The insides of running sums, shared by sums.c (what agents say) and sums_cluster.c (how
 * clusters stand). Not for anybody else. */
#ifndef STORE_SUMS_IMPL_H
#define STORE_SUMS_IMPL_H

#include "store/sums.h"

/* The clusters that one operation has its hands on: taken out of the ranking when they
 * are first touched, put back once at the end. */
enum {
	OPEN_MAX =
		2 * TALLY_WORDS + 2, /* gifts out, gifts in, the cluster itself */
};

struct open_cluster {
	struct cluster_hash hash;
	struct cluster_row row;
};

/* One operation on one pair. */
struct sums {
	const struct source *source;
	MDB_txn *txn; /* the source's */
	const struct pair_key *pair;
	uint32_t min_trust;
	struct sums_row totals;
	struct open_cluster open[OPEN_MAX];
	size_t open_count;
};

int sums_begin(struct sums *s, struct change *c, const struct pair_key *p);

/* Put every cluster that was opened back into the ranking, and the totals. */
int sums_settle(struct sums *s);

/* A cluster, out of the ranking until sums_settle(). */
int sums_open(
	struct sums *s, const struct cluster_hash *hash, struct open_cluster **out);

/* A new claim among those of its cluster, with no word of its own yet. */
int sums_file_claim(struct sums *s, const struct sums_claim *claim);
/* Take it away again; it has no word of its own any more. */
int sums_unfile_claim(struct sums *s, const struct sums_claim *claim);

/* The own word of the claim that u was said of changes, and its place among the leaders. */
int sums_own_add(struct sums *s, const struct cluster_hash *cluster,
	const struct utterance_row *u, uint32_t standing, int64_t net,
	int32_t agents);

/* ---- what an agent gives (sums.c) ---- */

struct row_key sums_agent_key(const struct sums *s, uint8_t tag, uint32_t agent);

/* What its voice weighs today. */
int sums_voice(struct sums *s, uint32_t agent, struct voice_row *out);

/* Take all its gifts out of the clusters; count them in again, at today's weight. */
int sums_silence(struct sums *s, uint32_t agent);
int sums_speak(struct sums *s, uint32_t agent);

#endif

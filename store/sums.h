/* Running sums of a pair: what core/tally.h computes from all candidates, kept up
 * to date claim by claim and vote by vote, so that the work of a write does not
 * grow with their number.
 *
 * One thing happens to one agent at a time: its gifts are taken out of the clusters
 * that have them, what it says is changed, its gifts are put in again. That touches
 * at most 2 x 16 clusters, each found, re-ranked and put back by key. Pairs with
 * few claims keep no sums: there resolving anew is cheaper than the rows would be.
 * The tests hold both ways against each other and against a slow reference. */
#ifndef STORE_SUMS_H
#define STORE_SUMS_H

#include "store/change.h"
#include "store/pair.h"

/* One claim as the sums need it. */
struct sums_claim {
	struct id id;
	uint64_t timestamp;
	uint64_t source;
	struct cluster_hash cluster;
	uint32_t confidence;
	uint8_t lifecycle;
};

/* Begin to keep sums for a pair that has the candidates of its rows. */
int sums_start(struct change *c, const struct pair_key *p);

/* A new claim; its signers follow one by one. */
int sums_add_claim(
	struct change *c, const struct pair_key *p, const struct sums_claim *claim);

/* An agent stands behind a claim: as a first signer or later. Not twice. */
int sums_add_signer(struct change *c, const struct pair_key *p,
	const struct sums_claim *claim, uint32_t agent);

/* An agent's vote on a claim changes from old (NULL: none) to new. */
int sums_vote(struct change *c, const struct pair_key *p,
	const struct sums_claim *claim, uint32_t agent, const struct vote_row *old,
	const struct vote_row *now);

/* An agent's trust, or what makes a member, has changed; nothing if it has not. */
int sums_trust(struct change *c, const struct pair_key *p, uint32_t agent);
/* The same for every agent that speaks on the pair. */
int sums_trust_all(struct change *c, const struct pair_key *p);

/* The consensus from the sums. */
int sums_resolve(struct change *c, const struct pair_key *p, struct slice subject,
	struct slice predicate, struct pair_view *out);

/* An agent's newest claim on a pair from one source. */
struct said {
	uint64_t timestamp;
	struct id id;
};
/* The newest live one, for the pair and source of r; works for pairs with and without
 * sums. -ENOENT. */
int newest_said(struct change *c, const struct record *r, const struct agent *agent,
	struct said *out);

#endif

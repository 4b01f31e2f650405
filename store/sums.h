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
#include "store/gather.h"
#include "store/pair.h"

/* One claim that counts as the sums need it; lifecycle as it counts. No padding. */
struct sums_claim {
	struct id id;
	uint64_t timestamp;
	uint64_t source;
	struct cluster_hash cluster;
	uint32_t confidence;
	uint32_t lifecycle;
};

/* A vote that counts. No padding. */
struct sums_vote {
	uint64_t timestamp;
	struct id id;
	uint32_t weight;
	uint32_t against;
};

/* What pair_row.sums says. */
enum sums_kept {
	SUMS_NONE, /* few claims: resolved anew with every change */
	SUMS_KEPT,
};

/* Does claim i of what was gathered count, as its footing is? Then out is what the sums
 * have of it. */
bool sums_counts(const struct gathered *g, const struct footing *f, uint32_t i,
	struct sums_claim *out);

/* Begin to keep sums for a pair that has none, from its rows. */
int sums_start(struct change *c, const struct pair_key *p);

/* Forget them. */
int sums_drop(struct change *c, const struct pair_key *p);

/* Have the pair keep no sums that were made under other rights than today's: they are
 * dropped, and begun anew when the pair is resolved. */
int sums_current(struct change *c, const struct pair_key *p, struct pair_row *row);

/* A new claim; its signers follow one by one. */
int sums_add_claim(
	struct change *c, const struct pair_key *p, const struct sums_claim *claim);

/* A claim counts no more; nobody stands behind it and no votes are on it. */
int sums_remove_claim(
	struct change *c, const struct pair_key *p, const struct sums_claim *claim);

/* An agent stands behind a claim: as a first signer or later. Not twice. */
int sums_add_signer(struct change *c, const struct pair_key *p,
	const struct sums_claim *claim, uint32_t agent);

/* It does no more. */
int sums_remove_signer(struct change *c, const struct pair_key *p,
	const struct sums_claim *claim, uint32_t agent);

/* An agent's vote on a claim changes from old to now; NULL: none. */
int sums_vote(struct change *c, const struct pair_key *p,
	const struct sums_claim *claim, uint32_t agent, const struct sums_vote *old,
	const struct sums_vote *now);

/* An agent's trust, or what makes a member, has changed; nothing if it has not. */
int sums_trust(struct change *c, const struct pair_key *p, uint32_t agent);
/* The same for every agent that speaks on the pair. */
int sums_trust_all(struct change *c, const struct pair_key *p);

/* The consensus from the sums; signers live in the arena. Of a set (core/sets.h) only how
 * many candidates: what it holds is as long as it is large, and resolved when it is read. */
int sums_resolve(struct change *c, const struct pair_key *p, struct slice predicate,
	struct arena *a, struct pair_view *out);

#endif

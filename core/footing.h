/* What stands: which claims of a pair are candidates, and whose word still counts.
 *
 * Input are the facts that a context lets the reader see: all claims of one pair (or as
 * many of them as hang together by parents and supersessions), who signed them, voted on
 * them, withdrew them. Output are the candidates for the lenses. The rules are those of
 * docs/standing.md, a pure function of a set: nothing depends on the order of arrival.
 *
 * Pure; thread-safe; memory from the caller's arena. */
#ifndef CORE_FOOTING_H
#define CORE_FOOTING_H

#include "core/tally.h"

enum {
	/* Edges that may hang together in cycles; of a knot of more only what stewards
	 * said is left: untying costs their square. Each knot of a pair is counted for
	 * itself. */
	KNOT_MAX = 1000,
};

/* A claim before anything is withdrawn: lifecycle and source_class as the record has
 * them, no signers yet. */
struct fact {
	struct candidate claim;
	bool has_parent;
	struct id parent;
};

/* An agent put its name to a claim. */
struct signing {
	uint32_t claim;
	uint32_t voter;
	bool gone; /* out: it no longer stands behind it */
};

/* An agent says that a claim is withdrawn, or that another takes its place. */
struct withdrawal {
	uint32_t claim;
	uint32_t voter;
	uint64_t timestamp; /* of the record, and its id */
	struct id id;
	bool replaces;
	struct id by; /* where it replaces */
};

struct facts {
	const struct fact *claims; /* sorted by (timestamp, id) */
	uint32_t claim_count;
	uint32_t cluster_count;
	struct signing *signings; /* sorted by (claim, voter), each once */
	uint32_t signing_count;
	const struct ballot *ballots; /* the newest of each voter on each claim */
	uint32_t ballot_count;
	const struct withdrawal *withdrawals;
	uint32_t withdrawal_count;
	const struct voter *voters;
	uint32_t voter_count;
	bool governed; /* stages and the highest classes are given, not declared */
};

/* Where each claim stands; arrays of claim_count, in the arena. */
struct footing {
	bool *stands;
	/* Where votes on it count: itself while it stands, else what took its place with
	 * the same object; NO_INDEX: nowhere. */
	uint32_t *votes;
	uint32_t *successor; /* what took its place, NO_INDEX: nothing */
	uint8_t *lifecycle;  /* as they count */
	uint8_t *source_class;
};

/* Also sets `gone` of each signing. 0 or -ENOMEM. */
int footing(const struct facts *f, struct arena *a, struct footing *out);

/* Does the vote say nothing: withdrawn, or its agent with it? */
bool footing_silenced(const struct facts *f, const struct ballot *b);

/* Does the vote count at all, and where? NO_INDEX: nowhere. */
uint32_t footing_vote(
	const struct facts *f, const struct footing *s, const struct ballot *b);

/* The candidates: of the claims that stand those that admits() lets through (NULL: all).
 * It is given the claim as it counts. out's min_trust is left alone. 0 or -ENOMEM. */
typedef bool footing_filter(void *ctx, const struct candidate *c);
int footing_candidates(const struct facts *f, const struct footing *s,
	footing_filter *admits, void *ctx, struct arena *a, struct candidates *out);

/* Is this a stage that a reader sees who did not ask for one? */
bool lifecycle_is_live(uint8_t lifecycle);

#endif

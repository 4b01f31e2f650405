/* Who supports what: the candidates of one pair, weighed.
 *
 * A pair is one (subject, predicate). Its candidates are the live claims on it;
 * those with equal objects form a cluster. An agent has one budget per pair, its
 * trust, however much it says:
 *
 *	statement  of its claims on the pair from one source, only the newest
 *	           counts
 *	word       on a cluster: the newest (ties: larger id) of its statements in
 *	           the cluster (their confidence) and its votes on candidates
 *	           there (-1..1)
 *	gives      with M the greatest |word| and W the sum of |word| over its 16
 *	           newest words: floor(trust * M * |word| / (W * 1,000,000)) to
 *	           each of those; an older word counts for nothing at all
 *	support    of a cluster: max(0, for - against), kept apart for members
 *	           (trust of at least min_trust) and strangers
 *
 * A pair that is a set (core/sets.h) holds many values, which do not compete: there
 * all this is done within each cluster as if it were a pair of its own, the budget
 * too, and conflict is 0.
 *
 * A word belongs to the candidate it was said of; the gifts that came through a
 * candidate are its own word, by which the leader of a cluster is chosen.
 *
 * Everything is integer arithmetic over a set: the order of the input does not
 * matter. Pure; thread-safe; memory from the caller's arena. */
#ifndef CORE_TALLY_H
#define CORE_TALLY_H

#include "core/arena.h"
#include "core/record.h"

enum {
	TALLY_WORDS = 16, /* newest words of an agent that share its budget */
	TALLY_PRIOR = MILLION / 2, /* so that one claim never reads as certainty */
	CONFLICT_ONE = 10000,	   /* conflict is in ten-thousandths */
	CONTESTED_FROM = 4000,
};

#define NO_INDEX UINT32_MAX

enum standing {
	MEMBERS = 0,
	STRANGERS = 1,
	STANDINGS,
};

enum pair_status {
	STATUS_NONE,	  /* no support */
	STATUS_SINGLE,	  /* one agent */
	STATUS_UNANIMOUS, /* one cluster, two agents or more, nobody against */
	STATUS_AGREED,	  /* conflict below 0.4 */
	STATUS_CONTESTED,
};

/* An agent that speaks on the pair, and what it may do there. */
struct voter {
	struct agent key;
	uint32_t trust; /* millionths */
	bool steward;	/* may withdraw for all and set a stage above proposed */
	uint8_t grants; /* bit 1 << class: may claim that source class */
};

struct candidate {
	struct id id;
	uint64_t timestamp;
	uint64_t source;     /* equal sources have equal values; 0: none */
	uint32_t cluster;    /* 0..cluster_count - 1; unused numbers are fine */
	uint32_t confidence; /* CONFIDENCE_UNSTATED when not stated */
	bool stated;
	/* as they count here, which is not always what the record says (core/footing.h) */
	uint8_t lifecycle;
	uint8_t source_class; /* CLASSES: none */
	uint8_t declared;     /* source class of the record; CLASSES: none */
	bool hidden; /* its epoch is superseded: for the lens `epoch` alone */
	bool has_epoch;
	struct id epoch;
	uint32_t signer; /* its signers are signers[signer .. +signer_count], */
	uint32_t signer_count; /* indexes into voters, sorted by key */
	uint64_t locator;      /* for the caller: where the body is */
	uint32_t locator_length;
	uint64_t seq; /* likewise: of its record */
};

/* The counted vote of one voter on one candidate; weight is not 0. */
struct ballot {
	uint32_t voter;
	uint32_t candidate;
	uint64_t timestamp;
	struct id id;
	uint32_t weight;
	bool against;
};

/* Input: one pair, already cut down to what the reader may see. */
struct candidates {
	const struct candidate *claims; /* sorted by (timestamp, id) */
	uint32_t claim_count;
	const uint32_t *signers;
	uint32_t signer_count;
	const struct ballot *ballots;
	uint32_t ballot_count;
	const struct voter *voters;
	uint32_t voter_count;
	uint32_t cluster_count;
	uint32_t min_trust; /* from here on an agent is a member */
	bool set;	    /* each cluster is judged alone: predicate_is_set() */
};

struct cluster {
	uint32_t cluster; /* its number in the input */
	uint32_t claims;
	uint32_t agents;	   /* whose word on it is not against it */
	uint32_t leader;	   /* index of its leading claim */
	uint64_t given[STANDINGS]; /* for */
	uint64_t against[STANDINGS];
	uint64_t support[STANDINGS]; /* max(0, given - against) */
};

/* What a candidate has of its own. */
struct own_word {
	int64_t net[STANDINGS];
	uint32_t agents; /* whose word on the cluster is one for this candidate */
};

struct tally {
	struct cluster *clusters; /* strongest first, see rank_compare() */
	uint32_t cluster_count;
	struct own_word *own;	   /* one per claim */
	uint64_t total[STANDINGS]; /* sums of support */
	enum standing counted;	   /* members, wherever they support anything */
	uint32_t agents;	   /* that have a word on the pair */
	bool opposed;		   /* somebody's word is against something */
	uint32_t conflict;	   /* ten-thousandths */
	enum pair_status status;
};

/* Weigh. out's arrays live in the arena. 0 or -ENOMEM. */
int tally(const struct candidates *in, struct arena *a, struct tally *out);

/**
 * What one agent gives: weights[i] is |word| of its n (at most TALLY_WORDS) newest
 * words, gifts[i] what each cluster gets, in millionths.
 */
void tally_gifts(
	uint32_t trust, const uint32_t *weights, size_t n, uint64_t *gifts);

/* A group of clusters that have the same support. */
struct level {
	uint64_t support;
	uint64_t clusters;
};

/**
 * Normalised Shannon entropy of the shares of those clusters that have at least
 * 1/20 of the greatest support: -sum(p ln p) / ln k, 0 where k <= 1, rounded to
 * ten-thousandths. Levels come strongest first, each support once. Integer
 * arithmetic (base-2 logarithms with 32 bits of fraction), so that every machine
 * and every order give the same digits.
 */
uint32_t tally_conflict(const struct level *levels, size_t n);

/* By the rules above, from the totals. */
enum pair_status tally_status(uint64_t support, uint32_t agents, uint32_t clusters,
	bool opposed, uint32_t conflict);
const char *status_name(enum pair_status status);

/* What ranks clusters; the same struct for the running sums of the store. */
struct rank {
	uint64_t support[STANDINGS];
	uint8_t lifecycle; /* of the leading claim */
	uint32_t agents;
	uint64_t timestamp; /* of the leading claim */
	struct id id;
};

/* Stronger first: support of members, support of strangers, approved > under_review
 * > proposed (> deprecated > rejected), more agents, newest, smallest id. < 0: a
 * first. */
int rank_compare(const struct rank *a, const struct rank *b);

/* What ranks claims, within a cluster and in lists: the same order, with the own
 * word in the place of support (shifted so that words against come last) and own
 * agents. */
struct rank claim_rank(
	const struct candidates *in, const struct own_word *own, uint32_t claim);

/* 0 for approved, 1 under_review, 2 proposed, 3 deprecated, 4 rejected. */
unsigned lifecycle_rank(uint8_t lifecycle);

#endif

/* Every value of the index: plain structs, without padding. Which key has which: see
 * store/keys.h. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "store/keys.h"

struct meta_row {
	uint32_t layout;
	uint32_t byte_order; /* 0x01020304 as this machine writes it */
	uint8_t store_id[16];
	uint64_t log_end; /* applied up to here */
	uint64_t reached; /* an index before this one had applied up to here */
	uint64_t seq;
	uint64_t received_at;
	struct id head;
	uint64_t events_size;
	uint64_t subjects, pairs, claims, votes;
	uint64_t subjects_mtime;
	uint64_t
		settings_mtime; /* of the newest setting that can change an answer */
	uint64_t settings_seq;
	uint32_t agents;
	uint32_t sweeps; /* notes that are not worked off */
	uint64_t
		rights_seq; /* of the newest setting that made or unmade a steward */
	uint64_t contested; /* changes whenever a pair becomes or ceases to be so */
};
static_assert(sizeof(struct meta_row) == 176, "meta_row has no padding");

struct locator {
	uint64_t offset;
	uint32_t length; /* of the payload */
	uint32_t zero;
};

struct id_row {
	uint64_t seq;
	struct locator at;
	uint64_t timestamp; /* of the record */
	uint32_t kind;
	uint32_t zero;
};
static_assert(sizeof(struct id_row) == 40, "id_row has no padding");

struct event_row {
	struct locator at;
	uint64_t end; /* of its line in events.jsonl */
	uint64_t received_at;
};
static_assert(sizeof(struct event_row) == 32, "event_row has no padding");

struct subject_row {
	uint64_t first; /* log offset of the record that brought it: the listing
			   cookie */
	uint64_t mtime; /* when its newest predicate came */
	uint64_t predicates;
};

struct predicate_row {
	uint64_t first;
};

/* A record in a list; of an agent's assertions seq is when it was known that both are
 * there, the assertion and the signature. */
struct listed_row {
	uint64_t first; /* log offset of the record: the listing cookie */
	uint64_t seq;
};

struct profile_row {
	struct locator at;
	uint64_t seq;
	struct cluster_hash name; /* H */
};

struct setting_row {
	uint64_t seq;
	uint32_t value; /* millionths; 1,000,000 for true; of a grant class + 1 */
	uint32_t zero;
};

struct sweep_row {
	uint64_t next;	/* seq to go on with */
	uint64_t until; /* seq of the setting */
	uint32_t agent;
	uint32_t zero;
};

struct damage_row {
	uint64_t to; /* log offset where it ends */
};

struct pair_row {
	uint64_t generation; /* seq of the last record that can have changed a file
			      */
	uint64_t mtime;
	uint64_t first;
	uint64_t rights_seq;   /* of META, when the sums were made */
	struct locator winner; /* of the consensus; length 0: none */
	uint32_t candidates;
	uint32_t sums;	      /* 1: the rows of running sums are kept */
	uint32_t view_length; /* of the view, which follows */
	uint32_t status;      /* enum pair_status */
};
static_assert(sizeof(struct pair_row) == 64, "pair_row has no padding");

enum claim_has {
	CLAIM_PARENT = 1 << 0,
	CLAIM_EPOCH = 1 << 1,
};

struct claim_row {
	struct locator at;
	uint64_t seq;
	uint64_t source; /* first 8 bytes of BLAKE3, never 0; 0: none */
	uint32_t confidence;
	uint8_t stated;
	uint8_t lifecycle;
	uint8_t source_class;
	uint8_t has; /* bits of claim_has: the ids that follow the signers */
	struct cluster_hash cluster;
	uint32_t signers; /* agent numbers that follow, u32 each, big endian */
	uint32_t zero;
};
static_assert(sizeof(struct claim_row) == 64, "claim_row has no padding");

struct cosigner_row {
	struct locator at; /* of the cosignature record */
};

struct withdrawal_row {
	uint64_t timestamp; /* of the supersession record */
	struct id id;
	struct id by;
	uint32_t replaces; /* 0: a retraction, `by` is zero */
	uint32_t zero;
};
static_assert(sizeof(struct withdrawal_row) == 80, "withdrawal_row has no padding");

struct vote_row {
	uint32_t weight; /* 0: withdrawn */
	uint32_t against;
};

/* ---- values of running sums ---- */

struct sums_row {
	uint64_t total[STANDINGS]; /* of support */
	uint32_t claims;
	uint32_t clusters;
	uint32_t agents;  /* that have a word */
	uint32_t opposed; /* words against */
};

/* How an agent's gifts were counted in, so that they can be taken out again. */
struct voice_row {
	uint32_t trust;
	uint32_t standing;
};

struct said_row {
	struct cluster_hash cluster;
	uint32_t confidence;
	uint32_t zero;
};

struct utterance_row {
	uint64_t claim_time;
	struct id claim;
	uint32_t weight;
	uint32_t against;
};

struct cluster_row {
	uint64_t given[STANDINGS];
	uint64_t against[STANDINGS];
	struct rank filed; /* as it stands in the rows `r` and `l` */
	uint32_t claims;
	uint32_t agents;
};

struct own_row {
	int64_t net[STANDINGS];
	uint32_t agents;
	uint32_t lifecycle;
};

#endif

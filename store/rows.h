/* The values of the index: plain structs, without padding, but for those that are packed.
 * Which key has which: see store/keys.h. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "core/slice.h"
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

/* Where a frame is. */
struct locator {
	uint64_t offset;
	uint32_t length; /* of the payload */
	uint32_t zero;
};

/* The same in 8 bytes: offsets are multiples of 8, and payloads shorter than 1 MiB. */
enum {
	LOCATOR_LENGTH_BITS = 20,
};

static inline uint64_t locator_pack(struct locator l)
{
	assert(l.offset % 8 == 0 && l.length >> LOCATOR_LENGTH_BITS == 0 &&
		l.offset / 8 >> (64 - LOCATOR_LENGTH_BITS) == 0);
	return l.offset / 8 << LOCATOR_LENGTH_BITS | l.length;
}

static inline struct locator locator_unpack(uint64_t v)
{
	return (struct locator){
		.offset = (v >> LOCATOR_LENGTH_BITS) * 8,
		.length =
			(uint32_t)(v & ((UINT32_C(1) << LOCATOR_LENGTH_BITS) - 1)),
	};
}

/* A record's own event (store/events.h). */
struct event_row {
	struct locator at;
	uint64_t end; /* of its line in events.jsonl */
	uint64_t received_at;
	uint64_t timestamp; /* of the record */
	uint8_t kind;
};

/* What is known by an id: its seq, and of its event what is asked for. */
struct id_row {
	uint64_t seq;
	struct locator at;
	uint64_t timestamp;
	uint32_t kind;
};

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
 * there, the assertion and the signature, and first is 0: nobody asks. */
struct listed_row {
	uint64_t first; /* log offset of the record: the listing cookie */
	uint64_t seq;
};

struct profile_row {
	uint64_t at; /* packed locator */
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

/* The consensus of a pair as its lens decided it: all that the line needs but the names
 * and the record of the winner. Of a set that is how many candidates there are. */
struct pair_view {
	uint64_t winner;  /* seq of its record; 0: none */
	uint64_t support; /* of the winner's cluster, as counted */
	uint64_t total;	  /* of all clusters, as counted */
	uint32_t candidates;
	uint32_t agents;
	uint32_t conflict; /* ten-thousandths */
	uint8_t status;	   /* enum pair_status */
	uint8_t lifecycle; /* of the winner, as they count */
	uint8_t source_class;
	/* Who stands behind the winner: numbers in the order of their keys, packed. Empty:
	 * the one who signed its record. */
	struct slice signers;
};

/* A pair as it is read back (store/pair.h); the row is packed. */
struct pair_row {
	uint64_t generation; /* seq of the last record that can have changed a file
			      */
	uint64_t rights_seq; /* of META, when the sums were made; 0: there are none
			      */
	uint32_t sums;	     /* 1: the rows of running sums are kept */
	struct pair_view view;
	struct slice history; /* the last records that touched it, packed
				 (store/history.h) */
};

enum claim_has {
	CLAIM_PARENT = 1 << 0,
	CLAIM_EPOCH = 1 << 1,
};

/* A claim as it is read back (store/gather.h); the row is packed. */
struct claim_row {
	struct locator at;
	uint64_t seq;
	uint64_t source; /* first 8 bytes of BLAKE3, never 0; 0: none */
	uint32_t confidence;
	uint8_t stated;
	uint8_t lifecycle;
	uint8_t source_class;
	uint8_t has; /* bits of claim_has */
	struct cluster_hash cluster;
	uint32_t signers;
};

struct cosigner_row {
	uint64_t at; /* of the cosignature record: packed locator */
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

/* Where answers come from: a moment of the index, and the log behind its locators.
 */
#ifndef STORE_SOURCE_H
#define STORE_SOURCE_H

#include "core/arena.h"
#include "core/context.h"
#include "store/events.h"
#include "store/index.h"
#include "store/wal.h"

struct rights_memory;

struct source {
	MDB_txn *txn;
	const struct wal *wal;
	bool building; /* the committer's own: also sees the batch it has not
			  written yet */
	const struct events_tail
		*tail;		 /* its events that are not in rows yet, or NULL */
	struct context context;	 /* what the reader may see */
	const struct id *epochs; /* under in-epoch/: what its name means */
	size_t epoch_count;
	struct rights_memory *memory; /* NULL: settings are read each time */
};

/* The frame behind a locator; slices borrow from scratch (or the batch). 0,
 * -EBADMSG when the log does not verify there, -errno. */
int source_frame(const struct source *s, const struct locator *at,
	struct buf *scratch, struct frame *out);

/* The record behind a locator, decoded; its id is checked unless want is NULL. */
int source_record(const struct source *s, const struct locator *at,
	const struct id *want, struct buf *scratch, struct frame *frame,
	struct record *out);

/* Is the index about this log: is the last record it applied there, with the chain value
 * that it kept? 0 or -EBADMSG, also where that cannot be read. */
int index_check_log(struct index *ix, const struct wal *wal);

/* The log offset up to which this index, or one before it, had applied the log; 0 where
 * its rows do not agree on that. */
uint64_t index_reached(struct index *ix);

/* The record of that seq. */
int source_event(const struct source *s, uint64_t seq, struct event_row *out);

/* What is known by an id: 0 or -ENOENT. */
int source_id(const struct source *s, const struct id *id, struct id_row *out);

/* The seq that a row by id holds. 0 or -EBADMSG. */
int id_row_read(const MDB_val *value, uint64_t *seq);

/* The entries that stand under a record, seen, by agent, in the arena: of each who signed
 * it the smallest. -ENOENT: the record is not seen. */
int source_signatures(const struct source *s, const struct id *id, struct arena *a,
	struct signature **out, uint32_t *count);

/* Is the agent among them? -ENOENT likewise. */
int source_has_signed(const struct source *s, const struct id *id,
	const struct agent *agent, bool *out);

/* The one of that agent, also under what is not known; whatever asof/ cuts. -ENOENT: it has
 * not signed that. Reads no other agent's. */
int source_signature_of(const struct source *s, const struct id *id,
	const struct agent *agent, struct signature *out);

/* Agents as numbers. agent_number(): 0 or -ENOENT. */
int agent_number(MDB_txn *txn, const struct agent *a, uint32_t *out);
int agent_by_number(MDB_txn *txn, uint32_t number, struct agent *out);

/* What an agent may do, by the settings that are seen. Its trust is one function, here:
 * an admitted agent's word weighs 500,000 millionths, anybody else's 10,000. Reputation
 * will refine it. */
enum {
	TRUST_ADMITTED = 500000,
	TRUST_STRANGER = 10000,
	MIN_TRUST_DEFAULT = 300000,
};
struct rights {
	uint32_t trust;
	bool admitted;
	bool steward;	/* may withdraw for all and set a stage above proposed */
	uint8_t grants; /* bit 1 << class: may claim that source class */
};
int rights_of(const struct source *s, const struct agent *a, struct rights *out);
/* The same of an agent's number, with its key. */
int rights_by_number(const struct source *s, uint32_t number, struct agent *key,
	struct rights *out);

/* From which trust on an agent is a member. */
int min_trust_of(const struct source *s, uint32_t *out);

/* Has a steward ever been appointed? From then on stages and the highest source classes
 * are not declared but given. */
int is_governed(const struct source *s, bool *out);

/* Has a setting of this name ever said anything about the agent? 0 or -ENOENT. */
int setting_known(const struct source *s, const char *name, const struct agent *a);

/* What was read of settings, for who asks again and again while none is written. Zeroed at
 * first. */
enum {
	RIGHTS_REMEMBERED = 256,
};
struct rights_memory {
	bool knows_governed, governed;
	bool knows_min_trust;
	uint32_t min_trust;
	struct remembered {
		bool known;
		uint32_t number;
		struct agent key;
		struct rights rights;
	} agents[RIGHTS_REMEMBERED]; /* by number, the last to come */
};

#endif

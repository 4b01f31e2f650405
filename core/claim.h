/* A claim by itself: what it says, and how it stands.
 *
 * Pairs show what is live, and need no word about it. Where a claim is looked up by its
 * id, or listed by who made it or what it cites, it may have been withdrawn or replaced
 * since, and its line says so. Pure; the lines are the same on every replica: no log
 * positions in them. */
#ifndef CORE_CLAIM_H
#define CORE_CLAIM_H

#include "core/buf.h"
#include "core/record.h"

/* Where a claim stands in a list, or among the claims of its pair. */
struct claim_ref {
	uint64_t timestamp;
	struct id id;
};

enum claim_state {
	CLAIM_STANDS,
	CLAIM_WITHDRAWN, /* nobody stands behind it anymore */
	CLAIM_REPLACED,	 /* the same, and another one has taken its place */
};

/* "stands", "withdrawn", "replaced". */
const char *claim_state_name(enum claim_state state);

/* Borrows everything. */
struct claim {
	struct id id;
	const struct record *record;
	const struct agent *signers; /* who stands behind it now, by key */
	uint32_t signer_count;
	enum claim_state state;
	struct id by;	   /* CLAIM_REPLACED: what has taken its place */
	uint8_t lifecycle; /* as they count, which is not always what the record */
	uint8_t source_class; /* says (docs/standing.md); CLASSES: none */
};

/* A line of a claims.jsonl: id, the fields of the record, signers; state where it is not
 * "stands", which it is in those of pairs. */
void claim_print_listed(const struct claim *c, struct buf *out);

/* claim.json: the same, state always, replaced_by, and counts_as:{lifecycle,
 * source_class} with those of the two that count as something else than they say. */
void claim_print_whole(const struct claim *c, struct buf *out);

/* What rests on a claim, directly or through others. */
struct claim_use {
	struct claim user;
	uint32_t depth; /* 1: names it itself */
	struct id via;	/* the premise through which it rests on it */
	const struct id
		*withdrawn; /* its premises that do not stand, as it names them */
	uint32_t withdrawn_count;
};

/* A line of used-by.jsonl: id, subject, predicate, object, depth, via, state,
 * withdrawn_premises. */
void claim_print_use(const struct claim_use *u, struct buf *out);

#endif

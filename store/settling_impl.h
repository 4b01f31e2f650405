/* What settling.c and settling_simple.c share. Nobody else includes this. */
#ifndef STORE_SETTLING_IMPL_H
#define STORE_SETTLING_IMPL_H

#include "store/settling.h"
#include "store/sums.h"

enum part_kind {
	PART_VOTE,
	PART_SIGNATURE,
	PART_CLAIM,
};

/* Without padding: parts are compared as bytes. */
struct part {
	uint32_t kind;
	uint32_t agent;
	struct sums_claim claim;
	struct sums_vote vote;
};
static_assert(sizeof(struct part) ==
		      8 + sizeof(struct sums_claim) + sizeof(struct sums_vote),
	"a part has no padding");

/* ---- settling_simple.c ---- */

/* Does the claim stand whatever else is said, does nothing give way to it, and does its
 * stage not hang on who signs? Into s->simple. */
int settling_find_simple(struct settling *s);

/* Append what the agents of such a change give to out. */
int settling_simple_parts(struct settling *s, struct buf *out);

#endif

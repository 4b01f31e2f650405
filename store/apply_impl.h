/* What the rows of assertions (store/apply.c) and those of words about them
 * (store/apply_word.c) share. Nobody else includes this. */
#ifndef STORE_APPLY_IMPL_H
#define STORE_APPLY_IMPL_H

#include "store/change.h"

/* A record with where it stands: the one being applied, or one that waited. */
struct applied {
	const struct record *record;
	const struct id *id;
	const struct frame *frame;
	struct locator at;
	uint64_t seq;
	const uint32_t *agents; /* numbers of the frame's signers */
	uint16_t count;
};

/* The claim hangs on that id. */
int put_link(struct change *c, const struct pair_key *p, const struct id *on,
	uint64_t timestamp, const struct id *claim);

/* What a vote, supersession or cosignature does, or that it waits for its target. */
int apply_targeted(struct change *c, const struct applied *a);

/* Where the entries of a cosignature are, whether or not the record is known. */
int put_cosigned(struct change *c, const struct applied *a);

#endif

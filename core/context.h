/* What a reader asked not to see: the context prefixes of a path, from path to lens.
 *
 *	at/<time>, at/seq-<N>  what the store knew then: records up to seq N
 *	asof/<time>            what had been claimed by then: records whose own time is at
 *	                       most that. Who is trusted is no claim: settings are not
 *	                       cut, only at/ goes back to older ones
 *	stage/<lifecycle>      only claims of that stage
 *	tier/<class>           only claims of that source class or better
 *	in-epoch/<name>        only claims of the epochs of that name, superseded or not
 *
 * The first two choose records, before anything is weighed or withdrawn; the others
 * choose candidates among what then stands. A zeroed context cuts nothing. Plain data;
 * epoch borrows. */
#ifndef CORE_CONTEXT_H
#define CORE_CONTEXT_H

#include <stdbool.h>

#include "core/slice.h"

enum context_cut {
	CONTEXT_AT = 1 << 0,
	CONTEXT_ASOF = 1 << 1,
	CONTEXT_STAGE = 1 << 2,
	CONTEXT_TIER = 1 << 3,
	CONTEXT_EPOCH = 1 << 4,
};

struct context {
	unsigned cuts;	    /* bits of context_cut */
	uint64_t seq;	    /* AT: of the last record that is seen */
	uint64_t at;	    /* AT: the moment, ns: `now` is there */
	uint64_t asof;	    /* ASOF: ns */
	uint8_t stage;	    /* STAGE: enum lifecycle */
	uint8_t tier;	    /* TIER: enum source_class */
	struct slice epoch; /* EPOCH: its name, or 64 hex digits of its id */
};

/* Is a record seen that arrived as number seq and says it was made at timestamp? */
static inline bool context_sees(
	const struct context *c, uint64_t seq, uint64_t timestamp)
{
	return (!(c->cuts & CONTEXT_AT) || seq <= c->seq) &&
	       (!(c->cuts & CONTEXT_ASOF) || timestamp <= c->asof);
}

/* The same for a setting. */
static inline bool context_sees_setting(const struct context *c, uint64_t seq)
{
	return !(c->cuts & CONTEXT_AT) || seq <= c->seq;
}

/* What time it is there: T under at/T, the record's arrival under at/seq-N, the smaller
 * of T and that under asof/T. */
static inline uint64_t context_now(const struct context *c, uint64_t now)
{
	if (c->cuts & CONTEXT_AT)
		now = c->at;
	return c->cuts & CONTEXT_ASOF && c->asof < now ? c->asof : now;
}

#endif

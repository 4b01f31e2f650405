/* What gather.c (rows) and gather_tables.c (what becomes of them) share. Nobody else
 * includes this. */
#ifndef STORE_GATHER_IMPL_H
#define STORE_GATHER_IMPL_H

#include "store/gather.h"

/* One (claim, agent) as the rows have it. */
struct raw_signing {
	uint32_t claim;
	uint32_t number;
};

/* A withdrawal or a ballot: its voter is an agent's number until the walk is over. */
struct gather {
	const struct source *source;
	struct arena *arena;
	struct buf claims;	/* struct fact */
	struct buf clusters;	/* struct cluster_hash, one per claim */
	struct buf signings;	/* struct raw_signing */
	struct buf withdrawals; /* struct withdrawal */
	struct buf ballots;	/* struct ballot */
	bool no_votes;		/* one claim at a time, without its votes */
	bool passed_over;	/* the claim met last is not seen */
	uint32_t *numbers;	/* of agents, sorted */
	uint32_t number_count;
	uint32_t *voter_of; /* by index into numbers */
};

static inline uint32_t count_of(const struct buf *b, size_t size)
{
	return (uint32_t)(b->n / size);
}

static inline uint32_t claims_met(const struct gather *g)
{
	return count_of(&g->claims, sizeof(struct fact));
}

/* When the walk is over. 0 or -errno. */
int gather_finish(struct gather *g, struct gathered *out);

#endif

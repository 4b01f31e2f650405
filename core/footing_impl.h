/* The edges of core/footing.c: which claim takes the place of which. Nobody else includes
 * this. */
#ifndef CORE_FOOTING_IMPL_H
#define CORE_FOOTING_IMPL_H

#include "core/footing.h"

/* `from` gives way to `to`, says one agent in one record. */
struct edge {
	uint32_t from, to;
	uint32_t voter;
	uint64_t timestamp;
	const struct id *id;
	bool ignored; /* it closed a cycle */
};

struct edges {
	struct edge *list; /* by from, then newest first */
	uint32_t count;
	uint32_t *
		first; /* claim_count + 1: edges of a claim are first[i] .. first[i + 1] */
	uint32_t *order; /* the claims, each behind all that its edges lead to */
};

/* The range of a claim's signings. */
uint32_t signings_begin(const struct facts *f, uint32_t claim);

/* The signing of voter under claim, or NULL. */
struct signing *signing_find(const struct facts *f, uint32_t claim, uint32_t voter);

/* All edges whose agent may withdraw `from`, without cycles, and an order in which every
 * claim comes behind those that it gave way to. Signings that a retraction took are
 * marked gone before. 0 or -ENOMEM. */
int edges_find(const struct facts *f, struct arena *a, struct edges *out);

#endif

/* A part of a pair, as a pair of its own: for lenses that look at less than all. */
#ifndef CORE_SUBSET_H
#define CORE_SUBSET_H

#include "core/tally.h"

/**
 * The claims for which keeps() holds, and the votes on them.
 *
 * Voters, signers and the numbers of clusters stay those of `in`, which must outlive
 * out; claims and votes are copied into the arena. 0 or -ENOMEM.
 */
int candidates_part(const struct candidates *in,
	bool (*keeps)(void *ctx, const struct candidate *c), void *ctx,
	struct arena *a, struct candidates *out);

#endif

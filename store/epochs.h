/* Epochs: which supersede which, and which are hidden by that (docs/standing.md). */
#ifndef STORE_EPOCHS_H
#define STORE_EPOCHS_H

#include "store/source.h"

/* What was found out in one resolution, so that many claims of one epoch ask once. In the
 * arena; a zeroed struct with an arena is an empty memory. */
enum {
	EPOCH_BUCKETS = 1024,
};

struct epoch_memory {
	struct arena *arena;
	struct epoch_known *buckets[EPOCH_BUCKETS];
};

/* Is the epoch superseded, so that the lens `epoch` passes over its claims? An epoch that
 * is not seen is not. */
int epoch_hidden(const struct source *s, struct epoch_memory *m,
	const struct id *id, bool *out);

/* Is a member among those who signed the epoch? Of several epochs of one name those of
 * members are meant, where there are any: a name is not captured by a stranger. */
int epoch_of_member(const struct source *s, const struct id *id, bool *out);

/* Has one of those who signed `by` the right to supersede `target`? -ENOENT: one of
 * them is not seen, or that is no epoch. */
int epoch_may_supersede(const struct source *s, struct arena *a,
	const struct id *by, const struct id *target, bool *out);

#endif

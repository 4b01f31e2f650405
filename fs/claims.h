/* Claims by id: gathered from the store's lists, loaded, shown with how they stand. */
#ifndef FS_CLAIMS_H
#define FS_CLAIMS_H

#include "core/claim.h"
#include "fs/kind.h"

/* Ids in an order; a zeroed one is empty. Memory from the arena. */
struct id_list {
	struct arena *arena;
	struct id *ids;
	size_t n, room;
	size_t max; /* 0: no bound; then `more` says that there are others */
	bool more, failed;
};

/* For the store's lists (id_visit); ctx is the id_list. */
int id_list_add(void *ctx, const struct id *id);

/* How an assertion of the store stands, for printing; borrows from it. */
struct claim claim_of(const struct assertion *a);

/* Append the lines of all of them, as claims.jsonl outside of pairs shows them. */
int claims_print(struct snap *s, const struct id_list *ids, struct buf *out);

#endif

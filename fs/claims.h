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

/* A name as a file name into a listing; see listing_add(). -ENOMEM, or what it said. */
int listing_add_name(
	struct listing *to, struct slice name, mode_t type, uint64_t cookie);

/* A visitor of names that adds each to a listing. */
struct name_adder {
	struct listing *to;
	mode_t type;
	bool full;
	int rc; /* -ENOMEM: stopped by that */
};
int name_adder_visit(void *ctx, struct slice name, uint64_t cookie);

/* A visitor that stops at the first: is there any? ctx is a bool. */
int any_name(void *ctx, struct slice name, uint64_t cookie);

#endif

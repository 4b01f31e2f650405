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

/* Prints the claims of the store's lists one after another, as claims.jsonl outside of
 * pairs shows them: see struct lines in fs/kind.h. */
struct claims_printer {
	struct snap *snap;
	struct mark *at;
	const struct mark *until;
	size_t full; /* bytes in out at which it stops */
	struct buf *out;
	int rc;
};
/* An id_visit; ctx is the printer. */
int claims_printer_visit(void *ctx, const struct id *id);
/* What a row's print returns, rc being what the store's list said. */
int claims_printer_end(const struct claims_printer *c, int rc);

/* For the store's lists: behind which claim to go on. */
static inline struct claim_ref claim_at(const struct mark *m)
{
	return (struct claim_ref){.timestamp = m->number, .id = m->id};
}

/* Which claims of a list have changed, out of all that have: has() says which ones it
 * lists. See struct lines. */
int claims_changed(struct request *rq, const struct place *p, uint64_t seq,
	int (*has)(struct request *rq, const struct place *p,
		const struct claim_ref *claim),
	void (*note)(void *ctx, const struct mark *m), void *ctx);

#endif

/* Walks over the rows of the graph, as the reader's context sees them. */
#ifndef STORE_GRAPH_WALK_H
#define STORE_GRAPH_WALK_H

#include "store/internal.h"
#include "store/list.h"

/* Does the context leave out records, or only candidates? */
static inline bool cuts_records(const struct snap *s)
{
	return s->source.context.cuts & (CONTEXT_AT | CONTEXT_ASOF);
}

/* ---- lists (store/list.h) ---- */

/* The first one that is seen, and the one behind it. -ENOENT: no more. */
int listed_first(struct snap *s, const struct row_key *prefix, struct list_walk *w);
int listed_next(struct snap *s, struct list_walk *w);

/* From the one behind `behind` on; NULL: from the first. */
int listed_behind(struct snap *s, const struct row_key *prefix,
	const struct claim_ref *behind, struct list_walk *w);

/* Visit them from there on; 0 also where there is none. */
int list_ids(struct snap *s, const struct row_key *prefix,
	const struct claim_ref *behind, id_visit *visit, void *ctx);

/* Is there a row of that claim, seen or not? 0 or -ENOENT. */
int list_has(struct snap *s, struct row_key prefix, const struct claim_ref *claim);

/* Is any of them seen? 0 with the cookie of the first, or -ENOENT. */
int list_seen(struct snap *s, const struct row_key *prefix, uint64_t *cookie);

/* ---- names: rows of a prefix, then a name and a zero byte ---- */

struct names {
	struct row_key prefix;
	struct slice behind; /* from the first name behind this one; empty: all */
	/* Is a name to be listed (below: the prefix of its rows)? 0 with its cookie, or
	 * -ENOENT. */
	int (*seen)(struct snap *s, void *of, struct slice name,
		const struct row_key *below, uint64_t *cookie);
	void *of;
};

/* Visit them in byte order; 0 also where there is none. */
int list_named(
	struct snap *s, const struct names *names, name_visit *visit, void *ctx);

/* What a record is, or is about in the end. */
struct about {
	struct record record; /* borrows from the scratch */
	struct id id;
	uint64_t offset; /* in the log */
	bool vote;	 /* through a vote, which changes nobody's standing */
};

/* The record of that seq, or what it is about: a cosignature may be under a vote, and that
 * on an assertion. -ENOENT: that is not known yet, and counts when it comes. */
int record_about(
	struct snap *s, uint64_t seq, struct buf *scratch, struct about *out);

/* The record that a cookie names, behind whose names a listing goes on; of 0, where it
 * starts, all names are empty. -EBADMSG where it is of another kind. */
int cookie_record(struct snap *s, uint64_t cookie, uint8_t kind,
	struct buf *scratch, struct record *out);

#endif

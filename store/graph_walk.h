/* Walks over the rows of the graph, as the reader's context sees them. */
#ifndef STORE_GRAPH_WALK_H
#define STORE_GRAPH_WALK_H

#include "store/internal.h"

/* Does the context leave out records, or only candidates? */
static inline bool cuts_records(const struct snap *s)
{
	return s->source.context.cuts & (CONTEXT_AT | CONTEXT_ASOF);
}

/* ---- lists: rows of a prefix, then timestamp and id ---- */

struct listed {
	uint64_t timestamp;
	struct id id;
	struct listed_row row;
};

/* The first one that is seen, and the one behind it. -ENOENT: no more. */
int listed_first(struct snap *s, const struct row_key *prefix, struct walk *w,
	struct listed *out);
int listed_next(struct snap *s, struct walk *w, struct listed *out);

/* Visit all; 0 also where there is none. */
int list_ids(
	struct snap *s, const struct row_key *prefix, id_visit *visit, void *ctx);

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

/* The record that a cookie names; -EBADMSG where it is of another kind. */
int cookie_record(struct snap *s, uint64_t cookie, uint8_t kind,
	struct buf *scratch, struct record *out);

#endif

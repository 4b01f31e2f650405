/* What the files that answer questions share. Not for other layers. */
#ifndef STORE_READ_H
#define STORE_READ_H

#include "store/internal.h"
#include "store/pair.h"

/* Before the first question within a context: what its cuts mean is found out once. */
int snap_ready(struct snap *s);

/* Is nothing cut, so that what is materialized is the answer? */
static inline bool sees_all(const struct snap *s)
{
	return s->source.context.cuts == 0;
}

/* Is what the record at this log offset brought seen? Of at/ alone. */
static inline bool sees_offset(const struct snap *s, uint64_t offset)
{
	return offset < s->limit;
}

/* ---- store/read_feed.c ---- */

/* The first record at or behind a seq, the last at or before it: damage may have left
 * gaps. -ENOENT. */
int event_from(struct snap *s, uint64_t *seq, struct event_row *out);
int event_before(struct snap *s, uint64_t *seq, struct event_row *out);

/* Append the line of one record, as change_apply() counted it. */
int event_line(struct snap *s, const struct event_row *e, struct buf *out);

/* Fill in of out what is other at the moment that out->seq is. */
int totals_at(struct snap *s, struct snap_totals *out);

/* ---- store/read_place.c ---- */

/* The row of a pair that is listed by these names, and the offset of what brought it;
 * whatever the context. Subjects that share a hash are told apart by pair_print(). */
int find_pair(struct snap *s, struct slice subject, struct slice predicate,
	struct pair_key *key, struct pair_row *row, uint64_t *first);

/* The same within the context. */
int see_pair(struct snap *s, struct slice subject, struct slice predicate,
	struct pair_key *key, struct pair_row *row);

/* Is there anything of the pair for this reader, of the subject? first: the offset of what
 * brought it. */
int sees_pair(struct snap *s, const struct pair_key *p, uint64_t first, bool *out);
int sees_subject(struct snap *s, struct slice subject, uint64_t first, bool *out);

/* The name that the key of a listing's row ends in; of zero bytes where no subject or
 * predicate has such a name: damage. */
static inline struct slice name_behind(const struct walk *w)
{
	size_t n = w->key.mv_size - w->prefix.n;

	return slice_of((const uint8_t *)w->key.mv_data + w->prefix.n,
		n <= SUBJECT_MAX ? n : 0);
}

#endif

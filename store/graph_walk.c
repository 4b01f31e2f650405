#include "store/graph_walk.h"

#include <errno.h>

/* From the record that the walk stands at to the first one that is seen. */
static int listed_from(struct snap *s, struct list_walk *w, int rc)
{
	const struct context *c = &s->source.context;

	for (; rc == 0; rc = list_next(w)) {
		if (context_sees(c, w->at.row.seq, w->at.timestamp))
			return 0;
		if (c->cuts & CONTEXT_ASOF && w->at.timestamp > c->asof)
			return -ENOENT; /* nor is what comes behind it */
	}
	return rc;
}

int listed_first(struct snap *s, const struct row_key *prefix, struct list_walk *w)
{
	return listed_from(s, w, list_first(w, s->source.txn, prefix));
}

int listed_behind(struct snap *s, const struct row_key *prefix,
	const struct claim_ref *behind, struct list_walk *w)
{
	int rc;

	if (!behind)
		return listed_first(s, prefix, w);
	rc = list_from(w, s->source.txn, prefix, behind->timestamp, &behind->id);
	if (rc == 0 && w->at.timestamp == behind->timestamp &&
		id_compare(&w->at.id, &behind->id) == 0)
		rc = list_next(w);
	return listed_from(s, w, rc);
}

int listed_next(struct snap *s, struct list_walk *w)
{
	return listed_from(s, w, list_next(w));
}

int list_ids(struct snap *s, const struct row_key *prefix,
	const struct claim_ref *behind, id_visit *visit, void *ctx)
{
	LIST_WALK_AUTO(w);
	int rc = listed_behind(s, prefix, behind, &w);

	for (; rc == 0; rc = listed_next(s, &w))
		if (visit(ctx, &w.at.id))
			return 0;
	return rc == -ENOENT ? 0 : rc;
}

int list_has(struct snap *s, struct row_key prefix, const struct claim_ref *claim)
{
	LIST_WALK_AUTO(w);
	int rc =
		list_from(&w, s->source.txn, &prefix, claim->timestamp, &claim->id);

	if (rc < 0)
		return rc;
	return w.at.timestamp == claim->timestamp &&
			       id_compare(&w.at.id, &claim->id) == 0
		       ? 0
		       : -ENOENT;
}

int list_seen(struct snap *s, const struct row_key *prefix, uint64_t *cookie)
{
	LIST_WALK_AUTO(w);
	int rc = listed_first(s, prefix, &w);

	if (rc == 0)
		*cookie = w.at.row.first;
	return rc;
}

/* The name in the key that the walk stands at; of zero bytes: damage. No name is longer
 * than a subject's. */
static struct slice name_of(const struct walk *w)
{
	const uint8_t *tail = (const uint8_t *)w->key.mv_data + w->prefix.n;
	size_t n = w->key.mv_size - w->prefix.n;
	const uint8_t *end = n ? memchr(tail, 0, n) : NULL;

	n = end ? (size_t)(end - tail) : 0;
	return slice_of(tail, n <= SUBJECT_MAX ? n : 0);
}

int list_named(
	struct snap *s, const struct names *names, name_visit *visit, void *ctx)
{
	struct row_key next = names->prefix;
	WALK_AUTO(w);
	int rc;

	row_key_add(&next, names->behind.p, names->behind.n);
	if (names->behind.n)
		row_key_byte(&next, 1); /* the next name: none holds such bytes */
	rc = walk_from(&w, s->source.txn, &names->prefix, &next);
	for (; rc == 0; rc = walk_seek(&w, &next)) {
		struct slice name = name_of(&w);
		struct row_key below = names->prefix;
		uint64_t cookie = 0;

		if (name.n == 0)
			return -EBADMSG;
		next = names->prefix;
		row_key_add(&next, name.p, name.n);
		row_key_byte(&next, 1);
		row_key_whole(&below, name);
		rc = names->seen(s, names->of, name, &below, &cookie);
		if (rc == 0 && visit(ctx, name, cookie))
			return 0;
		if (rc < 0 && rc != -ENOENT)
			return rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

int cookie_record(struct snap *s, uint64_t cookie, uint8_t kind,
	struct buf *scratch, struct record *out)
{
	struct locator at = {.offset = cookie};
	struct frame f = {0};
	int rc;

	*out = (struct record){0};
	if (!cookie)
		return 0;
	rc = source_record(&s->source, &at, NULL, scratch, &f, out);
	return rc < 0 ? rc : out->kind == kind ? 0 : -EBADMSG;
}

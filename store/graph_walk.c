#include "store/graph_walk.h"

#include <errno.h>

/* From the row that the walk stands at to the first one that is seen. */
static int listed_from(struct snap *s, struct walk *w, int rc, struct listed *out)
{
	const struct context *c = &s->source.context;

	for (; rc == 0; rc = walk_next(w)) {
		const uint8_t *tail = (const uint8_t *)w->key.mv_data + w->prefix.n;

		if (w->key.mv_size == w->prefix.n)
			continue; /* the row that counts them */
		if (w->key.mv_size != w->prefix.n + 8 + ID_SIZE ||
			w->value.mv_size != sizeof(out->row))
			return -EBADMSG;
		out->timestamp = be64_at(tail);
		memcpy(out->id.b, tail + 8, ID_SIZE);
		memcpy(&out->row, w->value.mv_data, sizeof(out->row));
		if (context_sees(c, out->row.seq, out->timestamp))
			return 0;
		if (c->cuts & CONTEXT_ASOF && out->timestamp > c->asof)
			return -ENOENT; /* nor is what comes behind it */
	}
	return rc;
}

int listed_first(struct snap *s, const struct row_key *prefix, struct walk *w,
	struct listed *out)
{
	return listed_from(s, w, walk_start(w, s->source.txn, prefix), out);
}

int listed_next(struct snap *s, struct walk *w, struct listed *out)
{
	return listed_from(s, w, walk_next(w), out);
}

int list_ids(
	struct snap *s, const struct row_key *prefix, id_visit *visit, void *ctx)
{
	struct listed l;
	WALK_AUTO(w);
	int rc = listed_first(s, prefix, &w, &l);

	for (; rc == 0; rc = listed_next(s, &w, &l))
		if (visit(ctx, &l.id))
			return 0;
	return rc == -ENOENT ? 0 : rc;
}

int list_seen(struct snap *s, const struct row_key *prefix, uint64_t *cookie)
{
	struct listed l;
	WALK_AUTO(w);
	int rc = listed_first(s, prefix, &w, &l);

	if (rc == 0)
		*cookie = l.row.first;
	return rc;
}

/* The name in the key that the walk stands at; of zero bytes: damage. */
static struct slice name_of(const struct walk *w)
{
	const uint8_t *tail = (const uint8_t *)w->key.mv_data + w->prefix.n;
	size_t n = w->key.mv_size - w->prefix.n;
	const uint8_t *end = n ? memchr(tail, 0, n) : NULL;

	return slice_of(tail, end ? (size_t)(end - tail) : 0);
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
	int rc = source_record(&s->source, &at, NULL, scratch, &f, out);

	return rc < 0 ? rc : out->kind == kind ? 0 : -EBADMSG;
}

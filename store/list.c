/* A record in its row, as what differs from the one before, the first from one of zeros:
 *
 *	       timestamp: packed
 *	32     id
 *	       seq, eighths of the log offset: packed, signed
 */
#include "store/list.h"

#include <errno.h>

enum {
	MOMENT_SIZE = 8 + ID_SIZE,
};

static int order(const struct listed *a, const struct listed *b)
{
	if (a->timestamp != b->timestamp)
		return a->timestamp < b->timestamp ? -1 : 1;
	return id_compare(&a->id, &b->id);
}

/* -ENOENT behind the last. */
static int read_next(struct unpacking *u, struct listed *at)
{
	if (u->rest.n == 0)
		return -ENOENT;
	at->timestamp += unpack(u);
	unpack_bytes(u, at->id.b, ID_SIZE);
	at->row.seq = unpack_step(u, at->row.seq);
	at->row.first = 8 * unpack_step(u, at->row.first / 8);
	return u->bad ? -EBADMSG : 0;
}

static void append(
	struct buf *out, const struct listed *before, const struct listed *item)
{
	pack(out, item->timestamp - before->timestamp);
	buf_add(out, item->id.b, ID_SIZE);
	pack_step(out, before->row.seq, item->row.seq);
	pack_step(out, before->row.first / 8, item->row.first / 8);
}

int list_row_first(const MDB_val *value, struct listed *out)
{
	struct unpacking u = {.rest = slice_of(value->mv_data, value->mv_size)};

	*out = (struct listed){.timestamp = 0};
	return read_next(&u, out) < 0 ? -EBADMSG : 0;
}

/* ---- reading ---- */

void list_walk_end(struct list_walk *w)
{
	walk_end(&w->rows);
}

/* Into the row that the walk stands at. */
static void enter(struct list_walk *w)
{
	w->rest = (struct unpacking){
		.rest = slice_of(w->rows.value.mv_data, w->rows.value.mv_size)};
	w->at = (struct listed){.timestamp = 0};
}

int list_next(struct list_walk *w)
{
	int rc;

	while ((rc = read_next(&w->rest, &w->at)) == -ENOENT) {
		size_t tail;

		rc = walk_next(&w->rows);
		if (rc < 0)
			return rc;
		tail = w->rows.key.mv_size - w->rows.prefix.n;
		if (tail != MOMENT_SIZE)
			return -EBADMSG;
		enter(w);
	}
	return rc;
}

int list_first(struct list_walk *w, MDB_txn *txn, const struct row_key *prefix)
{
	int rc = walk_start(&w->rows, txn, prefix);

	if (rc < 0)
		return rc;
	if (w->rows.key.mv_size != prefix->n)
		return -EBADMSG;
	enter(w);
	return list_next(w);
}

/* The last row that does not begin behind the moment. -ENOENT: the list is empty. */
static int find_row(struct walk *w, MDB_txn *txn, const struct row_key *prefix,
	uint64_t timestamp, const struct id *id)
{
	struct row_key behind = *prefix;
	int rc;

	row_key_moment(&behind, timestamp, id);
	row_key_byte(&behind, 0);
	rc = walk_before(w, txn, prefix, &behind);
	if (rc == 0 && w->key.mv_size != prefix->n &&
		w->key.mv_size != prefix->n + MOMENT_SIZE)
		rc = -EBADMSG;
	return rc;
}

int list_from(struct list_walk *w, MDB_txn *txn, const struct row_key *prefix,
	uint64_t timestamp, const struct id *id)
{
	struct listed to = {.timestamp = timestamp, .id = *id};
	int rc = find_row(&w->rows, txn, prefix, timestamp, id);

	if (rc < 0)
		return rc;
	enter(w);
	do
		rc = list_next(w);
	while (rc == 0 && order(&w->at, &to) < 0);
	return rc;
}

/* ---- writing ---- */

static int put_row(
	MDB_txn *txn, const struct row_key *k, const struct listed *items, size_t n)
{
	static const struct listed zeros;
	BUF_AUTO(row);

	for (size_t i = 0; i < n; i++)
		append(&row, i ? &items[i - 1] : &zeros, &items[i]);
	return row.failed ? -ENOMEM : row_put(txn, k, row.p, row.n);
}

int list_flush(MDB_txn *txn, struct list_hand *h)
{
	if (!h->open || !h->changed)
		return 0;
	h->changed = false;
	return put_row(txn, &h->key, h->items, h->n);
}

static int read_items(struct list_hand *h, const MDB_val *row)
{
	struct unpacking u = {.rest = slice_of(row->mv_data, row->mv_size)};
	struct listed at = {.timestamp = 0};
	int rc;

	for (h->n = 0; (rc = read_next(&u, &at)) == 0; h->n++) {
		if (h->n == LIST_PER_ROW)
			return -EBADMSG;
		h->items[h->n] = at;
	}
	return rc == -ENOENT ? 0 : rc;
}

/* Where the next row begins. */
static int read_until(struct list_hand *h, struct walk *w)
{
	const uint8_t *moment;
	int rc = walk_next(w);

	h->last = rc == -ENOENT;
	if (rc < 0)
		return h->last ? 0 : rc;
	if (w->key.mv_size != h->prefix.n + MOMENT_SIZE)
		return -EBADMSG;
	moment = (const uint8_t *)w->key.mv_data + h->prefix.n;
	h->until.timestamp = be64_at(moment);
	memcpy(h->until.id.b, moment + 8, ID_SIZE);
	return 0;
}

static int take_up(MDB_txn *txn, struct list_hand *h, const struct row_key *prefix,
	const struct listed *item)
{
	WALK_AUTO(w);
	int rc = find_row(&w, txn, prefix, item->timestamp, &item->id);

	h->open = h->changed = false;
	h->prefix = h->key = *prefix;
	h->n = 0;
	h->last = true;
	if (rc == 0) {
		h->key.n = 0;
		row_key_add(&h->key, w.key.mv_data, w.key.mv_size);
		rc = read_items(h, &w.value);
		if (rc == 0)
			rc = read_until(h, &w);
	}
	h->open = rc == 0 || rc == -ENOENT;
	return h->open ? 0 : rc;
}

/* Does it belong in the row at hand? A first row holds all before it. */
static bool holds(const struct list_hand *h, const struct row_key *prefix,
	const struct listed *item)
{
	if (!h->open || h->prefix.n != prefix->n ||
		memcmp(h->prefix.b, prefix->b, prefix->n) != 0)
		return false;
	if (!h->last && order(item, &h->until) >= 0)
		return false;
	return h->key.n == prefix->n || order(item, &h->items[0]) >= 0;
}

static struct row_key key_of(const struct list_hand *h, const struct listed *first)
{
	struct row_key k = h->prefix;

	row_key_moment(&k, first->timestamp, &first->id);
	return k;
}

/* One too many: what is behind the middle, or at the end of the list the last alone, goes
 * into a row of its own. The hand goes on with what is at the end. */
static int part(MDB_txn *txn, struct list_hand *h, bool at_end)
{
	size_t keep = at_end ? LIST_PER_ROW : h->n / 2, rest = h->n - keep;
	int rc = put_row(txn, &h->key, h->items, keep);

	memmove(h->items, h->items + keep, rest * sizeof(h->items[0]));
	h->n = rest;
	h->key = key_of(h, &h->items[0]);
	h->changed = true;
	return rc;
}

int list_add(MDB_txn *txn, struct list_hand *h, const struct row_key *prefix,
	const struct listed *item)
{
	size_t at;
	int rc = 0;

	if (!holds(h, prefix, item)) {
		rc = list_flush(txn, h);
		if (rc == 0)
			rc = take_up(txn, h, prefix, item);
	}
	if (rc < 0)
		return rc;
	for (at = h->n; at > 0; at--) {
		int c = order(&h->items[at - 1], item);

		if (c == 0)
			return -EEXIST;
		if (c < 0)
			break;
	}
	memmove(h->items + at + 1, h->items + at,
		(h->n - at) * sizeof(h->items[0]));
	h->items[at] = *item;
	h->changed = true;
	if (++h->n <= LIST_PER_ROW)
		return 0;
	return part(txn, h, h->last && at == LIST_PER_ROW);
}

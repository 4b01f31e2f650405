/* Numbers are packed (store/packed.h). In the row of a pair:
 *
 *	how many, doubled; and 1 where some are in rows, then
 *	seqs from the last of these to the generation of the pair
 *	each, from the last to the first: seqs from there up to the one behind it, or to
 *	the generation
 *
 * In rows each from the first to the last: seqs between the one before and it, at first 0.
 * This number is doubled as well, and has 1 added where the record came before what it is
 * about: then follow the seqs from it to that. */
#include "store/history.h"

#include <errno.h>

/* ---- one record ---- */

/* gap: from its neighbour. */
static size_t pack_touch(const struct touch *t, uint64_t gap, uint8_t *out)
{
	bool waited = t->since != t->seq;
	size_t n = pack_into(out, gap << 1 | waited);

	if (waited)
		n += pack_into(out + n, t->since - t->seq);
	return n;
}

/* Returns the gap; since is relative. */
static uint64_t unpack_touch(struct unpacking *u, struct touch *out)
{
	uint64_t gap = unpack(u);

	out->since = gap & 1 ? unpack(u) : 0;
	return gap >> 1;
}

/* ---- in the row of a pair ---- */

static bool is_alone(const struct history *h, uint64_t generation)
{
	return h->n == 1 && !h->filed && h->tail[0].seq == generation;
}

size_t history_pack(const struct history *h, uint64_t generation, uint8_t *out)
{
	uint64_t behind = generation;
	size_t n;

	if (is_alone(h, generation))
		return 0;
	n = pack_into(out, (uint64_t)h->n << 1 | (h->filed != 0));
	if (h->filed)
		n += pack_into(out + n, generation - h->filed);
	for (uint32_t i = h->n; i-- > 0; behind = h->tail[i].seq)
		n += pack_touch(&h->tail[i], behind - h->tail[i].seq, out + n);
	return n;
}

static int unpack_tail(
	struct unpacking *u, uint64_t generation, struct history *out)
{
	uint64_t behind = generation;

	for (uint32_t i = out->n; i-- > 0;) {
		struct touch *t = &out->tail[i];
		uint64_t gap = unpack_touch(u, t);

		/* 0 alone is before the first, and only the last may be the generation */
		if (u->bad || gap >= behind || (gap == 0 && i + 1 < out->n))
			return -EBADMSG;
		behind = t->seq = behind - gap;
		if (behind <= out->filed || t->since > generation - behind)
			return -EBADMSG;
		t->since += behind;
	}
	return unpacked_all(u) ? 0 : -EBADMSG;
}

int history_unpack(struct slice packed, uint64_t generation, struct history *out)
{
	struct unpacking u = {.rest = packed};
	uint64_t count;

	out->n = 0;
	out->filed = 0;
	if (packed.n == 0) {
		if (generation)
			out->tail[out->n++] =
				(struct touch){generation, generation};
		return 0;
	}
	count = unpack(&u);
	if (u.bad || count == 0 || count >> 1 > HISTORY_TAIL)
		return -EBADMSG;
	out->n = (uint32_t)(count >> 1);
	if (count & 1) {
		uint64_t gap = unpack(&u);

		if (u.bad || gap >= generation)
			return -EBADMSG;
		out->filed = generation - gap;
	}
	return unpack_tail(&u, generation, out);
}

/* ---- in rows ---- */

static void append(struct buf *row, uint64_t before, const struct touch *t)
{
	uint8_t *p = buf_room(row, (size_t)2 * PACKED_MAX);

	if (p)
		row->n += pack_touch(t, t->seq - before - 1, p);
}

static void append_all(
	struct buf *row, uint64_t before, const struct touch *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		append(row, before, &list[i]);
		before = list[i].seq;
	}
}

/* On to the next of a row; -ENOENT behind the last. */
static int read_next(struct unpacking *u, struct touch *at)
{
	struct touch t;
	uint64_t gap;

	if (u->rest.n == 0)
		return -ENOENT;
	gap = unpack_touch(u, &t);
	if (u->bad || gap >= UINT64_MAX - at->seq)
		return -EBADMSG;
	t.seq = at->seq + gap + 1;
	t.since += t.seq;
	*at = t;
	return t.since < t.seq ? -EBADMSG : 0;
}

static struct unpacking unpacking_of(const struct walk *w)
{
	return (struct unpacking){
		.rest = slice_of(w->value.mv_data, w->value.mv_size)};
}

/* The last row that does not begin behind seq. -ENOENT: there are none. */
static int find_row(
	struct walk *w, MDB_txn *txn, const struct pair_key *p, uint64_t seq)
{
	struct row_key prefix = row_key_below(p, KEY_HISTORY);
	struct row_key behind = row_key_history(p, seq);
	int rc;

	row_key_byte(&behind, 0);
	rc = walk_before(w, txn, &prefix, &behind);
	if (rc == 0 && w->key.mv_size != prefix.n && w->key.mv_size != prefix.n + 8)
		rc = -EBADMSG;
	return rc;
}

static struct row_key key_of(const struct walk *w)
{
	struct row_key k = {.n = 0};

	row_key_add(&k, w->key.mv_data, w->key.mv_size);
	return k;
}

static int put_row(MDB_txn *txn, const struct row_key *k, const struct buf *row)
{
	return row->failed ? -ENOMEM : row_put(txn, k, row->p, row->n);
}

/* The tail goes behind all that is in rows. */
static int file(MDB_txn *txn, const struct pair_key *p, struct history *h)
{
	struct row_key k = row_key_below(p, KEY_HISTORY);
	BUF_AUTO(row);
	BUF_AUTO(more);
	WALK_AUTO(w);
	int rc = find_row(&w, txn, p, UINT64_MAX);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	append_all(&more, h->filed, h->tail, h->n);
	if (rc == 0) {
		k = key_of(&w);
		buf_add(&row, w.value.mv_data, w.value.mv_size);
	}
	if (row.n + more.n <= HISTORY_ROW) {
		buf_add(&row, more.p, more.n);
		row.failed = row.failed || more.failed;
	} else {
		k = row_key_history(p, h->tail[0].seq);
		buf_reset(&row);
		append_all(&row, 0, h->tail, h->n);
	}
	walk_end(&w);
	h->filed = h->tail[h->n - 1].seq;
	h->n = 0;
	return put_row(txn, &k, &row);
}

/* Into a list in the order of seqs, which has room. Returns 1 if the seq was not there. */
static uint32_t insert(struct touch *list, uint32_t n, const struct touch *t)
{
	uint32_t i = n;

	while (i > 0 && list[i - 1].seq > t->seq)
		i--;
	if (i > 0 && list[i - 1].seq == t->seq) {
		list[i - 1] = *t;
		return 0;
	}
	memmove(list + i + 1, list + i, (n - i) * sizeof(*list));
	list[i] = *t;
	return 1;
}

/* A row with one more in it, or two where it gets too long. */
static int put_parted(MDB_txn *txn, const struct pair_key *p,
	const struct row_key *k, const struct touch *list, uint32_t n)
{
	uint32_t keep = n / 2;
	struct row_key second = row_key_history(p, list[keep].seq);
	BUF_AUTO(row);
	int rc;

	append_all(&row, 0, list, n);
	if (row.n <= HISTORY_ROW)
		return put_row(txn, k, &row);
	buf_reset(&row);
	append_all(&row, 0, list, keep);
	rc = put_row(txn, k, &row);
	buf_reset(&row);
	append_all(&row, 0, list + keep, n - keep);
	return rc < 0 ? rc : put_row(txn, &second, &row);
}

/* It came late: it belongs into one of the rows. */
static int add_late(MDB_txn *txn, const struct pair_key *p, const struct touch *t)
{
	struct touch list[HISTORY_ROW + 1]; /* none takes less than a byte */
	struct touch at = {.seq = 0};
	struct unpacking u;
	struct row_key k;
	uint32_t n = 0;
	WALK_AUTO(w);
	int rc = find_row(&w, txn, p, t->seq);

	if (rc < 0)
		return rc == -ENOENT ? -EBADMSG : rc;
	u = unpacking_of(&w);
	while ((rc = read_next(&u, &at)) == 0 && n < HISTORY_ROW)
		list[n++] = at;
	if (rc != -ENOENT)
		return rc < 0 ? rc : -EBADMSG;
	k = key_of(&w);
	walk_end(&w);
	n += insert(list, n, t);
	return put_parted(txn, p, &k, list, n);
}

int history_add(MDB_txn *txn, const struct pair_key *p, struct history *h,
	const struct touch *t)
{
	if (t->seq > h->filed && h->n == HISTORY_TAIL) {
		int rc = file(txn, p, h);

		if (rc < 0)
			return rc;
	}
	if (t->seq <= h->filed)
		return add_late(txn, p, t);
	h->n += insert(h->tail, h->n, t);
	return 0;
}

/* ---- reading ---- */

void history_walk_end(struct history_walk *w)
{
	walk_end(&w->rows);
}

/* Into the row that the walk stands at. */
static void enter(struct history_walk *w)
{
	w->rest = unpacking_of(&w->rows);
	w->at = (struct touch){.seq = 0};
}

static int next_in_rows(struct history_walk *w)
{
	int rc;

	while ((rc = read_next(&w->rest, &w->at)) == -ENOENT) {
		rc = walk_next(&w->rows);
		if (rc == 0 && w->rows.key.mv_size != w->rows.prefix.n + 8)
			rc = -EBADMSG;
		if (rc < 0)
			return rc;
		enter(w);
	}
	return rc;
}

int history_next(struct history_walk *w)
{
	if (w->in_rows) {
		int rc = next_in_rows(w);

		if (rc != -ENOENT)
			return rc;
		w->in_rows = false;
	}
	if (w->next == w->tail.n)
		return -ENOENT;
	w->at = w->tail.tail[w->next++];
	return 0;
}

int history_from(struct history_walk *w, MDB_txn *txn, const struct pair_key *p,
	const struct pair_row *row, uint64_t seq)
{
	int rc = history_unpack(row->history, row->generation, &w->tail);

	w->next = 0;
	w->in_rows = w->tail.filed >= seq && w->tail.filed;
	if (rc == 0 && w->in_rows) {
		rc = find_row(&w->rows, txn, p, seq);
		if (rc == -ENOENT)
			rc = -EBADMSG; /* some are said to be there */
		enter(w);
	}
	if (rc < 0)
		return rc;
	do
		rc = history_next(w);
	while (rc == 0 && w->at.seq < seq);
	return rc;
}

static bool is_there(const struct touch *t, uint64_t seq)
{
	return t->seq <= seq && t->since <= seq;
}

/* The last of a row that is there as of `seq`. -ENOENT. */
static int last_of_row(const struct walk *w, uint64_t seq, struct touch *out)
{
	struct unpacking u = unpacking_of(w);
	struct touch at = {.seq = 0};
	bool found = false;
	int rc;

	while ((rc = read_next(&u, &at)) == 0)
		if (is_there(&at, seq)) {
			*out = at;
			found = true;
		}
	return rc == -ENOENT && found ? 0 : rc;
}

static int last_in_rows(
	MDB_txn *txn, const struct pair_key *p, uint64_t seq, struct touch *out)
{
	for (uint64_t before = seq;;) {
		const uint8_t *first;
		WALK_AUTO(w);
		int rc = find_row(&w, txn, p, before);

		if (rc == 0)
			rc = last_of_row(&w, seq, out);
		else if (rc == -ENOENT)
			return rc;
		if (rc != -ENOENT || w.key.mv_size == w.prefix.n)
			return rc;
		first = (const uint8_t *)w.key.mv_data + w.prefix.n;
		before = be64_at(first) - 1;
		if (before == UINT64_MAX)
			return -EBADMSG;
	}
}

int history_last(MDB_txn *txn, const struct pair_key *p, const struct pair_row *row,
	uint64_t seq, struct touch *out)
{
	struct history h;
	int rc = history_unpack(row->history, row->generation, &h);

	if (rc < 0)
		return rc;
	for (uint32_t i = h.n; i-- > 0;)
		if (is_there(&h.tail[i], seq)) {
			*out = h.tail[i];
			return 0;
		}
	return h.filed ? last_in_rows(txn, p, seq, out) : -ENOENT;
}

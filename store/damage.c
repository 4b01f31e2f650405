#include "store/damage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/bytes.h"

enum {
	WHAT_MAX = 200, /* the text of a finding */
};

static struct row_key damage_key(uint64_t from)
{
	struct row_key k = row_key_tag(KEY_DAMAGE);
	uint8_t number[8];

	put_be64(number, from);
	row_key_add(&k, number, sizeof(number));
	return k;
}

/* Behind the row stands what it is, as text. */
static int put(MDB_txn *txn, const struct wal_damage *d)
{
	struct row_key k = damage_key(d->from);
	struct damage_row row = {.to = d->to};

	return row_put_two(txn, &k, slice_of((const uint8_t *)&row, sizeof(row)),
		slice_str(d->what));
}

/* The row that the walk is at; what it says is put into text. */
static int read_row(
	const struct walk *w, struct wal_damage *out, struct slice *text)
{
	const uint8_t *key = w->key.mv_data, *value = w->value.mv_data;
	struct damage_row row;

	if (w->key.mv_size != w->prefix.n + 8 || w->value.mv_size < sizeof(row))
		return -EBADMSG;
	memcpy(&row, value, sizeof(row));
	*out = (struct wal_damage){
		.from = be64_at(key + w->prefix.n), .to = row.to, .what = ""};
	*text = slice_of(value + sizeof(row), w->value.mv_size - sizeof(row));
	return 0;
}

static int load(MDB_txn *txn, struct known_damage *out)
{
	struct row_key prefix = row_key_tag(KEY_DAMAGE);
	WALK_AUTO(w);
	int rc = walk_start(&w, txn, &prefix);

	*out = (struct known_damage){0};
	for (; rc == 0; rc = walk_next(&w)) {
		struct wal_damage d;
		struct slice text;

		rc = read_row(&w, &d, &text);
		if (rc < 0)
			return rc;
		if (out->count++)
			continue;
		(void)snprintf(out->first, sizeof(out->first),
			"log offsets %" PRIu64 " to %" PRIu64
			": %.*s; run stemefs check",
			d.from, d.to, (int)text.n, (const char *)text.p);
	}
	return rc == -ENOENT ? 0 : rc;
}

/* ---- what is known against what is there ---- */

static int load_all(struct index *ix, struct buf *out)
{
	struct row_key prefix = row_key_tag(KEY_DAMAGE);
	MDB_txn *txn;
	int rc = index_begin(ix, MDB_RDONLY, &txn);

	if (rc < 0)
		return rc;
	{
		WALK_AUTO(w);

		rc = walk_start(&w, txn, &prefix);
		for (; rc == 0; rc = walk_next(&w)) {
			struct wal_damage d;
			struct slice text;

			rc = read_row(&w, &d, &text);
			if (rc < 0)
				break;
			buf_add(out, &d, sizeof(d));
		}
	}
	mdb_txn_abort(txn);
	if (rc == -ENOENT)
		rc = out->failed ? -ENOMEM : 0;
	return rc;
}

static int by_place(const void *a, const void *b)
{
	const struct wal_damage *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

/* The first of v, up to `limit`, that is not covered by what stands in `by`; both are
 * in order. What was one stretch may be two, once the log goes on behind it. */
static struct wal_damage first_uncovered(const struct wal_damage *v, size_t n,
	const struct wal_damage *by, size_t by_n, uint64_t limit)
{
	size_t start = 0;

	for (size_t i = 0; i < n && v[i].from < limit; i++) {
		uint64_t at = v[i].from;

		while (start < by_n && by[start].to <= at)
			start++;
		for (size_t k = start; k < by_n && by[k].from <= at; k++)
			if (by[k].to > at)
				at = by[k].to;
		if (at < v[i].to)
			return v[i];
	}
	return (struct wal_damage){0};
}

int damage_compare(struct index *ix, const struct wal_report *r, uint64_t applied,
	struct wal_damage *lost, struct wal_damage *again)
{
	const struct wal_damage *known;
	struct wal_damage *found;
	BUF_AUTO(rows);
	BUF_AUTO(report);
	size_t n;
	int rc = load_all(ix, &rows);

	buf_add(&report, r->damage, r->damage_count * sizeof(*r->damage));
	if (rc == 0 && report.failed)
		rc = -ENOMEM;
	if (rc < 0)
		return rc;
	known = (const void *)rows.p;
	n = rows.n / sizeof(*known);
	found = (void *)report.p;
	if (r->damage_count)
		qsort(found, r->damage_count, sizeof(*found), by_place);
	*lost = first_uncovered(found, r->damage_count, known, n, applied);
	*again = first_uncovered(known, n, found, r->damage_count, UINT64_MAX);
	return 0;
}

static int keep(struct store *s, MDB_txn *txn)
{
	int rc = 0;

	for (size_t i = 0; i < s->recovered.damage_count && rc == 0; i++)
		rc = put(txn, &s->recovered.damage[i]);
	return rc < 0 ? rc : load(txn, &s->damage);
}

int damage_keep(struct store *s, struct error *err)
{
	bool found = s->recovered.damage_count > 0;
	MDB_txn *txn;
	int rc = index_begin(&s->index, found ? 0 : MDB_RDONLY, &txn);

	if (rc == 0) {
		rc = keep(s, txn);
		if (rc == 0 && found)
			rc = index_commit(txn);
		else
			mdb_txn_abort(txn);
	}
	wal_quarantine(s->wal, &s->recovered);
	return rc < 0 ? fail(err, -rc, "index: %s", strerror(-rc)) : 0;
}

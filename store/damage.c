#include "store/damage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

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

bool damage_is_known(struct index *ix, const struct wal_damage *d)
{
	struct row_key k = damage_key(d->from);
	struct damage_row row = {0};
	MDB_txn *txn;
	MDB_val v;
	bool known;

	if (index_begin(ix, MDB_RDONLY, &txn) < 0)
		return false;
	known = row_get(txn, &k, &v) == 0 && v.mv_size >= sizeof(row);
	if (known)
		memcpy(&row, v.mv_data, sizeof(row));
	mdb_txn_abort(txn);
	return known && row.to >= d->to;
}

static int load(MDB_txn *txn, struct known_damage *out)
{
	struct row_key prefix = row_key_tag(KEY_DAMAGE);
	WALK_AUTO(w);
	int rc = walk_start(&w, txn, &prefix);

	*out = (struct known_damage){0};
	for (; rc == 0; rc = walk_next(&w)) {
		struct damage_row row;

		if (w.key.mv_size != prefix.n + 8 || w.value.mv_size < sizeof(row))
			return -EBADMSG;
		memcpy(&row, w.value.mv_data, sizeof(row));
		if (out->count++)
			continue;
		(void)snprintf(out->first, sizeof(out->first),
			"log offsets %" PRIu64 " to %" PRIu64
			": %.*s; run stemefs check",
			be64_at((const uint8_t *)w.key.mv_data + prefix.n), row.to,
			(int)(w.value.mv_size - sizeof(row)),
			(const char *)w.value.mv_data + sizeof(row));
	}
	return rc == -ENOENT ? 0 : rc;
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

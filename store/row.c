#include "store/row.h"

#include <errno.h>

#include "core/bytes.h"
#include "store/frame.h"
#include "store/suspect.h"

int index_errno(int mdb_error)
{
	if (mdb_error == 0)
		return 0;
	if (mdb_error == EFBIG || mdb_error == EDQUOT)
		return -ENOSPC;
	if (mdb_error > 0)
		return -mdb_error;
	switch (mdb_error) {
	case MDB_NOTFOUND:
		return -ENOENT;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
		return -ENOSPC;
	case MDB_READERS_FULL:
		return -ENOMEM;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_PANIC:
	case MDB_VERSION_MISMATCH:
	case MDB_INVALID:
	case MDB_BAD_TXN:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

static struct slice slice_of_val(const MDB_val *v)
{
	return slice_of(v->mv_data, v->mv_size);
}

static uint32_t checksum(struct slice key, struct slice a, struct slice b)
{
	return crc32c_more(crc32c_more(crc32c(key), a), b);
}

bool row_verify(struct slice key, struct slice stored)
{
	if (stored.n < ROW_CHECK)
		return false;
	return u32_at(stored.p + stored.n - ROW_CHECK) ==
	       checksum(key, slice_sub(stored, 0, stored.n - ROW_CHECK),
		       slice_of(NULL, 0));
}

/* Take the checksum off a stored value. */
static int unseal(MDB_txn *txn, const MDB_val *key, MDB_val *value)
{
	if (row_verify(slice_of_val(key), slice_of_val(value))) {
		value->mv_size -= ROW_CHECK;
		return 0;
	}
	struct suspect *s = mdb_env_get_userctx(mdb_txn_env(txn));

	if (s)
		suspect_raise(s, "a row of the index does not verify");
	return -EBADMSG;
}

int row_get(MDB_txn *txn, const struct row_key *k, MDB_val *out)
{
	MDB_val key = row_key_val(k);
	int rc = index_errno(mdb_get(txn, INDEX_DB, &key, out));

	return rc < 0 ? rc : unseal(txn, &key, out);
}

int row_read(MDB_txn *txn, const struct row_key *k, void *out, size_t n)
{
	MDB_val v;
	int rc = row_get(txn, k, &v);

	if (rc < 0)
		return rc;
	if (v.mv_size != n)
		return -EBADMSG;
	memcpy(out, v.mv_data, n);
	return 0;
}

int row_put_two(
	MDB_txn *txn, const struct row_key *k, struct slice a, struct slice b)
{
	MDB_val key = row_key_val(k);
	MDB_val value = val_of(NULL, a.n + b.n + ROW_CHECK);
	uint32_t check = checksum(slice_of_val(&key), a, b);
	uint8_t *p;
	int rc = mdb_put(txn, INDEX_DB, &key, &value, MDB_RESERVE);

	if (rc)
		return index_errno(rc);
	p = value.mv_data;
	if (a.n)
		memcpy(p, a.p, a.n);
	if (b.n)
		memcpy(p + a.n, b.p, b.n);
	put_u32(p + a.n + b.n, check);
	return 0;
}

int row_put(MDB_txn *txn, const struct row_key *k, const void *p, size_t n)
{
	return row_put_two(txn, k, slice_of(p, n), slice_of(NULL, 0));
}

int row_del(MDB_txn *txn, const struct row_key *k)
{
	MDB_val key = row_key_val(k);

	return index_errno(mdb_del(txn, INDEX_DB, &key, NULL));
}

void walk_end(struct walk *w)
{
	if (w->cursor)
		mdb_cursor_close(w->cursor);
	w->cursor = NULL;
}

/* -ENOENT once the cursor has left the prefix. */
static int within(struct walk *w, int rc)
{
	if (rc)
		return index_errno(rc);
	if (w->key.mv_size < w->prefix.n ||
		memcmp(w->key.mv_data, w->prefix.b, w->prefix.n) != 0)
		return -ENOENT;
	return unseal(w->txn, &w->key, &w->value);
}

int walk_seek(struct walk *w, const struct row_key *to)
{
	w->key = row_key_val(to);
	return within(
		w, mdb_cursor_get(w->cursor, &w->key, &w->value, MDB_SET_RANGE));
}

static int walk_open(struct walk *w, MDB_txn *txn, const struct row_key *prefix)
{
	w->txn = txn;
	w->prefix = *prefix;
	return index_errno(mdb_cursor_open(txn, INDEX_DB, &w->cursor));
}

int walk_from(struct walk *w, MDB_txn *txn, const struct row_key *prefix,
	const struct row_key *from)
{
	int rc = walk_open(w, txn, prefix);

	return rc < 0 ? rc : walk_seek(w, from);
}

int walk_before(struct walk *w, MDB_txn *txn, const struct row_key *prefix,
	const struct row_key *before)
{
	int rc = walk_open(w, txn, prefix);

	if (rc < 0)
		return rc;
	w->key = row_key_val(before);
	rc = mdb_cursor_get(w->cursor, &w->key, &w->value, MDB_SET_RANGE);
	rc = mdb_cursor_get(w->cursor, &w->key, &w->value,
		rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
	return within(w, rc);
}

int walk_start(struct walk *w, MDB_txn *txn, const struct row_key *prefix)
{
	return walk_from(w, txn, prefix, prefix);
}

int walk_next(struct walk *w)
{
	return within(w, mdb_cursor_get(w->cursor, &w->key, &w->value, MDB_NEXT));
}

#include "store/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum {
	INDEX_READERS =
		256, /* slots; one per request in flight, and tools beside us */
	BYTE_ORDER_MARK = 0x01020304,
	MAP_GIB_FIRST = 1024,
};

int index_errno(int mdb_error)
{
	if (mdb_error == 0)
		return 0;
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

int row_get(MDB_txn *txn, const struct row_key *k, MDB_val *out)
{
	MDB_val key = row_key_val(k);

	return index_errno(mdb_get(txn, INDEX_DB, &key, out));
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

int row_put(MDB_txn *txn, const struct row_key *k, const void *p, size_t n)
{
	MDB_val key = row_key_val(k);
	MDB_val value = val_of(p, n);

	return index_errno(mdb_put(txn, INDEX_DB, &key, &value, 0));
}

int row_del(MDB_txn *txn, const struct row_key *k)
{
	MDB_val key = row_key_val(k);

	return index_errno(mdb_del(txn, INDEX_DB, &key, NULL));
}

int meta_read(MDB_txn *txn, struct meta_row *out)
{
	struct row_key k = row_key_tag(KEY_META);

	return row_read(txn, &k, out, sizeof(*out));
}

int meta_write(MDB_txn *txn, const struct meta_row *m)
{
	struct row_key k = row_key_tag(KEY_META);

	return row_put(txn, &k, m, sizeof(*m));
}

int index_note_reached(struct index *ix, uint64_t offset)
{
	struct meta_row m;
	MDB_txn *txn;
	int rc = index_errno(mdb_txn_begin(ix->env, NULL, 0, &txn));

	if (rc < 0)
		return rc;
	rc = meta_read(txn, &m);
	m.reached = offset;
	if (rc == 0)
		rc = meta_write(txn, &m);
	if (rc < 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return index_errno(mdb_txn_commit(txn));
}

static MDB_env *reserve(const char *dir, int *rc)
{
	for (size_t gib = MAP_GIB_FIRST; gib > 0; gib /= 2) {
		MDB_env *env = NULL;

		*rc = mdb_env_create(&env);
		if (*rc)
			return NULL;
		(void)mdb_env_set_mapsize(env, gib << 30);
		(void)mdb_env_set_maxreaders(env, INDEX_READERS);
		*rc = mdb_env_open(env, dir, MDB_NOTLS | MDB_NOMETASYNC, 0600);
		if (*rc == 0)
			return env;
		mdb_env_close(env);
		if (*rc != ENOMEM && *rc != EINVAL && *rc != EFBIG)
			return NULL;
	}
	return NULL;
}

/* What META must say, or what it says in a fresh index. */
static int check_meta(struct index *ix, const uint8_t store_id[16])
{
	struct meta_row m;
	MDB_txn *txn;
	MDB_dbi db;
	int rc = index_errno(mdb_txn_begin(ix->env, NULL, 0, &txn));

	if (rc < 0)
		return rc;
	rc = index_errno(mdb_dbi_open(txn, NULL, 0, &db));
	assert(rc < 0 || db == INDEX_DB);
	if (rc == 0)
		rc = meta_read(txn, &m);
	if (rc == -ENOENT) {
		m = (struct meta_row){
			.layout = INDEX_LAYOUT, .byte_order = BYTE_ORDER_MARK};
		memcpy(m.store_id, store_id, sizeof(m.store_id));
		rc = meta_write(txn, &m);
	} else if (rc == 0 &&
		   (m.layout != INDEX_LAYOUT || m.byte_order != BYTE_ORDER_MARK ||
			   memcmp(m.store_id, store_id, 16) != 0)) {
		rc = -EBADMSG;
	}
	if (rc < 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return index_errno(mdb_txn_commit(txn));
}

int index_open(const char *dir, const uint8_t store_id[16], struct index *out,
	struct error *err)
{
	struct index ix = {0};
	int dead = 0;
	int rc;

	ix.env = reserve(dir, &rc);
	if (!ix.env) {
		rc = index_errno(rc);
		return fail(err, -rc, "index %s: %s", dir, strerror(-rc));
	}
	(void)mdb_reader_check(ix.env, &dead);
	rc = check_meta(&ix, store_id);
	if (rc < 0) {
		mdb_env_close(ix.env);
		return fail(err, -rc, "index %s: %s", dir,
			rc == -EBADMSG ? "is of another layout or store, or damaged"
				       : strerror(-rc));
	}
	*out = ix;
	return 0;
}

void index_close(struct index *ix)
{
	if (ix->env)
		mdb_env_close(ix->env);
	*ix = (struct index){0};
}

int index_put_aside(int store_dir, struct error *err)
{
	(void)unlinkat(store_dir, "index.aside/data.mdb", 0);
	(void)unlinkat(store_dir, "index.aside/lock.mdb", 0);
	(void)unlinkat(store_dir, "index.aside", AT_REMOVEDIR);
	if (renameat(store_dir, "index", store_dir, "index.aside") < 0 &&
		errno != ENOENT)
		return fail(err, errno, "index: cannot be put aside: %s",
			strerror(errno));
	return fsync(store_dir) < 0 ? fail(err, errno, "%s", strerror(errno)) : 0;
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
	return 0;
}

int walk_seek(struct walk *w, const struct row_key *to)
{
	w->key = row_key_val(to);
	return within(
		w, mdb_cursor_get(w->cursor, &w->key, &w->value, MDB_SET_RANGE));
}

static int walk_open(struct walk *w, MDB_txn *txn, const struct row_key *prefix)
{
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

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

int index_open(const char *dir, const uint8_t store_id[16], struct suspect *suspect,
	struct index *out, struct error *err)
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
	(void)mdb_env_set_userctx(ix.env, suspect);
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

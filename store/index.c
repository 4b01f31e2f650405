#include "store/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/files.h"
#include "store/source.h"

enum {
	INDEX_READERS =
		256, /* slots; one per request in flight, and tools beside us */
	BYTE_ORDER_MARK = 0x01020304,
	MAP_GIB_FIRST = 1024,
	RESERVE_STEP = 1 << 20,
	READERS_BYTES =
		(INDEX_READERS + 8) * 64, /* what they take of the lock file */
	AHEAD = 128 << 10,  /* zeros that stand behind the last page */
	AHEAD_OF = 2 << 20, /* ... of batches that ask for no more room than this */
	WRITTEN_AT_ONCE = 64 * 4096, /* by LMDB, at most */
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
	int rc = index_begin(ix, 0, &txn);

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
	return index_commit(txn);
}

/* LMDB writes into its lock file through a map, and where the disk has no room for that
 * the process is killed by SIGBUS. So the room is made first: 0, or an errno. */
static int make_room_for_readers(const char *dir)
{
	char path[4096];
	int fd, rc;

	if (snprintf(path, sizeof(path), "%s/lock.mdb", dir) >= (int)sizeof(path))
		return ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	/* the size stays: LMDB takes it as the number of readers it has room for */
	rc = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, READERS_BYTES) < 0 ? errno : 0;
	(void)close(fd);
	return rc == EOPNOTSUPP || rc == ENOSYS ? 0 : rc;
}

/* Is there no room for what LMDB writes at once? Asked after a commit that failed: where
 * a write comes out short, which is how a full disk begins, LMDB says EIO. */
static bool is_full(MDB_env *env)
{
	struct stat st;
	int fd;

	if (mdb_env_get_fd(env, &fd) || fstat(fd, &st) < 0)
		return false;
	if (fallocate(fd, 0, st.st_size, WRITTEN_AT_ONCE) < 0)
		return errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
	(void)!ftruncate(fd, st.st_size);
	return false;
}

int index_commit(MDB_txn *txn)
{
	MDB_env *env = mdb_txn_env(txn);
	int rc = index_errno(mdb_txn_commit(txn));

	return rc == -EIO && is_full(env) ? -ENOSPC : rc;
}

static MDB_env *reserve(const char *dir, unsigned flags, int *rc)
{
	*rc = flags & MDB_NOLOCK ? 0 : make_room_for_readers(dir);
	if (*rc == EROFS && flags & MDB_RDONLY)
		*rc = 0; /* LMDB does without the lock file, too */
	if (*rc)
		return NULL;
	for (size_t gib = MAP_GIB_FIRST; gib > 0; gib /= 2) {
		MDB_env *env = NULL;

		*rc = mdb_env_create(&env);
		if (*rc)
			return NULL;
		(void)mdb_env_set_mapsize(env, gib << 30);
		(void)mdb_env_set_maxreaders(env, INDEX_READERS);
		*rc = mdb_env_open(
			env, dir, MDB_NOTLS | MDB_NOMETASYNC | flags, 0600);
		if (*rc == 0)
			return env;
		mdb_env_close(env);
		if (*rc != ENOMEM && *rc != EINVAL && *rc != EFBIG)
			return NULL;
	}
	return NULL;
}

static bool is_of(const struct meta_row *m, const uint8_t store_id[16])
{
	return m->layout == INDEX_LAYOUT && m->byte_order == BYTE_ORDER_MARK &&
	       memcmp(m->store_id, store_id, 16) == 0;
}

/* What META must say, or what it says in a fresh index. */
static int check_meta(struct index *ix, const uint8_t store_id[16])
{
	struct meta_row m;
	MDB_txn *txn;
	int rc = index_begin(ix, 0, &txn);

	if (rc < 0)
		return rc;
	rc = meta_read(txn, &m);
	if (rc == -ENOENT) {
		m = (struct meta_row){
			.layout = INDEX_LAYOUT, .byte_order = BYTE_ORDER_MARK};
		memcpy(m.store_id, store_id, sizeof(m.store_id));
		rc = meta_write(txn, &m);
	} else if (rc == 0 && !is_of(&m, store_id)) {
		rc = -EBADMSG;
	}
	if (rc < 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return index_commit(txn);
}

int index_begin(struct index *ix, unsigned flags, MDB_txn **out)
{
	int rc;

	if (!ix->env)
		return -EIO;
	if (ix->read_only && !(flags & MDB_RDONLY))
		return -EROFS;
	rc = mdb_txn_begin(ix->env, NULL, flags, out);
	return rc == MDB_PANIC ? -EAGAIN : index_errno(rc);
}

/* Before that LMDB does not know how to compare keys. */
static int open_database(struct index *ix)
{
	MDB_txn *txn;
	MDB_dbi db;
	int rc = index_begin(ix, MDB_RDONLY, &txn);

	if (rc < 0)
		return rc;
	rc = index_errno(mdb_dbi_open(txn, NULL, 0, &db));
	assert(rc < 0 || db == INDEX_DB);
	mdb_txn_abort(txn);
	return rc;
}

enum {
	/* who writes nothing, and is alone, needs no lock, and its file could not be
	 * opened on a disk that takes no writes */
	READ_ALONE = MDB_RDONLY | MDB_NOLOCK,
	READ_BESIDE = MDB_RDONLY,
	READ_AND_WRITE = 0,
};

static int open_environment(
	struct index *ix, struct suspect *suspect, unsigned flags)
{
	int dead = 0;
	int rc;

	ix->env = reserve(ix->path, flags, &rc);
	ix->read_only = flags & MDB_RDONLY;
	if (!ix->env)
		return index_errno(rc);
	(void)mdb_reader_check(ix->env, &dead);
	(void)mdb_env_set_userctx(ix->env, suspect);
	ix->reserved = ix->zeroed = 0;
	return open_database(ix);
}

int index_open(const char *dir, const uint8_t store_id[16], struct suspect *suspect,
	struct index *out, struct error *err)
{
	int rc;

	*out = (struct index){.path = strdup(dir)};
	if (!out->path)
		return fail(err, ENOMEM, "out of memory");
	(void)pthread_rwlock_init(&out->lock, NULL);
	(void)pthread_mutex_init(&out->idle_lock, NULL);
	rc = open_environment(out, NULL, READ_AND_WRITE);
	if (rc == 0)
		rc = check_meta(out, store_id);
	if (rc < 0) {
		index_close(out);
		return fail(err, -rc, "index %s: %s", dir,
			rc == -EBADMSG ? "is of another layout or store, or damaged"
				       : strerror(-rc));
	}
	(void)mdb_env_set_userctx(out->env, suspect);
	return 0;
}

/* Likewise, where nothing can be written. */
static int check_meta_beside(struct index *ix, const uint8_t store_id[16])
{
	struct meta_row m;
	MDB_txn *txn;
	int rc = index_begin(ix, MDB_RDONLY, &txn);

	if (rc < 0)
		return rc;
	rc = meta_read(txn, &m);
	mdb_txn_abort(txn);
	return rc == -ENOENT || (rc == 0 && !is_of(&m, store_id)) ? -EBADMSG : rc;
}

int index_open_beside(const char *dir, const uint8_t store_id[16],
	struct index *out, struct error *err)
{
	int rc;

	*out = (struct index){.path = strdup(dir)};
	if (!out->path)
		return fail(err, ENOMEM, "out of memory");
	(void)pthread_rwlock_init(&out->lock, NULL);
	(void)pthread_mutex_init(&out->idle_lock, NULL);
	rc = open_environment(out, NULL, READ_BESIDE);
	if (rc == 0)
		rc = check_meta_beside(out, store_id);
	if (rc < 0) {
		index_close(out);
		return fail(err, -rc, "index %s: %s", dir,
			rc == -EBADMSG ? "is of another layout or store, or damaged"
				       : strerror(-rc));
	}
	return 0;
}

int index_await_writer(const char *dir)
{
	struct index ix = {.path = strdup(dir)};
	MDB_txn *txn;
	int rc = ix.path ? open_environment(&ix, NULL, READ_AND_WRITE) : -ENOMEM;

	if (rc == 0)
		rc = index_begin(&ix, 0, &txn); /* there is one at a time */
	if (rc == 0)
		mdb_txn_abort(txn);
	index_close_environment(&ix);
	free(ix.path);
	return rc;
}

void index_close(struct index *ix)
{
	index_close_environment(ix);
	if (ix->path) {
		(void)pthread_rwlock_destroy(&ix->lock);
		(void)pthread_mutex_destroy(&ix->idle_lock);
	}
	free(ix->path);
	*ix = (struct index){0};
}

int index_store_id(const char *dir, uint8_t out[16])
{
	struct index ix = {.path = strdup(dir)};
	struct meta_row m;
	MDB_txn *txn = NULL;
	int rc = ix.path ? open_environment(&ix, NULL, READ_ALONE) : -ENOMEM;

	if (rc == 0)
		rc = index_begin(&ix, MDB_RDONLY, &txn);
	if (rc == 0)
		rc = meta_read(txn, &m);
	if (rc == 0)
		memcpy(out, m.store_id, sizeof(m.store_id));
	if (txn)
		mdb_txn_abort(txn);
	index_close_environment(&ix);
	free(ix.path);
	return rc;
}

/* ---- when the disk fails ---- */

static int reach(int fd, uint64_t from, uint64_t to)
{
	int rc;

	do
		rc = fallocate(
			fd, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)(to - from));
	while (rc < 0 && errno == EINTR);
	return rc < 0 ? index_errno(errno) : 0;
}

/* As in the log: a page that is written for the first time is more work for the commit's
 * fdatasync. Behind the last page nothing stands that anybody reads. */
static void write_ahead(struct index *ix, int fd, uint64_t used, uint64_t bytes)
{
	uint64_t from = ix->zeroed > used ? ix->zeroed : used;
	uint64_t to = used + AHEAD < ix->reserved ? used + AHEAD : ix->reserved;

	if (bytes <= AHEAD_OF && used + AHEAD / 2 > ix->zeroed && from < to)
		ix->zeroed = file_zero(fd, from, to);
}

int index_reserve(struct index *ix, uint64_t bytes)
{
	MDB_envinfo info;
	MDB_stat stat;
	uint64_t used, want;
	int fd, rc;

	if (!ix->env || mdb_env_info(ix->env, &info) ||
		mdb_env_stat(ix->env, &stat) || mdb_env_get_fd(ix->env, &fd))
		return -EIO;
	used = (info.me_last_pgno + 1) * (uint64_t)stat.ms_psize;
	want = used + bytes;
	if (want <= ix->reserved) {
		write_ahead(ix, fd, used, bytes);
		return 0;
	}
	want += RESERVE_STEP - want % RESERVE_STEP;
	rc = reach(fd, used, want);
	if (rc == -ENOSPC) {
		want = used + bytes; /* not a whole step, but enough */
		rc = reach(fd, used, want);
	}
	if (rc < 0 && rc != -EOPNOTSUPP && rc != -ENOSYS)
		return rc;
	ix->reserved = want;
	write_ahead(ix, fd, used, bytes);
	return 0;
}

/* Has LMDB given the environment up, or could it not be opened for writing? */
static bool is_given_up(struct index *ix)
{
	MDB_txn *txn = NULL;
	int rc;

	if (ix->read_only)
		return true;
	rc = mdb_txn_begin(ix->env, NULL, MDB_RDONLY, &txn);
	if (rc == 0)
		mdb_txn_abort(txn);
	return rc == MDB_PANIC;
}

int index_recover(struct index *ix, const struct wal *wal, struct error *err)
{
	struct suspect *suspect;
	int rc;

	if (!ix->env || !is_given_up(ix))
		return 0; /* without one, that was said before */
	suspect = mdb_env_get_userctx(ix->env);
	(void)pthread_rwlock_wrlock(&ix->lock);
	index_close_environment(ix);
	rc = open_environment(ix, suspect, READ_AND_WRITE);
	if (rc < 0) {
		index_close_environment(ix);
		rc = open_environment(ix, suspect, READ_ALONE);
	}
	/* what was refused must not be in there */
	if (rc == 0)
		rc = index_check_log(ix, wal);
	if (rc < 0)
		index_close_environment(ix);
	(void)pthread_rwlock_unlock(&ix->lock);
	return rc < 0 ? fail(err, EIO,
				"the index failed and cannot be opened again (%s): "
				"unmount and mount",
				strerror(-rc))
		      : 0;
}

void index_drop_aside(int store_dir)
{
	(void)unlinkat(store_dir, "index.aside/data.mdb", 0);
	(void)unlinkat(store_dir, "index.aside/lock.mdb", 0);
	(void)unlinkat(store_dir, "index.aside", AT_REMOVEDIR);
	(void)unlinkat(store_dir, "index.aside", 0); /* it may have been a link */
}

int index_put_aside(int store_dir, struct error *err)
{
	char name[sizeof("index.aside.99")] = "index.aside";
	int rc;

	index_drop_aside(store_dir);
	rc = renameat(store_dir, "index", store_dir, name);
	/* somebody's files are in the way, and not ours to remove */
	for (int i = 2; i < 100 && rc < 0 && errno != ENOENT; i++) {
		(void)snprintf(name, sizeof(name), "index.aside.%d", i);
		rc = renameat(store_dir, "index", store_dir, name);
	}
	if (rc < 0 && errno != ENOENT)
		return fail(err, errno, "index: cannot be put aside: %s",
			strerror(errno));
	return fsync(store_dir) < 0 ? fail(err, errno, "%s", strerror(errno)) : 0;
}

/* One moment of a store, read beside whoever writes to it.
 *
 * Nothing here needs a lock: log bytes before the applied offset never change, and each
 * request reads the index in a transaction of its own, which keeps nobody waiting. What
 * becomes of the index meanwhile:
 *
 *	records come          rows behind the moment are cut off, as below at/
 *	the daemon stops,     the file stays; LMDB's table of readers is shared by all that
 *	is killed, starts     have it open, so no page that is read is ever used again
 *	it is put aside and   the old file is open, whole and right until the new one holds
 *	made anew             the moment: the same record with the same chain value, which
 *	                      commits to all that came before it; then that is read
 *	the new one is of     the old file is read on
 *	another layout
 */
#include "store/frozen.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/internal.h"

enum {
	TRY_MS = 200, /* between two looks at a new index that is not there yet */
};

/* ---- files ---- */

uint64_t frozen_inode(const struct store *s, const char *path)
{
	struct stat st;

	return fstatat(s->dir, path, &st, 0) == 0 ? st.st_ino : 0;
}

bool frozen_is_starting(const struct store *s)
{
	return faccessat(s->dir, "starting", F_OK, 0) == 0;
}

const char *frozen_index_path(const struct store *s, struct buf *path)
{
	buf_printf(path, "%s/index", s->path);
	buf_byte(path, 0);
	return path->failed ? NULL : (const char *)path->p;
}

int frozen_open_index(struct store *s, struct index *out, struct error *err)
{
	BUF_AUTO(path);

	if (!frozen_index_path(s, &path))
		return fail(err, ENOMEM, "out of memory");
	return index_open_beside((const char *)path.p, s->who.store_id, out, err);
}

void frozen_note_files(struct store *s)
{
	struct stat st = {0};
	int fd;

	if (mdb_env_get_fd(s->index.env, &fd) == 0 && fstat(fd, &st) == 0)
		s->frozen.data = st.st_ino;
	s->frozen.readers = frozen_inode(s, "index/lock.mdb");
}

/* ---- the moment ---- */

/* The chain value of the record of that seq. */
static int find_chain(
	struct index *ix, const struct wal *wal, uint64_t seq, struct id *out)
{
	struct source source = {.wal = wal};
	struct event_row e;
	struct frame f;
	BUF_AUTO(scratch);
	int rc = index_begin(ix, MDB_RDONLY, &source.txn);

	if (rc < 0)
		return rc;
	rc = source_event(&source, seq, &e);
	if (rc == 0)
		rc = source_frame(&source, &e.at, &scratch, &f);
	if (rc == 0)
		*out = f.chain;
	mdb_txn_abort(source.txn);
	return rc;
}

int store_keep_to(struct store *s, uint64_t seq, struct error *err)
{
	struct wal *wal;
	/* once more: it was opened before the moment was known */
	int rc = wal_open(s->dir, &s->who, true, &wal, err);

	if (rc < 0)
		return rc;
	wal_close(s->wal);
	s->wal = wal;
	s->frozen.seq = seq;
	/* a damaged record is no reason to show nothing */
	s->frozen.chained =
		seq && find_chain(&s->index, wal, seq, &s->frozen.chain) == 0;
	return 0;
}

/* Does it know all up to the moment, and is that the same history? */
static bool holds_moment(struct store *s, struct index *ix)
{
	const struct frozen *r = &s->frozen;
	struct meta_row meta;
	struct id chain;
	MDB_txn *txn;
	int rc = index_begin(ix, MDB_RDONLY, &txn);

	if (rc < 0)
		return false;
	rc = meta_read(txn, &meta);
	mdb_txn_abort(txn);
	if (rc < 0 || meta.seq < r->seq)
		return false;
	return !r->chained || (find_chain(ix, s->wal, r->seq, &chain) == 0 &&
				      id_compare(&chain, &r->chain) == 0);
}

static bool is_time_to_try(struct frozen *r)
{
	struct timespec t;
	uint64_t now;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	now = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
	if (r->tried_at && now < r->tried_at + TRY_MS)
		return false;
	r->tried_at = now;
	return true;
}

/* No snapshot is open. */
static void change_over(struct store *s)
{
	struct index next;

	/* one table of readers under two files: opened twice in a process, LMDB would lose
	 * its hold on it */
	if (frozen_inode(s, "index/lock.mdb") == s->frozen.readers)
		index_close_environment(&s->index);
	if (frozen_open_index(s, &next, NULL) < 0)
		return;
	if (holds_moment(s, &next)) {
		index_close_environment(&s->index);
		s->index.env = next.env;
		next.env = NULL;
		frozen_note_files(s);
	}
	index_close(&next);
}

void frozen_follow(struct store *s)
{
	struct frozen *r = &s->frozen;
	uint64_t now;

	if (!r->on)
		return;
	now = frozen_inode(s, "index/data.mdb");
	(void)pthread_mutex_lock(&r->lock);
	/* never waiting, for one that is being made or for the snapshots of others: what is
	 * open goes on being right */
	if (now && now != r->data && is_time_to_try(r) && !frozen_is_starting(s) &&
		pthread_rwlock_trywrlock(&s->index.lock) == 0) {
		change_over(s);
		(void)pthread_rwlock_unlock(&s->index.lock);
	}
	(void)pthread_mutex_unlock(&r->lock);
}

/* Opening a store to read one moment of it: what must be true of the index first, without
 * which it would not hold all that was acknowledged before. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "store/clean.h"
#include "store/frozen.h"
#include "store/identity.h"
#include "store/index_verify.h"
#include "store/internal.h"

enum {
	BEHIND_MS = 1000, /* a batch is in the log and will be in the index */
	BEHIND_STEP_MS = 10,
};

/* ---- who has the store ---- */

/* The lock belongs to an open file, so asking disturbs nobody. */
static bool is_held(const struct store *s)
{
	struct flock probe = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = openat(s->dir, "lock", O_RDONLY | O_CLOEXEC);
	bool held = fd >= 0 && fcntl(fd, F_OFD_GETLK, &probe) == 0 &&
		    probe.l_type != F_UNLCK;

	if (fd >= 0)
		(void)close(fd);
	return held;
}

static int busy(const struct store *s, struct error *err)
{
	return fail(err, EBUSY,
		"%s: is being brought up to its log by another process", s->path);
}

/* ---- an index that is up to the log ---- */

static int bring_up_alone(
	const struct store *s, const struct store_options *o, struct error *err)
{
	struct store_options options = o ? *o : (struct store_options){0};
	struct store *whole;
	int rc;

	options.accept_clock = true; /* it is for what will be written */
	rc = store_open(s->path, &options, &whole, err);
	if (rc == 0)
		store_close(whole);
	return rc;
}

static int not_up_to_log(const struct store *s, const char *why, struct error *err)
{
	(void)fail(err, EROFS,
		"%s: the index %s, and here nothing can be written to mend that",
		s->path, why);
	return fail_hint(
		err, "mounting it once where it can be written, and unmounting");
}

/* Nothing can be written, so all that is left is to look. */
static int prove(struct store *s, struct error *err)
{
	char found[INDEX_WHY];
	int rc = index_verify(s->dir, "index", found);

	s->frozen.unproved = true;
	if (rc == -ENOENT)
		return not_up_to_log(s, "is not there", err);
	if (rc == -EBADMSG)
		return not_up_to_log(s, "is damaged", err);
	return rc < 0 ? fail(err, -rc, "%s/index/data.mdb: %s", s->path,
				strerror(-rc))
		      : 0;
}

static int settle(struct store *s, const struct store_options *o, struct error *err)
{
	int rc;

	s->frozen.held = is_held(s);
	if (s->frozen.held)
		return frozen_is_starting(s) ? busy(s, err) : 0;
	if (clean_fits(s->dir))
		return 0;
	rc = bring_up_alone(s, o, err);
	return rc == -EROFS ? prove(s, err) : rc;
}

/* Where no slot among the readers can be had, nobody may write while this is open: our
 * pages would be written over. */
static int keep_writers_out(struct store *s, struct error *err)
{
	if (faccessat(s->dir, "index", W_OK, AT_EACCESS) == 0 || errno != EROFS)
		return 0;
	if (flock(s->dir, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		(void)fail(err, EROFS,
			"%s: is being written to, and read-only here: a reader "
			"needs "
			"to leave a note of what it reads",
			s->path);
		return fail_hint(err, "read and write access to it");
	}
	return 0;
}

/* Beside a daemon: what is not there, or says nothing, may be about to. */
static int open_first(struct store *s, struct error *err)
{
	int rc = frozen_open_index(s, &s->index, err);

	if (!s->frozen.held || (rc != -EBADMSG && rc != -ENOENT))
		return rc;
	(void)fail(err, EBUSY,
		"%s/index: cannot be read by this version of stemefs, or is not "
		"yet "
		"made",
		s->path);
	return fail_hint(
		err, "the version that has it mounted, or unmount it first");
}

/* What was received until now is in the index, or about to be. */
static int await_writer(struct store *s, struct error *err)
{
	BUF_AUTO(path);
	int rc;

	if (!frozen_inode(s, "index/data.mdb"))
		return 0; /* LMDB would make one */
	rc = frozen_index_path(s, &path) ? index_await_writer((const char *)path.p)
					 : -ENOMEM;
	return rc < 0 ? fail(err, -rc, "%s/index: %s", s->path, strerror(-rc)) : 0;
}

static int applied(struct store *s, struct meta_row *out)
{
	MDB_txn *txn;
	int rc = index_begin(&s->index, MDB_RDONLY, &txn);

	if (rc < 0)
		return rc;
	rc = meta_read(txn, out);
	mdb_txn_abort(txn);
	return rc;
}

/* Has the log a frame behind what the index has applied? */
static bool is_behind(const struct store *s, uint64_t end)
{
	struct frame f;
	BUF_AUTO(scratch);

	return wal_read(s->wal, end, 0, &scratch, &f) == 0 ||
	       wal_read(s->wal, end + WAL_SEGMENT_HEADER, 0, &scratch, &f) == 0;
}

/* Whoever has the store may be about to find out that its index is not up to the log:
 * until it has said so (is_starting), what shows that is a frame that stays behind. */
static int wait_for_holder(struct store *s, struct error *err)
{
	const struct timespec step = {.tv_nsec = BEHIND_STEP_MS * 1000000L};
	struct meta_row first = {0}, now;
	int rc = applied(s, &first);

	now = first;
	for (int ms = 0; rc == 0 && now.log_end == first.log_end &&
			 is_behind(s, first.log_end);
		ms += BEHIND_STEP_MS) {
		if (ms >= BEHIND_MS || frozen_is_starting(s))
			return busy(s, err);
		(void)nanosleep(&step, NULL);
		rc = applied(s, &now);
	}
	if (rc < 0)
		return fail(err, -rc, "%s/index: %s", s->path, strerror(-rc));
	return frozen_is_starting(s) ? busy(s, err) : 0;
}

static int count_frame(void *ctx, const struct frame *f)
{
	(void)f;
	++*(uint64_t *)ctx;
	return 0;
}

static int prove_log(struct store *s, struct error *err)
{
	struct wal_report report = {0};
	struct wal_position from;
	struct meta_row meta = {0};
	uint64_t frames = 0;
	int rc = applied(s, &meta);

	if (rc < 0)
		return fail(err, -rc, "%s/index: %s", s->path, strerror(-rc));
	from = (struct wal_position){
		.offset = meta.log_end,
		.seq = meta.seq,
		.received_at = meta.received_at,
		.chain = meta.head,
	};
	wal_expect(s->wal, meta.reached);
	rc = wal_recover(s->wal, &from, count_frame, &frames, &report, err);
	wal_report_free(&report);
	return rc == 0 && frames ? not_up_to_log(s, "is behind the log", err) : rc;
}

/* ---- opening ---- */

static int start_clock(struct store *s, struct error *err)
{
	struct meta_row meta = {0};
	int rc = applied(s, &meta);

	if (rc < 0)
		return fail(err, -rc, "%s/index: %s", s->path, strerror(-rc));
	s->started_at = clock_wall();
	clock_start(&s->clock, s->started_at > meta.received_at ? s->started_at
								: meta.received_at);
	return 0;
}

static int check_log(struct store *s, struct error *err)
{
	int rc = index_check_log(&s->index, s->wal);

	/* beside a daemon the log may have got a new segment since it was opened here */
	if (rc == -EBADMSG && s->frozen.held)
		return busy(s, err);
	return rc < 0 ? fail(err, -rc, "%s: the index does not belong to the log",
				s->path)
		      : 0;
}

static int come_up(struct store *s, const struct store_options *o, bool past,
	struct error *err)
{
	int rc = store_directory(s, err);

	if (rc == 0)
		rc = settle(s, o, err);
	if (rc == 0)
		rc = keep_writers_out(s, err);
	if (rc == 0)
		rc = identity_load(s->dir, s->path, &s->who, err);
	if (rc == 0 && past && s->frozen.held)
		rc = await_writer(s, err);
	if (rc == 0)
		rc = open_first(s, err);
	if (rc == 0)
		rc = wal_open(s->dir, &s->who, true, &s->wal, err);
	if (rc == 0)
		rc = check_log(s, err);
	if (rc == 0 && s->frozen.held)
		rc = wait_for_holder(s, err);
	if (rc == 0 && s->frozen.unproved)
		rc = prove_log(s, err);
	if (rc == 0)
		rc = start_clock(s, err);
	if (rc == 0) /* for the names of agents; it reads no key */
		rc = wallet_open(s->path, &s->who.store_key, &s->wallet, err);
	return rc;
}

int store_open_reading(const char *path, const struct store_options *o, bool past,
	struct store **out, struct error *err)
{
	struct store *s;
	int rc = store_new(path, &s, err);

	if (rc < 0)
		return rc;
	s->frozen.on = true;
	rc = come_up(s, o, past, err);
	if (rc < 0) {
		store_close(s);
		return rc;
	}
	frozen_note_files(s);
	*out = s;
	return 0;
}

/* The index at start: proved before LMDB maps it, or made anew; then brought up to the
 * log.
 *
 * An index is not believed when somebody asks for a new one, when an earlier daemon read
 * something that did not verify, when the last starts died over it, when its file does
 * not verify, when it is not about this log, or when it holds records that the log has
 * lost. It is put aside and the log is read from its first byte; how far the old one had
 * come goes with the new one, so that what was acknowledged is never taken for a write
 * that did not finish. After a clean stop there is nothing to prove (store/clean.h). */
#include <errno.h>
#include <stdio.h>

#include "store/clean.h"
#include "store/damage.h"
#include "store/files.h"
#include "store/index_verify.h"
#include "store/internal.h"

static int open_environment(struct store *s, struct error *err)
{
	BUF_AUTO(path);
	int rc = dir_create(s->dir, "index", 0700, err);

	if (rc < 0)
		return rc;
	buf_printf(&path, "%s/index", s->path);
	buf_byte(&path, 0);
	if (path.failed)
		return fail(err, ENOMEM, "out of memory");
	rc = index_open(
		(const char *)path.p, s->who.store_id, &s->suspect, &s->index, err);
	/* a link to nothing, or something that is no directory */
	return rc == -ENOENT || rc == -ENOTDIR || rc == -EISDIR ? -EBADMSG : rc;
}

/* Why the index is not to be believed; "" when it may be. Answers what index_verify()
 * did. */
static int judge(struct store *s, const struct store_options *o, bool clean,
	char *why, size_t n)
{
	char left[SUSPECT_TEXT], found[INDEX_WHY];
	unsigned starts = suspect_starting(s->dir);
	int rc = clean ? 0 : index_verify(s->dir, "index", found);

	suspect_left(s->dir, left);
	if (rc == -EBADMSG)
		(void)snprintf(why, n, "it was damaged: %s", found);
	else if (rc == 0 && o->rebuild)
		(void)snprintf(why, n, "that was asked for");
	else if (rc == 0 && left[0])
		(void)snprintf(why, n, "%.*s", (int)n - 1, left);
	else if (rc == 0 && starts >= SUSPECT_STARTS)
		(void)snprintf(why, n,
			"the last %u starts did not come to their end", starts);
	return rc;
}

/* How far an index had come that verifies and is about to be put aside. */
static uint64_t last_reached(struct store *s)
{
	uint64_t reached = 0;

	if (open_environment(s, NULL) == 0) {
		reached = index_reached(&s->index);
		index_close(&s->index);
	}
	return reached;
}

static int open_new(struct store *s, uint64_t reached, struct error *err)
{
	int rc = index_put_aside(s->dir, err);

	if (rc == 0)
		rc = open_environment(s, err);
	if (rc < 0 || !reached)
		return rc;
	rc = index_note_reached(&s->index, reached);
	return rc < 0 ? fail(err, -rc, "index: %s", strerror(-rc)) : 0;
}

static int pass(void *ctx, const struct frame *f)
{
	(void)ctx;
	(void)f;
	return 0;
}

/* Something that the index holds and the log has lost; "" where there is none. */
static void find_lost(struct store *s, const struct wal_report *r, uint64_t applied)
{
	for (size_t i = 0; i < r->damage_count; i++) {
		const struct wal_damage *d = &r->damage[i];

		if (d->from >= applied || damage_is_known(&s->index, d))
			continue;
		(void)snprintf(s->index_note, sizeof(s->index_note),
			"the log has lost log offsets %llu to %llu: %s",
			(unsigned long long)d->from, (unsigned long long)d->to,
			d->what);
		return;
	}
}

/* Read all of the log, with a reader of its own: does it hold what the index has applied?
 * Where it does not, s->index_note says what is lost. */
static int check_whole_log(struct store *s, struct error *err)
{
	struct wal_position start = {0};
	struct wal_report report = {0};
	struct wal *wal = NULL;
	uint64_t applied = index_reached(&s->index);
	int rc = wal_open(s->dir, &s->who, true, &wal, err);

	if (rc == 0) {
		wal_expect(wal, applied);
		rc = wal_recover(wal, &start, pass, NULL, &report, err);
	}
	if (rc == 0)
		find_lost(s, &report, applied);
	wal_report_free(&report);
	wal_close(wal);
	return rc;
}

/* The index that is there, if it is of this log and all of it. */
static int open_present(struct store *s, bool clean, struct error *err)
{
	uint64_t reached;
	int rc = open_environment(s, err);

	if (rc == -EBADMSG) {
		(void)snprintf(s->index_note, sizeof(s->index_note),
			"it was of another layout or store");
		return open_new(s, 0, err);
	}
	if (rc < 0)
		return rc;
	if (index_check_log(&s->index, s->wal) < 0)
		(void)snprintf(s->index_note, sizeof(s->index_note),
			"it did not belong to this log");
	else if (!clean)
		rc = check_whole_log(s, err);
	if (rc < 0 || !s->index_note[0])
		return rc;
	reached = index_reached(&s->index);
	index_close(&s->index);
	return open_new(s, reached, err);
}

static void progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	const struct store *s = ctx;

	/* what was indexed so far stays: two starts that are killed in the middle of
	 * hours of work must not begin it again */
	suspect_progress(s->dir);
	if (s->opening->progress)
		s->opening->progress(s->opening->progress_ctx, what, done, total);
}

static int bring_up(
	struct store *s, const struct store_options *o, struct error *err)
{
	struct store_options own = *o;
	int rc;

	s->opening = o;
	own.progress = progress;
	own.progress_ctx = s;
	rc = replay_log(s->wal, &s->index, &own, &s->recovered, err);
	s->opening = NULL;
	return rc;
}

int index_start(struct store *s, const struct store_options *o, struct error *err)
{
	bool clean = clean_take(s->dir);
	int rc;

	s->suspect.dir = s->dir;
	rc = judge(s, o, clean && !o->verify_index, s->index_note,
		sizeof(s->index_note));
	if (rc < 0 && rc != -EBADMSG && rc != -ENOENT)
		return fail(
			err, -rc, "%s/index/data.mdb: %s", s->path, strerror(-rc));
	if (s->index_note[0])
		rc = open_new(s, rc == 0 ? last_reached(s) : 0, err);
	else
		rc = open_present(s, clean, err);
	if (rc == 0)
		rc = bring_up(s, o, err);
	if (rc == 0)
		rc = damage_keep(s, err);
	if (rc < 0)
		return rc;
	suspect_started(s->dir);
	if (!s->damage.count) /* else it may know what the log has lost */
		index_drop_aside(s->dir);
	rc = suspect_settle(s->dir);
	return rc < 0 ? fail(err, -rc, "%s/doubt: %s", s->path, strerror(-rc)) : 0;
}

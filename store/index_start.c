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

static int open_named(struct store *s, const char *name, struct suspect *suspect,
	struct index *out, struct error *err)
{
	BUF_AUTO(path);

	buf_printf(&path, "%s/%s", s->path, name);
	buf_byte(&path, 0);
	if (path.failed)
		return fail(err, ENOMEM, "out of memory");
	return index_open((const char *)path.p, s->who.store_id, suspect, out, err);
}

static int open_environment(struct store *s, struct error *err)
{
	int rc = dir_create(s->dir, "index", 0700, err);

	if (rc < 0)
		return rc;
	rc = open_named(s, "index", &s->suspect, &s->index, err);
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
	bool deadly =
		starts >= SUSPECT_STARTS; /* to whoever looks at it, perhaps */
	int rc = clean	  ? 0
		 : deadly ? -EBADMSG
			  : index_verify(s->dir, "index", found);

	suspect_left(s->dir, left);
	if (deadly)
		(void)snprintf(why, n,
			"the last %u starts did not come to their end", starts);
	else if (rc == -EBADMSG)
		(void)snprintf(why, n, "it was damaged: %s", found);
	else if (rc == 0 && o->rebuild)
		(void)snprintf(why, n, "that was asked for");
	else if (rc == 0 && left[0])
		(void)snprintf(why, n, "%.*s", (int)n - 1, left);
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

/* The same of one that an earlier start put aside, and was killed before the new one knew
 * of it. */
static uint64_t reached_aside(struct store *s)
{
	char found[INDEX_WHY];
	struct index aside;
	uint64_t reached = 0;

	if (index_verify(s->dir, "index.aside", found) == 0 &&
		open_named(s, "index.aside", NULL, &aside, NULL) == 0) {
		reached = index_reached(&aside);
		index_close(&aside);
	}
	return reached;
}

static int note_reached(struct store *s, uint64_t reached, struct error *err)
{
	int rc = reached ? index_note_reached(&s->index, reached) : 0;

	return rc < 0 ? fail(err, -rc, "index: %s", strerror(-rc)) : 0;
}

static int open_new(struct store *s, uint64_t reached, struct error *err)
{
	int rc;

	if (!reached)
		reached = reached_aside(s);
	rc = index_put_aside(s->dir, err);
	if (rc == 0)
		rc = open_environment(s, err);
	suspect_lower(&s->suspect);
	return rc < 0 ? rc : note_reached(s, reached, err);
}

static int pass(void *ctx, const struct frame *f)
{
	(void)ctx;
	(void)f;
	return 0;
}

/* Something that the index holds and the log has lost, or the other way round; "" where
 * there is none. */
static int find_lost(struct store *s, const struct wal_report *r, uint64_t applied)
{
	struct wal_damage lost, again;
	int rc = damage_compare(&s->index, r, applied, &lost, &again);

	if (rc == -EBADMSG) {
		(void)snprintf(s->index_note, sizeof(s->index_note),
			"what it knows of damage cannot be read");
		return 0;
	}
	if (rc == 0 && lost.to)
		(void)snprintf(s->index_note, sizeof(s->index_note),
			"the log has lost log offsets %llu to %llu: %s",
			(unsigned long long)lost.from, (unsigned long long)lost.to,
			lost.what);
	else if (rc == 0 && again.to)
		(void)snprintf(s->index_note, sizeof(s->index_note),
			"the log has log offsets %llu to %llu again, which were "
			"damaged",
			(unsigned long long)again.from,
			(unsigned long long)again.to);
	return rc;
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
	if (rc == 0) {
		rc = find_lost(s, &report, applied);
		if (rc < 0)
			(void)fail(err, -rc, "index: %s", strerror(-rc));
	}
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
	if (rc == 0 && index_reached(&s->index) == 0)
		rc = note_reached(s, reached_aside(s), err);
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

static int open_and_bring_up(
	struct store *s, const struct store_options *o, struct error *err)
{
	bool clean = clean_take(s->dir);
	int rc = judge(s, o, clean && !o->verify_index, s->index_note,
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
	return rc < 0 ? rc : damage_keep(s, err);
}

int index_start(struct store *s, const struct store_options *o, struct error *err)
{
	int rc;

	s->suspect.dir = s->dir;
	rc = open_and_bring_up(s, o, err);
	suspect_started(s->dir); /* to be refused is no crash */
	if (rc < 0)
		return rc;
	if (!s->damage.count) /* else it may know what the log has lost */
		index_drop_aside(s->dir);
	rc = suspect_settle(s->dir);
	return rc < 0 ? fail(err, -rc, "%s/doubt: %s", s->path, strerror(-rc)) : 0;
}

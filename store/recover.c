/* Find the end of the log, and everything on the way that does not verify.
 *
 * Two things look alike at first: bytes that never reached the disk, because the
 * power went before fdatasync returned, and bytes that the disk has lost since. The
 * first were promised to nobody and are cut; the second were acknowledged and are
 * never touched. What tells them apart is what a disk can do to one write: each
 * sector of it is there or is still zero, and nothing behind it was written yet. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/quarantine.h"
#include "store/scan.h"
#include "store/wal_impl.h"

enum {
	/* no frame is smaller, so a stretch of n bytes held at most n / this many
	 */
	FRAME_LEAST = FRAME_HEADER + FRAME_PREFIX,
};

struct recovery {
	struct wal *w;
	const struct wal_position *from;
	wal_visit *visit;
	void *ctx;
	struct wal_report report;
	struct error *err;

	struct wal_position at; /* the next place, and what was seen before it */
	bool chained;		/* at.chain is what the next frame must continue */
	uint64_t covered;	/* the files looked at reach to here */
	bool roll;
	bool cut; /* the log ends at `at`, and what is behind it is torn */
};

static const char log_ends_early[] =
	"the log ends before what the index had applied";

void wal_report_free(struct wal_report *r)
{
	free(r->damage);
	*r = (struct wal_report){0};
}

static int add_damage(
	struct recovery *r, uint64_t from, uint64_t to, const char *what)
{
	struct wal_report *p = &r->report;
	struct wal_damage *last =
		p->damage_count ? &p->damage[p->damage_count - 1] : NULL;
	struct wal_damage *more;

	if (last && last->to == from && last->what == what) {
		last->to = to;
		return 0;
	}
	more = reallocarray(p->damage, p->damage_count + 1, sizeof(*more));
	if (!more)
		return fail(r->err, ENOMEM, "wal: out of memory");
	p->damage = more;
	last = &p->damage[p->damage_count++];
	last->from = from;
	last->to = to;
	last->what = what;
	return 0;
}

static const char *fault_text(enum frame_fault fault)
{
	switch (fault) {
	case FRAME_OK:
	case FRAME_NO_HEADER:
		break;
	case FRAME_SHORT:
		return "a frame runs past the end of its segment";
	case FRAME_BAD_CRC:
		return "a frame's checksum does not hold";
	case FRAME_BAD_CHAIN:
		return "a frame does not continue the chain";
	case FRAME_BAD_PAYLOAD:
		return "a frame is not laid out as one";
	}
	return "there is no frame where one must start";
}

/* Is there a sector that the write of bytes from..to did not reach? Of the first
 * sector only what lies behind `from` counts: what is before it was on disk
 * already. */
static bool has_unwritten_sector(struct scan *s, uint64_t from, uint64_t to)
{
	uint64_t start = from;

	while (start < to) {
		uint64_t left = SCAN_SECTOR - (start - s->base) % SCAN_SECTOR;

		if (scan_is_zero(scan_peek(s, start, (size_t)left)))
			return true;
		start += left;
	}
	return false;
}

/* Has the write of the frame at this offset, which does not verify, never been
 * finished? The last segment only. */
static bool is_torn(struct scan *s, uint64_t offset)
{
	struct frame f, later;
	uint64_t next = offset + 8;
	/* A header that lost a sector shows that within itself. */
	uint64_t end = offset + FRAME_HEADER, data = end;

	if (scan_header(s, offset, &f)) {
		data = offset + FRAME_HEADER +
		       f.length; /* padding is zero anyway */
		end = offset + frame_size(f.length);
	}
	if (end <= s->limit && !has_unwritten_sector(s, offset, data))
		return false;
	/* A batch is named by its first frame: a greater name than this place is a
	 * later batch, and that one was begun when this one was on disk. */
	while (scan_next(s, next, &later)) {
		if (later.batch > offset)
			return false;
		next = later.offset + 8;
	}
	return true;
}

/* The records of what is damaged had numbers that must not come again. */
static void skip_to(struct recovery *r, uint64_t end)
{
	r->at.seq += (end - r->at.offset + FRAME_LEAST - 1) / FRAME_LEAST;
	r->at.offset = end;
}

/* Append behind what is damaged, never into it. */
static void pass_over(struct recovery *r, uint64_t end)
{
	skip_to(r, end);
	r->roll = true;
}

/* The frame at r->at does not verify. Moves r->at to where reading goes on; true
 * when that is the end of the log. */
static int bad_frame(struct recovery *r, struct scan *s, bool last,
	enum frame_fault fault, bool *ended)
{
	uint64_t offset = r->at.offset, end = s->limit;
	bool unread = s->failed;
	struct frame f;

	if (last) {
		end = scan_data_end(s, offset);
		*ended = end == offset; /* zeros up to the end */
		if (*ended)
			return 0;
		if (offset >= r->w->reached && is_torn(s, offset)) {
			r->report.torn_from = offset;
			r->report.torn_to = end;
			*ended = r->cut = true;
			return 0;
		}
	}
	r->chained = false;
	if (scan_next(s, offset + 8, &f)) {
		end = f.offset;
		skip_to(r, end);
	} else if (last) {
		if (scan_header(s, offset, &f) &&
			end < offset + frame_size(f.length))
			end = offset + frame_size(f.length);
		end += (8 - end % 8) % 8;
		pass_over(r, end);
		*ended = true;
	} else {
		skip_to(r, end);
	}
	return add_damage(r, offset, end,
		unread ? "the disk cannot read this" : fault_text(fault));
}

static int good_frame(struct recovery *r, const struct frame *f)
{
	int rc = r->visit(r->ctx, f);

	if (rc < 0 && r->err && r->err->code) /* the visitor has said why */
		return rc;
	if (rc < 0)
		return fail(r->err, -rc,
			"wal: the frame at log offset %" PRIu64
			" could not be applied",
			f->offset);
	r->report.frames++;
	r->chained = true;
	r->at = (struct wal_position){
		.offset = f->offset + frame_size(f->length),
		.seq = f->seq,
		.received_at = f->received_at,
		.chain = f->chain,
	};
	return 0;
}

static int read_frames(struct recovery *r, const struct shelf_segment *g,
	uint64_t limit, bool last)
{
	__attribute__((cleanup(scan_close))) struct scan s = {.fd = -1};
	bool ended = false;
	int rc = segment_open(r->w->dir, g->base, false, r->err);

	if (rc < 0)
		return rc;
	if (scan_open(&s, rc, g->base, limit, r->w->who.tag_key) < 0)
		return fail(r->err, ENOMEM, "wal: out of memory");
	rc = 0;
	while (rc == 0 && !ended && r->at.offset < limit) {
		const struct id *before = r->chained ? &r->at.chain : NULL;
		struct frame f;
		enum frame_fault fault = scan_frame(&s, r->at.offset, before, &f);

		if (fault == FRAME_OK)
			rc = good_frame(r, &f);
		else
			rc = bad_frame(r, &s, last, fault, &ended);
	}
	return rc;
}

/* Bytes of a segment where its successor has begun: preallocated zeros are what a
 * crash may leave there, and anything else is somebody's. */
static int check_overlap(
	struct recovery *r, const struct shelf_segment *g, uint64_t limit)
{
	__attribute__((cleanup(scan_close))) struct scan s = {.fd = -1};
	uint64_t end = g->base + g->length;
	int rc;

	if (end <= limit)
		return 0;
	rc = segment_open(r->w->dir, g->base, false, r->err);
	if (rc < 0)
		return rc;
	if (scan_open(&s, rc, g->base, end, r->w->who.tag_key) < 0)
		return fail(r->err, ENOMEM, "wal: out of memory");
	end = scan_data_end(&s, limit);
	if (end == limit)
		return 0;
	return add_damage(r, limit, end, "two segment files hold this stretch");
}

/* The header of a segment, and the gap before it. */
static int enter_segment(struct recovery *r, const struct shelf_segment *g,
	uint64_t limit, uint64_t next)
{
	uint64_t header_end = g->base + WAL_SEGMENT_HEADER;
	int rc = 0;

	if (header_end > next)
		header_end = next;

	if (g->base > r->covered) {
		rc = add_damage(r, r->covered, g->base,
			"no segment file holds this stretch");
		if (g->base > r->at.offset)
			r->chained = false;
	}
	r->covered = limit > header_end ? limit : header_end;
	if (rc == 0 && !g->header)
		rc = add_damage(r, g->base, header_end,
			"the segment's header does not verify");
	if (rc < 0 || g->base < r->at.offset || !g->header)
		return rc;
	if (r->chained && id_compare(&r->at.chain, &g->chain) != 0)
		rc = add_damage(r, g->base, header_end,
			"the segment's header does not continue the chain");
	if (!r->chained)
		r->at.chain = g->chain;
	r->chained = true;
	return rc;
}

static int one_segment(
	struct recovery *r, const struct shelf_segment *g, uint64_t next)
{
	bool last = next == UINT64_MAX;
	uint64_t limit = g->base + g->length, first = g->base + WAL_SEGMENT_HEADER;
	int rc;

	if (limit > next)
		limit = next;
	rc = enter_segment(r, g, limit, next);
	if (rc == 0)
		rc = check_overlap(r, g, limit);
	if (rc < 0 || (limit <= r->from->offset && !last))
		return rc;
	if (r->at.offset < g->base) /* over a gap */
		skip_to(r, g->base);
	if (r->at.offset < first)
		r->at.offset = first;
	if (last && r->at.offset > limit) {
		/* A header that is cut off, or an end before what was applied. */
		r->roll = true;
		r->at.offset += (8 - r->at.offset % 8) % 8;
		return r->from->offset <= limit
			       ? 0
			       : add_damage(r, limit, r->at.offset, log_ends_early);
	}
	return read_frames(r, g, limit, last);
}

static int all_segments(struct recovery *r)
{
	const struct shelf *s = r->w->shelf;
	size_t n = shelf_count(s);
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct shelf_segment *g = shelf_at(s, i);
		uint64_t next = UINT64_MAX;

		if (g->stray) {
			rc = add_damage(r, g->base, g->base + g->length,
				"a segment file that has no place in the log");
			continue;
		}
		for (size_t j = i + 1; j < n && next == UINT64_MAX; j++)
			if (!shelf_at(s, j)->stray)
				next = shelf_at(s, j)->base;
		rc = one_segment(r, g, next);
		if (next == UINT64_MAX && !g->header)
			r->roll = true; /* let what follows have a header that holds
					 */
	}
	return rc;
}

/* What an index had applied and is in no segment any more. */
static int check_reached(struct recovery *r)
{
	uint64_t from = r->at.offset, to = r->w->reached;

	if (from >= to)
		return 0;
	pass_over(r, to);
	return add_damage(r, from, to, log_ends_early);
}

/* What is in the page cache only must not be read as if it were on disk: the index
 * would run ahead of the log. So write out what can be, and read the rest from the
 * disk: after a sync that failed the cache holds pages that the disk does not. */
static int settle(struct wal *w, uint64_t from, struct error *err)
{
	int rc = wal_sync(w, err);

	if (rc < 0)
		return rc;
	if (fsync(w->dir) < 0)
		return fail(err, EIO, "wal: cannot sync the log's directory: %s",
			strerror(errno));
	from = from > w->base ? (from - w->base) & ~UINT64_C(4095) : 0;
	(void)posix_fadvise(w->fd, (off_t)from, 0, POSIX_FADV_DONTNEED);
	return 0;
}

/* Move the torn end out of the log. */
static int cut(struct wal *w, const struct wal_report *report, struct error *err)
{
	uint64_t from = report->torn_from - w->base, to = report->torn_to - w->base;
	int rc;

	/* The zeros go first: on a full disk they make the room for the copy. */
	if (ftruncate(w->fd, (off_t)to) < 0)
		return fail(err, errno, "wal/%016" PRIx64 ".wal: cannot be cut: %s",
			w->base, strerror(errno));
	rc = quarantine(w->store_dir, w->fd, from, to - from, report->torn_from,
		"torn", err);
	if (rc < 0)
		return rc;
	if (ftruncate(w->fd, (off_t)from) < 0 || fsync(w->fd) < 0)
		return fail(err, errno,
			"wal/%016" PRIx64
			".wal: cannot be cut at log offset %" PRIu64 ": %s",
			w->base, report->torn_from, strerror(errno));
	w->size = from;
	return 0;
}

void wal_expect(struct wal *w, uint64_t offset)
{
	w->reached = offset;
}

int wal_recover(struct wal *w, const struct wal_position *from, wal_visit *visit,
	void *ctx, struct wal_report *report, struct error *err)
{
	struct recovery r = {
		.w = w,
		.from = from,
		.visit = visit,
		.ctx = ctx,
		.err = err,
		.at = *from,
		.chained = true,
	};
	int rc;

	*report = (struct wal_report){0};
	if (err)
		err->code = 0;
	rc = w->read_only ? 0 : settle(w, from->offset, err);
	if (rc == 0)
		rc = all_segments(&r);
	if (rc == 0)
		rc = check_reached(&r);
	if (rc == 0 && r.cut && !w->read_only)
		rc = cut(w, &r.report, err);
	if (rc < 0) {
		wal_report_free(&r.report);
		return rc;
	}
	*report = r.report;
	w->end = w->next = r.at;
	w->roll = r.roll;
	w->ready = !w->read_only;
	return 0;
}

/* The part of a stretch that one file holds. */
static void keep_damaged(
	struct wal *w, const struct shelf_segment *g, const struct wal_damage *d)
{
	uint64_t end = g->base + g->length;
	int fd;

	if (d->from < g->base || d->from >= end || g->stray ||
		is_quarantined(w->store_dir, d->from, "damaged"))
		return;
	fd = segment_open(w->dir, g->base, false, NULL);
	if (fd < 0)
		return;
	(void)quarantine(w->store_dir, fd, d->from - g->base,
		(d->to < end ? d->to : end) - d->from, d->from, "damaged", NULL);
	(void)close(fd);
}

void wal_quarantine(struct wal *w, const struct wal_report *report)
{
	for (size_t i = 0; i < report->damage_count; i++)
		for (size_t j = 0; j < shelf_count(w->shelf); j++)
			keep_damaged(w, shelf_at(w->shelf, j), &report->damage[i]);
}

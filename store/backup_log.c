/* The log into an archive. What goes there is what has been looked at: every frame is
 * proved in the window that it is copied from, so nothing is read twice and nothing is
 * copied unseen. Bytes that do not verify are copied as they are, and named. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/backup.h"
#include "store/scan.h"
#include "store/shelf.h"

enum {
	PIECE = 64 << 10, /* of what is no frame */
	NAME = 64,
};

struct log_copy {
	struct copying *c;
	struct shelf *shelf;
	const uint8_t *tag_key;
	uint64_t end; /* of the copy */
	struct id chain;
	bool chained;	  /* chain is what the next frame must continue */
	uint64_t covered; /* the segments so far reach to here */
};

static void shelf_freep(struct shelf **s)
{
	shelf_free(*s);
}

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static void bad(struct log_copy *l, uint64_t from, uint64_t to, const char *what)
{
	copying_bad(l->c->copied, l->c->o,
		"log offsets %" PRIu64 " to %" PRIu64 ": %s", from, to, what);
}

static void show_progress(struct copying *c)
{
	if (c->o->progress)
		c->o->progress(c->o->progress_ctx, "copying", c->done, c->total);
}

/* Copy what stands between two offsets. A file that has become shorter meanwhile is
 * filled up: its size is in the archive already. */
static void copy(struct log_copy *l, struct scan *s, uint64_t from, uint64_t to)
{
	static const uint8_t zeros[PIECE];

	while (from < to && l->c->out.rc == 0) {
		size_t n = to - from < PIECE ? (size_t)(to - from) : PIECE;
		struct slice bytes = scan_peek(s, from, n);

		if (bytes.n == 0) {
			bad(l, from, to,
				"the file became shorter while it was read");
			bytes = slice_of(zeros, n);
		}
		archive_add(&l->c->out, bytes);
		from += bytes.n;
		l->c->done += bytes.n;
	}
}

/* Where reading goes on behind a frame that does not verify. */
static uint64_t pass(struct log_copy *l, struct scan *s, uint64_t at, uint64_t end)
{
	struct frame f;
	bool unread = s->failed;
	uint64_t next = scan_next(s, at + 8, &f) ? f.offset : end;

	bad(l, at, next,
		unread ? "the disk cannot read this" : "this does not verify");
	l->chained = false;
	return next;
}

static void copy_frames(struct log_copy *l, struct scan *s, uint64_t at)
{
	while (at < s->limit && l->c->out.rc == 0) {
		const struct id *before = l->chained ? &l->chain : NULL;
		uint64_t next;
		struct frame f;

		if (scan_frame(s, at, before, &f) == FRAME_OK) {
			next = at + frame_size(f.length);
			l->chain = f.chain;
			l->chained = true;
			l->c->copied->records++;
			l->c->copied->seq = f.seq;
		} else {
			next = pass(l, s, at, s->limit);
		}
		copy(l, s, at, next);
		at = next;
		show_progress(l->c);
	}
}

/* The header, and what is missing before it. */
static void enter(struct log_copy *l, const struct shelf_segment *g)
{
	uint64_t end = g->base + WAL_SEGMENT_HEADER;

	if (g->base > l->covered) {
		bad(l, l->covered, g->base, "no segment file holds this stretch");
		l->chained = false;
	}
	if (!g->header)
		bad(l, g->base, end, "the segment's header does not verify");
	else if (l->chained && id_compare(&l->chain, &g->chain) != 0)
		bad(l, g->base, end,
			"the segment's header does not continue the chain");
	if (g->header) {
		l->chain = g->chain;
		l->chained = true;
	}
}

/* Frames up to where the next segment begins; what a file has behind that is space that
 * was never given back, or somebody's. */
static void copy_content(struct log_copy *l, struct scan *s,
	const struct shelf_segment *g, uint64_t next)
{
	uint64_t all = s->limit, first = g->base + WAL_SEGMENT_HEADER;
	uint64_t limit = all < next ? all : next;

	enter(l, g);
	first = first < limit ? first : limit;
	copy(l, s, g->base, first);
	s->limit = limit;
	copy_frames(l, s, first);
	s->limit = all;
	l->covered = limit;
	if (all > limit && scan_data_end(s, limit) > limit)
		bad(l, limit, all, "two segment files hold this stretch");
	copy(l, s, limit, all);
}

static uint64_t length_of(const struct log_copy *l, const struct shelf_segment *g)
{
	uint64_t most = l->end - g->base;

	return g->stray || g->length < most ? g->length : most;
}

static bool is_file(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* next: where the following segment begins; the end for the last. */
static int copy_segment(struct log_copy *l, const struct shelf_segment *g,
	uint64_t next, int wal, struct error *err)
{
	__attribute__((cleanup(scan_close))) struct scan s = {.fd = -1};
	uint64_t length = length_of(l, g);
	char name[NAME] = "wal/";
	int fd = segment_open(wal, g->base, false, err);

	if (g->stray && !is_file(fd)) {
		close_fd(&fd);
		bad(l, g->base, g->base, "what has a segment's name is no file");
		return 0;
	}
	if (fd < 0)
		return fd;
	segment_name(g->base, name + strlen(name));
	copying_enter(l->c, name, fd, length);
	if (scan_open(&s, fd, g->base, g->base + length, l->tag_key) < 0)
		return fail(err, ENOMEM, "out of memory");
	if (g->stray) {
		bad(l, g->base, g->base + length,
			"a segment file that has no place in the log");
		copy(l, &s, g->base, g->base + length);
	} else {
		copy_content(l, &s, g, next);
	}
	return 0;
}

/* The base of the next segment that counts, or the end. */
static uint64_t next_base(const struct log_copy *l, size_t i)
{
	for (i++; i < shelf_count(l->shelf); i++) {
		const struct shelf_segment *g = shelf_at(l->shelf, i);

		if (!g->stray)
			return g->base < l->end ? g->base : l->end;
	}
	return l->end;
}

static void add_up(struct log_copy *l)
{
	for (size_t i = 0; i < shelf_count(l->shelf); i++) {
		const struct shelf_segment *g = shelf_at(l->shelf, i);

		if (g->base < l->end)
			l->c->total += length_of(l, g);
	}
}

int backup_log(struct copying *c, const struct wal_identity *who, struct error *err)
{
	__attribute__((cleanup(shelf_freep))) struct shelf *shelf = NULL;
	__attribute__((cleanup(close_fd))) int wal =
		openat(c->dir, "wal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct log_copy l = {
		.c = c,
		.tag_key = who->tag_key,
		.end = c->moment->log_end,
		.chained = true,
	};
	int rc;

	if (wal < 0)
		return fail(err, errno, "%s/wal: %s", c->path, strerror(errno));
	rc = shelf_open(wal, who, true, &shelf, err);
	if (rc < 0)
		return rc;
	l.shelf = shelf;
	if (l.end < WAL_SEGMENT_HEADER) /* an empty store has this all the same */
		l.end = WAL_SEGMENT_HEADER;
	add_up(&l);
	for (size_t i = 0; i < shelf_count(shelf) && rc == 0 && c->out.rc == 0; i++)
		/* what begins later was not there at that moment */
		if (shelf_at(shelf, i)->base < l.end)
			rc = copy_segment(
				&l, shelf_at(shelf, i), next_base(&l, i), wal, err);
	if (rc == 0 && c->out.rc == 0 && l.covered < l.end)
		bad(&l, l.covered, l.end,
			"the log ends before what had been acknowledged");
	return rc;
}

/* Frames are followed from header to header as recovery does (store/recover.c), without its
 * question of what was never finished: here all of it was. */
#include "store/scrub_log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/segment.h"

enum {
	PAGE = 4096, /* what O_DIRECT wants of places and sizes */
};

static_assert((int)SCRUB_STEP >= FRAME_HEADER + FRAME_PAYLOAD_MAX + 8 + (int)PAGE,
	"a frame fits into the window, wherever in a page it starts");

struct reader {
	const struct scrub_log_options *o;
	int dir; /* STORE/wal */
	uint8_t *window;

	/* the segment that is read */
	int fd;
	uint64_t base;
	uint64_t limit; /* of what there is to read in it */
	bool direct;

	uint64_t from; /* log offset of the window's first byte */
	size_t n;
	bool unread;  /* the disk could not read a page of it */
	bool stopped; /* by step() */

	struct id chain;
	bool chained;
	uint64_t at; /* where the next frame, or segment, must start */
};

static void reader_free(struct reader *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	if (r->dir >= 0)
		(void)close(r->dir);
	free(r->window);
}

static void free_bases(uint64_t **bases)
{
	free(*bases);
}

/* ---- from the disk, not from its cache ---- */

static void set_direct(struct reader *r, bool direct)
{
	int flags = fcntl(r->fd, F_GETFL);

	flags = direct ? flags | O_DIRECT : flags & ~O_DIRECT;
	r->direct = fcntl(r->fd, F_SETFL, flags) == 0 && direct;
}

static ssize_t read_disk(struct reader *r, void *p, size_t n, uint64_t place)
{
	ssize_t got;

	if (r->direct) {
		got = segment_pread(r->fd, p, n, place);
		if (got != -EINVAL)
			return got;
		set_direct(r, false); /* the flag was taken, the read is not */
	}
	(void)posix_fadvise(r->fd, (off_t)place, (off_t)n, POSIX_FADV_DONTNEED);
	return segment_pread(r->fd, p, n, place);
}

/* Page by page, to lose no more than the pages that cannot be read. 0xff is no header. */
static size_t read_slowly(struct reader *r, size_t want, uint64_t place)
{
	size_t n = 0;

	while (n < want) {
		size_t part = want - n < PAGE ? want - n : PAGE;
		ssize_t got = read_disk(r, r->window + n, part, place + n);

		if (got < 0) {
			memset(r->window + n, 0xff, part);
			r->unread = true;
			got = (ssize_t)part;
		}
		n += (size_t)got;
		if ((size_t)got < part)
			break;
	}
	return n;
}

static void fill(struct reader *r, uint64_t offset)
{
	uint64_t place = (offset - r->base) / PAGE * PAGE;
	uint64_t left = (r->limit - r->base - place + PAGE - 1) / PAGE * PAGE;
	size_t want = left < SCRUB_STEP ? (size_t)left : SCRUB_STEP;
	ssize_t got;

	r->from = r->base + place;
	r->unread = false;
	got = read_disk(r, r->window, want, place);
	r->n = got < 0 ? read_slowly(r, want, place) : (size_t)got;
	if (!r->o->step(r->o->ctx, offset, r->n))
		r->stopped = true;
}

/* Up to n bytes, fewer at the end of what there is; none once it was stopped. */
static struct slice peek(struct reader *r, uint64_t offset, size_t n)
{
	if (offset >= r->limit)
		return slice_of(r->window, 0);
	if (n > r->limit - offset)
		n = (size_t)(r->limit - offset);
	if (!r->stopped && (offset < r->from || offset + n > r->from + r->n))
		fill(r, offset);
	if (r->stopped)
		return slice_of(r->window, 0);
	return slice_sub(slice_of(r->window, r->n), (size_t)(offset - r->from), n);
}

/* ---- frames ---- */

static enum frame_fault read_frame(struct reader *r, struct frame *out)
{
	const struct id *before = r->chained ? &r->chain : NULL;
	struct slice bytes = peek(r, r->at, FRAME_HEADER);

	if (bytes.n == FRAME_HEADER &&
		frame_header(bytes.p, r->at, r->o->tag_key, out))
		bytes = peek(r, r->at, (size_t)frame_size(out->length));
	return frame_decode(bytes, r->at, before, r->o->tag_key, out);
}

/* The next place with a header that verifies, or the limit. */
static uint64_t next_frame(struct reader *r, uint64_t from)
{
	for (; from + FRAME_HEADER <= r->limit && !r->stopped; from += 8) {
		struct slice bytes = peek(r, from, FRAME_HEADER);
		struct frame f;

		if (bytes.n == FRAME_HEADER &&
			frame_header(bytes.p, from, r->o->tag_key, &f))
			return from;
	}
	return r->limit;
}

static void bad_frame(struct reader *r, enum frame_fault fault)
{
	uint64_t from = r->at;
	const char *what = r->unread ? "the disk cannot read this"
			   : fault == FRAME_BAD_CRC
				   ? "a frame's checksum does not hold"
			   : fault == FRAME_BAD_CHAIN
				   ? "a frame does not continue the chain"
				   : "there is no frame where one must start";

	r->at = next_frame(r, from + 8);
	r->chained = false;
	if (!r->stopped)
		r->o->found(r->o->ctx, from, r->at, what);
}

static void read_frames(struct reader *r)
{
	while (r->at < r->limit && !r->stopped) {
		struct frame f = {0};
		enum frame_fault fault = read_frame(r, &f);

		if (r->stopped)
			return;
		if (fault != FRAME_OK) {
			bad_frame(r, fault);
			continue;
		}
		r->chain = f.chain;
		r->chained = true;
		r->at = f.offset + frame_size(f.length);
	}
}

/* ---- segments ---- */

static void read_header(struct reader *r)
{
	struct slice bytes = peek(r, r->base, WAL_SEGMENT_HEADER);
	struct segment_header h = {0};
	uint64_t end = r->base + WAL_SEGMENT_HEADER;

	if (r->stopped)
		return;
	r->at = end < r->limit ? end : r->limit;
	if (bytes.n < WAL_SEGMENT_HEADER || segment_decode(bytes.p, &h) < 0 ||
		h.base != r->base) {
		r->o->found(r->o->ctx, r->base, r->at,
			"the segment's header does not verify");
		return;
	}
	if (r->chained && id_compare(&h.chain, &r->chain) != 0)
		r->o->found(r->o->ctx, r->base, r->at,
			"the segment's header does not continue the chain");
	r->chain = h.chain;
	r->chained = true;
}

/* From its base to `next`, where the one behind it begins. */
static void read_segment(struct reader *r, uint64_t base, uint64_t next)
{
	uint64_t end = next < r->o->end ? next : r->o->end;
	struct stat st;
	uint64_t there;

	if (base > r->at) {
		r->o->found(r->o->ctx, r->at, base,
			"no segment file holds this stretch");
		r->chained = false;
	}
	r->fd = segment_open(r->dir, base, false, NULL);
	if (r->fd < 0 || fstat(r->fd, &st) < 0) {
		r->o->found(r->o->ctx, base, end, "its segment file does not open");
		r->at = end;
		r->chained = false;
		return;
	}
	there = base + (uint64_t)st.st_size;
	r->base = base;
	r->limit = there < end ? there : end;
	r->n = 0;
	set_direct(r, true);
	read_header(r);
	read_frames(r);
	if (!r->stopped && there < end)
		r->o->found(r->o->ctx, there, end,
			"the log ends before what was acknowledged");
	if (!r->stopped && r->at < end)
		r->at = end;
	(void)close(r->fd);
	r->fd = -1;
}

int scrub_log(const struct scrub_log_options *o)
{
	__attribute__((cleanup(reader_free))) struct reader r = {.o = o, .fd = -1};
	__attribute__((cleanup(free_bases))) uint64_t *bases = NULL;
	size_t n = 0;
	int rc;

	r.dir = openat(o->store_dir, "wal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r.window = aligned_alloc(PAGE, SCRUB_STEP);
	if (r.dir < 0 || !r.window)
		return r.dir < 0 ? -errno : -ENOMEM;
	rc = segment_list(r.dir, &bases, &n, NULL);
	for (size_t i = 0; rc == 0 && i < n && bases[i] < o->end; i++) {
		if (bases[i] < r.at)
			continue; /* a file without a place in the log: a stray */
		read_segment(&r, bases[i], i + 1 < n ? bases[i + 1] : UINT64_MAX);
		if (r.stopped)
			return -ECANCELED;
	}
	if (rc == 0 && r.at < o->end)
		o->found(
			o->ctx, r.at, o->end, "no segment file holds this stretch");
	return rc;
}

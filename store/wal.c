/* Append, take back, read. Opening is wal_open.c's, and where the log ends
 * recover.c's.
 *
 * What makes this safe is the order: a batch is one write and one fdatasync, and
 * nothing is written behind it before that has returned. So whatever lies before
 * the last batch is on disk, and recovery may cut inside the last batch and nowhere
 * else. */
#include "store/files.h"
#include "store/wal_impl.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

enum {
	BATCH_KEEP = 4 << 20, /* memory kept from one batch to the next */
	AHEAD = 128 << 10,    /* zeros that stand before small batches */
};

#define IN_SEGMENT "wal/%016" PRIx64 ".wal: "

void wal_set_segment_max(struct wal *w, uint64_t max)
{
	w->segment_max = max;
}

struct wal_position wal_end(const struct wal *w)
{
	return w->next;
}

bool wal_failed(const struct wal *w)
{
	return atomic_load(&w->failed);
}

uint64_t wal_syncs(const struct wal *w)
{
	return atomic_load(&w->syncs);
}

/* The pages of a sync that failed are marked clean, so a second one would succeed
 * and mean nothing. */
int wal_sync(struct wal *w, struct error *err)
{
	atomic_fetch_add(&w->syncs, 1);
	if (fdatasync(w->fd) == 0)
		return 0;
	atomic_store(&w->failed, true);
	return fail(err, EIO,
		IN_SEGMENT
		"cannot sync at log offset %" PRIu64
		": %s; whether this was kept is known after the next start",
		w->base, w->end.offset, strerror(errno));
}

/* The old segment shrinks to what it holds, and that is on disk before there is a
 * new one: a segment with a successor is never open-ended. */
static int seal(struct wal *w, struct error *err)
{
	uint64_t used = w->end.offset - w->base;

	if (w->size > used) {
		if (ftruncate(w->fd, (off_t)used) < 0)
			return fail(err, errno,
				IN_SEGMENT "cannot end it at log offset %" PRIu64
					   ": %s",
				w->base, w->end.offset, strerror(errno));
		w->size = used;
	}
	atomic_fetch_add(&w->syncs, 1);
	if (fsync(w->fd) == 0)
		return 0;
	atomic_store(&w->failed, true);
	return fail(err, EIO,
		IN_SEGMENT "cannot sync its end at log offset %" PRIu64 ": %s",
		w->base, w->end.offset, strerror(errno));
}

static int roll(struct wal *w, struct error *err)
{
	struct segment_header h = {
		.base = w->end.offset, .store_key = w->who.store_key};
	int rc = seal(w, err);

	if (rc < 0)
		return rc;
	if (shelf_prepare(w->shelf) < 0)
		return fail(err, ENOMEM, "wal: out of memory");
	/* Never over a file, not even one that is no segment of ours. */
	while (shelf_has(w->shelf, h.base))
		h.base += WAL_SEGMENT_HEADER;
	memcpy(h.store_id, w->who.store_id, WAL_STORE_ID);
	h.chain = w->end.chain;
	rc = segment_create(w->dir, &h, err);
	if (rc == -EIO)
		atomic_store(&w->failed, true);
	if (rc < 0)
		return rc;
	shelf_add(w->shelf, h.base, &h.chain, rc);
	w->fd = rc;
	w->base = h.base;
	w->size = WAL_SEGMENT_HEADER;
	w->zeroed = 0;
	w->end.offset = h.base + WAL_SEGMENT_HEADER;
	w->next = w->end;
	w->roll = false;
	return 0;
}

/* A block that is written for the first time is more work for its fdatasync: half as much
 * again, twice as much with a journal. So small batches find theirs written; a large one
 * has more to do than that. */
static void write_ahead(struct wal *w, uint64_t used, uint64_t most)
{
	uint64_t from = w->zeroed > used ? w->zeroed : used;
	uint64_t to = used + AHEAD < w->size ? used + AHEAD : w->size;

	if (most <= AHEAD / 2 && used + most > w->zeroed && from < to)
		w->zeroed = file_zero(w->fd, from, to);
}

int wal_begin(struct wal *w, uint64_t most, struct error *err)
{
	uint64_t used = w->end.offset - w->base;
	int rc;

	if (!w->ready || wal_failed(w))
		return fail(err, EROFS, "wal: the log takes no writes%s",
			w->ready ? " since a sync failed" : "");
	w->can_undo = false;
	wal_drop(w);
	if (w->batch.cap > BATCH_KEEP)
		buf_free(&w->batch);
	if (w->roll ||
		(used > WAL_SEGMENT_HEADER && used + most > w->segment_max)) {
		rc = roll(w, err);
		if (rc < 0)
			return rc;
		used = WAL_SEGMENT_HEADER;
	}
	rc = segment_reserve(
		w->fd, used + most, w->segment_max, &w->size, &w->step);
	if (rc < 0)
		return fail(err, -rc,
			IN_SEGMENT "no room for %" PRIu64
				   " bytes at log offset %" PRIu64 ": %s",
			w->base, most, w->end.offset, strerror(-rc));
	write_ahead(w, used, most);
	w->room = most;
	w->next = w->end;
	return 0;
}

int wal_add(struct wal *w, struct frame *f, const struct signature *signatures,
	uint16_t count)
{
	uint64_t payload =
		FRAME_PREFIX + f->canonical.n + (uint64_t)count * FRAME_SIGNATURE;

	if (payload > FRAME_PAYLOAD_MAX)
		return -EMSGSIZE;
	assert(!w->started && !w->can_undo); /* between begin and write */
	assert(w->batch.n + frame_size((uint32_t)payload) <= w->room);
	if (!buf_room(&w->batch, (size_t)frame_size((uint32_t)payload))) {
		w->batch.failed = false; /* what was added before is whole */
		return -ENOMEM;
	}
	f->offset = w->next.offset;
	f->batch = w->end.offset;
	f->seq = w->next.seq + 1;
	frame_encode(
		f, signatures, count, &w->next.chain, w->who.tag_key, &w->batch);
	w->next = (struct wal_position){
		.offset = f->offset + frame_size(f->length),
		.seq = f->seq,
		.received_at = f->received_at,
		.chain = f->chain,
	};
	return 0;
}

bool wal_peek(const struct wal *w, uint64_t offset, struct frame *out)
{
	struct slice rest;

	if (offset < w->end.offset || offset >= w->next.offset)
		return false;
	rest = slice_of(w->batch.p, w->batch.n);
	rest = slice_sub(rest, (size_t)(offset - w->end.offset), rest.n);
	return frame_decode(rest, offset, NULL, w->who.tag_key, out) == FRAME_OK;
}

void wal_drop(struct wal *w)
{
	w->room = 0;
	w->next = w->end;
	assert(!w->started);
	if (!w->can_undo) /* a written batch can still be taken back */
		buf_reset(&w->batch);
}

/* Put zeros over the first n bytes of the batch, which start at this log offset. */
static int take_back(struct wal *w, uint64_t offset, size_t n, struct error *err)
{
	size_t done;
	int rc;

	memset(w->batch.p, 0, n); /* its memory is at hand, and of no more use */
	rc = segment_write(w->fd, slice_of(w->batch.p, n), offset - w->base, &done);
	if (rc == 0)
		return wal_sync(w, err);
	atomic_store(&w->failed, true);
	return fail(err, EIO,
		IN_SEGMENT
		"cannot take back %zu bytes at log offset %" PRIu64
		": %s; whether they were kept is known after the next start",
		w->base, n, offset, strerror(-rc));
}

/* The write failed with rc after `done` bytes. */
static int write_failed(struct wal *w, int rc, size_t done, struct error *err)
{
	int code = rc == -ENOSPC || rc == -EDQUOT || rc == -EFBIG ? ENOSPC : EIO;

	/* before it is taken back: if that fails too, its message is the one to
	 * read */
	fail(err, code,
		IN_SEGMENT "cannot write %zu bytes at log offset %" PRIu64 ": %s",
		w->base, w->batch.n, w->end.offset, strerror(-rc));
	rc = done ? take_back(w, w->end.offset, done, err) : 0;
	wal_drop(w);
	return rc < 0 ? rc : -code;
}

int wal_start(struct wal *w, struct error *err)
{
	struct slice bytes = slice_of(w->batch.p, w->batch.n);
	uint64_t at = w->end.offset - w->base;
	size_t done;
	int rc;

	if (wal_failed(w))
		return fail(err, EROFS,
			"wal: the log takes no writes since a sync failed");
	if (bytes.n == 0 || w->started || w->can_undo)
		return 0; /* nothing was added since the last write */
	rc = segment_write(w->fd, bytes, at, &done);
	if (rc < 0)
		return write_failed(w, rc, done, err);
	file_push(w->fd, at, bytes.n);
	w->started = true;
	return 0;
}

int wal_write(struct wal *w, struct error *err)
{
	int rc = wal_start(w, err);

	if (rc < 0 || !w->started)
		return rc;
	w->started = false;
	rc = wal_sync(w, err);
	if (rc < 0) {
		wal_drop(w);
		return rc;
	}
	w->undo = w->end;
	w->end = w->next;
	w->can_undo = true;
	return 0;
}

int wal_undo(struct wal *w, struct error *err)
{
	struct wal_position before = w->started ? w->end : w->undo;
	int rc;

	if (!w->started && !w->can_undo)
		return 0;
	w->started = w->can_undo = false;
	rc = take_back(w, before.offset, w->batch.n, err);
	if (rc == 0)
		w->end = before;
	wal_drop(w);
	return rc;
}

/* The length that the header at this offset tells. */
static int read_length(const struct wal *w, uint64_t offset, uint32_t *length)
{
	uint8_t header[FRAME_HEADER];
	ssize_t n = shelf_pread(w->shelf, offset, header, sizeof(header));
	struct frame f;

	if (n < 0)
		return (int)n;
	if (n < FRAME_HEADER || !frame_header(header, offset, w->who.tag_key, &f))
		return -EBADMSG;
	*length = f.length;
	return 0;
}

int wal_read(const struct wal *w, uint64_t offset, uint32_t payload_length,
	struct buf *scratch, struct frame *out)
{
	int rc = payload_length ? 0 : read_length(w, offset, &payload_length);
	size_t size = (size_t)frame_size(payload_length);
	struct frame f;
	ssize_t n;

	if (rc < 0)
		return rc;
	if (payload_length > FRAME_PAYLOAD_MAX)
		return -EBADMSG;
	buf_reset(scratch);
	if (!buf_room(scratch, size))
		return -ENOMEM;
	n = shelf_pread(w->shelf, offset, scratch->p, size);
	if (n < 0)
		return (int)n;
	scratch->n = (size_t)n;
	if (frame_decode(slice_of(scratch->p, scratch->n), offset, NULL,
		    w->who.tag_key, &f) != FRAME_OK ||
		f.length != payload_length)
		return -EBADMSG;
	*out = f;
	return 0;
}

/* Make a log, open one, close it; nothing here reads a frame. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/wal_impl.h"

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void wal_closep(struct wal **w)
{
	wal_close(*w);
}

static void free_bases(uint64_t **bases)
{
	free(*bases);
}

/* A descriptor for STORE/wal. */
static int open_dir(int store_dir, struct error *err)
{
	int fd = openat(store_dir, "wal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail(err, errno, "wal: cannot open the log's directory: %s",
			strerror(errno));
	return fd;
}

int wal_create(int store_dir, const struct wal_identity *who, struct error *err)
{
	__attribute__((cleanup(free_bases))) uint64_t *bases = NULL;
	__attribute__((cleanup(close_fd))) int dir = -1;
	__attribute__((cleanup(close_fd))) int fd = -1;
	struct segment_header h = {.store_key = who->store_key};
	size_t n = 0;
	int rc;

	if (mkdirat(store_dir, "wal", 0700) < 0 && errno != EEXIST)
		return fail(err, errno,
			"wal: cannot create the log's directory: %s",
			strerror(errno));
	dir = open_dir(store_dir, err);
	if (dir < 0)
		return dir;
	rc = segment_list(dir, &bases, &n, err);
	if (rc < 0)
		return rc;
	if (n)
		return fail(err, EEXIST, "wal: there is a log already");
	memcpy(h.store_id, who->store_id, WAL_STORE_ID);
	fd = segment_create(dir, &h, err);
	if (fd < 0)
		return fd;
	if (fsync(store_dir) < 0)
		return fail(err, EIO, "wal: cannot sync the store's directory: %s",
			strerror(errno));
	return 0;
}

static int open_files(struct wal *w, int store_dir, struct error *err)
{
	const struct shelf_segment *last;
	int rc;

	w->store_dir = fcntl(store_dir, F_DUPFD_CLOEXEC, 0);
	if (w->store_dir < 0)
		return fail(err, errno, "wal: %s", strerror(errno));
	w->dir = open_dir(store_dir, err);
	if (w->dir < 0)
		return w->dir;
	if (!w->read_only)
		segment_sweep(w->dir);
	rc = shelf_open(w->dir, &w->who, w->read_only, &w->shelf, err);
	if (rc < 0)
		return rc;
	last = shelf_last(w->shelf);
	w->fd = last->fd;
	w->base = last->base;
	w->size = last->length;
	return 0;
}

int wal_open(int store_dir, const struct wal_identity *who, bool read_only,
	struct wal **out, struct error *err)
{
	__attribute__((cleanup(wal_closep))) struct wal *w = malloc(sizeof(*w));
	int rc;

	if (!w)
		return fail(err, ENOMEM, "wal: out of memory");
	*w = (struct wal){
		.store_dir = -1,
		.dir = -1,
		.read_only = read_only,
		.who = *who,
		.segment_max = WAL_SEGMENT_MAX,
		.step = SEGMENT_STEP_MIN,
	};
	atomic_init(&w->failed, false);
	atomic_init(&w->syncs, 0);
	rc = open_files(w, store_dir, err);
	if (rc < 0)
		return rc;
	*out = w;
	w = NULL; /* handed over */
	return 0;
}

void wal_close(struct wal *w)
{
	if (!w)
		return;
	shelf_free(w->shelf);
	close_fd(&w->dir);
	close_fd(&w->store_dir);
	buf_free(&w->batch);
	explicit_bzero(&w->who, sizeof(w->who));
	free(w);
}

/* The header of a segment, and whether the key proves that its first frame is ours. */
static int read_identity(int dir, uint64_t base, const uint8_t tag_key[ID_SIZE],
	struct segment_header *h, bool *proved)
{
	__attribute__((cleanup(close_fd))) int fd =
		segment_open(dir, base, false, NULL);
	uint8_t bytes[FRAME_HEADER];
	struct frame f;
	int rc = fd < 0 ? fd : segment_read_header(fd, h);

	*proved = false;
	if (rc == 0 && segment_pread(fd, bytes, sizeof(bytes),
			       WAL_SEGMENT_HEADER) == FRAME_HEADER)
		*proved = frame_header(
			bytes, h->base + WAL_SEGMENT_HEADER, tag_key, &f);
	return rc;
}

int wal_read_identity(
	int store_dir, struct wal_identity *who, bool *proved, struct error *err)
{
	__attribute__((cleanup(free_bases))) uint64_t *bases = NULL;
	__attribute__((cleanup(close_fd))) int dir = open_dir(store_dir, err);
	bool found = false;
	size_t n = 0;
	int rc;

	*proved = false;
	if (dir < 0)
		return dir;
	rc = segment_list(dir, &bases, &n, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n && !*proved; i++) {
		struct segment_header h;

		rc = read_identity(dir, bases[i], who->tag_key, &h, proved);
		if (rc == -EPROTONOSUPPORT)
			return fail(err, EPROTONOSUPPORT,
				"wal/%016" PRIx64
				".wal was written by a newer version "
				"of stemefs",
				bases[i]);
		if (rc < 0 || (found && !*proved))
			continue;
		who->store_key = h.store_key;
		memcpy(who->store_id, h.store_id, WAL_STORE_ID);
		found = true;
	}
	return found ? 0
		     : fail(err, EBADMSG,
			       "wal: no segment of the log has a header that can "
			       "be "
			       "read");
}

#include "store/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/files.h"
#include "store/segment.h"

enum {
	MARK_MAX = 1 << 24, /* a line for each of 200,000 segments */
	/* the times of a file are no finer than the clock's tick: what was written so
	 * shortly before the mark could be written again and look the same */
	TICK_NS = 20000000,
	SECOND_NS = 1000000000,
};

static const char name[] = "clean";

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static void free_bases(uint64_t **bases)
{
	free(*bases);
}

static int64_t nanoseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

/* One line, or -errno; newest: the latest change of any file. */
static int describe(int dir, const char *path, struct buf *out, int64_t *newest)
{
	struct stat st;

	if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	buf_printf(out, "%s %o %lld %llu %lld %lld\n", path, (unsigned)st.st_mode,
		(long long)st.st_size, (unsigned long long)st.st_ino,
		(long long)nanoseconds(&st.st_mtim),
		(long long)nanoseconds(&st.st_ctim));
	if (nanoseconds(&st.st_ctim) > *newest)
		*newest = nanoseconds(&st.st_ctim);
	return 0;
}

/* What the mark says of the store as it is now. */
static int describe_all(int store_dir, struct buf *out, int64_t *newest)
{
	__attribute__((cleanup(close_fd))) int wal =
		openat(store_dir, "wal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__attribute__((cleanup(free_bases))) uint64_t *bases = NULL;
	struct error err;
	size_t n = 0;
	int rc = wal < 0 ? -errno : segment_list(wal, &bases, &n, &err);

	*newest = 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		char segment[SEGMENT_NAME];

		segment_name(bases[i], segment);
		rc = describe(wal, segment, out, newest);
	}
	if (rc == 0)
		rc = describe(store_dir, "index/data.mdb", out, newest);
	return rc < 0 ? rc : out->failed ? -ENOMEM : 0;
}

/* Whole seconds are what a file system has that keeps no parts of them, or only every
 * other one. */
static int64_t tick(int64_t newest)
{
	return newest % SECOND_NS ? TICK_NS : INT64_C(2) * SECOND_NS;
}

void clean_mark(int store_dir)
{
	struct timespec now;
	int64_t newest;
	BUF_AUTO(mark);

	if (describe_all(store_dir, &mark, &newest) < 0)
		return;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (newest + tick(newest) > nanoseconds(&now))
		return;
	file_note(store_dir, name, slice_of(mark.p, mark.n));
}

bool clean_fits(int store_dir)
{
	int64_t newest;
	BUF_AUTO(mark);
	BUF_AUTO(found);

	return file_read(store_dir, name, MARK_MAX, &mark) == 0 &&
	       describe_all(store_dir, &found, &newest) == 0 &&
	       slice_equal(slice_of(mark.p, mark.n), slice_of(found.p, found.n));
}

bool clean_take(int store_dir)
{
	bool fits = clean_fits(store_dir);

	/* one that cannot be taken away would still be there after the next write */
	return unlinkat(store_dir, name, 0) == 0 && fsync(store_dir) == 0 && fits;
}

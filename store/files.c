#include "store/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PIECE = 16 << 10, /* four pages */
};

static void closep(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}
#define FD_AUTO(name) __attribute__((cleanup(closep))) int name

int file_write(int fd, struct slice s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			s = slice_sub(s, (size_t)n, s.n);
	}
	return 0;
}

/* Piece by piece: what is written at once the page cache keeps as one, and a few bytes
 * that are written there later cost the more for it. */
uint64_t file_zero(int fd, uint64_t from, uint64_t to)
{
	static const uint8_t zeros[PIECE];
	uint64_t at = from;

	while (at < to) {
		uint64_t n = PIECE - at % PIECE;
		ssize_t done =
			pwrite(fd, zeros, n < to - at ? n : to - at, (off_t)at);

		if (done <= 0)
			break;
		at += (uint64_t)done;
	}
	if (at > from)
		file_push(fd, from, at - from);
	return at;
}

void file_push(int fd, uint64_t from, uint64_t n)
{
	(void)sync_file_range(fd, (off_t)from, (off_t)n, SYNC_FILE_RANGE_WRITE);
}

/* Sync the directory that holds path. */
static int sync_parent(int dir, const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[4096];

	if (!slash)
		(void)snprintf(parent, sizeof(parent), ".");
	else
		(void)snprintf(parent, sizeof(parent), "%.*s",
			slash == path ? 1 : (int)(slash - path), path);
	FD_AUTO(fd) = openat(dir, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

int file_create(int dir, const char *path, struct slice bytes, struct error *err)
{
	char tmp[4096];
	int rc;

	if (snprintf(tmp, sizeof(tmp), "%s.tmp.%d", path, getpid()) >=
		(int)sizeof(tmp))
		return fail(err, ENAMETOOLONG, "%s: the path is too long", path);
	/* what a crash left of a process that had our number: containers give the
	 * same one each time */
	(void)unlinkat(dir, tmp, 0);
	FD_AUTO(fd) = openat(dir, tmp,
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(err, errno, "%s: %s", path, strerror(errno));
	rc = file_write(fd, bytes);
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	/* a link, not a rename: it must not replace what is there */
	if (rc == 0 && linkat(dir, tmp, dir, path, 0) < 0)
		rc = -errno;
	(void)unlinkat(dir, tmp, 0);
	if (rc == 0)
		rc = sync_parent(dir, path);
	return rc < 0 ? fail(err, -rc, "%s: %s", path, strerror(-rc)) : 0;
}

void file_note(int dir, const char *path, struct slice bytes)
{
	FD_AUTO(fd) = openat(dir, path,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		(void)!write(fd, bytes.p, bytes.n);
}

int file_read(int dir, const char *path, size_t max, struct buf *out)
{
	FD_AUTO(fd) = openat(dir, path, O_RDONLY | O_CLOEXEC);
	size_t start = out->n;

	if (fd < 0)
		return -errno;
	for (;;) {
		uint8_t *room = buf_room(out, 4096);
		ssize_t n;

		if (!room)
			return -ENOMEM;
		n = read(fd, room, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		out->n += (size_t)n;
		if (out->n - start > max)
			return -EFBIG;
	}
}

int dir_create(int dir, const char *name, unsigned mode, struct error *err)
{
	int rc = 0;

	if (mkdirat(dir, name, mode) < 0)
		rc = errno == EEXIST ? 0 : -errno;
	if (rc == 0)
		rc = sync_parent(dir, name);
	return rc < 0 ? fail(err, -rc, "%s: %s", name, strerror(-rc)) : 0;
}

/* The side of a mounted store: plain system calls on plain files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/when.h"
#include "fs/entrance.h"

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}
#define FD_AUTO(name) __attribute__((cleanup(close_fd))) int name

static void close_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static int full_path(
	const struct entrance *e, const char *path, char out[ENTRANCE_PATH_MAX])
{
	int n = snprintf(out, ENTRANCE_PATH_MAX, "%s/%s", e->mount, path);

	return n < ENTRANCE_PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int open_at(const struct entrance *e, const char *path, int flags)
{
	char full[ENTRANCE_PATH_MAX];
	int rc = full_path(e, path, full);

	if (rc < 0)
		return rc;
	rc = open(full, flags | O_CLOEXEC, 0600);
	return rc < 0 ? -errno : rc;
}

int mount_read(struct entrance *e, const char *path, entrance_take *take, void *ctx)
{
	FD_AUTO(fd) = open_at(e, path, O_RDONLY);
	uint8_t chunk[ENTRANCE_CHUNK];

	if (fd < 0)
		return fd;
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		int rc;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		rc = take(ctx, slice_of(chunk, (size_t)n));
		if (rc < 0)
			return rc;
	}
}

static int show(int dir, const char *name, bool details, unsigned char type,
	entrance_visit *visit, void *ctx)
{
	/* readdir's types are those of st_mode, shifted */
	struct shown s = {.name = slice_str(name), .mode = (mode_t)type << 12};
	char link[PATH_MAX];
	struct stat st;

	if (details || type == DT_UNKNOWN) {
		ssize_t n;

		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return errno == ENOENT ? 0 : -errno; /* gone meanwhile */
		s.mode = st.st_mode;
		s.uid = st.st_uid;
		s.size = (uint64_t)st.st_size;
		s.mtime = (uint64_t)st.st_mtim.tv_sec * SECOND +
			  (uint64_t)st.st_mtim.tv_nsec;
		n = S_ISLNK(st.st_mode) ? readlinkat(dir, name, link, sizeof(link))
					: 0;
		s.link = slice_of(link, n > 0 ? (size_t)n : 0);
	}
	visit(ctx, &s);
	return 0;
}

static int list_dir(int fd, bool details, entrance_visit *visit, void *ctx)
{
	__attribute__((cleanup(close_dir))) DIR *d = fdopendir(fd);
	int rc = 0;

	if (!d) {
		rc = -errno;
		(void)close(fd);
		return rc;
	}
	while (rc == 0) {
		const struct dirent *e;

		errno = 0;
		e = readdir(d); /* NOLINT(concurrency-mt-unsafe): d is ours alone */
		if (!e)
			return -errno;
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = show(dirfd(d), e->d_name, details, e->d_type, visit,
				ctx);
	}
	return rc;
}

int mount_list(struct entrance *e, const char *path, bool details,
	entrance_visit *visit, void *ctx)
{
	int fd = open_at(e, path, O_RDONLY | O_DIRECTORY);
	FD_AUTO(top) = -1;

	if (fd >= 0)
		return list_dir(fd, details, visit, ctx);
	if (fd != -ENOTDIR)
		return fd;
	top = open_at(e, "", O_RDONLY | O_DIRECTORY);
	return top < 0 ? top : show(top, path, true, DT_UNKNOWN, visit, ctx);
}

int mount_mkdir(struct entrance *e, const char *path)
{
	char full[ENTRANCE_PATH_MAX];
	int rc = full_path(e, path, full);

	if (rc < 0)
		return rc;
	return mkdir(full, 0777) < 0 ? -errno : 0;
}

static int write_all(int fd, struct slice bytes)
{
	while (bytes.n > 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			bytes = slice_sub(bytes, (size_t)n, bytes.n);
	}
	return 0;
}

static int write_given(int fd, entrance_give *give, void *ctx)
{
	BUF_AUTO(chunk);
	struct slice bytes = {0};

	do {
		int rc;

		buf_reset(&chunk);
		rc = give(ctx, &chunk);
		if (rc == 0)
			rc = buf_view(&chunk, &bytes);
		if (rc == 0)
			rc = write_all(fd, bytes);
		if (rc < 0)
			return rc;
	} while (bytes.n > 0);
	return 0;
}

/* O_CREAT: a name in the inbox is new; what is there already is opened all the same. */
int mount_write(
	struct entrance *e, const char *path, entrance_give *give, void *ctx)
{
	int fd = open_at(e, path, O_WRONLY | O_CREAT | O_TRUNC);
	int rc;

	if (fd < 0)
		return fd;
	rc = write_given(fd, give, ctx);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

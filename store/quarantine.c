#include "store/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/segment.h"

enum {
	COPY_CHUNK = 1 << 14,
	NAME_SIZE = 40,
	TRIES = 1000, /* so many crashes at one offset are something else */
};

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* A descriptor for STORE/quarantine, made where it is missing; or -errno. */
static int open_dir(int store_dir)
{
	int fd;

	if (mkdirat(store_dir, "quarantine", 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(store_dir, "quarantine", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* A file that was not there: what an earlier crash left is never written over. */
static int create_file(
	int dir, uint64_t log_offset, const char *kind, char name[NAME_SIZE])
{
	int fd = -1;

	for (int i = 1; i < TRIES && fd < 0; i++) {
		if (i == 1)
			(void)snprintf(name, NAME_SIZE, "%016" PRIx64 ".%s",
				log_offset, kind);
		else
			(void)snprintf(name, NAME_SIZE, "%016" PRIx64 ".%d.%s",
				log_offset, i, kind);
		fd = openat(
			dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd < 0 ? -errno : fd;
}

static int copy(int from, uint64_t at, uint64_t n, int to)
{
	uint8_t chunk[COPY_CHUNK];
	uint64_t done = 0;

	while (done < n) {
		size_t want = n - done < COPY_CHUNK ? (size_t)(n - done)
						    : COPY_CHUNK,
		       put;
		ssize_t got = segment_pread(from, chunk, want, at + done);
		int rc;

		if (got < 0)
			return (int)got;
		if (got == 0)
			return 0;
		rc = segment_write(to, slice_of(chunk, (size_t)got), done, &put);
		if (rc < 0)
			return rc;
		done += (uint64_t)got;
	}
	return 0;
}

int quarantine(int store_dir, int fd, uint64_t at, uint64_t n, uint64_t log_offset,
	const char *kind, struct error *err)
{
	__attribute__((cleanup(close_fd))) int dir = open_dir(store_dir);
	__attribute__((cleanup(close_fd))) int to = -1;
	char name[NAME_SIZE] = "";
	int rc = dir;

	if (rc >= 0)
		rc = to = create_file(dir, log_offset, kind, name);
	if (rc >= 0)
		rc = copy(fd, at, n, to);
	if (rc == 0 && (fsync(to) < 0 || fsync(dir) < 0 || fsync(store_dir) < 0))
		rc = -errno;
	if (rc == 0)
		return 0;
	if (to >= 0) /* a part would look like the whole */
		(void)unlinkat(dir, name, 0);
	return fail(err, -rc,
		"quarantine/%s: cannot keep what the log gives up: %s", name,
		strerror(-rc));
}

bool is_quarantined(int store_dir, uint64_t log_offset, const char *kind)
{
	char path[NAME_SIZE + sizeof("quarantine/")];

	(void)snprintf(path, sizeof(path), "quarantine/%016" PRIx64 ".%s",
		log_offset, kind);
	return faccessat(store_dir, path, F_OK, 0) == 0;
}

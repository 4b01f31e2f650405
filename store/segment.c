/* Files of the log. A segment gets its name only when it is on disk with its
 * header, so recovery never meets half a header that we wrote. */
#include "store/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/bytes.h"

enum {
	SEGMENT_MAGIC = 0x4c415753, /* "SWAL" */
	SEGMENT_VERSION = 1,
	SEGMENT_HASHED = 96, /* header bytes under the hash */
	AT_VERSION = 4,
	AT_BASE = 8,
	AT_STORE_ID = 16,
	AT_STORE_KEY = 32,
	AT_CHAIN = 64,
	AT_HASH = 96,
	DIGITS = 16, /* of a name */
};

static const char NEW_NAME[] =
	"new.tmp"; /* there is one writer, so one name will do */

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static void free_bases(uint64_t **bases)
{
	free(*bases);
}

void segment_encode(const struct segment_header *h, uint8_t out[WAL_SEGMENT_HEADER])
{
	struct id hash;

	put_u32(out, SEGMENT_MAGIC);
	put_u32(out + AT_VERSION, SEGMENT_VERSION);
	put_u64(out + AT_BASE, h->base);
	memcpy(out + AT_STORE_ID, h->store_id, WAL_STORE_ID);
	memcpy(out + AT_STORE_KEY, h->store_key.b, ID_SIZE);
	memcpy(out + AT_CHAIN, h->chain.b, ID_SIZE);
	hash = id_of(slice_of(out, SEGMENT_HASHED));
	memcpy(out + AT_HASH, hash.b, ID_SIZE);
}

int segment_decode(
	const uint8_t bytes[WAL_SEGMENT_HEADER], struct segment_header *out)
{
	struct id hash = id_of(slice_of(bytes, SEGMENT_HASHED));

	if (u32_at(bytes) != SEGMENT_MAGIC ||
		memcmp(bytes + AT_HASH, hash.b, ID_SIZE) != 0)
		return -EBADMSG;
	if (u32_at(bytes + AT_VERSION) != SEGMENT_VERSION)
		return -EPROTONOSUPPORT;
	out->base = u64_at(bytes + AT_BASE);
	memcpy(out->store_id, bytes + AT_STORE_ID, WAL_STORE_ID);
	memcpy(out->store_key.b, bytes + AT_STORE_KEY, ID_SIZE);
	memcpy(out->chain.b, bytes + AT_CHAIN, ID_SIZE);
	return 0;
}

void segment_name(uint64_t base, char out[SEGMENT_NAME])
{
	(void)snprintf(out, SEGMENT_NAME, "%016" PRIx64 ".wal", base);
}

bool segment_base(const char *name, uint64_t *base)
{
	uint8_t raw[DIGITS / 2];
	char again[SEGMENT_NAME];
	uint64_t value;

	if (strlen(name) != SEGMENT_NAME - 1 ||
		hex_parse(slice_of(name, DIGITS), raw, sizeof(raw)) < 0)
		return false;
	value = be64_at(raw);
	segment_name(value, again); /* one base has one name: lower case, ".wal" */
	if (strcmp(name, again) != 0)
		return false;
	*base = value;
	return true;
}

static int by_base(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int add_base(uint64_t **v, size_t *n, uint64_t base)
{
	uint64_t *more;

	if ((*n & (*n - 1)) == 0) { /* full at each power of two */
		more = reallocarray(*v, *n ? 2 * *n : 1, sizeof(**v));
		if (!more)
			return -ENOMEM;
		*v = more;
	}
	(*v)[(*n)++] = base;
	return 0;
}

int segment_list(int dir, uint64_t **bases, size_t *n, struct error *err)
{
	__attribute__((cleanup(free_bases))) uint64_t *v = NULL;
	__attribute__((cleanup(close_dir))) DIR *d = NULL;
	/* a description of its own: a shared one would share the reading position
	 */
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t count = 0;
	uint64_t base;

	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		int code = errno;

		close_fd(&fd);
		return fail(
			err, code, "wal: cannot list the log: %s", strerror(code));
	}
	for (;;) {
		struct dirent *e;

		errno = 0;
		e = readdir(d); /* this stream is nobody else's */
		if (!e)
			break;
		if (segment_base(e->d_name, &base) &&
			add_base(&v, &count, base) < 0)
			return fail(err, ENOMEM, "wal: out of memory");
	}
	if (errno)
		return fail(err, errno, "wal: cannot list the log: %s",
			strerror(errno));
	if (count)
		qsort(v, count, sizeof(*v), by_base);
	*bases = v;
	*n = count;
	v = NULL; /* handed over */
	return 0;
}

int segment_open(int dir, uint64_t base, bool writing, struct error *err)
{
	char name[SEGMENT_NAME];
	int fd;

	segment_name(base, name);
	fd = openat(dir, name,
		(writing ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW |
			O_NONBLOCK); /* a pipe would be waited for */
	if (fd < 0)
		return fail(err, errno, "wal/%s: cannot open: %s", name,
			strerror(errno));
	return fd;
}

int segment_read_header(int fd, struct segment_header *out)
{
	uint8_t bytes[WAL_SEGMENT_HEADER];
	ssize_t n = segment_pread(fd, bytes, sizeof(bytes), 0);

	if (n < 0)
		return (int)n;
	if (n < WAL_SEGMENT_HEADER)
		return -EBADMSG;
	return segment_decode(bytes, out);
}

/* The file under its temporary name, on disk; a descriptor or -errno. */
static int create_unnamed(int dir, const struct segment_header *h)
{
	__attribute__((cleanup(close_fd))) int fd = -1;
	uint8_t bytes[WAL_SEGMENT_HEADER];
	size_t done;
	int rc;

	fd = openat(dir, NEW_NAME,
		O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	segment_encode(h, bytes);
	rc = segment_write(fd, slice_of(bytes, sizeof(bytes)), 0, &done);
	if (rc < 0)
		return rc;
	if (fsync(fd) < 0)
		return -errno;
	rc = fd;
	fd = -1; /* handed over */
	return rc;
}

int segment_create(int dir, const struct segment_header *h, struct error *err)
{
	__attribute__((cleanup(close_fd))) int fd = -1;
	char name[SEGMENT_NAME];
	int rc;

	segment_name(h->base, name);
	rc = create_unnamed(dir, h);
	if (rc >= 0) {
		fd = rc;
		rc = renameat(dir, NEW_NAME, dir, name) < 0 ? -errno : 0;
	}
	if (rc < 0) {
		segment_sweep(dir);
		return fail(
			err, -rc, "wal/%s: cannot create: %s", name, strerror(-rc));
	}
	if (fsync(dir) < 0)
		return fail(err, EIO, "wal: cannot sync the directory for %s: %s",
			name, strerror(errno));
	rc = fd;
	fd = -1; /* handed over */
	return rc;
}

void segment_sweep(int dir)
{
	(void)unlinkat(dir, NEW_NAME, 0); /* most often there is none */
}

static int reach(int fd, uint64_t size, uint64_t to)
{
	int rc;

	do
		rc = fallocate(fd, 0, (off_t)size, (off_t)(to - size));
	while (rc < 0 && errno == EINTR);
	/* Where the file system cannot, a hole has to do: then a full disk shows
	 * when the batch is written, and the batch is taken back. */
	if (rc < 0 && (errno == EOPNOTSUPP || errno == ENOSYS))
		rc = ftruncate(fd, (off_t)to);
	return rc < 0 ? -errno : 0;
}

int segment_reserve(
	int fd, uint64_t need, uint64_t most, uint64_t *size, uint64_t *step)
{
	uint64_t more = *step;

	if (need <= *size)
		return 0;
	if (most < need)
		most = need;
	for (;; more /= 2) {
		uint64_t to = *size + more;
		int rc;

		to = to < need ? need : to > most ? most : to;
		rc = reach(fd, *size, to);
		if (rc == 0) {
			*step = 2 * more > SEGMENT_STEP_MAX   ? SEGMENT_STEP_MAX
				: 2 * more < SEGMENT_STEP_MIN ? SEGMENT_STEP_MIN
							      : 2 * more;
			*size = to;
			return 0;
		}
		if (rc != -ENOSPC && rc != -EDQUOT && rc != -EFBIG)
			return rc;
		if (to == need) {
			/* give back what the attempts had got hold of; if this
			 * fails, zeros stand at the end, which harms nobody */
			(void)!ftruncate(fd, (off_t)*size);
			return -ENOSPC;
		}
	}
}

int segment_write(int fd, struct slice bytes, uint64_t at, size_t *done)
{
	*done = 0;
	while (*done < bytes.n) {
		ssize_t n = pwrite(
			fd, bytes.p + *done, bytes.n - *done, (off_t)(at + *done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENOSPC;
		*done += (size_t)n;
	}
	return 0;
}

ssize_t segment_pread(int fd, void *p, size_t n, uint64_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(
			fd, (uint8_t *)p + done, n - done, (off_t)(at + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* A library for LD_PRELOAD that stands between a program and the disk: it counts the
 * calls that change what is below one directory, and lets the n-th of them fail.
 *
 *	FAULTS_BELOW   the directory; calls on other files are not counted
 *	FAULTS_SHARED  a file that all processes under test map: struct shared
 *
 * Who runs the test sets the first half of struct shared and reads the second. There is
 * one counter for all threads and processes, so that "the 17th call" is one call. (strace
 * counts in each thread apart: the 3rd fdatasync of one thread would hide that of another.
 * tests/crash/inject.py --dirsync compares what is counted here with what strace sees.) */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	CALLS = 8192, /* that have a line of their own */
	LINE = 128,
	PATH = 4096,
	SECTOR = 512,
};

/* What happens to the n-th call. */
enum how {
	PASS,
	KILL_BEFORE,
	KILL_WITHIN, /* of a write, its sectors up to the middle are written */
	KILL_AFTER,
	FAIL,  /* with `error`, and nothing is done */
	SHORT, /* the first half is written, and that is the answer */
	FULL,  /* as SHORT, and the next write to that file fails with `error` */
};

/* Which calls are counted. */
enum class {
	CHANGES = 1,
	READS = 2, /* and opening what is there */
};

struct shared {
	uint32_t classes; /* that are counted */
	uint32_t at;	  /* 1 for the first; 0: none */
	uint32_t how;
	uint32_t error;
	char kinds
		[64]; /* "write fsync": FAIL also these, after the n-th; "": only it */

	_Atomic uint32_t count;
	_Atomic uint32_t fired;
	char lines[CALLS][LINE]; /* "pwrite wal/0000000000000000.wal" */
};

static struct shared *shared;
static char below[PATH];
static size_t below_length;
static _Atomic int full = -1; /* the file whose next write fails */

#define REAL(name, type) (__extension__(type) dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void map(void)
{
	const char *dir = getenv("FAULTS_BELOW"), *file = getenv("FAULTS_SHARED");
	int fd;

	if (!dir || !file || strlen(dir) >= sizeof(below))
		return;
	fd = open(file, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	below_length = strlen(dir);
	memcpy(below, dir, below_length + 1);
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		shared = NULL;
	(void)REAL(close, int (*)(int))(fd);
}

/* ---- which file ---- */

/* The path of a descriptor; "" when it has none. */
static void path_of(int fd, char out[PATH])
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, PATH - 1);
	out[n > 0 ? n : 0] = '\0';
}

static void path_at(int dir, const char *name, char out[PATH])
{
	size_t n;

	if (name[0] == '/' || dir == AT_FDCWD) {
		(void)snprintf(out, PATH, "%s", name);
		return;
	}
	path_of(dir, out);
	n = strlen(out);
	(void)snprintf(out + n, PATH - n, "/%s", name);
}

/* What is left of the path behind the directory; NULL for another file's. */
static const char *within(const char *path)
{
	if (!shared || strncmp(path, below, below_length) != 0)
		return NULL;
	if (path[below_length] == '/')
		return path + below_length + 1;
	return path[below_length] ? NULL : ".";
}

/* ---- what happens ---- */

static void die(void)
{
	(void)kill(getpid(), SIGKILL);
	for (;;)
		(void)pause();
}

static bool sticks(const char *kind)
{
	char list[sizeof(shared->kinds) + 2], word[32];

	(void)snprintf(list, sizeof(list), " %s ", shared->kinds);
	(void)snprintf(word, sizeof(word), " %s ", kind);
	return strstr(list, word);
}

/* Count a call; what is to happen to it. KILL_BEFORE happens here. */
static enum how count(enum class class, const char *kind, const char *path)
{
	const char *file = within(path);
	uint32_t n;

	if (!file || !(shared->classes & (uint32_t) class))
		return PASS;
	n = atomic_fetch_add(&shared->count, 1) + 1;
	if (n <= CALLS)
		(void)snprintf(shared->lines[n - 1], LINE, "%s %s", kind, file);
	if (!shared->at || n < shared->at)
		return PASS;
	if (n > shared->at && !(shared->how == FAIL && sticks(kind)))
		return PASS;
	atomic_fetch_add(&shared->fired, 1);
	if (shared->how == KILL_BEFORE)
		die();
	return (enum how)shared->how;
}

/* The end of a call that is no write: its answer. */
static int after(enum how how, int rc)
{
	if (how == KILL_AFTER || how == KILL_WITHIN)
		die();
	return rc;
}

static int refuse(void)
{
	errno = shared ? (int)shared->error : EIO;
	return -1;
}

#define SIMPLE(counted, call)                                                      \
	do {                                                                       \
		enum how simple_ = (counted);                                      \
		return simple_ == FAIL ? refuse() : after(simple_, (call));        \
	} while (0)

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc's are reserved */

/* ---- writes ---- */

/* How much of n bytes at this place is written now; -1: nothing, with errno. No disk
 * tears a sector, so nobody who was killed leaves a part of one. */
static ssize_t start_write(enum how how, int fd, size_t n, off_t at)
{
	size_t middle = (size_t)at + n / 2, cut = middle - middle % SECTOR;

	if (shared && shared->at && atomic_load(&full) == fd) {
		atomic_store(&full, -1);
		return refuse();
	}
	if (how == FAIL)
		return refuse();
	if (how == KILL_WITHIN)
		return cut > (size_t)at ? (ssize_t)(cut - (size_t)at) : 0;
	if (how == SHORT || how == FULL)
		return (ssize_t)(n / 2);
	return (ssize_t)n;
}

static ssize_t end_write(enum how how, int fd, ssize_t rc)
{
	if (how == KILL_WITHIN || how == KILL_AFTER)
		die();
	if (how == FULL)
		atomic_store(&full, fd);
	return rc;
}

static enum how count_fd(enum class class, const char *kind, int fd)
{
	char path[PATH];

	if (!shared)
		return PASS;
	path_of(fd, path);
	return count(class, kind, path);
}

ssize_t write(int fd, const void *p, size_t n)
{
	enum how how = count_fd(CHANGES, "write", fd);
	ssize_t some =
		start_write(how, fd, n, how == PASS ? 0 : lseek(fd, 0, SEEK_CUR));

	if (some < 0)
		return some;
	return end_write(how, fd,
		REAL(write, ssize_t(*)(int, const void *, size_t))(
			fd, p, (size_t)some));
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	enum how how = count_fd(CHANGES, "pwrite", fd);
	ssize_t some = start_write(how, fd, n, at);

	if (some < 0)
		return some;
	return end_write(how, fd,
		REAL(pwrite, ssize_t(*)(int, const void *, size_t, off_t))(
			fd, p, (size_t)some, at));
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	return pwrite(fd, p, n, at);
}

/* Half of a vector is its first half of bytes. */
ssize_t writev(int fd, const struct iovec *v, int n)
{
	enum how how = count_fd(CHANGES, "writev", fd);
	size_t total = 0;
	ssize_t some, rc = 0;

	for (int i = 0; i < n; i++)
		total += v[i].iov_len;
	some = start_write(
		how, fd, total, how == PASS ? 0 : lseek(fd, 0, SEEK_CUR));
	if (some < 0)
		return some;
	if ((size_t)some == total)
		return end_write(how, fd,
			REAL(writev, ssize_t(*)(int, const struct iovec *, int))(
				fd, v, n));
	for (int i = 0; i < n && rc >= 0 && some > 0; i++) {
		size_t part =
			v[i].iov_len < (size_t)some ? v[i].iov_len : (size_t)some;
		ssize_t put = REAL(write, ssize_t(*)(int, const void *, size_t))(
			fd, v[i].iov_base, part);

		if (put < 0)
			return put;
		rc += put;
		some -= put;
	}
	return end_write(how, fd, rc);
}

/* ---- other changes of a file ---- */

int fsync(int fd)
{
	SIMPLE(count_fd(CHANGES, "fsync", fd), REAL(fsync, int (*)(int))(fd));
}

int fdatasync(int fd)
{
	SIMPLE(count_fd(CHANGES, "fdatasync", fd),
		REAL(fdatasync, int (*)(int))(fd));
}

int ftruncate(int fd, off_t n)
{
	SIMPLE(count_fd(CHANGES, "ftruncate", fd),
		REAL(ftruncate, int (*)(int, off_t))(fd, n));
}

int ftruncate64(int fd, off64_t n)
{
	return ftruncate(fd, n);
}

int fallocate(int fd, int mode, off_t at, off_t n)
{
	SIMPLE(count_fd(CHANGES, "fallocate", fd),
		REAL(fallocate, int (*)(int, int, off_t, off_t))(fd, mode, at, n));
}

int fallocate64(int fd, int mode, off64_t at, off64_t n)
{
	return fallocate(fd, mode, at, n);
}

/* ---- names ---- */

static enum how count_at(
	enum class class, const char *kind, int dir, const char *name)
{
	char path[PATH];

	if (!shared)
		return PASS;
	path_at(dir, name, path);
	return count(class, kind, path);
}

/* Opening what is there changes nothing; making or cutting it does. */
static enum how count_open(int dir, const char *name, int flags)
{
	bool makes = flags & O_CREAT &&
		     faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0;

	if (makes || flags & O_TRUNC)
		return count_at(CHANGES, "create", dir, name);
	return count_at(READS, "open", dir, name);
}

static int open_at(int dir, const char *name, int flags, mode_t mode)
{
	SIMPLE(shared ? count_open(dir, name, flags) : PASS,
		REAL(openat, int (*)(int, const char *, int, ...))(
			dir, name, flags, mode));
}

static mode_t mode_of(int flags, va_list list)
{
	return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(list, int) : 0;
}

#define OPEN(name, declared, dir)                                                  \
	int name(declared, int flags, ...)                                         \
	{                                                                          \
		va_list list;                                                      \
		mode_t mode;                                                       \
                                                                                   \
		va_start(list, flags);                                             \
		mode = mode_of(flags, list);                                       \
		va_end(list);                                                      \
		return open_at(dir, path, flags, mode);                            \
	}
#define AND ,
OPEN(open, const char *path, AT_FDCWD)
OPEN(open64, const char *path, AT_FDCWD)
OPEN(openat, int dir AND const char *path, dir)
OPEN(openat64, int dir AND const char *path, dir)

int renameat(int a, const char *from, int b, const char *to)
{
	SIMPLE(count_at(CHANGES, "rename", b, to),
		REAL(renameat, int (*)(int, const char *, int, const char *))(
			a, from, b, to));
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int linkat(int a, const char *from, int b, const char *to, int flags)
{
	SIMPLE(count_at(CHANGES, "link", b, to),
		REAL(linkat, int (*)(int, const char *, int, const char *, int))(
			a, from, b, to, flags));
}

int unlinkat(int dir, const char *name, int flags)
{
	SIMPLE(count_at(CHANGES, "unlink", dir, name),
		REAL(unlinkat, int (*)(int, const char *, int))(dir, name, flags));
}

int unlink(const char *name)
{
	return unlinkat(AT_FDCWD, name, 0);
}

int mkdirat(int dir, const char *name, mode_t mode)
{
	SIMPLE(count_at(CHANGES, "mkdir", dir, name),
		REAL(mkdirat, int (*)(int, const char *, mode_t))(dir, name, mode));
}

int mkdir(const char *name, mode_t mode)
{
	return mkdirat(AT_FDCWD, name, mode);
}

/* ---- reads ---- */

ssize_t read(int fd, void *p, size_t n)
{
	if (shared && count_fd(READS, "read", fd) == FAIL)
		return refuse();
	return REAL(read, ssize_t(*)(int, void *, size_t))(fd, p, n);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	if (shared && count_fd(READS, "pread", fd) == FAIL)
		return refuse();
	return REAL(pread, ssize_t(*)(int, void *, size_t, off_t))(fd, p, n, at);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t at)
{
	return pread(fd, p, n, at);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

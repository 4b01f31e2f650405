/* A log in a directory of its own, for the tests of the WAL and of its recovery.
 *
 * Frame n of such a log has seq n and content that follows from its seq and size,
 * so a visit can tell that it saw the right bytes. No sync reaches the disk (a test
 * kills no power, and there are tens of thousands of them), and any call that
 * changes a file can be made to fail: fault.at counts down over them. */
#ifndef TESTS_LOG_H
#define TESTS_LOG_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/bytes.h"
#include "store/wal.h"
#include "tests/unit/tap.h"

enum {
	LOG_FRAMES = 4096,
	LOG_FILE_MAX = 1 << 20,
};

/* The n-th call from now fails (0: none does), and with `rest` all after it; a
 * pwrite that fails writes `partly` bytes first. */
static struct {
	int at;
	int code;
	bool rest;
	bool syncs_only;
	bool real_space;
	size_t partly;
	long calls;
	long datasyncs;
	long bytes_read;
	off_t unreadable; /* a page of any file; 0: none */
	char trace[64];	  /* one letter for each of the first calls */
} fault;

static void fault_note(char what)
{
	size_t n = strlen(fault.trace);

	if (n + 1 < sizeof(fault.trace))
		fault.trace[n] = what;
}

static inline void fault_trace(void)
{
	memset(fault.trace, 0, sizeof(fault.trace));
}

static bool fault_now(bool is_sync)
{
	if (fault.syncs_only && !is_sync)
		return false;
	fault.calls++;
	if (fault.at == 0 || (fault.at > 1 && fault.at-- > 1))
		return false;
	if (!fault.rest)
		fault.at = 0;
	errno = fault.code;
	return true;
}

int fdatasync(int fd)
{
	fault_note('d');
	(void)fd;
	fault.datasyncs++;
	return fault_now(true) ? -1 : 0;
}

int fsync(int fd)
{
	fault_note('f');
	(void)fd;
	return fault_now(true) ? -1 : 0;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	fault_note('w');
	if (fault_now(false)) {
		if (fault.partly && fault.partly < n) {
			/* as a full disk has it: a short count, then the error */
			fault.at = 1;
			n = fault.partly;
			fault.partly = 0;
			return syscall(SYS_pwrite64, fd, p, n, at);
		}
		return -1;
	}
	return syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	ssize_t got;

	if (fault.unreadable && at < fault.unreadable + 4096 &&
		at + (off_t)n > fault.unreadable) {
		errno = EIO;
		return -1;
	}
	got = syscall(SYS_pread64, fd, p, n, at);
	if (got > 0)
		__atomic_fetch_add(&fault.bytes_read, got, __ATOMIC_RELAXED);
	return got;
}

int ftruncate(int fd, off_t n)
{
	fault_note('t');
	return fault_now(false) ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

/* Holes, unless the test wants a disk to fill up: quicker than 64 zeroed pages. */
int fallocate(int fd, int mode, off_t at, off_t n)
{
	fault_note('a');
	if (fault_now(false))
		return -1;
	return (int)(fault.real_space ? syscall(SYS_fallocate, fd, mode, at, n)
				      : syscall(SYS_ftruncate, fd, at + n));
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	fault_note('r');
	return fault_now(false)
		       ? -1
		       : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

struct log_frame {
	uint64_t offset;
	uint64_t batch;
	uint64_t seq;
	uint32_t length;
};

struct log {
	char path[64];
	int dir;
	struct wal *w;
	uint64_t segment_max; /* 0: as it is */
	uint64_t reached;     /* by an index that was lost; 0: none was */
	struct wal_report report;
	struct error err;
	struct wal_position before_last; /* where the last batch started */
	/* what recovery visited, then what was appended */
	struct log_frame frames[LOG_FRAMES];
	size_t n;
	bool wrong; /* a visit saw bytes that were never written */
};

static const struct wal_position log_start;

static inline struct wal_identity log_identity(void)
{
	struct wal_identity who;

	memset(&who, 0, sizeof(who));
	memset(who.store_id, 0x51, sizeof(who.store_id));
	memset(who.store_key.b, 0x52, sizeof(who.store_key.b));
	memset(who.tag_key, 0x53, sizeof(who.tag_key));
	return who;
}

/* No byte of a frame's content is zero. */
static inline void log_content(uint64_t seq, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(1 + (seq * 31 + i * 7) % 255);
}

static inline struct signature log_signature(uint64_t seq)
{
	struct signature s;

	log_content(seq + 1000, s.agent.b, ID_SIZE);
	log_content(seq + 2000, s.bytes, sizeof(s.bytes));
	s.signed_at = UINT64_C(0x1122334455667788) + seq;
	return s;
}

static inline int log_visit(void *ctx, const struct frame *f)
{
	struct log *l = ctx;
	struct signature want = log_signature(f->seq), got;
	uint8_t content[4096];

	log_content(f->seq, content, sizeof(content));
	l->wrong |= f->canonical.n > sizeof(content) || f->signature_count != 1 ||
		    memcmp(content, f->canonical.p, f->canonical.n) != 0;
	got = frame_signature(f, 0);
	l->wrong |= memcmp(&want, &got, sizeof(want)) != 0; /* it has no padding */
	if (l->n < LOG_FRAMES)
		l->frames[l->n++] =
			(struct log_frame){f->offset, f->batch, f->seq, f->length};
	return 0;
}

static inline void log_make_dir(struct log *l)
{
	memset(l, 0, sizeof(*l));
	(void)snprintf(l->path, sizeof(l->path), "%s/stemefs-log-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(l->path)) {
		perror("mkdtemp");
		exit(99);
	}
	l->dir = open(l->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static inline int log_reopen_as(
	struct log *l, const struct wal_position *from, bool read_only)
{
	struct wal_identity who = log_identity();
	int rc;

	wal_close(l->w);
	l->w = NULL;
	wal_report_free(&l->report);
	l->n = 0;
	l->wrong = false;
	rc = wal_open(l->dir, &who, read_only, &l->w, &l->err);
	if (rc < 0)
		return rc;
	if (l->segment_max)
		wal_set_segment_max(l->w, l->segment_max);
	wal_expect(l->w, l->reached);
	return wal_recover(l->w, from, log_visit, l, &l->report, &l->err);
}

/* Close without ceremony, open again and scan the whole log. */
static inline int log_reopen(struct log *l)
{
	return log_reopen_as(l, &log_start, false);
}

static inline void log_new(struct log *l)
{
	struct wal_identity who = log_identity();

	log_make_dir(l);
	CHECK(wal_create(l->dir, &who, &l->err) == 0);
	CHECK(log_reopen(l) == 0);
}

static inline int log_remove_one(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void log_free(struct log *l)
{
	wal_close(l->w);
	wal_report_free(&l->report);
	close(l->dir);
	nftw(l->path, log_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* One batch of `count` frames whose canonical bytes have these sizes (the first is
 * used again when there are fewer); noted in frames[] when it was written. */
static inline int log_append(
	struct log *l, size_t count, const size_t *sizes, size_t n)
{
	static const size_t one_size[] = {64};
	uint64_t room = 0;
	size_t was = l->n;
	int rc;

	if (!sizes) {
		sizes = one_size;
		n = 1;
	}
	for (size_t i = 0; i < count; i++)
		room += frame_size((uint32_t)(FRAME_PREFIX + FRAME_SIGNATURE +
					      sizes[i < n ? i : 0]));
	rc = wal_begin(l->w, room, &l->err);
	if (rc < 0)
		return rc;
	l->before_last = wal_end(l->w);
	for (size_t i = 0; i < count; i++) {
		uint64_t seq = l->before_last.seq + 1 + i;
		uint8_t content[4096];
		struct signature s = log_signature(seq);
		struct frame f = {.received_at = 1000 + seq, .uid = 7};

		f.canonical = slice_of(content, sizes[i < n ? i : 0]);
		log_content(seq, content, f.canonical.n);
		rc = wal_add(l->w, &f, &s, 1);
		if (rc < 0)
			return rc;
		if (was + i < LOG_FRAMES)
			l->frames[was + i] = (struct log_frame){
				f.offset, f.batch, f.seq, f.length};
	}
	rc = wal_write(l->w, &l->err);
	if (rc == 0)
		l->n = was + count < LOG_FRAMES ? was + count : LOG_FRAMES;
	return rc;
}

/* Path of the segment with this base, in memory that the next call uses again. */
static inline const char *log_file(const struct log *l, uint64_t base)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/wal/%016llx.wal", l->path,
		(unsigned long long)base);
	return path;
}

/* The content of a file, up to LOG_FILE_MAX bytes, into memory that is used again.
 */
static inline struct slice log_load(const char *path)
{
	static uint8_t bytes[LOG_FILE_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes));

	if (fd >= 0)
		close(fd);
	return slice_of(bytes, n < 0 ? 0 : (size_t)n);
}

static inline void log_store(const char *path, struct slice bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n) {
		perror(path);
		exit(99);
	}
	close(fd);
}

/* Back to a log of one file with these bytes. */
static inline void log_restore(struct log *l, struct slice image)
{
	char path[128];

	wal_close(l->w);
	l->w = NULL;
	(void)snprintf(path, sizeof(path), "%s/wal", l->path);
	nftw(path, log_remove_one, 8, FTW_DEPTH | FTW_PHYS);
	(void)snprintf(path, sizeof(path), "%s/quarantine", l->path);
	nftw(path, log_remove_one, 8, FTW_DEPTH | FTW_PHYS);
	mkdirat(l->dir, "wal", 0700);
	log_store(log_file(l, 0), image);
}

/* Are these the frames that recovery saw or the test appended? */
static inline bool log_is(
	const struct log *l, const struct log_frame *want, size_t n)
{
	return !l->wrong && l->n == n &&
	       (n == 0 || memcmp(l->frames, want, n * sizeof(*want)) == 0);
}

#endif

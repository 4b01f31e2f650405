/* floor: the smallest server with the flags of a stemefs mount (bench/floor.h).
 *
 *	floor [-o] [-n SUBJECTS] [-d LOG [-i INDEX]] [-c COUNTS] [-w NANOSECONDS] DIR
 *
 * -o: answers OPEN with ENOSYS, so that the kernel never asks again, and has no FLUSH, as a
 * mount that never changes may; else OPEN says keep_cache and noflush. -d: what is written
 * is durable in the file LOG before it is answered; -i: and after that in INDEX. -c: requests by opcode, 64 numbers of
 * 8 bytes, always up to date. -w: so much computing in each OPEN, to see that a slower
 * server shows. Stays in the foreground, until SIGTERM. */
#include "bench/floor.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
	THREADS = 2, /* two are enough for any number of clients */
	SUBJECTS_DIR = 2,
	INBOX = 3,
	FIRST = 16, /* node of the first subject; its predicate and its file follow */
	STEP = 4,
	WRITTEN = 1 << 30, /* nodes from here on are files in the inbox */
};

static const double forever = 86400;
static const char body[] =
	"{\"subject\":\"s0000000\",\"predicate\":\"p\",\"object\":96.7,"
	"\"confidence\":0.9,"
	"\"lens\":\"consensus\",\"status\":\"single\",\"conflict\":0,\"share\":1,"
	"\"candidates\":1,\"agents\":1,\"timestamp\":\"2026-01-01T00:00:00Z\"}\n";

static bool no_open;
static unsigned long subjects = 1000000, wasted;
static struct sink *durable;
static atomic_ulong *counts;
static atomic_ulong written = WRITTEN;

static void count(enum opcode op)
{
	(void)atomic_fetch_add_explicit(&counts[op], 1, memory_order_relaxed);
}

/* ---- the tree ---- */

static bool is_file(fuse_ino_t ino)
{
	return ino >= WRITTEN || (ino >= FIRST && ino % STEP == 2);
}

static struct stat stat_of(fuse_ino_t ino)
{
	bool file = is_file(ino);

	return (struct stat){
		.st_ino = ino,
		.st_mode = file ? S_IFREG | 0644 : S_IFDIR | 0755,
		.st_nlink = file ? 1 : 2,
		.st_uid = getuid(),
		.st_gid = getgid(),
		.st_size = file && ino < WRITTEN ? sizeof(body) - 1 : 0,
		.st_blocks = file,
	};
}

static fuse_ino_t find(fuse_ino_t parent, const char *name)
{
	unsigned long k = 0;

	if (parent == FUSE_ROOT_ID)
		return strcmp(name, "subjects") == 0 ? SUBJECTS_DIR
		       : strcmp(name, "inbox") == 0  ? INBOX
						     : 0;
	if (parent == SUBJECTS_DIR) {
		if (*name != 's')
			return 0;
		k = strtoul(name + 1, NULL, 10);
		return k < subjects ? FIRST + STEP * k : 0;
	}
	if (parent < FIRST || parent >= WRITTEN)
		return 0;
	if (parent % STEP == 0)
		return strcmp(name, "p") == 0 ? parent + 1 : 0;
	return strcmp(name, "consensus") == 0 ? parent + 1 : 0;
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param e = {
		.attr_timeout = forever, .entry_timeout = forever};

	count(OP_LOOKUP);
	e.ino = find(parent, name);
	if (e.ino == 0) {
		(void)fuse_reply_err(req, ENOENT);
		return;
	}
	e.attr = stat_of(e.ino);
	(void)fuse_reply_entry(req, &e);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	(void)ino;
	(void)n;
	count(OP_FORGET);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t n, struct fuse_forget_data *data)
{
	(void)n;
	(void)data;
	count(OP_BATCH_FORGET);
	fuse_reply_none(req);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st = stat_of(ino);

	(void)fi;
	count(OP_GETATTR);
	(void)fuse_reply_attr(req, &st, forever);
}

/* ---- files ---- */

static uint64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void waste(void)
{
	uint64_t until = wasted ? now() + wasted : 0;

	while (until && now() < until)
		;
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	count(OP_OPEN);
	waste();
	if (no_open) {
		(void)fuse_reply_err(req, ENOSYS);
		return;
	}
	if (ino >= WRITTEN)
		fi->direct_io = 1;
	else
		fi->keep_cache = fi->noflush = 1;
	(void)fuse_reply_open(req, fi);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
	struct fuse_file_info *fi)
{
	size_t have = ino < WRITTEN ? sizeof(body) - 1 : 0;
	size_t at = (size_t)offset < have ? (size_t)offset : have;

	(void)fi;
	count(OP_READ);
	(void)fuse_reply_buf(req, body + at, size < have - at ? size : have - at);
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name,
	mode_t mode, struct fuse_file_info *fi)
{
	struct fuse_entry_param e = {
		.attr_timeout = forever, .entry_timeout = forever};

	(void)name;
	(void)mode;
	count(OP_CREATE);
	if (parent != INBOX) {
		(void)fuse_reply_err(req, EROFS);
		return;
	}
	e.ino = atomic_fetch_add(&written, 1);
	e.attr = stat_of(e.ino);
	fi->direct_io = 1;
	(void)fuse_reply_create(req, &e, fi);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size,
	off_t offset, struct fuse_file_info *fi)
{
	(void)ino;
	(void)offset;
	(void)fi;
	count(OP_WRITE);
	if (durable)
		sink_take(durable, req, data, size);
	else
		(void)fuse_reply_write(req, size);
}

static void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	count(OP_FLUSH);
	(void)fuse_reply_err(req, 0);
}

static void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	count(OP_RELEASE);
	(void)fuse_reply_err(req, 0);
}

/* ---- the session ---- */

static void share_counts(const char *path)
{
	size_t size = OPCODES * sizeof(*counts);
	int fd = path ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
		      : -1;

	if (path && (fd < 0 || ftruncate(fd, (off_t)size) < 0))
		err(1, "%s", path);
	counts = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | (path ? 0 : MAP_ANONYMOUS), fd, 0);
	if (counts == MAP_FAILED)
		err(1, "counts");
}

static struct fuse_session *session_on(const char *dir)
{
	static const struct fuse_lowlevel_ops live = {.lookup = op_lookup,
		.forget = op_forget,
		.forget_multi = op_forget_multi,
		.getattr = op_getattr,
		.open = op_open,
		.read = op_read,
		.create = op_create,
		.write = op_write,
		.flush = op_flush,
		.release = op_release};
	struct fuse_lowlevel_ops ops = live;
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *se = NULL;

	if (no_open)
		ops.flush = NULL;
	if (fuse_opt_add_arg(&args, "floor") < 0 ||
		fuse_opt_add_arg(&args, "-o") < 0 ||
		fuse_opt_add_arg(&args,
			"fsname=floor,default_permissions,nosuid,nodev,noexec") < 0)
		errx(1, "out of memory");
	se = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	if (!se || fuse_set_signal_handlers(se) < 0 ||
		fuse_session_mount(se, dir) < 0)
		errx(1, "cannot mount on %s", dir);
	fuse_opt_free_args(&args);
	return se;
}

static void serve(const char *dir)
{
	struct fuse_session *se = session_on(dir);
	struct fuse_loop_config *config = fuse_loop_cfg_create();

	fuse_loop_cfg_set_clone_fd(config, 0);
	fuse_loop_cfg_set_max_threads(config, THREADS);
	fuse_loop_cfg_set_idle_threads(config, THREADS);
	(void)fuse_session_loop_mt(se, config);
	fuse_loop_cfg_destroy(config);
	fuse_session_unmount(se);
	fuse_remove_signal_handlers(se);
	fuse_session_destroy(se);
}

int main(int argc, char **argv)
{
	const char *log = NULL, *index = NULL, *shared = NULL;
	int c;

	while ((c = getopt(argc, argv, "on:d:i:c:w:")) != -1) {
		switch (c) {
		case 'o':
			no_open = true;
			break;
		case 'n':
			subjects = strtoul(optarg, NULL, 10);
			break;
		case 'd':
			log = optarg;
			break;
		case 'i':
			index = optarg;
			break;
		case 'c':
			shared = optarg;
			break;
		case 'w':
			wasted = strtoul(optarg, NULL, 10);
			break;
		default:
			return 1;
		}
	}
	if (optind != argc - 1)
		errx(1, "usage: floor [-o] [-n SUBJECTS] [-d LOG [-i INDEX]] [-c "
			"COUNTS] [-w "
			"NS] DIR");
	share_counts(shared);
	if (log)
		durable = sink_new(log, index);
	serve(argv[optind]);
	return 0;
}

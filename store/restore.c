/* A store from an archive.
 *
 * The archive may come from anywhere. So what it may hold is a list of names, each of which
 * stays in the directory by itself; everything is unpacked under a mark that says it is no
 * store yet, `format` under another name; and only when the archive has been proved to its
 * last byte, and what was unpacked fits together, does it become one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/backup.h"
#include "store/files.h"
#include "store/identity.h"
#include "store/internal.h"
#include "store/segment.h"
#include "store/shelf.h"

static const char mark[] = ".restoring";
static const char format_waiting[] = ".format";
static const char format_line[] = "stemefs store 1\n";

static const char *const directories[] = {
	"wal", "wallet", "quarantine", "index", "index.aside"};

enum {
	DIRECTORIES = sizeof(directories) / sizeof(directories[0]),
	FROM_ARCHIVE = 3,     /* the index is made */
	ROOM_LEAST = 1 << 20, /* with less a disk is full */
};

struct restoring {
	const char *path;
	int dir;
	bool made; /* the directory */
	const struct store_copying *o;
	struct store_copied *copied;
	struct archive_in in;
};

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

/* ---- nothing is left behind ---- */

/* The plain files of a directory, but for one. */
static void remove_files(int dir, const char *name, const char *but)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	__attribute__((cleanup(close_dir))) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	while (d &&
		(e = readdir(d))) /* NOLINT(concurrency-mt-unsafe): ours alone */
		if (strcmp(e->d_name, but) != 0)
			(void)unlinkat(fd, e->d_name, 0); /* directories stay */
}

/* What a restore made, in a directory that was empty. The mark goes last. */
static void clear(int dir)
{
	for (size_t i = 0; i < DIRECTORIES; i++) {
		remove_files(dir, directories[i], "");
		(void)unlinkat(dir, directories[i], AT_REMOVEDIR);
	}
	remove_files(dir, ".", mark);
	(void)unlinkat(dir, mark, 0);
}

/* ---- the place ---- */

static bool is_there(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int check_empty(const struct restoring *r, struct error *err)
{
	int fd = openat(r->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__attribute__((cleanup(close_dir))) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!d)
		return fail(err, errno, "%s: %s", r->path, strerror(errno));
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
			strcmp(e->d_name, "lost+found") != 0)
			return fail(err, EEXIST, "%s: is not empty (it has %s)",
				r->path, e->d_name);
	return 0;
}

/* A directory that is ours alone, empty but for the mark. */
static int take_place(struct restoring *r, struct error *err)
{
	if (mkdir(r->path, 0700) == 0)
		r->made = true;
	else if (errno != EEXIST)
		return fail(err, errno, "%s: %s", r->path, strerror(errno));
	r->dir = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir < 0)
		return fail(err, errno, "%s: %s", r->path, strerror(errno));
	if (flock(r->dir, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return fail(
			err, EBUSY, "%s: is in use by another process", r->path);
	/* what a restore left that was killed; never what became a store */
	if (is_there(r->dir, mark) && !is_there(r->dir, "format"))
		clear(r->dir);
	return check_empty(r, err);
}

static int set_mark(const struct restoring *r, struct error *err)
{
	FD_AUTO(fd) =
		openat(r->dir, mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? fail(err, errno, "%s: %s", r->path, strerror(errno)) : 0;
}

/* ---- unpacking ---- */

/* The name of a file in one of the directories, or NULL. */
static const char *name_in(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	return strncmp(path, directory, n) == 0 && path[n] == '/' ? path + n + 1
								  : NULL;
}

/* Where an entry goes, if a store has such a one; NULL: it has not. */
static const char *place_of(const struct archive_entry *e)
{
	uint64_t base;

	for (size_t i = 0; i < FROM_ARCHIVE; i++) {
		const char *name = name_in(e->name, directories[i]);
		bool known = name && (i == 0 ? segment_base(name, &base)
					     : backup_plain_name(name));

		if (name && (e->directory ? !*name : known))
			return e->name;
	}
	if (e->directory)
		return NULL;
	if (strcmp(e->name, "format") == 0)
		return format_waiting;
	return strcmp(e->name, "tag.a") == 0 || strcmp(e->name, "tag.b") == 0
		       ? e->name
		       : NULL;
}

static int no_room(
	const struct restoring *r, const char *name, int rc, struct error *err)
{
	return fail(err, -rc, "%s/%s: %s", r->path, name, strerror(-rc));
}

static int unpack_file(struct restoring *r, const char *name, struct error *err)
{
	FD_AUTO(fd) = openat(r->dir, name,
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct slice bytes;
	int rc;

	if (fd < 0 && errno == EEXIST)
		return fail(err, EBADMSG, "has %s twice", name);
	if (fd < 0)
		return no_room(r, name, -errno, err);
	for (;;) {
		rc = archive_read(&r->in, &bytes, err);
		if (rc < 0 || bytes.n == 0)
			break;
		rc = file_write(fd, bytes);
		if (rc < 0)
			return no_room(r, name, rc, err);
		r->copied->bytes += bytes.n;
		if (r->o->progress)
			r->o->progress(r->o->progress_ctx, "unpacking",
				r->copied->bytes, 0);
	}
	if (rc == 0 && fsync(fd) < 0)
		return no_room(r, name, -errno, err);
	return rc;
}

static int unpack_entry(
	struct restoring *r, const struct archive_entry *e, struct error *err)
{
	const char *place = place_of(e);

	/* what stands behind the seal is not proved by it, but by what it says */
	if (!place || r->in.sealed != (place == format_waiting))
		return fail(err, EBADMSG,
			"has an entry that no backup has (\"%s\")", e->name);
	if (e->directory)
		return mkdirat(r->dir, place, 0700) < 0
			       ? fail(err, errno == EEXIST ? EBADMSG : errno,
					 "%s: %s", place, strerror(errno))
			       : 0;
	return unpack_file(r, place, err);
}

static int unpack(struct restoring *r, struct error *err)
{
	struct archive_entry e;
	int rc;

	while ((rc = archive_next(&r->in, &e, err)) > 0) {
		rc = unpack_entry(r, &e, err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* ---- does it fit together? ---- */

/* The store's own key is that of the log; where it was lost it stays lost. */
static int check_store_key(const struct restoring *r,
	const struct wal_identity *who, struct error *err)
{
	struct key *key = NULL;
	struct agent agent;
	BUF_AUTO(path);
	int rc;

	store_key_path(r->path, &path);
	buf_byte(&path, 0);
	if (path.failed)
		return fail(err, ENOMEM, "out of memory");
	rc = key_load((const char *)path.p, &key, err);
	if (rc == -ENOENT) {
		copying_note(r->o, "wallet/store.key is not in it: settings can be "
				   "read, and not signed");
		return 0;
	}
	if (rc < 0)
		return rc;
	agent = key_agent(key);
	key_free(key);
	return agent_compare(&agent, &who->store_key) == 0
		       ? 0
		       : fail(err, EBADMSG,
				 "holds the key and the log of different stores");
}

static int check_parts(const struct restoring *r, struct error *err)
{
	struct wal_identity who = {0};
	BUF_AUTO(format);
	int rc = file_read(r->dir, format_waiting, 4096, &format);

	if (rc < 0 || !slice_is(slice_of(format.p, format.n), format_line))
		return fail(err, EBADMSG, "is no backup of a store of version 1");
	rc = identity_load(r->dir, r->path, &who, err);
	if (rc == 0)
		rc = check_store_key(r, &who, err);
	sodium_memzero(&who, sizeof(who));
	return rc;
}

/* ---- a store ---- */

static int sync_directory(int dir, const char *name)
{
	FD_AUTO(fd) = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

/* From here on it is one, and nothing clears it. */
static int become_store(const struct restoring *r, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; i < FROM_ARCHIVE && rc == 0; i++)
		rc = sync_directory(r->dir, directories[i]);
	if (rc == 0)
		rc = sync_directory(r->dir, ".");
	if (rc == 0 && renameat(r->dir, format_waiting, r->dir, "format") < 0)
		rc = -errno;
	if (rc == 0 && unlinkat(r->dir, mark, 0) < 0)
		rc = -errno;
	if (rc == 0)
		rc = sync_directory(r->dir, ".");
	if (rc == 0)
		rc = sync_directory(r->dir, "..");
	return rc < 0 ? no_room(r, "format", rc, err) : 0;
}

/* Where the log ends: files that have no place in it have no say. */
static int find_log_end(const struct restoring *r, const struct wal_identity *who,
	uint64_t *end, struct error *err)
{
	FD_AUTO(wal) = openat(r->dir, "wal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct shelf *shelf = NULL;
	int rc = wal < 0 ? no_room(r, "wal", -errno, err)
			 : shelf_open(wal, who, true, &shelf, err);

	if (rc == 0)
		*end = shelf_last(shelf)->base + shelf_last(shelf)->length;
	shelf_free(shelf);
	return rc;
}

/* All of the log had been acknowledged. An index that knows so takes what does not verify
 * at its end for damage, and never for a write that was not finished. */
static int note_reached(const struct restoring *r, const struct wal_identity *who,
	struct error *err)
{
	struct index ix = {0};
	uint64_t log_end = 0;
	BUF_AUTO(path);
	int rc = find_log_end(r, who, &log_end, err);

	if (rc == 0)
		rc = dir_create(r->dir, "index", 0700, err);
	buf_printf(&path, "%s/index", r->path);
	buf_byte(&path, 0);
	if (rc == 0 && path.failed)
		rc = fail(err, ENOMEM, "out of memory");
	if (rc == 0)
		rc = index_open(
			(const char *)path.p, who->store_id, NULL, &ix, err);
	if (rc < 0)
		return rc;
	rc = index_note_reached(&ix, log_end);
	index_close(&ix);
	return rc < 0 ? no_room(r, "index", rc, err) : 0;
}

static void report_damage(const struct restoring *r, const struct store *s)
{
	for (size_t i = 0; i < s->recovered.damage_count; i++) {
		const struct wal_damage *d = &s->recovered.damage[i];

		copying_bad(r->copied, r->o, "log offsets %llu to %llu: %s",
			(unsigned long long)d->from, (unsigned long long)d->to,
			d->what);
	}
}

static int build_index(const struct restoring *r, struct error *err)
{
	struct store_options options = {
		.accept_clock = true, /* to look at it is not to write */
		.progress = r->o->progress,
		.progress_ctx = r->o->progress_ctx,
	};
	struct wal_identity who = {0};
	struct store *s = NULL;
	int rc = identity_load(r->dir, r->path, &who, err);
	if (rc == 0)
		rc = note_reached(r, &who, err);
	sodium_memzero(&who, sizeof(who));
	/* its lock is on the directory, and so was ours */
	(void)flock(r->dir, LOCK_UN);
	if (rc == 0)
		rc = store_open(r->path, &options, &s, err);
	if (rc < 0 || !s)
		return rc;
	r->copied->records = s->recovered.frames;
	r->copied->seq = wal_end(s->wal).seq;
	report_damage(r, s);
	store_close(s);
	return 0;
}

/* LMDB calls it EIO when the disk takes a part of what it writes. */
static int name_full_disk(const struct restoring *r, int rc, struct error *err)
{
	struct statvfs v;

	if (rc != -EIO || fstatvfs(r->dir, &v) < 0 ||
		v.f_bavail * v.f_bsize >= ROOM_LEAST)
		return rc;
	return no_room(r, "index", -ENOSPC, err);
}

static int restore(struct restoring *r, struct error *err)
{
	int rc = set_mark(r, err);

	if (rc == 0)
		rc = unpack(r, err);
	if (rc == 0)
		rc = check_parts(r, err);
	if (rc == 0)
		rc = become_store(r, err);
	if (rc == 0)
		rc = name_full_disk(r, build_index(r, err), err);
	if (rc < 0)
		clear(r->dir);
	return rc;
}

int store_restore(int fd, const char *path, const struct store_copying *o,
	struct store_copied *out, struct error *err)
{
	static const struct store_copying silent;
	struct restoring r = {
		.path = path, .dir = -1, .o = o ? o : &silent, .copied = out};
	int rc;

	*out = (struct store_copied){0};
	if (sodium_init() < 0 || archive_open(&r.in, fd) < 0)
		return fail(err, ENOMEM, "out of memory");
	rc = take_place(&r, err);
	if (rc == 0)
		rc = restore(&r, err);
	if (rc < 0 && r.made)
		(void)rmdir(path);
	close_fd(&r.dir);
	archive_close(&r.in);
	return rc;
}

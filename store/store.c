/* Open and close: the order in which things come up, and what each needs of the
 *others.
 *
 *	lock  ->  identity  ->  log  ->  index  ->  replay  ->  wallet  -> committer
 */
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/when.h"
#include "store/clean.h"
#include "store/files.h"
#include "store/internal.h"

enum {
	TAG_FILE = 16 + ID_SIZE + ID_SIZE, /* magic, key, BLAKE3 of both */
};

static const char format_line[] = "stemefs store 1\n";
static const char tag_magic[16] = "stemefs tag 1\n";

/* ---- the key that tags frames, kept twice ---- */

static int write_tag(
	int dir, const char *name, const uint8_t key[ID_SIZE], struct error *err)
{
	uint8_t file[TAG_FILE];
	struct id sum;
	int rc;

	memcpy(file, tag_magic, sizeof(tag_magic));
	memcpy(file + 16, key, ID_SIZE);
	sum = id_of(slice_of(file, 16 + ID_SIZE));
	memcpy(file + 16 + ID_SIZE, sum.b, ID_SIZE);
	rc = file_create(dir, name, slice_of(file, sizeof(file)), err);
	sodium_memzero(file, sizeof(file));
	return rc;
}

static bool read_tag(int dir, const char *name, uint8_t key[ID_SIZE])
{
	BUF_AUTO(file);
	struct id sum;
	bool good = file_read(dir, name, TAG_FILE, &file) == 0 &&
		    file.n == TAG_FILE &&
		    memcmp(file.p, tag_magic, sizeof(tag_magic)) == 0;

	if (good) {
		sum = id_of(slice_of(file.p, 16 + ID_SIZE));
		good = memcmp(sum.b, file.p + 16 + ID_SIZE, ID_SIZE) == 0;
	}
	if (good)
		memcpy(key, file.p + 16, ID_SIZE);
	if (file.n)
		sodium_memzero(file.p, file.n);
	return good;
}

/* One good copy is enough, and mends the other. */
static int load_tag(
	int dir, const char *path, uint8_t key[ID_SIZE], struct error *err)
{
	bool a = read_tag(dir, "tag.a", key);
	bool b = read_tag(dir, "tag.b", key);
	const char *lost = a ? "tag.b" : "tag.a";

	if (!a && !b)
		return fail(err, EBADMSG,
			"%s: both copies of the tag key (tag.a, tag.b) are damaged "
			"or lost",
			path);
	if (a && b)
		return 0;
	(void)read_tag(dir, a ? "tag.a" : "tag.b", key);
	(void)unlinkat(dir, lost, 0);
	return write_tag(dir, lost, key, err);
}

/* ---- making a store ---- */

/* -EEXIST when the directory holds anything. */
static int check_empty(const char *path, struct error *err)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	int rc = 0;

	if (!d)
		return fail(err, errno, "%s: %s", path, strerror(errno));
	do
		e = readdir(d);
	while (e && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
			    strcmp(e->d_name, "lost+found") == 0));
	if (e)
		rc = fail(err, EEXIST, "%s: is not empty (it has %s)", path,
			e->d_name);
	(void)closedir(d);
	return rc;
}

/* The directory that holds a new one is synced, or the store might be gone with all it
 * acknowledged. */
static int sync_name(const char *path, struct error *err)
{
	BUF_AUTO(parent);
	int fd, rc = 0;

	buf_printf(&parent, "%s/..", path);
	buf_byte(&parent, 0);
	if (parent.failed)
		return fail(err, ENOMEM, "out of memory");
	fd = open((const char *)parent.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		rc = fail(err, errno, "%s: cannot sync its directory: %s", path,
			strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* An existing empty directory (a volume, say) is taken over. */
static int make_directory(const char *path, struct error *err)
{
	if (mkdir(path, 0700) == 0)
		return sync_name(path, err);
	if (errno != EEXIST)
		return fail(err, errno, "%s: %s", path, strerror(errno));
	return check_empty(path, err);
}

static int create_parts(int dir, const char *path, struct error *err)
{
	struct wal_identity who = {0};
	struct key *key = NULL;
	BUF_AUTO(key_path);
	int rc = dir_create(dir, "wallet", 0700, err);

	if (rc == 0)
		rc = dir_create(dir, "index", 0700, err);
	if (rc < 0)
		return rc;
	store_key_path(path, &key_path);
	buf_byte(&key_path, 0);
	if (key_path.failed)
		return fail(err, ENOMEM, "out of memory");
	rc = key_create((const char *)key_path.p, &key, err);
	if (rc < 0)
		return rc;
	who.store_key = key_agent(key);
	key_free(key);
	randombytes_buf(who.store_id, sizeof(who.store_id));
	randombytes_buf(who.tag_key, sizeof(who.tag_key));
	rc = write_tag(dir, "tag.a", who.tag_key, err);
	if (rc == 0)
		rc = write_tag(dir, "tag.b", who.tag_key, err);
	if (rc == 0)
		rc = wal_create(dir, &who, err);
	sodium_memzero(&who, sizeof(who));
	/* last: a directory is a store when this file is there */
	if (rc == 0)
		rc = file_create(dir, "format", slice_str(format_line), err);
	return rc;
}

int store_create(const char *path, struct error *err)
{
	int rc, dir;

	if (sodium_init() < 0)
		return fail(err, EIO, "libsodium does not start");
	rc = make_directory(path, err);
	if (rc < 0)
		return rc;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail(err, errno, "%s: %s", path, strerror(errno));
	rc = create_parts(dir, path, err);
	(void)close(dir);
	return rc;
}

/* ---- opening ---- */

static int open_directory(struct store *s, struct error *err)
{
	BUF_AUTO(format);
	int rc;

	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return fail(err, errno, "%s: %s", s->path, strerror(errno));
	rc = file_read(s->dir, "format", 4096, &format);
	if (rc == -ENOENT) {
		(void)fail(err, EINVAL, "%s: is no stemefs store", s->path);
		return fail_hint(err, "stemefs init %s", s->path);
	}
	if (rc < 0)
		return fail(err, -rc, "%s/format: %s", s->path, strerror(-rc));
	if (!slice_is(slice_of(format.p, format.n), format_line))
		return fail(err, EPROTONOSUPPORT,
			"%s: is a store of a version that this program does not "
			"know",
			s->path);
	return 0;
}

static int take_lock(struct store *s, struct error *err)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char pid[32];
	int n;

	s->lock_fd = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return fail(err, errno, "%s/lock: %s", s->path, strerror(errno));
	if (fcntl(s->lock_fd, F_OFD_SETLK, &l) < 0) {
		ssize_t got = pread(s->lock_fd, pid, sizeof(pid) - 1, 0);

		pid[got > 0 ? got : 0] = '\0';
		pid[strcspn(pid, "\n")] = '\0';
		return fail(err, EBUSY, "%s: is in use by process %s", s->path,
			*pid ? pid : "(unknown)");
	}
	n = snprintf(pid, sizeof(pid), "%d\n", getpid());
	(void)ftruncate(s->lock_fd, 0);
	(void)pwrite(s->lock_fd, pid, (size_t)n, 0);
	return 0;
}

static int start_clock(
	struct store *s, const struct store_options *o, struct error *err)
{
	uint64_t last = wal_end(s->wal).received_at;
	uint64_t wall = clock_wall();

	if (wall + CLOCK_BEHIND_MAX * SECOND < last && !o->accept_clock) {
		(void)fail(err, EINVAL,
			"%s: the clock is %llu s behind the last record in the log",
			s->path, (unsigned long long)((last - wall) / SECOND));
		return fail_hint(err, "set the clock, or mount with -o "
				      "clock=accept to go on anyway");
	}
	if (last && wall > last + 366 * DAY)
		(void)snprintf(s->clock_note, sizeof(s->clock_note),
			"the clock is %llu days ahead of the last record",
			(unsigned long long)((wall - last) / DAY));
	s->started_at = wall;
	clock_start(&s->clock, wall > last ? wall : last);
	return 0;
}

static int bring_up(
	struct store *s, const struct store_options *o, struct error *err)
{
	int rc = open_directory(s, err);

	if (rc == 0)
		rc = take_lock(s, err);
	if (rc == 0)
		rc = load_tag(s->dir, s->path, s->who.tag_key, err);
	if (rc == 0)
		rc = wal_read_identity(s->dir, &s->who, err);
	if (rc == 0)
		rc = wal_open(s->dir, &s->who, false, &s->wal, err);
	if (rc == 0)
		rc = index_start(s, o, err);
	if (rc == 0)
		rc = start_clock(s, o, err);
	if (rc == 0)
		rc = wallet_open(s->path, &s->wallet, err);
	return rc < 0 ? rc : committer_start(s, err);
}

int store_open(const char *path, const struct store_options *o, struct store **out,
	struct error *err)
{
	struct store_options options = o ? *o : (struct store_options){0};
	struct store *s;
	int rc;

	if (sodium_init() < 0)
		return fail(err, EIO, "libsodium does not start");
	s = calloc(1, sizeof(*s));
	if (s)
		s->path = realpath(path, NULL);
	if (!s || !s->path) {
		rc = s ? errno : ENOMEM;
		free(s);
		return fail(err, rc, "%s: %s", path, strerror(rc));
	}
	if (!options.sums_from)
		options.sums_from = SUMS_FROM_DEFAULT;
	s->dir = s->lock_fd = -1;
	(void)pthread_mutex_init(&s->admitting, NULL);
	suspect_init(&s->suspect);
	s->sums_from = options.sums_from;
	rc = bring_up(s, &options, err);
	if (rc < 0) {
		store_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

/* Is there nothing that the next start would have to look at? */
static bool is_clean(struct store *s)
{
	return s->started_at && s->index.env && !atomic_load(&s->suspect.raised) &&
	       !wal_failed(s->wal);
}

void store_close(struct store *s)
{
	bool clean;

	if (!s)
		return;
	committer_stop(s);
	wallet_free(s->wallet);
	(void)pthread_mutex_destroy(&s->admitting);
	if (s->index.env)
		(void)mdb_env_sync(s->index.env, 1);
	clean = is_clean(s);
	index_close(&s->index);
	wal_close(s->wal);
	if (clean)
		clean_mark(s->dir);
	wal_report_free(&s->recovered);
	suspect_free(&s->suspect);
	sodium_memzero(&s->who, sizeof(s->who));
	if (s->lock_fd >= 0)
		(void)close(s->lock_fd);
	if (s->dir >= 0)
		(void)close(s->dir);
	free(s->path);
	free(s);
}

uint64_t store_now(struct store *s)
{
	return clock_now(&s->clock);
}

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
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/when.h"
#include "store/clean.h"
#include "store/files.h"
#include "store/identity.h"
#include "store/internal.h"
#include "store/scrub.h"
#include "store/tag.h"

static const char format_line[] = "stemefs store 1\n";

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

/* An existing directory (a volume, say) is taken over, if it is empty; *made: ours. */
static int make_directory(const char *path, bool *made, struct error *err)
{
	*made = mkdir(path, 0700) == 0;
	if (*made)
		return sync_name(path, err);
	return errno == EEXIST ? 0
			       : fail(err, errno, "%s: %s", path, strerror(errno));
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
	rc = tag_create(dir, who.tag_key, err);
	if (rc == 0)
		rc = wal_create(dir, &who, err);
	sodium_memzero(&who, sizeof(who));
	/* last: a directory is a store when this file is there */
	if (rc == 0)
		rc = file_create(dir, "format", slice_str(format_line), err);
	return rc;
}

/* What create_parts() had made when it failed, so that it can be tried again: the
 * directory was empty. */
static void remove_parts(int dir)
{
	static const struct {
		const char *name;
		int flags;
	} parts[] = {
		{"format", 0},
		{"wal/0000000000000000.wal", 0},
		{"wal", AT_REMOVEDIR},
		{"tag.b", 0},
		{"tag.a", 0},
		{"wallet/store.key", 0},
		{"wallet", AT_REMOVEDIR},
		{"index", AT_REMOVEDIR},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		(void)unlinkat(dir, parts[i].name, parts[i].flags);
}

/* Under the lock of the directory: two that make a store here must not meet, or one would
 * remove what the other has made. */
static int create_in(int dir, const char *path, struct error *err)
{
	int rc;

	if (flock(dir, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return fail(err, EBUSY, "%s: is in use by another process", path);
	rc = check_empty(path, err);
	if (rc < 0)
		return rc;
	rc = create_parts(dir, path, err);
	if (rc < 0)
		remove_parts(dir);
	return rc;
}

int store_create(const char *path, struct error *err)
{
	bool made;
	int rc, dir;

	if (sodium_init() < 0)
		return fail(err, EIO, "libsodium does not start");
	rc = make_directory(path, &made, err);
	if (rc < 0)
		return rc;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail(err, errno, "%s: %s", path, strerror(errno));
	rc = create_in(dir, path, err);
	(void)close(dir);
	if (rc < 0 && made)
		(void)rmdir(path); /* where something is in it, it stays */
	return rc;
}

/* ---- opening ---- */

/* Another number in the place of ours is another version; anything else is damage. */
static int refuse_format(const char *path, struct slice line, struct error *err)
{
	static const char before[] = "stemefs store ";
	unsigned version = 0;

	for (size_t i = sizeof(before) - 1; i < line.n && version < 100000; i++) {
		if (line.p[i] < '0' || line.p[i] > '9')
			break;
		version = version * 10 + (line.p[i] - '0');
	}
	if (version > 1 && memcmp(line.p, before, sizeof(before) - 1) == 0) {
		(void)fail(err, EPROTONOSUPPORT,
			"%s: is a store of version %u, and this program knows "
			"version 1",
			path, version);
		return fail_hint(err, "a newer stemefs; nothing was changed");
	}
	(void)fail(err, EBADMSG,
		"%s: the file format in it is damaged: it does not say \"%.15s\"",
		path, format_line);
	return fail_hint(err, "echo %.15s > %s/format", format_line, path);
}

int store_directory(struct store *s, struct error *err)
{
	BUF_AUTO(format);
	int rc;

	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return fail(err, errno, "%s: %s", s->path, strerror(errno));
	rc = file_read(s->dir, "format", 4096, &format);
	if (rc == -ENOENT && faccessat(s->dir, "wal", F_OK, 0) == 0) {
		(void)fail(
			err, EBADMSG, "%s: the file format in it is lost", s->path);
		return fail_hint(
			err, "echo %.15s > %s/format", format_line, s->path);
	}
	if (rc == -ENOENT) {
		(void)fail(err, EINVAL, "%s: is no stemefs store", s->path);
		return fail_hint(err, "stemefs init %s", s->path);
	}
	if (rc < 0)
		return fail(err, -rc, "%s/format: %s", s->path, strerror(-rc));
	if (!slice_is(slice_of(format.p, format.n), format_line))
		return refuse_format(s->path, slice_of(format.p, format.n), err);
	return 0;
}

/* The holder has left its number in the lock file. */
static int busy(const struct store *s, struct error *err)
{
	BUF_AUTO(pid);
	int n = 0;

	(void)file_read(s->dir, "lock", 31, &pid);
	while ((size_t)n < pid.n && pid.p[n] >= '0' && pid.p[n] <= '9')
		n++;
	return n ? fail(err, EBUSY, "%s: is in use by process %.*s", s->path, n,
			   pid.p)
		 : fail(err, EBUSY, "%s: is in use by another process", s->path);
}

/* Two locks, that of the directory first: it is the store, whichever name led here, and
 * nobody removes it by mistake as they do a file called lock. Not every network file
 * system can lock a directory; there the file is the lock. Both end with this process. */
static int take_lock(struct store *s, struct error *err)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char pid[32];
	int n;

	if (flock(s->dir, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return busy(s, err);
	s->lock_fd = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return fail(err, errno, "%s/lock: %s", s->path, strerror(errno));
	if (fcntl(s->lock_fd, F_OFD_SETLK, &l) < 0)
		return busy(s, err);
	n = snprintf(pid, sizeof(pid), "%d\n", getpid());
	/* in this order: on a full disk there is room where the last one stands */
	(void)pwrite(s->lock_fd, pid, (size_t)n, 0);
	(void)ftruncate(s->lock_fd, n);
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
		return fail_hint(err, "setting the clock; or mounting with -o "
				      "clock=accept, to go on all the same");
	}
	if (wall + CLOCK_BEHIND_MAX * SECOND < last)
		(void)snprintf(s->clock_note, sizeof(s->clock_note),
			"the clock is %llu s behind the last record: times go on "
			"from "
			"that one",
			(unsigned long long)((last - wall) / SECOND));
	if (last && wall > last + 366 * DAY)
		(void)snprintf(s->clock_note, sizeof(s->clock_note),
			"the clock is %llu days ahead of the last record",
			(unsigned long long)((wall - last) / DAY));
	s->started_at = wall;
	clock_start(&s->clock, wall > last ? wall : last);
	return 0;
}

static int load_identity(struct store *s, struct error *err)
{
	const char *lost = tag_lost(s->dir);
	int rc = identity_load(s->dir, s->path, &s->who, err);

	if (rc == 0 && lost && !tag_lost(s->dir))
		s->tag_mended = lost;
	return rc;
}

static int start_watch(struct store *s, struct error *err)
{
	int rc = watch_new(&s->watch);

	return rc < 0 ? fail(err, -rc, "cannot start: %s", strerror(-rc)) : 0;
}

static int bring_up(
	struct store *s, const struct store_options *o, struct error *err)
{
	int rc = store_directory(s, err);

	if (rc == 0)
		rc = take_lock(s, err);
	if (rc == 0)
		rc = load_identity(s, err);
	if (rc == 0)
		rc = wal_open(s->dir, &s->who, false, &s->wal, err);
	if (rc == 0)
		rc = index_start(s, o, err);
	if (rc == 0)
		rc = start_clock(s, o, err);
	if (rc == 0)
		rc = wallet_open(s->path, &s->who.store_key, &s->wallet, err);
	if (rc == 0)
		rc = start_watch(s, err);
	if (rc == 0)
		rc = committer_start(s, err);
	if (rc == 0 && o->scrub_mib)
		rc = scrub_start(s, o->scrub_mib, &s->scrub, err);
	return rc;
}

int store_new(const char *path, struct store **out, struct error *err)
{
	struct store *s;
	int rc;

	if (sodium_init() < 0) {
		(void)fail(err, EIO, "libsodium does not start");
		return -EIO;
	}
	s = calloc(1, sizeof(*s));
	if (s)
		s->path = realpath(path, NULL);
	if (!s || !s->path) {
		rc = s ? errno : ENOMEM;
		free(s);
		(void)fail(err, rc, "%s: %s", path, strerror(rc));
		return -rc;
	}
	s->dir = s->lock_fd = -1;
	(void)pthread_mutex_init(&s->admitting, NULL);
	(void)pthread_mutex_init(&s->frozen.lock, NULL);
	suspect_init(&s->suspect);
	*out = s;
	return 0;
}

int store_open(const char *path, const struct store_options *o, struct store **out,
	struct error *err)
{
	struct store_options options = o ? *o : (struct store_options){0};
	struct store *s = NULL;
	int rc = store_new(path, &s, err);

	if (!s)
		return rc;
	if (!options.sums_from)
		options.sums_from = SUMS_FROM_DEFAULT;
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
	return s->started_at && s->index.env && !s->frozen.on &&
	       !atomic_load(&s->suspect.raised) && !wal_failed(s->wal);
}

void store_close(struct store *s)
{
	bool clean;

	if (!s)
		return;
	scrub_stop(s->scrub);
	committer_stop(s);
	watch_free(s->watch);
	committer_free(s);
	wallet_free(s->wallet);
	(void)pthread_mutex_destroy(&s->admitting);
	(void)pthread_mutex_destroy(&s->frozen.lock);
	if (s->index.env && !s->frozen.on)
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

/* A copy of a store at one moment, written as a stream.
 *
 * What makes it consistent without a lock: log bytes before the applied offset never
 * change, whoever has the store; and that offset is moved by the transaction that makes a
 * batch visible, after the batch is durable and before it is answered. So the moment is one
 * row of the index, read once. The keys are copied after it: a key that has signed
 * something in the copy is there, and one that was made since is admitted when it is first
 * used. `format` comes last: what was unpacked in part is no store. */
#include "store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/identity.h"
#include "store/internal.h"
#include "store/segment.h"

enum {
	SMALL_MAX = 64 << 20, /* no file but a segment is near this */
	PIECE = 16 << 10,
	MAP_GIB_FIRST = 1024, /* as index.c has it */
};

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}
#define FD_AUTO(name) __attribute__((cleanup(close_fd))) int name

/* ---- sentences ---- */

void copying_bad(struct store_copied *copied, const struct store_copying *o,
	const char *format, ...)
{
	char text[400];
	va_list args;

	copied->bad++;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (o->report)
		o->report(o->report_ctx, true, text);
}

void copying_note(const struct store_copying *o, const char *format, ...)
{
	struct error e;
	char text[400];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)fail(&e, 0, "%s", text); /* names may hold what a terminal obeys */
	if (o->report)
		o->report(o->report_ctx, false, e.message);
}

/* ---- the moment ---- */

static void set_moment(const struct meta_row *m, struct store_moment *out)
{
	/* an index before this one had come further: that was acknowledged, too */
	out->log_end = m->log_end > m->reached ? m->log_end : m->reached;
	out->seq = m->seq;
}

static int moment_of_open(
	struct store *s, struct store_moment *out, struct error *err)
{
	uint64_t end = wal_end(s->wal).offset;
	SNAP_AUTO(snap);
	int rc = store_snap(s, &snap);

	if (rc < 0)
		return fail(err, -rc, "%s/index: %s", s->path, strerror(-rc));
	set_moment(&snap->meta, out);
	if (end > out->log_end) /* damage at the end of the log */
		out->log_end = end;
	return 0;
}

static void close_env(MDB_env **env)
{
	if (*env)
		mdb_env_close(*env);
}

/* As large a map as there is room for, up to that of the daemon: the index may grow between
 * this and the transaction. */
static int open_beside(const char *index, MDB_env **out)
{
	int rc = ENOMEM;

	for (size_t gib = MAP_GIB_FIRST; gib > 0 && rc == ENOMEM; gib /= 2) {
		__attribute__((cleanup(close_env))) MDB_env *env = NULL;

		rc = mdb_env_create(&env);
		if (rc == 0)
			rc = mdb_env_set_mapsize(env, gib << 30);
		if (rc == 0)
			rc = mdb_env_open(env, index, MDB_RDONLY | MDB_NOTLS, 0600);
		if (rc == 0) {
			*out = env;
			env = NULL; /* handed over */
		}
	}
	return rc;
}

/* META, as the last transaction left it. Readers of LMDB keep nobody waiting. */
static int read_meta(const char *index, struct meta_row *out)
{
	__attribute__((cleanup(close_env))) MDB_env *env = NULL;
	MDB_txn *txn;
	MDB_dbi db;
	int rc = open_beside(index, &env);

	if (rc == 0)
		rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (rc)
		return index_errno(rc);
	rc = index_errno(mdb_dbi_open(txn, NULL, 0, &db));
	if (rc == 0)
		rc = meta_read(txn, out);
	mdb_txn_abort(txn);
	return rc == 0 && out->layout != INDEX_LAYOUT ? -EPROTONOSUPPORT : rc;
}

static int moment_beside(
	const char *path, struct store_moment *out, struct error *err)
{
	struct meta_row meta = {0};
	BUF_AUTO(index);
	int rc;

	buf_printf(&index, "%s/index", path);
	buf_byte(&index, 0);
	if (index.failed)
		return fail(err, ENOMEM, "out of memory");
	rc = read_meta((const char *)index.p, &meta);
	if (rc == -EPROTONOSUPPORT || rc == -EBADMSG) {
		(void)fail(err, -rc,
			"%s/index: cannot be read by this version of stemefs",
			path);
		return fail_hint(err, "the version that has it mounted, or unmount "
				      "it first");
	}
	if (rc < 0)
		return fail(err, -rc, "%s/index: %s", path, strerror(-rc));
	set_moment(&meta, out);
	return 0;
}

int store_moment(const char *path, struct store *s, struct store_moment *out,
	struct error *err)
{
	return s ? moment_of_open(s, out, err) : moment_beside(path, out, err);
}

/* ---- files ---- */

void copying_enter(struct copying *c, const char *name, int fd, uint64_t size)
{
	struct archive_entry e = {.size = size};
	size_t n = strlen(name);
	struct stat st;

	(void)snprintf(e.name, sizeof(e.name), "%s", name);
	e.directory = name[n - 1] == '/';
	if (fstat(fd, &st) == 0) {
		e.mtime = st.st_mtim.tv_sec > 0 ? (uint64_t)st.st_mtim.tv_sec : 0;
		e.uid = st.st_uid;
		e.gid = st.st_gid;
	}
	archive_enter(&c->out, &e);
}

static void left_out(const struct copying *c, const char *name, const char *why)
{
	copying_note(c->o, "%s/%s: is left out: %s", c->path, name, why);
}

/* The whole of it first: what is in the archive has the size that its header says. */
static int copy_file(struct copying *c, const char *name, struct error *err)
{
	FD_AUTO(fd) = openat(
		c->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t piece[PIECE];
	struct stat st;
	uint64_t left;

	if (fd < 0 && errno == ELOOP) {
		left_out(c, name, "it is a symbolic link");
		return 0;
	}
	if (fd < 0 && errno == ENOENT)
		return 0; /* gone meanwhile, or never there */
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(
			err, errno, "%s/%s: %s", c->path, name, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > SMALL_MAX) {
		left_out(c, name, "no store has such a file");
		return 0;
	}
	left = (uint64_t)st.st_size;
	copying_enter(c, name, fd, left);
	while (left && c->out.rc == 0) {
		ssize_t n = read(fd, piece, left < PIECE ? left : PIECE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(err, EIO, "%s/%s: %s", c->path, name,
				n ? strerror(errno)
				  : "became shorter while it was read");
		archive_add(&c->out, slice_of(piece, (size_t)n));
		left -= (uint64_t)n;
	}
	sodium_memzero(piece, sizeof(piece)); /* of a private key, maybe */
	return 0;
}

bool backup_plain_name(const char *name)
{
	size_t n =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "0123456789.-_");

	return n > 0 && n < ARCHIVE_NAME - 16 && !name[n] && name[0] != '.' &&
	       name[0] != '-' && !strstr(name, ".tmp.");
}

/* ---- directories ---- */

struct names {
	struct dirent **v;
	int n;
};

static void free_names(struct names *l)
{
	for (int i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}
#define NAMES_AUTO(name)                                                           \
	__attribute__((cleanup(free_names))) struct names name = {0}

static int no_dots(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

/* By bytes, whatever the locale: the same store gives the same archive. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* 0, or -errno: -ENOENT where there is no such directory. */
static int list(int dir, const char *name, struct names *out)
{
	out->n = scandirat(dir, name, &out->v, no_dots, by_bytes);
	if (out->n >= 0)
		return 0;
	out->n = 0;
	return -errno;
}

static int copy_directory(struct copying *c, const char *name, struct error *err)
{
	FD_AUTO(fd) = openat(
		c->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	char path[ARCHIVE_NAME];
	NAMES_AUTO(files);
	int rc;

	if (fd < 0 && errno == ENOENT)
		return 0;
	rc = fd < 0 ? -errno : list(fd, ".", &files);
	if (rc < 0)
		return fail(err, -rc, "%s/%s: %s", c->path, name, strerror(-rc));
	(void)snprintf(path, sizeof(path), "%s/", name);
	copying_enter(c, path, fd, 0);
	for (int i = 0; i < files.n && rc == 0 && c->out.rc == 0; i++) {
		const char *file = files.v[i]->d_name;

		(void)snprintf(path, sizeof(path), "%s/%.*s", name,
			ARCHIVE_NAME - 16, file);
		if (backup_plain_name(file))
			rc = copy_file(c, path, err);
		else if (!strstr(file, ".tmp.")) /* is being made */
			left_out(c, path, "no store has such a file");
	}
	return rc;
}

/* Say what else there is, once. prefix: "" or the directory's name with a slash. */
static void name_strangers(struct copying *c, const char *prefix,
	const char *const *known, bool (*is_known)(const char *name))
{
	NAMES_AUTO(files);

	(void)list(c->dir, *prefix ? prefix : ".", &files);
	for (int i = 0; i < files.n; i++) {
		const char *file = files.v[i]->d_name;
		bool found = strstr(file, ".tmp.") || (is_known && is_known(file));

		for (size_t k = 0; known[k] && !found; k++)
			found = strcmp(known[k], file) == 0;
		if (!found)
			copying_note(c->o,
				"%s/%s%s: is left out: no store has such a file",
				c->path, prefix, file);
	}
}

static bool is_segment(const char *name)
{
	uint64_t base;

	return segment_base(name, &base);
}

static int copy_parts(
	struct copying *c, const struct wal_identity *who, struct error *err)
{
	static const char *const top[] = {"format", "tag.a", "tag.b", "wal",
		"index", "index.aside", "index.check", "doubt", "starting", "clean",
		"wallet", "quarantine", "lock", "lost+found", NULL};
	static const char *const wal[] = {"new.tmp", NULL};
	FD_AUTO(fd) = openat(c->dir, "wal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	name_strangers(c, "", top, NULL);
	name_strangers(c, "wal/", wal, is_segment);
	rc = copy_file(c, "tag.a", err);
	if (rc == 0)
		rc = copy_file(c, "tag.b", err);
	if (rc == 0)
		rc = copy_directory(c, "wallet", err);
	if (rc == 0 && faccessat(c->dir, "wallet/store.key", F_OK, 0) < 0)
		copying_note(c->o,
			"%s/wallet/store.key is lost, so the copy is "
			"without it: put it back from an older one",
			c->path);
	if (rc == 0)
		rc = copy_directory(c, "quarantine", err);
	if (rc == 0)
		copying_enter(c, "wal/", fd, 0);
	if (rc == 0)
		rc = backup_log(c, who, err);
	archive_seal(&c->out, c->copied->seq);
	return rc == 0 ? copy_file(c, "format", err) : rc;
}

int store_backup(const char *path, const struct store_moment *m, int fd,
	const struct store_copying *o, struct store_copied *out, struct error *err)
{
	static const struct store_copying silent;
	struct copying c = {
		.path = path,
		.moment = m,
		.o = o ? o : &silent,
		.copied = out,
	};
	struct wal_identity who = {0};
	int rc, code = 0;

	*out = (struct store_copied){0};
	if (sodium_init() < 0)
		return fail(err, EIO, "libsodium does not start");
	FD_AUTO(dir) = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail(err, errno, "%s: %s", path, strerror(errno));
	c.dir = dir;
	archive_start(&c.out, fd);
	rc = identity_load(dir, path, &who, err);
	if (rc == 0)
		rc = copy_parts(&c, &who, err);
	if (rc == 0)
		code = archive_finish(&c.out);
	out->bytes = c.out.size;
	archive_free(&c.out);
	sodium_memzero(&who, sizeof(who));
	return code < 0 ? fail(err, -code, "%s", strerror(-code)) : rc;
}

/* The side of a store that nobody has mounted: it is opened here, and the tree is asked as
 * the FUSE adapter would ask it. */
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/bytes.h"
#include "fs/entrance.h"
#include "fs/opening.h"
#include "fs/place.h"
#include "fs/rendering.h"

enum {
	LINKS_MAX = 40, /* as the kernel has it */
};

/* ---- opening ---- */

/* Who opens the store is who would mount it. */
static bool may_make_key(void *ctx, uid_t uid)
{
	const struct entrance *e = ctx;

	return uid == e->who.uid;
}

int direct_open(const char *store, struct entrance *e, struct error *err)
{
	static const struct store_options options;
	int rc = open_patiently(store, &options, &e->store, err);
	struct inbox_options inbox = {
		.store = e->store,
		.may_make_key = may_make_key,
		.ctx = e,
	};
	struct tree_options tree = {
		.store = e->store,
		.owner = e->who.uid,
		.group = e->who.gid,
	};

	if (rc < 0)
		return rc;
	rc = inbox_new(&inbox, &e->inbox);
	tree.inbox = e->inbox;
	if (rc == 0)
		rc = tree_new(&tree, &e->tree);
	return rc < 0 ? fail(err, -rc, "%s: %s", store, strerror(-rc)) : 0;
}

void direct_close(struct entrance *e)
{
	tree_free(e->tree);
	if (e->inbox)
		inbox_free(e->inbox);
	store_close(e->store);
	e->tree = NULL;
	e->inbox = NULL;
	e->store = NULL;
}

/* ---- walking, with links ---- */

/* Drop the last name of a path that is being built. */
static void drop_name(struct buf *path)
{
	while (path->n > 0 && path->p[path->n - 1] != '/')
		path->n--;
	if (path->n > 0)
		path->n--;
}

static void add_name(struct buf *path, struct slice name)
{
	if (path->n > 0)
		buf_byte(path, '/');
	buf_slice(path, name);
}

/* Cut the first name off rest; empty at the end. Borrows from rest. */
static struct slice first_name(struct slice *rest)
{
	size_t from = 0, to;
	struct slice name;

	while (from < rest->n && rest->p[from] == '/')
		from++;
	for (to = from; to < rest->n && rest->p[to] != '/';)
		to++;
	name = slice_sub(*rest, from, to - from);
	*rest = slice_sub(*rest, to, rest->n);
	return name;
}

/* Step from the directory `done` to its entry: done becomes its path, or, where it is a
 * link, rest starts with what the link says. */
static int step(struct entrance *e, struct slice name, struct buf *done,
	struct buf *rest, int *links)
{
	PLACE_AUTO(p);
	BUF_AUTO(link);
	int rc;

	add_name(done, name);
	rc = tree_walk(e->tree, slice_of(done->p, done->n), &e->who, &p);
	if (rc < 0)
		return rc;
	rc = tree_link(e->tree, p, &e->who, &link);
	if (rc == -EINVAL)
		return 0; /* no link */
	if (rc < 0)
		return rc;
	if (++*links > LINKS_MAX)
		return -ELOOP;
	drop_name(done);
	buf_byte(&link, '/');
	buf_add(&link, rest->p, rest->n);
	buf_reset(rest);
	buf_add(rest, link.p, link.n);
	return 0;
}

static int walk(struct entrance *e, const char *path, struct place **out)
{
	BUF_AUTO(done);
	BUF_AUTO(rest);
	int links = 0, rc = 0;

	buf_str(&rest, path);
	while (rc == 0) {
		struct slice left = slice_of(rest.p, rest.n);
		struct slice name = first_name(&left);
		BUF_AUTO(copy);

		if (done.failed || rest.failed)
			return -ENOMEM;
		if (name.n == 0)
			return tree_walk(
				e->tree, slice_of(done.p, done.n), &e->who, out);
		buf_slice(&copy, name); /* rest is about to change */
		name = slice_of(copy.p, copy.n);
		buf_drop(&rest, (size_t)(left.p - rest.p));
		if (slice_is(name, "."))
			continue;
		if (slice_is(name, ".."))
			drop_name(&done);
		else
			rc = step(e, name, &done, &rest, &links);
	}
	return rc;
}

/* ---- reading ---- */

static int read_live(
	struct entrance *e, const struct place *p, entrance_take *take, void *ctx)
{
	BUF_AUTO(chunk);
	uint64_t offset = 0;

	for (;;) {
		int rc;

		buf_reset(&chunk);
		rc = tree_read_live(e->tree, p, offset, ENTRANCE_CHUNK, &chunk);
		if (rc < 0 || chunk.n == 0)
			return rc;
		offset += chunk.n;
		rc = take(ctx, slice_of(chunk.p, chunk.n));
		if (rc < 0)
			return rc;
	}
}

static int read_rendering(const struct rendering *r, entrance_take *take, void *ctx)
{
	uint64_t offset = 0;
	int rc = 0;

	while (rc == 0 && offset < r->attr.size) {
		struct slice part = {0};
		BUF_AUTO(scratch);

		rc = rendering_read(r, offset, ENTRANCE_CHUNK, &scratch, &part);
		if (rc == 0)
			rc = part.n ? take(ctx, part) : -EIO;
		offset += part.n;
	}
	return rc;
}

int direct_read(
	struct entrance *e, const char *path, entrance_take *take, void *ctx)
{
	PLACE_AUTO(p);
	RENDERING_AUTO(r);
	struct attr attr;
	int rc = walk(e, path, &p);

	if (rc == 0)
		rc = tree_stat(e->tree, p, &e->who, &attr);
	if (rc == 0 && attr.live)
		return read_live(e, p, take, ctx);
	if (rc == 0)
		rc = tree_render(e->tree, p, &e->who, &r);
	if (rc == 0 && r)
		rc = read_rendering(r, take, ctx);
	return rc;
}

/* ---- listing ---- */

static int show(struct entrance *e, const struct place *p, struct slice name,
	entrance_visit *visit, void *ctx)
{
	BUF_AUTO(link);
	struct attr attr;
	int rc = tree_stat(e->tree, p, &e->who, &attr);

	if (rc == 0 && S_ISLNK(attr.mode))
		rc = tree_link(e->tree, p, &e->who, &link);
	if (rc < 0)
		return rc;
	visit(ctx, &(struct shown){
			   .name = name,
			   .link = slice_of(link.p, link.n),
			   .mode = attr.mode,
			   .uid = attr.uid,
			   .size = attr.size,
			   .mtime = attr.mtime,
		   });
	return 0;
}

/* A listing in pieces: what is asked about an entry must not be asked while the tree is
 * still listing. */
struct piece {
	struct buf names; /* each: type u32, length u32, bytes */
	uint64_t cookie;
};

static int note_entry(
	void *ctx, struct slice name, mode_t type, uint64_t inode, uint64_t cookie)
{
	struct piece *piece = ctx;

	(void)inode;
	buf_u32(&piece->names, type);
	buf_u32(&piece->names, (uint32_t)name.n);
	buf_slice(&piece->names, name);
	piece->cookie = cookie;
	return piece->names.n >= ENTRANCE_CHUNK;
}

static int show_entry(struct entrance *e, const struct place *dir, struct shown *s,
	bool details, entrance_visit *visit, void *ctx)
{
	PLACE_AUTO(p);
	int rc;

	if (!details) {
		visit(ctx, s);
		return 0;
	}
	rc = tree_find(e->tree, dir, s->name, &e->who, &p);
	if (rc == 0)
		rc = show(e, p, s->name, visit, ctx);
	return rc == -ENOENT ? 0 : rc; /* gone meanwhile */
}

static int show_piece(struct entrance *e, const struct place *dir,
	const struct piece *piece, bool details, entrance_visit *visit, void *ctx)
{
	int rc = piece->names.failed ? -ENOMEM : 0;

	for (size_t at = 0; rc == 0 && at < piece->names.n;) {
		const uint8_t *p = piece->names.p + at;
		struct shown s = {
			.mode = u32_at(p), .name = {p + 8, u32_at(p + 4)}};

		at += 8 + s.name.n;
		rc = show_entry(e, dir, &s, details, visit, ctx);
	}
	return rc;
}

static int list_dir(struct entrance *e, const struct place *dir, bool details,
	entrance_visit *visit, void *ctx)
{
	struct piece piece = {0};
	int rc;

	do {
		buf_reset(&piece.names);
		rc = tree_list(
			e->tree, dir, &e->who, piece.cookie, note_entry, &piece);
		if (rc == 0)
			rc = show_piece(e, dir, &piece, details, visit, ctx);
	} while (rc == 0 && piece.names.n > 0);
	buf_free(&piece.names);
	return rc;
}

int direct_list(struct entrance *e, const char *path, bool details,
	entrance_visit *visit, void *ctx)
{
	PLACE_AUTO(p);
	struct attr attr = {0};
	int rc = walk(e, path, &p);

	if (rc == 0)
		rc = tree_stat(e->tree, p, &e->who, &attr);
	if (rc < 0)
		return rc;
	return S_ISDIR(attr.mode) ? list_dir(e, p, details, visit, ctx)
				  : show(e, p, slice_str(path), visit, ctx);
}

/* ---- writing ---- */

/* The directory of a path, and the name in it. */
static int walk_dir(struct entrance *e, const char *path, struct place **dir,
	struct slice *name)
{
	const char *slash = strrchr(path, '/');
	char parent[ENTRANCE_PATH_MAX] = "";
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (n >= sizeof(parent))
		return -ENAMETOOLONG;
	memcpy(parent, path, n);
	*name = slice_str(slash ? slash + 1 : path);
	return name->n > 0 ? walk(e, parent, dir) : -EISDIR;
}

int direct_mkdir(struct entrance *e, const char *path)
{
	PLACE_AUTO(dir);
	PLACE_AUTO(p);
	struct slice name;
	int rc = walk_dir(e, path, &dir, &name);

	return rc < 0 ? rc : tree_mkdir(e->tree, dir, name, &e->who, &p);
}

/* A sink answers in the committer's thread; a command has nothing else to do. */
struct answer {
	sem_t ready;
	int error;
};

static void take_answer(void *ctx, int error)
{
	struct answer *a = ctx;

	a->error = error;
	(void)sem_post(&a->ready);
}

static int await(struct answer *a)
{
	while (sem_wait(&a->ready) < 0 && errno == EINTR)
		;
	return a->error;
}

static int write_sink(
	struct entrance *e, struct sink *s, entrance_give *give, void *ctx)
{
	BUF_AUTO(chunk);
	struct answer a = {0};
	int rc;

	(void)sem_init(&a.ready, 0, 0);
	do {
		struct slice bytes = {0};

		buf_reset(&chunk);
		rc = give(ctx, &chunk);
		if (rc == 0)
			rc = buf_view(&chunk, &bytes);
		if (rc == 0 && bytes.n > 0) {
			sink_write(s, bytes, 0, take_answer, &a);
			rc = await(&a);
		}
	} while (rc == 0 && chunk.n > 0);
	if (rc == 0) {
		sink_flush(s, &e->who, 0, take_answer, &a);
		rc = await(&a);
	}
	(void)sem_destroy(&a.ready);
	return rc;
}

int direct_write(
	struct entrance *e, const char *path, entrance_give *give, void *ctx)
{
	PLACE_AUTO(dir);
	PLACE_AUTO(p);
	struct sink *s = NULL;
	struct slice name;
	int rc = walk_dir(e, path, &dir, &name);

	if (rc == 0)
		rc = tree_create(e->tree, dir, name, &e->who, false, &p);
	if (rc == 0)
		rc = tree_open_sink(e->tree, p, &e->who, true, &s);
	if (rc < 0)
		return rc;
	rc = write_sink(e, s, give, ctx);
	sink_close(s);
	return rc;
}

/* Finding a place by its name, and what is in it. The rows of the table know what is special;
 * here is what all have in common. */
#include "fs/tree.h"

#include <errno.h>
#include <stdlib.h>

#include "fs/kind.h"
#include "fs/rendering.h"
#include "fs/scroll.h"

int tree_new(const struct tree_options *o, struct tree **out)
{
	struct tree *t = malloc(sizeof(*t));
	int rc;

	if (!t)
		return -ENOMEM;
	*t = (struct tree){
		.store = o->store,
		.inbox = o->inbox,
		.owner = o->owner,
		.group = o->group,
		.root = {.kind = &kind_root, .inode = INODE_ROOT},
	};
	rc = renderings_new(o->cache_bytes, &t->kept);
	if (rc == 0)
		rc = scrolls_new(&t->scrolls);
	if (rc < 0) {
		tree_free(t);
		return rc;
	}
	*out = t;
	return 0;
}

void tree_free(struct tree *t)
{
	if (!t)
		return;
	renderings_free(t->kept);
	scrolls_free(t->scrolls);
	free(t);
}

struct place *tree_root(struct tree *t)
{
	return &t->root;
}

void request_end(struct request *rq)
{
	request_drop(rq);
}

int request_snap(struct request *rq)
{
	int rc;

	if (rq->snap)
		return 0;
	rc = store_snap(rq->tree->store, &rq->snap);
	if (rc == 0)
		snap_see(rq->snap, rq->context);
	return rc;
}

void request_about(struct request *rq, const struct place *p)
{
	rq->context = p->context.cuts ? &p->context : NULL;
	if (rq->snap)
		snap_see(rq->snap, rq->context);
}

void request_drop(struct request *rq)
{
	if (rq->snap)
		snap_end(&rq->snap);
}

static bool is_dir(const struct place *p)
{
	return S_ISDIR(p->kind->mode);
}

int request_allowed(struct request *rq, const struct place *p)
{
	request_about(rq, p);
	return p->kind->allow ? p->kind->allow(rq, p) : 0;
}

/* ---- finding ---- */

/* Has dir this row at all? A context shows the graph, and takes nothing. */
static bool has_row(const struct place *dir, const struct kind *row)
{
	return !dir->context.cuts ||
	       !(row->outside || (row->taking && row->taking->target));
}

/* Is p, an entry of dir, there? If not, it is dir that is asked about again: p ends. */
static int exists(
	struct request *rq, const struct place *dir, const struct place *p)
{
	int rc;

	request_about(rq, p);
	rc = p->kind->exists ? p->kind->exists(rq, p) : 0;
	if (rc < 0)
		request_about(rq, dir);
	return rc;
}

/* The child that this row has under this name, or -ENOENT. */
static int find_in_row(struct request *rq, const struct place *dir,
	const struct kind *row, struct slice name, struct place **out)
{
	BUF_AUTO(scratch);
	PLACE_AUTO(p);
	struct place like = *dir;
	int rc = 0;

	if (row->name ? !slice_is(name, row->name) : !row->find)
		return -ENOENT;
	if (!has_row(dir, row))
		return -ENOENT;
	like.kind = row;
	request_about(rq, dir);
	if (row->find)
		rc = row->find(rq, dir, name, &scratch, &like);
	if (rc < 0)
		return rc;
	rc = scratch.failed ? -ENOMEM : place_new(dir, name, &like, &p);
	if (rc < 0)
		return rc;
	rc = exists(rq, dir, p);
	if (rc < 0)
		return rc;
	*out = p;
	p = NULL; /* handed over */
	return 0;
}

int request_find(struct request *rq, const struct place *dir, struct slice name,
	struct place **out)
{
	int rc;

	if (!is_dir(dir))
		return -ENOTDIR;
	if (name.n > PLACE_NAME_MAX)
		return -ENAMETOOLONG;
	rc = request_allowed(rq, dir);
	if (rc < 0)
		return rc;
	for (const struct kind *row = dir->kind->entries; row->mode; row++) {
		rc = find_in_row(rq, dir, row, name, out);
		if (rc != -ENOENT)
			return rc;
	}
	return -ENOENT;
}

int tree_find(struct tree *t, const struct place *dir, struct slice name,
	const struct caller *who, struct place **out)
{
	REQUEST_AUTO(rq, t, who);

	return errno_of(request_find(&rq, dir, name, out));
}

/* The first name of the rest of a path, cut off from it; empty at the end. */
static struct slice next_name(struct slice *path)
{
	size_t from = 0, to;
	struct slice name;

	while (from < path->n && path->p[from] == '/')
		from++;
	for (to = from; to < path->n && path->p[to] != '/';)
		to++;
	name = slice_sub(*path, from, to - from);
	*path = slice_sub(*path, to, path->n);
	return name;
}

int tree_walk(struct tree *t, struct slice path, const struct caller *who,
	struct place **out)
{
	REQUEST_AUTO(rq, t, who);
	PLACE_AUTO(at);
	int rc = place_copy(&t->root, &at);

	for (;;) {
		struct slice name = next_name(&path);
		struct place *child;

		if (rc < 0)
			return errno_of(rc);
		if (name.n == 0)
			break;
		rc = request_find(&rq, at, name, &child);
		if (rc == 0) {
			place_free(at);
			at = child;
		}
	}
	*out = at;
	at = NULL; /* handed over */
	return 0;
}

/* ---- listing ---- */

struct listing {
	const struct place *dir;
	entry_visit *visit;
	void *ctx;
	uint64_t base; /* of the cookies of this row */
	bool full;
};

int listing_add(struct listing *l, struct slice name, mode_t type, uint64_t cookie)
{
	uint64_t inode = place_child_inode(l->dir, name);

	l->full =
		l->visit(l->ctx, name, type & S_IFMT, inode, l->base + cookie) != 0;
	return l->full;
}

static int list_named(struct request *rq, const struct kind *row, struct listing *l)
{
	PLACE_AUTO(p);
	int rc = find_in_row(rq, l->dir, row, slice_str(row->name), &p);

	request_about(rq, l->dir); /* p ends here */
	if (rc == 0)
		(void)listing_add(l, slice_str(row->name), row->mode, 0);
	return rc == -ENOENT ? 0 : rc;
}

/* The entries of row number i that come behind `after`. */
static int list_row(struct request *rq, const struct kind *row, uint64_t i,
	uint64_t after, struct listing *l)
{
	uint64_t room = row->endless ? UINT64_MAX - ENDLESS_COOKIES : ROW_COOKIES;

	if (row->unlisted || !has_row(l->dir, row))
		return 0;
	l->base = row->endless ? ENDLESS_COOKIES : (i + 1) * ROW_COOKIES;
	if (row->name)
		return after >= l->base ? 0 : list_named(rq, row, l);
	after = after > l->base ? after - l->base : 0;
	request_about(rq, l->dir);
	return row->list && after < room ? row->list(rq, l->dir, after, l) : 0;
}

int tree_list(struct tree *t, const struct place *p, const struct caller *who,
	uint64_t after, entry_visit *visit, void *ctx)
{
	REQUEST_AUTO(rq, t, who);
	struct listing l = {.dir = p, .visit = visit, .ctx = ctx};
	int rc;

	if (!is_dir(p))
		return -ENOTDIR;
	rc = request_allowed(&rq, p);
	for (uint64_t i = 0; rc == 0 && !l.full && p->kind->entries[i].mode; i++)
		rc = list_row(&rq, &p->kind->entries[i], i, after, &l);
	return errno_of(rc);
}

/* Looking: finding a place by its name, what it is like, what it says, what is in it. The
 * rows of the table know what is special; here is what all have in common. */
#include "fs/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/bytes.h"
#include "fs/kind.h"
#include "fs/rendering.h"

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
	if (rc < 0) {
		free(t);
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
	free(t);
}

struct place *tree_root(struct tree *t)
{
	return &t->root;
}

void request_end(struct request *rq)
{
	if (rq->snap)
		snap_end(&rq->snap);
}

int request_snap(struct request *rq)
{
	return rq->snap ? 0 : store_snap(rq->tree->store, &rq->snap);
}

/* What the layers below say in words of their own, a program has never heard of. */
static int answer(int rc)
{
	return rc == -EBADMSG || rc == -ENOTUNIQ ? -EIO : rc;
}

static bool is_dir(const struct place *p)
{
	return S_ISDIR(p->kind->mode);
}

static int allowed(struct request *rq, const struct place *p)
{
	return p->kind->allow ? p->kind->allow(rq, p) : 0;
}

/* ---- finding ---- */

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
	like.kind = row;
	if (row->find)
		rc = row->find(rq, dir, name, &scratch, &like);
	if (rc == 0)
		rc = scratch.failed ? -ENOMEM : place_new(dir, name, &like, &p);
	if (rc == 0 && row->exists)
		rc = row->exists(rq, p);
	if (rc < 0)
		return rc;
	*out = p;
	p = NULL; /* handed over */
	return 0;
}

static int find(struct request *rq, const struct place *dir, struct slice name,
	struct place **out)
{
	int rc;

	if (!is_dir(dir))
		return -ENOTDIR;
	if (name.n > PLACE_NAME_MAX)
		return -ENAMETOOLONG;
	rc = allowed(rq, dir);
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

	return answer(find(&rq, dir, name, out));
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
			return answer(rc);
		if (name.n == 0)
			break;
		rc = find(&rq, at, name, &child);
		if (rc == 0) {
			place_free(at);
			at = child;
		}
	}
	*out = at;
	at = NULL; /* handed over */
	return 0;
}

/* ---- attributes and content ---- */

/* The attributes; the size only where it need not be rendered. */
static int look(struct request *rq, const struct place *p, struct attr *out)
{
	const struct kind *k = p->kind;
	struct snap_totals totals;
	struct attr attr = {
		.mode = k->mode,
		.uid = rq->tree->owner,
		.gid = rq->tree->group,
		.inode = p->inode,
		.links = 1, /* to fts(3), 2 would mean: no directory in here */
		.live = k->read,
		.stream = k->taking && k->taking->target,
	};
	int rc = request_snap(rq);

	if (rc < 0)
		return rc;
	snap_totals(rq->snap, &totals);
	attr.mtime = totals.received_at;
	if (k->stat) {
		rc = k->stat(rq, p, &attr);
		if (rc < 0)
			return rc;
	}
	*out = attr;
	return 0;
}

static uint64_t version_of(struct slice content)
{
	struct id id = id_of(content);

	return u64_at(id.b);
}

/* May what was rendered be kept? A stream's bytes are those who wrote them forget. */
static bool keeps(const struct attr *attr)
{
	return attr->version && !attr->stream;
}

static int render_anew(struct request *rq, const struct place *p, struct attr attr,
	const struct rendering **out)
{
	BUF_AUTO(content);
	RENDERING_AUTO(r);
	bool keep = keeps(&attr);
	struct slice bytes = {0};
	int rc = 0;

	if (p->kind->render)
		rc = p->kind->render(rq, p, &attr, &content);
	if (rc == 0)
		rc = buf_view(&content, &bytes);
	if (rc < 0)
		return rc;
	if (!attr.version)
		attr.version = version_of(bytes);
	rc = rendering_new(p->path, &attr, bytes, &r);
	if (rc < 0)
		return rc;
	if (keep)
		renderings_keep(rq->tree->kept, r);
	*out = r;
	r = NULL; /* handed over */
	return 0;
}

int request_render(
	struct request *rq, const struct place *p, const struct rendering **out)
{
	struct attr attr;
	int rc = look(rq, p, &attr);

	if (rc < 0)
		return rc;
	if (keeps(&attr)) {
		*out = renderings_find(rq->tree->kept, p->path, &attr);
		if (*out)
			return 0;
	}
	return render_anew(rq, p, attr, out);
}

int tree_render(struct tree *t, const struct place *p, const struct caller *who,
	const struct rendering **out)
{
	REQUEST_AUTO(rq, t, who);
	int rc;

	if (is_dir(p))
		return -EISDIR;
	if (!S_ISREG(p->kind->mode) || p->kind->read)
		return -EINVAL;
	rc = allowed(&rq, p);
	return answer(rc < 0 ? rc : request_render(&rq, p, out));
}

static int stat_link(struct request *rq, const struct place *p, struct attr *attr)
{
	BUF_AUTO(link);
	int rc = p->kind->link(rq, p, &link);

	attr->size = link.n;
	return rc < 0 ? rc : link.failed ? -ENOMEM : 0;
}

static int stat_place(struct request *rq, const struct place *p, struct attr *attr)
{
	RENDERING_AUTO(r);
	int rc = look(rq, p, attr);

	if (rc < 0)
		return rc;
	if (S_ISLNK(attr->mode))
		return stat_link(rq, p, attr);
	if (!S_ISREG(attr->mode) || attr->live || attr->stream)
		return 0;
	if (keeps(attr) &&
		renderings_size(rq->tree->kept, p->path, attr, &attr->size))
		return 0;
	rc = render_anew(rq, p, *attr, &r);
	if (rc == 0)
		*attr = r->attr;
	return rc;
}

int tree_stat(struct tree *t, const struct place *p, const struct caller *who,
	struct attr *out)
{
	REQUEST_AUTO(rq, t, who);
	struct attr attr;
	int rc = stat_place(&rq, p, &attr);

	if (rc == 0)
		*out = attr;
	return answer(rc);
}

int tree_read_live(struct tree *t, const struct place *p, uint64_t offset, size_t n,
	struct buf *out)
{
	REQUEST_AUTO(rq, t, NULL);

	return p->kind->read ? answer(p->kind->read(&rq, p, offset, n, out))
			     : -EINVAL;
}

int tree_link(struct tree *t, const struct place *p, const struct caller *who,
	struct buf *out)
{
	REQUEST_AUTO(rq, t, who);

	return p->kind->link ? answer(p->kind->link(&rq, p, out)) : -EINVAL;
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

	if (rc == 0)
		(void)listing_add(l, slice_str(row->name), row->mode, 0);
	return rc == -ENOENT ? 0 : rc;
}

/* The entries of row number i that come behind `after`. */
static int list_row(struct request *rq, const struct kind *row, uint64_t i,
	uint64_t after, struct listing *l)
{
	uint64_t room = row->endless ? UINT64_MAX - ENDLESS_COOKIES : ROW_COOKIES;

	l->base = row->endless ? ENDLESS_COOKIES : (i + 1) * ROW_COOKIES;
	if (row->name)
		return after >= l->base ? 0 : list_named(rq, row, l);
	after = after > l->base ? after - l->base : 0;
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
	rc = allowed(&rq, p);
	for (uint64_t i = 0; rc == 0 && !l.full && p->kind->entries[i].mode; i++)
		rc = list_row(&rq, &p->kind->entries[i], i, after, &l);
	return answer(rc);
}

/* Names and attributes.
 *
 * How long the kernel may believe us:
 *	what lasts until   names and attributes for a day: it is told when they change
 *	it is told, or     (fs/fuse_told.c); but not what was looked at before a change that
 *	for ever           it has been told of meanwhile
 *	other directories  names for a day: they never disappear but by an rmdir, which the
 *	                   kernel sees; attributes for a second
 *	other files        the name not at all, so that every open finds the newest version;
 *	                   the attributes for a day, since those of a version never change
 *	directories that   the name not at all: conflicts/<S>, assertions/<prefix>
 *	may cease to be
 *	inbox names,       the name not at all; attributes for a second: the kernel drops
 *	assert, vote       them by itself after each write
 *	links, live files  not at all
 *	missing names      not at all, but a minute for dot-names: programs probe every
 *	                   directory for .git, .gitignore, .ignore
 *
 * A lookup's answer about a directory that changes is believed for a second only: the kernel
 * cannot be told of a directory that it does not know yet. What it asks about one that it
 * knows it does not believe when it was told in between. */
#include <errno.h>
#include <unistd.h>

#include "fs/fuse_impl.h"

enum {
	BLOCK_OF_STREAMS = 1 << 20,
};

static const double A_DAY = 86400, A_MINUTE = 60, A_SECOND = 1;

/* How long the kernel may believe what it was told, in seconds. */
struct trust {
	double entry;
	double attr;
};

static struct trust trust_in(
	const struct node *dir, const struct node *n, const struct attr *a)
{
	struct trust t = {0};

	if (S_ISDIR(a->mode)) {
		t.entry = dir->inbox || a->fleeting ? 0 : A_DAY;
		t.attr = a->lasting == LASTS_EVER ? A_DAY : A_SECOND;
		/* of what is not current nothing is told */
		if (a->lasting == LASTS_TOLD && !atomic_load(&n->current))
			t.attr = 0;
	} else if (S_ISREG(a->mode) && !a->live) {
		t.entry = atomic_load(&n->current) ? A_DAY : 0;
		t.attr = a->stream ? A_SECOND : A_DAY;
	}
	return t;
}

void fill_stat(const struct attr *a, struct stat *out)
{
	struct timespec t = {
		.tv_sec = (time_t)(a->mtime / 1000000000),
		.tv_nsec = (long)(a->mtime % 1000000000),
	};

	*out = (struct stat){
		.st_ino = a->inode,
		.st_mode = a->mode,
		.st_nlink = a->links,
		.st_uid = a->uid,
		.st_gid = a->gid,
		.st_size = (off_t)a->size,
		/* what copies write at once: a commit for each */
		.st_blksize = a->stream ? BLOCK_OF_STREAMS : 4096,
		.st_blocks =
			(blkcnt_t)((a->size + 511) / 512), /* else du shows 0 */
		.st_atim = t,
		.st_mtim = t,
		.st_ctim = t,
	};
}

static void look_end(struct look *l)
{
	rendering_put(l->content);
}

/* Is it held for the open that follows, and not kept with its node? */
static bool is_held(struct door *d, const struct attr *a, const struct caller *who)
{
	return a->lasting == LASTS_UNKNOWN || held_is_late(d->held, who, a->inode);
}

/* Is the content wanted for the open that may follow? */
static bool wants_content(
	struct door *d, const struct attr *a, const struct caller *who)
{
	if (!S_ISREG(a->mode) || a->live || a->stream)
		return false;
	if (a->lasting != LASTS_UNKNOWN && a->size <= NODE_CONTENT_MAX)
		return true;
	return is_held(d, a, who) && held_wants(d->held, who, a->inode, a->size);
}

/* The content, where it is wanted; else what there is of it is put. */
static void add_content(struct door *d, const struct place *p,
	const struct caller *who, struct look *l)
{
	if (!wants_content(d, &l->attr, who)) {
		rendering_put(l->content);
		l->content = NULL;
	} else if (l->content || tree_render(d->tree, p, who, &l->content) == 0) {
		l->attr = l->content->attr; /* a version newer, maybe */
	}
}

/* The kernel's entry for a place that was looked at. Takes the place. */
static int make_entry(struct door *d, const struct node *dir, struct place *p,
	const struct caller *who, struct look *l, struct found *out)
{
	struct trust trust;
	int r;

	add_content(d, p, who, l);
	r = nodes_add(d->nodes, dir, p, l, &out->node);
	if (r < 0)
		return r;
	if (l->content && is_held(d, &l->attr, who))
		held_put(d->held, who, rendering_ref(l->content));
	trust = trust_in(dir, out->node, &l->attr);
	out->e = (struct fuse_entry_param){
		.ino = nodes_id(d->nodes, out->node),
		.entry_timeout = trust.entry,
		.attr_timeout = trust.attr,
	};
	fill_stat(&l->attr, &out->e.attr);
	return 0;
}

int entry_look_up(struct door *d, const struct node *dir, const char *name,
	const struct caller *who, struct found *out)
{
	__attribute__((cleanup(look_end))) struct look l = {
		.moment = nodes_moment(d->nodes)};
	struct place *p = NULL;
	int r = tree_lookup(
		d->tree, dir->place, slice_str(name), who, &p, &l.attr, &l.content);

	return r < 0 ? r : make_entry(d, dir, p, who, &l, out);
}

int entry_make(struct door *d, const struct node *dir, struct place *p,
	const struct caller *who, struct found *out)
{
	__attribute__((cleanup(look_end))) struct look l = {
		.moment = nodes_moment(d->nodes)};
	int r = tree_look(d->tree, p, who, &l.attr, &l.content);

	if (r < 0) {
		place_free(p);
		return r;
	}
	return make_entry(d, dir, p, who, &l, out);
}

void entry_reply(fuse_req_t req, const struct found *e)
{
	struct door *d = door_of(req);

	if (fuse_reply_entry(req, &e->e) < 0)
		nodes_forget(d->nodes, e->node, 1);
}

/* "No such name", with how long that holds. */
static void reply_missing(fuse_req_t req, const struct node *dir, const char *name,
	const struct caller *who)
{
	struct door *d = door_of(req);
	struct fuse_entry_param e = {.entry_timeout = A_MINUTE};

	held_missing(d->held, who);
	if (name[0] == '.' && !dir->inbox)
		(void)fuse_reply_entry(req, &e);
	else
		(void)fuse_reply_err(req, ENOENT);
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct door *d = door_of(req);
	const struct node *dir = nodes_at(d->nodes, parent);
	struct caller who = caller_of(req);
	struct found e;
	int r = entry_look_up(d, dir, name, &who, &e);

	if (r == 0)
		entry_reply(req, &e);
	else if (r == -ENOENT)
		reply_missing(req, dir, name, &who);
	else
		reply_error(req, r);
}

void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	struct door *d = door_of(req);

	nodes_forget(d->nodes, nodes_at(d->nodes, ino), count);
	fuse_reply_none(req);
}

void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct door *d = door_of(req);

	for (size_t i = 0; i < count; i++)
		nodes_forget(d->nodes, nodes_at(d->nodes, forgets[i].ino),
			forgets[i].nlookup);
	fuse_reply_none(req);
}

int node_stat(struct door *d, const struct node *n, const struct caller *who,
	struct attr *out)
{
	int r = 0;

	if (node_fixed(n))
		*out = n->attr;
	else
		r = tree_stat(d->tree, n->place, who, out);
	if (r == -ENOENT && S_ISREG(n->attr.mode)) {
		/* Removed or renamed, and still open: as on any filesystem. */
		*out = n->attr;
		out->links = 0;
		r = 0;
	}
	return r;
}

static void reply_attr(fuse_req_t req, struct node *n)
{
	struct door *d = door_of(req);
	struct caller who = caller_of(req);
	uint64_t moment = nodes_moment(d->nodes);
	double trust;
	struct stat st;
	struct attr a;
	int r = node_stat(d, n, &who, &a);

	if (r < 0) {
		reply_error(req, r);
		return;
	}
	trust = trust_in(n, n, &a).attr;
	if (S_ISDIR(a.mode) && a.lasting == LASTS_TOLD)
		trust = nodes_renew(d->nodes, n, moment) ? A_DAY : 0;
	fill_stat(&a, &st);
	(void)fuse_reply_attr(req, &st, trust);
}

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct door *d = door_of(req);
	struct node *n = nodes_at(d->nodes, ino);
	const struct handle *h = fi ? handle_of(fi) : NULL;
	struct stat st;

	/* A reader whose file changed between lookup and open has the newer bytes. */
	if (h && h->reading && !h->sink) {
		fill_stat(&h->reading->attr, &st);
		(void)fuse_reply_attr(req, &st, 0);
		return;
	}
	reply_attr(req, n);
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int which,
	struct fuse_file_info *fi)
{
	struct door *d = door_of(req);
	struct node *n = nodes_at(d->nodes, ino);
	struct caller who = caller_of(req);
	int r = 0;

	(void)fi;
	if (which & FUSE_SET_ATTR_SIZE)
		r = tree_truncate(d->tree, n->place, &who, (uint64_t)st->st_size);
	else
		r = tree_set_attr(d->tree, n->place, &who);
	if (r < 0)
		reply_error(req, r);
	else
		reply_attr(req, n);
}

void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct door *d = door_of(req);
	struct caller who = caller_of(req);
	struct slice text = {0};
	BUF_AUTO(b);
	int r = tree_link(d->tree, nodes_at(d->nodes, ino)->place, &who, &b);

	buf_byte(&b, 0);
	if (r == 0)
		r = buf_view(&b, &text);
	if (r < 0)
		reply_error(req, r);
	else
		(void)fuse_reply_readlink(req, (const char *)text.p);
}

void op_access(fuse_req_t req, fuse_ino_t ino, int mask)
{
	struct door *d = door_of(req);
	struct caller who = caller_of(req);

	reply_error(req,
		tree_access(d->tree, nodes_at(d->nodes, ino)->place, &who, mask));
}

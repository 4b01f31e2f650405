/* Listing directories, and changing them.
 *
 * Nothing of a listing is kept between requests: an offset is the tree's cookie, from
 * which the listing goes on however it has changed. Offsets 1 and 2 stand behind "." and
 * "..", so a cookie is moved up by two.
 *
 * READDIRPLUS may carry attributes, and then saves a lookup per entry. Those of a file
 * cost a rendering, so they are given for directories alone; the kernel looks up the rest
 * when somebody asks. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "fs/fuse_impl.h"

enum {
	AFTER_DOT = 1,
	AFTER_DOTS = 2,
	ENTRY_NAME_MAX = 255, /* what a file name can have */
};

/* One entry, kept while the tree is being listed. */
struct listed {
	uint64_t inode;
	uint64_t cookie;
	mode_t type;
	char name[ENTRY_NAME_MAX + 1];
};

struct reply {
	fuse_req_t req;
	char *bytes;
	size_t n, size;
	/* READDIRPLUS: what the tree listed; looked up when it has finished, since it may
	 * hold a lock now. */
	struct listed *entries;
	size_t count, capacity;
};

static void reply_free(struct reply *r)
{
	free(r->bytes);
	free(r->entries);
}

static bool is_plus(const struct reply *r)
{
	return r->entries != NULL;
}

/* What there is of it is freed by the caller, also when memory ran out. */
static int reply_new(fuse_req_t req, size_t size, bool plus, struct reply *out)
{
	*out = (struct reply){.req = req, .size = size, .bytes = malloc(size)};
	if (plus) {
		/* No more than would fit with the shortest names. */
		out->capacity =
			size / fuse_add_direntry_plus(req, NULL, 0, "", NULL, 0) +
			1;
		out->entries = calloc(out->capacity, sizeof(struct listed));
	}
	return out->bytes && (!plus || out->entries) ? 0 : -ENOMEM;
}

/* Add an entry; false when there is no more room. e has ino 0 where no lookup counts. */
static bool reply_add(struct reply *r, const char *name,
	const struct fuse_entry_param *e, uint64_t offset)
{
	char *to = r->bytes + r->n;
	size_t room = r->size - r->n, n;

	if (is_plus(r))
		n = fuse_add_direntry_plus(
			r->req, to, room, name, e, (off_t)offset);
	else
		n = fuse_add_direntry(
			r->req, to, room, name, &e->attr, (off_t)offset);
	if (n > room)
		return false;
	r->n += n;
	return true;
}

static struct fuse_entry_param bare_entry(uint64_t inode, mode_t type)
{
	return (struct fuse_entry_param){
		.attr = {.st_ino = inode, .st_mode = type}};
}

/* Room is for ENTRY_NAME_MAX. */
static void slice_text(struct slice name, char *text)
{
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
}

static int take_entry(
	void *ctx, struct slice name, mode_t type, uint64_t inode, uint64_t cookie)
{
	struct reply *r = ctx;
	struct fuse_entry_param e = bare_entry(inode, type & S_IFMT);
	char text[ENTRY_NAME_MAX + 1];
	struct listed *l;

	if (name.n > ENTRY_NAME_MAX || cookie > (uint64_t)INT64_MAX - AFTER_DOTS)
		return 0; /* no program could open it */
	if (!is_plus(r)) {
		slice_text(name, text);
		return reply_add(r, text, &e, cookie + AFTER_DOTS) ? 0 : 1;
	}
	l = &r->entries[r->count++];
	*l = (struct listed){
		.inode = inode, .cookie = cookie, .type = type & S_IFMT};
	slice_text(name, l->name);
	return r->count == r->capacity;
}

/* Add an entry with its attributes, where they cost nothing. */
static bool add_looked_up(struct reply *r, struct door *d, const struct node *dir,
	const struct caller *who, const struct listed *l)
{
	uint64_t offset = l->cookie + AFTER_DOTS;
	struct fuse_entry_param bare = bare_entry(l->inode, l->type);
	struct found e;

	if (!S_ISDIR(l->type) || entry_look_up(d, dir, l->name, who, &e) < 0)
		return reply_add(r, l->name, &bare, offset);
	/* Entries that the kernel may not keep would be dropped at once. */
	if (e.e.entry_timeout > 0 && reply_add(r, l->name, &e.e, offset))
		return true;
	nodes_forget(d->nodes, e.node, 1);
	return reply_add(r, l->name, &bare, offset);
}

static int fill(
	struct reply *r, struct door *d, const struct node *dir, uint64_t offset)
{
	struct caller who = caller_of(r->req);
	struct fuse_entry_param self = bare_entry(dir->attr.inode, S_IFDIR);
	struct fuse_entry_param root = bare_entry(NODE_ROOT, S_IFDIR);
	int error;

	if (offset < AFTER_DOT && !reply_add(r, ".", &self, AFTER_DOT))
		return -EINVAL;
	if (offset < AFTER_DOTS && !reply_add(r, "..", &root, AFTER_DOTS))
		return 0;
	offset = offset > AFTER_DOTS ? offset - AFTER_DOTS : 0;
	error = tree_list(d->tree, dir->place, &who, offset, take_entry, r);
	for (size_t i = 0; i < r->count; i++)
		if (!add_looked_up(r, d, dir, &who, &r->entries[i]))
			break;
	/* What was listed before an error is true; the error comes with the next call. */
	return error < 0 && r->n == 0 ? error : 0;
}

static void read_directory(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, bool plus)
{
	struct door *d = door_of(req);
	__attribute__((cleanup(reply_free))) struct reply reply = {0};
	int r = reply_new(req, size, plus, &reply);

	if (r == 0)
		r = fill(&reply, d, nodes_at(d->nodes, ino), (uint64_t)offset);
	if (r < 0)
		reply_error(req, r);
	else
		(void)fuse_reply_buf(req, reply.bytes, reply.n);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
	struct fuse_file_info *fi)
{
	(void)fi;
	read_directory(req, ino, size, offset, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
	struct fuse_file_info *fi)
{
	(void)fi;
	read_directory(req, ino, size, offset, true);
}

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct door *d = door_of(req);
	struct caller who = caller_of(req);
	int r = tree_access(d->tree, nodes_at(d->nodes, ino)->place, &who, R_OK);

	if (r < 0)
		reply_error(req, r);
	else
		(void)fuse_reply_open(req, fi);
}

/* ---- changing ---- */

static void reply_made(fuse_req_t req, const struct node *dir, struct place *p,
	const struct caller *who, int r)
{
	struct door *d = door_of(req);
	struct found e;

	if (r == 0)
		r = entry_make(d, dir, p, who, &e);
	if (r < 0) {
		reply_error(req, r);
		return;
	}
	e.e.entry_timeout = 0; /* what was made can be forgotten */
	entry_reply(req, &e);
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	dev_t device)
{
	struct door *d = door_of(req);
	const struct node *dir = nodes_at(d->nodes, parent);
	struct caller who = caller_of(req);
	struct place *p = NULL;
	int r = -EROFS; /* nothing but files can be made */

	(void)device;
	if (S_ISREG(mode))
		r = tree_create(
			d->tree, dir->place, slice_str(name), &who, true, &p);
	reply_made(req, dir, p, &who, r);
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct door *d = door_of(req);
	const struct node *dir = nodes_at(d->nodes, parent);
	struct caller who = caller_of(req);
	struct place *p = NULL;
	int r = tree_mkdir(d->tree, dir->place, slice_str(name), &who, &p);

	(void)mode;
	reply_made(req, dir, p, &who, r);
}

/* The inode number of a name; 0 where there is nothing. */
static uint64_t inode_of(struct door *d, const struct node *dir, const char *name,
	const struct caller *who)
{
	struct place *p = NULL;
	uint64_t inode;

	if (tree_find(d->tree, dir->place, slice_str(name), who, &p) < 0)
		return 0;
	inode = place_inode(p);
	place_free(p);
	return inode;
}

static void remove_name(fuse_req_t req, fuse_ino_t parent, const char *name,
	int (*remove)(struct tree *t, const struct place *dir, struct slice name,
		const struct caller *who))
{
	struct door *d = door_of(req);
	const struct node *dir = nodes_at(d->nodes, parent);
	struct caller who = caller_of(req);
	uint64_t inode = inode_of(d, dir, name, &who);
	int r = remove(d->tree, dir->place, slice_str(name), &who);

	if (r == 0)
		nodes_retire(d->nodes, inode);
	reply_error(req, r);
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_name(req, parent, name, tree_unlink);
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_name(req, parent, name, tree_rmdir);
}

/* A rename that submits is answered when that is durable. */
struct renaming {
	fuse_req_t req;
	struct door *door;
	uint64_t from, to; /* inode numbers */
};

static void rename_done(void *ctx, int error)
{
	struct renaming *w = ctx;
	struct door *d = w->door;

	if (error == 0) {
		nodes_retire(d->nodes, w->from);
		nodes_retire(d->nodes, w->to);
	}
	reply_error(w->req, error);
	free(w);
	door_paid(d);
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
	fuse_ino_t to_parent, const char *to_name, unsigned int flags)
{
	struct door *d = door_of(req);
	const struct node *from = nodes_at(d->nodes, parent);
	const struct node *to = nodes_at(d->nodes, to_parent);
	struct caller who = caller_of(req);
	struct renaming *w;

	if (flags & ~(unsigned)RENAME_NOREPLACE) {
		(void)fuse_reply_err(req, EINVAL);
		return;
	}
	w = malloc(sizeof(*w));
	if (!w) {
		reply_error(req, -ENOMEM);
		return;
	}
	*w = (struct renaming){.req = req, .door = d};
	w->from = inode_of(d, from, name, &who);
	w->to = inode_of(d, to, to_name, &who);
	door_owe(d);
	tree_rename(d->tree, from->place, slice_str(name), to->place,
		slice_str(to_name), (flags & RENAME_NOREPLACE) != 0, &who,
		rename_done, w);
}

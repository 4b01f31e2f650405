/* The door to a tree in which nothing changes.
 *
 * So the kernel may keep whatever it was told, names that are not there included, and need
 * not ask before it opens: open, opendir and flush are answered ENOSYS, once each, and from
 * then on the kernel opens, lists and closes by itself, with all it has kept. What has been
 * read once is read again without a request.
 *
 * There are no handles then: a READ says which node, and the bytes come from what is kept
 * with it or from the kept renderings of the tree. What is too large for these is held here while it is read, since
 * it arrives as many requests. */
#include <errno.h>
#include <stdlib.h>

#include "fs/fuse_impl.h"

enum {
	SLOTS = 8,	   /* large files that are read at the same time */
	LARGE = 128 << 10, /* what one READ asks for: less need not be held */
};

static const double FOR_EVER = 1e9; /* seconds: 31 years */

struct slot {
	fuse_ino_t ino;
	const struct rendering *r;
	uint64_t used;
};

struct frozen {
	pthread_mutex_t lock;
	struct slot slots[SLOTS];
	uint64_t clock; /* counts uses */
};

int frozen_new(struct frozen **out)
{
	struct frozen *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	(void)pthread_mutex_init(&f->lock, NULL);
	*out = f;
	return 0;
}

void frozen_free(struct frozen *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		rendering_put(f->slots[i].r);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
}

/* ---- names and attributes ---- */

/* "No such name": for ever, unless the clock or the caller can make it appear. */
static void reply_missing(fuse_req_t req, const struct node *dir)
{
	struct fuse_entry_param e = {.entry_timeout = FOR_EVER};

	if (tree_closed(dir->place))
		(void)fuse_reply_entry(req, &e);
	else
		(void)fuse_reply_err(req, ENOENT);
}

static void frozen_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct door *d = door_of(req);
	const struct node *dir = nodes_at(d->nodes, parent);
	struct caller who = caller_of(req);
	struct place *p = NULL;
	struct found e;
	bool moves = false;
	int r = tree_find(d->tree, dir->place, slice_str(name), &who, &p);

	if (r == 0) {
		/* The kernel keeps what a link says with its node: the next caller, or
		 * the next second, gets another node. */
		moves = tree_moves(p);
		if (moves)
			nodes_retire(d->nodes, place_inode(p));
		r = entry_make(d, dir, p, &who, &e);
	}
	if (r == 0) {
		e.e.entry_timeout = e.e.attr_timeout = moves ? 0 : FOR_EVER;
		entry_reply(req, &e);
	} else if (r == -ENOENT) {
		reply_missing(req, dir);
	} else {
		reply_error(req, r);
	}
}

static void frozen_getattr(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct door *d = door_of(req);
	const struct node *n = nodes_at(d->nodes, ino);
	struct caller who = caller_of(req);
	struct stat st;
	struct attr a;
	int r = node_stat(d, n, &who, &a);

	(void)fi;
	if (r < 0) {
		reply_error(req, r);
		return;
	}
	fill_stat(&a, &st);
	(void)fuse_reply_attr(req, &st, tree_moves(n->place) ? 0 : FOR_EVER);
}

/* ---- bytes ---- */

/* What is held of a node, with a count of its own; NULL: nothing. */
static const struct rendering *slot_find(struct frozen *f, fuse_ino_t ino)
{
	const struct rendering *r = NULL;

	(void)pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < SLOTS && !r; i++) {
		if (f->slots[i].ino != ino || !f->slots[i].r)
			continue;
		r = rendering_ref(f->slots[i].r);
		f->slots[i].used = ++f->clock;
	}
	(void)pthread_mutex_unlock(&f->lock);
	return r;
}

/* Hold it in the place of what was used longest ago. */
static void slot_fill(struct frozen *f, fuse_ino_t ino, const struct rendering *r)
{
	struct slot *oldest = &f->slots[0];

	(void)pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < SLOTS; i++)
		if (f->slots[i].used < oldest->used)
			oldest = &f->slots[i];
	rendering_put(oldest->r);
	*oldest = (struct slot){
		.ino = ino, .r = rendering_ref(r), .used = ++f->clock};
	(void)pthread_mutex_unlock(&f->lock);
}

/* Its last byte was read: from now on the kernel has it. Or the node is gone, and its
 * number is another's soon. */
static void slot_drop(struct frozen *f, fuse_ino_t ino)
{
	(void)pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < SLOTS; i++) {
		if (f->slots[i].ino != ino)
			continue;
		rendering_put(f->slots[i].r);
		f->slots[i] = (struct slot){0};
	}
	(void)pthread_mutex_unlock(&f->lock);
}

static int content(struct door *d, fuse_ino_t ino, const struct caller *who,
	const struct rendering **out)
{
	const struct node *n = nodes_at(d->nodes, ino);
	int r;

	*out = nodes_content(d->nodes, n);
	if (!*out)
		*out = slot_find(d->frozen, ino);
	if (*out)
		return 0;
	r = tree_render(d->tree, n->place, who, out);
	if (r == 0 && (*out)->attr.size > LARGE)
		slot_fill(d->frozen, ino, *out);
	return r;
}

static void read_feed(
	fuse_req_t req, const struct node *n, size_t size, off_t offset)
{
	struct slice bytes = {0};
	BUF_AUTO(b);
	int r = tree_read_live(
		door_of(req)->tree, n->place, (uint64_t)offset, size, &b);

	if (r == 0)
		r = buf_view(&b, &bytes);
	if (r < 0)
		reply_error(req, r);
	else
		(void)fuse_reply_buf(req, (const char *)bytes.p, bytes.n);
}

static void frozen_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
	struct fuse_file_info *fi)
{
	struct door *d = door_of(req);
	const struct node *n = nodes_at(d->nodes, ino);
	struct caller who = caller_of(req);
	const struct rendering *made;
	struct slice part = {0};
	BUF_AUTO(b);
	int r;

	(void)fi;
	if (n->attr.live) {
		read_feed(req, n, size, offset);
		return;
	}
	r = content(d, ino, &who, &made);
	if (r < 0) {
		reply_error(req, r);
		return;
	}
	r = rendering_read(made, (uint64_t)offset, size, &b, &part);
	if (made->attr.size > LARGE && (uint64_t)offset + part.n == made->attr.size)
		slot_drop(d->frozen, ino);
	if (r < 0)
		reply_error(req, r);
	else
		(void)fuse_reply_buf(req, (const char *)part.p, part.n);
	rendering_put(made);
}

static void frozen_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	slot_drop(door_of(req)->frozen, ino);
	op_forget(req, ino, count);
}

static void frozen_forget_multi(
	fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		slot_drop(door_of(req)->frozen, forgets[i].ino);
	op_forget_multi(req, count, forgets);
}

/* ---- what need not be asked, or cannot be done ---- */

/* The kernel remembers it for the whole mount. */
static void never_ask(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	(void)fuse_reply_err(req, ENOSYS);
}

/* For a mount that somebody else made, and not read-only: without open nothing has
 * stopped a writer before this. */
static void frozen_write(fuse_req_t req, fuse_ino_t ino, const char *bytes,
	size_t size, off_t offset, struct fuse_file_info *fi)
{
	(void)ino;
	(void)bytes;
	(void)size;
	(void)offset;
	(void)fi;
	(void)fuse_reply_err(req, EROFS);
}

static void frozen_create(fuse_req_t req, fuse_ino_t parent, const char *name,
	mode_t mode, struct fuse_file_info *fi)
{
	(void)parent;
	(void)name;
	(void)mode;
	(void)fi;
	(void)fuse_reply_err(req, EROFS);
}

void frozen_greet(struct fuse_conn_info *conn)
{
	/* Links are kept, too (frozen_lookup() says which are not). Without READDIRPLUS:
	 * listings are kept whole, and the attributes as soon as they are asked for. */
	conn->want =
		conn->capable &
		(FUSE_CAP_ASYNC_READ | FUSE_CAP_PARALLEL_DIROPS |
			FUSE_CAP_NO_OPEN_SUPPORT | FUSE_CAP_NO_OPENDIR_SUPPORT |
			FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_EXPLICIT_INVAL_DATA);
}

void frozen_handlers(struct fuse_lowlevel_ops *out)
{
	out->lookup = frozen_lookup;
	out->forget = frozen_forget;
	out->forget_multi = frozen_forget_multi;
	out->getattr = frozen_getattr;
	out->open = never_ask;
	out->opendir = never_ask;
	out->flush = never_ask;
	out->read = frozen_read;
	out->write = frozen_write;
	out->create = frozen_create;
}

/* Creating, writing, flushing.
 *
 * A write is answered when everything it completed is durable, by the thread that made it
 * so. Until then the request is kept here and no thread waits. The bytes in a handler are
 * its worker's buffer, which the next request overwrites: a kept write copies them. */
#include <errno.h>
#include <stdlib.h>

#include "fs/fuse_impl.h"

struct waiting {
	fuse_req_t req;
	struct door *door;
	size_t size;
	char bytes[];
};

static struct waiting *waiting_new(fuse_req_t req, const char *bytes, size_t size)
{
	struct waiting *w = malloc(sizeof(*w) + size);

	if (!w)
		return NULL;
	w->req = req;
	w->door = door_of(req);
	w->size = size;
	if (size)
		memcpy(w->bytes, bytes, size);
	door_owe(w->door);
	return w;
}

static void waiting_end(struct waiting *w)
{
	struct door *d = w->door;

	free(w);
	door_paid(d);
}

static void write_done(void *ctx, int error)
{
	struct waiting *w = ctx;

	if (error == 0)
		(void)fuse_reply_write(w->req, w->size);
	else
		reply_error(w->req, error);
	waiting_end(w);
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size,
	off_t offset, struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);
	struct waiting *w;

	(void)ino;
	(void)offset; /* a stream: an appender's offset says nothing */
	if (!h->sink) {
		(void)fuse_reply_err(req, EBADF);
		return;
	}
	w = waiting_new(req, bytes, size);
	if (!w) {
		reply_error(req, -ENOMEM);
		return;
	}
	sink_write(
		h->sink, slice_of(w->bytes, size), fi->lock_owner, write_done, w);
}

static void flush_done(void *ctx, int error)
{
	struct waiting *w = ctx;

	reply_error(w->req, error);
	waiting_end(w);
}

void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);
	struct caller who = caller_of(req);
	struct waiting *w;

	(void)ino;
	if (!h->sink) {
		(void)fuse_reply_err(req, 0);
		return;
	}
	w = waiting_new(req, NULL, 0);
	if (!w) {
		reply_error(req, -ENOMEM);
		return;
	}
	sink_flush(h->sink, &who, fi->lock_owner, flush_done, w);
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	struct fuse_file_info *fi)
{
	struct door *d = door_of(req);
	const struct node *dir = nodes_at(d->nodes, parent);
	struct caller who = caller_of(req);
	struct place *p = NULL;
	struct found e = {0};
	int r;

	(void)mode; /* names are 0600 whatever was asked */
	r = tree_create(d->tree, dir->place, slice_str(name), &who,
		(fi->flags & O_EXCL) != 0, &p);
	if (r == 0)
		r = entry_make(d, dir, p, &who, &e);
	if (r < 0) {
		reply_error(req, r);
		return;
	}
	r = handle_open(d, e.node, &who, fi);
	if (r < 0) {
		nodes_forget(d->nodes, e.node, 1);
		reply_error(req, r);
		return;
	}
	if (fuse_reply_create(req, &e.e, fi) < 0) {
		handle_free(d, handle_of(fi));
		nodes_forget(d->nodes, e.node, 1);
	}
}

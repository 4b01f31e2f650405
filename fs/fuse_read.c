/* Opening, reading, closing.
 *
 * A reader gets the bytes that its file had when it was opened, until it closes it. Where the
 * node is current (fs/node.h) those are its own, and nobody is asked. Of files that change
 * untold they are what the lookup was answered from (fs/held.h). Else, if a writer
 * came between lookup and open, the kernel is asked to look again; who cannot, since it
 * opens what it has looked up long ago (/proc/self/fd/N), is served the newer bytes past the
 * page cache, so that no wrong byte ever enters the pages of the older node. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/fuse_impl.h"

static int open_reading(struct door *d, const struct node *n,
	const struct caller *who, struct handle *h, struct fuse_file_info *fi)
{
	int r = 0;

	if (n->attr.live) /* grows under the handle: asked for at each read */
		return tree_access(d->tree, n->place, who, R_OK);
	if (n->attr.lasting == LASTS_UNKNOWN ||
		held_is_late(d->held, who, n->attr.inode))
		h->reading = held_take(d->held, who, n->attr.inode, n->version);
	else
		h->reading = nodes_content(d->nodes, n);
	if (!h->reading)
		r = tree_render(d->tree, n->place, who, &h->reading);
	if (r == -ENOENT && held_late(d->held, who, n->attr.inode))
		return -ESTALE; /* so that the kernel forgets the name as well */
	if (r < 0 || fi->direct_io)
		return r;
	if (h->reading->attr.version == n->version)
		fi->keep_cache = 1;
	else if (held_late(d->held, who, n->attr.inode))
		return -ESTALE; /* never seen by programs: open(2) looks again */
	else
		fi->direct_io = 1;
	return 0;
}

int handle_open(struct door *d, struct node *n, const struct caller *who,
	struct fuse_file_info *fi)
{
	int mode = fi->flags & O_ACCMODE;
	bool truncate = (fi->flags & O_TRUNC) != 0;
	struct handle *h = calloc(1, sizeof(*h));
	int r = 0;

	if (!h)
		return -ENOMEM;
	handle_add(d, h);
	if (mode != O_RDONLY || truncate) {
		r = tree_open_sink(d->tree, n->place, who, truncate, &h->sink);
		if (r == 0)
			atomic_store(&n->written, true);
		fi->direct_io = 1;
	} else {
		fi->noflush = 1; /* saves a request per close */
	}
	if (r == 0 && mode != O_WRONLY)
		r = open_reading(d, n, who, h, fi);
	if (r < 0) {
		handle_free(d, h);
		return r;
	}
	fi->fh = (uint64_t)(uintptr_t)h;
	return 0;
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct door *d = door_of(req);
	struct caller who = caller_of(req);
	int r = handle_open(d, nodes_at(d->nodes, ino), &who, fi);

	if (r < 0)
		reply_error(req, r);
	else if (fuse_reply_open(req, fi) < 0)
		handle_free(
			d, handle_of(fi)); /* the opener was killed: no release */
}

static void read_live(fuse_req_t req, struct door *d, const struct node *n,
	size_t size, off_t offset)
{
	struct slice bytes = {0};
	BUF_AUTO(b);
	int r = tree_read_live(d->tree, n->place, (uint64_t)offset, size, &b);

	if (r == 0)
		r = buf_view(&b, &bytes);
	if (r < 0)
		reply_error(req, r);
	else
		(void)fuse_reply_buf(req, (const char *)bytes.p, bytes.n);
}

/* Our own count for the time of the reply: as soon as the kernel has taken the bytes, the
 * reader may close, and another thread handle that before this one returns. */
static void read_rendering(
	fuse_req_t req, const struct rendering *kept, size_t size, off_t offset)
{
	const struct rendering *r = rendering_ref(kept);
	struct slice part = {0};
	BUF_AUTO(b);
	int rc = rendering_read(r, (uint64_t)offset, size, &b, &part);

	if (rc < 0)
		reply_error(req, rc);
	else
		(void)fuse_reply_buf(req, (const char *)part.p, part.n);
	rendering_put(r);
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
	struct fuse_file_info *fi)
{
	struct door *d = door_of(req);
	const struct node *n = nodes_at(d->nodes, ino);
	const struct handle *h = handle_of(fi);

	if (h->reading)
		read_rendering(req, h->reading, size, offset);
	else if (n->attr.live)
		read_live(req, d, n, size, offset);
	else
		(void)fuse_reply_err(req, EBADF);
}

/* SEEK_DATA and SEEK_HOLE, the only ones that arrive: one stretch of data, then the hole
 * that every file ends in. */
void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence,
	struct fuse_file_info *fi)
{
	struct door *d = door_of(req);
	struct caller who = caller_of(req);
	const struct handle *h = handle_of(fi);
	struct attr a = {0};
	int r = 0;

	if (h && h->reading)
		a.size = h->reading->attr.size;
	else
		r = node_stat(d, nodes_at(d->nodes, ino), &who, &a);
	if (r < 0)
		reply_error(req, r);
	else if (whence != SEEK_DATA && whence != SEEK_HOLE)
		(void)fuse_reply_err(req, EINVAL);
	else if (offset < 0 || (uint64_t)offset >= a.size)
		(void)fuse_reply_err(req, ENXIO);
	else
		(void)fuse_reply_lseek(
			req, whence == SEEK_DATA ? offset : (off_t)a.size);
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct door *d = door_of(req);

	(void)ino;
	handle_free(d, handle_of(fi));
	(void)fuse_reply_err(req, 0);
}

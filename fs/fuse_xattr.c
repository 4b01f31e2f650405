/* Extended attributes: user.stemefs.* to read, none to set.
 *
 * Names outside user. are answered EOPNOTSUPP, which `ls -l` remembers for the whole
 * filesystem instead of asking twice for each file. */
#include <errno.h>

#include "fs/fuse_impl.h"

/* A size of 0 asks for the size. */
static void reply_xattr(fuse_req_t req, int r, const struct buf *b, size_t size)
{
	struct slice value = {0};

	if (r == 0)
		r = buf_view(b, &value);
	if (r == 0 && size && value.n > size)
		r = -ERANGE;
	if (r < 0)
		reply_error(req, r);
	else if (size == 0)
		(void)fuse_reply_xattr(req, value.n);
	else
		(void)fuse_reply_buf(req, (const char *)value.p, value.n);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct door *d = door_of(req);
	struct caller who = caller_of(req);
	BUF_AUTO(b);
	int r = tree_xattr(
		d->tree, nodes_at(d->nodes, ino)->place, &who, slice_str(name), &b);

	reply_xattr(req, r, &b, size);
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct door *d = door_of(req);
	struct caller who = caller_of(req);
	BUF_AUTO(b);
	int r = tree_xattr_list(d->tree, nodes_at(d->nodes, ino)->place, &who, &b);

	reply_xattr(req, r, &b, size);
}

/* In the inbox "not supported", upon which cp -p and rsync -X only warn; elsewhere what
 * any change of the tree is answered. */
static void refuse_xattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct door *d = door_of(req);
	bool ours = strncmp(name, "user.", strlen("user.")) == 0;

	if (ours && !nodes_at(d->nodes, ino)->inbox)
		(void)fuse_reply_err(req, EROFS);
	else
		(void)fuse_reply_err(req, EOPNOTSUPP);
}

void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name,
	const char *value, size_t size, int flags)
{
	(void)value;
	(void)size;
	(void)flags;
	refuse_xattr(req, ino, name);
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	refuse_xattr(req, ino, name);
}

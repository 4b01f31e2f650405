/* The table of handlers.
 *
 * All are defined but getlk, setlk and flock, which the kernel then keeps by itself: to
 * anything that is missing libfuse answers ENOSYS, and that the kernel remembers for the
 * whole mount. So what we do not do is refused here by name. */
#include <errno.h>
#include <poll.h>
#include <sys/statvfs.h>

#include "fs/fuse_impl.h"

enum {
	WRITE_MAX = 1 << 20, /* the most that the kernel sends at once */
	NAME_BYTES = 255,
};

static void greet(void *userdata, struct fuse_conn_info *conn)
{
	struct door *d = userdata;

	/* Chosen by name, so that a newer library does not choose for us. Not among them:
	 * the writeback cache (it reorders writes and hides errors), asynchronous direct
	 * I/O (the order of writes is their meaning), caching of links (some depend on who
	 * reads them). */
	conn->want = conn->capable &
		     (FUSE_CAP_ASYNC_READ | FUSE_CAP_ATOMIC_O_TRUNC |
			     FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_READDIRPLUS |
			     FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_PARALLEL_DIROPS |
			     FUSE_CAP_HANDLE_KILLPRIV);
	if (d->frozen)
		frozen_greet(conn);
	conn->max_write = WRITE_MAX;
	/* Mounted by somebody else: there is no path to knock at. */
	if (d->descriptor && d->ready)
		d->ready(d->ready_ctx, 0);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs figures;

	(void)ino;
	if (fstatvfs(door_of(req)->store, &figures) < 0) {
		reply_error(req, -errno);
		return;
	}
	figures.f_namemax = NAME_BYTES;
	(void)fuse_reply_statfs(req, &figures);
}

static void op_fsync(
	fuse_req_t req, fuse_ino_t ino, int data_only, struct fuse_file_info *fi)
{
	(void)ino;
	(void)data_only;
	(void)fi;
	(void)fuse_reply_err(req, 0); /* what was answered is durable */
}

static void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	(void)fuse_reply_err(req, 0);
}

static void op_symlink(
	fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	(void)target;
	(void)parent;
	(void)name;
	(void)fuse_reply_err(req, EROFS);
}

static void op_link(
	fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	(void)ino;
	(void)parent;
	(void)name;
	(void)fuse_reply_err(req, EROFS);
}

static void op_bmap(fuse_req_t req, fuse_ino_t ino, size_t block, uint64_t index)
{
	(void)ino;
	(void)block;
	(void)index;
	(void)fuse_reply_err(req, EINVAL);
}

static void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int command,
	void *arg, struct fuse_file_info *fi, unsigned flags, const void *in,
	size_t in_size, size_t out_size)
{
	(void)ino;
	(void)command;
	(void)arg;
	(void)fi;
	(void)flags;
	(void)in;
	(void)in_size;
	(void)out_size;
	(void)fuse_reply_err(req, ENOTTY); /* as for any file that is no terminal */
}

/* Always ready, as regular files are: events.jsonl is waited for by looking again. */
static void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
	struct fuse_pollhandle *wake)
{
	(void)ino;
	if (wake)
		fuse_pollhandle_destroy(wake);
	(void)fuse_reply_poll(req,
		fi->poll_events & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM));
}

static void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset,
	off_t length, struct fuse_file_info *fi)
{
	(void)ino;
	(void)mode;
	(void)offset;
	(void)length;
	(void)fi;
	(void)fuse_reply_err(req, EOPNOTSUPP);
}

static void op_copy_file_range(fuse_req_t req, fuse_ino_t from, off_t from_offset,
	struct fuse_file_info *from_fi, fuse_ino_t to, off_t to_offset,
	struct fuse_file_info *to_fi, size_t size, int flags)
{
	(void)from;
	(void)from_offset;
	(void)from_fi;
	(void)to;
	(void)to_offset;
	(void)to_fi;
	(void)size;
	(void)flags;
	(void)fuse_reply_err(
		req, EOPNOTSUPP); /* the kernel reads and writes instead */
}

const struct fuse_lowlevel_ops fuse_handlers = {
	.init = greet,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.readlink = op_readlink,
	.access = op_access,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.rename = op_rename,
	.symlink = op_symlink,
	.link = op_link,
	.create = op_create,
	.open = op_open,
	.read = op_read,
	.write = op_write,
	.flush = op_flush,
	.release = op_release,
	.fsync = op_fsync,
	.lseek = op_lseek,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.releasedir = op_releasedir,
	.fsyncdir = op_fsync,
	.statfs = op_statfs,
	.getxattr = op_getxattr,
	.listxattr = op_listxattr,
	.setxattr = op_setxattr,
	.removexattr = op_removexattr,
	.bmap = op_bmap,
	.ioctl = op_ioctl,
	.poll = op_poll,
	.fallocate = op_fallocate,
	.copy_file_range = op_copy_file_range,
};

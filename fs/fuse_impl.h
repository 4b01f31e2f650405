/* What the files of the FUSE adapter share. Nobody else includes this.
 *
 *	fuse.c        the session: mount, serve, stop
 *	fuse_ops.c    the table of handlers, and those too small for a file
 *	fuse_node.c   lookup, forget, attributes
 *	fuse_dir.c    listing and changing directories
 *	fuse_read.c   open, read, release
 *	fuse_write.c  write, flush
 *	fuse_xattr.c  extended attributes
 *	fuse_told.c   telling the kernel what changed
 *	fuse_shed.c   bounding what the kernel holds
 *	fuse_frozen.c what is different where nothing changes
 *
 * Every handler sends exactly one reply on every path. Writes, flushes and renames are
 * answered later, from the committer's thread. */
#ifndef FS_FUSE_IMPL_H
#define FS_FUSE_IMPL_H

#define FUSE_USE_VERSION 312

#include <fuse_lowlevel.h>
#include <pthread.h>

#include "fs/fuse.h"
#include "fs/held.h"
#include "fs/node.h"

/* An open file. */
struct handle {
	const struct rendering
		*reading;	    /* NULL: live, or opened for writing alone */
	struct sink *sink;	    /* NULL: opened for reading alone */
	struct handle *next, *prev; /* of the door */
};

struct door {
	struct tree *tree;
	struct nodes *nodes;
	struct held *held;
	struct frozen *frozen; /* NULL: what is shown can change */
	struct fuse_session *session;
	char *mountpoint;
	int store;
	bool descriptor; /* mounted by somebody else: mountpoint is /dev/fd/N */

	pthread_t server; /* the thread in door_serve() */
	atomic_bool ended;
	pthread_t knocker, shedder;
	bool knocking, shedding;
	struct store *watched; /* it tells us what changes; NULL: nobody does */
	atomic_bool shed_enough;
	void (*ready)(void *ctx, int error);
	void *ready_ctx;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t quiet; /* no answer is owed */
	size_t owed;
	struct handle handles; /* head of the open ones */
};

/* ---- fuse.c ---- */

static inline struct door *door_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

struct caller caller_of(fuse_req_t req);

/* Reply with 0 or -errno; never with one that makes programs spin or stay silent. */
void reply_error(fuse_req_t req, int r);

/* An answer that is sent later: door_close() waits for it. */
void door_owe(struct door *d);
void door_paid(struct door *d);

void handle_add(struct door *d, struct handle *h);
/* Give back what it holds, and the handle itself. */
void handle_free(struct door *d, struct handle *h);

static inline struct handle *handle_of(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

/* ---- fuse_shed.c: asking the kernel for nodes back ---- */

void shed_start(struct door *d);
/* While requests are still served: the kernel may hold what a notification waits for. */
void shed_stop(struct door *d);

/* ---- fuse_told.c ---- */

/* Be told by the store what its batches change, and tell the kernel. */
void told_start(struct door *d, struct store *s);
/* While requests are still served, likewise. */
void told_stop(struct door *d);

/* ---- fuse_frozen.c: a tree in which nothing changes ---- */

int frozen_new(struct frozen **out);
/* NULL is fine. */
void frozen_free(struct frozen *f);
/* What its door wants of the kernel. */
void frozen_greet(struct fuse_conn_info *conn);
/* The handlers of its door. */
void frozen_handlers(struct fuse_lowlevel_ops *out);

/* ---- fuse_node.c ---- */

void fill_stat(const struct attr *a, struct stat *out);

/* What the kernel is told of a name, and the node behind it, with one lookup counted. */
struct found {
	struct node *node;
	struct fuse_entry_param e;
};

/* The entry of a name in a directory. 0 or -errno. */
int entry_look_up(struct door *d, const struct node *dir, const char *name,
	const struct caller *who, struct found *out);
/* Of a place that was made. Takes the place. 0 or -errno. */
int entry_make(struct door *d, const struct node *dir, struct place *p,
	const struct caller *who, struct found *out);
/* Reply with an entry; takes the lookup back when the kernel does not want it. */
void entry_reply(fuse_req_t req, const struct found *e);

/* What stat(2) says of a node now. */
int node_stat(struct door *d, const struct node *n, const struct caller *who,
	struct attr *out);

/* ---- fuse_read.c ---- */

/* Open a node as fi->flags ask, and fill in what the kernel may cache. */
int handle_open(struct door *d, struct node *n, const struct caller *who,
	struct fuse_file_info *fi);

/* ---- handlers ---- */

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count);
void op_forget_multi(
	fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int which,
	struct fuse_file_info *fi);
void op_readlink(fuse_req_t req, fuse_ino_t ino);
void op_access(fuse_req_t req, fuse_ino_t ino, int mask);

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
	struct fuse_file_info *fi);
void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence,
	struct fuse_file_info *fi);
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	struct fuse_file_info *fi);
void op_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size,
	off_t offset, struct fuse_file_info *fi);
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
	struct fuse_file_info *fi);
void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
	struct fuse_file_info *fi);

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	dev_t device);
void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
	fuse_ino_t to_parent, const char *to_name, unsigned int flags);

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name,
	const char *value, size_t size, int flags);
void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);

/* The table of all of them. */
extern const struct fuse_lowlevel_ops fuse_handlers;

#endif

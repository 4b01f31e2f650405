/* The kernel's door to the tree: a FUSE session on a mount point, from mount to unmount.
 *
 *	door_open()    the mount point shows the tree; requests wait
 *	door_serve()   answers them until somebody unmounts or calls door_stop()
 *	door_close()   waits for answers still owed, then unmounts
 *
 * The sinks and renderings that the door holds are given back in door_close(), so tree,
 * inbox and store are closed after it; and the committer must still run, since it is what
 * answers the writers that wait. */
#ifndef FS_FUSE_H
#define FS_FUSE_H

#include "core/error.h"
#include "fs/tree.h"

struct door;

struct door_options {
	struct tree *tree;
	const char *
		mountpoint; /* absolute; or /dev/fd/N: /dev/fuse, mounted by somebody */
	const char *source; /* what df shows: the store's real path */
	struct store *
		watched; /* whose changes the kernel is told of; NULL: nothing changes */
	int store;	 /* its directory, for the figures of df; borrowed */
	bool allow_other;
	bool read_only;
	const char
		*moment; /* of a tree that is frozen: its name below at/; or NULL */
	bool debug;	 /* every request to the log */
};

/* Mount. 0, or -errno with err saying why. Every string is copied. The thread that opens
 * must be the one that serves; SIGUSR1 is used to wake it. */
int door_open(const struct door_options *o, struct door **out, struct error *err);

/* Answer requests until the end. ready is called once in another thread, as soon as the
 * mount has answered a request (0) or is known not to (-errno). 0 or -errno. */
int door_serve(struct door *d, void (*ready)(void *ctx, int error), void *ctx);

/* End door_serve(), from another thread; returns when no request is being handled. */
void door_stop(struct door *d);

/* NULL is fine. */
void door_close(struct door *d);

#endif

/* Where the tree is to appear, and what is checked there before anything is started. */
#ifndef FS_MOUNTPOINT_H
#define FS_MOUNTPOINT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

/* The real path of a store: a directory that `stemefs init` made. 0, or -errno with err
 * saying what is wrong. */
int mountpoint_store(const char *store, char out[PATH_MAX], struct error *err);

/* The absolute path of a mount point without links, also where a dead mount stands.
 * /dev/fd/N stays what it is. 0 or -errno. */
int mountpoint_resolve(const char *dir, char out[PATH_MAX], struct error *err);

/**
 * Can the store be mounted there? Both as resolved above.
 *
 * A directory, empty, not around the store nor in it. The dead mount of a daemon of ours
 * that was killed is detached first, and *detached says so; where detached is NULL it is
 * left, and counts as empty. 0 or -errno.
 */
int mountpoint_check(
	const char *dir, const char *store, bool *detached, struct error *err);

/* The store that is mounted at exactly this place; false when none is. frozen (may be
 * NULL): it is one moment of it. */
bool mountpoint_source(const char *dir, char *out, size_t size, bool *frozen);

/* Unmount, with the kernel's help or that of fusermount3; lazy: also while in use. 0 or
 * -errno; -EBUSY says so. */
int mountpoint_unmount(const char *dir, bool lazy, struct error *err);

#endif

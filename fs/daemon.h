/* The daemon: one process that opens a store, shows it on a mount point, and ends in
 * order.
 *
 * It never says that it runs before the mount has answered a request; and when it has
 * ended, everything that was acknowledged is in the store, and the store is free. */
#ifndef FS_DAEMON_H
#define FS_DAEMON_H

#include <sys/types.h>

#include "fs/options.h"

struct daemon_options {
	const char *store;	/* real path */
	const char *mountpoint; /* absolute, or /dev/fd/N */
	const struct options *options;
	bool die_with_parent; /* stop when the process that started it ends */
};

/* In both err is not NULL.
 *
 * Serve in this process, until SIGTERM, SIGINT or SIGHUP, or until somebody unmounts.
 * Logs to stderr unless options say otherwise. 0 or -errno. */
int daemon_run(const struct daemon_options *o, struct error *err);

/* Serve in a child, in a session of its own, logging to syslog; return when the mount
 * answers. *pid is the child. 0 or -errno, with err as the child gave it. */
int daemon_start(const struct daemon_options *o, pid_t *pid, struct error *err);

#endif

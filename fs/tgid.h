/* Which process a thread belongs to.
 *
 * FUSE names the *thread* that makes a request; a handle is ended by the *process* that
 * opened it. /proc is reached through a descriptor that is opened at start, so that it
 * still works when the daemon can no longer name paths. Thread-safe. */
#ifndef FS_TGID_H
#define FS_TGID_H

#include <sys/types.h>

/* A descriptor of /proc for tgid_read(), or -errno. The caller closes it. */
int tgid_open(void);

/* The thread group of pid; 0 where it cannot be told (proc negative, pid 0 or gone,
 * hidden by hidepid). */
pid_t tgid_read(int proc, pid_t pid);

#endif

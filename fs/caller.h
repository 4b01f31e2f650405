/* Who asks: the credentials of one request. */
#ifndef FS_CALLER_H
#define FS_CALLER_H

#include <sys/types.h>

struct caller {
	uid_t uid;
	gid_t gid;
	pid_t pid; /* of a thread, in the daemon's namespace; 0 when unknown */
};

#endif

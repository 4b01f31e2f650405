/* Progress of long work, on stderr: a bar where that is a terminal, else a line every few
 * seconds, and nothing at all for work that is soon done. */
#ifndef FS_PROGRESS_H
#define FS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed to start with. */
struct progress {
	uint64_t started; /* ns, monotonic; 0: not yet */
	uint64_t shown;
	bool drawn; /* a bar stands on the line */
};

/* As store_options wants it; ctx is a struct progress. total may be 0: not known. */
void progress_show(void *ctx, const char *what, uint64_t done, uint64_t total);

/* Leave the terminal's line clean. */
void progress_end(struct progress *p);

#endif

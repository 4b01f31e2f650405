#include "fs/opening.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "fs/progress.h"

enum {
	BUSY_MS = 3000, /* wait so long for a store that somebody else holds */
	BUSY_STEP_MS = 50,
};

int open_patiently(const char *path, const struct store_options *o,
	struct store **out, struct error *err)
{
	const struct timespec pause = {.tv_nsec = BUSY_STEP_MS * 1000000L};
	struct progress progress = {0};
	struct store_options options = *o;
	int r;

	/* a file as large as RLIMIT_FSIZE lets it be is a full disk, not our end */
	(void)signal(SIGXFSZ, SIG_IGN);
	options.progress = progress_show;
	options.progress_ctx = &progress;
	r = store_open(path, &options, out, err);
	for (int ms = 0; r == -EBUSY && ms < BUSY_MS; ms += BUSY_STEP_MS) {
		(void)nanosleep(&pause, NULL);
		r = store_open(path, &options, out, err);
	}
	progress_end(&progress);
	return r;
}

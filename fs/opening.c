#include "fs/opening.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "core/moment.h"
#include "fs/progress.h"

enum {
	BUSY_MS = 3000, /* wait so long for a store that somebody else holds */
	BUSY_STEP_MS = 50,
};

/* moment: NULL for one that writes. */
static int open_as(const char *path, const struct store_options *o,
	const char *moment, struct store **out, struct error *err)
{
	uint64_t seq;
	bool past = moment && strcmp(moment, "now") != 0 &&
		    moment_parse_seq(slice_str(moment), &seq) < 0;

	return moment ? store_open_reading(path, o, past, out, err)
		      : store_open(path, o, out, err);
}

static int try_again(const char *path, const struct store_options *o,
	const char *moment, struct store **out, struct error *err)
{
	const struct timespec pause = {.tv_nsec = BUSY_STEP_MS * 1000000L};
	struct progress progress = {0};
	struct store_options options = *o;
	int r;

	/* a file as large as RLIMIT_FSIZE lets it be is a full disk, not our end */
	(void)signal(SIGXFSZ, SIG_IGN);
	options.progress = progress_show;
	options.progress_ctx = &progress;
	r = open_as(path, &options, moment, out, err);
	for (int ms = 0; r == -EBUSY && ms < BUSY_MS; ms += BUSY_STEP_MS) {
		(void)nanosleep(&pause, NULL);
		r = open_as(path, &options, moment, out, err);
	}
	progress_end(&progress);
	return r;
}

int open_patiently(const char *path, const struct store_options *o,
	struct store **out, struct error *err)
{
	return try_again(path, o, NULL, out, err);
}

int open_frozen(
	const char *path, const char *moment, struct store **out, struct error *err)
{
	static const struct store_options usual;

	return try_again(path, &usual, moment, out, err);
}

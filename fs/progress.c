#include "fs/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "core/when.h"

enum {
	BAR_CELLS = 30,
	BAR_EVERY_MS = 100,   /* smooth, and nothing beside the work itself */
	LINE_EVERY_MS = 5000, /* a log is read later */
	QUIET_MS = 500,	      /* most starts are done by then */
};

static uint64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static uint64_t ms_since(uint64_t then, uint64_t at)
{
	return (at - then) / (SECOND / 1000);
}

static void draw_bar(const char *what, uint64_t done, uint64_t total)
{
	char bar[BAR_CELLS + 1] = {0};
	uint64_t filled = done >= total ? BAR_CELLS : BAR_CELLS * done / total;

	for (uint64_t i = 0; i < BAR_CELLS; i++)
		bar[i] = i < filled ? '#' : '.';
	(void)fprintf(stderr, "\r\033[K%s [%s] %" PRIu64 "%%", what, bar,
		done >= total ? 100 : 100 * done / total);
}

void progress_show(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	struct progress *p = ctx;
	bool terminal = isatty(STDERR_FILENO);
	uint64_t at = now();

	if (!p->started)
		p->started = at;
	if (ms_since(p->started, at) < QUIET_MS ||
		ms_since(p->shown, at) < (terminal ? BAR_EVERY_MS : LINE_EVERY_MS))
		return;
	p->shown = at;
	if (terminal && total) {
		draw_bar(what, done, total);
	} else if (terminal) {
		(void)fprintf(stderr, "\r\033[K%s %" PRIu64, what, done);
	} else {
		(void)fprintf(stderr, "stemefs: %s: %" PRIu64, what, done);
		if (total)
			(void)fprintf(stderr, " of %" PRIu64, total);
		(void)fputc('\n', stderr);
	}
	p->drawn = terminal;
	(void)fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->drawn)
		(void)fputs("\r\033[K", stderr);
	*p = (struct progress){0};
}

/* client: does one thing again and again on several sides in turn, and says how long it took.
 *
 *	client [-n N] [-r ROUNDS] [-w N] [-t THREADS] [-c CPU] [-s SECONDS] [-f RATE]
 *	       [-l SECONDS] OP SIDE...
 *
 * A round is a block of N operations on each side, one side after the other, and back in the
 * next round; the first -w of a block are not counted. Each side goes on where its last block ended. OP and SIDE:
 *
 *	read FILE      open, read and close the paths in FILE, one a line
 *	stat FILE      lstat them
 *	write DIR:FILE create a new file in DIR for each line of FILE, write it, close
 *	list FILE      read the directories in FILE to their end; an operation is a directory
 *	run FILE       start the commands in FILE, words apart by tabs, and wait for each
 *
 * -l: after so many seconds, and ROUNDS_MIN rounds, no new round is begun. -c pins to a
 * processor. -s ends a block after so many seconds, -f starts so many operations
 * a second and no more. Lists are gone through again and again, but write stops at the end
 * of its lines. One line for each block, times in microseconds:
 *
 *	{"round":0,"side":1,"n":200,"seconds":0.01,"mean":48.1,"p50":47.0,"p99":60.2,"p999":80,"entries":0}
 */
#include "bench/client.h"

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	SIDES_MAX = 8,
	ROUNDS_MIN = 4,
	THREADS_MAX = 256,
	SECOND = 1000000000,
};

struct block {
	struct side *side;
	op_fn *op;
	bool once;
	size_t n, warm; /* of each thread */
	double rate;	/* of each thread; 0: as fast as it goes */
	uint64_t until; /* 0: when n are done */
	pthread_barrier_t start;
};

struct worker {
	pthread_t thread;
	struct block *block;
	uint64_t *times;
	size_t done;
	uint64_t begun, ended;
};

static uint64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* ---- a block ---- */

static void wait_until(uint64_t when)
{
	struct timespec t = {.tv_sec = (time_t)(when / SECOND),
		.tv_nsec = (long)(when % SECOND)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static void *work(void *ctx)
{
	struct worker *w = ctx;
	struct block *b = w->block;
	uint64_t origin = 0, t = 0;

	(void)pthread_barrier_wait(&b->start);
	origin = now();
	for (size_t i = 0; i < b->warm + b->n; i++) {
		size_t number = atomic_fetch_add(&b->side->next, 1);

		if ((b->once && number >= b->side->n) ||
			(b->until && now() > b->until))
			break;
		if (b->rate > 0)
			wait_until(
				origin + (uint64_t)((double)i / b->rate * SECOND));
		t = now();
		if (i == b->warm)
			w->begun = t;
		b->op(b->side, b->side->lines[number % b->side->n], number);
		w->ended = now();
		if (i >= b->warm)
			w->times[w->done++] = w->ended - t;
	}
	return NULL;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double rank(const uint64_t *sorted, size_t n, double share)
{
	size_t at = (size_t)((double)n * share);

	return n ? (double)sorted[at < n ? at : n - 1] / 1000 : 0;
}

static void report(struct worker *workers, size_t threads, size_t room,
	size_t round, size_t side, unsigned long entries)
{
	uint64_t *all = calloc(threads * room + 1, sizeof(*all)), begun = 0,
		 ended = 0;
	size_t n = 0;
	double sum = 0;

	if (!all)
		err(1, "client");
	for (size_t i = 0; i < threads; i++) {
		const struct worker *w = &workers[i];

		memcpy(all + n, w->times, w->done * sizeof(*all));
		n += w->done;
		if (w->done && (!begun || w->begun < begun))
			begun = w->begun;
		if (w->done && w->ended > ended)
			ended = w->ended;
	}
	for (size_t i = 0; i < n; i++)
		sum += (double)all[i];
	qsort(all, n, sizeof(*all), by_size);
	printf("{\"round\":%zu,\"side\":%zu,\"n\":%zu,\"seconds\":%.6f,"
	       "\"mean\":%.3f,\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"entries\":%"
	       "lu}\n",
		round, side, n, (double)(ended - begun) / SECOND,
		n ? sum / (double)n / 1000 : 0, rank(all, n, 0.5),
		rank(all, n, 0.99), rank(all, n, 0.999), entries);
	(void)fflush(stdout);
	free(all);
}

static void run_block(struct block *b, size_t threads, size_t round, size_t side)
{
	static struct worker workers[THREADS_MAX];

	(void)pthread_barrier_init(&b->start, NULL, (unsigned)threads);
	atomic_store(&b->side->entries, 0);
	for (size_t i = 0; i < threads; i++) {
		workers[i] = (struct worker){
			.block = b, .times = calloc(b->n + 1, sizeof(uint64_t))};
		if (!workers[i].times)
			err(1, "client");
	}
	for (size_t i = 1; i < threads; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) !=
			0)
			errx(1, "client: no thread %zu", i);
	(void)work(&workers[0]);
	for (size_t i = 1; i < threads; i++)
		(void)pthread_join(workers[i].thread, NULL);
	report(workers, threads, b->n, round, side, atomic_load(&b->side->entries));
	for (size_t i = 0; i < threads; i++)
		free(workers[i].times);
	(void)pthread_barrier_destroy(&b->start);
}

/* ---- what was asked ---- */

struct asked {
	size_t n, rounds, warm, threads, count;
	double seconds, rate, limit;
	bool writes;
	op_fn *op;
	struct side sides[SIDES_MAX];
};

static void load(struct side *s, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0, size = 0;
	ssize_t n = 0;

	if (!f)
		err(1, "%s", path);
	while ((n = getline(&line, &size, f)) > 0) {
		if (s->n == room) {
			room = room ? 2 * room : 1024;
			s->lines = reallocarray(s->lines, room, sizeof(*s->lines));
		}
		line[n - 1] = '\0';
		if (!s->lines || !(s->lines[s->n++] = strdup(line)))
			err(1, "client");
	}
	free(line);
	(void)fclose(f);
	if (s->n == 0)
		errx(1, "%s is empty", path);
}

static void pin(const char *cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(strtoul(cpu, NULL, 10), &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		err(1, "client: processor %s", cpu);
}

static void take_option(int c, const char *value, struct asked *a)
{
	size_t number = strtoul(value, NULL, 10);

	switch (c) {
	case 'n':
		a->n = number;
		break;
	case 'r':
		a->rounds = number;
		break;
	case 'w':
		a->warm = number;
		break;
	case 't':
		a->threads = number;
		break;
	case 'c':
		pin(value);
		break;
	case 's':
		a->seconds = strtod(value, NULL);
		break;
	case 'l':
		a->limit = strtod(value, NULL);
		break;
	case 'f':
		a->rate = strtod(value, NULL);
		break;
	default:
		exit(1); /* getopt has said why */
	}
}

static void take_side(char *arg, struct asked *a)
{
	struct side *s = &a->sides[a->count++];
	char *colon = a->writes ? strchr(arg, ':') : NULL;

	if (a->writes && !colon)
		errx(1, "client: write takes DIR:FILE, not %s", arg);
	if (colon) {
		*colon = '\0';
		s->dir = arg;
	}
	load(s, colon ? colon + 1 : arg);
}

static void run(struct asked *a, size_t round, size_t side)
{
	struct block b = {.side = &a->sides[side],
		.op = a->op,
		.once = a->writes,
		.n = a->n,
		.warm = a->warm,
		.rate = a->rate / (double)a->threads};

	if (a->seconds > 0)
		b.until = now() + (uint64_t)(a->seconds * SECOND);
	run_block(&b, a->threads, round, side);
}

/* There and back: nobody is always the first. */
static void run_rounds(struct asked *a)
{
	uint64_t begun = now(), limit = (uint64_t)(a->limit * SECOND);

	for (size_t r = 0; r < a->rounds; r++) {
		if (limit && r >= ROUNDS_MIN && now() - begun > limit)
			return;
		for (size_t i = 0; i < a->count; i++)
			run(a, r, r % 2 ? a->count - 1 - i : i);
	}
}

int main(int argc, char **argv)
{
	static struct asked a = {.n = 100, .rounds = 1, .threads = 1};
	int c;

	while ((c = getopt(argc, argv, "n:r:w:t:c:s:f:l:")) != -1)
		take_option(c, c == '?' ? "" : optarg, &a);
	if (argc - optind < 2 || argc - optind > SIDES_MAX + 1 || !a.threads ||
		a.threads > THREADS_MAX)
		errx(1, "usage: client [options] OP SIDE...");
	a.op = op_named(argv[optind]);
	a.writes = strcmp(argv[optind], "write") == 0;
	while (++optind < argc)
		take_side(argv[optind], &a);
	run_rounds(&a);
	return 0;
}

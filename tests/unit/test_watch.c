/* Who waits for an answer is answered when what changed has been told; and all the same when
 * whoever is told waits for just that answer, or for nothing that comes soon. */
#include "store/watch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tests/unit/tap.h"

enum {
	BATCHES = 5, /* more than there are threads to be stuck */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static unsigned told, answered, told_late;
static bool stuck; /* telling waits for the answer of its batch, of `open` ones */
static unsigned open_from;

static void *changed(void *ctx, const struct news *c)
{
	unsigned *n = malloc(sizeof(*n));

	(void)ctx;
	(void)c;
	if (n)
		*n = told_late++;
	return n;
}

static void tell(void *ctx, void *work)
{
	unsigned *n = work;

	(void)ctx;
	(void)pthread_mutex_lock(&lock);
	while (stuck && (answered <= *n || answered < open_from))
		(void)pthread_cond_wait(&moved, &lock);
	told++;
	(void)pthread_mutex_unlock(&lock);
	free(n);
}

static unsigned told_when_answered[BATCHES];

static void done(struct submission *s)
{
	(void)s;
	(void)pthread_mutex_lock(&lock);
	told_when_answered[answered++] = told;
	(void)pthread_cond_broadcast(&moved);
	(void)pthread_mutex_unlock(&lock);
}

static void wait_for_answers(unsigned n)
{
	(void)pthread_mutex_lock(&lock);
	while (answered < n)
		(void)pthread_cond_wait(&moved, &lock);
	(void)pthread_mutex_unlock(&lock);
}

/* All batches come at once, unless each is to be answered before the next. */
static void run(unsigned wait_until, unsigned one_by_one)
{
	static struct submission batches[BATCHES];
	const struct news c = {.everything = true};
	struct watch *w = NULL;

	told = answered = told_late = 0;
	open_from = wait_until;
	CHECK(watch_new(&w) == 0);
	watch_set(w, &(struct watcher){.changed = changed, .tell = tell});
	for (unsigned i = 0; i < BATCHES; i++) {
		batches[i] = (struct submission){.done = done};
		watch_answer(w, &c, &batches[i], false);
		if (one_by_one)
			wait_for_answers(i + 1);
	}
	wait_for_answers(BATCHES);
	watch_set(w, NULL);
	CHECK(told == BATCHES);
	CHECK(answered == BATCHES);
	watch_free(w);
}

static void what_changed_is_told_before_the_answer(void)
{
	stuck = false;
	for (unsigned round = 0; round < 2; round++) {
		run(0, round);
		for (unsigned i = 0; i < BATCHES; i++)
			CHECK(told_when_answered[i] > i);
	}
}

static void an_answer_does_not_wait_for_who_waits_for_it(void)
{
	stuck = true;
	run(BATCHES, 0);
}

int main(void)
{
	RUN(what_changed_is_told_before_the_answer);
	RUN(an_answer_does_not_wait_for_who_waits_for_it);
	return tap_done();
}

/* Submitting, and waiting for what became of it. */
#include <errno.h>

#include "store/internal.h"

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool finished;
};

static void wake(struct submission *sub)
{
	struct waiter *w = sub->ctx;

	(void)pthread_mutex_lock(&w->lock);
	w->finished = true;
	(void)pthread_cond_signal(&w->done);
	(void)pthread_mutex_unlock(&w->lock);
}

int store_commit(struct store *s, struct submission *sub)
{
	struct waiter w = {.finished = false};

	(void)pthread_mutex_init(&w.lock, NULL);
	(void)pthread_cond_init(&w.done, NULL);
	sub->done = wake;
	sub->ctx = &w;
	store_submit(s, sub);
	(void)pthread_mutex_lock(&w.lock);
	while (!w.finished)
		(void)pthread_cond_wait(&w.done, &w.lock);
	(void)pthread_mutex_unlock(&w.lock);
	(void)pthread_cond_destroy(&w.done);
	(void)pthread_mutex_destroy(&w.lock);
	return sub->refused < sub->count ? -sub->error.code : 0;
}

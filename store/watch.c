#include "store/watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "store/internal.h"

enum {
	MANY = 8, /* answers; waking whom they are for takes longer than waking a thread */
};

struct watch {
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t work;
	pthread_cond_t idle;
	struct watcher by;		/* changed NULL: nobody watches */
	struct submission *head, *tail; /* first of each batch that waits */
	bool telling;
	bool stopping;
};

static void answer(struct submission *list)
{
	while (list) {
		struct submission *next = list->next;

		list->done(list);
		list = next;
	}
}

/* In order: what is told first is answered first. */
static void tell_all(const struct watcher *by, struct submission *batch)
{
	while (batch) {
		struct submission *later = batch->later;

		if (batch->untold)
			by->tell(by->ctx, batch->untold);
		answer(batch);
		batch = later;
	}
}

static void *watch_main(void *arg)
{
	struct watch *w = arg;

	(void)pthread_mutex_lock(&w->lock);
	for (;;) {
		struct submission *batch;
		struct watcher by;

		while (!w->head && !w->stopping)
			(void)pthread_cond_wait(&w->work, &w->lock);
		if (!w->head)
			break;
		batch = w->head;
		w->head = w->tail = NULL;
		w->telling = true;
		by = w->by;
		(void)pthread_mutex_unlock(&w->lock);
		tell_all(&by, batch);
		(void)pthread_mutex_lock(&w->lock);
		w->telling = false;
		(void)pthread_cond_broadcast(&w->idle);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return NULL;
}

int watch_new(struct watch **out)
{
	struct watch *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return -ENOMEM;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->work, NULL);
	(void)pthread_cond_init(&w->idle, NULL);
	rc = -pthread_create(&w->thread, NULL, watch_main, w);
	if (rc < 0) {
		(void)pthread_cond_destroy(&w->idle);
		(void)pthread_cond_destroy(&w->work);
		(void)pthread_mutex_destroy(&w->lock);
		free(w);
		return rc;
	}
	*out = w;
	return 0;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->stopping = true;
	(void)pthread_cond_signal(&w->work);
	(void)pthread_mutex_unlock(&w->lock);
	(void)pthread_join(w->thread, NULL);
	(void)pthread_cond_destroy(&w->idle);
	(void)pthread_cond_destroy(&w->work);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

void watch_set(struct watch *w, const struct watcher *by)
{
	(void)pthread_mutex_lock(&w->lock);
	w->by.changed = NULL; /* from here on nothing more is to be told */
	while (w->head || w->telling)
		(void)pthread_cond_wait(&w->idle, &w->lock);
	if (by)
		w->by = *by;
	(void)pthread_mutex_unlock(&w->lock);
}

static bool is_long(const struct submission *list)
{
	int n = 0;

	for (; list && n < MANY; list = list->next)
		n++;
	return n == MANY;
}

/* Under the lock: has to wait for its turn, or for those before it to have theirs. */
static bool must_wait(
	struct watch *w, const struct news *c, struct submission *list, bool more)
{
	list->untold = NULL;
	list->later = NULL;
	if (!w->by.changed)
		return false;
	if (c->count || c->everything)
		list->untold = w->by.changed(w->by.ctx, c);
	return list->untold || w->head || w->telling || (more && is_long(list));
}

void watch_answer(
	struct watch *w, const struct news *c, struct submission *list, bool more)
{
	bool wait;

	(void)pthread_mutex_lock(&w->lock);
	wait = must_wait(w, c, list, more);
	if (wait) {
		*(w->tail ? &w->tail->later : &w->head) = list;
		w->tail = list;
		(void)pthread_cond_signal(&w->work);
	}
	(void)pthread_mutex_unlock(&w->lock);
	if (!wait)
		answer(list);
}

/* The key is made of hashes already. */
struct pair_mark pair_mark(const struct pair_key *p)
{
	return (struct pair_mark){
		.pair = u64_at(p->b + 1 + NEARBY_SIZE),
		.subject = u32_at(p->b + 1),
	};
}

struct pair_mark store_pair_mark(struct slice subject, struct slice predicate)
{
	struct pair_key p = pair_key(subject, predicate);

	return pair_mark(&p);
}

void store_watch(struct store *s, const struct watcher *w)
{
	watch_set(s->watch, w);
}

/* Telling may have to wait for somebody who waits for an answer: the kernel takes the lock of a
 * directory to forget a name in it, and who holds that (an unlink of a file that is being
 * written, a rename behind one that submits) may be waiting for just the writer whose answer
 * comes after the telling. And it may be a reader who takes his time. So no answer waits for
 * it longer than LATE_MS: a guard gives it, and another thread goes on with what is behind.
 * What is late is told as soon as it can be. */
#include "store/watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <time.h>

#include "store/internal.h"

enum {
	MANY = 8, /* answers; waking whom they are for takes longer than waking a thread */
	LATE_MS = 1000,
	TELLERS = 4, /* while all of them are late nobody waits for what is told */
};

/* What a batch left to be told, and who waits for that. */
struct telling {
	STAILQ_ENTRY(telling) next;
	void *untold;		 /* NULL: nothing */
	struct submission *list; /* NULL: they are answered */
	bool late;
};

struct watch {
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t work, idle, alarm;
	struct watcher by; /* changed NULL: nobody watches */
	STAILQ_HEAD(telling_list, telling) waiting;
	struct telling *current; /* unless it is late */
	bool answering;		 /* the guard is */
	uint64_t turn;		 /* counts what became current */
	unsigned tellers, late;
	bool guarding; /* the guard looks from time to time */
	bool stopping;
	pthread_t guard, threads[TELLERS];
};

static void answer(struct submission *list)
{
	while (list) {
		struct submission *next = list->next;

		list->done(list);
		list = next;
	}
}

/* ---- telling: with the lock held, but for what takes time ---- */

static struct submission *take_list(struct telling *t)
{
	struct submission *list = t->list;

	t->list = NULL;
	return list;
}

static void answer_unlocked(struct watch *w, struct submission *list)
{
	(void)pthread_mutex_unlock(&w->lock);
	answer(list);
	(void)pthread_mutex_lock(&w->lock);
}

static void tell_one(struct watch *w, struct telling *t)
{
	struct watcher by = w->by;

	w->current = t;
	w->turn++;
	if (t->untold) {
		if (!w->guarding)
			(void)pthread_cond_signal(&w->alarm);
		w->guarding = true;
		(void)pthread_mutex_unlock(&w->lock);
		by.tell(by.ctx, t->untold);
		(void)pthread_mutex_lock(&w->lock);
		t->untold = NULL;
	}
	w->turn++; /* what is answered is not late */
	if (t->late) {
		w->late--;
	} else {
		answer_unlocked(w, take_list(t));
		w->current = NULL;
	}
	free(t);
	(void)pthread_cond_signal(&w->work);
	(void)pthread_cond_broadcast(&w->idle);
}

/* In order: what is told first is answered first. */
static void *tell_main(void *arg)
{
	struct watch *w = arg;
	struct telling *t;

	(void)pthread_mutex_lock(&w->lock);
	for (;;) {
		t = STAILQ_FIRST(&w->waiting);
		if (!t && w->stopping)
			break;
		if (!t || w->current || w->answering) {
			(void)pthread_cond_wait(&w->work, &w->lock);
			continue;
		}
		STAILQ_REMOVE_HEAD(&w->waiting, next);
		tell_one(w, t);
	}
	(void)pthread_cond_broadcast(&w->work);
	(void)pthread_mutex_unlock(&w->lock);
	return NULL;
}

static int add_teller(struct watch *w)
{
	int rc = w->tellers == TELLERS ? -EAGAIN
				       : -pthread_create(&w->threads[w->tellers],
						 NULL, tell_main, w);

	w->tellers += rc == 0;
	return rc;
}

/* ---- the guard: likewise ---- */

/* Nobody is left to tell: who waits is answered all the same. */
static bool all_are_late(const struct watch *w)
{
	return w->late == w->tellers;
}

static struct telling *first_unanswered(struct watch *w)
{
	struct telling *t;

	STAILQ_FOREACH(t, &w->waiting, next)
	if (t->list)
		break;
	return t;
}

static void pass_by(struct watch *w)
{
	struct telling *t = w->current;

	t->late = true;
	w->late++;
	w->current = NULL;
	w->answering = true;
	answer_unlocked(w, take_list(t));
	if (all_are_late(w))
		(void)add_teller(w);
	while (all_are_late(w) && (t = first_unanswered(w)))
		answer_unlocked(w, take_list(t));
	w->answering = false;
	(void)pthread_cond_signal(&w->work);
	(void)pthread_cond_broadcast(&w->idle);
}

static void wait_a_while(struct watch *w)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LATE_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_cond_timedwait(&w->alarm, &w->lock, &until);
}

static void *guard_main(void *arg)
{
	struct watch *w = arg;

	(void)pthread_mutex_lock(&w->lock);
	while (!w->stopping) {
		uint64_t turn = w->turn;

		if (w->guarding)
			wait_a_while(w);
		else
			(void)pthread_cond_wait(&w->alarm, &w->lock);
		if (w->turn != turn)
			continue;
		if (!w->current)
			w->guarding = false;
		else if (w->current->untold) /* not what is being answered */
			pass_by(w);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- the watch ---- */

static void init_locks(struct watch *w)
{
	pthread_condattr_t monotonic;

	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->work, NULL);
	(void)pthread_cond_init(&w->idle, NULL);
	(void)pthread_cond_init(&w->alarm, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
}

static void end_locks(struct watch *w)
{
	(void)pthread_cond_destroy(&w->alarm);
	(void)pthread_cond_destroy(&w->idle);
	(void)pthread_cond_destroy(&w->work);
	(void)pthread_mutex_destroy(&w->lock);
}

int watch_new(struct watch **out)
{
	struct watch *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return -ENOMEM;
	STAILQ_INIT(&w->waiting);
	init_locks(w);
	rc = -pthread_create(&w->guard, NULL, guard_main, w);
	if (rc < 0) {
		end_locks(w);
		free(w);
		return rc;
	}
	rc = add_teller(w);
	if (rc < 0) {
		watch_free(w);
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
	(void)pthread_cond_broadcast(&w->work);
	(void)pthread_cond_signal(&w->alarm);
	(void)pthread_mutex_unlock(&w->lock);
	(void)pthread_join(w->guard, NULL); /* it adds tellers */
	for (unsigned i = 0; i < w->tellers; i++)
		(void)pthread_join(w->threads[i], NULL);
	end_locks(w);
	free(w);
}

void watch_set(struct watch *w, const struct watcher *by)
{
	(void)pthread_mutex_lock(&w->lock);
	w->by.changed = NULL; /* from here on nothing more is to be told */
	while (!STAILQ_EMPTY(&w->waiting) || w->current || w->late || w->answering)
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
static bool must_wait(const struct watch *w, const void *untold,
	const struct submission *list, bool more)
{
	if (!w->by.changed)
		return false;
	return untold || !STAILQ_EMPTY(&w->waiting) || w->current || w->answering ||
	       (more && is_long(list));
}

/* Who is to be answered by the caller: the list, or nobody now. */
static struct submission *enter(
	struct watch *w, void *untold, struct submission *list)
{
	struct telling *t = malloc(sizeof(*t));
	bool all_late = all_are_late(w) && !w->answering;

	if (!t) { /* better late than never */
		answer_unlocked(w, list);
		if (untold)
			w->by.tell(w->by.ctx, untold);
		return NULL;
	}
	*t = (struct telling){.untold = untold, .list = all_late ? NULL : list};
	STAILQ_INSERT_TAIL(&w->waiting, t, next);
	(void)pthread_cond_signal(&w->work);
	return all_late ? list : NULL;
}

void watch_answer(
	struct watch *w, const struct news *c, struct submission *list, bool more)
{
	void *untold = NULL;

	(void)pthread_mutex_lock(&w->lock);
	if (w->by.changed && (c->count || c->everything))
		untold = w->by.changed(w->by.ctx, c);
	if (must_wait(w, untold, list, more))
		list = enter(w, untold, list);
	(void)pthread_mutex_unlock(&w->lock);
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

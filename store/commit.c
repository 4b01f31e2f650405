/* The committer: one thread that turns waiting submissions into log and index.
 *
 * A batch (store/batch.h) is whatever waits, up to a bound; between two batches it works
 * off a part of what settings owe. */
#include <errno.h>

#include "store/batch.h"
#include "store/sweep.h"

enum {
	BATCH_RECORDS = 8192, /* more would only make the first writer wait */
	BATCH_BYTES = 16 << 20,
	SWEEP_RECORDS = 256, /* of a sweep between two batches */
};

void committer_wait(struct store *s, uint64_t at)
{
	struct committer *c = &s->committer;

	(void)pthread_mutex_lock(&c->lock);
	while (c->in_flight && c->in_flight <= at)
		(void)pthread_cond_wait(&c->landed, &c->lock);
	(void)pthread_mutex_unlock(&c->lock);
}

/* Take what waits, in order, up to the bounds (at least one). With the lock held.
 */
static struct submission *take(struct committer *c)
{
	struct submission *first = c->head, *last = first;
	size_t records = first->count;
	uint64_t bytes = submission_bound(first);

	while (last->next) {
		records += last->next->count;
		bytes += submission_bound(last->next);
		if (records > BATCH_RECORDS || bytes > BATCH_BYTES)
			break;
		last = last->next;
	}
	c->head = last->next;
	if (!c->head)
		c->tail = NULL;
	last->next = NULL;
	return first;
}

/* One step of a sweep. 0 when nothing is owed any more, 1 when there is more, -errno. */
static int sweep_some(struct store *s)
{
	struct change c;
	bool more = false;
	int rc = change_begin(&c, &s->index, s->wal, true, s->sums_from);

	if (rc == 0 && c.meta.sweeps) {
		rc = sweep_step(&c, SWEEP_RECORDS);
		/* nothing of the log is applied here, so the place it is applied up to
		 * stays: after a failed sync the log may hold frames that the index
		 * does not */
		if (rc == 0) {
			struct id head = c.meta.head;

			rc = change_finish(&c, c.meta.log_end, &head);
		}
		more = c.meta.sweeps > 0;
		if (rc == 0)
			rc = change_commit(&c);
	}
	change_abort(&c);
	return rc < 0 ? rc : more;
}

/* A part of what settings owe; false when nothing is owed, or when the index fails (then
 * readers go on resolving anew, and the next start tries again). */
static bool sweep(struct store *s)
{
	int rc = sweep_some(s);

	if (rc < 0)
		batch_after_failure(s);
	return rc > 0;
}

static void *committer_main(void *arg)
{
	struct store *s = arg;
	struct committer *c = &s->committer;

	(void)pthread_mutex_lock(&c->lock);
	for (;;) {
		struct submission *list;

		while (!c->head && !c->stopping && !c->sweeping)
			(void)pthread_cond_wait(&c->work, &c->lock);
		if (!c->head && c->stopping)
			break; /* drained; a sweep goes on at the next start */
		list = c->head ? take(c) : NULL;
		(void)pthread_mutex_unlock(&c->lock);
		if (list)
			batch_process(s, list);
		if (c->sweeping)
			c->sweeping = sweep(s);
		(void)pthread_mutex_lock(&c->lock);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

int committer_start(struct store *s, struct error *err)
{
	struct committer *c = &s->committer;
	int rc;

	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->work, NULL);
	(void)pthread_cond_init(&c->landed, NULL);
	c->made = true;
	c->sweeping = true; /* there may be something left from before */
	rc = pthread_create(&c->thread, NULL, committer_main, s);
	if (rc)
		return fail(
			err, rc, "cannot start the committer: %s", strerror(rc));
	c->running = true;
	return 0;
}

void committer_stop(struct store *s)
{
	struct committer *c = &s->committer;

	if (!c->running)
		return;
	(void)pthread_mutex_lock(&c->lock);
	c->stopping = true;
	(void)pthread_cond_signal(&c->work);
	(void)pthread_mutex_unlock(&c->lock);
	(void)pthread_join(c->thread, NULL);
	c->running = false;
}

void committer_free(struct store *s)
{
	struct committer *c = &s->committer;

	if (!c->made)
		return;
	(void)pthread_cond_destroy(&c->work);
	(void)pthread_cond_destroy(&c->landed);
	(void)pthread_mutex_destroy(&c->lock);
}

void store_submit(struct store *s, struct submission *sub)
{
	struct committer *c = &s->committer;
	bool late;

	sub->next = NULL;
	(void)pthread_mutex_lock(&c->lock);
	late = c->stopping;
	if (!late) {
		if (c->tail)
			c->tail->next = sub;
		else
			c->head = sub;
		c->tail = sub;
		(void)pthread_cond_signal(&c->work);
	}
	(void)pthread_mutex_unlock(&c->lock);
	if (late) {
		struct error err;

		(void)fail(&err, EROFS, "the store is being closed");
		batch_refuse(sub, &err);
		sub->done(sub);
	}
}

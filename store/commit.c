/* The committer: one thread that turns waiting submissions into log and index.
 *
 * A batch is whatever waits, up to a bound. Within it every record is decided and
 * applied in order to one write transaction of the index, which nobody sees yet;
 * then the log gets the whole batch with one write and one fdatasync; then the
 * transaction is committed, which makes it visible; then the writers are answered.
 * Whatever fails before the log is synced leaves no trace; a commit of the index
 * that fails takes the log back. So a record is acknowledged when it is durable and
 * visible, and a refused one appears nowhere. */
#include <errno.h>
#include <stdio.h>

#include "core/canon.h"
#include "store/decide.h"
#include "store/internal.h"
#include "store/sweep.h"

enum {
	BATCH_RECORDS = 8192, /* more would only make the first writer wait */
	BATCH_BYTES = 16 << 20,
	SWEEP_RECORDS = 256, /* of a sweep between two batches */
};

struct batch {
	struct store *s;
	struct submission *list; /* in order */
	struct change change;
	uint64_t now;
	uint64_t appended;
	bool fatal;
	struct error error; /* of the whole batch, when fatal */
};

static uint64_t frame_bound(const struct entry *e)
{
	return frame_size((uint32_t)(FRAME_PREFIX + e->canonical.n +
				     (size_t)e->signature_count * FRAME_SIGNATURE));
}

static uint64_t submission_bound(const struct submission *sub)
{
	uint64_t n = 0;

	for (size_t i = 0; i < sub->count; i++)
		n += frame_bound(&sub->entries[i]);
	return n;
}

/* Append canonical bytes with their signatures to log and index, both still
 * pending. */
static int append(struct batch *b, const struct submission *sub,
	struct slice canonical, const struct entry *e, uint64_t *seq)
{
	struct frame f = {
		.received_at = b->now,
		.uid = sub->uid,
		.canonical = canonical,
	};
	struct frame pending;
	int rc = wal_add(b->s->wal, &f, e->signatures, e->signature_count);

	if (rc < 0)
		return fail(&b->error, -rc, "log: %s", strerror(-rc));
	if (!wal_peek(b->s->wal, f.offset, &pending))
		return fail(
			&b->error, EIO, "log: the frame just added is not there");
	rc = change_apply(&b->change, &pending, &b->error);
	*seq = f.seq;
	b->appended++;
	return rc;
}

static int append_cosignature(
	struct batch *b, const struct submission *sub, struct entry *e)
{
	struct record r = {.kind = RECORD_COSIGNATURE, .target = e->id};
	BUF_AUTO(bytes);
	struct slice view;

	canon_encode(&r, &bytes);
	if (buf_view(&bytes, &view) < 0)
		return fail(&b->error, ENOMEM, "out of memory");
	return append(b, sub, view, e, &e->seq);
}

/* One entry. < 0: refused (sub->error) or, with b->fatal, the batch is lost. */
static int commit_entry(struct batch *b, struct submission *sub, struct entry *e)
{
	struct decision d = decide(&b->change, e, b->now, &sub->error);
	int rc = 0;

	switch (d.verdict) {
	case VERDICT_APPEND:
		rc = append(b, sub, e->canonical, e, &e->seq);
		break;
	case VERDICT_COSIGN:
		rc = append_cosignature(b, sub, e);
		break;
	case VERDICT_DUPLICATE:
		e->outcome = OUTCOME_DUPLICATE;
		e->seq = d.known_seq;
		e->id = d.known_id;
		return 0;
	case VERDICT_REFUSE:
		e->outcome = OUTCOME_REFUSED;
		return -EINVAL;
	case VERDICT_FATAL:
		b->error = sub->error;
		rc = -EIO;
		break;
	}
	b->fatal = rc < 0;
	if (rc == 0) {
		e->outcome = OUTCOME_ACCEPTED;
		if (e->record.kind == RECORD_COSIGNATURE)
			e->id = e->record.target;
	}
	return rc;
}

static void commit_submission(struct batch *b, struct submission *sub)
{
	sub->refused = sub->count;
	for (size_t i = 0; i < sub->count; i++) {
		if (commit_entry(b, sub, &sub->entries[i]) == 0)
			continue;
		if (b->fatal)
			return;
		sub->refused = i;
		for (size_t j = i + 1; j < sub->count; j++)
			sub->entries[j].outcome = OUTCOME_UNTRIED;
		return;
	}
}

/* A disk that is full is ENOSPC to the writer; everything else that fails below is
 * EIO. */
static int fail_batch(struct batch *b, int rc, const char *what)
{
	return fail(&b->error, rc == -ENOSPC ? ENOSPC : EIO, "%s: %s", what,
		strerror(-rc));
}

/* Log, then index. */
static int make_durable(struct batch *b)
{
	struct wal_position end = wal_end(b->s->wal);
	int rc = change_finish(&b->change, end.offset, &end.chain);
	bool owed = b->change.meta.sweeps > 0;

	if (rc < 0)
		return fail_batch(b, rc, "the index failed");
	rc = wal_write(b->s->wal, &b->error);
	if (rc < 0)
		return rc;
	rc = change_commit(&b->change);
	if (rc < 0) {
		/* taken back before anybody is answered: no refused record may
		 * appear */
		(void)fail_batch(b, rc, "the index failed");
		/* where that fails too, its sentence is the one to read: the batch
		 * may be there after the next start */
		(void)wal_undo(b->s->wal, &b->error);
		return rc;
	}
	b->s->committer.sweeping |= owed;
	return 0;
}

/* Everybody in the batch gets the batch's error. */
static void refuse_all(struct batch *b)
{
	for (struct submission *sub = b->list; sub; sub = sub->next) {
		for (size_t i = 0; i < sub->count; i++)
			sub->entries[i].outcome = OUTCOME_UNTRIED;
		if (sub->count)
			sub->entries[0].outcome = OUTCOME_REFUSED;
		sub->refused = 0;
		sub->error = b->error;
	}
}

/* Why nothing can be written; false while it can. */
static bool dead(struct batch *b)
{
	struct store *s = b->s;

	if (!wal_failed(s->wal))
		return false;
	(void)pthread_mutex_lock(&s->committer.lock);
	(void)fail(&b->error, EROFS,
		"the disk failed to sync the log: nothing is written until the "
		"next mount");
	(void)snprintf(s->dead, sizeof(s->dead), "%s", b->error.message);
	(void)pthread_mutex_unlock(&s->committer.lock);
	return true;
}

/* What the batch is received at. Who asks for a moment that is past waits for batches
 * that were received by then, so the clock is read under their lock. */
static void take_off(struct batch *b)
{
	struct committer *c = &b->s->committer;

	(void)pthread_mutex_lock(&c->lock);
	b->now = clock_now(&b->s->clock);
	c->in_flight = b->now;
	(void)pthread_mutex_unlock(&c->lock);
	/* and it never goes back, if the clock has */
	if (b->now < b->change.meta.received_at)
		b->now = b->change.meta.received_at;
}

static void land(struct committer *c)
{
	(void)pthread_mutex_lock(&c->lock);
	c->in_flight = 0;
	(void)pthread_cond_broadcast(&c->landed);
	(void)pthread_mutex_unlock(&c->lock);
}

void committer_wait(struct store *s, uint64_t at)
{
	struct committer *c = &s->committer;

	(void)pthread_mutex_lock(&c->lock);
	while (c->in_flight && c->in_flight <= at)
		(void)pthread_cond_wait(&c->landed, &c->lock);
	(void)pthread_mutex_unlock(&c->lock);
}

static int commit_batch(struct batch *b)
{
	uint64_t most = 0;
	int rc;

	for (struct submission *sub = b->list; sub; sub = sub->next)
		most += submission_bound(sub);
	rc = wal_begin(b->s->wal, most, &b->error);
	if (rc < 0)
		return rc;
	rc = change_begin(
		&b->change, &b->s->index, b->s->wal, true, b->s->sums_from);
	if (rc < 0)
		return fail_batch(b, rc, "the index failed");
	take_off(b);
	for (struct submission *sub = b->list; sub && !b->fatal; sub = sub->next)
		commit_submission(b, sub);
	if (b->fatal)
		return -EIO;
	return b->appended ? make_durable(b) : 0;
}

static void count_outcomes(struct batch *b)
{
	struct store *s = b->s;

	for (struct submission *sub = b->list; sub; sub = sub->next)
		for (size_t i = 0; i < sub->count; i++) {
			enum outcome o = sub->entries[i].outcome;

			s->records += o == OUTCOME_ACCEPTED;
			s->duplicates += o == OUTCOME_DUPLICATE;
			s->refused += o == OUTCOME_REFUSED;
		}
	s->commits += b->appended > 0;
}

static void process(struct store *s, struct submission *list)
{
	struct batch b = {.s = s, .list = list};
	int rc = dead(&b) ? -EROFS : commit_batch(&b);

	change_abort(&b.change);
	wal_drop(s->wal);
	land(&s->committer);
	if (rc < 0) {
		(void)dead(&(struct batch){.s = s}); /* for status */
		b.appended = 0;
		refuse_all(&b);
	}
	count_outcomes(&b);
	while (list) {
		struct submission *next = list->next;

		list->done(list);
		list = next;
	}
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

/* A part of what settings owe; false when nothing is owed, or when the index fails (then
 * readers go on resolving anew, and the next start tries again). */
static bool sweep(struct store *s)
{
	struct change c;
	bool more;
	int rc = change_begin(&c, &s->index, s->wal, true, s->sums_from);

	if (rc < 0)
		return false;
	if (c.meta.sweeps)
		rc = sweep_step(&c, SWEEP_RECORDS);
	/* nothing of the log is applied here, so the place it is applied up to stays: after
	 * a failed sync the log may hold frames that the index does not */
	if (rc == 0) {
		struct id head = c.meta.head;

		rc = change_finish(&c, c.meta.log_end, &head);
	}
	more = rc == 0 && c.meta.sweeps > 0;
	if (rc == 0 && change_commit(&c) < 0)
		more = false;
	change_abort(&c);
	return more;
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
			process(s, list);
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
		struct batch b = {.s = s, .list = sub};

		(void)fail(&b.error, EROFS, "the store is being closed");
		refuse_all(&b);
		sub->done(sub);
	}
}

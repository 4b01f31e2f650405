/* The lots of one call on their way through the store.
 *
 *	framed -> prepared, several at once -> gathered in order -> decided
 *
 * A call whose values fit one lot is prepared by the thread that brings it. A longer one is
 * worked on by strands: jobs (fs/jobs.h), each of which frames the next lot, prepares it and
 * goes to the end of the queue. What is prepared is handed to the store as soon as the store
 * has decided what was handed to it before, so that it is at work while more is prepared;
 * and never before, since what stands behind a refused value must not be there.
 *
 * Every event (a lot is prepared, a submission decided) ends in advance(), which says under
 * the lock what is to be done next, once it is let go. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "fs/sink_internal.h"

enum {
	BATCH_LEAST = 256, /* while more is coming: a commit costs some records */
};

enum step {
	STEP_NONE,
	STEP_SUBMIT,
	STEP_FINISH,
};

static void begin_pump(struct sink *s)
{
	STAILQ_INIT(&s->lots);
	s->lot_count = 0;
	s->fresh = NULL;
	s->framed = s->over = false;
}

/* Nothing from here on is taken; record is the index of the first that is not. */
static void refuse(struct sink *s, const struct error *err, uint64_t record)
{
	s->verdict = *err;
	s->record = record;
	s->over = true;
}

/* ---- lots ---- */

/* Why the first of it that is no entry is refused; NULL: it is not. */
static const struct error *refusal(const struct lot *l)
{
	const struct error *err;

	if (l->state != LOT_PREPARED)
		return NULL; /* a strand has it, or will have */
	err = l->ready < l->count ? &l->error : &l->end;
	return err->code != 0 ? err : NULL;
}

static void drop_first(struct sink *s)
{
	struct lot *l = STAILQ_FIRST(&s->lots);

	STAILQ_REMOVE_HEAD(&s->lots, next);
	s->lot_count--;
	lot_give(s->in, l);
}

/* While nothing is at the store: lots that are decided wholly. True where there were
 * some. */
static bool drop_decided(struct sink *s)
{
	struct lot *l;
	bool some = false;

	while ((l = STAILQ_FIRST(&s->lots)) && l->state == LOT_PREPARED &&
		l->taken == l->count && !refusal(l)) {
		drop_first(s);
		some = true;
	}
	return some;
}

/* Is the first value that is not decided one that waited for just that? */
static bool is_resumable(const struct sink *s)
{
	const struct lot *l = STAILQ_FIRST(&s->lots);

	return l && l->state == LOT_WAITING && l->taken == l->ready &&
	       !s->in_flight;
}

/* Behind what is refused there is nothing to do. */
static bool may_frame(const struct sink *s)
{
	const struct lot *l;

	if (s->framed || s->lot_count == LOTS_OF_A_SINK)
		return false;
	STAILQ_FOREACH(l, &s->lots, next)
	if (refusal(l))
		return false;
	return true;
}

static bool has_work(const struct sink *s)
{
	return !s->over && (s->fresh || is_resumable(s) || may_frame(s));
}

/* NULL: there is no room now, or it is over. */
static struct lot *frame_next(struct sink *s)
{
	struct lot *l = lot_take(s->in, s->lot_count == 0);
	struct error err;

	if (!l && s->lot_count == 0) {
		(void)fail(&err, ENOMEM, "out of memory");
		refuse(s, &err, s->values);
	}
	if (!l)
		return NULL;
	lot_frame(s, l);
	STAILQ_INSERT_TAIL(&s->lots, l, next);
	s->lot_count++;
	return l;
}

/* A lot to prepare, and whether all before its first value is decided. */
static struct lot *next_lot(struct sink *s, bool *in_order)
{
	struct lot *l = s->fresh;

	if (!has_work(s))
		return NULL;
	s->fresh = NULL;
	if (!l)
		l = is_resumable(s) ? STAILQ_FIRST(&s->lots) : frame_next(s);
	if (!l)
		return NULL;
	l->state = LOT_PREPARING;
	l->seen = s->changes_decided;
	*in_order = l == STAILQ_FIRST(&s->lots) && !s->in_flight;
	return l;
}

/* ---- gathering ---- */

static uint64_t bits_below(size_t n)
{
	return n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

/* What asked the store before something that may change the answer was there has to ask
 * again. changes: of the call, before this lot. */
static void cut_stale(struct lot *l, uint64_t changes)
{
	uint64_t asks = l->asks & ~bits_below(l->taken);
	size_t at;

	if (!asks || l->seen == changes)
		return;
	at = (size_t)__builtin_ctzll(asks);
	l->ready = at;
	l->state = LOT_WAITING;
	l->asks &= bits_below(at);
	l->changes &= bits_below(at);
}

/* What can be handed to the store now. */
struct crop {
	size_t entries, lots;
	uint64_t changes; /* of the call, with these */
	bool blocked;	  /* what follows needs these decided, or is refused */
};

static struct crop find_crop(struct sink *s)
{
	struct crop c = {.changes = s->changes};
	struct lot *l;

	STAILQ_FOREACH(l, &s->lots, next)
	{
		if (c.blocked || l->state < LOT_WAITING)
			break;
		cut_stale(l, c.changes);
		c.entries += l->ready - l->taken;
		c.lots++;
		c.changes += (uint64_t)__builtin_popcountll(
			l->changes & bits_below(l->ready) & ~bits_below(l->taken));
		c.blocked = l->state == LOT_WAITING || refusal(l);
	}
	return c;
}

/* Entries of one lot go as they stand; of several, copied side by side. */
static int gather(struct sink *s, const struct crop *c)
{
	struct lot *l = STAILQ_FIRST(&s->lots);
	size_t n = 0;

	s->sub.entries = l->entries + l->taken;
	if (l->ready - l->taken < c->entries) {
		s->gathered = reallocarray(NULL, c->entries, sizeof(*l->entries));
		if (!s->gathered)
			return -ENOMEM;
		s->sub.entries = s->gathered;
	}
	for (size_t i = 0; i < c->lots; i++, l = STAILQ_NEXT(l, next)) {
		l->from = l->taken;
		l->taken = l->ready;
		if (s->gathered)
			memcpy(s->gathered + n, l->entries + l->from,
				(l->taken - l->from) * sizeof(*l->entries));
		n += l->taken - l->from;
	}
	s->sub.count = n;
	s->changes = c->changes;
	return 0;
}

/* Nothing is at the store, and there is nothing to hand to it. */
static void look_at_first(struct sink *s)
{
	const struct lot *l = STAILQ_FIRST(&s->lots);
	const struct error *why = l ? refusal(l) : NULL;

	if (why)
		refuse(s, why, l->first + l->ready);
}

/* ---- what next ---- */

static void wake(struct sink *s)
{
	unsigned n = jobs_threads(s->in->jobs);

	for (unsigned i = 0; i < n && i < STRANDS_MAX && has_work(s); i++) {
		struct strand *t = &s->strands[i];

		if (t->busy)
			continue;
		t->busy = true;
		s->busy_strands++;
		jobs_add(s->in->jobs, &t->job);
	}
}

static enum step submit_or_wait(struct sink *s)
{
	struct crop c = find_crop(s);
	struct error err;

	if (c.entries == 0) {
		look_at_first(s);
		return STEP_NONE;
	}
	if (c.entries < BATCH_LEAST && !c.blocked && s->busy_strands > 0)
		return STEP_NONE;
	if (gather(s, &c) < 0) {
		const struct lot *l = STAILQ_FIRST(&s->lots);

		(void)fail(&err, ENOMEM, "out of memory");
		refuse(s, &err, l->first + l->taken);
		return STEP_NONE;
	}
	s->in_flight = true;
	return STEP_SUBMIT;
}

static enum step advance(struct sink *s)
{
	enum step step = STEP_NONE;

	if (s->in_flight)
		return STEP_NONE;
	if (drop_decided(s))
		wake(s);
	if (!s->over)
		step = submit_or_wait(s);
	if (is_resumable(s))
		wake(s);
	if (step == STEP_NONE && s->busy_strands == 0 &&
		(s->over || (s->framed && STAILQ_EMPTY(&s->lots))))
		return STEP_FINISH;
	return step;
}

/* Without the lock. The sink may be gone when this returns. */
static void do_step(struct sink *s, enum step step)
{
	if (step == STEP_SUBMIT)
		store_submit(s->in->options.store, &s->sub);
	if (step != STEP_FINISH)
		return;
	while (!STAILQ_EMPTY(&s->lots))
		drop_first(s);
	sink_finish(s);
}

/* ---- preparing ---- */

static void run_strand(struct job *j)
{
	struct strand *t =
		(struct strand *)((char *)j - offsetof(struct strand, job));
	struct sink *s = t->sink;
	enum lot_state state = LOT_PREPARED;
	bool in_order = false;
	enum step step;
	struct lot *l;

	(void)pthread_mutex_lock(&s->lock);
	l = next_lot(s, &in_order);
	(void)pthread_mutex_unlock(&s->lock);
	if (l)
		state = lot_prepare(s, l, in_order);
	(void)pthread_mutex_lock(&s->lock);
	if (l)
		l->state = state;
	if (l && has_work(s)) {
		jobs_add(s->in->jobs, j); /* behind those of other sinks */
	} else {
		t->busy = false;
		s->busy_strands--;
	}
	step = advance(s);
	(void)pthread_mutex_unlock(&s->lock);
	do_step(s, step);
}

/* ---- deciding ---- */

/* Comes before whatever may have stopped the preparing. */
static void refuse_entry(struct sink *s)
{
	const struct lot *l = STAILQ_FIRST(&s->lots);
	size_t at = s->sub.refused;

	assert(s->sub.error.code != 0);
	for (; at >= l->taken - l->from; l = STAILQ_NEXT(l, next))
		at -= l->taken - l->from;
	at += l->from;
	refuse(s, &s->sub.error, l->first + at);
	s->verdict.offset = (int64_t)l->values[at].offset;
}

/* In the committer's thread. */
static void decided(struct submission *sub)
{
	struct sink *s = sub->ctx;
	enum step step;

	receipts_note(s);
	(void)pthread_mutex_lock(&s->lock);
	s->in_flight = false;
	s->changes_decided = s->changes;
	if (sub->refused < sub->count)
		refuse_entry(s);
	free(s->gathered);
	s->gathered = NULL;
	step = advance(s);
	(void)pthread_mutex_unlock(&s->lock);
	do_step(s, step);
}

/* ---- the call ---- */

void pump_init(struct sink *s)
{
	(void)pthread_mutex_init(&s->lock, NULL);
	s->sub.uid = s->opener.uid;
	s->sub.done = decided;
	s->sub.ctx = s;
	for (size_t i = 0; i < STRANDS_MAX; i++) {
		s->strands[i].job.run = run_strand;
		s->strands[i].sink = s;
	}
}

void sink_pump(struct sink *s)
{
	enum step step = STEP_NONE;
	struct lot *l;

	(void)pthread_mutex_lock(&s->lock);
	begin_pump(s);
	l = frame_next(s);
	if (l && !s->framed) {
		s->fresh = l;
		wake(s);
	} else {
		if (l)
			l->seen = s->changes_decided;
		if (l)
			l->state = lot_prepare(s, l, true);
		step = advance(s);
	}
	(void)pthread_mutex_unlock(&s->lock);
	do_step(s, step);
}

/* A batch: whatever waited, decided in order, made durable and visible at once.
 *
 * Every record is decided and applied in order to one write transaction of the index,
 * which nobody sees yet; then the log gets the whole batch with one write and one
 * fdatasync; then the transaction is committed, which makes it visible; then the writers
 * are answered. The disk begins with the log when nothing is left to be decided, and works
 * while the last record is applied and views are resolved: in the same thread, since a
 * single record must not wait for another to wake. Whatever fails of a batch, up to the
 * commit, takes all of it back. So a record is acknowledged when it is durable and visible,
 * and a refused one appears nowhere. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/canon.h"
#include "core/sign.h"
#include "store/batch.h"
#include "store/decide.h"

enum {
	/* what one record may take of the index, beyond what its pages held before */
	INDEX_PER_RECORD = 16 << 10,
	INDEX_MOST = 8 << 20, /* more in one transaction reuses pages */
	INDEX_LEAST = 256 << 10,
};

struct batch {
	struct store *s;
	struct submission *list; /* in order */
	struct change change;
	struct meta_row before; /* META as the batch found it */
	struct buf changed;	/* struct pair_mark, of those it touched */
	uint64_t now;
	uint64_t appended;
	bool last; /* nothing is decided after this entry */
	bool fatal;
	struct error error; /* of the whole batch, when fatal */
};

static uint64_t frame_bound(const struct entry *e)
{
	return frame_size((uint32_t)(FRAME_PREFIX + e->canonical.n +
				     (size_t)e->signature_count * FRAME_SIGNATURE));
}

uint64_t submission_bound(const struct submission *sub)
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
	if (b->last) {
		rc = wal_start(b->s->wal, &b->error);
		if (rc < 0)
			return rc;
	}
	rc = change_apply(&b->change, &pending, &b->error);
	*seq = f.seq;
	b->appended++;
	return rc;
}

static int append_cosignature(
	struct batch *b, const struct submission *sub, struct entry *e)
{
	struct record r = {.kind = RECORD_COSIGNATURE, .target = e->id};
	struct buf *bytes = &b->change.line; /* free until it is applied */
	struct slice view;

	buf_reset(bytes);
	canon_encode(&r, bytes);
	if (buf_view(bytes, &view) < 0)
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
		b->last = !sub->next && i + 1 == sub->count;
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

static void note_change(void *changed, const struct pair_key *p)
{
	struct pair_mark mark = pair_mark(p);

	buf_add(changed, &mark, sizeof(mark));
}

/* Remember whose files will be others: what the change knows of it ends with its commit. */
static int note_changes(struct batch *b)
{
	change_touched(&b->change, note_change, &b->changed);
	return b->changed.failed ? -ENOMEM : 0;
}

/* Log, then index. */
static int make_durable(struct batch *b)
{
	struct wal_position end = wal_end(b->s->wal);
	int rc = wal_start(b->s->wal, &b->error);
	bool owed;

	if (rc < 0)
		return rc;
	rc = change_finish(&b->change, end.offset, &end.chain);
	owed = b->change.meta.sweeps > 0;
	if (rc == 0)
		rc = note_changes(b);
	if (rc < 0)
		return fail_batch(b, rc, "the index failed");
	rc = wal_write(b->s->wal, &b->error);
	if (rc < 0)
		return rc;
	rc = change_commit(&b->change);
	if (rc < 0)
		return fail_batch(b, rc, "the index failed");
	b->s->committer.sweeping |= owed;
	return 0;
}

void batch_refuse(struct submission *list, const struct error *why)
{
	for (struct submission *sub = list; sub; sub = sub->next) {
		for (size_t i = 0; i < sub->count; i++)
			sub->entries[i].outcome = OUTCOME_UNTRIED;
		if (sub->count)
			sub->entries[0].outcome = OUTCOME_REFUSED;
		sub->refused = 0;
		sub->error = *why;
	}
}

/* After a sync that failed nothing is written any more. */
static bool is_dead(struct batch *b)
{
	if (!wal_failed(b->s->wal))
		return false;
	(void)fail(&b->error, EROFS,
		"the disk failed to sync the log: nothing is written until the "
		"next mount");
	return true;
}

/* For status: why the last batch could not be written. */
static void note_trouble(struct batch *b, int rc)
{
	struct store *s = b->s;
	struct batch dead = {.s = s};

	if (rc == 0 && b->appended == 0)
		return; /* that says nothing about the disk */
	(void)pthread_mutex_lock(&s->committer.lock);
	(void)snprintf(s->trouble, sizeof(s->trouble), "%s",
		is_dead(&dead) ? dead.error.message
		: rc < 0       ? b->error.message
			       : "");
	(void)pthread_mutex_unlock(&s->committer.lock);
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

/* Does more wait? */
static bool land(struct committer *c)
{
	bool more;

	(void)pthread_mutex_lock(&c->lock);
	c->in_flight = 0;
	more = c->head != NULL;
	(void)pthread_cond_broadcast(&c->landed);
	(void)pthread_mutex_unlock(&c->lock);
	return more;
}

/* Room in the log and in the index, before anything is decided. */
static int make_room(struct batch *b)
{
	uint64_t most = 0, records = 0, rows;
	int rc;

	for (struct submission *sub = b->list; sub; sub = sub->next) {
		most += submission_bound(sub);
		records += sub->count;
	}
	rc = wal_begin(b->s->wal, most, &b->error);
	if (rc < 0)
		return rc;
	rows = records * INDEX_PER_RECORD;
	rc = index_reserve(&b->s->index,
		INDEX_LEAST + (rows < INDEX_MOST ? rows : INDEX_MOST));
	return rc < 0 ? fail_batch(b, rc, "the index has no room") : 0;
}

static int commit_batch(struct batch *b)
{
	int rc = make_room(b);

	if (rc < 0)
		return rc;
	rc = change_begin(
		&b->change, &b->s->index, b->s->wal, true, b->s->sums_from);
	if (rc < 0)
		return fail_batch(b, rc, "the index failed");
	b->before = b->change.meta;
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

/* Answer everybody, when those who keep what they have read know what changed. */
static void answer(struct batch *b, bool more)
{
	const struct meta_row *now = &b->change.meta, *before = &b->before;
	struct news c = {0};

	if (b->appended > 0)
		c = (struct news){
			.pairs = (const void *)b->changed.p,
			.count = b->changed.n / sizeof(*c.pairs),
			.everything = now->settings_seq != before->settings_seq,
			.new_pairs = now->pairs != before->pairs,
			.new_subjects = now->subjects != before->subjects,
		};
	watch_answer(b->s->watch, &c, b->list, more);
}

static int by_signature(const void *a, const void *b)
{
	return signature_compare(a, b);
}

/* As it was handed in: a decision may have put the id that stands for it, and set aside
 * signatures that were known, of a record that may not be there now. */
static void begin_entry_again(struct entry *e)
{
	e->outcome = OUTCOME_PENDING;
	e->seq = 0;
	e->id = id_of(e->canonical);
	if (!e->known_signatures)
		return;
	e->signature_count += e->known_signatures;
	e->known_signatures = 0;
	qsort(e->signatures, e->signature_count, sizeof(*e->signatures),
		by_signature);
}

static void begin_again(struct submission *list)
{
	for (struct submission *sub = list; sub; sub = sub->next)
		for (size_t i = 0; i < sub->count; i++)
			begin_entry_again(&sub->entries[i]);
}

void batch_after_failure(struct store *s)
{
	struct error err;

	if (index_recover(&s->index, s->wal, &err) < 0)
		suspect_raise(&s->suspect, "%s", err.message);
}

/* False: not answered, and worth trying each by itself. */
static bool process(struct store *s, struct submission *list)
{
	struct batch b = {.s = s, .list = list};
	bool dead = is_dead(&b), more;
	int rc = dead ? -EROFS : commit_batch(&b);

	change_abort(&b.change);
	/* taken back before anybody is answered: no refused record may appear. Where that
	 * fails too, its sentence is the one to read: the batch may be there after the
	 * next start */
	if (rc < 0)
		(void)wal_undo(s->wal, &b.error);
	wal_drop(s->wal);
	more = land(&s->committer);
	if (rc < 0 && !dead)
		batch_after_failure(s);
	note_trouble(&b, rc);
	if (rc < 0 && b.error.code == EIO && list->next && !wal_failed(s->wal)) {
		buf_free(&b.changed);
		return false;
	}
	if (rc < 0) {
		b.appended = 0;
		batch_refuse(list, &b.error);
	}
	count_outcomes(&b);
	answer(&b, more);
	buf_free(&b.changed);
	return true;
}

/* What somebody else's record needs of a damaged disk is no reason to refuse the others. */
void batch_process(struct store *s, struct submission *list)
{
	if (process(s, list))
		return;
	begin_again(list);
	while (list) {
		struct submission *next = list->next;

		list->next = NULL;
		(void)process(s, list);
		list = next;
	}
}

/* Snapshots: one read transaction of the index each, the log behind it, and what the
 * reader may see of them. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "store/internal.h"
#include "store/read.h"

enum {
	AGAIN_MS = 5000, /* the committer needs a moment to open the index again */
};

/* Holds the lock of the index in any case. */
static int begin(struct store *s, MDB_txn **out)
{
	static const struct timespec moment = {.tv_nsec = 1000000};
	int rc;

	(void)pthread_rwlock_rdlock(&s->index.lock);
	rc = index_read(&s->index, out);
	for (int ms = 0; rc == -EAGAIN && ms < AGAIN_MS; ms++) {
		(void)pthread_rwlock_unlock(&s->index.lock);
		(void)nanosleep(&moment, NULL);
		(void)pthread_rwlock_rdlock(&s->index.lock);
		rc = index_read(&s->index, out);
	}
	return rc == -EAGAIN ? -EIO : rc;
}

int store_snap(struct store *s, struct snap **out)
{
	struct snap *snap = calloc(1, sizeof(*snap));
	int rc;

	if (!snap)
		return -ENOMEM;
	snap->store = s;
	snap->source.wal = s->wal;
	frozen_follow(s);
	rc = begin(s, &snap->source.txn);
	if (rc == 0)
		rc = meta_read(snap->source.txn, &snap->meta);
	if (rc < 0) {
		snap_end(&snap);
		return rc;
	}
	*out = snap;
	return 0;
}

void snap_end(struct snap **p)
{
	struct snap *s = *p;

	if (!s)
		return;
	if (s->source.txn)
		index_read_end(&s->store->index, s->source.txn);
	(void)pthread_rwlock_unlock(&s->store->index.lock);
	buf_free(&s->epochs);
	free(s);
	*p = NULL;
}

void snap_see(struct snap *s, const struct context *c)
{
	static const struct context everything;

	s->source.context = c ? *c : everything;
	s->source.epochs = NULL;
	s->source.epoch_count = 0;
	s->ready = false;
}

static int add_epoch(void *ctx, const struct id *id)
{
	buf_add(ctx, id, sizeof(*id));
	return 0;
}

/* What the name of in-epoch/ means here. */
static int find_epochs(struct snap *s)
{
	int rc;

	buf_reset(&s->epochs);
	rc = epoch_find(s, s->source.context.epoch, add_epoch, &s->epochs);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	s->source.epochs = (const void *)s->epochs.p;
	s->source.epoch_count = s->epochs.n / sizeof(struct id);
	return s->epochs.failed ? -ENOMEM : 0;
}

/* Where the last record that is seen lies in the log. */
static int find_limit(struct snap *s)
{
	struct event_row e = {0};
	uint64_t seq = s->source.context.seq;
	int rc = event_before(s, &seq, &e);

	s->limit = rc == 0 ? e.at.offset + 1 : 0;
	return rc == -ENOENT ? 0 : rc;
}

int snap_ready(struct snap *s)
{
	unsigned cuts = s->source.context.cuts;
	int rc = 0;

	if (s->ready)
		return 0;
	s->limit = UINT64_MAX;
	if (cuts & CONTEXT_AT)
		rc = find_limit(s);
	if (rc == 0 && cuts & CONTEXT_EPOCH)
		rc = find_epochs(s);
	s->ready = rc == 0;
	return rc;
}

uint64_t snap_now(const struct snap *s)
{
	return context_now(&s->source.context, store_now(s->store));
}

void snap_totals(struct snap *s, struct snap_totals *out)
{
	const struct meta_row *m = &s->meta;
	const struct context *c = &s->source.context;

	*out = (struct snap_totals){
		.seq = m->seq,
		.received_at = m->received_at,
		.head = m->head,
		.log_end = m->log_end,
		.subjects = m->subjects,
		.pairs = m->pairs,
		.claims = m->claims,
		.votes = m->votes,
		.agents = m->agents,
		.subjects_mtime = m->subjects_mtime,
		.events_size = m->events_size,
		.settings_seq = m->settings_seq,
		/* settings take effect before the rows do */
		.contested = m->contested + m->settings_seq,
	};
	/* also at the last one: it will not be the last for ever */
	if (c->cuts & CONTEXT_AT) {
		out->seq = c->seq < m->seq ? c->seq : m->seq;
		(void)totals_at(s, out);
	}
}

/* ---- moments ---- */

int seq_time(struct snap *s, uint64_t seq, uint64_t *received_at)
{
	struct event_row e = {0};
	int rc = source_event(&s->source, seq, &e);

	if (rc == 0)
		*received_at = e.received_at;
	return rc;
}

/* The last record received by `at`. They come in the order of their times, so the times
 * can be searched by halves. */
static int last_by(struct snap *s, uint64_t at, uint64_t *seq)
{
	uint64_t low = 0, high = s->meta.seq;

	while (low < high) {
		uint64_t middle = low + (high - low + 1) / 2, near = middle;
		struct event_row e = {0};
		int rc = event_from(s, &near, &e);

		if (rc < 0)
			return rc == -ENOENT ? -EBADMSG : rc;
		if (e.received_at <= at)
			low = near < high ? near : high;
		else
			high = middle - 1;
	}
	*seq = low;
	return 0;
}

int store_seq_at(struct store *s, uint64_t at, uint64_t *seq)
{
	SNAP_AUTO(snap);
	int rc;

	if (at >= store_now(s))
		return -ENOENT;
	committer_wait(s, at);
	rc = store_snap(s, &snap);
	return rc < 0 ? rc : last_by(snap, at, seq);
}

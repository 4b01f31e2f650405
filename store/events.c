/* An event in its row, each number packed (store/packed.h):
 *
 *	seqs between this record and the one before
 *	8 bytes of the log between them (signed)
 *	length of the payload
 *	length of the line in events.jsonl
 *	time between their receipts, and between their own times (signed)
 *	kind
 *
 * Before the first of a row stands a record without a length, at the row's first seq, to
 * which everything is zero. */
#include "store/events.h"

#include <errno.h>

#include "store/frame.h"
#include "store/packed.h"

/* Eighths of the log offset where the record behind this one is to be expected. */
static uint64_t next_place(const struct event_row *e)
{
	uint64_t end = e->at.offset;

	if (e->at.length)
		end += frame_size(e->at.length);
	return end / 8;
}

struct events events_of(uint64_t base, struct slice row)
{
	return (struct events){.rest = row, .seq = base - 1};
}

int events_next(struct events *e)
{
	struct unpacking u = {.rest = e->rest};
	struct event_row *at = &e->event;

	if (u.rest.n == 0)
		return -ENOENT;
	e->seq += 1 + unpack(&u);
	at->at.offset = 8 * unpack_step(&u, next_place(at));
	at->at.length = (uint32_t)unpack(&u);
	at->end += unpack(&u);
	at->received_at = unpack_step(&u, at->received_at);
	at->timestamp = unpack_step(&u, at->timestamp);
	at->kind = (uint8_t)unpack(&u);
	e->rest = u.rest;
	return u.bad ? -EBADMSG : 0;
}

static void append(struct buf *row, const struct events *last, uint64_t seq,
	const struct event_row *e)
{
	const struct event_row *before = &last->event;

	pack(row, seq - last->seq - 1);
	pack_step(row, next_place(before), e->at.offset / 8);
	pack(row, e->at.length);
	pack(row, e->end - before->end);
	pack_step(row, before->received_at, e->received_at);
	pack_step(row, before->timestamp, e->timestamp);
	pack(row, e->kind);
}

/* The row that begins at t->base, as far as it is there. */
static int take_up(MDB_txn *txn, struct events_tail *t)
{
	struct row_key k = row_key_events(t->base);
	MDB_val v;
	int rc = row_get(txn, &k, &v);

	buf_reset(&t->row);
	if (rc == 0)
		buf_add(&t->row, v.mv_data, v.mv_size);
	else if (rc != -ENOENT)
		return rc;
	t->last = events_of(t->base, slice_of(t->row.p, t->row.n));
	do
		rc = t->row.failed ? -ENOMEM : events_next(&t->last);
	while (rc == 0);
	t->filling = rc == -ENOENT;
	return t->filling ? 0 : rc;
}

int events_flush(MDB_txn *txn, struct events_tail *t)
{
	struct row_key k = row_key_events(t->base);

	if (!t->filling)
		return 0;
	t->filling = false;
	return t->row.failed ? -ENOMEM : row_put(txn, &k, t->row.p, t->row.n);
}

int events_add(MDB_txn *txn, struct events_tail *t, uint64_t seq,
	const struct event_row *event)
{
	int rc = 0;

	if (!t->filling || t->base != events_base(seq)) {
		rc = events_flush(txn, t);
		t->base = events_base(seq);
		if (rc == 0)
			rc = take_up(txn, t);
	}
	if (rc < 0)
		return rc;
	append(&t->row, &t->last, seq, event);
	t->last.seq = seq;
	t->last.event = *event;
	return t->row.failed ? -ENOMEM : 0;
}

int events_find(MDB_txn *txn, const struct events_tail *tail, uint64_t seq,
	struct event_row *out)
{
	struct row_key k = row_key_events(events_base(seq));
	struct events e;
	MDB_val v;
	int rc = 0;

	if (tail && tail->filling && tail->base == events_base(seq))
		v = val_of(tail->row.p, tail->row.n);
	else
		rc = row_get(txn, &k, &v);
	if (rc < 0)
		return rc;
	e = events_of(events_base(seq), slice_of(v.mv_data, v.mv_size));
	do
		rc = events_next(&e);
	while (rc == 0 && e.seq < seq);
	if (rc == 0 && e.seq == seq)
		*out = e.event;
	return rc == 0 && e.seq != seq ? -ENOENT : rc;
}

/* The row that a walk stands at. */
static int read_row(const struct walk *w, struct events *out)
{
	if (w->key.mv_size != w->prefix.n + 8)
		return -EBADMSG;
	*out = events_of(be64_at((const uint8_t *)w->key.mv_data + w->prefix.n),
		slice_of(w->value.mv_data, w->value.mv_size));
	return 0;
}

int events_from(MDB_txn *txn, uint64_t *seq, struct event_row *out)
{
	struct row_key prefix = row_key_tag(KEY_EVENTS);
	struct row_key from = row_key_events(events_base(*seq));
	struct events e;
	WALK_AUTO(w);
	int rc = walk_from(&w, txn, &prefix, &from);

	for (; rc == 0; rc = walk_next(&w)) {
		rc = read_row(&w, &e);
		while (rc == 0 && (rc = events_next(&e)) == 0)
			if (e.seq >= *seq) {
				*seq = e.seq;
				*out = e.event;
				return 0;
			}
		if (rc != -ENOENT)
			return rc;
	}
	return rc;
}

int events_before(MDB_txn *txn, uint64_t *seq, struct event_row *out)
{
	struct row_key prefix = row_key_tag(KEY_EVENTS);
	uint64_t last = *seq;
	bool found = false;

	while (!found) {
		struct row_key before = row_key_events(last + 1);
		struct events e = {.seq = 0};
		WALK_AUTO(w);
		int rc = walk_before(&w, txn, &prefix, &before);

		if (rc == 0)
			rc = read_row(&w, &e);
		if (rc < 0)
			return rc;
		last = e.seq; /* the row before, if all of this one is behind */
		while ((rc = events_next(&e)) == 0 && e.seq <= *seq) {
			*out = e.event;
			last = e.seq;
			found = true;
		}
		if (rc < 0 && rc != -ENOENT)
			return rc;
	}
	*seq = last;
	return 0;
}

#include "store/change.h"

#include <errno.h>
#include <stdlib.h>

#include "core/canon.h"
#include "core/event.h"
#include "core/sets.h"
#include "store/graph.h"
#include "store/pair.h"
#include "store/sums.h"

int change_begin(struct change *c, struct index *ix, const struct wal *wal,
	bool building, uint32_t sums_from)
{
	int rc;

	*c = (struct change){
		.source = {.wal = wal, .building = building},
		.sums_from = sums_from,
	};
	rc = index_begin(ix, 0, &c->source.txn);
	if (rc == 0)
		rc = meta_read(c->source.txn, &c->meta);
	if (rc < 0)
		change_abort(c);
	return rc;
}

static void release(struct change *c)
{
	c->source.txn = NULL;
	buf_free(&c->touched);
	buf_free(&c->line);
	arena_free(&c->arena);
}

void change_abort(struct change *c)
{
	if (c->source.txn)
		mdb_txn_abort(c->source.txn);
	release(c);
}

int change_commit(struct change *c)
{
	int rc = index_commit(c->source.txn);

	release(c);
	return rc;
}

int change_touch(struct change *c, struct slice subject, struct slice predicate)
{
	struct touched t = {
		.pair = pair_key(subject, predicate),
		.subject = arena_copy(&c->arena, subject),
		.predicate = arena_copy(&c->arena, predicate),
		.seq = c->meta.seq,
		.received_at = c->meta.received_at,
	};

	if (!t.subject.p || !t.predicate.p)
		return -ENOMEM;
	buf_add(&c->touched, &t, sizeof(t));
	return c->touched.failed ? -ENOMEM : 0;
}

int change_agent(struct change *c, const struct agent *a, uint32_t *out)
{
	struct row_key by_key = row_key_agent(a);
	struct row_key by_number;
	int rc = agent_number(c->source.txn, a, out);

	if (rc != -ENOENT)
		return rc;
	*out = c->meta.agents++;
	by_number = row_key_agent_number(*out);
	rc = row_put(c->source.txn, &by_key, out, sizeof(*out));
	if (rc < 0)
		return rc;
	return row_put(c->source.txn, &by_number, a->b, ID_SIZE);
}

/* The record's line in events.jsonl: its length is all that is kept. */
static int apply_event(struct change *c, const struct frame *f,
	const struct record *r, const struct id *id, const struct agent *agents)
{
	struct row_key k = row_key_event(f->seq);
	struct event_row row = {
		.at = {.offset = f->offset, .length = f->length},
		.received_at = f->received_at,
	};

	buf_reset(&c->line);
	event_print(f->seq, f->received_at, id, r, agents, f->signature_count,
		&c->line);
	if (c->line.failed)
		return -ENOMEM;
	c->meta.events_size += c->line.n;
	row.end = c->meta.events_size;
	return row_put(c->source.txn, &k, &row, sizeof(row));
}

static int apply_signers(struct change *c, const struct frame *f,
	const struct agent *agents, uint32_t *numbers)
{
	for (uint16_t i = 0; i < f->signature_count; i++) {
		struct row_key k;
		int rc = change_agent(c, &agents[i], &numbers[i]);

		if (rc < 0)
			return rc;
		k = row_key_signed(numbers[i], f->seq);
		rc = row_put(c->source.txn, &k, NULL, 0);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int change_apply(struct change *c, const struct frame *f, struct error *err)
{
	struct agent agents[SIGNATURES_MAX];
	uint32_t numbers[SIGNATURES_MAX] = {0};
	struct record r = {0};
	struct id id = id_of(f->canonical);
	int rc;

	if (f->signature_count > SIGNATURES_MAX)
		return fail(err, EBADMSG,
			"log offset %llu: %u signatures are too many",
			(unsigned long long)f->offset, f->signature_count);
	rc = canon_decode(f->canonical, &r, err);
	if (rc < 0)
		return rc;
	for (uint16_t i = 0; i < f->signature_count; i++)
		agents[i] = frame_signature(f, i).agent;
	c->meta.seq = f->seq;
	c->meta.received_at = f->received_at;
	rc = apply_event(c, f, &r, &id, agents);
	if (rc == 0)
		rc = apply_signers(c, f, agents, numbers);
	if (rc == 0)
		rc = apply_record(c, f, &r, &id, numbers, f->signature_count);
	if (rc < 0)
		return fail(err, -rc, "index: %s", strerror(-rc));
	return 0;
}

static int by_pair(const void *a, const void *b)
{
	const struct touched *x = a, *y = b;

	return memcmp(x->pair.b, y->pair.b, PAIR_KEY);
}

/* The newest of each pair first: it says when the pair last changed, also where a
 * rebuild makes one change of many batches. */
static int by_pair_and_age(const void *a, const void *b)
{
	const struct touched *x = a, *y = b;
	int order = by_pair(a, b);

	return order ? order : x->seq < y->seq ? 1 : x->seq > y->seq ? -1 : 0;
}

/* From running sums where the pair keeps them, else from all candidates; a pair
 * that has grown large begins to keep them. */
static int resolve_view(struct change *c, const struct touched *t,
	struct pair_row *row, struct pair_view *v)
{
	int rc = sums_current(c, &t->pair, row);

	if (rc < 0)
		return rc;
	if (row->sums == SUMS_KEPT)
		return sums_resolve(c, &t->pair, t->subject, t->predicate, v);
	rc = pair_resolve(&c->source, &t->pair, t->subject, t->predicate, v);
	if (rc < 0 || v->rows < c->sums_from)
		return rc;
	row->sums = SUMS_KEPT;
	row->rights_seq = c->meta.rights_seq;
	rc = sums_start(c, &t->pair);
	if (rc < 0 || !predicate_is_set(t->predicate))
		return rc;
	buf_reset(&v->line);
	return sums_resolve(c, &t->pair, t->subject, t->predicate, v);
}

static int resolve(struct change *c, const struct touched *t)
{
	__attribute__((cleanup(pair_view_free))) struct pair_view v = {0};
	struct pair_row row = {0};
	struct slice line = {0};
	int rc = pair_row_read(c->source.txn, &t->pair, &row, NULL);

	if (rc == 0)
		rc = resolve_view(c, t, &row, &v);
	if (rc == 0)
		rc = buf_view(&v.line, &line);
	if (rc < 0)
		return rc;
	if (!c->sweeping) {
		row.generation = t->seq;
		row.mtime = t->received_at;
	}
	rc = graph_contested(c, t->subject, t->predicate, row.first,
		row.status == STATUS_CONTESTED, v.status == STATUS_CONTESTED);
	if (rc < 0)
		return rc;
	row.candidates = v.candidates;
	row.winner = v.winner;
	row.status = v.status;
	return pair_row_write(c->source.txn, &t->pair, &row, line);
}

int change_finish(struct change *c, uint64_t log_end, const struct id *head)
{
	struct touched *t = (void *)c->touched.p;
	size_t n = c->touched.n / sizeof(*t);

	if (n)
		qsort(t, n, sizeof(*t), by_pair_and_age);
	for (size_t i = 0; i < n; i++) {
		int rc;

		if (i && by_pair(&t[i - 1], &t[i]) == 0)
			continue;
		rc = resolve(c, &t[i]);
		if (rc < 0)
			return rc;
	}
	c->meta.log_end = log_end;
	c->meta.head = *head;
	return meta_write(c->source.txn, &c->meta);
}

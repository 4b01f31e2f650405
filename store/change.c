#include "store/change.h"

#include <errno.h>

#include "core/canon.h"
#include "core/event.h"
#include "store/graph.h"
#include "store/signed.h"

int change_begin(struct change *c, struct index *ix, const struct wal *wal,
	bool building, uint32_t sums_from)
{
	int rc;

	*c = (struct change){
		.source = {.wal = wal, .building = building},
		.sums_from = sums_from,
	};
	c->source.tail = &c->events;
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
	change_pairs_free(&c->pairs);
	buf_free(&c->line);
	buf_free(&c->events.row);
	buf_free(&c->signatures);
	buf_free(&c->spoke);
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
	struct event_row row = {
		.at = {.offset = f->offset, .length = f->length},
		.received_at = f->received_at,
		.timestamp = r->timestamp,
		.kind = r->kind,
	};

	buf_reset(&c->line);
	event_print(f->seq, f->received_at, id, r, agents, f->signature_count,
		&c->line);
	if (c->line.failed)
		return -ENOMEM;
	c->meta.events_size += c->line.n;
	row.end = c->meta.events_size;
	return events_add(c->source.txn, &c->events, f->seq, &row);
}

static int apply_signers(struct change *c, const struct frame *f,
	const struct agent *agents, uint32_t *numbers)
{
	for (uint16_t i = 0; i < f->signature_count; i++) {
		int rc = change_agent(c, &agents[i], &numbers[i]);

		if (rc < 0)
			return rc;
		signed_add(&c->signatures, numbers[i], f->seq);
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

int change_finish(struct change *c, uint64_t log_end, const struct id *head)
{
	int rc = change_resolve(c);

	if (rc == 0)
		rc = events_flush(c->source.txn, &c->events);
	if (rc == 0)
		rc = signed_flush(c->source.txn, &c->signatures);
	if (rc == 0)
		rc = graph_flush(c);
	if (rc < 0)
		return rc;
	c->meta.log_end = log_end;
	c->meta.head = *head;
	return meta_write(c->source.txn, &c->meta);
}

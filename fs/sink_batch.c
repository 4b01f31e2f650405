/* Values of one call on their way through the store.
 *
 * A batch is bounded, so that a long write does not hold up everybody's commits nor much
 * memory. What is left is taken up again when its batch was decided: not in the
 * committer's thread, where signing thousands of records would stop all writers, but in
 * the inbox's own. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "fs/sink_internal.h"

enum {
	BATCH_RECORDS = 4096,
	BATCH_BYTES = 4 << 20, /* of the values as they were written */
	BATCH_FIRST = 4,       /* most writes complete one value */
	LINE_ROOM = 160,       /* of a receipt line of an accepted record */
};

struct batch {
	struct submission sub;
	struct sink *sink;
	struct arena arena;
	uint64_t *offsets; /* of each entry's value in the stream */
	size_t room;	   /* for entries and offsets */
	size_t bytes;
	uint64_t first; /* index of its first value in the stream */
};

static void batch_free(struct batch *b)
{
	if (!b)
		return;
	arena_free(&b->arena);
	free(b->sub.entries);
	free(b->offsets);
	free(b);
}

static int grow(struct batch *b)
{
	size_t room = b->room ? b->room * 4 : BATCH_FIRST;
	struct entry *entries;
	uint64_t *offsets;

	if (b->sub.count < b->room)
		return 0;
	entries = reallocarray(b->sub.entries, room, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	b->sub.entries = entries;
	offsets = reallocarray(b->offsets, room, sizeof(*offsets));
	if (!offsets)
		return -ENOMEM;
	b->offsets = offsets;
	b->room = room;
	return 0;
}

/* ---- filling ---- */

/* This is what the call will be answered with. */
static int refuse(struct sink *s, int rc, const struct error *err)
{
	s->verdict = *err;
	s->verdict.code = -rc;
	s->record = s->values;
	return rc;
}

static int next_value(struct sink *s, struct framed *out)
{
	struct error err = {.offset = -1};
	int rc = s->rest.n > 0 ? framer_next(&s->framer, &s->rest, out, &err) : 0;

	if (rc == 0 && s->ending) {
		s->ending = false;
		rc = framer_end(&s->framer, out, &err);
	}
	return rc < 0 ? refuse(s, rc, &err) : rc;
}

static int prepare(
	struct sink *s, struct batch *b, struct slice value, struct error *err)
{
	struct entry *e;
	struct draft draft;
	int rc;

	if (grow(b) < 0)
		return fail(err, ENOMEM, "out of memory");
	rc = sink_draft(s, value, &b->arena, &draft, err);
	if (rc < 0)
		return rc;
	e = &b->sub.entries[b->sub.count];
	*e = (struct entry){0};
	return store_prepare(
		s->in->options.store, &s->signer, &draft, &b->arena, e, err);
}

static int add(struct sink *s, struct batch *b, const struct framed *value)
{
	struct error err = {.offset = -1};
	int rc = prepare(s, b, value->bytes, &err);

	if (rc < 0) {
		err.offset =
			(int64_t)value->offset + (err.offset > 0 ? err.offset : 0);
		return refuse(s, rc, &err);
	}
	assert(b->offsets);
	b->offsets[b->sub.count++] = value->offset;
	b->bytes += value->bytes.n;
	s->values++;
	return 0;
}

/* 1: full; 0: all bytes are used up; -errno: the verdict says why the rest is not. */
static int fill(struct sink *s, struct batch *b)
{
	struct framed value;

	while (b->sub.count < BATCH_RECORDS && b->bytes < BATCH_BYTES) {
		int rc = next_value(s, &value);

		if (rc == 1)
			rc = add(s, b, &value);
		else if (rc == 0)
			return 0;
		if (rc < 0)
			return rc;
	}
	return 1;
}

/* ---- deciding ---- */

static const char *object_kind_name(uint8_t kind)
{
	switch (kind) {
	case OBJECT_NUMBER:
		return "number";
	case OBJECT_BOOL:
		return "bool";
	case OBJECT_REF:
		return "ref";
	default:
		return "text";
	}
}

static void print_receipt(const struct entry *e, struct buf *out)
{
	bool accepted = e->outcome == OUTCOME_ACCEPTED;
	char id[ID_HEX + 1];

	hex_print(e->id.b, ID_SIZE, id);
	buf_printf(out, "{\"status\":\"%s\",\"id\":\"%s\",\"seq\":%llu",
		accepted ? "accepted" : "duplicate", id,
		(unsigned long long)e->seq);
	if (accepted && e->record.kind == RECORD_ASSERTION)
		buf_printf(out, ",\"object_kind\":\"%s\"",
			object_kind_name(e->record.object.kind));
	else if (accepted)
		buf_printf(
			out, ",\"kind\":\"%s\"", record_kind_name(e->record.kind));
	buf_str(out, "}\n");
}

static void note_receipts(struct sink *s, const struct batch *b)
{
	struct slice text;
	BUF_AUTO(lines);

	(void)buf_room(&lines, b->sub.refused * LINE_ROOM);
	for (size_t i = 0; i < b->sub.refused; i++)
		print_receipt(&b->sub.entries[i], &lines);
	if (buf_view(&lines, &text) == 0 && b->sub.refused > 0)
		sink_receipts(s, text, b->sub.refused);
}

static void take_up_again(struct later *l)
{
	sink_pump((struct sink *)((char *)l - offsetof(struct sink, later)));
}

/* In the committer's thread. */
static void decided(struct submission *sub)
{
	struct batch *b = sub->ctx;
	struct sink *s = b->sink;

	note_receipts(s, b);
	if (sub->refused < sub->count) {
		assert(sub->error.code != 0);
		/* Comes before whatever may have stopped the filling. */
		s->verdict = sub->error;
		s->verdict.offset = (int64_t)b->offsets[sub->refused];
		s->record = b->first + sub->refused;
	}
	batch_free(b);
	if (s->verdict.code != 0 || !s->more) {
		sink_finish(s);
		return;
	}
	s->later.run = take_up_again;
	inbox_later(s->in, &s->later);
}

void sink_pump(struct sink *s)
{
	struct batch *b = calloc(1, sizeof(*b));
	struct error err;

	if (!b) {
		(void)refuse(s, fail(&err, ENOMEM, "out of memory"), &err);
		sink_finish(s);
		return;
	}
	b->sink = s;
	b->first = s->values;
	b->sub.uid = s->opener.uid;
	b->sub.done = decided;
	b->sub.ctx = b;
	s->more = fill(s, b) == 1;
	if (b->sub.count > 0) {
		store_submit(s->in->options.store, &b->sub);
		return;
	}
	batch_free(b);
	sink_finish(s);
}

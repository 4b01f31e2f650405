/* The receipt lines of entries that were taken. There is one for each record that is
 * written, made in the committer's thread: so no printf. */
#include "fs/sink_internal.h"

enum {
	LINE_ROOM = 160, /* of a line of an accepted record */
};

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

static void print_kind(const struct record *r, struct buf *out)
{
	if (r->kind == RECORD_ASSERTION) {
		buf_str(out, ",\"object_kind\":\"");
		buf_str(out, object_kind_name(r->object.kind));
	} else {
		buf_str(out, ",\"kind\":\"");
		buf_str(out, record_kind_name(r->kind));
	}
	buf_byte(out, '"');
}

static void print_receipt(const struct entry *e, struct buf *out)
{
	bool accepted = e->outcome == OUTCOME_ACCEPTED;

	buf_str(out, accepted ? "{\"status\":\"accepted\",\"id\":\""
			      : "{\"status\":\"duplicate\",\"id\":\"");
	buf_hex(out, e->id.b, ID_SIZE);
	buf_str(out, "\",\"seq\":");
	buf_decimal(out, e->seq);
	if (accepted)
		print_kind(&e->record, out);
	buf_str(out, "}\n");
}

void receipts_note(struct sink *s)
{
	const struct submission *sub = &s->sub;
	struct slice text;
	BUF_AUTO(lines);

	(void)buf_room(&lines, sub->refused * LINE_ROOM);
	for (size_t i = 0; i < sub->refused; i++)
		print_receipt(&sub->entries[i], &lines);
	if (buf_view(&lines, &text) == 0 && sub->refused > 0)
		sink_receipts(s, text, sub->refused);
}

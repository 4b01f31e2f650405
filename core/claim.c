#include "core/claim.h"

#include "core/record_json.h"
#include "core/render.h"

const char *claim_state_name(enum claim_state state)
{
	static const char *const names[] = {
		[CLAIM_STANDS] = "stands",
		[CLAIM_WITHDRAWN] = "withdrawn",
		[CLAIM_REPLACED] = "replaced",
	};

	return names[state];
}

static void field_state(enum claim_state state, struct buf *out)
{
	field_text("state", slice_str(claim_state_name(state)), out);
}

/* From the opening brace up to what is said of its standing. */
static void print_body(const struct claim *c, struct buf *out)
{
	buf_byte(out, '{');
	field_id("id", &c->id, out);
	record_print(c->record, out);
	field_agents("signers", c->signers, c->signer_count, out);
}

void claim_print_listed(const struct claim *c, struct buf *out)
{
	print_body(c, out);
	if (c->state != CLAIM_STANDS)
		field_state(c->state, out);
	buf_str(out, "}\n");
}

static void print_counts_as(const struct claim *c, struct buf *out)
{
	bool stage = c->lifecycle != c->record->lifecycle;
	bool tier = (c->record->has & HAS_SOURCE_CLASS) &&
		    c->source_class != c->record->source_class;

	if (!stage && !tier)
		return;
	json_print_key("counts_as", out);
	buf_byte(out, '{');
	if (stage)
		field_text(
			"lifecycle", slice_str(lifecycle_name(c->lifecycle)), out);
	if (tier)
		field_text("source_class",
			slice_str(source_class_name(c->source_class)), out);
	buf_byte(out, '}');
}

void claim_print_whole(const struct claim *c, struct buf *out)
{
	print_body(c, out);
	field_state(c->state, out);
	if (c->state == CLAIM_REPLACED)
		field_id("replaced_by", &c->by, out);
	print_counts_as(c, out);
	buf_str(out, "}\n");
}

void claim_print_use(const struct claim_use *u, struct buf *out)
{
	buf_byte(out, '{');
	field_id("id", &u->user.id, out);
	field_text("subject", u->user.record->subject, out);
	field_text("predicate", u->user.record->predicate, out);
	json_print_key("object", out);
	object_print(&u->user.record->object, out);
	field_count("depth", u->depth, out);
	field_id("via", &u->via, out);
	field_state(u->user.state, out);
	json_print_key("withdrawn_premises", out);
	buf_byte(out, '[');
	for (uint32_t i = 0; i < u->withdrawn_count; i++) {
		list_next(out);
		print_hex(u->withdrawn[i].b, out);
	}
	buf_str(out, "]}\n");
}

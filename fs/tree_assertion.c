/* assertions/<id or unique prefix>/: one claim, its signatures and votes, and the files
 * that say something about it. Looked up, not listed: nobody lists ten million ids. */
#include <errno.h>

#include "core/render.h"
#include "core/sign.h"
#include "fs/claims.h"

/* The pair it is on goes into the place: the version of most files here is the pair's. */
static int put_pair(
	const struct record *r, struct buf *scratch, struct place *place)
{
	struct slice both;

	buf_slice(scratch, r->subject);
	buf_slice(scratch, r->predicate);
	if (buf_view(scratch, &both) < 0)
		return -ENOMEM;
	place->subject = slice_sub(both, 0, r->subject.n);
	place->predicate = slice_sub(both, r->subject.n, r->predicate.n);
	return 0;
}

int assertion_row_find(struct request *rq, const struct place *dir,
	struct slice name, struct buf *scratch, struct place *place)
{
	ARENA_AUTO(arena);
	struct assertion a = {0};
	int rc = request_snap(rq);

	(void)dir;
	if (rc == 0)
		rc = assertion_find(rq->snap, name, &place->id);
	if (rc == -EINVAL || rc == -ENOTUNIQ)
		return -ENOENT;
	if (rc == 0)
		rc = assertion_load(rq->snap, &place->id, &arena, &a);
	return rc < 0 ? rc : put_pair(&a.record, scratch, place);
}

int claim_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	ARENA_AUTO(arena);
	struct assertion a = {0};
	struct claim c;
	int rc = assertion_load(rq->snap, &p->id, &arena, &a);

	(void)attr;
	if (rc < 0)
		return rc;
	c = claim_of(&a);
	claim_print_whole(&c, out);
	return 0;
}

int record_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	ARENA_AUTO(arena);
	struct assertion a = {0};
	int rc = assertion_load(rq->snap, &p->id, &arena, &a);

	(void)attr;
	if (rc == 0)
		buf_slice(out, a.canonical);
	return rc;
}

/* signed_at as people read it, and as the exact number that was signed: in quotes, since
 * many readers of JSON make a double of a number and lose its last digits. */
static void print_signature(const struct signature *s, struct buf *out)
{
	char hex[2 * sizeof(s->bytes) + 1];

	list_next(out);
	buf_byte(out, '{');
	json_print_key("agent", out);
	print_hex(s->agent.b, out);
	hex_print(s->bytes, sizeof(s->bytes), hex);
	field_text("signature", slice_str(hex), out);
	field_when("signed_at", s->signed_at, out);
	json_print_key("signed_at_ns", out);
	buf_printf(out, "\"%" PRIu64 "\"}", s->signed_at);
}

int signatures_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	ARENA_AUTO(arena);
	struct assertion a = {0};
	int rc = assertion_load(rq->snap, &p->id, &arena, &a);

	(void)attr;
	if (rc < 0)
		return rc;
	buf_byte(out, '{');
	field_id("id", &a.id, out);
	json_print_key("signatures", out);
	buf_byte(out, '[');
	for (uint32_t i = 0; i < a.signature_count; i++)
		print_signature(&a.signatures[i], out);
	buf_str(out, "]}\n");
	return 0;
}

static int print_vote(void *ctx, const struct counted_vote *v)
{
	struct buf *out = ctx;

	buf_byte(out, '{');
	json_print_key("agent", out);
	print_hex(v->agent.b, out);
	json_print_key("weight", out);
	if (v->against)
		buf_byte(out, '-');
	millionths_print(v->weight, out);
	field_when("timestamp", v->timestamp, out);
	field_id("id", &v->id, out);
	buf_str(out, "}\n");
	return 0;
}

int votes_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	(void)attr;
	return assertion_votes(rq->snap, &p->id, print_vote, out);
}

/* ---- saying something about it ---- */

static void target(
	const struct place *p, enum sink_form form, struct sink_target *out)
{
	out->form = form;
	out->id = p->id;
}

static void weigh_target(const struct place *p, struct sink_target *out)
{
	target(p, SINK_WEIGHTS, out);
}

static void cosign_target(const struct place *p, struct sink_target *out)
{
	target(p, SINK_COSIGN, out);
}

static void retract_target(const struct place *p, struct sink_target *out)
{
	target(p, SINK_RETRACT, out);
}

static void supersede_target(const struct place *p, struct sink_target *out)
{
	target(p, SINK_SUPERSEDE, out);
}

const struct taking taking_weigh = {
	.target = weigh_target,
	.truncate = truncate_nothing,
	.set_attr = set_nothing,
};
const struct taking taking_cosign = {
	.target = cosign_target,
	.truncate = truncate_nothing,
	.set_attr = set_nothing,
};
const struct taking taking_retract = {
	.target = retract_target,
	.truncate = truncate_nothing,
	.set_attr = set_nothing,
};
const struct taking taking_supersede = {
	.target = supersede_target,
	.truncate = truncate_nothing,
	.set_attr = set_nothing,
};

/* What lens files hold: the resolved assertion, its bare value, a claim's line.
 *
 * Keys stand in a fixed order and numbers in one spelling, so that the same set of
 * records gives the same bytes everywhere, and a diff of two files shows what
 * changed. */
#include "core/render.h"

/* What is known of the winner alone: the end of the line. */
static void print_winner(const struct resolution *r, struct buf *out)
{
	const struct record *w = r->winner;

	field_id("id", &r->id, out);
	if (w->has & HAS_CONFIDENCE)
		field_millionths("claim_confidence", w->confidence, out);
	field_agents("signers", r->signers, r->signer_count, out);
	field_when("timestamp", w->timestamp, out);
	if (w->has & HAS_SOURCE)
		field_text("source", w->source, out);
	field_class(r->source_class, r->declared, out);
	field_text("lifecycle", slice_str(lifecycle_name(r->lifecycle)), out);
	if (w->has & HAS_EPOCH)
		field_id("epoch", &w->epoch, out);
}

static void print_objects(const struct resolution *r, struct buf *out)
{
	json_print_key("objects", out);
	buf_byte(out, '[');
	for (uint32_t i = 0; i < r->object_count; i++) {
		list_next(out);
		object_print(&r->objects[i], out);
	}
	buf_byte(out, ']');
}

/* Everything between the braces. */
static void print_fields(const struct resolution *r, struct buf *out)
{
	field_text("subject", r->subject, out);
	field_text("predicate", r->predicate, out);
	if (r->set && !r->lens->no_sets)
		print_objects(r, out);
	if (r->has_winner) {
		json_print_key("object", out);
		object_print(&r->winner->object, out);
		field_millionths("confidence",
			ratio(r->support, r->total + TALLY_PRIOR), out);
	}
	field_text("lens", slice_str(r->lens->name), out);
	field_text("status", slice_str(status_name(r->status)), out);
	field_conflict(r->conflict, out);
	if (r->has_winner && r->total > 0)
		field_millionths("share", ratio(r->support, r->total), out);
	field_count("candidates", r->candidates, out);
	field_count("agents", r->agents, out);
	if (r->has_winner)
		print_winner(r, out);
}

void resolution_print(const struct resolution *r, struct buf *out)
{
	buf_byte(out, '{');
	print_fields(r, out);
	buf_str(out, "}\n");
}

int lens_print(const struct lens_view *v, struct buf *out)
{
	int rc = 0;

	buf_byte(out, '{');
	print_fields(&v->r, out);
	if (v->r.lens->print)
		rc = v->r.lens->print(v, out);
	if (rc < 0)
		return rc;
	buf_str(out, "}\n");
	return 0;
}

static int print_cluster(
	const struct lens_view *v, const struct cluster *c, struct buf *out)
{
	const struct tally *t = v->tally;
	int rc;

	list_next(out);
	buf_byte(out, '{');
	rc = field_object_of(v, &v->in->claims[c->leader], out);
	if (v->r.set)
		field_bool("held", cluster_is_held(t, c), out);
	else if (t->total[t->counted] > 0)
		field_millionths("share",
			ratio(c->support[t->counted], t->total[t->counted]), out);
	field_count("agents", c->agents, out);
	field_count("claims", c->claims, out);
	buf_byte(out, '}');
	return rc;
}

int field_clusters(const struct lens_view *v, struct buf *out)
{
	const struct tally *t = v->tally;

	json_print_key("clusters", out);
	buf_byte(out, '[');
	for (uint32_t i = 0; i < t->cluster_count && i < LENS_SHOWN; i++) {
		int rc = print_cluster(v, &t->clusters[i], out);

		if (rc < 0)
			return rc;
	}
	buf_byte(out, ']');
	if (t->cluster_count > LENS_SHOWN)
		field_count("more", t->cluster_count - LENS_SHOWN, out);
	return 0;
}

int lens_print_conflict(const struct lens_view *v, struct buf *out)
{
	int rc;

	buf_byte(out, '{');
	field_text("subject", v->r.subject, out);
	field_text("predicate", v->r.predicate, out);
	field_text("status", slice_str(status_name(v->r.status)), out);
	field_conflict(v->r.conflict, out);
	rc = field_clusters(v, out);
	if (rc < 0)
		return rc;
	buf_str(out, "}\n");
	return 0;
}

void lens_print_value(const struct lens_view *v, struct buf *out)
{
	for (uint32_t i = 0; i < v->r.object_count; i++) {
		object_print_bare(&v->r.objects[i], out);
		buf_byte(out, '\n');
	}
	if (v->r.has_winner) {
		object_print_bare(&v->r.winner->object, out);
		buf_byte(out, '\n');
	}
}

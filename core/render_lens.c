/* What lens files hold: the resolved assertion, its bare value, a claim's line.
 *
 * Keys stand in a fixed order and numbers in one spelling, so that the same set of
 * records gives the same bytes everywhere, and a diff of two files shows what
 * changed. */
#include <errno.h>
#include <stdlib.h>

#include "core/record_json.h"
#include "core/render.h"
#include "core/when.h"

/* A number somebody asserted, and the support of its cluster. */
struct point {
	struct slice number;
	uint64_t support;
};

static void print_signers(const struct agent *signers, uint32_t n, struct buf *out)
{
	json_print_key("signers", out);
	buf_byte(out, '[');
	for (uint32_t i = 0; i < n; i++) {
		list_next(out);
		print_hex(signers[i].b, out);
	}
	buf_byte(out, ']');
}

/* What is known of the winner alone: the end of the line. */
static void print_winner(const struct resolution *r, struct buf *out)
{
	const struct record *w = r->winner;

	field_id("id", &r->id, out);
	if (w->has & HAS_CONFIDENCE)
		field_millionths("claim_confidence", w->confidence, out);
	print_signers(r->signers, r->signer_count, out);
	json_print_key("timestamp", out);
	buf_byte(out, '"');
	when_print(w->timestamp, out);
	buf_byte(out, '"');
	if (w->has & HAS_SOURCE)
		field_text("source", w->source, out);
	if (w->has & HAS_SOURCE_CLASS)
		field_text("source_class",
			slice_str(source_class_name(w->source_class)), out);
	field_text("lifecycle", slice_str(lifecycle_name(w->lifecycle)), out);
	if (w->has & HAS_EPOCH)
		field_id("epoch", &w->epoch, out);
}

/* Everything between the braces. */
static void print_fields(const struct resolution *r, struct buf *out)
{
	field_text("subject", r->subject, out);
	field_text("predicate", r->predicate, out);
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

static int read_leader(
	const struct lens_view *v, const struct cluster *c, struct record *out)
{
	return v->bodies->read(
		v->bodies->ctx, &v->input->in->claims[c->leader], out);
}

static int print_cluster(
	const struct lens_view *v, const struct cluster *c, struct buf *out)
{
	const struct tally *t = v->input->tally;
	struct record leader;
	int rc = read_leader(v, c, &leader);

	if (rc < 0)
		return rc;
	list_next(out);
	buf_byte(out, '{');
	json_print_key("object", out);
	object_print(&leader.object, out);
	if (t->total[t->counted] > 0)
		field_millionths("share",
			ratio(c->support[t->counted], t->total[t->counted]), out);
	field_count("agents", c->agents, out);
	field_count("claims", c->claims, out);
	buf_byte(out, '}');
	return 0;
}

static int print_clusters(const struct lens_view *v, struct buf *out)
{
	const struct tally *t = v->input->tally;

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

static int by_number(const void *left, const void *right)
{
	const struct point *a = left, *b = right;

	return decimal_compare(a->number, b->number);
}

/* The number of each cluster into points: how many, 0 as soon as one is no number,
 * or -errno. Small beside the sums: one read per cluster, none where the first is
 * text. */
static int64_t read_points(const struct lens_view *v, struct point *points)
{
	const struct tally *t = v->input->tally;

	for (uint32_t i = 0; i < t->cluster_count; i++) {
		struct record leader;
		int rc = read_leader(v, &t->clusters[i], &leader);

		if (rc < 0)
			return rc;
		if (leader.object.kind != OBJECT_NUMBER)
			return 0;
		points[i].number = leader.object.text;
		points[i].support = t->clusters[i].support[t->counted];
	}
	return t->cluster_count;
}

/* The first number, from the smallest on, at which half of all support is reached:
 * always one that somebody asserted, and the lower of two on a tie. */
static struct slice weighted_median(const struct point *points, uint64_t total)
{
	uint64_t sum = 0;

	for (size_t i = 0;; i++) {
		sum += points[i].support;
		if (sum >= total - sum)
			return points[i].number;
	}
}

static int print_spread(const struct lens_view *v, struct buf *out)
{
	ARENA_AUTO(a);
	const struct tally *t = v->input->tally;
	struct point *points = arena_alloc(&a, t->cluster_count * sizeof(*points));
	int64_t n;

	if (!points)
		return -ENOMEM;
	n = read_points(v, points);
	if (n <= 0)
		return (int)n;
	qsort(points, (size_t)n, sizeof(*points), by_number);
	json_print_key("spread", out);
	buf_byte(out, '{');
	json_print_key("min", out);
	buf_slice(out, points[0].number);
	if (t->total[t->counted] > 0) {
		json_print_key("median", out);
		buf_slice(out, weighted_median(points, t->total[t->counted]));
	}
	json_print_key("max", out);
	buf_slice(out, points[n - 1].number);
	buf_byte(out, '}');
	return 0;
}

int lens_print(const struct lens_view *v, struct buf *out)
{
	int rc = 0;

	buf_byte(out, '{');
	print_fields(&v->r, out);
	if (v->r.lens->whole)
		rc = print_clusters(v, out);
	if (v->r.lens->whole && rc == 0)
		rc = print_spread(v, out);
	if (rc < 0)
		return rc;
	buf_str(out, "}\n");
	return 0;
}

void lens_print_value(const struct lens_view *v, struct buf *out)
{
	object_print_bare(&v->r.winner->object, out);
	buf_byte(out, '\n');
}

void claim_print(const struct record *r, const struct id *id,
	const struct agent *signers, uint32_t signer_count, struct buf *out)
{
	buf_byte(out, '{');
	field_id("id", id, out);
	record_print(r, out);
	print_signers(signers, signer_count, out);
	buf_str(out, "}\n");
}

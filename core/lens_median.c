/* Median: of numbers, the asserted one that lies in the middle of all support. It is
 * never an average: somebody said it, and is named. */
#include <errno.h>

#include "core/render.h"
#include "core/spread.h"

/* What the view's own is. */
struct middle {
	struct spread spread;
	uint32_t median; /* among the points; with support only */
};

static int pick(struct lens_view *v)
{
	const struct middle *m = v->own;

	if (v->in->claim_count == 0)
		v->rule = "no candidates";
	else if (m->spread.n == 0)
		v->rule = "not every object is a number";
	else if (v->tally->total[v->tally->counted] == 0)
		v->rule = "no support";
	else {
		v->rule = "the smallest number at which half of all support is "
			  "reached";
		v->winner = m->spread.points[m->median].cluster->leader;
	}
	return 0;
}

static int see(struct lens_view *v, struct arena *a)
{
	struct middle *m = arena_alloc(a, sizeof(*m));
	uint64_t total = v->tally->total[v->tally->counted];
	int rc;

	if (!m)
		return -ENOMEM;
	v->own = m;
	if (v->r.set)
		return 0;
	rc = spread_read(v, a, &m->spread);
	if (rc == 0 && m->spread.n > 0 && total > 0)
		m->median = spread_median(&m->spread, total);
	return rc;
}

/* The numbers around the median in their order, each with its support and what is
 * reached with it. */
static int explain(const struct lens_view *v, struct buf *out)
{
	const struct middle *m = v->own;
	const struct spread *s = &m->spread;
	uint32_t first =
		m->median > LENS_SHOWN / 2 ? m->median - LENS_SHOWN / 2 : 0;
	uint64_t sum = 0;
	uint32_t i = 0;

	if (s->n == 0)
		return 0;
	for (; i < first; i++)
		sum += s->points[i].support;
	list_start("numbers", out);
	for (; i < s->n && i < first + LENS_SHOWN; i++) {
		sum += s->points[i].support;
		row_start(out);
		json_print_key("object", out);
		buf_slice(out, s->points[i].number);
		field_millionths("support", s->points[i].support, out);
		field_millionths("reached", sum, out);
		buf_byte(out, '}');
	}
	buf_byte(out, ']');
	if (first > 0)
		field_count("more_below", first, out);
	if (i < s->n)
		field_count("more_above", s->n - i, out);
	return 0;
}

const struct lens lens_median = {
	.name = "median",
	.see = see,
	.pick = pick,
	.explain = explain,
	.no_sets = true,
};

/* Skeptic: the answer of consensus, but none while it is disputed, and the whole
 * picture in either case. For readers that would rather ask than be wrong. */
#include "core/render.h"
#include "core/spread.h"

static int pick(struct lens_view *v)
{
	if (v->tally->status == STATUS_CONTESTED) {
		v->rule = "contested";
		return 0;
	}
	return pick_leading(v);
}

static int print_spread(const struct lens_view *v, struct buf *out)
{
	ARENA_AUTO(a);
	uint64_t total = v->tally->total[v->tally->counted];
	struct spread s;
	int rc = spread_read(v, &a, &s);

	if (rc < 0 || s.n == 0)
		return rc;
	json_print_key("spread", out);
	buf_byte(out, '{');
	json_print_key("min", out);
	buf_slice(out, s.points[0].number);
	if (total > 0) {
		json_print_key("median", out);
		buf_slice(out, s.points[spread_median(&s, total)].number);
	}
	json_print_key("max", out);
	buf_slice(out, s.points[s.n - 1].number);
	buf_byte(out, '}');
	return 0;
}

static int print(const struct lens_view *v, struct buf *out)
{
	int rc = field_clusters(v, out);

	return rc < 0 || v->r.set ? rc : print_spread(v, out);
}

const struct lens lens_skeptic = {
	.name = "skeptic",
	.pick = pick,
	.print = print,
};

#include "core/spread.h"

#include <errno.h>
#include <stdlib.h>

#include "core/decimal.h"

static int by_number(const void *left, const void *right)
{
	const struct point *a = left, *b = right;

	return decimal_compare(a->number, b->number);
}

int spread_read(const struct lens_view *v, struct arena *a, struct spread *out)
{
	const struct tally *t = v->tally;
	struct point *points = arena_alloc(a, t->cluster_count * sizeof(*points));

	if (!points)
		return -ENOMEM;
	*out = (struct spread){.points = points};
	for (uint32_t i = 0; i < t->cluster_count; i++) {
		const struct cluster *c = &t->clusters[i];
		struct record leader;
		int rc = v->bodies->read(
			v->bodies->ctx, &v->in->claims[c->leader], &leader);

		if (rc < 0)
			return rc;
		if (leader.object.kind != OBJECT_NUMBER)
			return 0;
		points[i] = (struct point){
			.number = leader.object.text,
			.support = c->support[t->counted],
			.cluster = c,
		};
	}
	out->n = t->cluster_count;
	qsort(points, out->n, sizeof(*points), by_number);
	return 0;
}

uint32_t spread_median(const struct spread *s, uint64_t total)
{
	uint64_t sum = 0;

	for (uint32_t i = 0;; i++) {
		sum += s->points[i].support;
		if (sum >= total - sum)
			return i;
	}
}

#include "core/sets.h"

#include <errno.h>
#include <stdlib.h>

#include "core/lens.h"

bool predicate_is_set(struct slice predicate)
{
	static const char *const prefixes[] = {
		"must_use:", "forbidden:", "prefer:"};

	if (predicate.n >= 2 && memcmp(predicate.p + predicate.n - 2, "[]", 2) == 0)
		return true;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (slice_is(slice_sub(predicate, 0, strlen(prefixes[i])),
			    prefixes[i]))
			return true;
	return false;
}

/* A held cluster, and the claim in it that the lens likes best. */
struct held {
	const struct lens_view *v;
	uint32_t row;
	uint32_t claim;
};

static int by_claim(const void *left, const void *right)
{
	const struct held *a = left, *b = right;
	const char *words;

	return claim_compare(a->v, a->claim, b->claim, &words);
}

/* The best claim of each cluster, by its number; NO_INDEX where the lens passes over
 * all of them. */
static uint32_t *best_claims(const struct lens_view *v, struct arena *scratch)
{
	uint32_t n = v->in->cluster_count;
	uint32_t *best = arena_alloc(scratch, n * sizeof(*best));
	const char *words;

	for (uint32_t i = 0; best && i < n; i++)
		best[i] = NO_INDEX;
	for (uint32_t i = 0; best && i < v->in->claim_count; i++) {
		uint32_t *mine = &best[v->in->claims[i].cluster];

		if (!lens_hears(v, i))
			continue;
		if (*mine == NO_INDEX || claim_compare(v, i, *mine, &words) < 0)
			*mine = i;
	}
	return best;
}

/* Put what is held into the order of a lens that chooses among claims. */
static int order_by_claims(struct lens_view *v, uint32_t *rows)
{
	ARENA_AUTO(scratch);
	uint32_t *best = best_claims(v, &scratch), n = 0;
	struct held *held = arena_alloc(&scratch, v->held_count * sizeof(*held));

	if (!best || !held)
		return -ENOMEM;
	for (uint32_t i = 0; i < v->held_count; i++) {
		uint32_t claim = best[v->tally->clusters[rows[i]].cluster];

		if (claim != NO_INDEX)
			held[n++] = (struct held){v, rows[i], claim};
	}
	qsort(held, n, sizeof(*held), by_claim);
	for (uint32_t i = 0; i < n; i++)
		rows[i] = held[i].row;
	v->held_count = n;
	return 0;
}

int set_look(struct lens_view *v, struct arena *a)
{
	const struct tally *t = v->tally;
	uint32_t *rows = arena_alloc(a, t->cluster_count * sizeof(*rows));
	int rc = 0;

	if (!rows)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->cluster_count; i++)
		if (cluster_is_held(t, &t->clusters[i]))
			rows[v->held_count++] = i;
	v->rule = "a set: every object with more for than against it";
	if (v->r.lens->order)
		rc = order_by_claims(v, rows);
	v->held = rows;
	return rc;
}

int set_read(struct lens_view *v, struct arena *a)
{
	struct object *objects = arena_alloc(a, v->held_count * sizeof(*objects));

	if (!objects)
		return -ENOMEM;
	for (uint32_t i = 0; i < v->held_count; i++) {
		const struct cluster *c = &v->tally->clusters[v->held[i]];
		struct record leader;
		int rc = v->bodies->read(
			v->bodies->ctx, &v->in->claims[c->leader], &leader);

		if (rc < 0)
			return rc;
		objects[i] = leader.object;
	}
	v->r.objects = objects;
	v->r.object_count = v->held_count;
	return 0;
}

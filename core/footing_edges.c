/* Which claim takes the place of which: collected, untied, put in order.
 *
 * What no cycle passes through can be taken off from the ends, claim by claim, as in
 * Kahn's topological sort; what is left over is the knot, in which the newest edge of each
 * cycle is ignored. */
#include <errno.h>
#include <stdlib.h>

#include "core/footing_impl.h"

/* The graph while it is worked on. */
struct graph {
	const struct facts *facts;
	struct arena *arena;
	struct edge *edges;
	uint32_t count, room;
	uint32_t *by_id; /* the claims, by id */
	uint32_t *into;	 /* edges, by `to`: into_first[i] .. into_first[i + 1] */
	uint32_t *into_first;
	uint32_t *first; /* the same by `from`, of edges themselves */
	uint32_t *stack; /* of claims */
	uint32_t *seen;	 /* by which search each claim was met last */
	uint32_t searches;
};

struct id_entry {
	const struct id *id;
	uint32_t claim;
};

static int by_id(const void *left, const void *right)
{
	const struct id_entry *a = left, *b = right;

	return id_compare(a->id, b->id);
}

/* By claim, then the newest first, ties the larger id, of one record by agent. */
static int by_from_newest(const void *left, const void *right)
{
	const struct edge *a = left, *b = right;
	int order;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->timestamp != b->timestamp)
		return a->timestamp > b->timestamp ? -1 : 1;
	order = id_compare(b->id, a->id);
	return order ? order : (a->voter > b->voter) - (a->voter < b->voter);
}

/* ---- collecting ---- */

static struct id_entry *index_ids(const struct facts *f, struct arena *a)
{
	struct id_entry *list =
		arena_alloc(a, ((size_t)f->claim_count + 1) * sizeof(*list));

	if (!list)
		return NULL;
	for (uint32_t i = 0; i < f->claim_count; i++)
		list[i] =
			(struct id_entry){.id = &f->claims[i].claim.id, .claim = i};
	if (f->claim_count)
		qsort(list, f->claim_count, sizeof(*list), by_id);
	return list;
}

static uint32_t find_id(
	const struct facts *f, const struct id_entry *list, const struct id *id)
{
	struct id_entry want = {.id = id};
	const struct id_entry *e =
		f->claim_count
			? bsearch(&want, list, f->claim_count, sizeof(*list), by_id)
			: NULL;

	return e ? e->claim : NO_INDEX;
}

static void add_edge(struct graph *g, uint32_t from, uint32_t to, uint32_t voter,
	uint64_t timestamp, const struct id *id)
{
	if (from == NO_INDEX || to == NO_INDEX || from == to)
		return;
	if (!signing_find(g->facts, from, voter) &&
		!g->facts->voters[voter].steward)
		return; /* it is not for this agent to say */
	g->edges[g->count++] = (struct edge){
		.from = from,
		.to = to,
		.voter = voter,
		.timestamp = timestamp,
		.id = id,
	};
}

/* How many edges there can be. */
static size_t edges_most(const struct facts *f)
{
	size_t n = 0;

	for (uint32_t i = 0; i < f->withdrawal_count; i++)
		n += f->withdrawals[i].replaces;
	for (uint32_t i = 0; i < f->signing_count; i++)
		n += f->claims[f->signings[i].claim].has_parent;
	return n;
}

/* An agent may have signed a record more than once: it says one thing. */
static void drop_repeats(struct graph *g)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < g->count; i++)
		if (kept == 0 ||
			by_from_newest(&g->edges[kept - 1], &g->edges[i]) != 0)
			g->edges[kept++] = g->edges[i];
	g->count = kept;
}

static int collect(struct graph *g)
{
	const struct facts *f = g->facts;
	const struct id_entry *ids = index_ids(f, g->arena);

	if (!ids)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->withdrawal_count; i++) {
		const struct withdrawal *w = &f->withdrawals[i];

		if (w->replaces)
			add_edge(g, w->claim, find_id(f, ids, &w->by), w->voter,
				w->timestamp, &w->id);
	}
	for (uint32_t i = 0; i < f->signing_count; i++) {
		const struct signing *s = &f->signings[i];
		const struct fact *child = &f->claims[s->claim];

		/* until now only retractions have taken anybody away */
		if (child->has_parent && !s->gone)
			add_edge(g, find_id(f, ids, &child->parent), s->claim,
				s->voter, child->claim.timestamp, &child->claim.id);
	}
	if (g->count)
		qsort(g->edges, g->count, sizeof(*g->edges), by_from_newest);
	drop_repeats(g);
	return 0;
}

/* ---- both directions ---- */

static int link_edges(struct graph *g)
{
	size_t n = (size_t)g->facts->claim_count + 2;
	uint32_t *fill;

	g->first = arena_alloc(g->arena, n * sizeof(*g->first));
	g->into_first = arena_alloc(g->arena, n * sizeof(*g->into_first));
	g->into = arena_alloc(g->arena, ((size_t)g->count + 1) * sizeof(*g->into));
	g->stack = arena_alloc(g->arena, n * sizeof(*g->stack));
	g->seen = arena_alloc(g->arena, n * sizeof(*g->seen));
	fill = arena_alloc(g->arena, n * sizeof(*fill));
	if (!g->first || !g->into_first || !g->into || !g->stack || !g->seen ||
		!fill)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->count; i++) {
		g->first[g->edges[i].from + 1]++;
		g->into_first[g->edges[i].to + 1]++;
	}
	for (uint32_t i = 0; i < g->facts->claim_count; i++) {
		g->first[i + 1] += g->first[i];
		g->into_first[i + 1] += g->into_first[i];
	}
	for (uint32_t i = 0; i < g->count; i++) {
		uint32_t to = g->edges[i].to;

		g->into[g->into_first[to] + fill[to]++] = i;
	}
	return 0;
}

/* ---- the knot ---- */

/* Take off claim by claim what leads nowhere any more, in this order into `order`; how
 * many there were. left: edges that still lead away from each claim. */
static uint32_t peel(const struct graph *g, uint32_t *left, uint32_t *order)
{
	uint32_t n = g->facts->claim_count, done = 0, known = 0;

	for (uint32_t i = 0; i < n; i++) {
		left[i] = 0;
		for (uint32_t e = g->first[i]; e < g->first[i + 1]; e++)
			left[i] += !g->edges[e].ignored;
		if (left[i] == 0)
			order[known++] = i;
	}
	for (; done < known; done++) {
		uint32_t claim = order[done];

		for (uint32_t i = g->into_first[claim];
			i < g->into_first[claim + 1]; i++) {
			const struct edge *e = &g->edges[g->into[i]];

			if (!e->ignored && --left[e->from] == 0)
				order[known++] = e->from;
		}
	}
	return known;
}

/* Take off what nothing in the rest leads to, likewise: the rest is what lies on cycles or
 * between two. left becomes 0 for what goes. */
static int peel_sources(const struct graph *g, uint32_t *left)
{
	size_t n = g->facts->claim_count;
	uint32_t *in = arena_alloc(g->arena, (n + 1) * sizeof(*in));
	uint32_t *gone = g->stack, known = 0;

	if (!in)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->count; i++)
		in[g->edges[i].to] += left[g->edges[i].from] != 0;
	for (uint32_t i = 0; i < n; i++)
		if (left[i] && in[i] == 0)
			gone[known++] = i;
	for (uint32_t done = 0; done < known; done++) {
		uint32_t claim = gone[done];

		left[claim] = 0;
		for (uint32_t e = g->first[claim]; e < g->first[claim + 1]; e++) {
			uint32_t to = g->edges[e].to;

			if (left[to] && --in[to] == 0)
				gone[known++] = to;
		}
	}
	return 0;
}

/* Does a path lead from `from` to `to` within the knot? */
static bool reaches(
	struct graph *g, const uint32_t *left, uint32_t from, uint32_t to)
{
	uint32_t depth = 0;

	g->searches++;
	g->stack[depth++] = from;
	g->seen[from] = g->searches;
	while (depth > 0) {
		uint32_t at = g->stack[--depth];

		if (at == to)
			return true;
		for (uint32_t i = g->first[at]; i < g->first[at + 1]; i++) {
			uint32_t next = g->edges[i].to;

			if (g->edges[i].ignored || left[next] == 0 ||
				g->seen[next] == g->searches)
				continue;
			g->seen[next] = g->searches;
			g->stack[depth++] = next;
		}
	}
	return false;
}

/* An edge of the knot. */
struct strand {
	struct edge *edge;
	bool steward; /* a steward is among those who signed its record */
};

static int newest_first(const void *left, const void *right)
{
	const struct edge *a = ((const struct strand *)left)->edge;
	const struct edge *b = ((const struct strand *)right)->edge;

	if (a->timestamp != b->timestamp)
		return a->timestamp > b->timestamp ? -1 : 1;
	return id_compare(b->id, a->id);
}

/* Those that no steward said come first: a stranger who closes a cycle undoes nothing that
 * a steward did. */
static int weakest_first(const void *left, const void *right)
{
	const struct strand *a = left, *b = right;

	return a->steward != b->steward ? (a->steward ? 1 : -1)
					: newest_first(left, right);
}

/* Edges of one record stand together, here and afterwards. */
static void sort_knot(const struct graph *g, struct strand *knot, size_t n)
{
	size_t end;

	qsort(knot, n, sizeof(*knot), newest_first);
	for (size_t i = 0; i < n; i = end) {
		bool steward = false;

		for (end = i; end < n && newest_first(&knot[i], &knot[end]) == 0;
			end++)
			steward |= g->facts->voters[knot[end].edge->voter].steward;
		for (size_t j = i; j < end; j++)
			knot[j].steward = steward;
	}
	qsort(knot, n, sizeof(*knot), weakest_first);
}

/* Claims that hang together, as a forest: each one's part is named by its root. */
static uint32_t root_of(uint32_t *up, uint32_t claim)
{
	while (up[claim] != claim)
		claim = up[claim] = up[up[claim]];
	return claim;
}

/* How many edges of the knot hang together with each: by the root of its part. */
static int measure(struct graph *g, const struct strand *knot, size_t n,
	uint32_t **up, uint32_t **edges)
{
	size_t claims = (size_t)g->facts->claim_count + 1;

	*up = arena_alloc(g->arena, claims * sizeof(**up));
	*edges = arena_alloc(g->arena, claims * sizeof(**edges));
	if (!*up || !*edges)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->facts->claim_count; i++)
		(*up)[i] = i;
	for (size_t i = 0; i < n; i++)
		(*up)[root_of(*up, knot[i].edge->from)] =
			root_of(*up, knot[i].edge->to);
	for (size_t i = 0; i < n; i++)
		(*edges)[root_of(*up, knot[i].edge->from)]++;
	return 0;
}

/* Of every cycle ignore the newest record, of a steward only where all are. What was left alone because no cycle passes
 * through it stays so: taking edges away makes no cycles. What hangs together is judged
 * by itself, so that the answer is the same for all of a pair and for a part of it. */
static int untie(struct graph *g, const uint32_t *left)
{
	struct strand *knot =
		arena_alloc(g->arena, ((size_t)g->count + 1) * sizeof(*knot));
	uint32_t *up, *edges;
	size_t n = 0;

	if (!knot)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->count; i++)
		if (left[g->edges[i].from] && left[g->edges[i].to])
			knot[n++].edge = &g->edges[i];
	if (measure(g, knot, n, &up, &edges) < 0)
		return -ENOMEM;
	sort_knot(g, knot, n);
	for (size_t i = 0; i < n; i++) {
		struct edge *e = knot[i].edge;
		/* the same record, another agent */
		bool again = i > 0 && knot[i - 1].edge->ignored &&
			     newest_first(&knot[i - 1], &knot[i]) == 0;

		bool large = edges[root_of(up, e->from)] > KNOT_MAX;

		e->ignored = again || (large && !knot[i].steward) ||
			     reaches(g, left, e->to, e->from);
	}
	return 0;
}

int edges_find(const struct facts *f, struct arena *a, struct edges *out)
{
	size_t n = (size_t)f->claim_count + 1;
	struct graph g = {.facts = f, .arena = a};
	uint32_t *order = arena_alloc(a, n * sizeof(*order));
	uint32_t *left = arena_alloc(a, n * sizeof(*left));
	size_t most = edges_most(f);

	g.edges = arena_alloc(a, (most + 1) * sizeof(*g.edges));
	if (!order || !left || !g.edges)
		return -ENOMEM;
	if (most && collect(&g) < 0)
		return -ENOMEM;
	if (link_edges(&g) < 0)
		return -ENOMEM;
	if (peel(&g, left, order) < f->claim_count) {
		if (peel_sources(&g, left) < 0 || untie(&g, left) < 0)
			return -ENOMEM;
		(void)peel(&g, left, order);
	}
	*out = (struct edges){
		.list = g.edges,
		.count = g.count,
		.first = g.first,
		.order = order,
	};
	return 0;
}

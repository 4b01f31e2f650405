#include "core/constraints.h"

#include <errno.h>
#include <stdlib.h>

#include "core/record_json.h"
#include "core/render.h"

static const char *const names[CONSTRAINTS] = {"forbidden", "must_use", "prefer"};

const char *constraint_name(enum constraint_rule rule)
{
	return names[rule];
}

enum constraint_rule constraint_of(struct slice predicate, struct slice *topic)
{
	for (enum constraint_rule rule = 0; rule < CONSTRAINTS; rule++) {
		size_t n = strlen(names[rule]);

		if (predicate.n <= n || predicate.p[n] != ':' ||
			!slice_is(slice_sub(predicate, 0, n), names[rule]))
			continue;
		*topic = slice_sub(predicate, n + 1, predicate.n);
		return rule;
	}
	return CONSTRAINTS;
}

/* ---- what is in force ---- */

static int copy(struct arena *a, struct slice *s)
{
	struct slice own = arena_copy(a, *s);

	if (s->n && !own.p)
		return -ENOMEM;
	*s = own;
	return 0;
}

static int add(struct constraint c, const struct candidate *leader,
	const struct bodies *bodies, struct arena *a, struct buf *to)
{
	struct record body;
	int rc = bodies->read(bodies->ctx, leader, &body);

	if (rc < 0)
		return rc;
	c.id = leader->id;
	c.object = body.object;
	if (body.has & HAS_NOTE)
		c.note = body.note;
	if (copy(a, &c.topic) < 0 || copy(a, &c.object.text) < 0 ||
		(c.note.p && copy(a, &c.note) < 0))
		return -ENOMEM;
	buf_add(to, &c, sizeof(c));
	return to->failed ? -ENOMEM : 0;
}

int constraints_add(enum constraint_rule rule, struct slice topic,
	const struct lens_input *l, const struct bodies *bodies, struct arena *a,
	struct buf *to)
{
	const struct tally *t = l->tally;

	for (uint32_t i = 0; i < t->cluster_count; i++) {
		const struct cluster *cluster = &t->clusters[i];
		uint64_t support = cluster->support[t->counted];
		int rc;

		if (!cluster_is_held(t, cluster))
			continue;
		rc = add(
			(struct constraint){.rule = rule,
				.topic = topic,
				.confidence = ratio(support, support + TALLY_PRIOR),
				.agents = cluster->agents},
			&l->in->claims[cluster->leader], bodies, a, to);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- conflicts ---- */

/* A rule, in the order of what it is about. */
struct matter {
	struct constraint *c;
};

/* The same thing of the same topic stands together. */
static int compare_matter(const struct constraint *a, const struct constraint *b)
{
	int c = slice_compare(a->topic, b->topic);

	if (c == 0)
		c = a->object.kind - b->object.kind;
	return c ? c : slice_compare(a->object.text, b->object.text);
}

static int by_matter(const void *left, const void *right)
{
	const struct constraint *a = ((const struct matter *)left)->c;
	const struct constraint *b = ((const struct matter *)right)->c;
	int c = compare_matter(a, b);

	return c ? c : (int)a->rule - (int)b->rule;
}

int constraints_compare(struct constraint *all, size_t n)
{
	ARENA_AUTO(scratch);
	struct matter *sorted = arena_alloc(&scratch, n * sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i].c = &all[i];
	qsort(sorted, n, sizeof(*sorted), by_matter);
	for (size_t i = 1; i < n; i++) {
		struct constraint *a = sorted[i - 1].c, *b = sorted[i].c;

		if (a->rule == CONSTRAINT_FORBIDDEN &&
			b->rule == CONSTRAINT_MUST_USE && compare_matter(a, b) == 0)
			a->conflict = b->conflict = true;
	}
	return 0;
}

/* ---- printing ---- */

void constraint_print(const struct constraint *c, struct buf *out)
{
	buf_byte(out, '{');
	field_text("rule", slice_str(constraint_name(c->rule)), out);
	field_text("topic", c->topic, out);
	json_print_key("object", out);
	object_print(&c->object, out);
	field_millionths("confidence", c->confidence, out);
	field_count("agents", c->agents, out);
	field_id("id", &c->id, out);
	if (c->note.p)
		field_text("note", c->note, out);
	if (c->conflict)
		field_bool("conflict", true, out);
	buf_str(out, "}\n");
}

/* Layered: consensus within each tier of sources, best tier first, and what only the
 * lower tiers talk about. However many anecdotes there are, they are in another layer
 * than a regulator's word. */
#include <errno.h>

#include "core/decay.h"
#include "core/render.h"
#include "core/subset.h"

enum {
	LAYERS = CLASSES + 1,	     /* the last one: unclassified */
	UPPER = CLASS_OBSERVATIONAL, /* the tiers up to here may be unaware of what
					those below say */
};

struct layer {
	uint8_t source_class;
	struct candidates in;
	struct tally tally;
};

/* What the view's own is. */
struct layers {
	struct candidates all; /* faded */
	struct layer layers[LAYERS];
	uint32_t n; /* those that have candidates */
	uint32_t deciding;
	const struct cluster **unseen; /* of all candidates, as they are */
	uint32_t unseen_count;
};

static int fade(const struct lens_view *v, struct arena *a, struct layers *l)
{
	struct candidate *claims =
		arena_alloc(a, v->in->claim_count * sizeof(*claims));

	if (!claims)
		return -ENOMEM;
	for (uint32_t i = 0; i < v->in->claim_count; i++) {
		claims[i] = v->in->claims[i];
		claims[i].confidence = claim_faded(&claims[i], v->input->now);
	}
	l->all = *v->in;
	l->all.claims = claims;
	return 0;
}

static bool is_of_class(void *ctx, const struct candidate *c)
{
	return c->source_class == *(const uint8_t *)ctx;
}

static int weigh_layer(struct layers *l, uint8_t source_class, struct arena *a)
{
	struct layer *layer = &l->layers[l->n];
	int rc;

	layer->source_class = source_class;
	rc = candidates_part(&l->all, is_of_class, &source_class, a, &layer->in);
	if (rc < 0 || layer->in.claim_count == 0)
		return rc;
	l->n++;
	return tally(&layer->in, a, &layer->tally);
}

/* The first layer whose winner has support; where members support anything, of theirs:
 * a stranger who claims to be a regulator is still a stranger. */
static uint32_t deciding(const struct layers *l)
{
	uint32_t first = NO_INDEX;

	for (uint32_t i = 0; i < l->n; i++) {
		const struct tally *t = &l->layers[i].tally;

		if (t->total[MEMBERS] > 0)
			return i;
		if (t->total[STRANGERS] > 0 && first == NO_INDEX)
			first = i;
	}
	return first == NO_INDEX ? 0 : first;
}

/* Clusters that tiers below UPPER have, and none up to it. */
static int find_unseen(const struct lens_view *v, struct arena *a, struct layers *l)
{
	ARENA_AUTO(scratch);
	const struct tally *t = v->tally;
	uint8_t *classes = arena_alloc(&scratch, v->in->cluster_count);
	const unsigned upper = (1U << (UPPER + 1)) - 1;
	const unsigned tiers = (1U << CLASSES) - 1;

	l->unseen = arena_alloc(a, t->cluster_count * sizeof(struct cluster *));
	if (!classes || !l->unseen)
		return -ENOMEM;
	for (uint32_t i = 0; i < v->in->claim_count; i++) {
		const struct candidate *c = &v->in->claims[i];

		classes[c->cluster] |= (uint8_t)(1U << c->source_class);
	}
	for (uint32_t i = 0; i < t->cluster_count; i++) {
		unsigned has = classes[t->clusters[i].cluster] & tiers;

		if (has && !(has & upper))
			l->unseen[l->unseen_count++] = &t->clusters[i];
	}
	return 0;
}

static int see(struct lens_view *v, struct arena *a)
{
	struct layers *l = arena_alloc(a, sizeof(*l));
	int rc;

	if (!l)
		return -ENOMEM;
	rc = fade(v, a, l);
	for (uint8_t c = 0; rc == 0 && c < LAYERS; c++)
		rc = weigh_layer(l, c, a);
	if (rc == 0)
		rc = find_unseen(v, a, l);
	if (rc < 0)
		return rc;
	v->own = l;
	if (l->n == 0)
		return 0;
	l->deciding = deciding(l);
	v->in = &l->layers[l->deciding].in;
	v->tally = &l->layers[l->deciding].tally;
	return 0;
}

static const char *class_name(uint8_t source_class)
{
	return source_class < CLASSES ? source_class_name(source_class)
				      : "unclassified";
}

/* The objects of a layer that are held. */
static int print_held(
	const struct lens_view *v, const struct layer *layer, struct buf *out)
{
	const struct tally *t = &layer->tally;
	int rc = 0;

	json_print_key("objects", out);
	buf_byte(out, '[');
	for (uint32_t i = 0; rc == 0 && i < t->cluster_count; i++) {
		if (!cluster_is_held(t, &t->clusters[i]))
			continue;
		list_next(out);
		rc = print_object_of(
			v, &layer->in.claims[t->clusters[i].leader], out);
	}
	buf_byte(out, ']');
	return rc;
}

static int print_winner(
	const struct lens_view *v, const struct layer *layer, struct buf *out)
{
	const struct tally *t = &layer->tally;
	uint64_t total = t->total[t->counted];
	int rc;

	if (total == 0)
		return 0;
	rc = field_object_of(v, &layer->in.claims[t->clusters[0].leader], out);
	field_millionths(
		"share", ratio(t->clusters[0].support[t->counted], total), out);
	return rc;
}

/* The members of a layer; the brace is open. */
static int print_layer(
	const struct lens_view *v, const struct layer *layer, struct buf *out)
{
	const struct tally *t = &layer->tally;
	int rc;

	if (layer->source_class < CLASSES)
		field_count("tier", layer->source_class, out);
	field_text("class", slice_str(class_name(layer->source_class)), out);
	rc = v->r.set ? print_held(v, layer, out) : print_winner(v, layer, out);
	field_conflict(t->conflict, out);
	field_text("status", slice_str(status_name(t->status)), out);
	field_count("candidates", layer->in.claim_count, out);
	field_count("agents", t->agents, out);
	buf_byte(out, '}');
	return rc;
}

static int print(const struct lens_view *v, struct buf *out)
{
	const struct layers *l = v->own;
	int rc = 0;

	json_print_key("layers", out);
	buf_byte(out, '[');
	for (uint32_t i = 0; rc == 0 && i < l->n; i++) {
		list_next(out);
		buf_byte(out, '{');
		rc = print_layer(v, &l->layers[i], out);
	}
	buf_byte(out, ']');
	json_print_key("unseen", out);
	buf_byte(out, '[');
	for (uint32_t i = 0; rc == 0 && i < l->unseen_count && i < LENS_SHOWN;
		i++) {
		const struct cluster *c = l->unseen[i];

		list_next(out);
		buf_byte(out, '{');
		rc = field_object_of(v, &v->input->in->claims[c->leader], out);
		field_count("agents", c->agents, out);
		field_count("claims", c->claims, out);
		buf_byte(out, '}');
	}
	buf_byte(out, ']');
	if (l->unseen_count > LENS_SHOWN)
		field_count("more_unseen", l->unseen_count - LENS_SHOWN, out);
	return rc;
}

static int explain(const struct lens_view *v, struct buf *out)
{
	const struct layers *l = v->own;
	int rc = 0;

	if (l->n > 0) {
		field_line("layer", out);
		json_print_string(
			slice_str(class_name(l->layers[l->deciding].source_class)),
			out);
	}
	list_start("layers", out);
	for (uint32_t i = 0; rc == 0 && i < l->n; i++) {
		row_start(out);
		rc = print_layer(v, &l->layers[i], out);
	}
	buf_byte(out, ']');
	return rc;
}

static void explain_claim(
	const struct lens_view *v, uint32_t claim, struct buf *out)
{
	const struct candidate *c = &v->in->claims[claim];

	field_millionths("decay",
		claim_decay(c, v->input->now) / (DECAY_ONE / MILLION), out);
	field_millionths("weight", c->confidence, out);
}

const struct lens lens_layered = {
	.name = "layered",
	.see = see,
	.pick = pick_leading,
	.print = print,
	.explain = explain,
	.explain_claim = explain_claim,
	.decays = true,
};

/* Authority: what the best source says, whoever and however many say something else.
 *
 *	authority = confidence x trust of the best signer x weight of the class x decay
 *
 * as an exact integer, of 20 + 20 + 20 + 40 bits. Claims that no member stands behind are
 * passed over: anybody can call itself a regulator. */
#include <errno.h>

#include "core/decay.h"
#include "core/render.h"

__extension__ typedef unsigned __int128 u128;

/* One per claim: what the view's own is. */
struct authority {
	bool heard;
	uint32_t trust;
	uint64_t decay;
	u128 product;
};

static const struct authority *of(const struct lens_view *v, uint32_t claim)
{
	return (const struct authority *)v->own + claim;
}

static struct authority weigh(const struct lens_view *v, const struct candidate *c)
{
	struct authority a = {.decay = claim_decay(c, v->input->now)};

	for (uint32_t i = 0; i < c->signer_count; i++) {
		uint32_t signer = v->in->signers[c->signer + i];
		uint32_t trust = v->in->voters[signer].trust;

		if (trust < v->in->min_trust)
			continue;
		a.heard = true;
		if (trust > a.trust)
			a.trust = trust;
	}
	a.product = (u128)c->confidence * a.trust * class_weight(c->source_class) *
		    a.decay;
	return a;
}

static int see(struct lens_view *v, struct arena *a)
{
	struct authority *all = arena_alloc(a, v->in->claim_count * sizeof(*all));

	if (!all)
		return -ENOMEM;
	for (uint32_t i = 0; i < v->in->claim_count; i++)
		all[i] = weigh(v, &v->in->claims[i]);
	v->own = all;
	return 0;
}

static bool hears(const struct lens_view *v, uint32_t claim)
{
	return of(v, claim)->heard;
}

static int compare_authority(const struct lens_view *v, uint32_t a, uint32_t b)
{
	u128 x = of(v, a)->product, y = of(v, b)->product;

	return (x < y) - (x > y);
}

/* No class comes after all classes. */
static int compare_tier(const struct lens_view *v, uint32_t a, uint32_t b)
{
	return (int)v->in->claims[a].source_class -
	       (int)v->in->claims[b].source_class;
}

static const struct claim_rule rules[] = {
	{compare_authority, "greatest authority"},
	{compare_tier, "equal authority: lower tier"},
	{claim_compare_newest,
		"equal authority and tier: newest, then smallest id"},
	{0},
};

static int explain(const struct lens_view *v, struct buf *out)
{
	field_line("min_trust", out);
	millionths_print(v->in->min_trust, out);
	return 0;
}

static void explain_claim(
	const struct lens_view *v, uint32_t claim, struct buf *out)
{
	const struct authority *a = of(v, claim);
	const struct candidate *c = &v->in->claims[claim];
	u128 millionth = (u128)MILLION * MILLION * DECAY_ONE;

	if (!a->heard)
		return;
	json_print_key("weight", out);
	buf_byte(out, '{');
	field_millionths("confidence", c->confidence, out);
	field_millionths("trust", a->trust, out);
	field_millionths("tier_weight", class_weight(c->source_class), out);
	field_millionths("decay", a->decay / (DECAY_ONE / MILLION), out);
	field_millionths("authority", (uint64_t)(a->product / millionth), out);
	buf_byte(out, '}');
}

const struct lens lens_authority = {
	.name = "authority",
	.see = see,
	.order = rules,
	.hears = hears,
	.explain = explain,
	.explain_claim = explain_claim,
	.decays = true,
};

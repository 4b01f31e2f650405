/* Epoch: consensus among the claims whose paradigm is not superseded. */
#include <errno.h>

#include "core/render.h"
#include "core/subset.h"

struct current {
	struct candidates in;
	struct tally tally;
};

static bool is_current(void *ctx, const struct candidate *c)
{
	(void)ctx;
	return !c->hidden;
}

static int see(struct lens_view *v, struct arena *a)
{
	struct current *c = arena_alloc(a, sizeof(*c));
	int rc;

	if (!c)
		return -ENOMEM;
	rc = candidates_part(v->in, is_current, NULL, a, &c->in);
	if (rc == 0)
		rc = tally(&c->in, a, &c->tally);
	if (rc < 0)
		return rc;
	v->in = &c->in;
	v->tally = &c->tally;
	v->r.candidates = c->in.claim_count;
	v->r.agents = c->tally.agents;
	return 0;
}

static int explain(const struct lens_view *v, struct buf *out)
{
	field_line("superseded", out);
	buf_printf(out, "%" PRIu32, v->input->in->claim_count - v->in->claim_count);
	return 0;
}

const struct lens lens_epoch = {
	.name = "epoch",
	.see = see,
	.pick = pick_leading,
	.explain = explain,
	.epochs = true,
};

/* The candidates of a pair: what its rows say, what of it stands, what the reader asked
 * for. */
#include <errno.h>

#include "store/epochs.h"
#include "store/gather.h"
#include "store/pair.h"

static bool in_epochs(const struct source *s, const struct candidate *c)
{
	for (size_t i = 0; c->has_epoch && i < s->epoch_count; i++)
		if (id_compare(&c->epoch, &s->epochs[i]) == 0)
			return true;
	return false;
}

bool pair_admits(void *source, const struct candidate *c)
{
	const struct source *s = source;
	const struct context *ctx = &s->context;

	if (ctx->cuts & CONTEXT_STAGE ? c->lifecycle != ctx->stage
				      : !lifecycle_is_live(c->lifecycle))
		return false;
	/* no class is a number behind the last one */
	if (ctx->cuts & CONTEXT_TIER && c->source_class > ctx->tier)
		return false;
	return !(ctx->cuts & CONTEXT_EPOCH) || in_epochs(s, c);
}

static int mark_hidden(const struct source *s, struct arena *a,
	const struct gathered *g, struct fact *claims)
{
	struct epoch_memory known = {.arena = a};

	for (uint32_t i = 0; i < g->facts.claim_count; i++) {
		struct candidate *c = &claims[i].claim;
		int rc = c->has_epoch
				 ? epoch_hidden(s, &known, &c->epoch, &c->hidden)
				 : 0;

		if (rc < 0)
			return rc;
	}
	return 0;
}

int pair_gather(const struct source *s, const struct pair_key *p, bool epochs,
	struct arena *a, struct gathered *g, struct footing *f,
	struct candidates *out)
{
	struct source reader = *s;
	struct candidates c = {0};
	int rc = gather_pair(s, p, a, g);

	if (rc == 0 && epochs)
		rc = mark_hidden(s, a, g, g->claims);
	if (rc == 0)
		rc = footing(&g->facts, a, f);
	if (rc == 0)
		rc = footing_candidates(&g->facts, f, pair_admits, &reader, a, &c);
	if (rc == 0)
		rc = min_trust_of(s, &c.min_trust);
	if (rc == 0)
		*out = c;
	return rc;
}

int pair_candidates(const struct source *s, const struct pair_key *p, bool epochs,
	struct arena *a, struct candidates *out)
{
	struct gathered g = {0};
	struct footing f = {0};

	return pair_gather(s, p, epochs, a, &g, &f, out);
}

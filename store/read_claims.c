/* The candidates of a pair in their order, a few at a time: a pair may have more claims than
 * memory has room for. With those of one batch come the claims that they hang together
 * with: what stands among these is what stands among all. */
#include <errno.h>

#include "store/gather.h"
#include "store/read.h"

enum {
	BATCH = 256,
};

/* Add the claims of the pair behind *last to out until a batch is full, each with all that
 * it hangs together with; *last is then the last of the batch itself. -ENOENT: none. */
static int next_batch(struct snap *s, const struct pair_key *p,
	struct claim_ref *last, struct buf *out)
{
	struct row_key prefix = row_key_below(p, KEY_CLAIM);
	struct row_key next = row_key_claim(p, last->timestamp, &last->id);
	WALK_AUTO(w);
	int rc, n = 0;

	row_key_byte(&next, UINT8_MAX); /* behind all that is said of it */
	rc = walk_from(&w, s->source.txn, &prefix, &next);
	for (; rc == 0 && n < BATCH; n++) {
		const uint8_t *key = w.key.mv_data;

		if (w.key.mv_size != CLAIM_KEY)
			return -EBADMSG;
		last->timestamp = be64_at(key + PAIR_KEY + 1);
		memcpy(last->id.b, key + PAIR_KEY + 9, ID_SIZE);
		rc = gather_component(&s->source, p, last, out);
		if (rc < 0)
			return rc;
		next = row_key_claim(p, last->timestamp, &last->id);
		row_key_byte(&next, UINT8_MAX);
		rc = walk_seek(&w, &next);
	}
	return rc == -ENOENT && n > 0 ? 0 : rc;
}

static int find_candidates(struct snap *s, const struct pair_key *p,
	const struct buf *refs, struct arena *a, struct candidates *out)
{
	struct gathered g = {0};
	struct footing f = {0};
	int rc = gather_claims(&s->source, p, (const void *)refs->p,
		refs->n / sizeof(struct claim_ref), false, a, &g);

	if (rc == 0)
		rc = footing(&g.facts, a, &f);
	return rc < 0 ? rc
		      : footing_candidates(
				&g.facts, &f, pair_admits, &s->source, a, out);
}

/* Those of the batch itself: behind one claim, up to another. 1: the visitor stops. */
static int visit_batch(const struct candidates *in, struct arena *a,
	const struct claim_ref *behind, const struct claim_ref *last,
	candidate_visit *visit, void *ctx)
{
	struct agent *signers =
		arena_alloc(a, ((size_t)in->signer_count + 1) * sizeof(*signers));

	if (!signers)
		return -ENOMEM;
	for (uint32_t i = 0; i < in->claim_count; i++) {
		const struct candidate *c = &in->claims[i];
		struct claim_ref at = {.timestamp = c->timestamp, .id = c->id};

		if (claim_ref_compare(&at, behind) <= 0 ||
			claim_ref_compare(&at, last) > 0)
			continue;
		for (uint32_t j = 0; j < c->signer_count; j++)
			signers[j] = in->voters[in->signers[c->signer + j]].key;
		if (visit(ctx, c, signers))
			return 1;
	}
	return 0;
}

int pair_claims(struct snap *s, struct slice subject, struct slice predicate,
	const struct claim_ref *behind, candidate_visit *visit, void *ctx)
{
	struct claim_ref last = {.timestamp = 0};
	struct pair_key key;
	struct pair_row row = {0};
	int rc = see_pair(s, subject, predicate, &key, &row);

	if (behind)
		last = *behind;
	while (rc == 0) {
		struct claim_ref from = last;
		struct candidates in = {0};
		ARENA_AUTO(a);
		BUF_AUTO(refs);

		rc = next_batch(s, &key, &last, &refs);
		if (rc < 0)
			return rc == -ENOENT ? 0 : rc;
		rc = find_candidates(s, &key, &refs, &a, &in);
		if (rc == 0)
			rc = visit_batch(&in, &a, &from, &last, visit, ctx);
	}
	return rc < 0 ? rc : 0;
}

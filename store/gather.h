/* The facts of a pair out of its rows: what core/footing.h judges.
 *
 * Only what the source's context sees: records by their seq and time. All of a pair in one
 * walk over its rows; or a few claims of it alone, for whoever knows that nothing else
 * hangs on them. Everything lives in the arena. */
#ifndef STORE_GATHER_H
#define STORE_GATHER_H

#include "core/claim.h"
#include "core/footing.h"
#include "store/source.h"

struct gathered {
	struct facts facts;
	struct fact *claims; /* those of facts */
	/* by the numbers that the facts use: */
	const struct cluster_hash *clusters;
	const uint32_t *agents; /* agent numbers of the voters */
};

int gather_pair(const struct source *s, const struct pair_key *p, struct arena *a,
	struct gathered *out);

int claim_ref_compare(const void *a, const void *b);

/* The same of the claims in the list (sorted by claim_ref_compare); those that are not
 * seen are left out, and all votes unless they are asked for. */
int gather_claims(const struct source *s, const struct pair_key *p,
	const struct claim_ref *list, size_t n, bool votes, struct arena *a,
	struct gathered *out);

/* Add to out (sorted struct claim_ref, each once) all claims of the pair that hang together
 * with this one by parents and supersessions, itself included. Whatever the context. */
int gather_component(const struct source *s, const struct pair_key *p,
	const struct claim_ref *claim, struct buf *out);

/* A claim row as it is read back. */
struct claim_columns {
	struct claim_row row;
	uint32_t signers[SIGNATURES_MAX]; /* row.signers numbers */
	struct id parent, epoch; /* with their bits of row.has; else zeros */
};
int claim_columns_read(struct slice value, struct claim_columns *out);

/* On to the next claim of the walk over those of a pair, over all that is said of this one:
 * -EBADMSG at another row. */
int claims_next(struct walk *w);

/* Append what such a row holds: parent and epoch with their bits of row->has. */
void claim_columns_write(const struct claim_row *row, const uint32_t *signers,
	const struct id *parent, const struct id *epoch, struct buf *out);

#endif

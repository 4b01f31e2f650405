/* A pair out of its rows: its candidates for the lenses, and its consensus view. */
#ifndef STORE_PAIR_H
#define STORE_PAIR_H

#include "core/footing.h"
#include "core/lens.h"
#include "store/source.h"

/* All candidates of a pair, in one walk over its rows; everything lives in the
 * arena. A claim's locator is the log offset; its length stands in locator_length.
 * epochs: also whose epoch is superseded. Only the lens `epoch` asks, and it takes reading
 * other records, as many as anybody wrote about these epochs: no write should wait for it.
 */
int pair_candidates(const struct source *s, const struct pair_key *p, bool epochs,
	struct arena *a, struct candidates *out);

/* Is a claim that stands one that the reader of the source asked for? By stage, tier and
 * epoch. A footing_filter; its context is the source. */
bool pair_admits(void *source, const struct candidate *c);

/* What a pair_row and its view say of the consensus, before it is stored. */
struct pair_view {
	struct locator winner; /* length 0: none */
	enum pair_status status;
	uint32_t candidates;
	uint32_t rows;	 /* claims, signers and votes: what resolving had to read */
	struct buf line; /* the consensus line */
	struct buf value; /* what value/consensus holds; empty: there is none */
};
void pair_view_free(struct pair_view *v);

/* Resolve the consensus from all candidates (not from running sums). */
int pair_resolve(const struct source *s, const struct pair_key *p,
	struct slice subject, struct slice predicate, struct pair_view *out);

/* Read the row; the view is borrowed from the transaction. -ENOENT. */
int pair_row_read(MDB_txn *txn, const struct pair_key *p, struct pair_row *row,
	struct slice *view);
/* Put the row with the view behind it; fills view_length. */
int pair_row_write(MDB_txn *txn, const struct pair_key *p, struct pair_row *row,
	struct slice view);

/* Put a row that was changed with the view that is there. */
int pair_row_mend(
	MDB_txn *txn, const struct pair_key *p, const struct pair_row *row);

/* Append how the view of a pair begins: its names. */
void pair_view_names(struct slice subject, struct slice predicate, struct buf *out);

/* Is this the view of these names (two names may share a hash)? */
bool pair_view_is(struct slice view, struct slice subject, struct slice predicate);

/* What stands for a record's source in rows: first 8 bytes of BLAKE3, never 0; 0:
 * none. */
uint64_t source_hash(const struct record *r);

/* Equal objects have equal hashes: kind and canonical text. */
struct cluster_hash cluster_hash(const struct object *o);

/* Where a claim's body is, from its candidate. */
struct locator claim_locator(const struct candidate *c);

#endif

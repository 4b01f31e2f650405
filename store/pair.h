/* A pair out of its rows: its candidates for the lenses, and its consensus view.
 *
 * What the lens decided stands in the row of the pair as numbers, never as text: whoever
 * reads the consensus prints it from these and the record of the winner, which the log
 * has. */
#ifndef STORE_PAIR_H
#define STORE_PAIR_H

#include "core/lens.h"
#include "store/gather.h"
#include "store/source.h"

/* All candidates of a pair, in one walk over its rows; everything lives in the
 * arena. A claim's locator is the log offset; its length stands in locator_length.
 * epochs: also whose epoch is superseded. Only the lens `epoch` asks, and it takes reading
 * other records, as many as anybody wrote about these epochs: no write should wait for it.
 */
int pair_candidates(const struct source *s, const struct pair_key *p, bool epochs,
	struct arena *a, struct candidates *out);

/* The same with what they are made of. */
int pair_gather(const struct source *s, const struct pair_key *p, bool epochs,
	struct arena *a, struct gathered *g, struct footing *f,
	struct candidates *out);

/* Is a claim that stands one that the reader of the source asked for? By stage, tier and
 * epoch. A footing_filter; its context is the source. */
bool pair_admits(void *source, const struct candidate *c);

/* ---- the consensus ---- */

/* Decide it from all candidates (not from running sums); signers live in the arena. rows:
 * how many claims, signers and votes there were to read (NULL: not wanted). */
int pair_decide(const struct source *s, const struct pair_key *p,
	struct slice predicate, struct arena *a, struct pair_view *out,
	uint32_t *rows);

/* What out has of the winner: which is claim i of g. Signers live in the arena. */
int pair_view_winner(const struct gathered *g, const struct footing *f, uint32_t i,
	struct arena *a, struct pair_view *out);

/**
 * Append the line of a view, and what value/consensus holds (NULL: not wanted), of a pair
 * that is no set. Reads the winner's record and the keys of those behind it, whatever
 * the number of candidates.
 *
 * -EBADMSG, with nothing appended: the winner is no claim of the pair, or its record does
 * not verify. -ENOENT: its names are others, of which the hashes are the same.
 */
int pair_print(const struct source *s, const struct pair_key *p,
	struct slice subject, struct slice predicate, const struct pair_view *v,
	struct buf *line, struct buf *value);

/* Append the same from all candidates, through the lens: also of a set, and within the
 * context of the source. */
int pair_resolve(const struct source *s, const struct pair_key *p,
	struct slice subject, struct slice predicate, struct buf *line,
	struct buf *value);

/* ---- the row (store/pair_row.c) ---- */

/* out's signers and history borrow from the value, or from the transaction. -EBADMSG;
 * -ENOENT. A struct change has rows that are not written yet: change_pair(). */
int pair_row_unpack(struct slice value, struct pair_row *out);
int pair_row_read(MDB_txn *txn, const struct pair_key *p, struct pair_row *out);
int pair_row_write(
	MDB_txn *txn, const struct pair_key *p, const struct pair_row *row);

bool pair_view_equal(const struct pair_view *a, const struct pair_view *b);

/* The log offset of the record that brought the pair, as it is listed by its names; of
 * predicates that share a hash only one is. -ENOENT: it is not. */
int pair_first(MDB_txn *txn, struct slice subject, struct slice predicate,
	uint64_t *offset);

/* ---- what rows have of records ---- */

/* What stands for a record's source in rows: first 8 bytes of BLAKE3, never 0; 0:
 * none. */
uint64_t source_hash(const struct record *r);

/* Equal objects have equal hashes: kind and canonical text. */
struct cluster_hash cluster_hash(const struct object *o);

/* Where a claim's body is, from its candidate. */
struct locator claim_locator(const struct candidate *c);

#endif

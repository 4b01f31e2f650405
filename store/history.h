/* Which records touched a pair, by seq.
 *
 * The newest of them stand in the row of the pair itself, which every one of them writes
 * anyway: of most pairs these are all. Once there are HISTORY_TAIL of them and another
 * comes, they go into rows below the pair: the first has the prefix for its key, every other
 * one the prefix and what was its first seq when it was made. Some come late, with a seq
 * behind which others already are, since they waited for what they are about; these
 * have their place among the others, and a row that they make too long is parted in the
 * middle. So which bytes stand where follows from the order of the log, however the
 * records came in batches. */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "store/packed.h"
#include "store/row.h"

enum {
	HISTORY_TAIL = 16,
	HISTORY_ROW = 1024, /* bytes */
	HISTORY_PACKED_MAX = (2 + 2 * HISTORY_TAIL) * PACKED_MAX,
};

struct touch {
	uint64_t seq;
	uint64_t
		since; /* the seq from which on it does: that of the last to come of
			   it and what it is about */
};

/* What the row of the pair holds. */
struct history {
	struct touch tail[HISTORY_TAIL];
	uint32_t n;
	uint64_t filed; /* the last seq that is in rows; 0: none is */
};

/* From the bytes in the row of a pair of that generation, which is the last `since`; 0: no
 * record touched it yet. -EBADMSG. */
int history_unpack(struct slice packed, uint64_t generation, struct history *out);

/* Into HISTORY_PACKED_MAX bytes; returns how many it took, none where one record alone
 * touched the pair. */
size_t history_pack(const struct history *h, uint64_t generation, uint8_t *out);

/* One more. A seq that is there already has another `since` from now on. */
int history_add(MDB_txn *txn, const struct pair_key *p, struct history *h,
	const struct touch *t);

/* ---- reading ---- */

struct history_walk {
	struct walk rows;
	struct unpacking rest; /* of the row that it is in */
	struct history tail;
	uint32_t next; /* of the tail, behind the rows */
	bool in_rows;
	struct touch at;
};
void history_walk_end(struct history_walk *w);
#define HISTORY_WALK_AUTO(name)                                                    \
	__attribute__((cleanup(history_walk_end))) struct history_walk name = {0}

/* To the first at or behind seq, and to the one behind: 0, -ENOENT, -errno. row: the pair's.
 */
int history_from(struct history_walk *w, MDB_txn *txn, const struct pair_key *p,
	const struct pair_row *row, uint64_t seq);
int history_next(struct history_walk *w);

/* The last that is there as of that seq: itself, and what it is about. -ENOENT. */
int history_last(MDB_txn *txn, const struct pair_key *p, const struct pair_row *row,
	uint64_t seq, struct touch *out);

#endif

/* Lists of records, by (timestamp, id): rows under a prefix, up to LIST_PER_ROW records in
 * each.
 *
 * The first row of a list has the prefix for its key, every other one the prefix and the
 * moment of what was its first record when it was made; a record belongs in the last row
 * that does not begin behind it. A row that is full is parted in the middle, or, at the end
 * of the list, begins another. So which rows there are follows from the order of the log,
 * however the records came in batches. */
#ifndef STORE_LIST_H
#define STORE_LIST_H

#include "core/buf.h"
#include "store/packed.h"
#include "store/row.h"

enum {
	LIST_PER_ROW = 32,
};

struct listed {
	uint64_t timestamp;
	struct id id;
	struct listed_row row;
};

/* ---- reading ---- */

struct list_walk {
	struct walk rows;
	struct unpacking rest; /* of the row that it is in */
	struct listed at;
};
void list_walk_end(struct list_walk *w);
#define LIST_WALK_AUTO(name)                                                       \
	__attribute__((cleanup(list_walk_end))) struct list_walk name = {0}

/* To the first record, or the first at or behind a moment, and to the one behind: 0,
 * -ENOENT, -errno. */
int list_first(struct list_walk *w, MDB_txn *txn, const struct row_key *prefix);
int list_from(struct list_walk *w, MDB_txn *txn, const struct row_key *prefix,
	uint64_t timestamp, const struct id *id);
int list_next(struct list_walk *w);

/* The first record of a row, of whatever list; -EBADMSG. */
int list_row_first(const MDB_val *value, struct listed *out);

/* ---- writing ---- */

/* The row that was written to last. What was added to it is in the index once it is flushed,
 * or another row is needed. */
struct list_hand {
	struct row_key prefix, key;
	struct listed items[LIST_PER_ROW + 1];
	size_t n;
	struct listed until; /* where the next row begins */
	bool last;	     /* there is none */
	bool open, changed;
};

/* -EEXIST: it is there, and stays as it is. */
int list_add(MDB_txn *txn, struct list_hand *h, const struct row_key *prefix,
	const struct listed *item);
int list_flush(MDB_txn *txn, struct list_hand *h);

#endif

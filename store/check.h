/* Is everything as it must be? What the parts of store_check() share; no other layer's.
 *
 *	check.c             the order of things; the log with its signatures
 *	check_signatures.c  many signatures at once, on all processors
 *	check_second.c      a second index, built from the log beside the store's own
 *	check_lost.c        what the index still knows of records that the log has lost
 *	check_rows.c        both indexes, key by key
 *	check_names.c       the names of pairs, of which keys have hashes
 *	check_words.c       a row as a person would call it
 *	check_views.c       every view against a fresh resolution */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include "store/internal.h"

struct checking {
	struct store *s;
	const struct store_check_options *o;
	struct store_check *out;
	struct wal_report log; /* what the log has lost */
	unsigned searches;     /* see check_pair_names() */
};

/* Report a finding whose sentence is made of format; its text is filled in here. */
void check_found(struct checking *c, const struct store_finding *f,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/* How far it is; cheap enough for every row. */
void check_progress(
	struct checking *c, const char *what, uint64_t done, uint64_t total);

/* The damaged stretch of the log that holds this offset; NULL: none does. */
const struct wal_damage *check_damage_at(const struct checking *c, uint64_t offset);

/* ---- check_signatures.c ---- */

struct check_signature {
	uint64_t offset; /* of its frame */
	struct id id;	 /* what it signs */
	struct signature signature;
	uint16_t number; /* within its frame */
	bool bad;
};

/* Verify them, and mark those that are bad. */
void check_signatures(struct check_signature *list, size_t n);

/* ---- check_second.c ---- */

struct second {
	int parent;	 /* the directory that its own stands in */
	char name[64];	 /* of its own; "": there is none */
	struct wal *wal; /* read only */
	struct index index;
};

/* Build it. -EBADMSG after a finding: the log holds what cannot be applied. -ENOSPC,
 * -errno with err. Call second_close() in any case; it removes the directory. */
int second_open(struct checking *c, struct second *out, struct error *err);
void second_close(struct second *x);

/* Whether a pair keeps running sums depends on how large it ever was and on what the
 * option sums-from was then: have those of the second index keep them that do in what is
 * compared, made from their claims. */
int second_align(struct checking *c, struct second *x, MDB_txn *txn);

/* ---- check_lost.c ---- */

/* Records that the index has and the log has lost: reports each, and each stretch that
 * held some. *stale says that there are any: then the two indexes differ in many rows that
 * are all about that. txn: of the store's index; built: of the second. */
int check_lost(struct checking *c, MDB_txn *txn, MDB_txn *built, bool *stale);

/* The same of the index that was put aside when this one was made, if it is there and
 * verifies: the records alone. */
int check_aside(struct checking *c, MDB_txn *built);

/* ---- check_rows.c ---- */

/* stale: only what every record has by itself. */
int check_rows(struct checking *c, MDB_txn *txn, MDB_txn *built, bool stale);

/* ---- check_names.c ---- */

/* The names of a pair, appended to these: as it is listed, and by the record that brought it or,
 * a few times in a check, by a search through all subjects. -ENOENT, -EBADMSG. */
enum {
	SEARCHES_MAX =
		100, /* at a million subjects each takes a quarter of a second */
	NEIGHBOURS_MAX = 10000, /* rows looked at for the name of a subject */
};
int check_pair_names(struct checking *c, MDB_txn *txn, const struct pair_key *p,
	struct buf *subject, struct buf *predicate);

/* ---- check_words.c ---- */

/* Append an id or a key as 64 hex digits. */
void check_hex(const uint8_t b[ID_SIZE], struct buf *out);

/* What a row is, and what it says of itself. */
struct row_words {
	const char *kind;
	struct buf about; /* which one of its kind */
	struct buf subject, predicate;
	struct id id;
	bool has_id;
	uint64_t offset; /* in the log; 0: unknown */
};
void row_words_free(struct row_words *w);
#define ROW_WORDS_AUTO(name)                                                       \
	__attribute__((cleanup(row_words_free))) struct row_words name = {0}

/* txn: where the names of hashes are looked up. */
void row_words(struct checking *c, MDB_txn *txn, const MDB_val *key,
	const MDB_val *value, struct row_words *out);

/* ---- check_views.c ---- */

/* lossy: what the log has lost may be missing, and that has been said. */
int check_views(struct checking *c, const struct source *source, bool lossy);

#endif

/* What the files of the inbox share with each other and with the sinks. Internal.
 *
 * One mutex guards everything below, held only for moments: never while the store, a
 * visitor or a done callback is called. What it guards hangs together like this:
 *
 *	inbox -- owners, by uid -- items: names and lanes of that uid, in order of cookie
 *	     |                 `-- receipts: one per name that something became of
 *	     |-- items, by "lane/name", of everybody
 *	     `-- subjects, by name -- their predicates
 *
 * Functions that end in _locked want the mutex held. */
#ifndef FS_INBOX_INTERNAL_H
#define FS_INBOX_INTERNAL_H

#include <pthread.h>
#include <sys/queue.h>

#include "fs/inbox.h"
#include "fs/jobs.h"
#include "fs/set.h"

enum {
	INBOX_NAME_MAX = 255,
	INBOX_KEY_MAX = 2 * INBOX_NAME_MAX + 1, /* "lane/name" */
	RECEIPT_NAME_MAX = INBOX_KEY_MAX + 2,	/* "lane%2Fname" */
};

/* Lines that were added one after another, the oldest of which may be gone. */
struct log {
	struct buf text;
	size_t lines;
	uint64_t forgotten; /* lines */
	uint64_t version;
	uint64_t mtime;
};

struct receipt {
	struct slice name; /* owned */
	uint64_t cookie;
	struct log log;
	TAILQ_ENTRY(receipt) by_cookie, by_use;
};
TAILQ_HEAD(receipt_list, receipt);

/* A name or a lane. */
struct item {
	struct slice key; /* owned: lane, '/', name */
	size_t lane_n;
	bool lane; /* a directory, with so many names in it: */
	size_t children;
	bool scratch;
	bool gone; /* unlinked or replaced, kept by its references */
	bool back; /* in the owner's list of what can be read back */
	struct owner *owner;
	gid_t gid;
	unsigned refs; /* open handles, renames under way */
	uint64_t cookie, version, mtime;
	uint64_t
		drops; /* how often the pending bytes of its handles were dropped */
	struct buf
		bytes; /* scratch: all; else what can be read back, and a bit more */
	size_t since_open; /* bytes added since it was opened last */
	TAILQ_ENTRY(item) by_cookie, by_use;
};
TAILQ_HEAD(item_list, item);

struct owner {
	uid_t uid;
	struct item_list items;
	struct item_list backs; /* whose bytes are kept for a time, oldest first */
	struct receipt_list receipts,
		used;	    /* by cookie; least recently added to first */
	struct set by_name; /* receipts */
	size_t item_count, receipt_count, place_count;
	size_t scratch_bytes, back_bytes, receipt_bytes;
	struct log errors, last_error, last_receipt;
};

struct made_predicate {
	struct slice name; /* owned */
	uid_t uid;
	uint64_t cookie;
	TAILQ_ENTRY(made_predicate) by_cookie;
};

struct made_subject {
	struct slice name; /* owned */
	bool made;	   /* itself, not just one of its predicates */
	uid_t uid;
	uint64_t cookie;
	TAILQ_HEAD(, made_predicate) predicates;
	struct set by_name;
	TAILQ_ENTRY(made_subject) by_cookie;
};

STAILQ_HEAD(lot_list, lot);

/* Lots of values (fs/sink_lot.c), which the sinks take from here: with a mutex of its
 * own. */
struct lot_stock {
	pthread_mutex_t lock;
	struct lot_list spare;
	size_t spares, out; /* out: with the sinks */
};

struct inbox {
	struct inbox_options options;
	int proc;
	pthread_mutex_t mutex;
	struct set owners, items, subjects;
	TAILQ_HEAD(, made_subject) subject_list;
	size_t place_count;
	uint64_t cookies, versions;

	struct jobs *jobs; /* what is much to parse, sign and verify */
	struct lot_stock lots;
};

/* ---- the mutex ---- */

pthread_mutex_t *inbox_lock(struct inbox *in);
void inbox_unlock(pthread_mutex_t **held);

/* Hold the mutex until the scope ends. */
#define INBOX_HELD(in)                                                             \
	__attribute__((cleanup(inbox_unlock), unused))                             \
	pthread_mutex_t *inbox_held = inbox_lock(in)

/* ---- inbox.c ---- */

/* ns; not while holding the mutex, since it asks the store. */
uint64_t inbox_now(const struct inbox *in);

/* NULL: no memory. */
struct owner *owner_locked(struct inbox *in, uid_t uid);
/* NULL: never had anything. */
struct owner *owner_find_locked(struct inbox *in, uid_t uid);

/* Copies of names, of malloc: p is NULL when there is no memory. */
struct slice name_copy(struct slice s);
void name_free(struct slice s);

/* A page of a listing: names are copied under the mutex and visited without it, since a
 * visitor may well ask the inbox about them. */
struct page {
	struct buf names; /* of cookie u64, length u32, lane u32, bytes */
	size_t count;
	uint64_t last; /* cookie */
};
/* False when the page is full. */
bool page_add(struct page *p, struct slice name, bool lane, uint64_t cookie);
/* Fills a page with what comes behind `after`; 0 or -errno. */
typedef int page_fill(void *ctx, uint64_t after, struct page *p);
int page_visit(page_fill *fill, void *fill_ctx, uint64_t after, inbox_visit *visit,
	void *ctx);

/* ---- inbox_items.c ---- */

bool name_is_scratch(struct slice name);

/* "lane/name" in room; -ENAMETOOLONG, -EINVAL where one is empty or has a slash. */
int item_key(struct slice lane, struct slice name, uint8_t room[INBOX_KEY_MAX],
	struct slice *out);
int items_compare(const void *a, const void *b);
struct item *item_find_locked(struct inbox *in, struct slice key);
struct item *lane_find_locked(struct inbox *in, struct slice lane);
struct slice item_lane(const struct item *it);
struct slice item_name(const struct item *it);

/* The caller's own item: -ENOENT, -EACCES. */
int item_own_locked(struct inbox *in, const struct caller *who, struct slice key,
	struct item **out);

/* Make one for the caller like this one (key, lane, scratch, gid, mtime), making room by
 * forgetting the oldest that nobody uses; -EDQUOT, -ENOMEM. */
int item_make_locked(
	struct inbox *in, const struct caller *who, const struct item *like);

/* Take an item out of the inbox; it lives on while it has references. */
void item_remove_locked(struct inbox *in, struct item *it);
void item_put_locked(struct inbox *in, struct item *it);

/* Give an item another key, replacing whatever has it. -ENOMEM, -EDQUOT (what becomes
 * scratch is over the bound): nothing was changed. */
int item_move_locked(
	struct inbox *in, struct item *it, struct slice key, uint64_t now);

/* What can be read back. */
struct slice item_view(const struct item *it);
/* Bytes were taken through a handle. -EDQUOT, -ENOMEM for scratch names. */
int item_add_locked(
	struct inbox *in, struct item *it, struct slice bytes, uint64_t now);
void item_clear_locked(struct inbox *in, struct item *it);
void item_cut_locked(struct inbox *in, struct item *it, uint64_t size);
/* Forget what can be read back and is too old, or too much. */
void items_expire_locked(struct inbox *in, struct owner *o, uint64_t now);

/* ---- inbox_logs.c ---- */

void log_free(struct log *l);

/* The receipt name of a key: "name", or "lane%2Fname"; in room. */
struct slice receipt_name(struct slice key, uint8_t room[RECEIPT_NAME_MAX]);
void receipt_drop_locked(struct owner *o, struct slice name);
/* The receipt of one name becomes that of another, which loses its own. */
void receipt_move_locked(
	struct inbox *in, struct owner *o, struct slice from, struct slice to);
void owner_logs_init(struct owner *o);
void owner_logs_free(struct owner *o);

/* Receipt lines for a uid: kept under a name (unless it is empty), the last of them as
 * last_receipt with the path. */
struct receipt_lines {
	uid_t uid;
	struct slice path;
	struct slice text; /* whole lines */
	size_t count;
};
void receipts_add_locked(struct inbox *in, struct slice name,
	const struct receipt_lines *lines, uint64_t now);

/* Append the receipt line of a refused value. record: its index in the stream. */
void refusal_print(const struct error *err, uint64_t record, struct buf *out);

/* ---- sink_lot.c ---- */

void lots_init(struct inbox *in);
void lots_free(struct inbox *in);

/* ---- inbox_places.c ---- */

void places_init(struct inbox *in);
void places_free(struct inbox *in);

#endif

/* The inbox, and what became of what was put there: names, receipts, errors.
 *
 * Bookkeeping in memory, bounded per uid, forgotten at unmount. A name belongs to the uid
 * that made it: only that uid sees, reads, renames or removes it; for others it is taken
 * (-EACCES). Lanes (mkdir inbox/<lane>, 0700) are directories of one's own with the same
 * rules. Scratch names (leading '.', or ending in ~ .swp .swx .swpx) hold inert bytes until
 * they are renamed to a normal name, which submits them. All thread-safe. */
#ifndef FS_INBOX_H
#define FS_INBOX_H

#include "core/buf.h"
#include "core/error.h"
#include "fs/caller.h"
#include "fs/sink.h"
#include "store/store.h"

struct inbox;

enum {
	INBOX_BACK_MAX =
		1 << 20, /* bytes of a name that can be read back: its last */
	INBOX_BACK_SECONDS = 600, /* and for how long */
	INBOX_NAMES_MAX = 4096,	  /* of one uid, receipts included; the oldest go */
	INBOX_SCRATCH_MAX = 16
			    << 20, /* bytes of scratch of one uid: -EDQUOT beyond */
	INBOX_RECEIPTS_MAX =
		8 << 20, /* bytes of receipts of one name; then the oldest lines
	                                 go and the first line says how many */
	INBOX_ERRORS_MAX = 1000,     /* lines of errors.jsonl of one uid */
	INBOX_BACK_TOTAL = 64 << 20, /* bytes of one uid that can be read back, */
	INBOX_RECEIPTS_TOTAL = 64 << 20, /* and of its receipts: the oldest go */
	INBOX_PLACES_UID = 10000,  /* places made by one uid: -EDQUOT beyond */
	INBOX_PLACES_MAX = 100000, /* and by all: -ENOSPC */
};

struct inbox_options {
	struct store *store;
	/* May a key be made for this uid on its first write? */
	bool (*may_make_key)(void *ctx, uid_t uid);
	/* ns since 1970; NULL: the store's clock. */
	uint64_t (*now)(void *ctx);
	void *ctx;
};

/* Starts threads: after a fork, not before. */
int inbox_new(const struct inbox_options *o, struct inbox **out);
/* No sink is open and no rename under way; the store is still open. NULL is fine. */
void inbox_free(struct inbox *in);

/* ---- names; lane is empty at the top ---- */

struct inbox_info {
	bool lane; /* a directory */
	bool scratch;
	uid_t uid;
	gid_t gid;
	mode_t mode;	  /* permission bits: 0600, 0700 for lanes */
	uint64_t size;	  /* that can be read back */
	uint64_t mtime;	  /* ns: of the last write */
	uint64_t version; /* changes with the content */
};

/* -ENOENT: nobody has it. Somebody else's name is found, with its owner. */
int inbox_find(struct inbox *in, struct slice lane, struct slice name,
	struct inbox_info *out);
int inbox_create(struct inbox *in, const struct caller *who, struct slice lane,
	struct slice name, bool exclusive);
int inbox_mkdir(struct inbox *in, const struct caller *who, struct slice name);
int inbox_rmdir(struct inbox *in, const struct caller *who, struct slice name);
int inbox_unlink(struct inbox *in, const struct caller *who, struct slice lane,
	struct slice name);
int inbox_truncate(struct inbox *in, const struct caller *who, struct slice lane,
	struct slice name, uint64_t size);
void inbox_rename(struct inbox *in, const struct caller *who,
	struct slice from_lane, struct slice from, struct slice to_lane,
	struct slice to, bool no_replace, sink_done *done, void *ctx);

/* The caller's own names behind `after`, as tree_list() wants them: cookies are stable
 * numbers given at creation. */
typedef int inbox_visit(void *ctx, struct slice name, bool lane, uint64_t cookie);
int inbox_list(struct inbox *in, const struct caller *who, struct slice lane,
	uint64_t after, inbox_visit *visit, void *ctx);

/* Append the bytes that can be read back; -EACCES for somebody else's. */
int inbox_read_back(struct inbox *in, const struct caller *who, struct slice lane,
	struct slice name, struct buf *out);

/* ---- what became of it, per uid ---- */

enum inbox_log {
	INBOX_LAST_ERROR, /* one line {time, pid, path, errno, code, message, offset, hint} */
	INBOX_LAST_RECEIPT, /* one line */
	INBOX_ERRORS,	    /* all error lines kept */
};

/* Append a log of a uid (nothing when it is empty); *version changes with the content,
 * *mtime is when it last changed (0: never). */
int inbox_log_read(struct inbox *in, uid_t uid, enum inbox_log which,
	struct buf *out, uint64_t *version, uint64_t *mtime);

/* receipts/<name>: one line per record. A receipt's name is the inbox name; in a lane
 * it is "<lane>%2F<name>". */
int inbox_receipt_read(struct inbox *in, uid_t uid, struct slice name,
	struct buf *out, uint64_t *version, uint64_t *mtime);
int inbox_receipt_list(
	struct inbox *in, uid_t uid, uint64_t after, inbox_visit *visit, void *ctx);

/* Note an error for the caller's last_error and errors.jsonl (also used by doors for what
 * they refuse themselves). record: index in its stream from 0, -1 where none. */
void inbox_note_error(struct inbox *in, const struct caller *who, struct slice path,
	const struct error *err);

/* ---- places that exist because somebody made them: subjects/<S> and <S>/<P> ---- */

int inbox_place_make(struct inbox *in, const struct caller *who,
	struct slice subject, struct slice predicate);
/* predicate.p NULL: the subject itself. */
bool inbox_place_made(
	struct inbox *in, struct slice subject, struct slice predicate);
int inbox_place_remove(struct inbox *in, const struct caller *who,
	struct slice subject, struct slice predicate);
/* Made subjects (subject.p NULL) or predicates of one; cookies have bit 62 set, so that
 * they follow every cookie of the store. */
int inbox_place_list(struct inbox *in, struct slice subject, uint64_t after,
	inbox_visit *visit, void *ctx);

#endif

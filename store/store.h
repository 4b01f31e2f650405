/* The store: what stemefs remembers, and the only face of this layer.
 *
 *	STORE/format             "stemefs store 1"
 *	STORE/tag.a, tag.b       the key that tags frames, twice
 *	STORE/wal/               the log: the truth
 *	STORE/index/             LMDB: a function of the log, disposable
 *	STORE/index.aside/       the one before it, while the log has damage
 *	STORE/index.check/       the second one of a check
 *	STORE/wallet/            private keys, 0700: store.key, <uid>.key, <uid>.agent
 *	STORE/quarantine/        what recovery cut off, and copies of what is damaged
 *	STORE/clean              the mark of a clean stop (store/clean.h)
 *	STORE/doubt, starting    why the next start trusts nothing (store/suspect.h)
 *	STORE/lock               one writing daemon
 *
 * Writing: parse a draft, store_prepare() it in any thread (the expensive part:
 *signing or verifying), store_submit() a list of them; the committer thread decides
 *in order, makes everything durable and visible, and calls back. Reading: take a
 *snapshot, ask, end it. What a snapshot shows never changes and is always
 *consistent; a record whose submission was called back as accepted is in every
 *snapshot taken from then on.
 *
 * Every function is thread-safe unless it says otherwise. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "core/record_json.h"
#include "store/frame.h"
#include "store/snap.h"

/* ---- life ---- */

struct store_options {
	bool accept_clock; /* mount although the clock is behind the log */
	bool rebuild;	   /* put the index aside and build it anew from the log */
	bool verify_index; /* page by page, whatever the mark of a clean stop says */
	uint32_t scrub_mib; /* MiB/s that the scrub may read; 0: no scrub */
	uint32_t sums_from; /* claims on a pair from which running sums are kept; 0:
			       default */
	/* Progress of long work (recovery, rebuild); may be NULL. total may be 0.
	 */
	void (*progress)(
		void *ctx, const char *what, uint64_t done, uint64_t total);
	void *progress_ctx;
};

/* Make an empty store in a directory that does not exist or is empty. -EEXIST else.
 */
int store_create(const char *path, struct error *err);

/* Open for reading and writing; takes the lock (-EBUSY: somebody has it, err says
 * which pid), recovers the log, brings the index up to it or rebuilds it, starts
 * the committer. Not before a fork: LMDB and locked memory do not survive one. */
int store_open(const char *path, const struct store_options *o, struct store **out,
	struct error *err);

/**
 * Open to read what was known at one moment, beside whoever writes, or without anybody.
 *
 * Takes no lock, signs nothing and writes nothing, so any number may have a store open like
 * this while another writes, stops, is killed, starts again. Where nobody has the store and
 * its index is not known to be up to its log, it is opened and closed first, as store_open()
 * does (o, which may be NULL). past: all that was received before this call is waited for,
 * so that any time before it is a moment that never changes.
 *
 * Then find the moment, and store_keep_to() it before anything else is asked: from then on
 * nothing behind that record may be. -EBUSY: a daemon is bringing the index up. -EROFS: the
 * index is not up to the log, and cannot be brought up.
 */
int store_open_reading(const char *path, const struct store_options *o, bool past,
	struct store **out, struct error *err);
int store_keep_to(struct store *s, uint64_t seq, struct error *err);

/* Refuse new submissions, drain the committer, sync and close. NULL is fine. */
void store_close(struct store *s);

/* ns since 1970: the wall clock at start, advanced by CLOCK_BOOTTIME, never going
 * back. */
uint64_t store_now(struct store *s);

/* ---- writing ---- */

/* On whose behalf records are signed. */
struct signer {
	uint32_t uid;
	bool may_make_key; /* make (and admit) a key for this uid when it has none
			    */
	uint64_t now; /* when the draft was taken, of store_now(); 0: just now */
};

/* What the store holds writers to, besides the limits of core/record.h; seconds. */
enum {
	AHEAD_MAX_S = 5,	  /* a timestamp may be ahead of the clock, */
	AHEAD_SIGNED_MAX_S = 300, /* of a pre-signed record */
	RETRY_WINDOW_S = 600,	  /* an unsigned repeat is answered `duplicate` */
};

enum outcome {
	OUTCOME_PENDING,
	OUTCOME_ACCEPTED,
	OUTCOME_DUPLICATE, /* known already: id and seq say where */
	OUTCOME_REFUSED,
	OUTCOME_UNTRIED, /* stands behind a refused one in the same submission */
};

/* A record ready to be committed, and then what became of it. */
struct entry {
	struct record record; /* slices live in the arena of store_prepare() */
	struct slice canonical;
	struct id id;
	struct signature *signatures;
	uint16_t signature_count;
	uint16_t known_signatures; /* the store's: behind those, and nothing new */
	bool wallet_signed;
	bool timestamp_implied;

	enum outcome outcome;
	uint64_t seq; /* of the record that stands for it */
};

/**
 * Check, complete and sign or verify a draft: looks up an epoch name, fills in an
 * implied timestamp with the signer's now, encodes, hashes; signs with the signer's
 * wallet key where the draft brings no signatures, else verifies all of them. Any
 * worker thread.
 *
 * 0, -EINVAL (unknown epoch name, unknown target of an unsigned record), -EACCES (a
 * signature does not verify; no key for this caller), -EPERM (a setting not signed
 * by the store key), -EMSGSIZE, -EIO, -ENOMEM; err says why.
 */
int store_prepare(struct store *s, const struct signer *who, const struct draft *d,
	struct arena *a, struct entry *out, struct error *err);

/* Is the key of this uid there and admitted, so that signing with it asks nothing of disk
 * or index and writes nothing? False until it has signed something since the start. */
bool store_signs(struct store *s, uint32_t uid);

struct submission {
	uint32_t uid; /* noted in the log as the submitter */
	struct entry *entries;
	size_t count;
	/* Called once, in a thread of the store, when everything accepted is
	 * durable and visible, and told; must not block, may free the submission. */
	void (*done)(struct submission *s);
	void *ctx;

	/* result: the first refused entry, or count; why */
	size_t refused;
	struct error error;

	/* the store's */
	struct submission *next;
};

/* Queue. Entries are decided in order; the first refused one ends the submission:
 * those before it are kept, it and those behind are not. */
void store_submit(struct store *s, struct submission *sub);

/* The same, and wait. 0, or -error.code of the refused entry. */
int store_commit(struct store *s, struct submission *sub);

/* The agent that unsigned records of a uid are signed by. -ENOENT: it has no key yet. */
int store_agent_of(struct store *s, uint32_t uid, struct agent *out);

/* ---- telling what changed, for those who keep what they have read ---- */

/* A pair by number: hashes. Who shares one is told too: of 2^64 for pairs, 2^32 for
 * subjects. */
struct pair_mark {
	uint64_t pair;
	uint64_t subject; /* all pairs of a subject have this one */
};
struct pair_mark store_pair_mark(struct slice subject, struct slice predicate);

/* What a batch changed. A file below a pair's directory that depends neither on the clock
 * nor on epochs stays as it is until its pair, or everything, is told to have changed. */
struct news {
	const struct pair_mark *pairs;
	size_t count;
	bool everything;   /* by a setting: any pair's files may be others now */
	bool new_pairs;	   /* some of these are new to their subjects, */
	bool new_subjects; /* and some of those subjects are new */
};

struct watcher {
	/* In the committer's thread, when a batch is visible and before anybody in it is
	 * answered: what is to be done before that, or NULL. Must not block. */
	void *(*changed)(void *ctx, const struct news *c);
	/* In a thread of the store's, in the order of the batches: do it, and free it. */
	void (*tell)(void *ctx, void *work);
	void *ctx;
};

/* Who is told from now on; copied. NULL: nobody any more; what was to be told has been when
 * this returns. */
void store_watch(struct store *s, const struct watcher *w);

/* ---- key files: 0600, for the command line; the wallet holds the same kind ----
 */

struct key; /* in locked memory where the system allows it, wiped when freed */

/* Make a key in a file that must not exist; fsynced. -EEXIST, -errno. */
int key_create(const char *path, struct key **out, struct error *err);
/* -EACCES also when others may read the file. */
int key_load(const char *path, struct key **out, struct error *err);
/* From a 32-byte seed (RFC 8032 secret key), for `stemefs sign --seed` and tests.
 */
int key_from_seed(const uint8_t seed[ID_SIZE], struct key **out);
void key_free(struct key *k);
struct agent key_agent(const struct key *k);
struct signature key_sign(
	const struct key *k, const struct id *id, uint64_t signed_at);

/* The file of the key that signs settings: STORE/wallet/store.key, appended to out.
 */
void store_key_path(const char *store, struct buf *out);

/* ---- looking after it ---- */

/* What the scrub has seen since start (store/scrub.h). */
struct scrub_status {
	uint32_t mib;	   /* MiB per second; 0: there is no scrub */
	uint64_t passes;   /* finished */
	uint64_t position; /* in the log, of `total` bytes that this pass reads */
	uint64_t total;
	uint64_t bytes; /* read, of log and index */
	uint64_t finished_at;
	uint64_t found;	   /* what did not verify, each time it was met */
	uint64_t found_at; /* when last */
	char finding[400]; /* the last, as a sentence; "" */
};

struct store_status {
	char path[512];
	char writing
		[ERROR_MESSAGE_MAX]; /* "yes", or why the last could not: a sentence */
	uint64_t started_at;
	uint64_t log_bytes, index_bytes;
	uint64_t commits, records, refused, duplicates; /* since start */
	uint64_t syncs;	     /* fdatasyncs of the log since start */
	uint64_t torn_bytes; /* cut at this start */
	uint64_t damaged;    /* stretches of the log that do not verify */
	char damage[400];    /* the first of them, as a sentence; "" */
	char index[200];     /* why the index was built anew at this start; "" */
	char tag[160];	     /* which copy of the tag key was made again; "" */
	char doubt[400];     /* what was read since and did not verify; "" */
	char clock[160];     /* anything odd about the clock at start; "" */
	struct agent store_key;
	struct scrub_status scrub;
};
void store_status(struct store *s, struct store_status *out);

/* One thing that is not as it must be. Everything is valid during the call.
 *
 *	damage     a stretch of the log does not verify, or is not there
 *	lost       a record that stood there, as far as the index knows it
 *	record     a frame verifies, and holds what is no record
 *	signature  a signature does not verify
 *	stale      the index still has what a damaged stretch held
 *	row        a row of the index is not what the log gives, or does not verify
 *	index      the index cannot be read
 *	view       a view differs from a fresh resolution
 */
struct store_finding {
	const char *kind;
	const char *text;  /* a sentence */
	uint64_t from, to; /* log offsets; 0: none */
	uint64_t seq;	   /* of a lost record; 0 */
	const struct id *id;
	struct slice subject, predicate; /* empty: none, or not known */
	bool in_index; /* an index that is built anew from the log is without it */
};

struct store_check_options {
	void (*report)(void *ctx, const struct store_finding *f);
	void *report_ctx;
	void (*progress)(
		void *ctx, const char *what, uint64_t done, uint64_t total);
	void *progress_ctx;
	/* A directory for the second index when the store's disk has no room; NULL:
	 * none. */
	const char *temporary;
};

struct store_check {
	uint64_t frames, signatures, rows, pairs; /* looked at */
	uint64_t bad;				  /* findings */
	uint64_t in_index;    /* of these: gone with a new index */
	uint64_t differences; /* rows that are not what the log gives */
	char first[400];      /* the first finding's sentence */
};

/**
 * Verify the log (frames, chain, ids, signatures), every row of the index against a second
 * one that is built from the log, and every view against a fresh resolution. Nobody may
 * write meanwhile. Changes nothing: the second index stands in STORE/index.check, or below
 * `temporary`, and is removed.
 *
 * o may be NULL. 0, or -errno with err when it cannot run (-ENOSPC: no room).
 */
int store_check(struct store *s, const struct store_check_options *o,
	struct store_check *out, struct error *err);

/* ---- copies of a store ---- */

/* A moment of a store: what stands before it in the log had been acknowledged, and nothing
 * behind it. It stays one, whatever becomes of the store. */
struct store_moment {
	uint64_t log_end; /* log offset */
	uint64_t seq;	  /* of the last record before it */
};

/* The moment at which a store is. s: it is open here, and nobody writes. NULL: a daemon has
 * it, and has mounted it (while one starts, its index may be behind its log); the daemon is
 * not asked: the index is read beside it. Everything that was acknowledged before the call
 * lies before the moment. 0 or -errno with err. */
int store_moment(const char *path, struct store *s, struct store_moment *out,
	struct error *err);

struct store_copying {
	/* A sentence: about what does not verify (bad), or what is left out. */
	void (*report)(void *ctx, bool bad, const char *sentence);
	void *report_ctx;
	void (*progress)(
		void *ctx, const char *what, uint64_t done, uint64_t total);
	void *progress_ctx;
};

struct store_copied {
	uint64_t records; /* that verify */
	uint64_t seq;	  /* of the last of them */
	uint64_t bytes;	  /* of the archive */
	uint64_t bad;	  /* stretches of the log that do not verify */
};

/**
 * Write a store as it was at a moment to fd, as a tar archive (store/archive.h): the log up
 * to there, the keys, what was quarantined. Nobody is kept from writing meanwhile: what lies
 * before a moment never changes. Damage is copied as it is, and reported.
 *
 * The bytes are not synced. 0, or -errno with err (-ENOSPC, -EPIPE, …: of fd).
 */
int store_backup(const char *path, const struct store_moment *m, int fd,
	const struct store_copying *o, struct store_copied *out, struct error *err);

/**
 * Make the store again from an archive that store_backup() wrote, in a directory that does
 * not exist or is empty; everything is on disk when this returns, with an index. Damage in
 * the log that the archive was made with is kept and reported.
 *
 * -EEXIST: there is something. -EBADMSG: the archive is not whole, has been changed, or is
 * no backup. Whatever fails, nothing is left behind; what a killed restore left is cleared
 * by the next one into the same directory.
 */
int store_restore(int fd, const char *path, const struct store_copying *o,
	struct store_copied *out, struct error *err);

#endif

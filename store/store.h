/* The store: what stemefs remembers, and the only face of this layer.
 *
 *	STORE/format             "stemefs store 1" and the store id
 *	STORE/tag.a, tag.b       the key that tags frames, twice
 *	STORE/wal/               the log: the truth
 *	STORE/index/             LMDB: a function of the log, disposable
 *	STORE/wallet/            private keys, 0700
 *	STORE/quarantine/        what recovery cut off
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
	bool accept_clock;  /* mount although the clock is behind the log */
	bool rebuild;	    /* put the index aside and build it anew from the log */
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
	bool wallet_signed;
	bool timestamp_implied;

	enum outcome outcome;
	uint64_t seq; /* of the record that stands for it */
};

/**
 * Check, complete and sign or verify a draft: looks up an epoch name, fills in an
 * implied timestamp with store_now(), encodes, hashes; signs with the signer's
 * wallet key where the draft brings no signatures, else verifies all of them. Any
 * worker thread.
 *
 * 0, -EINVAL (unknown epoch name, unknown target of an unsigned record), -EACCES (a
 * signature does not verify; no key for this caller), -EPERM (a setting not signed
 * by the store key), -EMSGSIZE, -EIO, -ENOMEM; err says why.
 */
int store_prepare(struct store *s, const struct signer *who, const struct draft *d,
	struct arena *a, struct entry *out, struct error *err);

struct submission {
	uint32_t uid; /* noted in the log as the submitter */
	struct entry *entries;
	size_t count;
	/* Called once, in the committer's thread, when everything accepted is
	 * durable and visible; must not block, may free the submission. */
	void (*done)(struct submission *s);
	void *ctx;

	/* result: the first refused entry, or count; why */
	size_t refused;
	struct error error;

	struct submission *next; /* the store's */
};

/* Queue. Entries are decided in order; the first refused one ends the submission:
 * those before it are kept, it and those behind are not. */
void store_submit(struct store *s, struct submission *sub);

/* The same, and wait. 0, or -error.code of the refused entry. */
int store_commit(struct store *s, struct submission *sub);

/* The agent that unsigned records of a uid are signed by. -ENOENT: it has no key yet. */
int store_agent_of(struct store *s, uint32_t uid, struct agent *out);

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

struct store_status {
	char path[512];
	char writing[ERROR_MESSAGE_MAX]; /* "yes", or why not: a sentence */
	uint64_t started_at;
	uint64_t log_bytes, index_bytes;
	uint64_t commits, records, refused, duplicates; /* since start */
	uint64_t syncs;	     /* fdatasyncs of the log since start */
	uint64_t torn_bytes; /* cut at this start */
	uint64_t damaged;    /* stretches of the log that do not verify */
	char damage[400];    /* the first of them, as a sentence; "" */
	char index[200];     /* why the index was built anew at this start; "" */
	char doubt[400];     /* what was read since and did not verify; "" */
	char clock[160];     /* anything odd about the clock at start; "" */
	struct agent store_key;
};
void store_status(struct store *s, struct store_status *out);

/* What `stemefs check` finds. */
struct store_check {
	uint64_t frames, signatures, pairs;
	uint64_t bad;	 /* findings */
	char first[400]; /* the first as a sentence */
};
/* Verify the log (frames, chain, ids, signatures) and every view against a fresh
 * resolution. Findings go to report as sentences. 0 or -errno when it cannot run.
 */
int store_check(struct store *s, void (*report)(void *ctx, const char *finding),
	void *ctx, struct store_check *out);

#endif

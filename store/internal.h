/* What the files of the store share: the open store itself. Not for other layers.
 */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/index.h"
#include "store/source.h"
#include "store/store.h"
#include "store/suspect.h"
#include "store/wallet.h"
#include "store/watch.h"

enum {
	SUMS_FROM_DEFAULT =
		64, /* below, resolving anew is cheaper than keeping sums */
	CLOCK_BEHIND_MAX =
		300, /* seconds that the clock may be behind the log at start */
};

/* Time that never goes back: the wall clock at start, carried on by CLOCK_BOOTTIME.
 */
struct store_clock {
	uint64_t wall;
	uint64_t boot;
};

struct committer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct submission *head, *tail; /* waiting, in order */
	bool stopping;
	bool sweeping; /* the committer's own: settings may owe something */
	bool made;     /* it has a lock, */
	bool running;  /* and a thread */
	uint64_t
		in_flight; /* received_at of the batch that is being committed; 0: none */
	pthread_cond_t landed; /* ... or a sweep has ended */
};

/* Stretches of the log that do not verify, as far as they are known. */
struct known_damage {
	uint64_t count;
	char first[400]; /* as a sentence; "" */
};

/* A store that was opened to read one moment of it (store/frozen.c). */
struct frozen {
	bool on;
	bool held;     /* somebody had it for writing when it was opened */
	bool unproved; /* nothing could be written, and no mark of a clean stop fits */
	uint64_t seq;		/* the moment */
	struct id chain;	/* of its record */
	bool chained;		/* that could be read */
	pthread_mutex_t lock;	/* of what follows */
	uint64_t data, readers; /* inodes of the files that are open */
	uint64_t tried_at;
};

struct store {
	char *path;
	int dir;     /* of the store */
	int lock_fd; /* holds the lock while open */
	struct wal_identity who;
	struct wal *wal;
	struct index index;
	struct wallet *wallet;
	pthread_mutex_t admitting; /* held while a new key is admitted: once */
	struct store_clock clock;
	uint64_t started_at;
	uint32_t sums_from;
	struct wal_report recovered; /* at this start */
	struct known_damage damage;
	struct suspect suspect;
	const struct store_options *opening; /* while the index is brought up */
	char index_note[200]; /* why the index was made anew at this start; "" */
	const char
		*tag_mended; /* the copy of the tag key made again at this start */
	char clock_note[160];
	struct committer committer;
	struct watch *watch;
	struct scrub *scrub; /* NULL: none */
	struct frozen frozen;

	/* counters since start; any thread */
	atomic_uint_fast64_t commits, records, refused, duplicates;
	/* why the last batch could not be written; "" where it could. Under
	 * committer.lock */
	char trouble[ERROR_MESSAGE_MAX];
};

struct snap {
	struct store *store;
	struct source source; /* with the reader's context */
	struct meta_row meta;
	bool ready;	   /* snap_ready() was here; then: */
	uint64_t limit;	   /* log offset behind which nothing is seen */
	struct buf epochs; /* struct id: what in-epoch/ means */
};

/* store/store.c: the parts of store_open() that come first. What store_new() made is
 * store_close()'s, also when the other fails. */
int store_new(const char *path, struct store **out, struct error *err);
int store_directory(struct store *s, struct error *err);

/* store/frozen.c: where the index has been put aside, go on with the one in its place as
 * soon as that holds the moment. Before a snapshot. */
void frozen_follow(struct store *s);

/* store/clock.c */
uint64_t clock_wall(void);
void clock_start(struct store_clock *c, uint64_t wall);
uint64_t clock_now(const struct store_clock *c);

/* store/commit.c */
int committer_start(struct store *s, struct error *err);
void committer_stop(struct store *s);
/* When nobody submits any more: who was answered late may have tried. */
void committer_free(struct store *s);
/* Until nothing is on its way that was received by `at`, a time that is past. */
void committer_wait(struct store *s, uint64_t at);

/* store/index_start.c: the index of this log, proved, brought up to it; or a new one. */
int index_start(struct store *s, const struct store_options *o, struct error *err);

/* store/replay.c: recover the log and bring an index up to it, from where that stands.
 * The store's own, or, with a log that was opened read_only, any other beside it; of the
 * options sums_from (not 0 here) and the progress count. */
int replay_log(struct wal *wal, struct index *ix, const struct store_options *o,
	struct wal_report *report, struct error *err);

#endif

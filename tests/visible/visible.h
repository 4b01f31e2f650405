/* Is what was written seen by every later look of every other process?
 *
 * A *lane* is a writer, who makes one version after another, and a follower in another
 * process, who looks once after each write that has returned. Beside them *racers* look at
 * all lanes without waiting for anybody. A version is a number: what the files say at a
 * version, and how large they are, follows from it (said.c), so that whatever a look gives
 * (text.c, look.c) names the version that was seen. Lanes count how far they have come here:
 *
 *	stored before the look <= seen <= begun after the look
 *
 * and no reader goes back in what it has seen of a file. Every SPAN versions a lane moves to
 * a new subject, so that names appear, too. */
#ifndef TESTS_VISIBLE_H
#define TESTS_VISIBLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	SPAN = 64, /* versions of one pair; even */
	LANES_MAX = 16,
	READERS_MAX = 64,
	ROOTS_MAX = 4,
	TEXT_MAX = 5000, /* bytes of a value: more than a page */
	CONTENT_MAX = 256 << 10,
	PATH_BYTES = 4096,
	ROOT_BYTES = 2048,
	SUBJECT_BYTES = 64,
	RECENT = 16, /* pairs of a lane whose times are remembered */
};

/* How a lane writes. */
enum door {
	BY_INBOX,  /* to a descriptor that stays open */
	BY_RENAME, /* of a scratch name in the inbox */
	BY_ASSERT, /* odd versions assert, even ones vote against that: it disappears */
	DOORS,
};

enum file {
	VALUE_RECENCY,
	VALUE_CONSENSUS,
	VALUE_SKEPTIC,
	RECENCY,
	CONSENSUS,
	CONFIDENCE,
	SKEPTIC,
	WHY,
	CLAIMS,
	HISTORY,
	FILES,
};

struct lane {
	enum door door;
	_Atomic uint64_t begun, stored; /* versions */
	/* mtime of each version, when somebody has seen it; 0: nobody */
	_Atomic uint64_t mtime[RECENT][SPAN + 1];
};

/* What all processes share. */
struct common {
	char roots[ROOTS_MAX]
		  [ROOT_BYTES]; /* ways to the mount; the first is written to */
	unsigned roots_n, lanes_n, racers_n, drops;
	uint64_t pairs, seed;
	unsigned run; /* in all names, so that a mount can be used again */
	bool strict;
	uint64_t overhead[FILES]; /* bytes around the text, of the first version */
	_Atomic uint64_t taken;	  /* pairs that were begun */
	_Atomic uint64_t done;	  /* pairs of a write and a look */
	_Atomic uint64_t looks, dropped;
	atomic_bool over, failed;
	struct lane lanes[LANES_MAX];
};

extern struct common *common;

/* The first answer that is wrong ends everything: a sentence on stderr. */
_Noreturn void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- said.c: what follows from a version ---- */

const char *file_name(enum file f);
/* The pair that a version of a lane is about, by number; its subject, and its directory
 * below a root. */
uint64_t pair_of(uint64_t version);
size_t subject_of(unsigned lane, uint64_t pair, char *out, size_t size);
size_t pair_path(unsigned lane, uint64_t pair, char *out, size_t size);
/* The record, or the line for assert or vote, that makes a version. */
size_t said(unsigned lane, uint64_t version, char *out, size_t size);
/* The size of a file at a version; 0: it does not follow from that. */
uint64_t size_at(enum file f, unsigned lane, uint64_t version);
/* The least that it can be, where it does not. */
uint64_t size_least(enum file f, unsigned lane, uint64_t version);
size_t text_of(unsigned lane, uint64_t version, char *out);

/* ---- text.c: the version that a content is of ---- */

/* 0 for nothing; what is not entirely one version is wrong(), and so is anything else. */
uint64_t version_in(enum file f, unsigned lane, uint64_t pair, const char *bytes,
	size_t n, const char *how);

/* ---- look.c ---- */

struct reader;

struct reader *reader_new(uint64_t seed, const char *name);
void reader_free(struct reader *r);
/* Look at a pair of a lane in some way, and judge what was seen. */
void look(struct reader *r, unsigned lane, uint64_t pair);
/* Look at something that it had opened before. */
void look_back(struct reader *r);

/* ---- lane.c ---- */

/* Write until there have been enough pairs; one byte to and from the follower for each. */
void writer_run(unsigned n, int to, int from);
void follower_run(unsigned lane, int from, int to);
void racer_run(unsigned n);
/* What lies around the text is learned from a pair of its own. */
void calibrate(void);

uint64_t random_next(uint64_t *state);

#endif

/* One look of a reader at one file of a pair: what it must find, and from where it looks. */
#ifndef TESTS_VISIBLE_LOOK_H
#define TESTS_VISIBLE_LOOK_H

#include <sys/stat.h>
#include <time.h>

#include "tests/visible/visible.h"

enum {
	KEPT = 12, /* files that a reader has open */
	PAIRS_SEEN = 4,
};

/* A file that stays open, and what was read from it first. */
struct kept {
	int fd;
	enum file file;
	unsigned lane;
	uint64_t version, pair;
	size_t n;
	struct timespec mtime;
	char *bytes; /* NULL: none is kept here */
	void *map;
};

/* The newest version of a file that a reader has seen, and by what. */
struct seen {
	uint64_t version;
	const char *how;
};

struct reader {
	char name[32];
	uint64_t random;
	struct {
		uint64_t pair;
		struct seen file[FILES];
	} seen[LANES_MAX][PAIRS_SEEN];
	/* pairs' directories, open with O_PATH */
	struct {
		int fd;
		uint64_t pair;
	} directory[LANES_MAX];
	struct kept kept[KEPT];
	char content[CONTENT_MAX + 1];
};

struct look {
	struct reader *reader;
	unsigned lane;
	uint64_t pair;
	enum file file;
	const char *root;
	int at; /* path is looked up from here */
	char path[PATH_BYTES];
	char shown[PATH_BYTES]; /* for sentences: where, and by which way */
	/* Versions of the pair that had been stored, or that this reader had seen of this
	 * file, before the look began; pair * SPAN: none. */
	uint64_t stored, least;
	/* It asks past what the kernel keeps, and may see what other ways will show when its
	 * writer is answered. */
	bool ahead;
	struct seen seen;
};

/* ---- judge.c ---- */

/* Begin a look: what has been stored by now has to be seen. */
void look_at(struct look *l, struct reader *r, unsigned lane, uint64_t pair,
	enum file file);
/* Choose the path: full, below a descriptor of the directory, or below the working
 * directory. False: there is no such directory. */
bool look_from_somewhere(struct look *l);
void pair_file(const struct look *l, char path[PATH_BYTES]);

/* What was seen must be what can be seen between the beginning of the look and now. */
void judge_version(struct look *l, uint64_t version, const char *how);
void judge_absent(struct look *l, const char *how);
void judge_present(struct look *l, const char *how);
void judge_stat(struct look *l, const struct stat *st, const char *how);
/* Each version has one time, later than that of the version before. */
void judge_time(
	struct look *l, uint64_t version, const struct stat *st, const char *how);

#endif

/* A store from the command line: through its mount where it is mounted, else opened here.
 *
 * Both show the same files and take the same bytes, so `stemefs cat` works where FUSE is
 * barred, and does not fight a daemon for the store where there is one. Paths are from the
 * mount root, as on the mount; links are followed; `..` is refused, since it would mean
 * something else on either side. Not thread-safe. */
#ifndef FS_ENTRANCE_H
#define FS_ENTRANCE_H

#include "fs/tree.h"

enum {
	ENTRANCE_PATH_MAX = 4096,
	ENTRANCE_CHUNK = 65536, /* bytes handed over at once */
};

struct entrance {
	bool mounted;
	char mount[ENTRANCE_PATH_MAX]; /* where, if so */

	/* if not */
	struct store *store;
	struct inbox *inbox;
	struct tree *tree;
	struct caller who;
};

/* 0 or -errno with err: what find_mount() or store_open() says. */
int entrance_open(const char *store, struct entrance *out, struct error *err);
void entrance_close(struct entrance *e);
#define ENTRANCE_AUTO(name)                                                        \
	__attribute__((cleanup(entrance_close))) struct entrance name = {0}

/* Hand over the content of a file in pieces; take returns -errno to stop. */
typedef int entrance_take(void *ctx, struct slice bytes);
int entrance_read(struct entrance *e, const char *path, entrance_take *take,
	void *ctx, struct error *err);

/* entrance_take for a struct buf. */
int entrance_take_buf(void *ctx, struct slice bytes);

/* One entry of a directory, or a file that was named itself. */
struct shown {
	struct slice name;
	struct slice link; /* what a symbolic link says */
	mode_t mode;
	uid_t uid;
	uint64_t size;
	uint64_t mtime; /* ns */
};
typedef void entrance_visit(void *ctx, const struct shown *s);

/* The entries of a directory in its order, or the file itself. Without details, name and
 * the type in mode alone are filled. */
int entrance_list(struct entrance *e, const char *path, bool details,
	entrance_visit *visit, void *ctx, struct error *err);

/* Append the next bytes of what is to be written; nothing at its end; -errno. */
typedef int entrance_give(void *ctx, struct buf *out);

/* Write a stream to a path that takes one, and wait until it is durable. What a new pair's
 * `assert` needs is made. A refusal comes with the sentence that the store had for it. */
int entrance_write(struct entrance *e, const char *path, entrance_give *give,
	void *ctx, struct error *err);

/* ---- the two sides, for entrance.c ---- */

int mount_read(
	struct entrance *e, const char *path, entrance_take *take, void *ctx);
int mount_list(struct entrance *e, const char *path, bool details,
	entrance_visit *visit, void *ctx);
int mount_mkdir(struct entrance *e, const char *path);
int mount_write(
	struct entrance *e, const char *path, entrance_give *give, void *ctx);

int direct_open(const char *store, struct entrance *e, struct error *err);
void direct_close(struct entrance *e);
int direct_read(
	struct entrance *e, const char *path, entrance_take *take, void *ctx);
int direct_list(struct entrance *e, const char *path, bool details,
	entrance_visit *visit, void *ctx);
int direct_mkdir(struct entrance *e, const char *path);
int direct_write(
	struct entrance *e, const char *path, entrance_give *give, void *ctx);

#endif

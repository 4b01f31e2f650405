/* From the store's lists to directories and other lists: visitors for names and ids. */
#ifndef FS_LISTING_H
#define FS_LISTING_H

#include "fs/kind.h"

/* A visitor of names (name_visit) that adds each to a directory, as a file name. */
struct name_adder {
	struct listing *to;
	mode_t type;
	bool full;
	int rc; /* -ENOMEM: stopped by that */
};
int name_adder_visit(void *ctx, struct slice name, uint64_t cookie);

/* What a row's list returns, rc being what the store's list said. What ceased to be in the
 * meantime (-ENOENT) lists nothing. */
int name_adder_end(const struct name_adder *n, int rc);

/* What a directory of names is asked for: the name behind a file name, in the scratch, and a
 * snapshot to look for it in. 0, -ENOENT: no file name that we would print; -errno. */
int name_asked(struct request *rq, struct slice file, struct buf *scratch,
	struct slice *out);

/* Names in an order, copied into the arena; a zeroed one is empty. */
struct name_list {
	struct arena *arena;
	struct slice *names;
	size_t n, room;
	bool failed; /* memory ran out */
};

/* For the store's lists (name_visit); ctx is the name_list. */
int name_list_add(void *ctx, struct slice name, uint64_t cookie);

/* Visitors that stop at the first: is there any? ctx is a bool. */
int any_name(void *ctx, struct slice name, uint64_t cookie);
int any_id(void *ctx, const struct id *id);

#endif

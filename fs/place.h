/* A place: one node of the tree, as a value of its own.
 *
 * It knows its path, its kind and what the path said: nothing is looked up again and nothing
 * is borrowed, so a door may keep it for as long as it likes. It is never changed once made:
 * any thread may read it. */
#ifndef FS_PLACE_H
#define FS_PLACE_H

#include <sys/types.h>

#include "core/lens.h"
#include "fs/tree.h"

struct kind;

enum {
	INODE_ROOT = 1,
	INODES_LOW =
		16, /* 0 means "none" to the kernel, 1 is the root: hashes stay above */
	PLACE_NAME_MAX =
		255, /* bytes of a file name, as on every other filesystem */
};

struct place {
	const struct kind *kind;
	uint64_t inode;
	struct slice path; /* from the mount root, file names as they are spelled */

	/* What the path said, in the words of those who answer; empty where it did not. */
	struct slice subject;
	struct slice predicate;
	struct slice lane; /* of the inbox */
	struct slice
		name; /* in the inbox, of a receipt; of a source, an agent, an epoch,
			      or of the subject that points at this one */
	struct id id; /* of the assertion */
	struct agent agent;
	struct context
		context; /* the prefixes of the path; cuts nothing outside them */
	uint64_t since;	 /* below since/: the last record before that moment */
	const struct lens *lens;
	uid_t uid; /* whose directory this is or stands in, below .stemefs/uid/ */
};

/**
 * Make the child `leaf` of dir.
 *
 * All that is not path and inode is copied from `like`, which borrows from anywhere.
 * 0 or -ENOMEM.
 */
int place_new(const struct place *dir, struct slice leaf, const struct place *like,
	struct place **out);

/* A copy, for whoever frees what it is given. 0 or -ENOMEM. */
int place_copy(const struct place *p, struct place **out);

/* The last name of the path. */
struct slice place_leaf(const struct place *p);

/* The inode of the child `leaf`, without making it. */
uint64_t place_child_inode(const struct place *dir, struct slice leaf);

/* For __attribute__((cleanup)). */
void place_freep(struct place **p);
#define PLACE_AUTO(name)                                                           \
	__attribute__((cleanup(place_freep))) struct place *name = NULL

#endif

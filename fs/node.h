/* What the kernel holds of the tree: one node per (path, version).
 *
 * The bytes of a regular file at one version never change, so whatever the kernel keeps
 * for a node (attributes, pages) stays right for ever; a write that changes a file makes
 * the next lookup of its name yield another node. Directories, links and live files keep
 * one node per path: a process may stand in a directory, and its node must not move.
 *
 * The kernel counts how often it was given a node and gives the counts back (FORGET); a
 * node lives until then. Its id is its address: nothing to search for in a request. What
 * was removed or renamed is retired: it lives on for those who have it open, but the next
 * thing of that name is another node, since the kernel marks removed directories dead.
 *
 * Thread-safe. A node's fields do not change after it was made, but for `written`. */
#ifndef FS_NODE_H
#define FS_NODE_H

#include <stdatomic.h>

#include "fs/tree.h"

struct node {
	struct place *place;
	struct attr attr;    /* when it was made */
	bool inbox;	     /* inbox/ or below it: names of one's own */
	atomic_bool written; /* a stream was opened for writing through this node */

	/* the table's */
	struct node *next;
	struct node *newer, *older; /* of those that can be asked back */
	uint64_t parent;	    /* id of the directory it was found in */
	uint64_t version;
	uint64_t lookups;
	bool listed; /* found by the next lookup; false: retired */
	bool queued; /* among those that can be asked back */
};

struct nodes;

enum {
	NODE_ROOT = 1, /* the id of the root: the kernel's */
	/* The kernel gives nodes back only when it is short of memory, and it does not know
	 * that ours goes with its own. So of more than so many (about 400 bytes each) the
	 * oldest are asked back: all but the first ones, among which are the directories
	 * that programs stand in. */
	NODES_SETTLED = 16384,
	NODES_QUEUED = 49152,
};

/* A table that holds the root of a tree; the tree must outlive it. 0 or -errno. */
int nodes_new(struct tree *t, struct nodes **out);
/* Frees the nodes that the kernel still had, too. NULL is fine. */
void nodes_free(struct nodes *t);

/* The node behind an id that the kernel sent. Never NULL. */
struct node *nodes_at(struct nodes *t, uint64_t id);
uint64_t nodes_id(const struct nodes *t, const struct node *n);

/* Do attr and bytes never change? Regular files that are neither live nor written as a
 * stream. */
bool node_fixed(const struct node *n);

/* Find or make the node of a place in a directory and count one lookup. Takes the place,
 * also when it fails. 0 or -ENOMEM. */
int nodes_add(struct nodes *t, const struct node *dir, struct place *p,
	const struct attr *a, struct node **out);

/* Give count lookups back; the node is freed with the last one. */
void nodes_forget(struct nodes *t, struct node *n, uint64_t count);

/* Retire whatever stands at the place with this inode number, in all its versions. */
void nodes_retire(struct nodes *t, uint64_t inode);

/* A node that the kernel should give back, by the name under which it keeps it. */
struct surplus {
	uint64_t parent;
	char name[256];
};

/* The oldest of those that are too many; false when there are none. Each is named once:
 * what the kernel has in use it keeps. */
bool nodes_surplus(struct nodes *t, struct surplus *out);

/* Wait until there may be surplus, or until nodes_wake(). */
void nodes_wait(struct nodes *t);
void nodes_wake(struct nodes *t);

/* How many nodes the kernel holds. */
size_t nodes_count(struct nodes *t);

#endif

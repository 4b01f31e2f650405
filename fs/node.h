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
	bool inbox;          /* inbox/ or below it: names of one's own */
	atomic_bool written; /* a stream was opened for writing through this node */

	/* the table's */
	struct node *next;
	uint64_t version;
	uint64_t lookups;
	bool listed; /* found by the next lookup; false: retired */
};

struct nodes;

enum {
	NODE_ROOT = 1, /* the id of the root: the kernel's */
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

/* Find or make the node of a place and count one lookup. Takes the place, also when it
 * fails. 0 or -ENOMEM. */
int nodes_add(struct nodes *t, struct place *p, const struct attr *a, struct node **out);

/* Give count lookups back; the node is freed with the last one. */
void nodes_forget(struct nodes *t, struct node *n, uint64_t count);

/* Retire whatever stands at the place with this inode number, in all its versions. */
void nodes_retire(struct nodes *t, uint64_t inode);

/* How many nodes the kernel holds. */
size_t nodes_count(struct nodes *t);

#endif

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
 * What only a change of its pair can change (LASTS_TOLD) the kernel may keep without asking,
 * since it is told: nodes_tell() says which names and directories a batch made old. A node
 * is current while nothing was told of it since it was looked at, so an open of a current
 * node needs no look at the store. Who looks at the store reads nodes_moment() before: what
 * was told in between makes the answer one that the kernel must not keep.
 *
 * Thread-safe. A node's fields do not change after it was made, but for atomic ones. */
#ifndef FS_NODE_H
#define FS_NODE_H

#include <stdatomic.h>

#include "fs/tree.h"

struct node {
	struct place *place;
	struct attr attr;    /* when it was made */
	bool inbox;	     /* inbox/ or below it: names of one's own */
	atomic_bool written; /* a stream was opened for writing through this node */
	/* nothing has been told of it since it was looked at; always, where it lasts for
	 * ever */
	atomic_bool current;

	/* the table's */
	struct node *next;
	struct pair_mark mark; /* where it lasts until told */
	struct node *next_told,
		**told; /* of those with marks like it; NULL: none */
	const struct rendering *content; /* of a small one that lasts; NULL */
	struct node *newer, *older;	 /* of those that can be asked back */
	uint64_t parent;		 /* id of the directory it was found in */
	uint64_t version;
	uint64_t lookups;
	bool listed; /* found by the next lookup; false: retired */
	bool queued; /* among those that can be asked back */
};

struct nodes;

enum {
	NODE_ROOT = 1, /* the id of the root: the kernel's */
	/* The kernel gives nodes back only when it is short of memory, and it does not know
	 * that ours goes with its own. So of more than so many (about 700 bytes each) the
	 * oldest are asked back: all but the first ones, among which are the directories
	 * that programs stand in. */
	NODES_SETTLED = 8192,
	NODES_QUEUED = 24576,
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

/* The content of a file up to this size stays with its node, as long as all of these are
 * within bounds. */
enum {
	NODE_CONTENT_MAX = 4096
};

/* A look at a place: what it is like, and when that was asked. */
struct look {
	uint64_t moment; /* nodes_moment() before */
	struct attr attr;
	const struct rendering *content; /* of this version; NULL: not at hand */
};

/* Find or make the node of a place in a directory and count one lookup. Takes the place,
 * also when it fails; may keep a count of the content. 0 or -ENOMEM. */
int nodes_add(struct nodes *t, const struct node *dir, struct place *p,
	const struct look *l, struct node **out);

/* Give count lookups back; the node is freed with the last one. */
void nodes_forget(struct nodes *t, struct node *n, uint64_t count);

/* Retire whatever stands at the place with this inode number, in all its versions. */
void nodes_retire(struct nodes *t, uint64_t inode);

/* ---- what the kernel may keep without asking ---- */

/* How often something was told so far. */
uint64_t nodes_moment(struct nodes *t);

/* Is what was looked at since this moment still right when this is asked? Then the node is
 * current. (That it is by somebody else's look says nothing of this one.) */
bool nodes_renew(struct nodes *t, struct node *n, uint64_t moment);

/* The content of a node that is current, with a count for the caller; NULL: it is not, or
 * the content is not kept. */
const struct rendering *nodes_content(struct nodes *t, const struct node *n);

/* A name that the kernel is to forget, or a directory whose attributes it is to ask for
 * again. */
struct forgetting {
	uint64_t id;	/* of the directory */
	char name[256]; /* in it; "": the directory itself */
};

/* The marked are current no more: append what the kernel has to be told of (struct
 * forgetting). Nothing is appended twice, unless it was looked at in between. What memory
 * is too short for is true of out. */
void nodes_tell(struct nodes *t, const struct news *n, struct buf *out);

/* ---- what the kernel should give back ---- */

/* The oldest of those that are too many; false when there are none. Each is named once:
 * what the kernel has in use it keeps. */
bool nodes_surplus(struct nodes *t, struct forgetting *out);

/* Wait until there may be surplus, or until nodes_wake(). */
void nodes_wait(struct nodes *t);
void nodes_wake(struct nodes *t);

/* How many nodes the kernel holds. */
size_t nodes_count(struct nodes *t);

#endif

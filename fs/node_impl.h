/* What the files of the node table share. Nobody else includes this. */
#ifndef FS_NODE_IMPL_H
#define FS_NODE_IMPL_H

#include <pthread.h>

#include "fs/node.h"

struct nodes {
	struct node root;
	pthread_mutex_t lock;
	struct node **chains;
	size_t mask; /* number of chains - 1 */
	size_t count;
	struct node *newest, *oldest; /* the queue of those to be asked back */
	size_t queued;
	pthread_cond_t surplus;
	bool woken;
	struct node **told;	     /* chains by mark: TOLD_CHAINS of them */
	atomic_uint_fast64_t moment; /* how often something was told */
	size_t told_count;	     /* in those chains */
	size_t content_bytes;
};

/* ---- fs/node_told.c; all but the first two with the lock held ---- */

int told_init(struct nodes *t);
void told_end(struct nodes *t);

/* A lookup was answered with this node. */
void told_note(struct nodes *t, struct node *n, const struct look *l,
	const struct pair_mark *mark);
/* It goes. */
void told_leave(struct nodes *t, struct node *n);

/* By the name under which the kernel keeps it; false when it has none. */
bool forgetting_of(const struct node *n, struct forgetting *out);

#endif

/* Open hashing by inode number alone, so that all versions of a path share a chain and
 * are retired in one walk. One mutex: what it guards takes well under a microsecond. */
#include "fs/node_impl.h"

#include <errno.h>
#include <stdlib.h>

enum {
	FIRST_CHAINS = 1024, /* a power of two; 8 KiB, enough for a shell at work */
};

static struct node **chain_of(struct nodes *t, uint64_t inode)
{
	/* place_inode() is a hash already; its low bits are as good as any. */
	return &t->chains[inode & t->mask];
}

int nodes_new(struct tree *tree, struct nodes **out)
{
	struct nodes *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->chains = calloc(FIRST_CHAINS, sizeof(struct node *));
	if (!t->chains) {
		free(t);
		return -ENOMEM;
	}
	if (told_init(t) < 0) {
		free(t->chains);
		free(t);
		return -ENOMEM;
	}
	t->mask = FIRST_CHAINS - 1;
	t->root.place = tree_root(tree);
	t->root.attr = (struct attr){.mode = S_IFDIR | 0755, .inode = NODE_ROOT};
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_cond_init(&t->surplus, NULL);
	*out = t;
	return 0;
}

static void node_free(struct node *n)
{
	rendering_put(n->content);
	place_free(n->place);
	free(n);
}

void nodes_free(struct nodes *t)
{
	if (!t)
		return;
	for (size_t i = 0; i <= t->mask; i++) {
		for (struct node *n = t->chains[i], *next; n; n = next) {
			next = n->next;
			node_free(n);
		}
	}
	told_end(t);
	free(t->chains);
	(void)pthread_cond_destroy(&t->surplus);
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
}

struct node *nodes_at(struct nodes *t, uint64_t id)
{
	/* The kernel sends only ids that it was given and has not given back. */
	if (id == NODE_ROOT)
		return &t->root;
	return (struct node *)(uintptr_t)id; /* NOLINT(performance-no-int-to-ptr) */
}

uint64_t nodes_id(const struct nodes *t, const struct node *n)
{
	return n == &t->root ? NODE_ROOT : (uint64_t)(uintptr_t)n;
}

bool node_fixed(const struct node *n)
{
	return S_ISREG(n->attr.mode) && !n->attr.live &&
	       !atomic_load_explicit(&n->written, memory_order_relaxed);
}

/* Names are chosen by anybody, so two paths with one inode number can be made on purpose:
 * a hit counts only when the paths are the same. */
static struct node *find(
	struct nodes *t, const struct place *p, uint64_t inode, uint64_t version)
{
	struct node *n = *chain_of(t, inode);

	while (n &&
		!(n->listed && n->attr.inode == inode && n->version == version &&
			slice_equal(place_path(n->place), place_path(p))))
		n = n->next;
	return n;
}

/* Twice as many chains; without memory the old ones serve on, only longer. */
static void grow(struct nodes *t)
{
	size_t chains = 2 * (t->mask + 1), old = t->mask + 1;
	struct node **from = t->chains;
	struct node **to = calloc(chains, sizeof(struct node *));

	if (!to)
		return;
	t->chains = to;
	t->mask = chains - 1;
	for (size_t i = 0; i < old; i++) {
		for (struct node *n = from[i], *next; n; n = next) {
			struct node **chain = chain_of(t, n->attr.inode);

			next = n->next;
			n->next = *chain;
			*chain = n;
		}
	}
	free(from);
}

static bool in_inbox(const struct place *p)
{
	static const char name[] = "inbox";
	size_t n = sizeof(name) - 1;
	struct slice path = place_path(p);

	return path.n >= n && memcmp(path.p, name, n) == 0 &&
	       (path.n == n || path.p[n] == '/');
}

static void enqueue(struct nodes *t, struct node *n)
{
	n->queued = true;
	n->older = t->newest;
	*(t->newest ? &t->newest->newer : &t->oldest) = n;
	t->newest = n;
	if (++t->queued > NODES_QUEUED)
		(void)pthread_cond_signal(&t->surplus);
}

static void dequeue(struct nodes *t, struct node *n)
{
	n->queued = false;
	*(n->newer ? &n->newer->older : &t->newest) = n->older;
	*(n->older ? &n->older->newer : &t->oldest) = n->newer;
	n->newer = n->older = NULL;
	t->queued--;
}

static struct node *insert(
	struct nodes *t, struct place *p, const struct look *l, uint64_t version)
{
	struct node *n = calloc(1, sizeof(*n));
	struct node **chain;

	if (!n)
		return NULL;
	*n = (struct node){
		.place = p, .attr = l->attr, .version = version, .listed = true};
	n->inbox = in_inbox(p);
	if (++t->count > t->mask)
		grow(t);
	chain = chain_of(t, l->attr.inode);
	n->next = *chain;
	*chain = n;
	if (t->count > NODES_SETTLED)
		enqueue(t, n);
	return n;
}

int nodes_add(struct nodes *t, const struct node *dir, struct place *p,
	const struct look *l, struct node **out)
{
	const struct attr *a = &l->attr;
	uint64_t version = S_ISREG(a->mode) && !a->live ? a->version : 0;
	struct pair_mark mark = {0};
	struct node *n;

	if (a->lasting == LASTS_TOLD)
		mark = place_mark(p); /* hashes: not under the lock */
	(void)pthread_mutex_lock(&t->lock);
	n = find(t, p, a->inode, version);
	if (!n) {
		n = insert(t, p, l, version);
		if (n)
			p = NULL; /* the node's now */
	}
	if (n) {
		n->lookups++;
		n->parent = nodes_id(t, dir);
		told_note(t, n, l, &mark);
		*out = n;
	}
	(void)pthread_mutex_unlock(&t->lock);
	place_free(p);
	return n ? 0 : -ENOMEM;
}

static void unchain(struct nodes *t, struct node *n)
{
	struct node **link = chain_of(t, n->attr.inode);

	while (*link != n)
		link = &(*link)->next;
	*link = n->next;
	t->count--;
	told_leave(t, n);
	if (n->queued)
		dequeue(t, n);
}

void nodes_forget(struct nodes *t, struct node *n, uint64_t count)
{
	bool last;

	if (n == &t->root)
		return;
	(void)pthread_mutex_lock(&t->lock);
	n->lookups -= count < n->lookups ? count : n->lookups;
	last = n->lookups == 0;
	if (last)
		unchain(t, n);
	(void)pthread_mutex_unlock(&t->lock);
	if (last)
		node_free(n);
}

void nodes_retire(struct nodes *t, uint64_t inode)
{
	(void)pthread_mutex_lock(&t->lock);
	for (struct node *n = *chain_of(t, inode); n; n = n->next)
		if (n->attr.inode == inode)
			n->listed = false;
	(void)pthread_mutex_unlock(&t->lock);
}

bool nodes_surplus(struct nodes *t, struct forgetting *out)
{
	bool found = false;

	(void)pthread_mutex_lock(&t->lock);
	while (!found && t->oldest && t->queued > NODES_QUEUED) {
		struct node *n = t->oldest;

		dequeue(t, n);
		found = forgetting_of(n, out);
	}
	(void)pthread_mutex_unlock(&t->lock);
	return found;
}

void nodes_wait(struct nodes *t)
{
	(void)pthread_mutex_lock(&t->lock);
	while (!t->woken && t->queued <= NODES_QUEUED)
		(void)pthread_cond_wait(&t->surplus, &t->lock);
	(void)pthread_mutex_unlock(&t->lock);
}

void nodes_wake(struct nodes *t)
{
	(void)pthread_mutex_lock(&t->lock);
	t->woken = true;
	(void)pthread_cond_broadcast(&t->surplus);
	(void)pthread_mutex_unlock(&t->lock);
}

size_t nodes_count(struct nodes *t)
{
	size_t n;

	(void)pthread_mutex_lock(&t->lock);
	n = t->count;
	(void)pthread_mutex_unlock(&t->lock);
	return n;
}

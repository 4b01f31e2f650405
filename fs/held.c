/* One place per caller's thread, by its number: callers that share one push each other
 * out, and render.
 *
 * What is held for a late open is not counted: its caller is about to open it, whereupon
 * its handle holds it just the same. */
#include "fs/held.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum {
	PLACES = 256,
};

struct item {
	const struct rendering *r; /* NULL: free */
	uid_t uid;
	pid_t pid;
	uint64_t at; /* ms */

	/* Somebody's open was late: */
	uint64_t late; /* the inode */
	uid_t late_uid;
	pid_t late_pid;
	uint64_t late_at; /* ms */
};

struct held {
	pthread_mutex_t lock;
	size_t bytes;
	atomic_int late; /* of the places: how many wait for a second look */
	struct item items[PLACES];
};

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static struct item *item_of(struct held *h, const struct caller *who)
{
	return &h->items[(unsigned)who->pid % PLACES];
}

int held_new(struct held **out)
{
	struct held *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	(void)pthread_mutex_init(&h->lock, NULL);
	*out = h;
	return 0;
}

/* With the lock held. */
static bool is_late(const struct item *i, const struct caller *who, uint64_t inode)
{
	return i->late == inode && i->late_pid == who->pid &&
	       i->late_uid == who->uid && now_ms() - i->late_at <= HELD_LATE_MS;
}

/* What a rendering counts for. */
static size_t weight(const struct rendering *r)
{
	return r->attr.size <= HELD_BYTES_MAX ? r->attr.size : 0;
}

/* Empty a place; the count it had is the caller's. */
static const struct rendering *empty(struct held *h, struct item *i)
{
	const struct rendering *r = i->r;

	if (r)
		h->bytes -= weight(r);
	i->r = NULL;
	return r;
}

static void empty_older(struct held *h, uint64_t than)
{
	for (size_t i = 0; i < PLACES; i++)
		if (h->items[i].at < than)
			rendering_put(empty(h, &h->items[i]));
}

void held_free(struct held *h)
{
	if (!h)
		return;
	empty_older(h, UINT64_MAX);
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
}

/* With the lock held. */
static bool wants(
	struct held *h, const struct caller *who, uint64_t inode, uint64_t size)
{
	return size <= HELD_BYTES_MAX || is_late(item_of(h, who), who, inode);
}

bool held_wants(
	struct held *h, const struct caller *who, uint64_t inode, uint64_t size)
{
	bool yes;

	(void)pthread_mutex_lock(&h->lock);
	yes = wants(h, who, inode, size);
	(void)pthread_mutex_unlock(&h->lock);
	return yes;
}

void held_put(struct held *h, const struct caller *who, const struct rendering *r)
{
	struct item *i = item_of(h, who);
	uint64_t now = now_ms();

	(void)pthread_mutex_lock(&h->lock);
	rendering_put(empty(h, i));
	if (h->bytes + weight(r) > HELD_TOTAL_MAX)
		empty_older(h, now - HELD_MS);
	if (h->bytes + weight(r) <= HELD_TOTAL_MAX &&
		wants(h, who, r->attr.inode, r->attr.size)) {
		i->r = r;
		i->uid = who->uid;
		i->pid = who->pid;
		i->at = now;
		h->bytes += weight(r);
		r = NULL;
	}
	(void)pthread_mutex_unlock(&h->lock);
	rendering_put(r);
}

bool held_is_late(struct held *h, const struct caller *who, uint64_t inode)
{
	bool yes;

	if (atomic_load(&h->late) == 0)
		return false;
	(void)pthread_mutex_lock(&h->lock);
	yes = is_late(item_of(h, who), who, inode);
	(void)pthread_mutex_unlock(&h->lock);
	return yes;
}

/* With the lock held. */
static void set_late(struct held *h, struct item *i, uint64_t inode)
{
	atomic_fetch_add(&h->late, (inode != 0) - (i->late != 0));
	i->late = inode;
}

bool held_late(struct held *h, const struct caller *who, uint64_t inode)
{
	struct item *i = item_of(h, who);
	bool free;

	(void)pthread_mutex_lock(&h->lock);
	empty_older(h, now_ms() - HELD_MS); /* opens that never came */
	/* a place that somebody else is late in is not taken: told twice, it would reach
	 * the program */
	free = !i->late || now_ms() - i->late_at > HELD_LATE_MS;
	if (free) {
		set_late(h, i, inode);
		i->late_uid = who->uid;
		i->late_pid = who->pid;
		i->late_at = now_ms();
	} else if (is_late(i, who, inode)) {
		set_late(h, i, 0);
	}
	(void)pthread_mutex_unlock(&h->lock);
	return free;
}

void held_missing(struct held *h, const struct caller *who)
{
	struct item *i = item_of(h, who);

	if (atomic_load(&h->late) == 0)
		return;
	(void)pthread_mutex_lock(&h->lock);
	if (i->late_pid == who->pid && i->late_uid == who->uid)
		set_late(h, i, 0);
	(void)pthread_mutex_unlock(&h->lock);
}

const struct rendering *held_take(
	struct held *h, const struct caller *who, uint64_t inode, uint64_t version)
{
	const struct rendering *r = NULL;
	struct item *i = item_of(h, who);

	(void)pthread_mutex_lock(&h->lock);
	if (i->r && i->pid == who->pid && i->uid == who->uid &&
		now_ms() - i->at <= HELD_MS && i->r->attr.inode == inode &&
		i->r->attr.version == version) {
		r = empty(h, i);
		if (is_late(i, who, inode))
			set_late(h, i, 0); /* this one is in time */
	}
	(void)pthread_mutex_unlock(&h->lock);
	return r;
}

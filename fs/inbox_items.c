/* The items behind the names: bytes, budgets, moving from name to name.
 *
 * What can be read back of a normal name is its tail. To keep that cheap for a writer of
 * small pieces, up to twice as much is held before the front is cut off. */
#include <errno.h>
#include <stdlib.h>

#include "core/when.h"
#include "fs/inbox_internal.h"

static bool ends_in(struct slice s, const char *end)
{
	size_t n = strlen(end);

	return s.n >= n && memcmp(s.p + s.n - n, end, n) == 0;
}

bool name_is_scratch(struct slice name)
{
	if (name.n > 0 && name.p[0] == '.')
		return true;
	return ends_in(name, "~") || ends_in(name, ".swp") ||
	       ends_in(name, ".swx") || ends_in(name, ".swpx");
}

static bool has_slash(struct slice s)
{
	return s.p && memchr(s.p, '/', s.n);
}

int item_key(struct slice lane, struct slice name, uint8_t room[INBOX_KEY_MAX],
	struct slice *out)
{
	if (lane.n > INBOX_NAME_MAX || name.n > INBOX_NAME_MAX)
		return -ENAMETOOLONG;
	if (!name.p || name.n == 0 || has_slash(name) || has_slash(lane))
		return -EINVAL;
	if (lane.n > 0)
		memcpy(room, lane.p, lane.n);
	room[lane.n] = '/';
	memcpy(room + lane.n + 1, name.p, name.n);
	*out = slice_of(room, lane.n + 1 + name.n);
	return 0;
}

int items_compare(const void *a, const void *b)
{
	return slice_compare(
		((const struct item *)a)->key, ((const struct item *)b)->key);
}

struct item *item_find_locked(struct inbox *in, struct slice key)
{
	struct item probe = {.key = key};

	return set_find(&in->items, &probe);
}

struct slice item_lane(const struct item *it)
{
	return slice_sub(it->key, 0, it->lane_n);
}

struct slice item_name(const struct item *it)
{
	return slice_sub(it->key, it->lane_n + 1, it->key.n);
}

struct item *lane_find_locked(struct inbox *in, struct slice lane)
{
	uint8_t room[INBOX_KEY_MAX];
	struct slice key;

	if (item_key(slice_of(NULL, 0), lane, room, &key) < 0)
		return NULL;
	return item_find_locked(in, key);
}

int item_own_locked(struct inbox *in, const struct caller *who, struct slice key,
	struct item **out)
{
	struct item *it = item_find_locked(in, key);

	if (!it)
		return -ENOENT;
	if (it->owner->uid != who->uid)
		return -EACCES;
	*out = it;
	return 0;
}

/* ---- bytes ---- */

static size_t *budget(struct item *it)
{
	return it->scratch ? &it->owner->scratch_bytes : &it->owner->back_bytes;
}

static void leave_backs(struct item *it)
{
	if (it->back)
		TAILQ_REMOVE(&it->owner->backs, it, by_use);
	it->back = false;
}

static void join_backs(struct item *it)
{
	leave_backs(it);
	if (it->scratch || it->bytes.n == 0)
		return;
	TAILQ_INSERT_TAIL(&it->owner->backs, it, by_use);
	it->back = true;
}

void item_clear_locked(struct inbox *in, struct item *it)
{
	*budget(it) -= it->bytes.n;
	leave_backs(it);
	buf_free(&it->bytes);
	it->since_open = 0;
	it->version = ++in->versions;
}

struct slice item_view(const struct item *it)
{
	struct slice all = slice_of(it->bytes.p, it->bytes.n);

	if (it->scratch || all.n <= INBOX_BACK_MAX)
		return all;
	return slice_sub(all, all.n - INBOX_BACK_MAX, INBOX_BACK_MAX);
}

/* Forget the front, keeping n bytes. */
static void keep_tail(struct item *it, size_t n)
{
	size_t drop = it->bytes.n > n ? it->bytes.n - n : 0;

	buf_drop(&it->bytes, drop);
	*budget(it) -= drop;
}

int item_add_locked(
	struct inbox *in, struct item *it, struct slice bytes, uint64_t now)
{
	if (it->gone)
		return 0; /* nobody can read it */
	if (it->scratch && it->owner->scratch_bytes + bytes.n > INBOX_SCRATCH_MAX)
		return -EDQUOT;
	if (!it->scratch && bytes.n > INBOX_BACK_MAX)
		bytes = slice_sub(bytes, bytes.n - INBOX_BACK_MAX, INBOX_BACK_MAX);
	if (!it->scratch && it->bytes.n + bytes.n > (size_t)2 * INBOX_BACK_MAX)
		keep_tail(it, INBOX_BACK_MAX - bytes.n);
	if (bytes.n > 0 && !buf_room(&it->bytes, bytes.n)) {
		it->bytes.failed = false; /* what is there is still whole */
		return -ENOMEM;
	}
	buf_slice(&it->bytes, bytes);
	*budget(it) += bytes.n;
	it->since_open += bytes.n;
	it->version = ++in->versions;
	it->mtime = now;
	join_backs(it);
	items_expire_locked(in, it->owner, now);
	return 0;
}

/* Cut what can be read back down to size. A writer that opened the name as it was, wrote
 * its bytes and cuts off what lies behind them means to keep its own: those came last. */
void item_cut_locked(struct inbox *in, struct item *it, uint64_t size)
{
	size_t n = item_view(it).n;

	if (size >= n)
		return;
	keep_tail(it, size == it->since_open ? (size_t)size : n);
	*budget(it) -= it->bytes.n - size;
	it->bytes.n = (size_t)size;
	it->version = ++in->versions;
}

static bool is_old(const struct item *it, uint64_t now)
{
	return now > it->mtime && now - it->mtime > INBOX_BACK_SECONDS * SECOND;
}

void items_expire_locked(struct inbox *in, struct owner *o, uint64_t now)
{
	struct item *it;

	while ((it = TAILQ_FIRST(&o->backs)) != NULL &&
		(is_old(it, now) || o->back_bytes > INBOX_BACK_TOTAL))
		item_clear_locked(in, it);
}

/* ---- coming, going, moving ---- */

static void count_child(struct inbox *in, const struct item *it, int by)
{
	struct item *lane =
		it->lane_n > 0 ? lane_find_locked(in, item_lane(it)) : NULL;

	if (lane && lane->lane)
		lane->children += (size_t)by;
}

/* Everything but the tree. */
static void detach(struct inbox *in, struct item *it)
{
	item_clear_locked(in, it);
	count_child(in, it, -1);
	TAILQ_REMOVE(&it->owner->items, it, by_cookie);
	it->owner->item_count--;
	it->gone = true;
	it->refs++;
	item_put_locked(in, it);
}

void item_remove_locked(struct inbox *in, struct item *it)
{
	set_remove(&in->items, it);
	detach(in, it);
}

void item_put_locked(struct inbox *in, struct item *it)
{
	(void)in;
	if (--it->refs > 0 || !it->gone)
		return;
	buf_free(&it->bytes);
	name_free(it->key);
	free(it);
}

/* Between scratch and normal: the bytes change the budget and what bounds them. */
static void change_kind(struct item *it, uint64_t now)
{
	keep_tail(it, INBOX_BACK_MAX);
	*budget(it) -= it->bytes.n;
	it->scratch = !it->scratch;
	*budget(it) += it->bytes.n;
	if (!it->scratch)
		it->mtime = now; /* that is when it was submitted */
	join_backs(it);
}

int item_move_locked(
	struct inbox *in, struct item *it, struct slice key, uint64_t now)
{
	size_t lane_n =
		(size_t)((const uint8_t *)memchr(key.p, '/', key.n) - key.p);
	bool scratch = name_is_scratch(slice_sub(key, lane_n + 1, key.n));
	struct item probe = {.key = name_copy(key)};
	struct item *other;
	void **node;

	if (!it->scratch && scratch &&
		it->owner->scratch_bytes + item_view(it).n > INBOX_SCRATCH_MAX) {
		name_free(probe.key);
		return -EDQUOT;
	}
	node = probe.key.p ? set_place(&in->items, &probe) : NULL;
	if (!node) {
		name_free(probe.key);
		return -ENOMEM;
	}
	/* From here on nothing fails: the probe holds the new place until it is taken. */
	other = *node;
	*node = &probe;
	if (other != &probe)
		detach(in, other);
	set_remove(&in->items, it);
	count_child(in, it, -1);
	name_free(it->key);
	it->key = probe.key;
	it->lane_n = lane_n;
	*set_place(&in->items, &probe) = it; /* it is there: no memory is needed */
	count_child(in, it, 1);
	it->version = ++in->versions;
	if (it->scratch != scratch)
		change_kind(it, now);
	return 0;
}

/* A new item needs room: the oldest that nobody uses goes. Not lanes, which are in use by
 * being there, and not scratch, whose bytes are nowhere else. */
static int make_room(struct inbox *in, struct owner *o)
{
	struct item *it;

	if (o->item_count < INBOX_NAMES_MAX)
		return 0;
	TAILQ_FOREACH(it, &o->items, by_cookie)
	{
		if (it->lane || it->scratch || it->refs > 0)
			continue;
		item_remove_locked(in, it);
		return 0;
	}
	return -EDQUOT;
}

static int add_item(struct inbox *in, const struct item *like, struct owner *o)
{
	struct item *it = malloc(sizeof(*it));

	if (!it)
		return -ENOMEM;
	*it = *like;
	it->key = name_copy(like->key);
	it->owner = o;
	it->cookie = ++in->cookies;
	it->version = ++in->versions;
	if (!it->key.p || !set_place(&in->items, it)) {
		name_free(it->key);
		free(it);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&o->items, it, by_cookie);
	o->item_count++;
	count_child(in, it, 1);
	return 0;
}

int item_make_locked(
	struct inbox *in, const struct caller *who, const struct item *like)
{
	struct owner *o = owner_locked(in, who->uid);
	int rc = o ? make_room(in, o) : -ENOMEM;

	return rc < 0 ? rc : add_item(in, like, o);
}

/* The verbs on names: each checks, under the mutex, whose the name is. */
#include <errno.h>

#include "fs/inbox_internal.h"

/* May this caller put names into the lane? */
static int check_lane(struct inbox *in, const struct caller *who, struct slice lane)
{
	const struct item *it = lane.n > 0 ? lane_find_locked(in, lane) : NULL;

	if (lane.n == 0)
		return 0;
	if (!it)
		return -ENOENT;
	if (!it->lane)
		return -ENOTDIR;
	return it->owner->uid == who->uid ? 0 : -EACCES;
}

int inbox_find(struct inbox *in, struct slice lane, struct slice name,
	struct inbox_info *out)
{
	uint8_t room[INBOX_KEY_MAX];
	struct slice key;
	int rc = item_key(lane, name, room, &key);
	uint64_t now = inbox_now(in);

	if (rc < 0)
		return rc;
	INBOX_HELD(in);
	struct item *it = item_find_locked(in, key);

	if (!it)
		return -ENOENT;
	items_expire_locked(in, it->owner, now);
	*out = (struct inbox_info){
		.lane = it->lane,
		.scratch = it->scratch,
		.uid = it->owner->uid,
		.gid = it->gid,
		.mode = it->lane ? 0700 : 0600,
		.size = item_view(it).n,
		.mtime = it->mtime,
		.version = it->version,
	};
	return 0;
}

int inbox_create(struct inbox *in, const struct caller *who, struct slice lane,
	struct slice name, bool exclusive)
{
	uint8_t room[INBOX_KEY_MAX], receipt[RECEIPT_NAME_MAX];
	struct item like = {.gid = who->gid, .mtime = inbox_now(in)};
	int rc = item_key(lane, name, room, &like.key);

	if (rc < 0)
		return rc;
	like.lane_n = lane.n;
	like.scratch = name_is_scratch(name);
	INBOX_HELD(in);
	const struct item *it = item_find_locked(in, like.key);

	if (it && exclusive)
		return -EEXIST;
	if (it && it->owner->uid != who->uid)
		return -EACCES;
	if (it)
		return it->lane ? -EISDIR : 0;
	rc = check_lane(in, who, lane);
	if (rc == 0)
		rc = item_make_locked(in, who, &like);
	if (rc == 0)
		receipt_drop_locked(owner_locked(in, who->uid),
			receipt_name(like.key, receipt));
	return rc;
}

int inbox_mkdir(struct inbox *in, const struct caller *who, struct slice name)
{
	uint8_t room[INBOX_KEY_MAX];
	struct item like = {.gid = who->gid, .mtime = inbox_now(in), .lane = true};
	int rc = item_key(slice_of(NULL, 0), name, room, &like.key);

	if (rc < 0)
		return rc;
	INBOX_HELD(in);
	return item_find_locked(in, like.key) ? -EEXIST
					      : item_make_locked(in, who, &like);
}

int inbox_rmdir(struct inbox *in, const struct caller *who, struct slice name)
{
	uint8_t room[INBOX_KEY_MAX];
	struct slice key;
	struct item *it;
	int rc = item_key(slice_of(NULL, 0), name, room, &key);

	if (rc < 0)
		return rc;
	INBOX_HELD(in);
	rc = item_own_locked(in, who, key, &it);
	if (rc == 0 && !it->lane)
		rc = -ENOTDIR;
	if (rc == 0 && it->children > 0)
		rc = -ENOTEMPTY;
	if (rc == 0)
		item_remove_locked(in, it);
	return rc;
}

int inbox_unlink(struct inbox *in, const struct caller *who, struct slice lane,
	struct slice name)
{
	uint8_t room[INBOX_KEY_MAX];
	struct slice key;
	struct item *it;
	int rc = item_key(lane, name, room, &key);

	if (rc < 0)
		return rc;
	INBOX_HELD(in);
	rc = item_own_locked(in, who, key, &it);
	if (rc == 0 && it->lane)
		rc = -EISDIR;
	if (rc == 0)
		item_remove_locked(in, it);
	return rc;
}

int inbox_truncate(struct inbox *in, const struct caller *who, struct slice lane,
	struct slice name, uint64_t size)
{
	uint8_t room[INBOX_KEY_MAX];
	struct slice key;
	struct item *it;
	int rc = item_key(lane, name, room, &key);

	if (rc < 0)
		return rc;
	INBOX_HELD(in);
	rc = item_own_locked(in, who, key, &it);
	if (rc == 0 && it->lane)
		rc = -EISDIR;
	if (rc < 0)
		return rc;
	if (size > 0) {
		item_cut_locked(in, it, size);
		return 0;
	}
	item_clear_locked(in, it);
	it->drops++;
	return 0;
}

int inbox_read_back(struct inbox *in, const struct caller *who, struct slice lane,
	struct slice name, struct buf *out)
{
	uint8_t room[INBOX_KEY_MAX];
	struct slice key, all;
	struct item *it;
	int rc = item_key(lane, name, room, &key);
	uint64_t now = inbox_now(in);

	if (rc < 0)
		return rc;
	INBOX_HELD(in);
	rc = item_own_locked(in, who, key, &it);
	if (rc == 0 && it->lane)
		rc = -EISDIR;
	if (rc < 0)
		return rc;
	items_expire_locked(in, it->owner, now);
	buf_slice(out, item_view(it));
	return buf_view(out, &all);
}

struct listing {
	struct inbox *in;
	const struct caller *who;
	struct slice lane;
};

static int fill(void *ctx, uint64_t after, struct page *p)
{
	const struct listing *l = ctx;
	INBOX_HELD(l->in);
	int rc = check_lane(l->in, l->who, l->lane);
	const struct owner *o = owner_find_locked(l->in, l->who->uid);
	const struct item *it;

	if (rc < 0 || !o)
		return rc;
	TAILQ_FOREACH(it, &o->items, by_cookie)
	{
		if (it->cookie <= after || !slice_equal(item_lane(it), l->lane))
			continue;
		if (!page_add(p, item_name(it), it->lane, it->cookie))
			break;
	}
	return 0;
}

int inbox_list(struct inbox *in, const struct caller *who, struct slice lane,
	uint64_t after, inbox_visit *visit, void *ctx)
{
	struct listing l = {.in = in, .who = who, .lane = lane};

	return page_visit(fill, &l, after, visit, ctx);
}

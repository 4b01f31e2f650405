/* inbox/ and its lanes, and the receipts of what was put there. All of it is bookkeeping of
 * fs/inbox.h; here it gets its places. */
#include <errno.h>
#include <sys/stat.h>

#include "fs/kind.h"

static int info_of(
	struct request *rq, const struct place *p, struct inbox_info *out)
{
	return inbox_find(rq->tree->inbox, p->lane, p->name, out);
}

/* ---- names and lanes ---- */

int inbox_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	struct inbox_info info;
	int rc = inbox_find(rq->tree->inbox, dir->lane, name, &info);

	(void)scratch;
	place->name = name;
	return rc < 0 ? rc : info.lane ? -ENOENT : 0;
}

/* A lane is a name at the top of the inbox; for what is in it, it is the lane. */
int lane_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	struct inbox_info info;
	int rc = inbox_find(rq->tree->inbox, dir->lane, name, &info);

	(void)scratch;
	place->lane = name;
	return rc < 0 ? rc : info.lane ? 0 : -ENOENT;
}

static int find_info(
	struct request *rq, const struct place *p, struct inbox_info *out)
{
	struct slice top = {0};

	if (S_ISDIR(p->kind->mode))
		return inbox_find(rq->tree->inbox, top, p->lane, out);
	return info_of(rq, p, out);
}

static int list_entry(void *ctx, struct slice name, bool lane, uint64_t cookie)
{
	return listing_add(ctx, name, lane ? S_IFDIR : S_IFREG, cookie);
}

int inbox_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	return inbox_list(
		rq->tree->inbox, rq->who, dir->lane, after, list_entry, to);
}

/* Also asked of callers that modes do not stop: root reads nobody's inbox but its own. */
int inbox_allow(struct request *rq, const struct place *p)
{
	struct inbox_info info;
	int rc = find_info(rq, p, &info);

	return rc < 0 ? rc : info.uid == rq->who->uid ? 0 : -EACCES;
}

int inbox_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	struct inbox_info info;
	int rc = find_info(rq, p, &info);

	if (rc < 0)
		return rc;
	attr->mode = (p->kind->mode & S_IFMT) | info.mode;
	attr->uid = info.uid;
	attr->gid = info.gid;
	attr->mtime = info.mtime;
	attr->version = info.version;
	if (S_ISREG(attr->mode))
		attr->size = info.size;
	return 0;
}

int inbox_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	(void)attr;
	return inbox_read_back(rq->tree->inbox, rq->who, p->lane, p->name, out);
}

static int name_create(struct request *rq, const struct place *dir,
	struct slice name, bool exclusive)
{
	return inbox_create(rq->tree->inbox, rq->who, dir->lane, name, exclusive);
}

static int lane_mkdir(
	struct request *rq, const struct place *dir, struct slice name)
{
	(void)dir;
	return inbox_mkdir(rq->tree->inbox, rq->who, name);
}

static int lane_rmdir(struct request *rq, const struct place *p)
{
	return inbox_rmdir(rq->tree->inbox, rq->who, p->lane);
}

static int name_unlink(struct request *rq, const struct place *p)
{
	return inbox_unlink(rq->tree->inbox, rq->who, p->lane, p->name);
}

static void name_target(const struct place *p, struct sink_target *out)
{
	out->form = SINK_RECORDS;
	out->lane = p->lane;
	out->name = p->name;
}

static int name_truncate(struct request *rq, const struct place *p, uint64_t size)
{
	return inbox_truncate(rq->tree->inbox, rq->who, p->lane, p->name, size);
}

/* chmod and chown of what is not one's own: EPERM, as everywhere. */
static int name_set_attr(struct request *rq, const struct place *p)
{
	int rc = inbox_allow(rq, p);

	return rc == -EACCES ? -EPERM : rc;
}

const struct taking taking_inbox = {
	.create = name_create,
	.mkdir = lane_mkdir,
	.renames = true,
};
const struct taking taking_lane = {
	.create = name_create,
	.rmdir = lane_rmdir,
	.renames = true,
	.set_attr = name_set_attr,
};
const struct taking taking_inbox_name = {
	.unlink = name_unlink,
	.target = name_target,
	.truncate = name_truncate,
	.set_attr = name_set_attr,
};

/* ---- receipts ---- */

static int read_receipt(struct request *rq, const struct place *p,
	struct attr *attr, struct buf *out)
{
	return inbox_receipt_read(rq->tree->inbox, p->uid, p->name, out,
		&attr->version, &attr->mtime);
}

int receipt_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	BUF_AUTO(content);
	struct attr attr = {0};

	(void)dir;
	(void)scratch;
	place->name = name;
	return read_receipt(rq, place, &attr, &content);
}

/* A long name in a long lane has a receipt that no file name can hold. */
static int list_receipt(void *ctx, struct slice name, bool lane, uint64_t cookie)
{
	(void)lane;
	return name.n > PLACE_NAME_MAX ? 0
				       : listing_add(ctx, name, S_IFREG, cookie);
}

int receipt_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	return inbox_receipt_list(
		rq->tree->inbox, dir->uid, after, list_receipt, to);
}

int receipt_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	return read_receipt(rq, p, attr, out);
}

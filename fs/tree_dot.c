/* .stemefs/: who is asking gets a link to a directory of their own; and the log of all
 * records, with the value that commits to it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/id.h"
#include "fs/kind.h"

/* ---- uid/<uid>/ ---- */

enum {
	UID_TEXT = 16, /* decimal digits of 32 bits, and the zero */
};

static struct slice uid_print(uid_t uid, char text[UID_TEXT])
{
	return slice_of(text, (size_t)snprintf(text, UID_TEXT, "%" PRIu32, uid));
}

static bool is_number(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] < '0' || name.p[i] > '9')
			return false;
	return name.n > 0;
}

int uid_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	char text[UID_TEXT];

	(void)dir;
	(void)scratch;
	if (!is_number(name))
		return -ENOENT;
	if (!slice_equal(name, uid_print(rq->who->uid, text)))
		return -EACCES;
	place->uid = rq->who->uid;
	return 0;
}

int uid_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	char text[UID_TEXT];

	(void)dir;
	if (after == 0)
		(void)listing_add(to, uid_print(rq->who->uid, text), S_IFDIR, 1);
	return 0;
}

int own_allow(struct request *rq, const struct place *p)
{
	return p->uid == rq->who->uid ? 0 : -EACCES;
}

int own_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	(void)rq;
	attr->uid = p->uid;
	return 0;
}

/* `receipts` stands at the root, the others beside uid/. */
int own_link(struct request *rq, const struct place *p, struct buf *out)
{
	struct slice leaf = place_leaf(p);
	char text[UID_TEXT];

	buf_str(out, leaf.n == p->path.n ? ".stemefs/uid/" : "uid/");
	buf_slice(out, uid_print(rq->who->uid, text));
	buf_byte(out, '/');
	buf_slice(out, leaf);
	return 0;
}

static int log_render(struct request *rq, const struct place *p,
	enum inbox_log which, struct attr *attr, struct buf *out)
{
	uint64_t mtime = 0;
	int rc = inbox_log_read(
		rq->tree->inbox, p->uid, which, out, &attr->version, &mtime);

	if (mtime)
		attr->mtime = mtime;
	return rc;
}

int own_error_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	return log_render(rq, p, INBOX_LAST_ERROR, attr, out);
}

int own_receipt_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	return log_render(rq, p, INBOX_LAST_RECEIPT, attr, out);
}

int own_errors_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	return log_render(rq, p, INBOX_ERRORS, attr, out);
}

/* ---- the log ---- */

int head_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	struct snap_totals totals;
	char hex[ID_HEX + 1];

	(void)p;
	(void)attr;
	snap_totals(rq->snap, &totals);
	hex_print(totals.head.b, ID_SIZE, hex);
	buf_printf(out, "%s\n", hex);
	return 0;
}

/* The feed is one of records: only a moment cuts it. */
int events_exists(struct request *rq, const struct place *p)
{
	(void)rq;
	return p->context.cuts & ~(unsigned)CONTEXT_AT ? -ENOENT : 0;
}

int events_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	struct snap_totals totals;

	(void)p;
	snap_totals(rq->snap, &totals);
	attr->size = totals.events_size;
	attr->version = 1; /* it only grows */
	return 0;
}

int events_chunk(struct request *rq, const struct place *p, uint64_t offset,
	size_t n, struct buf *out)
{
	int rc = request_snap(rq);

	(void)p;
	return rc < 0 ? rc : events_read(rq->snap, offset, n, out);
}

int version_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	(void)rq;
	(void)p;
	(void)attr;
	buf_str(out, "stemefs " STEMEFS_VERSION "\n");
	return 0;
}

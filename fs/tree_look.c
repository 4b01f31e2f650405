/* Looking at a place: what it is like, what it says, and what a context does to that. The rows
 * of the table know what is special; here is what all have in common. */
#include <errno.h>

#include "core/bytes.h"
#include "fs/kind.h"
#include "fs/rendering.h"

/* ---- stat of many kinds ---- */

/* 0 would mean that the version is not known. */
int every_record_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	struct snap_totals totals;

	(void)p;
	snap_totals(rq->snap, &totals);
	attr->version = totals.seq + 1;
	return 0;
}

int fleeting_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	(void)rq;
	(void)p;
	attr->fleeting = true;
	return 0;
}

/* ---- all kinds ---- */

/* At a moment that is past nothing changes any more, whatever else depends on the clock or
 * on other pairs' records: one version, and directories as old as the newest record. */
static int freeze(struct request *rq, struct attr *attr)
{
	const struct context *c = rq->context;
	uint64_t received_at = 0;
	int rc = c->seq ? seq_time(rq->snap, c->seq, &received_at) : 0;

	attr->version = 1;
	attr->fleeting = false;
	attr->lasting = LASTS_EVER;
	if (S_ISDIR(attr->mode))
		attr->mtime = received_at;
	return rc;
}

/* What a context does to the attributes. */
static int look_through(struct request *rq, struct attr *attr)
{
	if (rq->context->cuts & CONTEXT_AT)
		return freeze(rq, attr);
	/* What counts there can change with a setting, or with an epoch of that name. */
	attr->fleeting = S_ISDIR(attr->mode);
	attr->lasting = LASTS_UNKNOWN;
	if (rq->context->cuts & CONTEXT_EPOCH && !attr->live)
		attr->version = 0;
	return 0;
}

/* The attributes; the size only where it need not be rendered. */
static int look(struct request *rq, const struct place *p, struct attr *out)
{
	const struct kind *k = p->kind;
	struct snap_totals totals;
	struct attr attr = {
		.mode = k->mode,
		.uid = rq->tree->owner,
		.gid = rq->tree->group,
		.inode = p->inode,
		.links = 1, /* to fts(3), 2 would mean: no directory in here */
		.live = k->read,
		.stream = k->taking && k->taking->target,
	};
	int rc;

	request_about(rq, p);
	rc = request_snap(rq);
	if (rc < 0)
		return rc;
	snap_totals(rq->snap, &totals);
	attr.mtime = totals.received_at;
	if (k->stat) {
		rc = k->stat(rq, p, &attr);
		if (rc < 0)
			return rc;
	}
	if (rq->context) {
		rc = look_through(rq, &attr);
		if (rc < 0)
			return rc;
	}
	*out = attr;
	return 0;
}

static uint64_t version_of(struct slice content)
{
	struct id id = id_of(content);

	return u64_at(id.b);
}

/* May what was rendered be kept? A stream's bytes are those who wrote them forget. */
static bool keeps(const struct attr *attr)
{
	return attr->version && !attr->stream;
}

static int render_anew(struct request *rq, const struct place *p, struct attr attr,
	const struct rendering **out)
{
	BUF_AUTO(content);
	RENDERING_AUTO(r);
	bool keep = keeps(&attr);
	struct slice bytes = {0};
	int rc = 0;

	if (p->kind->render)
		rc = p->kind->render(rq, p, &attr, &content);
	if (rc == 0)
		rc = buf_view(&content, &bytes);
	if (rc < 0)
		return rc;
	if (!attr.version)
		attr.version = version_of(bytes);
	rc = rendering_new(p->path, &attr, bytes, &r);
	if (rc < 0)
		return rc;
	if (keep)
		renderings_keep(rq->tree->kept, r);
	*out = r;
	r = NULL; /* handed over */
	return 0;
}

int request_render(
	struct request *rq, const struct place *p, const struct rendering **out)
{
	struct attr attr;
	int rc = look(rq, p, &attr);

	if (rc < 0)
		return rc;
	if (keeps(&attr)) {
		*out = renderings_find(rq->tree->kept, p->path, &attr);
		if (*out)
			return 0;
	}
	return render_anew(rq, p, attr, out);
}

int tree_render(struct tree *t, const struct place *p, const struct caller *who,
	const struct rendering **out)
{
	REQUEST_AUTO(rq, t, who);
	int rc;

	if (S_ISDIR(p->kind->mode))
		return -EISDIR;
	if (!S_ISREG(p->kind->mode) || p->kind->read)
		return -EINVAL;
	rc = request_allowed(&rq, p);
	return errno_of(rc < 0 ? rc : request_render(&rq, p, out));
}

static int stat_link(struct request *rq, const struct place *p, struct attr *attr)
{
	BUF_AUTO(link);
	int rc = p->kind->link(rq, p, &link);

	attr->size = link.n;
	return rc < 0 ? rc : link.failed ? -ENOMEM : 0;
}

/* made: what had to be rendered to know the size; NULL: nothing. */
static int stat_place(struct request *rq, const struct place *p, struct attr *attr,
	const struct rendering **made)
{
	int rc = look(rq, p, attr);

	if (rc < 0)
		return rc;
	if (S_ISLNK(attr->mode))
		return stat_link(rq, p, attr);
	if (!S_ISREG(attr->mode) || attr->live || attr->stream)
		return 0;
	if (keeps(attr) && renderings_attr(rq->tree->kept, p->path, attr))
		return 0;
	rc = render_anew(rq, p, *attr, made);
	if (rc == 0)
		*attr = (*made)->attr;
	return rc;
}

int tree_look(struct tree *t, const struct place *p, const struct caller *who,
	struct attr *out, const struct rendering **made)
{
	REQUEST_AUTO(rq, t, who);
	struct attr attr;
	int rc;

	*made = NULL;
	rc = stat_place(&rq, p, &attr, made);
	if (rc == 0)
		*out = attr;
	return errno_of(rc);
}

int tree_lookup(struct tree *t, const struct place *dir, struct slice name,
	const struct caller *who, struct place **out, struct attr *attr,
	const struct rendering **made)
{
	PLACE_AUTO(p);
	REQUEST_AUTO(rq, t, who); /* ends before the place it asks about */
	int rc = request_find(&rq, dir, name, &p);

	*made = NULL;
	if (rc == 0)
		rc = stat_place(&rq, p, attr, made);
	if (rc < 0)
		return errno_of(rc);
	*out = p;
	p = NULL; /* handed over */
	return 0;
}

int tree_stat(struct tree *t, const struct place *p, const struct caller *who,
	struct attr *out)
{
	RENDERING_AUTO(made);

	return tree_look(t, p, who, out, &made);
}

int tree_read_live(struct tree *t, const struct place *p, uint64_t offset, size_t n,
	struct buf *out)
{
	REQUEST_AUTO(rq, t, NULL);

	request_about(&rq, p);
	return p->kind->read ? errno_of(p->kind->read(&rq, p, offset, n, out))
			     : -EINVAL;
}

int tree_link(struct tree *t, const struct place *p, const struct caller *who,
	struct buf *out)
{
	REQUEST_AUTO(rq, t, who);

	request_about(&rq, p);
	return p->kind->link ? errno_of(p->kind->link(&rq, p, out)) : -EINVAL;
}

/* Looking at a place: what it is like, what it says, and what a context does to that. The rows
 * of the table know what is special; here is what all have in common. */
#include <errno.h>

#include "core/bytes.h"
#include "fs/kind.h"
#include "fs/rendering.h"
#include "fs/scroll.h"

/* ---- stat of many kinds ---- */

/* Of what any record may change. 0 would mean that the version is not known. */
static uint64_t version_of_all(struct request *rq)
{
	struct snap_totals totals;

	snap_totals(rq->snap, &totals);
	return totals.seq + 1;
}

int every_record_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	(void)p;
	attr->version = version_of_all(rq);
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
static int look_through(struct request *rq, bool lines, struct attr *attr)
{
	if (rq->context->cuts & CONTEXT_AT)
		return freeze(rq, attr);
	/* What counts there can change with a setting, or with an epoch of that name. */
	attr->fleeting = S_ISDIR(attr->mode);
	attr->lasting = LASTS_UNKNOWN;
	if (rq->context->cuts & CONTEXT_EPOCH && lines)
		attr->version = version_of_all(rq);
	else if (rq->context->cuts & CONTEXT_EPOCH && !attr->live)
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
		rc = look_through(rq, k->lines, &attr);
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

/* ---- files of lines ---- */

static void note_any(void *ctx, const struct mark *m)
{
	(void)m;
	*(bool *)ctx = true;
}

/* Does an older rendering still say what the file says? Asked of those that any record might
 * have changed; not known where it cannot be found out. */
static bool still_holds(
	struct request *rq, const struct place *p, const struct rendering *old)
{
	const struct lines *lines = p->kind->lines;
	bool any = false;

	if (rendering_known(old) >= version_of_all(rq) - 1)
		return true;
	if (!lines->changed || p->kind->stat != every_record_stat)
		return false;
	return lines->changed(rq, p, rendering_known(old), note_any, &any) == 0 &&
	       !any;
}

/* Print it as a whole; 1: it is too long for that. */
static int render_short(struct request *rq, const struct place *p,
	const struct attr *attr, const struct rendering **out)
{
	struct mark at = {.number = 0};
	struct slice bytes = {0};
	BUF_AUTO(content);
	int rc = request_snap(rq);

	if (rc == 0)
		rc = p->kind->lines->print(rq, p, &at, NULL, SCROLL_FROM, &content);
	if (rc == 0)
		rc = buf_view(&content, &bytes);
	if (rc < 0)
		return rc;
	return bytes.n >= SCROLL_FROM ? 1
				      : rendering_new(p->path, attr, bytes, out);
}

static int render_long(struct request *rq, const struct place *p,
	const struct attr *attr, const struct rendering *old,
	const struct rendering **out)
{
	struct printable *content = NULL;
	int rc = old && old->printable ? scroll_renew(rq, p, old->printable,
						 rendering_known(old), &content)
				       : scroll_new(rq, p, &content);

	return rc < 0 ? rc : rendering_new_printable(p->path, attr, content, out);
}

/* With its lock held. old: of an earlier version, or NULL. */
static int render_lines(struct request *rq, const struct place *p,
	const struct attr *attr, const struct rendering *old,
	const struct rendering **out)
{
	uint64_t seq = version_of_all(rq) - 1;
	RENDERING_AUTO(r);
	int rc = 0;

	if (old && still_holds(rq, p, old))
		r = rendering_ref(old);
	else
		rc = render_short(rq, p, attr, &r);
	if (rc == 1)
		rc = render_long(rq, p, attr, old, &r);
	if (rc < 0)
		return rc;
	if (rendering_known(r) < seq)
		rendering_know(r, seq);
	renderings_keep(rq->tree->kept, r);
	*out = r;
	r = NULL; /* handed over */
	return 0;
}

static int render_lines_once(
	struct request *rq, const struct place *p, const struct rendering **out)
{
	RENDERING_AUTO(old);
	struct attr attr;
	int rc;

	*out = NULL;
	/* never waiting with a snapshot: who has the lock may need the index opened again,
	 * and that waits for all snapshots */
	if (!scrolls_trylock(rq->tree->scrolls, p->inode)) {
		request_drop(rq);
		scrolls_lock(rq->tree->scrolls, p->inode);
	}
	rc = look(rq, p, &attr);
	if (rc == 0) {
		*out = renderings_find(rq->tree->kept, p->path, &attr);
		if (!*out && !(p->context.cuts & CONTEXT_AT))
			old = renderings_latest(
				rq->tree->kept, p->path, attr.inode);
	}
	if (rc == 0 && !*out)
		rc = render_lines(rq, p, &attr, old, out);
	scrolls_unlock(rq->tree->scrolls, p->inode);
	return rc;
}

/* ---- any file ---- */

/* What is not kept at this version. */
static int render(struct request *rq, const struct place *p,
	const struct attr *attr, const struct rendering **out)
{
	return p->kind->lines ? render_lines_once(rq, p, out)
			      : render_anew(rq, p, *attr, out);
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
	return render(rq, p, &attr, out);
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
	rc = render(rq, p, attr, made);
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

/* subjects/<S>/<P>/: names and lists, and the files of a pair.
 *
 * The consensus is materialized: the store hands its line out. Every other lens is resolved
 * here, from the candidates of one snapshot, and then kept by the pair's generation. */
#include <errno.h>
#include <sys/stat.h>

#include "core/decay.h"
#include "core/name.h"
#include "fs/pair_look.h"
#include "fs/rendering.h"

static const struct slice none;

/* ---- subjects and predicates ---- */

/* The name behind a file name, if a record could hold it. */
static int decode(
	struct slice file, size_t max, struct buf *scratch, struct slice *out)
{
	int rc = name_decode(file, scratch);

	if (rc < 0)
		return rc;
	*out = slice_of(scratch->p, scratch->n);
	return out->n <= max ? 0 : -ENOENT;
}

/* Has somebody made this place? Under a context only what was said is shown. */
static bool is_made(
	struct request *rq, struct slice subject, struct slice predicate)
{
	return !rq->context &&
	       inbox_place_made(rq->tree->inbox, subject, predicate);
}

/* In the store, or made by somebody; or spoken of: then there is nothing to list but who
 * does, and references lead somewhere. */
static int subject_there(struct request *rq, struct slice subject)
{
	struct place_info info;
	int rc = request_snap(rq);

	if (rc == 0)
		rc = subject_find(rq->snap, subject, &info);
	if (rc == -ENOENT && is_made(rq, subject, none))
		rc = 0;
	return rc == -ENOENT ? pointed_at(rq->snap, subject) : rc;
}

int subject_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	int rc = decode(name, SUBJECT_MAX, scratch, &place->subject);

	(void)dir;
	return rc < 0 ? rc : subject_there(rq, place->subject);
}

int predicate_row_find(struct request *rq, const struct place *dir,
	struct slice name, struct buf *scratch, struct place *place)
{
	int rc = decode(name, PREDICATE_MAX, scratch, &place->predicate);

	if (rc < 0)
		return rc;
	rc = pair_exists(rq, place);
	if (rc == -ENOENT && is_made(rq, dir->subject, place->predicate))
		rc = 0;
	return rc;
}

/* A listing of names, first those of the store, then those that were only made. */
struct naming {
	struct request *rq;
	struct listing *to;
	struct slice subject; /* whose predicates; p NULL: subjects */
	bool full;
	int rc;
};

static int add_name(void *ctx, struct slice name, uint64_t cookie)
{
	struct naming *n = ctx;
	BUF_AUTO(file);

	name_encode(name, &file);
	if (file.failed) {
		n->rc = -ENOMEM;
		return 1;
	}
	n->full =
		listing_add(n->to, slice_of(file.p, file.n), S_IFDIR, cookie) != 0;
	return n->full;
}

static int add_made(void *ctx, struct slice name, bool lane, uint64_t cookie)
{
	struct naming *n = ctx;
	struct place_info info;
	int rc = n->subject.p ? pair_find(n->rq->snap, n->subject, name, &info)
			      : subject_find(n->rq->snap, name, &info);

	(void)lane;
	if (rc == 0)
		return 0; /* no longer only made: listed already */
	if (rc != -ENOENT) {
		n->rc = rc;
		return 1;
	}
	return add_name(ctx, name, cookie);
}

/* Cookies of made names have this bit, those of the store do not. */
#define MADE_COOKIES (UINT64_C(1) << 62)

static int list_names(struct request *rq, struct slice subject, uint64_t after,
	struct listing *to)
{
	struct naming n = {.rq = rq, .to = to, .subject = subject};
	int rc = request_snap(rq);

	if (rc == 0 && after < MADE_COOKIES)
		rc = subject.p ? predicate_list(
					 rq->snap, subject, after, add_name, &n)
			       : subject_list(rq->snap, after, add_name, &n);
	if (rc == -ENOENT) /* a subject that was only made */
		rc = 0;
	if (rc == 0 && n.rc == 0 && !n.full && !rq->context)
		rc = inbox_place_list(
			rq->tree->inbox, subject, after, add_made, &n);
	return rc < 0 ? rc : n.rc;
}

int subject_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	(void)dir;
	return list_names(rq, none, after, to);
}

int predicate_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	return list_names(rq, dir->subject, after, to);
}

int subjects_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	struct snap_totals totals;

	(void)p;
	snap_totals(rq->snap, &totals);
	attr->mtime = totals.subjects_mtime;
	attr->version = totals.subjects;
	return 0;
}

/* What the store knows of a place; one that was only made stays ordinary. */
static int stat_info(int rc, const struct place_info *info, struct attr *attr)
{
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	attr->mtime = info->mtime;
	attr->version = info->generation;
	return 0;
}

int subject_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	struct place_info info;
	int rc = subject_find(rq->snap, p->subject, &info);

	attr->fleeting = rc == -ENOENT;
	return stat_info(rc, &info, attr);
}

int pair_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	struct place_info info;
	int rc = pair_find(rq->snap, p->subject, p->predicate, &info);

	return stat_info(rc, &info, attr);
}

int pair_exists(struct request *rq, const struct place *p)
{
	struct place_info info;
	int rc = request_snap(rq);

	return rc < 0 ? rc : pair_find(rq->snap, p->subject, p->predicate, &info);
}

/* ---- lenses ---- */

int lens_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	(void)rq;
	(void)dir;
	(void)scratch;
	place->lens = lens_find(name);
	return place->lens ? 0 : -ENOENT;
}

int lens_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	int rc = pair_exists(rq, dir);

	for (uint64_t i = after; rc == 0 && lenses[i]; i++)
		if (listing_add(to, slice_str(lenses[i]->name), S_IFREG, i + 1))
			break;
	return rc == -ENOENT ? 0 : rc;
}

/* What decays is as new as the last midnight; what depends on other pairs' records too is
 * known by its content alone (mend_mtime() has its time). */
int lens_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	int rc = pair_stat(rq, p, attr);
	uint64_t midnight;

	if (rc < 0 || !(p->lens->decays || p->lens->epochs))
		return rc;
	attr->version = 0;
	midnight = decay_midnight(snap_now(rq->snap));
	if (p->lens->decays && midnight > attr->mtime)
		attr->mtime = midnight;
	return 0;
}

static int note_any(void *ctx, const struct id *id)
{
	(void)id;
	*(bool *)ctx = true;
	return 1;
}

/* Does any epoch of the pair's claims have a successor? */
static int has_successor(const struct pair_look *l, bool *any)
{
	const struct id *before = NULL;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && !*any && i < l->in.claim_count; i++) {
		const struct candidate *c = &l->in.claims[i];

		if (!c->has_epoch || (before && id_compare(before, &c->epoch) == 0))
			continue;
		before = &c->epoch;
		rc = epoch_successors(l->snap, before, note_any, any);
		if (rc == -ENOENT)
			rc = 0;
	}
	return rc;
}

/* What is superseded by whom hangs on many records (successors of successors, who signed
 * them, who is a steward), so any may have changed it: better too new than too old, or a
 * copy would miss it. */
static int mend_mtime(
	const struct place *p, const struct pair_look *l, struct attr *attr)
{
	struct snap_totals totals;
	bool any = false;
	int rc = p->lens->epochs ? has_successor(l, &any) : 0;

	if (rc < 0 || !any)
		return rc;
	snap_totals(l->snap, &totals);
	if (totals.received_at > attr->mtime)
		attr->mtime = totals.received_at;
	return 0;
}

/* Only lenses that have a winner: `v=$(cat value/skeptic) || ask`. */
int value_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	PAIR_LOOK_AUTO(l);
	int rc = pair_weigh(rq, dir, &l);

	for (uint64_t i = after; rc == 0 && lenses[i]; i++) {
		rc = lens_look(lenses[i], &l.input, &l.bodies, &l.arena, &l.view);
		if (rc < 0 || !lens_answers(&l.view))
			continue;
		if (listing_add(to, slice_str(lenses[i]->name), S_IFREG, i + 1))
			break;
	}
	return rc;
}

static bool is_consensus(const struct place *p)
{
	return slice_is(slice_str(p->lens->name), "consensus");
}

int lens_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	PAIR_LOOK_AUTO(l);
	int rc;

	if (is_consensus(p))
		return pair_consensus(
			rq->snap, p->subject, p->predicate, out, NULL);
	rc = pair_look(rq, p, &l);
	if (rc == 0)
		rc = mend_mtime(p, &l, attr);
	return rc < 0 ? rc : lens_print(&l.view, out);
}

/* Empty where the lens has no winner: then there is no such file, see value_exists(). */
int value_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	PAIR_LOOK_AUTO(l);
	BUF_AUTO(line);
	int rc;

	if (is_consensus(p))
		return pair_consensus(
			rq->snap, p->subject, p->predicate, &line, out);
	rc = pair_look(rq, p, &l);
	if (rc == 0)
		rc = mend_mtime(p, &l, attr);
	if (rc == 0)
		lens_print_value(&l.view, out);
	return rc;
}

int value_exists(struct request *rq, const struct place *p)
{
	RENDERING_AUTO(r);
	int rc = request_render(rq, p, &r);

	return rc < 0 ? rc : r->bytes.n > 0 ? 0 : -ENOENT;
}

int why_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	PAIR_LOOK_AUTO(l);
	int rc = pair_look(rq, p, &l);

	if (rc == 0)
		rc = mend_mtime(p, &l, attr);
	return rc < 0 ? rc : lens_print_why(&l.view, out);
}

/* ---- all there is ---- */

static int print_claim(struct pair_look *l, uint32_t i, struct agent *signers,
	struct buf *body, struct buf *out)
{
	const struct candidate *c = &l->in.claims[i];
	struct record record;
	int rc;

	buf_reset(body);
	rc = claim_read(l->snap, c, body, &record);
	if (rc < 0)
		return rc;
	for (uint32_t j = 0; j < c->signer_count; j++)
		signers[j] = l->in.voters[l->in.signers[c->signer + j]].key;
	claim_print(&record, &c->id, signers, c->signer_count, out);
	return 0;
}

int claims_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	PAIR_LOOK_AUTO(l);
	BUF_AUTO(body);
	struct agent *signers;
	int rc = pair_load(rq->snap, p->subject, p->predicate, &l.arena, &l.in);

	(void)attr;
	if (rc < 0)
		return rc;
	l.snap = rq->snap;
	signers = arena_alloc(&l.arena, l.in.signer_count * sizeof(*signers));
	if (!signers)
		return -ENOMEM;
	for (uint32_t i = 0; rc == 0 && i < l.in.claim_count; i++)
		rc = print_claim(&l, i, signers, &body, out);
	return rc;
}

int history_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	(void)attr;
	return pair_history(rq->snap, p->subject, p->predicate, out);
}

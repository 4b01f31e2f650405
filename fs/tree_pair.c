/* subjects/<S>/<P>/: the files of a pair.
 *
 * The consensus is materialized: the store hands its line out. Every other lens is resolved
 * here, from the candidates of one snapshot, and then kept by the pair's generation. */
#include <errno.h>
#include <sys/stat.h>

#include "core/claim.h"
#include "core/decay.h"
#include "fs/listing.h"
#include "fs/pair_look.h"
#include "fs/rendering.h"

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
	attr->lasting = LASTS_UNKNOWN;
	midnight = decay_midnight(snap_now(rq->snap));
	if (p->lens->decays && midnight > attr->mtime)
		attr->mtime = midnight;
	return 0;
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
		rc = epoch_successors(l->snap, before, any_id, any);
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
	claim_print_listed(&(struct claim){.id = c->id,
				   .state = CLAIM_STANDS,
				   .record = &record,
				   .signers = signers,
				   .signer_count = c->signer_count},
		out);
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

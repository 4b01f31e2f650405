/* subjects/<S>/<P>/: the files of a pair.
 *
 * The consensus is materialized: the store hands its line out. Every other lens is resolved
 * here, from the candidates of one snapshot, and then kept by the pair's generation. */
#include <errno.h>
#include <sys/stat.h>

#include "core/claim.h"
#include "core/decay.h"
#include "fs/claims.h"
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

/* Where the lens has no winner there is no such file, not even for who opens it by a
 * descriptor of when it had one. */
int value_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	PAIR_LOOK_AUTO(l);
	BUF_AUTO(line);
	int rc;

	if (is_consensus(p)) {
		rc = pair_consensus(rq->snap, p->subject, p->predicate, &line, out);
	} else {
		rc = pair_look(rq, p, &l);
		if (rc == 0)
			rc = mend_mtime(p, &l, attr);
		if (rc == 0)
			lens_print_value(&l.view, out);
	}
	return rc == 0 && out->n == 0 && !out->failed ? -ENOENT : rc;
}

int value_exists(struct request *rq, const struct place *p)
{
	RENDERING_AUTO(r);

	return request_render(rq, p, &r);
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

struct claims_print {
	struct claims_printer c;
	struct buf body;
};

static int print_claim(
	void *ctx, const struct candidate *c, const struct agent *signers)
{
	struct claims_print *p = ctx;
	struct mark at = {.number = c->timestamp, .id = c->id};
	struct record record;

	if (p->c.until && mark_compare(&at, p->c.until) > 0)
		return 1;
	buf_reset(&p->body);
	p->c.rc = claim_read(p->c.snap, c, &p->body, &record);
	if (p->c.rc < 0)
		return 1;
	claim_print_listed(&(struct claim){.id = c->id,
				   .state = CLAIM_STANDS,
				   .record = &record,
				   .signers = signers,
				   .signer_count = c->signer_count},
		p->c.out);
	*p->c.at = at;
	return p->c.out->failed || p->c.out->n >= p->c.full;
}

static int print_claims(struct request *rq, const struct place *p, struct mark *at,
	const struct mark *until, size_t enough, struct buf *out)
{
	struct claim_ref behind = claim_at(at);
	struct claims_print print = {
		.c = {rq->snap, at, until, out->n + enough, out, 0}};
	int rc = pair_claims(
		rq->snap, p->subject, p->predicate, &behind, print_claim, &print);

	buf_free(&print.body);
	return claims_printer_end(&print.c, rc);
}

struct pair_claims_changed {
	const struct place *place;
	void (*note)(void *ctx, const struct mark *m);
	void *ctx;
};

static int note_of_pair(void *ctx, struct slice subject, struct slice predicate,
	const struct claim_ref *claim)
{
	const struct pair_claims_changed *c = ctx;

	if (slice_equal(subject, c->place->subject) &&
		slice_equal(predicate, c->place->predicate))
		c->note(c->ctx, &(struct mark){claim->timestamp, claim->id});
	return 0;
}

static int claims_of_pair_changed(struct request *rq, const struct place *p,
	uint64_t seq, void (*note)(void *ctx, const struct mark *m), void *ctx)
{
	struct pair_claims_changed c = {.place = p, .note = note, .ctx = ctx};

	return changed_claims(rq->snap, seq, note_of_pair, &c);
}

const struct lines claims_lines = {
	.print = print_claims, .changed = claims_of_pair_changed};

static int print_history(struct request *rq, const struct place *p, struct mark *at,
	const struct mark *until, size_t enough, struct buf *out)
{
	return pair_history(rq->snap, p->subject, p->predicate, &at->number,
		until ? until->number : UINT64_MAX, enough, out);
}

struct events_changed {
	void (*note)(void *ctx, const struct mark *m);
	void *ctx;
};

static int note_event(void *ctx, uint64_t seq)
{
	const struct events_changed *c = ctx;

	c->note(c->ctx, &(struct mark){.number = seq});
	return 0;
}

/* Under other prefixes a word about a claim may hide what was said before. */
static int events_of_pair_changed(struct request *rq, const struct place *p,
	uint64_t seq, void (*note)(void *ctx, const struct mark *m), void *ctx)
{
	struct events_changed c = {.note = note, .ctx = ctx};

	if (p->context.cuts & ~(unsigned)CONTEXT_AT)
		return 1;
	return changed_history(
		rq->snap, p->subject, p->predicate, seq, note_event, &c);
}

const struct lines history_lines = {
	.print = print_history, .changed = events_of_pair_changed};

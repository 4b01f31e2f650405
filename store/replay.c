/* Bring the index up to the log: from where it stands, or from nothing.
 *
 * A batch of frames is one transaction, so that a rebuild that is interrupted goes
 * on where it stopped. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/change.h"
#include "store/internal.h"

enum {
	REPLAY_BATCH = 10000, /* frames in one transaction */
};

struct replay {
	struct index *index;
	struct wal *wal;
	const struct store_options *o;
	struct change change;
	uint64_t in_change; /* frames */
	uint64_t total;
	struct wal_position at; /* after the last frame applied */
	struct error *err;
};

static int flush(struct replay *r)
{
	int rc = change_finish(&r->change, r->at.offset, &r->at.chain);

	if (rc == 0)
		rc = change_commit(&r->change);
	if (rc < 0) {
		change_abort(&r->change);
		return fail(r->err, -rc, "index: %s", strerror(-rc));
	}
	r->in_change = 0;
	if (r->o->progress)
		r->o->progress(r->o->progress_ctx, "indexing", r->at.offset, 0);
	return 0;
}

static int visit(void *ctx, const struct frame *f)
{
	struct replay *r = ctx;
	int rc = 0;

	if (r->in_change == 0)
		rc = change_begin(
			&r->change, r->index, r->wal, false, r->o->sums_from);
	if (rc < 0)
		return fail(r->err, -rc, "index: %s", strerror(-rc));
	rc = change_apply(&r->change, f, r->err);
	if (rc < 0)
		return rc;
	r->at = (struct wal_position){
		.offset = f->offset + frame_size(f->length),
		.seq = f->seq,
		.received_at = f->received_at,
		.chain = f->chain,
	};
	r->total++;
	return ++r->in_change < REPLAY_BATCH ? 0 : flush(r);
}

/* Where the index stands. */
static int applied(struct index *ix, struct wal *wal, struct wal_position *out)
{
	struct meta_row m;
	MDB_txn *txn;
	int rc = index_begin(ix, MDB_RDONLY, &txn);

	if (rc < 0)
		return rc;
	rc = meta_read(txn, &m);
	mdb_txn_abort(txn);
	if (rc < 0)
		return rc;
	*out = (struct wal_position){
		.offset = m.log_end,
		.seq = m.seq,
		.received_at = m.received_at,
		.chain = m.head,
	};
	wal_expect(wal, m.reached);
	return 0;
}

int replay_log(struct wal *wal, struct index *ix, const struct store_options *o,
	struct wal_report *report, struct error *err)
{
	struct replay r = {.index = ix, .wal = wal, .o = o, .err = err};
	struct wal_position from;
	int rc = applied(ix, wal, &from);

	if (rc < 0)
		return fail(err, -rc, "index: %s", strerror(-rc));
	wal_report_free(report);
	rc = wal_recover(wal, &from, visit, &r, report, err);
	if (rc == 0 && r.in_change)
		rc = flush(&r);
	if (rc < 0)
		change_abort(&r.change);
	return rc;
}

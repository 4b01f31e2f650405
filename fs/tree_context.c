/* Context prefixes: from names in a path to struct context.
 *
 * Each adds one cut to those of the directory it stands in; the cuts are bits, so the order
 * of the prefixes means nothing. Moments are resolved when the name is looked up, against
 * the store's clock and not the reader's: asof/<t>/at/<t2> and at/<t2>/asof/<t> are one
 * tree, whichever is the earlier. */
#include <errno.h>

#include "core/moment.h"
#include "core/name.h"
#include "fs/listing.h"

/* ---- the prefixes ---- */

int prefix_exists(struct request *rq, const struct place *p)
{
	static const struct {
		const char *name;
		unsigned cut;
	} prefixes[] = {
		{"at", CONTEXT_AT},
		{"asof", CONTEXT_ASOF},
		{"stage", CONTEXT_STAGE},
		{"tier", CONTEXT_TIER},
		{"in-epoch", CONTEXT_EPOCH},
	};

	(void)rq;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strcmp(p->kind->name, prefixes[i].name) == 0)
			return p->context.cuts & prefixes[i].cut ? -ENOENT : 0;
	return 0;
}

/* Is its epoch known at its moment? Asked behind every prefix, so that at/<t>/in-epoch/<e>
 * and in-epoch/<e>/at/<t> exist together. */
int context_exists(struct request *rq, const struct place *p)
{
	bool any = false;
	int rc;

	if (!(p->context.cuts & CONTEXT_EPOCH))
		return 0;
	rc = request_snap(rq);
	return rc < 0 ? rc : epoch_find(rq->snap, p->context.epoch, any_id, &any);
}

/* ---- moments ---- */

/* The last record received by `at`; the request's snapshot has it. */
static int seq_at(struct request *rq, uint64_t at, uint64_t *seq)
{
	request_drop(rq); /* older, maybe; and not held while others commit */
	return store_seq_at(rq->tree->store, at, seq);
}

/* When record number seq came: 0 for the time before the first. */
static int time_of(struct request *rq, uint64_t seq, uint64_t *at)
{
	int rc;

	*at = 0;
	if (seq == 0)
		return 0;
	rc = request_snap(rq);
	return rc < 0 ? rc : seq_time(rq->snap, seq, at);
}

/* A moment of the log: its time, and the last record until then. */
static int resolve(struct request *rq, struct slice name, enum moment_edge edge,
	uint64_t *at, uint64_t *seq)
{
	int rc = moment_parse_seq(name, seq);

	if (rc == 0)
		return time_of(rq, *seq, at);
	rc = moment_parse(name, edge, at);
	return rc < 0 ? rc : seq_at(rq, *at, seq);
}

int at_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	struct context *c = &place->context;

	(void)dir;
	(void)scratch;
	c->cuts |= CONTEXT_AT;
	return resolve(rq, name, MOMENT_END, &c->at, &c->seq);
}

int asof_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	struct context *c = &place->context;
	int rc = moment_parse(name, MOMENT_END, &c->asof);

	(void)dir;
	(void)scratch;
	if (rc < 0)
		return rc;
	c->cuts |= CONTEXT_ASOF;
	return c->asof < store_now(rq->tree->store) ? 0 : -ENOENT;
}

int since_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	uint64_t at;

	(void)dir;
	(void)scratch;
	return resolve(rq, name, MOMENT_START, &at, &place->since);
}

/* "seq-<N>": a link, so that who enters it stays at one moment. */
int now_link(struct request *rq, const struct place *p, struct buf *out)
{
	struct snap_totals totals;
	int rc = request_snap(rq);

	(void)p;
	if (rc < 0)
		return rc;
	snap_see(rq->snap, NULL); /* the last one there is, seen or not */
	snap_totals(rq->snap, &totals);
	snap_see(rq->snap, rq->context);
	buf_printf(out, "seq-%llu", (unsigned long long)totals.seq);
	return 0;
}

int ago_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	uint64_t then;

	(void)dir;
	(void)scratch;
	(void)place;
	return moment_parse_ago(name, store_now(rq->tree->store), &then);
}

int ago_link(struct request *rq, const struct place *p, struct buf *out)
{
	uint64_t then;
	int rc = moment_parse_ago(place_leaf(p), store_now(rq->tree->store), &then);

	if (rc == 0)
		buf_printf(out, "@%llu", (unsigned long long)then);
	return rc;
}

/* ---- which claims ---- */

/* The number of a word, or -ENOENT. */
static int number_of(
	struct slice word, const char *(*name_of)(uint8_t), uint8_t *out)
{
	for (uint8_t i = 0; name_of(i); i++) {
		if (!slice_is(word, name_of(i)))
			continue;
		*out = i;
		return 0;
	}
	return -ENOENT;
}

int stage_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	(void)rq;
	(void)dir;
	(void)scratch;
	place->context.cuts |= CONTEXT_STAGE;
	return number_of(name, lifecycle_name, &place->context.stage);
}

int tier_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	(void)rq;
	(void)dir;
	(void)scratch;
	place->context.cuts |= CONTEXT_TIER;
	return number_of(name, source_class_name, &place->context.tier);
}

/* Whether there is such an epoch, context_exists() says. */
int in_epoch_row_find(struct request *rq, const struct place *dir,
	struct slice name, struct buf *scratch, struct place *place)
{
	int rc = name_decode(name, scratch);

	(void)rq;
	(void)dir;
	if (rc < 0)
		return rc;
	place->context.cuts |= CONTEXT_EPOCH;
	place->context.epoch = slice_of(scratch->p, scratch->n);
	return 0;
}

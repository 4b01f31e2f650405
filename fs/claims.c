#include "fs/claims.h"

#include <errno.h>

enum {
	IDS_FIRST = 64,
};

static int grow(struct id_list *l)
{
	size_t room = l->room ? l->room * 2 : IDS_FIRST;
	struct id *ids = arena_alloc(l->arena, room * sizeof(*ids));

	if (!ids)
		return -ENOMEM;
	if (l->n)
		memcpy(ids, l->ids, l->n * sizeof(*ids));
	l->ids = ids;
	l->room = room;
	return 0;
}

int id_list_add(void *ctx, const struct id *id)
{
	struct id_list *l = ctx;

	l->more = l->max && l->n == l->max;
	l->failed = l->failed || (l->n == l->room && !l->more && grow(l) < 0);
	if (l->more || l->failed)
		return 1;
	l->ids[l->n++] = *id;
	return 0;
}

struct claim claim_of(const struct assertion *a)
{
	return (struct claim){
		.id = a->id,
		.record = &a->record,
		.signers = a->signers,
		.signer_count = a->signer_count,
		.state = !a->withdrawn ? CLAIM_STANDS
			 : a->replaced ? CLAIM_REPLACED
				       : CLAIM_WITHDRAWN,
		.by = a->by,
		.lifecycle = a->lifecycle,
		.source_class = a->source_class,
	};
}

int claims_printer_visit(void *ctx, const struct id *id)
{
	ARENA_AUTO(arena);
	struct claims_printer *c = ctx;
	struct assertion a;
	struct claim claim;
	struct mark at = {.id = *id};

	c->rc = assertion_load(c->snap, id, &arena, &a);
	if (c->rc < 0)
		return 1;
	at.number = a.record.timestamp;
	if (c->until && mark_compare(&at, c->until) > 0)
		return 1;
	claim = claim_of(&a);
	claim_print_listed(&claim, c->out);
	*c->at = at;
	return c->out->failed || c->out->n >= c->full;
}

int claims_printer_end(const struct claims_printer *c, int rc)
{
	return rc < 0 ? rc : c->rc;
}

struct finding {
	struct request *rq;
	const struct place *place;
	int (*has)(struct request *rq, const struct place *p,
		const struct claim_ref *claim);
	void (*note)(void *ctx, const struct mark *m);
	void *ctx;
	int rc;
};

static int find_listed(void *ctx, struct slice subject, struct slice predicate,
	const struct claim_ref *claim)
{
	struct finding *f = ctx;
	int rc;

	(void)subject;
	(void)predicate;
	rc = f->has(f->rq, f->place, claim);
	if (rc == 0)
		f->note(f->ctx, &(struct mark){claim->timestamp, claim->id});
	f->rc = rc == -ENOENT ? 0 : rc;
	return f->rc < 0;
}

int claims_changed(struct request *rq, const struct place *p, uint64_t seq,
	int (*has)(struct request *rq, const struct place *p,
		const struct claim_ref *claim),
	void (*note)(void *ctx, const struct mark *m), void *ctx)
{
	struct finding f = {
		.rq = rq, .place = p, .has = has, .note = note, .ctx = ctx};
	int rc = changed_claims(rq->snap, seq, find_listed, &f);

	return rc ? rc : f.rc;
}

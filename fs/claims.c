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

static int print(struct snap *s, const struct id *id, struct buf *out)
{
	ARENA_AUTO(arena);
	struct assertion a;
	struct claim c;
	int rc = assertion_load(s, id, &arena, &a);

	if (rc < 0)
		return rc;
	c = claim_of(&a);
	claim_print_listed(&c, out);
	return 0;
}

int claims_print(struct snap *s, const struct id_list *ids, struct buf *out)
{
	int rc = ids->failed ? -ENOMEM : 0;

	for (size_t i = 0; rc == 0 && i < ids->n; i++)
		rc = print(s, &ids->ids[i], out);
	return rc;
}

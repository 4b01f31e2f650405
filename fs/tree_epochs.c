/* epochs/<name>/: the paradigms of that name, and what was claimed in them. Names are not
 * unique: each id that bears one has a line. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/name.h"
#include "core/render.h"
#include "fs/claims.h"
#include "fs/listing.h"

int epoch_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	bool any = false;
	int rc = name_decode(name, scratch);

	(void)dir;
	if (rc == 0)
		rc = request_snap(rq);
	if (rc == 0)
		rc = buf_view(scratch, &place->name);
	if (rc == 0)
		rc = epoch_find(rq->snap, place->name, any_id, &any);
	return rc < 0 ? rc : any ? 0 : -ENOENT;
}

int epoch_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	struct name_adder n = {.to = to, .type = S_IFDIR};
	int rc = request_snap(rq);

	(void)dir;
	if (rc == 0)
		rc = epoch_list(rq->snap, after, name_adder_visit, &n);
	return name_adder_end(&n, rc);
}

/* ---- epoch.json ---- */

static void field_supersession(const struct epoch *e, struct buf *out)
{
	field_text(
		"supersession", slice_str(supersession_name(e->supersession)), out);
	field_bool("in_force", e->in_force, out);
}

static int print_successor(struct snap *s, const struct id *id, struct buf *out)
{
	ARENA_AUTO(arena);
	struct epoch e;
	int rc = epoch_load(s, id, &arena, &e);

	if (rc < 0)
		return rc;
	list_next(out);
	buf_byte(out, '{');
	field_id("id", &e.id, out);
	field_text("name", e.name, out);
	field_supersession(&e, out);
	buf_byte(out, '}');
	return 0;
}

static int print_successors(struct snap *s, const struct id *id, struct buf *out)
{
	ARENA_AUTO(arena);
	struct id_list ids = {.arena = &arena};
	int rc = epoch_successors(s, id, id_list_add, &ids);

	if (rc == 0 && ids.failed)
		rc = -ENOMEM;
	json_print_key("superseded_by", out);
	buf_byte(out, '[');
	for (size_t i = 0; rc == 0 && i < ids.n; i++)
		rc = print_successor(s, &ids.ids[i], out);
	buf_byte(out, ']');
	return rc;
}

static int print_epoch(struct snap *s, const struct id *id, struct buf *out)
{
	ARENA_AUTO(arena);
	struct epoch e;
	int rc = epoch_load(s, id, &arena, &e);

	if (rc < 0)
		return rc;
	buf_byte(out, '{');
	field_id("id", &e.id, out);
	field_text("name", e.name, out);
	field_when("timestamp", e.timestamp, out);
	field_agents("signers", e.signers, e.signer_count, out);
	if (e.supersession != SUPERSESSION_NONE) {
		field_id("supersedes", &e.target, out);
		field_supersession(&e, out);
	}
	rc = print_successors(s, id, out);
	field_bool("hidden", e.hidden, out);
	buf_str(out, "}\n");
	return rc;
}

static int find_bearers(
	struct request *rq, const struct place *p, struct id_list *out)
{
	int rc = epoch_find(rq->snap, p->name, id_list_add, out);

	return rc == 0 && out->failed ? -ENOMEM : rc;
}

int epoch_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	ARENA_AUTO(arena);
	struct id_list ids = {.arena = &arena};
	int rc = find_bearers(rq, p, &ids);

	(void)attr;
	for (size_t i = 0; rc == 0 && i < ids.n; i++)
		rc = print_epoch(rq->snap, &ids.ids[i], out);
	return rc;
}

/* ---- claims.jsonl ---- */

struct dated {
	struct id id;
	uint64_t timestamp;
};

static int by_time(const void *left, const void *right)
{
	const struct dated *a = left, *b = right;

	if (a->timestamp != b->timestamp)
		return a->timestamp < b->timestamp ? -1 : 1;
	return id_compare(&a->id, &b->id);
}

/* Claims of several epochs, each in order, into one order. A claim has one epoch. */
static int sort_claims(struct snap *s, struct id_list *ids)
{
	struct dated *all = arena_alloc(ids->arena, ids->n * sizeof(*all));

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < ids->n; i++) {
		ARENA_AUTO(arena);
		struct assertion a;
		int rc = assertion_load(s, &ids->ids[i], &arena, &a);

		if (rc < 0)
			return rc;
		all[i] = (struct dated){a.id, a.record.timestamp};
	}
	qsort(all, ids->n, sizeof(*all), by_time);
	for (size_t i = 0; i < ids->n; i++)
		ids->ids[i] = all[i].id;
	return 0;
}

int epoch_claims_render(struct request *rq, const struct place *p,
	struct attr *attr, struct buf *out)
{
	ARENA_AUTO(arena);
	struct id_list epochs = {.arena = &arena}, ids = {.arena = &arena};
	int rc = find_bearers(rq, p, &epochs);

	(void)attr;
	for (size_t i = 0; rc == 0 && i < epochs.n; i++)
		rc = epoch_claims(rq->snap, &epochs.ids[i], id_list_add, &ids);
	if (rc == 0 && !ids.failed && epochs.n > 1)
		rc = sort_claims(rq->snap, &ids);
	return rc < 0 ? rc : claims_print(rq->snap, &ids, out);
}

/* epochs/<name>/: the paradigms of that name, and what was claimed in them. Names are not
 * unique: each id that bears one has a line. */
#include <errno.h>
#include <sys/stat.h>

#include "core/render.h"
#include "fs/claims.h"
#include "fs/listing.h"

int epoch_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	bool any = false;
	int rc = name_asked(rq, name, scratch, &place->name);

	(void)dir;
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

static int print_lines(struct request *rq, const struct place *p, struct mark *at,
	const struct mark *until, size_t enough, struct buf *out)
{
	ARENA_AUTO(arena);
	struct id_list epochs = {.arena = &arena};
	struct claim_ref behind = claim_at(at);
	struct claims_printer c = {rq->snap, at, until, out->n + enough, out, 0};
	int rc = find_bearers(rq, p, &epochs);

	return rc < 0 ? rc
		      : claims_printer_end(
				&c, epoch_claims(rq->snap, epochs.ids, epochs.n,
					    &behind, claims_printer_visit, &c));
}

static int lists(
	struct request *rq, const struct place *p, const struct claim_ref *claim)
{
	ARENA_AUTO(arena);
	struct id_list epochs = {.arena = &arena};
	int rc = find_bearers(rq, p, &epochs);

	if (rc < 0)
		return rc;
	rc = -ENOENT;
	for (size_t i = 0; rc == -ENOENT && i < epochs.n; i++)
		rc = epoch_has(rq->snap, &epochs.ids[i], claim);
	return rc;
}

static int changed(struct request *rq, const struct place *p, uint64_t seq,
	void (*note)(void *ctx, const struct mark *m), void *ctx)
{
	return claims_changed(rq, p, seq, lists, note, ctx);
}

const struct lines epoch_lines = {.print = print_lines, .changed = changed};

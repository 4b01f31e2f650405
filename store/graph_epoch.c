/* Epochs by name, what came behind them, what belongs to them. */
#include <errno.h>

#include "store/graph_walk.h"

/* -ENOENT: no epoch that is seen has that id. */
static int epoch_by_id(
	struct snap *s, const struct id *id, id_visit *visit, void *ctx)
{
	struct id_row row = {0};
	int rc = source_id(&s->source, id, &row);

	if (rc < 0)
		return rc;
	if (row.kind != RECORD_EPOCH ||
		!context_sees(&s->source.context, row.seq, row.timestamp))
		return -ENOENT;
	(void)visit(ctx, id);
	return 0;
}

int epoch_find(struct snap *s, struct slice name, id_visit *visit, void *ctx)
{
	struct row_key named;
	struct id id;
	uint64_t cookie;
	int rc;

	if (hex_parse(name, id.b, ID_SIZE) == 0)
		return epoch_by_id(s, &id, visit, ctx);
	if (name.n == 0 || name.n > NAME_MAX_BYTES)
		return -ENOENT;
	named = row_key_bearing(KEY_EPOCH, name);
	rc = list_seen(s, &named, &cookie);
	return rc < 0 ? rc : list_ids(s, &named, visit, ctx);
}

static int epoch_seen(struct snap *s, void *of, struct slice name,
	const struct row_key *below, uint64_t *cookie)
{
	(void)of;
	(void)name;
	return list_seen(s, below, cookie);
}

int epoch_list(struct snap *s, uint64_t after, name_visit *visit, void *ctx)
{
	struct names names = {.prefix = row_key_tag(KEY_EPOCH), .seen = epoch_seen};
	struct record r = {0};
	BUF_AUTO(scratch);

	if (after) {
		int rc = cookie_record(s, after, RECORD_EPOCH, &scratch, &r);

		if (rc < 0)
			return rc;
		names.behind = r.name;
	}
	return list_named(s, &names, visit, ctx);
}

int epoch_successors(
	struct snap *s, const struct id *id, id_visit *visit, void *ctx)
{
	struct row_key prefix = row_key_hanging(KEY_SUCCESSOR, id);

	return list_ids(s, &prefix, visit, ctx);
}

int epoch_claims(struct snap *s, const struct id *id, id_visit *visit, void *ctx)
{
	struct row_key prefix = row_key_hanging(KEY_EPOCH_CLAIM, id);

	return list_ids(s, &prefix, visit, ctx);
}

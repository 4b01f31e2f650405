/* Epochs by name, what came behind them, what belongs to them. */
#include <errno.h>
#include <stdlib.h>

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
	return rc < 0 ? rc : list_ids(s, &named, NULL, visit, ctx);
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
	int rc = cookie_record(s, after, RECORD_EPOCH, &scratch, &r);
	if (rc < 0)
		return rc;
	names.behind = r.name;
	return list_named(s, &names, visit, ctx);
}

int epoch_successors(
	struct snap *s, const struct id *id, id_visit *visit, void *ctx)
{
	struct row_key prefix = row_key_hanging(KEY_SUCCESSOR, id);

	return list_ids(s, &prefix, NULL, visit, ctx);
}

/* ---- what belongs to them ---- */

/* The lists of several epochs, the walk of each at its next claim. */
struct merge {
	struct branch {
		struct list_walk walk;
		int rc; /* -ENOENT: at its end */
	} * branches;
	size_t n;
};

static void merge_end(struct merge *m)
{
	for (size_t i = 0; i < m->n; i++)
		list_walk_end(&m->branches[i].walk);
	free(m->branches);
}

static bool comes_first(const struct branch *a, const struct branch *b)
{
	const struct listed *x = &a->walk.at, *y = &b->walk.at;

	if (x->timestamp != y->timestamp)
		return x->timestamp < y->timestamp;
	return id_compare(&x->id, &y->id) < 0;
}

/* The one whose claim is the next of all; a claim has one epoch. */
static int next_branch(const struct merge *m, struct branch **out)
{
	*out = NULL;
	for (size_t i = 0; i < m->n; i++) {
		struct branch *b = &m->branches[i];

		if (b->rc < 0 && b->rc != -ENOENT)
			return b->rc;
		if (b->rc == 0 && (!*out || comes_first(b, *out)))
			*out = b;
	}
	return *out ? 0 : -ENOENT;
}

int epoch_claims(struct snap *s, const struct id *ids, size_t n,
	const struct claim_ref *behind, id_visit *visit, void *ctx)
{
	__attribute__((cleanup(merge_end))) struct merge m = {
		.branches = calloc(n + 1, sizeof(*m.branches)), .n = n};
	struct branch *b;
	int rc;

	if (!m.branches) {
		m.n = 0;
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		struct row_key prefix = row_key_hanging(KEY_EPOCH_CLAIM, &ids[i]);

		b = &m.branches[i];
		b->rc = listed_behind(s, &prefix, behind, &b->walk);
	}
	while ((rc = next_branch(&m, &b)) == 0) {
		if (visit(ctx, &b->walk.at.id))
			return 0;
		b->rc = listed_next(s, &b->walk);
	}
	return rc == -ENOENT ? 0 : rc;
}

int epoch_has(struct snap *s, const struct id *id, const struct claim_ref *claim)
{
	return list_has(s, row_key_hanging(KEY_EPOCH_CLAIM, id), claim);
}

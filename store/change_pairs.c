/* The pairs of a change: the row of each is read once and written once.
 *
 * A table from keys to what is known of these pairs; a key is two hashes, so that its
 * bytes are as good as any hash of it. At the end those that records touched are resolved,
 * in the order of their keys: neighbours in the index follow each other. */
#include <errno.h>
#include <stdlib.h>

#include "core/sets.h"
#include "store/graph.h"
#include "store/history.h"
#include "store/pair.h"
#include "store/sums.h"

enum {
	SLOTS_FIRST = 64,
};

struct change_pair {
	struct pair_key key;
	bool there; /* the pair has a row */
	bool changed;
	bool touched;
	struct pair_row row;
	struct history *history; /* NULL: it is what the row says */
	uint64_t seq;		 /* of the last record that touched it */
	struct slice subject;	 /* where it was touched */
	struct slice predicate;
};

/* ---- the table ---- */

/* Where the pair is, or belongs. There is room. */
static size_t slot_of(const struct change_pairs *t, const struct pair_key *p)
{
	size_t i = (size_t)(u64_at(p->b + 1) ^ u64_at(p->b + PAIR_KEY - HASH_SIZE));

	for (;; i++) {
		struct change_pair *at = t->slots[i &= t->size - 1];

		if (!at || memcmp(at->key.b, p->b, PAIR_KEY) == 0)
			return i;
	}
}

/* Twice the size. */
static int grow(struct change_pairs *t)
{
	struct change_pairs old = *t;

	t->size = old.size ? old.size * 2 : SLOTS_FIRST;
	t->slots = calloc(t->size, sizeof(struct change_pair *));
	if (!t->slots) {
		*t = old;
		return -ENOMEM;
	}
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i])
			t->slots[slot_of(t, &old.slots[i]->key)] = old.slots[i];
	free(old.slots);
	return 0;
}

/* It lies where the transaction will write. */
static int keep(struct change *c, struct slice *s)
{
	if (s->n == 0)
		return 0;
	*s = arena_copy(&c->arena, *s);
	return s->p ? 0 : -ENOMEM;
}

/* The row as the index has it, kept from now on. */
static int load(struct change *c, struct change_pair *pair)
{
	struct pair_row *row = &pair->row;
	int rc = pair_row_read(c->source.txn, &pair->key, row);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	pair->there = true;
	rc = keep(c, &row->view.signers);
	return rc < 0 ? rc : keep(c, &row->history);
}

static int find(
	struct change *c, const struct pair_key *p, struct change_pair **out)
{
	struct change_pairs *t = &c->pairs;
	struct change_pair **slot;
	int rc;

	if (t->count >= t->size / 2) {
		rc = grow(t);
		if (rc < 0)
			return rc;
	}
	slot = &t->slots[slot_of(t, p)];
	if (!*slot) {
		struct change_pair *new = arena_alloc(&c->arena, sizeof(*new));

		if (!new)
			return -ENOMEM;
		new->key = *p;
		rc = load(c, new);
		if (rc < 0)
			return rc;
		*slot = new;
		t->count++;
	}
	*out = *slot;
	return 0;
}

int change_pair(struct change *c, const struct pair_key *p, struct pair_row *out)
{
	struct change_pair *pair;
	int rc = find(c, p, &pair);

	if (rc < 0)
		return rc;
	if (!pair->there)
		return -ENOENT;
	*out = pair->row;
	return 0;
}

int change_pair_set(
	struct change *c, const struct pair_key *p, const struct pair_row *row)
{
	struct change_pair *pair;
	int rc = find(c, p, &pair);

	if (rc < 0)
		return rc;
	pair->row = *row;
	pair->there = pair->changed = true;
	return 0;
}

int change_history(struct change *c, const struct pair_key *p, uint64_t seq)
{
	struct touch t = {.seq = seq, .since = c->meta.seq};
	struct change_pair *pair;
	int rc = find(c, p, &pair);

	if (rc == 0 && !pair->history) {
		pair->history = arena_alloc(&c->arena, sizeof(*pair->history));
		rc = pair->history ? history_unpack(pair->row.history,
					     pair->row.generation, pair->history)
				   : -ENOMEM;
	}
	return rc < 0 ? rc : history_add(c->source.txn, p, pair->history, &t);
}

int change_touch(struct change *c, const struct pair_key *p, struct slice subject,
	struct slice predicate)
{
	struct change_pair *pair;
	int rc = find(c, p, &pair);

	if (rc < 0)
		return rc;
	if (!pair->touched) {
		pair->subject = arena_copy(&c->arena, subject);
		pair->predicate = arena_copy(&c->arena, predicate);
		if (!pair->subject.p || !pair->predicate.p)
			return -ENOMEM;
	}
	pair->touched = true;
	pair->seq = c->meta.seq;
	return 0;
}

void change_touched(const struct change *c,
	void (*visit)(void *ctx, const struct pair_key *p), void *ctx)
{
	for (size_t i = 0; i < c->pairs.size; i++)
		if (c->pairs.slots[i] && c->pairs.slots[i]->touched)
			visit(ctx, &c->pairs.slots[i]->key);
}

void change_pairs_free(struct change_pairs *t)
{
	free(t->slots);
	*t = (struct change_pairs){.size = 0};
}

/* ---- resolving ---- */

/* From running sums where the pair keeps them, else from all candidates; a pair that has
 * grown large begins to keep them. */
static int decide_view(struct change *c, struct change_pair *pair, struct arena *a)
{
	struct pair_row *row = &pair->row;
	uint32_t rows = 0;
	int rc = sums_current(c, &pair->key, row);

	if (rc < 0)
		return rc;
	if (row->sums == SUMS_KEPT)
		return sums_resolve(c, &pair->key, pair->predicate, a, &row->view);
	rc = pair_decide(
		&c->source, &pair->key, pair->predicate, a, &row->view, &rows);
	if (rc < 0 || rows < c->sums_from)
		return rc;
	row->sums = SUMS_KEPT;
	row->rights_seq = c->meta.rights_seq;
	return sums_start(c, &pair->key);
}

static int list_contested(struct change *c, const struct change_pair *pair, bool is)
{
	uint64_t first = 0;
	int rc = pair_first(c->source.txn, pair->subject, pair->predicate, &first);

	return rc < 0 ? rc
		      : graph_contested(
				c, pair->subject, pair->predicate, first, !is, is);
}

/* With the history that it has now. */
static int write(struct change *c, const struct change_pair *pair)
{
	struct pair_row row = pair->row;
	uint8_t packed[HISTORY_PACKED_MAX];

	if (pair->history)
		row.history = slice_of(packed,
			history_pack(pair->history, row.generation, packed));
	return pair_row_write(c->source.txn, &pair->key, &row);
}

static int resolve(struct change *c, struct change_pair *pair)
{
	ARENA_AUTO(a);
	struct pair_row *row = &pair->row;
	bool was = row->view.status == STATUS_CONTESTED, is;
	int rc;

	if (!pair->there)
		return -EBADMSG;
	rc = decide_view(c, pair, &a);
	if (rc < 0)
		return rc;
	if (!c->sweeping)
		row->generation = pair->seq;
	is = row->view.status == STATUS_CONTESTED;
	if (was != is)
		rc = list_contested(c, pair, is);
	return rc < 0 ? rc : write(c, pair);
}

static int by_key(const void *a, const void *b)
{
	const struct change_pair *x = *(struct change_pair *const *)a;
	const struct change_pair *y = *(struct change_pair *const *)b;

	return memcmp(x->key.b, y->key.b, PAIR_KEY);
}

/* Those that there is something to do for, in order. */
static int list_changed(struct change *c, struct change_pair ***out, size_t *count)
{
	const struct change_pairs *t = &c->pairs;
	struct change_pair **list = arena_alloc(
		&c->arena, (t->count + 1) * sizeof(struct change_pair *));
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < t->size; i++)
		if (t->slots[i] && (t->slots[i]->touched || t->slots[i]->changed))
			list[n++] = t->slots[i];
	if (n)
		qsort(list, n, sizeof(struct change_pair *), by_key);
	*out = list;
	*count = n;
	return 0;
}

int change_resolve(struct change *c)
{
	struct change_pair **list;
	size_t n;
	int rc = list_changed(c, &list, &n);

	/* no setting is written from here on */
	if (rc == 0 && n > 1)
		c->source.memory =
			arena_alloc(&c->arena, sizeof(*c->source.memory));
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = list[i]->touched ? resolve(c, list[i]) : write(c, list[i]);
	c->source.memory = NULL;
	return rc;
}

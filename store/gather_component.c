/* What hangs together: from claim to claim along parents and supersessions, in both
 * directions. */
#include <errno.h>
#include <stdlib.h>

#include "store/gather.h"

int claim_ref_compare(const void *a, const void *b)
{
	const struct claim_ref *x = a, *y = b;

	if (x->timestamp != y->timestamp)
		return x->timestamp < y->timestamp ? -1 : 1;
	return id_compare(&x->id, &y->id);
}

/* The search: all claims found, sorted; and those whose neighbours are still to come. */
struct search {
	const struct source *source;
	const struct pair_key *pair;
	struct buf *found; /* struct claim_ref */
	struct buf ahead;  /* struct claim_ref */
};

static void search_end(struct search *s)
{
	buf_free(&s->ahead);
}

/* Where ref stands among those found, or where it belongs. */
static size_t place_of(const struct search *s, const struct claim_ref *ref)
{
	const struct claim_ref *list = (const void *)s->found->p;
	size_t low = 0, high = s->found->n / sizeof(*list);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (claim_ref_compare(&list[middle], ref) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add(struct search *s, const struct claim_ref *ref)
{
	size_t at = place_of(s, ref), n = s->found->n / sizeof(*ref);
	struct claim_ref *list = (void *)s->found->p;

	if (at < n && claim_ref_compare(&list[at], ref) == 0)
		return;
	buf_add(s->found, ref, sizeof(*ref));
	buf_add(&s->ahead, ref, sizeof(*ref));
	if (s->found->failed)
		return;
	list = (void *)s->found->p; /* it may have moved */
	memmove(&list[at + 1], &list[at], (n - at) * sizeof(*ref));
	list[at] = *ref;
}

/* Add the claim of that id, if it is one of this pair. */
static int add_id(struct search *s, const struct id *id)
{
	struct claim_ref ref = {.id = *id};
	struct id_row row = {0};
	struct row_key k;
	MDB_val v;
	int rc = source_id(s->source, id, &row);

	if (rc == 0 && row.kind == RECORD_ASSERTION) {
		ref.timestamp = row.timestamp;
		k = row_key_claim(s->pair, ref.timestamp, id);
		rc = row_get(s->source->txn, &k, &v);
		if (rc == 0)
			add(s, &ref);
	}
	return rc == -ENOENT ? 0 : rc;
}

static int add_parent(struct search *s, const struct row_key *claim)
{
	struct claim_columns c = {0};
	MDB_val v;
	int rc = row_get(s->source->txn, claim, &v);

	if (rc == -ENOENT)
		return 0; /* it is about to come */
	if (rc == 0)
		rc = claim_columns_read(slice_of(v.mv_data, v.mv_size), &c);
	if (rc < 0 || !(c.row.has & CLAIM_PARENT))
		return rc;
	return add_id(s, &c.parent);
}

/* What takes its place, by supersession records. */
static int add_replacements(struct search *s, struct row_key claim)
{
	WALK_AUTO(w);
	int rc;

	row_key_byte(&claim, KEY_WITHDRAWAL);
	rc = walk_start(&w, s->source->txn, &claim);
	for (; rc == 0; rc = walk_next(&w)) {
		struct withdrawal_row row;

		if (w.value.mv_size != sizeof(row))
			return -EBADMSG;
		memcpy(&row, w.value.mv_data, sizeof(row));
		rc = row.replaces ? add_id(s, &row.by) : 0;
		if (rc < 0)
			return rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

/* What hangs on it. */
static int add_links(struct search *s, const struct id *id)
{
	struct row_key prefix = row_key_links(s->pair, id);
	WALK_AUTO(w);
	int rc = walk_start(&w, s->source->txn, &prefix);

	for (; rc == 0; rc = walk_next(&w)) {
		const uint8_t *key = w.key.mv_data;
		struct claim_ref ref;

		if (w.key.mv_size != prefix.n + 8 + ID_SIZE)
			return -EBADMSG;
		ref.timestamp = be64_at(key + prefix.n);
		memcpy(ref.id.b, key + prefix.n + 8, ID_SIZE);
		add(s, &ref);
	}
	return rc == -ENOENT ? 0 : rc;
}

int gather_component(const struct source *source, const struct pair_key *p,
	const struct claim_ref *claim, struct buf *out)
{
	__attribute__((cleanup(search_end))) struct search s = {
		.source = source, .pair = p, .found = out};
	int rc = 0;

	add(&s, claim);
	while (rc == 0 && s.ahead.n > 0) {
		struct claim_ref at;
		struct row_key k;

		s.ahead.n -= sizeof(at);
		memcpy(&at, s.ahead.p + s.ahead.n, sizeof(at));
		k = row_key_claim(p, at.timestamp, &at.id);
		rc = add_parent(&s, &k);
		if (rc == 0)
			rc = add_replacements(&s, k);
		if (rc == 0)
			rc = add_links(&s, &at.id);
	}
	if (rc < 0)
		return rc;
	return out->failed || s.ahead.failed ? -ENOMEM : 0;
}

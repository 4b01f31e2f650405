#include "store/pair.h"

#include <errno.h>

#include "core/canon.h"
#include "core/json.h"
#include "core/sets.h"

struct locator claim_locator(const struct candidate *c)
{
	return (struct locator){.offset = c->locator, .length = c->locator_length};
}

struct cluster_hash cluster_hash(const struct object *o)
{
	struct id h = id_of_two(slice_of(&o->kind, 1), o->text);
	struct cluster_hash out;

	memcpy(out.b, h.b, HASH_SIZE);
	return out;
}

uint64_t source_hash(const struct record *r)
{
	struct id h;
	uint64_t v;

	if (!(r->has & HAS_SOURCE))
		return 0;
	h = id_of(r->source);
	v = be64_at(h.b);
	return v ? v : 1;
}

/* Where the bodies of one resolution come from, and where they stay. */
struct body_reader {
	const struct source *source;
	struct arena *arena;
};

static int read_body(void *ctx, const struct candidate *claim, struct record *out)
{
	const struct body_reader *b = ctx;
	struct locator at = claim_locator(claim);
	struct frame frame = {0};
	BUF_AUTO(scratch);
	int rc = source_record(b->source, &at, &claim->id, &scratch, &frame, out);
	struct slice kept = {0};

	if (rc < 0)
		return rc;
	/* the record borrows from the scratch: once more, from bytes that stay */
	kept = arena_copy(b->arena, frame.canonical);
	return kept.p ? canon_decode(kept, out, NULL) : -ENOMEM;
}

int pair_resolve(const struct source *s, const struct pair_key *p,
	struct slice subject, struct slice predicate, struct pair_view *out)
{
	ARENA_AUTO(a);
	struct body_reader reader = {.source = s, .arena = &a};
	struct bodies bodies = {.read = read_body, .ctx = &reader};
	struct candidates in = {0};
	struct tally t = {0};
	struct lens_input input = {.in = &in, .tally = &t};
	struct lens_view view = {0};
	int rc = pair_candidates(s, p, false, &a, &in);

	in.set = predicate_is_set(predicate);
	if (rc == 0)
		rc = tally(&in, &a, &t);
	if (rc == 0)
		rc = lens_resolve(lens_find(slice_str("consensus")), &input,
			&bodies, subject, predicate, &a, &view);
	if (rc < 0)
		return rc;
	out->status = view.r.status;
	out->candidates = in.claim_count;
	out->rows = in.claim_count + in.signer_count + in.ballot_count;
	out->winner = view.winner == NO_INDEX
			      ? (struct locator){0}
			      : claim_locator(&in.claims[view.winner]);
	lens_print_value(&view, &out->value);
	return lens_print(&view, &out->line);
}

void pair_view_free(struct pair_view *v)
{
	buf_free(&v->line);
	buf_free(&v->value);
}

int pair_row_read(MDB_txn *txn, const struct pair_key *p, struct pair_row *row,
	struct slice *view)
{
	struct row_key k = row_key_pair(p);
	MDB_val v;
	int rc = row_get(txn, &k, &v);

	if (rc < 0)
		return rc;
	if (v.mv_size < sizeof(*row))
		return -EBADMSG;
	memcpy(row, v.mv_data, sizeof(*row));
	if (v.mv_size != sizeof(*row) + row->view_length)
		return -EBADMSG;
	if (view)
		*view = slice_of((const uint8_t *)v.mv_data + sizeof(*row),
			row->view_length);
	return 0;
}

int pair_row_write(MDB_txn *txn, const struct pair_key *p, struct pair_row *row,
	struct slice view)
{
	struct row_key k = row_key_pair(p);

	row->view_length = (uint32_t)view.n;
	return row_put_two(
		txn, &k, slice_of((const uint8_t *)row, sizeof(*row)), view);
}

int pair_row_mend(
	MDB_txn *txn, const struct pair_key *p, const struct pair_row *row)
{
	struct pair_row old = {0}, now = *row;
	struct slice view = {0};
	BUF_AUTO(copy);
	int rc = pair_row_read(txn, p, &old, &view);

	if (rc < 0)
		return rc;
	buf_slice(&copy, view); /* it lies where it will be written */
	if (buf_view(&copy, &view) < 0)
		return -ENOMEM;
	return pair_row_write(txn, p, &now, view);
}

void pair_view_names(struct slice subject, struct slice predicate, struct buf *out)
{
	buf_byte(out, '{');
	json_print_key("subject", out);
	json_print_string(subject, out);
	json_print_key("predicate", out);
	json_print_string(predicate, out);
}

bool pair_view_is(struct slice view, struct slice subject, struct slice predicate)
{
	BUF_AUTO(want);
	struct slice w = {0};

	pair_view_names(subject, predicate, &want);
	return buf_view(&want, &w) == 0 && view.n >= w.n &&
	       memcmp(view.p, w.p, w.n) == 0;
}

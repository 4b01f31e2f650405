/* The row of a pair: nearly every pair is small, and so are its numbers.
 *
 *	2      bits: see below
 *	       generation
 *	       seqs from the winner to there, where it is another (BIT_EARLIER)
 *	       rights_seq, where sums are kept
 *	       candidates, agents: unless they are one and one
 *	       conflict, where it is not 0
 *	       support, of a winner
 *	       total less support, where it is not 0
 *	       how many bytes of history follow, and these: unless the record of that
 *	       generation is the only one that touched it (store/history.h)
 *	       signers up to the end, where others stand behind the winner than signed it
 *
 * All but the bits and the history are packed numbers (store/packed.h). The log offset of what brought the
 * pair stands in the row of its predicate, the winner's in that of its event: these are
 * read where they are needed. */
#include <errno.h>

#include "core/bytes.h"
#include "store/history.h"
#include "store/pair.h"

enum row_bits {
	BITS_STATUS = 0, /* 3 bits from there on */
	BITS_LIFECYCLE = 3,
	BITS_CLASS = 6,
	BIT_SUMS = 1 << 9,
	BIT_WINNER = 1 << 10,
	BIT_EARLIER = 1 << 11,
	BIT_MANY = 1 << 12, /* candidates or agents */
	BIT_CONFLICT = 1 << 13,
	BIT_OTHERS = 1 << 14, /* support for others than the winner */
	BIT_HISTORY = 1 << 15,

	NUMBERS_MAX = 9,
	HEAD_MAX = 2 + NUMBERS_MAX * PACKED_MAX + HISTORY_PACKED_MAX,
};

static unsigned bits_of(const struct pair_row *row)
{
	const struct pair_view *v = &row->view;
	bool winner = v->winner != 0;
	bool earlier = winner && v->winner != row->generation;
	bool many = v->candidates != 1 || v->agents != 1;

	return (unsigned)v->status << BITS_STATUS |
	       (unsigned)v->lifecycle << BITS_LIFECYCLE |
	       (unsigned)v->source_class << BITS_CLASS |
	       (row->sums ? BIT_SUMS : 0U) | (winner ? BIT_WINNER : 0U) |
	       (earlier ? BIT_EARLIER : 0U) | (many ? BIT_MANY : 0U) |
	       (v->conflict ? BIT_CONFLICT : 0U) |
	       (v->total != v->support ? BIT_OTHERS : 0U) |
	       (row->history.n ? BIT_HISTORY : 0U);
}

/* All but the signers; returns how many bytes. */
static size_t pack_row(const struct pair_row *row, uint8_t *p)
{
	const struct pair_view *v = &row->view;
	unsigned bits = bits_of(row);
	size_t n = 2;

	put_u16(p, (uint16_t)bits);
	n += pack_into(p + n, row->generation);
	if (bits & BIT_EARLIER)
		n += pack_into(p + n, row->generation - v->winner);
	if (bits & BIT_SUMS)
		n += pack_into(p + n, row->rights_seq);
	if (bits & BIT_MANY) {
		n += pack_into(p + n, v->candidates);
		n += pack_into(p + n, v->agents);
	}
	if (bits & BIT_CONFLICT)
		n += pack_into(p + n, v->conflict);
	if (bits & BIT_WINNER)
		n += pack_into(p + n, v->support);
	if (bits & BIT_OTHERS)
		n += pack_into(p + n, v->total - v->support);
	if (bits & BIT_HISTORY) {
		n += pack_into(p + n, row->history.n);
		memcpy(p + n, row->history.p, row->history.n);
		n += row->history.n;
	}
	return n;
}

/* As many bytes as there are behind their number. */
static struct slice unpack_slice(struct unpacking *u)
{
	uint64_t n = unpack(u);
	struct slice all = u->rest;

	if (n > all.n)
		u->bad = true;
	u->rest = slice_sub(all, u->bad ? all.n : (size_t)n, SIZE_MAX);
	return slice_sub(all, 0, all.n - u->rest.n);
}

/* Numbers that there are, and a winner that came by then. */
static bool is_sound(const struct pair_row *row, unsigned bits)
{
	const struct pair_view *v = &row->view;

	if (v->status > STATUS_CONTESTED || v->lifecycle >= LIFECYCLES ||
		v->source_class > CLASSES)
		return false;
	if (!(bits & BIT_WINNER))
		return !(bits & BIT_EARLIER) && v->signers.n == 0;
	return v->winner != 0 && v->winner <= row->generation;
}

int pair_row_unpack(struct slice value, struct pair_row *out)
{
	struct unpacking u = {
		.rest = slice_sub(value, 2, SIZE_MAX), .bad = value.n < 2};
	unsigned bits = u.bad ? 0 : u16_at(value.p);
	struct pair_row row = {.sums = (bits & BIT_SUMS) != 0};
	struct pair_view *v = &row.view;

	v->status = bits >> BITS_STATUS & 7;
	v->lifecycle = bits >> BITS_LIFECYCLE & 7;
	v->source_class = bits >> BITS_CLASS & 7;
	row.generation = unpack(&u);
	if (bits & BIT_WINNER)
		v->winner = row.generation;
	if (bits & BIT_EARLIER)
		v->winner -= unpack(&u);
	if (bits & BIT_SUMS)
		row.rights_seq = unpack(&u);
	v->candidates = bits & BIT_MANY ? (uint32_t)unpack(&u) : 1;
	v->agents = bits & BIT_MANY ? (uint32_t)unpack(&u) : 1;
	if (bits & BIT_CONFLICT)
		v->conflict = (uint32_t)unpack(&u);
	if (bits & BIT_WINNER)
		v->support = unpack(&u);
	v->total = v->support;
	if (bits & BIT_OTHERS)
		v->total += unpack(&u);
	if (bits & BIT_HISTORY)
		row.history = unpack_slice(&u);
	v->signers = u.rest;
	if (u.bad || !is_sound(&row, bits))
		return -EBADMSG;
	*out = row;
	return 0;
}

int pair_row_read(MDB_txn *txn, const struct pair_key *p, struct pair_row *out)
{
	struct row_key k = row_key_pair(p);
	MDB_val v;
	int rc = row_get(txn, &k, &v);

	return rc < 0 ? rc : pair_row_unpack(slice_of(v.mv_data, v.mv_size), out);
}

int pair_row_write(
	MDB_txn *txn, const struct pair_key *p, const struct pair_row *row)
{
	struct row_key k = row_key_pair(p);
	uint8_t packed[HEAD_MAX];

	assert(row->history.n <= HISTORY_PACKED_MAX);
	return row_put_two(txn, &k, slice_of(packed, pack_row(row, packed)),
		row->view.signers);
}

bool pair_view_equal(const struct pair_view *a, const struct pair_view *b)
{
	return a->winner == b->winner && a->support == b->support &&
	       a->total == b->total && a->candidates == b->candidates &&
	       a->agents == b->agents && a->conflict == b->conflict &&
	       a->status == b->status && a->lifecycle == b->lifecycle &&
	       a->source_class == b->source_class &&
	       slice_equal(a->signers, b->signers);
}

int pair_first(MDB_txn *txn, struct slice subject, struct slice predicate,
	uint64_t *offset)
{
	struct row_key k = row_key_predicate(subject, predicate);
	struct predicate_row row;
	int rc = row_read(txn, &k, &row, sizeof(row));

	if (rc == 0)
		*offset = row.first;
	return rc;
}

#include "store/signed.h"

#include <errno.h>
#include <stdlib.h>

#include "store/packed.h"

struct noted {
	uint64_t seq;
	uint32_t agent;
};

static uint64_t base_of(uint64_t seq)
{
	return seq - seq % SIGNED_PER_ROW;
}

void signed_add(struct buf *batch, uint32_t agent, uint64_t seq)
{
	struct noted n = {.agent = agent, .seq = seq};

	buf_add(batch, &n, sizeof(n));
}

/* The first of a row at or behind *seq; -ENOENT: *seq is its last, or base - 1. */
static int find(uint64_t base, const MDB_val *row, uint64_t *seq)
{
	struct unpacking u = {.rest = slice_of(row->mv_data, row->mv_size)};
	uint64_t at = base - 1;

	while (u.rest.n && !u.bad) {
		at += 1 + unpack(&u);
		if (at >= *seq && !u.bad) {
			*seq = at;
			return 0;
		}
	}
	*seq = at;
	return u.bad ? -EBADMSG : -ENOENT;
}

/* Those of one row. */
static int put_row(
	MDB_txn *txn, const struct noted *list, size_t n, struct buf *row)
{
	uint64_t base = base_of(list->seq), last = UINT64_MAX;
	struct row_key k = row_key_signed(list->agent, base);
	MDB_val v = {0};
	int rc = row_get(txn, &k, &v);

	if (rc == -ENOENT)
		v = (MDB_val){0};
	else if (rc < 0)
		return rc;
	rc = find(base, &v, &last);
	if (rc != -ENOENT)
		return rc < 0 ? rc : -EBADMSG;
	buf_reset(row);
	buf_add(row, v.mv_data, v.mv_size);
	for (size_t i = 0; i < n; i++) {
		if (last + 1 > list[i].seq)
			continue; /* its signature is there twice */
		pack(row, list[i].seq - last - 1);
		last = list[i].seq;
	}
	return row->failed ? -ENOMEM : row_put(txn, &k, row->p, row->n);
}

static int by_agent_and_seq(const void *a, const void *b)
{
	const struct noted *x = a, *y = b;

	if (x->agent != y->agent)
		return x->agent < y->agent ? -1 : 1;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

int signed_flush(MDB_txn *txn, struct buf *batch)
{
	struct noted *list = (void *)batch->p;
	size_t n = batch->n / sizeof(*list), end;
	BUF_AUTO(row);
	int rc = batch->failed ? -ENOMEM : 0;

	if (n)
		qsort(list, n, sizeof(*list), by_agent_and_seq);
	for (size_t i = 0; rc == 0 && i < n; i = end) {
		for (end = i + 1; end < n && list[end].agent == list[i].agent &&
				  base_of(list[end].seq) == base_of(list[i].seq);)
			end++;
		rc = put_row(txn, list + i, end - i, &row);
	}
	buf_reset(batch);
	return rc;
}

int signed_from(MDB_txn *txn, uint32_t agent, uint64_t *seq)
{
	struct row_key prefix = row_key_having(KEY_SIGNED, agent);
	struct row_key from = row_key_signed(agent, base_of(*seq));
	WALK_AUTO(w);
	int rc = walk_from(&w, txn, &prefix, &from);

	for (; rc == 0; rc = walk_next(&w)) {
		uint64_t at = *seq;

		if (w.key.mv_size != from.n)
			return -EBADMSG;
		rc = find(be64_at((const uint8_t *)w.key.mv_data + prefix.n),
			&w.value, &at);
		if (rc == 0)
			*seq = at;
		if (rc != -ENOENT)
			return rc;
	}
	return rc;
}

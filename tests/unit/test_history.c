/* Which records touched a pair, and the row of a pair: against lists kept in memory. */
#include "store/history.h"

#include <errno.h>

#include "store/pair.h"
#include "tests/unit/rows.h"

enum {
	PAIRS = 6, /* the first has half of all touches */
	TOUCHES = 6000,
	QUESTIONS = 3000,
	MUTATIONS = 20000,
};

static struct {
	unsigned pair;
	struct touch touch;
} script[TOUCHES];

/* What there must be of a pair, by seq. */
static struct touch want[PAIRS][TOUCHES];
static size_t wanted[PAIRS];

static struct pair_key key_of(unsigned pair)
{
	char name[8];

	(void)snprintf(name, sizeof(name), "s%u", pair);
	return pair_key(slice_str(name), slice_str("p"));
}

static void note(unsigned pair, const struct touch *t)
{
	struct touch *list = want[pair];
	size_t at = wanted[pair];

	for (; at > 0 && list[at - 1].seq > t->seq; at--)
		list[at] = list[at - 1];
	list[at] = *t;
	wanted[pair]++;
}

/* Of the seqs that pass by some wait, for a moment or for long. */
static void write_script(void)
{
	uint64_t waiting[64] = {0}, seq = 0;

	for (size_t n = 0; n < TOUCHES;) {
		size_t place = (size_t)rand() % 64;

		seq += 1 + (uint64_t)(rand() % 50 ? rand() % 3 : rand());
		script[n].touch = (struct touch){seq, seq};
		if (rand() % 8 == 0) {
			script[n].touch.seq = waiting[place];
			waiting[place] = seq;
		}
		if (!script[n].touch.seq)
			continue;
		script[n].pair = rand() % 2 ? 0 : (unsigned)rand() % PAIRS;
		note(script[n].pair, &script[n].touch);
		n++;
	}
}

/* What a change has of its pairs. */
static struct history held[PAIRS];
static uint64_t generation[PAIRS];
static bool is_held[PAIRS];

static void add(MDB_txn *txn, size_t n)
{
	unsigned pair = script[n].pair;
	struct pair_key p = key_of(pair);

	if (!is_held[pair]) {
		struct pair_row row = {0};
		int rc = pair_row_read(txn, &p, &row);

		CHECK(rc == 0 || rc == -ENOENT);
		CHECK(history_unpack(row.history, row.generation, &held[pair]) ==
			0);
		is_held[pair] = true;
	}
	CHECK(history_add(txn, &p, &held[pair], &script[n].touch) == 0);
	generation[pair] = script[n].touch.since;
}

static void flush(MDB_txn *txn)
{
	for (unsigned i = 0; i < PAIRS; i++) {
		uint8_t packed[HISTORY_PACKED_MAX];
		struct pair_row row = {.generation = generation[i]};
		struct pair_key p = key_of(i);
		size_t n;

		if (!is_held[i])
			continue;
		n = history_pack(&held[i], generation[i], packed);
		CHECK(n <= sizeof(packed));
		row.history = slice_of(packed, n);
		CHECK(pair_row_write(txn, &p, &row) == 0);
		is_held[i] = false;
	}
}

static struct rows rows;

static void rows_are_the_same_whatever_the_batches(void)
{
	write_script();
	rows_open(&rows);
	rows_fill(&rows, TOUCHES, add, flush);
	CHECK(rows_compare(&rows) > PAIRS + 3);
}

/* From the first at or behind seq to the end. */
static void ask_from(MDB_txn *txn, unsigned pair, uint64_t seq)
{
	struct pair_key p = key_of(pair);
	struct pair_row row = {0};
	HISTORY_WALK_AUTO(w);
	size_t at = 0;
	int rc = pair_row_read(txn, &p, &row);

	CHECK(rc == 0);
	while (at < wanted[pair] && want[pair][at].seq < seq)
		at++;
	rc = history_from(&w, txn, &p, &row, seq);
	for (int n = 0; at < wanted[pair] && rc == 0 && n < 60; n++, at++) {
		CHECK(w.at.seq == want[pair][at].seq &&
			w.at.since == want[pair][at].since);
		rc = history_next(&w);
	}
	CHECK(rc == (at < wanted[pair] ? 0 : -ENOENT));
}

static void ask_last(MDB_txn *txn, unsigned pair, uint64_t seq)
{
	struct pair_key p = key_of(pair);
	struct pair_row row = {0};
	struct touch got = {0};
	size_t at = wanted[pair];
	int rc = pair_row_read(txn, &p, &row);

	while (at > 0 &&
		(want[pair][at - 1].seq > seq || want[pair][at - 1].since > seq))
		at--;
	if (rc == 0)
		rc = history_last(txn, &p, &row, seq, &got);
	CHECK(rc == (at ? 0 : -ENOENT));
	CHECK(!at || (got.seq == want[pair][at - 1].seq &&
			     got.since == want[pair][at - 1].since));
}

static void what_was_added_is_read_from_any_seq_on(void)
{
	MDB_txn *txn = rows_read(&rows);

	for (unsigned i = 0; i < PAIRS; i++) {
		ask_from(txn, i, 0);
		ask_last(txn, i, 0);
		ask_last(txn, i, UINT64_MAX);
	}
	for (int i = 0; i < QUESTIONS; i++) {
		unsigned pair = (unsigned)rand() % PAIRS;
		uint64_t seq = want[pair][(size_t)rand() % wanted[pair]].seq;

		seq += (uint64_t)(rand() % 3) - 1;
		ask_from(txn, pair, seq);
		ask_last(txn, pair, seq);
	}
	mdb_txn_abort(txn);
}

static void a_damaged_row_ends_the_walk(void)
{
	MDB_txn *txn;
	struct pair_key p = key_of(0);
	struct row_key k = row_key_below(&p, KEY_HISTORY);
	struct pair_row row = {0};
	MDB_val first = {0};

	CHECK(index_begin(&rows.index[1], 0, &txn) == 0);
	CHECK(row_get(txn, &k, &first) == 0 && pair_row_read(txn, &p, &row) == 0);
	for (int i = 0; i < 500; i++) {
		struct slice bytes =
			rows_mutate(slice_of(first.mv_data, first.mv_size));
		uint64_t before = 0;
		struct touch t;
		MDB_txn *child = NULL;
		HISTORY_WALK_AUTO(w);
		int rc;

		CHECK(mdb_txn_begin(rows.index[1].env, txn, 0, &child) == 0);
		CHECK(row_put(child, &k, bytes.p, bytes.n) == 0);
		rc = history_from(&w, child, &p, &row, 1);
		for (; rc == 0 && w.in_rows; rc = history_next(&w)) {
			CHECK(w.at.since >= w.at.seq);
			if (w.rows.key.mv_size == k.n)
				CHECK(w.at.seq > before);
			before = w.at.seq;
		}
		CHECK(rc == 0 || rc == -EBADMSG);
		rc = history_last(child, &p, &row, (uint64_t)rand(), &t);
		CHECK(rc == 0 || rc == -ENOENT || rc == -EBADMSG);
		walk_end(&w.rows);
		mdb_txn_abort(child);
		free((void *)(uintptr_t)bytes.p);
	}
	mdb_txn_abort(txn);
	rows_close(&rows);
}

/* ---- the row of a pair ---- */

static uint64_t number(void)
{
	uint64_t v = (uint64_t)rand() << 31 ^ (uint64_t)rand();

	return v >> rand() % 62;
}

static void random_row(struct pair_row *row, uint8_t *history, uint8_t *signers)
{
	struct pair_view *v = &row->view;

	*row = (struct pair_row){.generation = 1 + number()};
	row->sums = (uint32_t)rand() % 2;
	row->rights_seq = row->sums ? number() : 0;
	*v = (struct pair_view){.candidates = 1, .agents = 1};
	v->status = (uint8_t)(rand() % (STATUS_CONTESTED + 1));
	v->lifecycle = (uint8_t)(rand() % LIFECYCLES);
	v->source_class = (uint8_t)(rand() % (CLASSES + 1));
	v->conflict = rand() % 2 ? (uint32_t)rand() % 10001 : 0;
	if (rand() % 2) {
		v->candidates = (uint32_t)number();
		v->agents = (uint32_t)number();
	}
	if (rand() % 4) {
		v->winner = rand() % 2 ? row->generation
				       : 1 + number() % row->generation;
		v->support = number();
		v->signers = slice_of(signers, (size_t)rand() % 20);
	}
	v->total = v->support + (rand() % 2 ? number() : 0);
	row->history = slice_of(history, rand() % 2 ? (size_t)rand() % 200 : 0);
}

static bool same_row(const struct pair_row *a, const struct pair_row *b)
{
	return a->generation == b->generation && a->sums == b->sums &&
	       a->rights_seq == b->rights_seq &&
	       pair_view_equal(&a->view, &b->view) &&
	       slice_equal(a->history, b->history);
}

static bool within(struct slice part, struct slice all)
{
	return part.n == 0 || (part.p >= all.p && part.p + part.n <= all.p + all.n);
}

/* What comes out of changed bytes lies within them, and is written as it was read. */
static void mutate_row(MDB_txn *txn, const struct pair_key *p, struct slice value)
{
	struct slice bytes = rows_mutate(value);
	struct pair_row row = {0}, again = {0};
	struct history h;
	int rc = pair_row_unpack(bytes, &row);

	CHECK(rc == 0 || rc == -EBADMSG);
	if (rc == 0) {
		CHECK(within(row.view.signers, bytes) &&
			within(row.history, bytes));
		rc = history_unpack(row.history, row.generation, &h);
		CHECK(rc == 0 || rc == -EBADMSG);
		if (row.history.n > HISTORY_PACKED_MAX)
			row.history.n = 0;
		CHECK(pair_row_write(txn, p, &row) == 0);
		CHECK(pair_row_read(txn, p, &again) == 0 && same_row(&row, &again));
	}
	free((void *)(uintptr_t)bytes.p);
}

static void a_pair_row_reads_as_it_was_written(void)
{
	uint8_t history[200], signers[20];
	struct pair_key p = key_of(0), other = key_of(1);
	struct row_key k = row_key_pair(&p);
	MDB_txn *txn;

	for (size_t i = 0; i < sizeof(history); i++)
		history[i] = (uint8_t)rand();
	for (size_t i = 0; i < sizeof(signers); i++)
		signers[i] = (uint8_t)rand();
	rows_open(&rows);
	CHECK(index_begin(&rows.index[0], 0, &txn) == 0);
	for (int i = 0; i < MUTATIONS / TAP_STRIDE; i++) {
		struct pair_row row, got = {0};
		MDB_val v = {0};

		random_row(&row, history, signers);
		CHECK(pair_row_write(txn, &p, &row) == 0);
		CHECK(pair_row_read(txn, &p, &got) == 0 && same_row(&row, &got));
		CHECK(row_get(txn, &k, &v) == 0);
		mutate_row(txn, &other, slice_of(v.mv_data, v.mv_size));
	}
	mdb_txn_abort(txn);
	rows_close(&rows);
}

/* Nothing but what history_add() makes is taken for a history. */
static void a_history_is_packed_in_one_way(void)
{
	struct history h = {.n = HISTORY_TAIL, .filed = 5};
	uint8_t packed[HISTORY_PACKED_MAX], again[HISTORY_PACKED_MAX];
	size_t n;

	for (uint32_t i = 0; i < HISTORY_TAIL; i++)
		h.tail[i] = (struct touch){10 + 300 * i, 10 + 300 * i + i % 3};
	n = history_pack(&h, 100000, packed);
	for (int i = 0; i < MUTATIONS; i++) {
		struct slice bytes = rows_mutate(slice_of(packed, n));
		struct history got;
		int rc = history_unpack(bytes, 100000, &got);

		CHECK(rc == 0 || rc == -EBADMSG);
		CHECK(rc < 0 || got.n <= HISTORY_TAIL);
		CHECK(rc < 0 || history_pack(&got, 100000, again) <= bytes.n);
		for (uint32_t t = 0; rc == 0 && t < got.n; t++) {
			CHECK(got.tail[t].seq >
				(t ? got.tail[t - 1].seq : got.filed));
			CHECK(got.tail[t].since >= got.tail[t].seq &&
				got.tail[t].since <= 100000);
		}
		free((void *)(uintptr_t)bytes.p);
	}
}

int main(void)
{
	srand(7);
	RUN(rows_are_the_same_whatever_the_batches);
	RUN(what_was_added_is_read_from_any_seq_on);
	RUN(a_damaged_row_ends_the_walk);
	RUN(a_pair_row_reads_as_it_was_written);
	RUN(a_history_is_packed_in_one_way);
	return tap_done();
}

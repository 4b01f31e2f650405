/* Rows that hold many things each: lists, events and what agents signed, against arrays
 * kept in memory; the same bytes whatever the batches. */
#include <errno.h>

#include "store/events.h"
#include "store/list.h"
#include "store/signed.h"
#include "tests/unit/rows.h"

enum {
	MANY = 5000,
	LISTS = 3,
	AGENTS = 5,
	QUESTIONS = 500,
	MUTATIONS = 20000,
};

static struct rows rows;

/* ---- lists ---- */

static struct {
	unsigned list;
	struct listed item;
} items[MANY];
static struct listed sorted[LISTS][MANY];
static size_t counts[LISTS];

static int order(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	if (x->timestamp != y->timestamp)
		return x->timestamp < y->timestamp ? -1 : 1;
	return id_compare(&x->id, &y->id);
}

/* Mostly forward in time, as records come; every third anywhere, some at one time. */
static void write_items(void)
{
	for (size_t n = 0; n < MANY; n++) {
		struct listed *it = &items[n].item;
		unsigned list = rand() % 3 ? 0 : (unsigned)rand() % LISTS;

		it->timestamp = rand() % 3 ? n * 1000 : (size_t)rand() % MANY * 500;
		it->id = id_of(slice_of((const uint8_t *)&n, sizeof(n)));
		it->row.seq = n + 1;
		it->row.first = rand() % 2 ? (uint64_t)rand() * 8 : 0;
		items[n].list = list;
		sorted[list][counts[list]++] = *it;
	}
	for (size_t i = 0; i < LISTS; i++)
		qsort(sorted[i], counts[i], sizeof(sorted[i][0]), order);
}

static struct list_hand hand;

static struct row_key list_key(unsigned list)
{
	return row_key_having(KEY_SPOKEN, list);
}

static void add_item(MDB_txn *txn, size_t n)
{
	struct row_key k = list_key(items[n].list);

	CHECK(list_add(txn, &hand, &k, &items[n].item) == 0);
	if (n % 50 == 0)
		CHECK(list_add(txn, &hand, &k, &items[n].item) == -EEXIST);
}

static void flush_list(MDB_txn *txn)
{
	CHECK(list_flush(txn, &hand) == 0);
	hand.open = false; /* a batch begins with an empty one */
}

static bool same_item(const struct listed *a, const struct listed *b)
{
	return order(a, b) == 0 && a->row.seq == b->row.seq &&
	       a->row.first == b->row.first;
}

static void ask_list(MDB_txn *txn, unsigned list, uint64_t timestamp)
{
	static const struct id zero;
	struct row_key k = list_key(list);
	LIST_WALK_AUTO(w);
	size_t at = 0;
	int rc = list_from(&w, txn, &k, timestamp, &zero);

	while (at < counts[list] && sorted[list][at].timestamp < timestamp)
		at++;
	for (int n = 0; rc == 0 && at < counts[list] && n < 70; n++, at++) {
		CHECK(same_item(&w.at, &sorted[list][at]));
		rc = list_next(&w);
	}
	CHECK(rc == (at < counts[list] ? 0 : -ENOENT));
}

static void lists_are_the_same_whatever_the_batches(void)
{
	MDB_txn *txn;

	write_items();
	rows_open(&rows);
	rows_fill(&rows, MANY, add_item, flush_list);
	CHECK(rows_compare(&rows) > MANY / LIST_PER_ROW);
	txn = rows_read(&rows);
	for (unsigned i = 0; i < LISTS; i++) {
		struct row_key k = list_key(i);
		LIST_WALK_AUTO(w);
		size_t n = 0;
		int rc = list_first(&w, txn, &k);

		for (; rc == 0 && n < counts[i]; rc = list_next(&w))
			CHECK(same_item(&w.at, &sorted[i][n++]));
		CHECK(rc == -ENOENT && n == counts[i]);
	}
	for (int i = 0; i < QUESTIONS; i++)
		ask_list(txn, (unsigned)rand() % LISTS,
			(uint64_t)rand() % MANY * 1100);
	mdb_txn_abort(txn);
}

/* One row of list 0 is another: what is read ends, and comes from its bytes. */
static void a_damaged_list_ends(void)
{
	struct row_key k = list_key(0);
	MDB_txn *txn;
	MDB_val v = {0};

	CHECK(index_begin(&rows.index[0], 0, &txn) == 0);
	CHECK(row_get(txn, &k, &v) == 0);
	for (int i = 0; i < 300; i++) {
		struct slice bytes = rows_mutate(slice_of(v.mv_data, v.mv_size));
		MDB_val own = val_of(bytes.p, bytes.n);
		struct listed first;
		struct list_hand other = {.n = 0};
		MDB_txn *child = NULL;
		LIST_WALK_AUTO(w);
		size_t n = 0;
		int rc = list_row_first(&own, &first);

		CHECK(rc == 0 || rc == -EBADMSG);
		CHECK(mdb_txn_begin(rows.index[0].env, txn, 0, &child) == 0);
		CHECK(row_put(child, &k, bytes.p, bytes.n) == 0);
		rc = list_first(&w, child, &k);
		for (; rc == 0; rc = list_next(&w))
			n++;
		CHECK((rc == -ENOENT || rc == -EBADMSG) && n <= MANY);
		walk_end(&w.rows);
		rc = list_add(child, &other, &k, &items[0].item);
		CHECK(rc == 0 || rc == -EEXIST || rc == -EBADMSG);
		mdb_txn_abort(child);
		free((void *)(uintptr_t)bytes.p);
	}
	mdb_txn_abort(txn);
	rows_close(&rows);
}

/* ---- events ---- */

static struct {
	uint64_t seq;
	struct event_row row;
} events[MANY];

static void write_events(void)
{
	uint64_t seq = 0, offset = 4096, end = 0;

	for (size_t n = 0; n < MANY; n++) {
		struct event_row *e = &events[n].row;

		/* damage has left gaps in log and seqs */
		seq += rand() % 100 ? 1 : 1 + (uint64_t)rand() % 5000;
		offset += rand() % 100 ? 0 : 8 * ((uint64_t)rand() % 100000);
		e->at.offset = offset;
		e->at.length = 1 + (uint32_t)rand() % 60000;
		offset += (e->at.length + 200) / 8 * 8;
		end += 100 + (uint64_t)rand() % 1000;
		e->end = end;
		e->received_at = (uint64_t)rand() << 30 ^ (uint64_t)rand();
		e->timestamp = rand() % 9 ? e->received_at : (uint64_t)rand();
		e->kind = (uint8_t)(1 + rand() % 11);
		events[n].seq = seq;
	}
}

static struct events_tail tail;

static bool same_event(const struct event_row *a, const struct event_row *b)
{
	return a->at.offset == b->at.offset && a->at.length == b->at.length &&
	       a->end == b->end && a->received_at == b->received_at &&
	       a->timestamp == b->timestamp && a->kind == b->kind;
}

static void add_event(MDB_txn *txn, size_t n)
{
	size_t other = n - (size_t)rand() % (n < 40 ? n + 1 : 40);
	struct event_row got = {0};

	CHECK(events_add(txn, &tail, events[n].seq, &events[n].row) == 0);
	CHECK(events_find(txn, &tail, events[other].seq, &got) == 0 &&
		same_event(&got, &events[other].row));
}

static void flush_events(MDB_txn *txn)
{
	CHECK(events_flush(txn, &tail) == 0);
}

/* The first at or behind seq, and the last at or before it. */
static void ask_events(MDB_txn *txn, uint64_t seq)
{
	struct event_row got = {0};
	uint64_t at = seq;
	size_t n = 0;
	int rc = events_from(txn, &at, &got);

	while (n < MANY && events[n].seq < seq)
		n++;
	CHECK(rc == (n < MANY ? 0 : -ENOENT));
	CHECK(rc || (at == events[n].seq && same_event(&got, &events[n].row)));
	if (n < MANY && events[n].seq == seq)
		n++;
	else
		CHECK(events_find(txn, NULL, seq, &got) == -ENOENT);
	at = seq;
	rc = events_before(txn, &at, &got);
	CHECK(rc == (n ? 0 : -ENOENT));
	CHECK(rc ||
		(at == events[n - 1].seq && same_event(&got, &events[n - 1].row)));
}

static void events_are_the_same_whatever_the_batches(void)
{
	MDB_txn *txn;

	write_events();
	rows_open(&rows);
	rows_fill(&rows, MANY, add_event, flush_events);
	CHECK(rows_compare(&rows) > MANY / EVENTS_PER_ROW);
	txn = rows_read(&rows);
	for (int i = 0; i < QUESTIONS; i++)
		ask_events(txn, events[rand() % MANY].seq + (uint64_t)(rand() % 3) -
					(uint64_t)1);
	ask_events(txn, 0);
	ask_events(txn, events[MANY - 1].seq + 1);
	mdb_txn_abort(txn);
}

static void damaged_events_end(void)
{
	struct row_key k = row_key_events(0);
	MDB_txn *txn = rows_read(&rows);
	MDB_val v = {0};

	CHECK(row_get(txn, &k, &v) == 0);
	for (int i = 0; i < MUTATIONS; i++) {
		struct slice bytes = rows_mutate(slice_of(v.mv_data, v.mv_size));
		struct events e = events_of(0, bytes);
		size_t n = 0;
		int rc;

		while ((rc = events_next(&e)) == 0)
			n++;
		CHECK((rc == -ENOENT || rc == -EBADMSG) && n <= bytes.n / 7);
		free((void *)(uintptr_t)bytes.p);
	}
	mdb_txn_abort(txn);
	rows_close(&rows);
	buf_free(&tail.row);
}

/* ---- what agents signed ---- */

static bool has_signed[AGENTS][3 * MANY];
static struct buf batch;

/* Each record has one signer or two, who may be there twice; the last agent signs seldom. */
static void add_signer(MDB_txn *txn, size_t n)
{
	uint64_t seq = n * 3 + 1;

	(void)txn;
	for (uint32_t a = 0; a < AGENTS; a++) {
		if (n % (a == AGENTS - 1 ? 900 : a + 1) != 0)
			continue;
		signed_add(&batch, a, seq);
		if (n % 7 == 0)
			signed_add(&batch, a, seq);
		has_signed[a][seq] = true;
	}
}

static void flush_signed(MDB_txn *txn)
{
	CHECK(signed_flush(txn, &batch) == 0 && batch.n == 0);
}

static void signers_are_the_same_whatever_the_batches(void)
{
	MDB_txn *txn;

	rows_open(&rows);
	rows_fill(&rows, MANY, add_signer, flush_signed);
	CHECK(rows_compare(&rows) > AGENTS);
	txn = rows_read(&rows);
	for (uint32_t a = 0; a < AGENTS; a++) {
		uint64_t seq = 0, want = 0;
		int rc;

		for (; (rc = signed_from(txn, a, &seq)) == 0; seq++, want++) {
			while (want < seq && !has_signed[a][want])
				want++;
			CHECK(want == seq && has_signed[a][seq]);
		}
		while (want < 3 * MANY && !has_signed[a][want])
			want++;
		CHECK(rc == -ENOENT && want == 3 * MANY);
	}
	mdb_txn_abort(txn);
}

static void damaged_signers_end(void)
{
	struct row_key k = row_key_signed(0, 0);
	MDB_txn *txn;
	MDB_val v = {0};

	CHECK(index_begin(&rows.index[0], 0, &txn) == 0);
	CHECK(row_get(txn, &k, &v) == 0);
	for (int i = 0; i < 300; i++) {
		struct slice bytes = rows_mutate(slice_of(v.mv_data, v.mv_size));
		MDB_txn *child = NULL;
		uint64_t seq = 0;
		size_t n = 0;
		int rc;

		CHECK(mdb_txn_begin(rows.index[0].env, txn, 0, &child) == 0);
		CHECK(row_put(child, &k, bytes.p, bytes.n) == 0);
		for (; (rc = signed_from(child, 0, &seq)) == 0; seq++)
			n++;
		CHECK((rc == -ENOENT || rc == -EBADMSG) && n <= 2 * MANY);
		mdb_txn_abort(child);
		free((void *)(uintptr_t)bytes.p);
	}
	mdb_txn_abort(txn);
	rows_close(&rows);
	buf_free(&batch);
}

int main(void)
{
	srand(11);
	RUN(lists_are_the_same_whatever_the_batches);
	RUN(a_damaged_list_ends);
	RUN(events_are_the_same_whatever_the_batches);
	RUN(damaged_events_end);
	RUN(signers_are_the_same_whatever_the_batches);
	RUN(damaged_signers_end);
	return tap_done();
}

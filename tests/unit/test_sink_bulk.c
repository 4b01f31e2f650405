/* Writes that complete many values, and many writers. */
#include <errno.h>
#include <pthread.h>

#include "core/canon.h"
#include "core/when.h"
#include "tests/unit/sink.h"

/* ---- much at once ---- */

static void one_write_may_complete_thousands(void)
{
	enum {
		N = TAP_STRIDE > 1 ? 4500 : 9000 /* more than one submission */
	};
	struct sink *s = open_name("n");
	uint64_t before = claims();
	char want[32];
	BUF_AUTO(b);

	for (int i = 0; i < N; i++)
		buf_printf(&b,
			"{\"subject\":\"N%d\",\"predicate\":\"p\",\"object\":%d}\n",
			i % 100, i);
	CHECK(put_bytes(s, slice_of(b.p, b.n)) == 0);
	CHECK(claims() == before + N);
	CHECK(count(receipt("n"), "\"accepted\"") == N);
	buf_reset(&b);
	for (int i = 0; i < N; i++)
		buf_printf(&b,
			"{\"subject\":\"N%d\",\"predicate\":\"p\",\"object\":%d.5}"
			"\n",
			i % 100, i);
	buf_str(&b, "nonsense");
	CHECK(put_bytes(s, slice_of(b.p, b.n)) == -EINVAL);
	CHECK(claims() == before + 2 * N);
	(void)snprintf(want, sizeof(want), "\"record\":%d,", 2 * N);
	CHECK(strstr(receipt("n"), want));
	sink_close(s);
}

static void much_scratch_is_submitted_piece_by_piece(void)
{
	enum {
		N = 6000
	};
	struct sink *s = open_name(".big");
	BUF_AUTO(b);

	for (int i = 0; i < N; i++) {
		buf_reset(&b);
		buf_printf(&b,
			"{\"subject\":\"Big\",\"predicate\":\"p\",\"object\":%d}\n",
			i);
		CHECK(put_bytes(s, slice_of(b.p, b.n)) == 0);
	}
	sink_close(s);
	CHECK(mv(".big", "big") == 0);
	CHECK(claims_on("Big") == N);
	CHECK(count(receipt("big"), "accepted") == N);
}

/* ---- one bad value in a big write ---- */

enum {
	LONG = TAP_STRIDE > 1
		       ? 400
		       : 700, /* values of a big write: several submissions */
	ROUNDS = TAP_STRIDE > 1 ? 1 : 3,
	TEXT_MAX_ROOM = 400,
};

static void print_good(struct buf *out, unsigned run, int i)
{
	buf_printf(out,
		"{\"subject\":\"R%u-%d\",\"predicate\":\"p\",\"object\":%d}\n", run,
		i % 50, i);
}

/* A write of LONG values of which one is bad, and what becomes of it. */
static void check_bad_at(int bad, const char *text, const char *where, int code)
{
	static unsigned run;
	struct sink *s = open_name("bad");
	uint64_t before = claims();
	char want[TEXT_MAX_ROOM];
	ptrdiff_t offset = 0;
	BUF_AUTO(b);

	run++;
	for (int i = 0; i < LONG; i++) {
		if (i == bad) {
			offset = (ptrdiff_t)b.n + (strstr(text, where) - text);
			buf_printf(&b, "%s\n", text);
		} else {
			print_good(&b, run, i);
		}
	}
	CHECK(put_bytes(s, slice_of(b.p, b.n)) == -code);
	CHECK(claims() == before + (uint64_t)bad);
	CHECK(count(receipt("bad"), "\"accepted\"") == (size_t)bad);
	CHECK(count(receipt("bad"), "\"status\":\"refused\"") == 1);
	(void)snprintf(
		want, sizeof(want), "\"record\":%d,\"offset\":%td", bad, offset);
	CHECK(strstr(receipt("bad"), want));
	(void)snprintf(want, sizeof(want), "\"offset\":%td", offset);
	CHECK(strstr(log_of(INBOX_LAST_ERROR), want));
	CHECK(put(s, "{}") == -code);
	sink_close(s);
}

static void the_first_refused_value_decides_wherever_it_stands(void)
{
#define ZEROS "00000000000000000000000000000000"
	static const struct {
		const char *text;
		const char *at; /* where in it */
		int code;
	} bad[] = {
		/* not JSON; not a record; a limit; what only the store knows */
		{"{\"subject\":nonsense}", "onsense", EINVAL},
		{"{\"subject\":\"S\",\"predicat\":\"p\"}", "\"predicat\"", EINVAL},
		{"{\"subject\":\"S\",\"predicate\":\"p\",\"object\":1,"
		 "\"confidence\":7}",
			"7}", EINVAL},
		{"{\"vote\":\"" ZEROS ZEROS "\",\"weight\":1}", "{", EINVAL},
		{"{\"subject\":\"S\",\"predicate\":\"p\",\"object\":1,"
		 "\"epoch\":\"nobody made it\"}",
			"{", EINVAL},
		{"{\"subject\":\"S\",\"predicate\":\"p\",\"object\":1,"
		 "\"timestamp\":1,\"signatures\":[{\"agent\":\"" ZEROS ZEROS
		 "\",\"signature\":\"" ZEROS ZEROS ZEROS ZEROS
		 "\",\"signed_at\":1}]}",
			"{", EACCES},
	};
#undef ZEROS
	static const int places[] = {0, 1, 63, 64, 65, 255, 256, 300, LONG - 1};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (size_t j = i % TAP_STRIDE;
			j < sizeof(places) / sizeof(places[0]); j += TAP_STRIDE)
			check_bad_at(
				places[j], bad[i].text, bad[i].at, bad[i].code);
}

/* ---- what depends on what stands before it ---- */

static void claim_in(struct buf *out, const char *epoch, int i)
{
	buf_printf(out,
		"{\"subject\":\"%s%d\",\"predicate\":\"p\",\"object\":%d,"
		"\"epoch\":\"%s\"}\n",
		epoch, i % 9, i, epoch);
}

static void a_name_may_be_given_earlier_in_the_same_write(void)
{
	struct sink *s = open_name("epochs");
	uint64_t before = claims();
	BUF_AUTO(b);

	for (int i = 0; i < 5; i++) {
		char epoch[16];

		(void)snprintf(epoch, sizeof(epoch), "era%d", i);
		buf_printf(&b, "{\"epoch\":\"%s\"}\n", epoch);
		for (int k = 0; k < 70; k++)
			claim_in(&b, epoch, k);
	}
	CHECK(put_bytes(s, slice_of(b.p, b.n)) == 0);
	CHECK(claims() == before + 5 * 70);
	CHECK(count(receipt("epochs"), "\"accepted\"") == 5 * 71);
	sink_close(s);
	/* few enough for one lot */
	buf_reset(&b);
	buf_str(&b, "{\"epoch\":\"small\"}");
	claim_in(&b, "small", 1);
	s = open_name("epochs");
	CHECK(put_bytes(s, slice_of(b.p, b.n)) == 0);
	CHECK(claims() == before + 5 * 70 + 1);
	sink_close(s);
}

static void a_name_that_is_given_later_is_not_known(void)
{
	for (int places = 1; places < 300; places += 130) {
		struct sink *s = open_name("early");
		char want[TEXT_MAX_ROOM], epoch[16];
		BUF_AUTO(b);

		(void)snprintf(epoch, sizeof(epoch), "late%d", places);
		for (int i = 0; i < places; i++)
			print_good(&b, 1000u + (unsigned)places, i);
		claim_in(&b, epoch, 0);
		buf_printf(&b, "{\"epoch\":\"%s\"}\n", epoch);
		for (int i = 0; i < 200; i++)
			claim_in(&b, epoch, i);
		CHECK(put_bytes(s, slice_of(b.p, b.n)) == -EINVAL);
		(void)snprintf(want, sizeof(want), "\"record\":%d,", places);
		CHECK(strstr(receipt("early"), want));
		CHECK(strstr(receipt("early"), "is not known"));
		sink_close(s);
	}
}

/* An epoch as a stranger has signed it. */
static void signed_epoch(struct buf *out, const char *name, uint8_t seed)
{
	const uint8_t secret[ID_SIZE] = {seed};
	struct record r = {
		.kind = RECORD_EPOCH, .timestamp = SECOND, .name = at(name)};
	struct signature sig;
	struct key *key = NULL;
	struct id id;
	BUF_AUTO(bytes);

	r.timestamp += seed;
	canon_encode(&r, &bytes);
	id = id_of(slice_of(bytes.p, bytes.n));
	CHECK(key_from_seed(secret, &key) == 0);
	sig = key_sign(key, &id, r.timestamp);
	key_free(key);
	buf_byte(out, '{');
	record_print(&r, out);
	signatures_print(&sig, 1, out);
	buf_str(out, "}\n");
}

/* What a name means is what it means where it stands. */
static void a_name_that_gets_a_second_meaning_has_one_before(void)
{
	static const int gaps[] = {0, 3, 100, 400};

	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		struct sink *s = open_name("twice");
		char want[TEXT_MAX_ROOM], epoch[16];
		BUF_AUTO(b);

		(void)snprintf(epoch, sizeof(epoch), "twice%zu", i);
		signed_epoch(&b, epoch, 1);
		for (int k = 0; k <= gaps[i]; k++)
			claim_in(&b, epoch, k);
		signed_epoch(&b, epoch, 2);
		for (int k = 0; k < 99; k++)
			claim_in(&b, epoch, k);
		CHECK(put_bytes(s, slice_of(b.p, b.n)) == -EINVAL);
		(void)snprintf(want, sizeof(want), "\"record\":%d,", gaps[i] + 3);
		CHECK(strstr(receipt("twice"), want));
		CHECK(strstr(receipt("twice"), "means 2 epochs"));
		sink_close(s);
	}
}

/* The times that a writer leaves out are those of the order in which it wrote. */
static void later_in_a_write_is_newer(void)
{
	struct sink *s = open_pair(SINK_VALUES, "Newer");
	SNAP_AUTO(snap);
	ARENA_AUTO(a);
	struct candidates c = {0};
	uint32_t wrong = 0;
	BUF_AUTO(b);

	for (int i = 0; i < LONG; i++)
		buf_printf(&b, "%d\n", i);
	CHECK(put_bytes(s, slice_of(b.p, b.n)) == 0);
	sink_close(s);
	CHECK(store_snap(store, &snap) == 0);
	CHECK(pair_load(snap, at("Newer"), at("p"), &a, &c) == 0);
	CHECK(c.claim_count == LONG);
	for (uint32_t i = 0; i < c.claim_count; i++) {
		BUF_AUTO(scratch);
		char want[16];
		struct record r;
		uint32_t older = 0;

		CHECK(claim_read(snap, &c.claims[i], &scratch, &r) == 0);
		for (uint32_t k = 0; k < c.claim_count; k++)
			older += c.claims[k].timestamp < c.claims[i].timestamp;
		(void)snprintf(want, sizeof(want), "%u", older);
		wrong += !slice_is(r.object.text, want);
	}
	CHECK(wrong == 0);
}

/* ---- many at once ---- */

struct writer {
	const char *name, *subject;
};

static void *write_many(void *arg)
{
	const struct writer *w = arg;
	char text[100];

	for (int i = 0; i < 40; i++) {
		struct sink *s = open_name(w->name);

		(void)snprintf(text, sizeof(text),
			"{\"subject\":\"%s\",\"predicate\":\"p\",\"object\":%d}\n",
			w->subject, i);
		CHECK(echo(s, text) == 0);
	}
	return NULL;
}

static void writers_go_on_together(void)
{
	static struct writer writers[] = {
		{"p0", "P0"}, {"p1", "P1"}, {"shared", "P2"}, {"shared", "P3"}};
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		(void)pthread_create(&t[i], NULL, write_many, &writers[i]);
	for (int i = 0; i < 4; i++)
		(void)pthread_join(t[i], NULL);
	for (int i = 0; i < 4; i++)
		CHECK(claims_on(writers[i].subject) == 40);
}

/* Big writes, small ones and refused ones beside each other. */
static void *write_big(void *arg)
{
	const struct writer *w = arg;
	bool bad = w->subject[0] == 'X';

	for (int round = 0; round < ROUNDS; round++) {
		struct sink *s = open_name(w->name);
		BUF_AUTO(b);

		for (int i = 0; i < LONG; i++) {
			buf_printf(&b,
				"{\"subject\":\"%s\",\"predicate\":\"p\","
				"\"object\":%d}\n",
				w->subject, round * LONG + i);
			if (bad && i == LONG / 2)
				buf_str(&b, "{}\n");
		}
		CHECK(put_bytes(s, slice_of(b.p, b.n)) == (bad ? -EINVAL : 0));
		sink_close(s);
	}
	return NULL;
}

static void big_writers_go_on_together(void)
{
	static struct writer writers[] = {{"b0", "B0"}, {"b1", "X1"}, {"b2", "B2"},
		{"b3", "X3"}, {"s", "P5"}};
	enum {
		N = sizeof(writers) / sizeof(writers[0])
	};
	pthread_t t[N];

	for (int i = 0; i < N; i++)
		(void)pthread_create(
			&t[i], NULL, i < 4 ? write_big : write_many, &writers[i]);
	for (int i = 0; i < N; i++)
		(void)pthread_join(t[i], NULL);
	CHECK(claims_on("B0") == ROUNDS * LONG);
	CHECK(claims_on("X1") == ROUNDS * (LONG / 2 + 1));
	CHECK(claims_on("B2") == ROUNDS * LONG);
	CHECK(claims_on("X3") == ROUNDS * (LONG / 2 + 1));
	CHECK(claims_on("P5") == 40);
}

int main(void)
{
	char dir[] = SINK_DIR;

	if (sinks_start(dir) < 0)
		return 1;
	RUN(one_write_may_complete_thousands);
	RUN(much_scratch_is_submitted_piece_by_piece);
	RUN(the_first_refused_value_decides_wherever_it_stands);
	RUN(a_name_may_be_given_earlier_in_the_same_write);
	RUN(a_name_that_is_given_later_is_not_known);
	RUN(a_name_that_gets_a_second_meaning_has_one_before);
	RUN(later_in_a_write_is_newer);
	RUN(writers_go_on_together);
	RUN(big_writers_go_on_together);
	return sinks_stop(dir);
}

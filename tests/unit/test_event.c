/* Lines of events.jsonl for random records of every kind: what frames them against printf
 * and libc's calendar, the record against the parser; and the length is the line's. */
#include "core/event.h"

#include <stdlib.h>
#include <time.h>

#include "core/canon.h"
#include "core/record_json.h"
#include "core/when.h"
#include "tests/unit/tap.h"

enum {
	ROUNDS = 4000,
	AGENTS_MAX = 4,
	FRAME_MAX = 1024, /* of a line without its record */
};

static uint64_t number(void)
{
	uint64_t v =
		(uint64_t)rand() << 33 ^ (uint64_t)rand() << 10 ^ (uint64_t)rand();

	return v >> rand() % 60;
}

/* A time that is valid, with any number of digits behind the point. */
static uint64_t moment(void)
{
	static const uint64_t steps[] = {1, 10, 1000, 1000000, SECOND, DAY};
	uint64_t step = steps[rand() % 6];

	return number() / step * step;
}

static struct id random_id(void)
{
	uint64_t v = number();

	return id_of(slice_of((const uint8_t *)&v, sizeof(v)));
}

static struct slice text(void)
{
	static const char *const some[] = {"a", "Aspirin", "two\nlines\t\"quoted\"",
		"back\\slash", "\xe2\x80\xae reversed", "\xf0\x9f\x98\x80",
		"\xd8\x9c", "95% of \xc3\xa9"};

	return slice_str(some[(size_t)rand() % (sizeof(some) / sizeof(some[0]))]);
}

static struct slice name(void)
{
	return slice_str(rand() % 2 ? "name" : "another name");
}

static void random_assertion(struct record *r, uint8_t vector[12])
{
	static const char *const numbers[] = {"0", "96.7", "-1.5e-9", "1e21"};

	r->has = (uint16_t)(rand() & (HAS_NOTE * 2 - 1));
	r->subject = name();
	r->predicate = name();
	r->object = rand() % 2 ? (struct object){OBJECT_TEXT, text()}
			       : (struct object){OBJECT_NUMBER,
					 slice_str(numbers[rand() % 4])};
	if (rand() % 4 == 0)
		r->object = (struct object){OBJECT_REF, name()};
	if (r->has & HAS_CONFIDENCE)
		r->confidence = (uint32_t)rand() % (MILLION + 1);
	r->lifecycle = (uint8_t)(rand() % LIFECYCLES);
	if (r->has & HAS_SOURCE_CLASS)
		r->source_class = (uint8_t)(rand() % CLASSES);
	r->source = name();
	r->source_hash = random_id();
	r->parent = random_id();
	r->epoch = random_id();
	r->visual_hash = number();
	for (int i = 0; i < 3; i++) {
		float f = (float)rand() / (float)(1 + rand());

		memcpy(vector + 4 * i, &f, sizeof(f));
	}
	r->vector = slice_of(vector, 12);
	r->because = slice_of(r->parent.b, ID_SIZE);
	r->note = text();
}

static void random_record(struct record *r, uint8_t vector[12])
{
	static const uint8_t kinds[] = {RECORD_ASSERTION, RECORD_COSIGNATURE,
		RECORD_VOTE, RECORD_EPOCH, RECORD_SUPERSESSION, RECORD_PROFILE,
		RECORD_SETTING};

	*r = (struct record){.kind = kinds[rand() % 7], .target = random_id()};
	r->timestamp = r->kind == RECORD_COSIGNATURE ? 0 : moment();
	r->name = name();
	r->reason = text();
	if (r->kind == RECORD_ASSERTION) {
		random_assertion(r, vector);
		return;
	}
	r->by = random_id();
	r->weight = (uint32_t)rand() % (MILLION + 1);
	r->against = r->weight && rand() % 2;
	if (r->kind == RECORD_EPOCH && rand() % 2) {
		r->has = HAS_TARGET;
		r->supersession = (uint8_t)(1 + rand() % 3);
	}
	if (r->kind == RECORD_SUPERSESSION)
		r->has = rand() % 2 ? HAS_BY : 0;
	if (r->kind == RECORD_SETTING) {
		r->name = slice_str("steward");
		r->has = HAS_VALUE | HAS_AGENT;
		r->subject_agent = (struct agent){{0}};
		memcpy(r->subject_agent.b, r->by.b, ID_SIZE);
		r->value = slice_str(rand() % 2 ? "true" : "false");
	}
}

static size_t print_hex(char *out, const uint8_t *p)
{
	for (int i = 0; i < ID_SIZE; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", p[i]);
	return 2 * ID_SIZE;
}

static size_t print_time(char *out, uint64_t when)
{
	time_t seconds = (time_t)(when / SECOND);
	struct tm tm;
	size_t n = strftime(out, 40, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm));

	if (when % SECOND) {
		n += (size_t)snprintf(
			out + n, 12, ".%09u", (unsigned)(when % SECOND));
		while (out[n - 1] == '0')
			n--;
	}
	out[n++] = 'Z';
	return n;
}

/* What stands before the record, and behind it. */
static size_t expect_head(char *out, uint64_t seq, uint64_t at, const struct id *id,
	const struct record *r)
{
	size_t n = (size_t)sprintf(
		out, "{\"seq\":%llu,\"received_at\":\"", (unsigned long long)seq);

	n += print_time(out + n, at);
	n += (size_t)sprintf(
		out + n, "\",\"kind\":\"%s\",\"id\":\"", record_kind_name(r->kind));
	n += print_hex(out + n, id->b);
	out[n++] = '"';
	return n;
}

static size_t expect_tail(char *out, const struct agent *agents, size_t count)
{
	size_t n = (size_t)sprintf(out, ",\"agents\":[");

	for (size_t i = 0; i < count; i++) {
		n += (size_t)sprintf(out + n, "%s\"", i ? "," : "");
		n += print_hex(out + n, agents[i].b);
		out[n++] = '"';
	}
	return n + (size_t)sprintf(out + n, "]}\n");
}

/* The same record again? */
static void parse_back(struct slice middle, const struct record *r)
{
	ARENA_AUTO(a);
	BUF_AUTO(json);
	BUF_AUTO(want);
	BUF_AUTO(got);
	struct draft d;
	struct error err = {0};
	int rc;

	buf_byte(&json, '{');
	buf_slice(&json, slice_sub(middle, 1, SIZE_MAX)); /* not the comma */
	buf_byte(&json, '}');
	rc = record_parse(slice_of(json.p, json.n), &a, &d, &err);
	if (rc < 0) {
		printf("# %.*s: %s\n", (int)json.n, (const char *)json.p,
			err.message);
		CHECK(rc == 0);
		return;
	}
	canon_encode(r, &want);
	canon_encode(&d.record, &got);
	CHECK(slice_equal(slice_of(want.p, want.n), slice_of(got.p, got.n)));
}

static void a_line_is_what_printf_and_the_parser_say(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		char head[FRAME_MAX], behind[FRAME_MAX];
		uint8_t vector[12];
		struct agent agents[AGENTS_MAX];
		size_t count = (size_t)rand() % (AGENTS_MAX + 1), h, t;
		uint64_t seq = number(), at = moment();
		struct id id = random_id();
		struct record r;
		struct slice line = {0};
		BUF_AUTO(out);

		random_record(&r, vector);
		for (size_t k = 0; k < count; k++) {
			struct id key = random_id();

			memcpy(agents[k].b, key.b, ID_SIZE);
		}
		event_print(seq, at, &id, &r, agents, count, &out);
		h = expect_head(head, seq, at, &id, &r);
		t = expect_tail(behind, agents, count);
		CHECK(buf_view(&out, &line) == 0 && line.n > h + t);
		CHECK(memchr(line.p, '\n', line.n) == line.p + line.n - 1);
		CHECK(memcmp(line.p, head, h) == 0);
		CHECK(memcmp(line.p + line.n - t, behind, t) == 0);
		parse_back(slice_sub(line, h, line.n - h - t), &r);
	}
}

/* Without room the line fails as a whole, and says so. */
static void a_line_that_does_not_fit_fails(void)
{
	struct record r = {.kind = RECORD_COSIGNATURE, .target = random_id()};
	struct id id = random_id();
	BUF_AUTO(whole);

	event_print(1, 2, &id, &r, NULL, 0, &whole);
	for (size_t n = 0; n <= whole.n; n++) {
		uint8_t *p = malloc(n ? n : 1);
		struct buf lent = buf_lent(p, n);

		event_print(1, 2, &id, &r, NULL, 0, &lent);
		CHECK(lent.failed == (n < whole.n) && lent.n <= n);
		free(p);
	}
}

int main(void)
{
	srand(3);
	RUN(a_line_is_what_printf_and_the_parser_say);
	RUN(a_line_that_does_not_fit_fails);
	return tap_done();
}

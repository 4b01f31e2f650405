#include "core/record_json.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>

#include "core/bytes.h"
#include "core/canon.h"
#include "tests/unit/tap.h"

#define A "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
#define B "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"
#define SIGNATURE A B
#define ENTRY(agent)                                                               \
	"{\"agent\":\"" agent "\",\"signature\":\"" SIGNATURE "\",\"signed_at\":"  \
	"1}"
#define SPO "\"subject\":\"s\",\"predicate\":\"p\",\"object\":\"o\""

static struct slice view(const struct buf *b)
{
	struct slice s = {0};

	CHECK(buf_view(b, &s) == 0);
	return s;
}

/* Parse, print, and parse what was printed: same canonical bytes? The printed
 * record. */
static void print_again(const char *json, struct buf *out)
{
	ARENA_AUTO(a);
	BUF_AUTO(first);
	BUF_AUTO(second);
	struct error err = {0};
	struct draft d;

	if (record_parse(slice_str(json), &a, &d, &err) < 0) {
		printf("# %s: %s\n", json, err.message);
		CHECK(false);
		return;
	}
	buf_byte(out, '{');
	record_print(&d.record, out);
	if (d.signature_count > 0)
		signatures_print(d.signatures, d.signature_count, out);
	buf_byte(out, '}');
	canon_encode(&d.record, &first);
	CHECK(record_parse(view(out), &a, &d, &err) == 0);
	canon_encode(&d.record, &second);
	CHECK(slice_equal(view(&first), view(&second)));
}

static void records_print_in_one_form(void)
{
	static const char *const cases[][2] = {
		{"{" SPO ",\"timestamp\":0}",
			"{" SPO ",\"timestamp\":\"1970-01-01T00:00:00Z\","
			"\"lifecycle\":\"proposed\"}"},
		{"{\"note\":\"a\\nb\",\"because\":[\"" A "\",\"" B
		 "\"],\"vector\":[0.1,-0,1e10,"
		 "16777217,1e-45],\"visual_hash\":\"00FF00ff12345678\",\"epoch\":"
		 "\"" A "\",\"parent\":\"" B
		 "\",\"lifecycle\":\"approved\",\"source_class\":"
		 "\"regulatory\",\"source_hash\":\"" A
		 "\",\"source\":\"x\",\"timestamp\":"
		 "\"2026-03-01T22:00:00.50+01:00\",\"confidence\":0.90,\"object\":{"
		 "\"ref\":"
		 "\"\\u004f\"},\"predicate\":\"p\",\"subject\":\"s\"}",
			"{\"subject\":\"s\",\"predicate\":\"p\",\"object\":{"
			"\"ref\":\"O\"},"
			"\"confidence\":0.9,\"timestamp\":\"2026-03-01T21:00:00."
			"5Z\",\"source\":"
			"\"x\",\"source_hash\":\"" A
			"\",\"source_class\":\"regulatory\","
			"\"lifecycle\":\"approved\",\"parent\":\"" B
			"\",\"epoch\":\"" A "\","
			"\"visual_hash\":\"00ff00ff12345678\",\"vector\":[0.1,0,1e+"
			"10,16777216,"
			"1.4013e-45],\"because\":[\"" A "\",\"" B
			"\"],\"note\":\"a\\nb\"}"},
		{"{\"vote\":\"" A "\",\"weight\":-0.80,\"timestamp\":1}",
			"{\"vote\":\"" A "\",\"weight\":-0.8,\"timestamp\":"
			"\"1970-01-01T00:00:01Z\"}"},
		{"{\"epoch\":\"e\",\"supersedes\":\"" A
		 "\",\"supersession\":\"refine\","
		 "\"timestamp\":1}",
			"{\"epoch\":\"e\",\"supersedes\":\"" A
			"\",\"supersession\":\"refine\","
			"\"timestamp\":\"1970-01-01T00:00:01Z\"}"},
		{"{\"supersede\":\"" A "\",\"by\":\"" B
		 "\",\"reason\":\"r\",\"timestamp\":1}",
			"{\"supersede\":\"" A "\",\"by\":\"" B
			"\",\"reason\":\"r\","
			"\"timestamp\":\"1970-01-01T00:00:01Z\"}"},
		{"{\"retract\":\"" A "\",\"reason\":\"r\",\"timestamp\":1}",
			"{\"retract\":\"" A "\",\"reason\":\"r\",\"timestamp\":"
			"\"1970-01-01T00:00:01Z\"}"},
		{"{\"profile\":{\"name\":\"Ada\"},\"timestamp\":1}",
			"{\"profile\":{\"name\":\"Ada\"},\"timestamp\":\"1970-01-"
			"01T00:00:01Z\"}"},
		{"{\"setting\":\"admit\",\"agent\":\"" A "\",\"timestamp\":1}",
			"{\"setting\":\"admit\",\"agent\":\"" A
			"\",\"value\":true,\"timestamp\":"
			"\"1970-01-01T00:00:01Z\"}"},
		{"{\"setting\":\"grant\",\"agent\":\"" A
		 "\",\"value\":\"expert\",\"timestamp\":1}",
			"{\"setting\":\"grant\",\"agent\":\"" A
			"\",\"value\":\"expert\","
			"\"timestamp\":\"1970-01-01T00:00:01Z\"}"},
		{"{\"setting\":\"min_trust\",\"value\":0.30,\"timestamp\":1}",
			"{\"setting\":\"min_trust\",\"value\":0.3,\"timestamp\":"
			"\"1970-01-01T00:00:01Z\"}"},
		{"{\"cosign\":\"" A
		 "\",\"signatures\":[" ENTRY(B) "," ENTRY(A) "]}",
			"{\"cosign\":\"" A "\",\"signatures\":[{\"agent\":\"" A
			"\",\"signature\":\"" SIGNATURE
			"\",\"signed_at\":\"1970-01-01T00:00:01Z\"},{\"agent\":\"" B
			"\",\"signature\":\"" SIGNATURE "\",\"signed_at\":"
			"\"1970-01-01T00:00:01Z\"}]}"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BUF_AUTO(out);

		print_again(cases[i][0], &out);
		CHECK_TEXT(view(&out), cases[i][1]);
	}
}

/* What is refused: errno, offset of the trouble, a word of the message, one of the
 * hint. */
static const struct {
	const char *json;
	int code;
	int64_t offset;
	const char *message, *hint;
} refused[] = {
	{"["
	 "{" SPO "}]",
		EINVAL, 0, "JSON object", "one object per line"},
	{" 3", EINVAL, 1, "JSON object", ""},
	{"{}", EINVAL, 0, "no key says", "subject"},
	{"{\"timestamp\":1}", EINVAL, 0, "no key says", ""},
	{"{\"subjct\":\"a\"}", EINVAL, 1, "\"subjct\"",
		"did you mean \"subject\"?"},
	{"{" SPO ",\"Source-Class\":1}", EINVAL, 44, "\"Source-Class\"",
		"\"source_class\""},
	{"{" SPO ",\"zzz\":1}", EINVAL, 44, "\"zzz\"", "it has subject, predicate"},
	{"{\"subject\":\"s\",\"predicate\":\"p\"}", EINVAL, 0, "needs \"object\"",
		""},
	{"{\"object\":1}", EINVAL, 0, "needs \"subject\"", ""},
	{"{" SPO ",\"vote\":\"" A "\"}", EINVAL, 44,
		"\"vote\": an assertion has no", ""},
	{"{" SPO ",\"confidence\":1.5}", EINVAL, 57,
		"\"confidence\": 1.5 is over 1", ""},
	{"{" SPO ",\"confidence\":-0.1}", EINVAL, 57,
		"\"confidence\": -0.1 is below 0", ""},
	{"{" SPO ",\"confidence\":-1e-9}", EINVAL, 57, "below 0", ""},
	{"{" SPO ",\"confidence\":\"1\"}", EINVAL, 57, "not a string", ""},
	{"{" SPO ",\"confidence\":null}", EINVAL, 57, "null is no value",
		"leave the key out"},
	{"{" SPO ",\"confidence\":NaN}", EINVAL, 57, "\"confidence\": NaN",
		"leave the key out"},
	{"{" SPO ",\"confidence\":1,\"confidence\":1}", EINVAL, 59,
		"\"confidence\"", ""},
	{"{" SPO ",\"timestamp\":1767225600000}", EINVAL, 56, "\"timestamp\"",
		"milliseconds? divide by 1000"},
	{"{" SPO ",\"timestamp\":\"yesterday\"}", EINVAL, 56, "not a time",
		"RFC 3339"},
	{"{" SPO ",\"timestamp\":true}", EINVAL, 56, "wants a time", ""},
	{"{\"subject\":1,\"predicate\":\"p\",\"object\":1}", EINVAL, 11,
		"wants a string", ""},
	{"{\"subject\":\"\",\"predicate\":\"p\",\"object\":1}", EINVAL, 11,
		"\"subject\": empty", ""},
	{"{\"subject\":\"s\",\"predicate\":\"a\\tb\",\"object\":1}", EINVAL, 27,
		"\"predicate\": control character U+0009", ""},
	{"{\"subject\":\"s\",\"predicate\":\"p\",\"object\":\"\\u009b\"}", EINVAL,
		40, "control character U+009B", ""},
	{"{\"subject\":\"s\",\"predicate\":\"p\",\"object\":[1]}", EINVAL, 40,
		"not an array", ""},
	{"{\"subject\":\"s\",\"predicate\":\"p\",\"object\":{}}", EINVAL, 40,
		"needs \"ref\"", ""},
	{"{\"subject\":\"s\",\"predicate\":\"p\",\"object\":{\"rf\":\"x\"}}",
		EINVAL, 41, "\"rf\"", "\"ref\""},
	{"{\"subject\":\"s\",\"predicate\":\"p\",\"object\":{\"ref\":\"\"}}",
		EINVAL, 40, "\"object\": empty", ""},
	{"{\"subject\":\"s\",\"predicate\":\"p\",\"object\":{\"ref\":7}}", EINVAL,
		47, "\"ref\": wants a string", ""},
	{"{\"subject\":\"s\",\"predicate\":\"p\",\"object\":"
	 "12345678901234567890123456789012345}",
		EINVAL, 40, "34", "quote it"},
	{"{" SPO ",\"source_class\":\"saint\"}", EINVAL, 59, "unknown word saint",
		"regulatory"},
	{"{" SPO ",\"lifecycle\":\"done\"}", EINVAL, 56, "unknown word done",
		"approved"},
	{"{" SPO ",\"parent\":\"abc\"}", EINVAL, 53, "64 hex digits", ""},
	{"{" SPO ",\"visual_hash\":\"abc\"}", EINVAL, 58, "16 hex digits", ""},
	{"{" SPO ",\"epoch\":\"\"}", EINVAL, 52, "\"epoch\": empty", ""},
	{"{" SPO ",\"source\":\"\"}", EINVAL, 53, "\"source\": empty", ""},
	{"{" SPO ",\"vector\":[]}", EINVAL, 53, "\"vector\": empty",
		"leave the key out"},
	{"{" SPO ",\"vector\":[1,\"2\"]}", EINVAL, 56, "\"vector\": wants numbers",
		""},
	{"{" SPO ",\"vector\":[1,1e39]}", EINVAL, 56, "too large for a float32",
		""},
	{"{" SPO ",\"because\":[\"" A "\",\"" A "\"]}", EINVAL, 122, "twice", ""},
	{"{" SPO ",\"because\":[\"" A "\",7]}", EINVAL, 122, "\"because\": wants",
		""},
	{"{" SPO ",\"because\":\"" A "\"}", EINVAL, 54, "wants an array", ""},
	{"{\"vote\":\"" A "\"}", EINVAL, 0, "needs \"weight\"", ""},
	{"{\"vote\":\"" A "\",\"weight\":1.1}", EINVAL, 84, "outside -1 to 1", ""},
	{"{\"vote\":\"" A "\",\"weight\":1,\"confidence\":1}", EINVAL, 86,
		"a vote has no", ""},
	{"{\"supersede\":\"" A "\",\"reason\":\"r\"}", EINVAL, 0, "needs \"by\"",
		""},
	{"{\"supersede\":\"" A "\",\"by\":\"" A "\",\"reason\":\"r\"}", EINVAL, 85,
		"itself", ""},
	{"{\"supersede\":\"" A "\",\"b\":1}", EINVAL, 80, "\"b\"",
		"it has supersede, by"},
	{"{\"retract\":\"" A "\"}", EINVAL, 0, "needs \"reason\"", ""},
	{"{\"retract\":\"" A "\",\"reason\":\"\"}", EINVAL, 87, "\"reason\": empty",
		""},
	{"{\"epoch\":\"e\",\"supersedes\":\"f\"}", EINVAL, 0, "go together", ""},
	{"{\"epoch\":\"e\",\"supersession\":\"refine\"}", EINVAL, 0, "go together",
		""},
	{"{\"epoch\":\"" A "\"}", EINVAL, 9, "64 hex digits", ""},
	{"{\"profile\":\"x\"}", EINVAL, 11, "wants an object", ""},
	{"{\"profile\":{\"nick\":\"x\"}}", EINVAL, 12, "\"nick\"", "it has name"},
	{"{\"profile\":{\"name\":\"\"}}", EINVAL, 11, "empty", ""},
	{"{\"setting\":\"trust\"}", EINVAL, 11, "unknown setting trust",
		"known are admit"},
	{"{\"setting\":\"admit\"}", EINVAL, 0, "\"agent\"", ""},
	{"{\"setting\":\"admit\",\"agent\":\"" A "\",\"value\":\"true\"}", EINVAL,
		102, "unknown word true", ""},
	{"{\"setting\":\"min_trust\",\"value\":2}", EINVAL, 31, "0 to 1", ""},
	{"{\"cosign\":\"" A "\",\"timestamp\":1}", EINVAL, 77, "\"timestamp\"", ""},
	{"{" SPO ",\"signatures\":[" ENTRY(A) "]}", EINVAL, 0,
		"needs \"timestamp\"", "id"},
	{"{" SPO ",\"signatures\":[]}", EINVAL, 57, "\"signatures\": empty", ""},
	{"{" SPO ",\"signatures\":[{\"agent\":\"" A "\"}]}", EINVAL, 58,
		"needs \"signature\"", ""},
	{"{" SPO ",\"signatures\":[7]}", EINVAL, 58, "wants objects", ""},
	{"{\"cosign\":\"" A "\",\"signatures\":[" ENTRY(A) "," ENTRY(A) "]}",
		EINVAL, 90, "signs twice", ""},
	{"{" SPO "} {}", EINVAL, 45, "more follows", ""},
	{"{" SPO, EINVAL, 43, "incomplete", ""},
	{"{\"subject\":\"\xff\"}", EINVAL, 12, "\"subject\"", ""},
};

static void what_is_wrong_is_said_with_its_key_and_place(void)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct error err = {0};
		struct draft d = {.signature_count = 7};
		bool fine;
		int rc;
		ARENA_AUTO(a);

		rc = record_parse(slice_str(refused[i].json), &a, &d, &err);
		fine = rc == -refused[i].code && err.code == refused[i].code &&
		       err.offset == refused[i].offset && d.signature_count == 7 &&
		       strstr(err.message, refused[i].message) &&
		       strstr(err.hint, refused[i].hint);
		CHECK(fine);
		if (!fine)
			printf("# %s: %d at %lld: %s (%s)\n", refused[i].json, rc,
				(long long)err.offset, err.message, err.hint);
		CHECK(record_parse(slice_str(refused[i].json), &a, &d, NULL) == rc);
	}
}

static void sizes_end_at_their_limits(void)
{
	BUF_AUTO(b);
	ARENA_AUTO(a);
	struct error err;
	struct draft d;

	buf_str(&b, "{\"subject\":\"s\",\"predicate\":\"p\",\"object\":\"");
	for (int i = 0; i < TEXT_MAX; i++)
		buf_byte(&b, 'x');
	buf_str(&b, "\"}");
	CHECK(record_parse(view(&b), &a, &d, &err) == 0 &&
		d.record.object.text.n == TEXT_MAX);
	b.n -= 2;
	buf_str(&b, "x\"}");
	CHECK(record_parse(view(&b), &a, &d, &err) == -EINVAL && err.offset == 40);
	while (b.n <= RECORD_JSON_MAX)
		buf_byte(&b, ' ');
	CHECK(record_parse(view(&b), &a, &d, &err) == -EMSGSIZE);
	buf_reset(&b);
	buf_str(&b, "{\"subject\":\"");
	for (int i = 0; i < 86; i++)
		buf_byte(&b, '/');
	buf_str(&b, "\",\"predicate\":\"p\",\"object\":1}");
	CHECK(record_parse(view(&b), &a, &d, &err) == -ENAMETOOLONG &&
		err.offset == 11);
}

static void drafts_say_what_was_left_open(void)
{
	ARENA_AUTO(a);
	struct draft d;

	CHECK(record_parse(slice_str("{" SPO "}"), &a, &d, NULL) == 0);
	CHECK(d.timestamp_implied && d.record.timestamp == 0 &&
		d.signature_count == 0);
	CHECK(d.epoch_name.p == NULL && d.record.has == 0);
	CHECK(record_parse(slice_str("{" SPO ",\"timestamp\":0}"), &a, &d, NULL) ==
		0);
	CHECK(!d.timestamp_implied);
	CHECK(record_parse(
		      slice_str("{" SPO ",\"epoch\":\"now\"}"), &a, &d, NULL) == 0);
	CHECK(d.record.has == HAS_EPOCH);
	CHECK_TEXT(d.epoch_name, "now");
	CHECK(record_parse(slice_str("{" SPO ",\"epoch\":\"" A "\"}"), &a, &d,
		      NULL) == 0);
	CHECK(d.epoch_name.p == NULL && d.record.epoch.b[0] == 0xa1);
	CHECK(record_parse(slice_str("{\"epoch\":\"e\",\"supersedes\":\"d\","
				     "\"supersession\":"
				     "\"replace\"}"),
		      &a, &d, NULL) == 0);
	CHECK(d.record.kind == RECORD_EPOCH && d.record.has == HAS_TARGET);
	CHECK_TEXT(d.epoch_name, "d");
	CHECK(record_parse(slice_str("{\"cosign\":\"" A "\"}"), &a, &d, NULL) == 0);
	CHECK(!d.timestamp_implied);
	CHECK(record_parse(slice_str("{\"vote\":\"" A "\",\"weight\":-0.0000001}"),
		      &a, &d, NULL) == 0);
	CHECK(d.record.weight == 0 && !d.record.against);
}

static void signatures_come_sorted(void)
{
	ARENA_AUTO(a);
	struct draft d;

	CHECK(record_parse(slice_str("{\"cosign\":\"" A "\",\"signatures\":[" ENTRY(
				   B) "," ENTRY(A) "]}"),
		      &a, &d, NULL) == 0);
	CHECK(d.signature_count == 2);
	CHECK(d.signatures[0].agent.b[0] == 0xa1 &&
		d.signatures[1].agent.b[0] == 0xb2);
	CHECK(d.signatures[0].signed_at == UINT64_C(1000000000));
	CHECK(d.signatures[0].bytes[63] == 0xb2);
}

static void nothing_borrows_from_the_json(void)
{
	char json[] = "{" SPO ",\"note\":\"n\",\"because\":[\"" A "\"]}";
	ARENA_AUTO(a);
	struct draft d;

	CHECK(record_parse(slice_str(json), &a, &d, NULL) == 0);
	memset(json, 'x', sizeof(json));
	CHECK_TEXT(d.record.subject, "s");
	CHECK_TEXT(d.record.note, "n");
	CHECK(d.record.because.n == ID_SIZE && d.record.because.p[0] == 0xa1);
}

static void bare_values_are_read_as_people_mean_them(void)
{
	static const struct {
		const char *line;
		uint8_t kind;
		const char *text;
	} cases[] = {
		{"96.7", OBJECT_NUMBER, "96.7"},
		{" 96.70 \n", OBJECT_NUMBER, "96.7"},
		{"-1e3", OBJECT_NUMBER, "-1000"},
		{"true", OBJECT_BOOL, "true"},
		{"false\r\n", OBJECT_BOOL, "false"},
		{"RS256", OBJECT_TEXT, "RS256"},
		{"  two words ", OBJECT_TEXT, "two words"},
		{"\"007\"", OBJECT_TEXT, "007"},
		{"\" kept \"", OBJECT_TEXT, " kept "},
		{"3 apples", OBJECT_TEXT, "3 apples"},
		{"+1 from me", OBJECT_TEXT, "+1 from me"},
		{"-rf", OBJECT_TEXT, "-rf"},
		{"12 \xd0\xba\xd0\xbc", OBJECT_TEXT, "12 \xd0\xba\xd0\xbc"},
		{"{\"ref\": \"Germany\"}", OBJECT_REF, "Germany"},
		{"nan", OBJECT_TEXT, "nan"},
		{"True", OBJECT_TEXT, "True"},
		{"[1,2]", OBJECT_TEXT, "[1,2]"},
		{"nullable", OBJECT_TEXT, "nullable"},
		{"a\tb", OBJECT_TEXT, "a\tb"},
		{"=EUR", OBJECT_TEXT, "=EUR"},
		{"\"\"", OBJECT_TEXT, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ARENA_AUTO(a);
		struct object o = {0};

		CHECK(object_parse(slice_str(cases[i].line), &a, &o, NULL) == 0);
		CHECK(o.kind == cases[i].kind);
		CHECK_TEXT(o.text, cases[i].text);
	}
}

static void bare_values_that_may_mean_two_things_are_refused(void)
{
	static const char *const quote[] = {"007", "+359", "2026-03-01", "10.1.2.3",
		"-", "1,5", ".5", "5.", "1 000", "50 %", "null", "NaN", "--"};
	static const char *const other[] = {"", "  ", "\"open", "\"a\" b",
		"{\"ref\":1}", "{\"a\":1}", "{", "1e1000",
		"12345678901234567890123456789012345", "a\x1b[2J", "\xff",
		"{\"ref\":\"\"}"};
	ARENA_AUTO(a);
	struct object o;

	for (size_t i = 0; i < sizeof(quote) / sizeof(quote[0]); i++) {
		struct error err = {0};

		CHECK(object_parse(slice_str(quote[i]), &a, &o, &err) == -EINVAL);
		CHECK(strstr(err.hint, "quote it") != NULL);
	}
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		struct error err = {0};

		CHECK(object_parse(slice_str(other[i]), &a, &o, &err) == -EINVAL);
		CHECK(err.message[0] != '\0');
	}
}

static void objects_print_as_json_and_bare(void)
{
	static const struct {
		struct object o;
		const char *json, *bare;
	} cases[] = {
		{{OBJECT_TEXT, {(const uint8_t *)"a\"b", 3}}, "\"a\\\"b\"", "a\"b"},
		{{OBJECT_NUMBER, {(const uint8_t *)"96.7", 4}}, "96.7", "96.7"},
		{{OBJECT_BOOL, {(const uint8_t *)"true", 4}}, "true", "true"},
		{{OBJECT_REF, {(const uint8_t *)"X", 1}}, "{\"ref\":\"X\"}", "X"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BUF_AUTO(json);
		BUF_AUTO(bare);

		object_print(&cases[i].o, &json);
		object_print_bare(&cases[i].o, &bare);
		CHECK_TEXT(view(&json), cases[i].json);
		CHECK_TEXT(view(&bare), cases[i].bare);
	}
}

/* Random float32s, all exponents: what is printed reads back to the same bits. */
static void vectors_read_back_to_the_same_floats(void)
{
	uint32_t bits = 1;

	for (int round = 0; round < 200; round++) {
		uint8_t raw[4 * 50];
		struct record r = {.kind = RECORD_ASSERTION,
			.has = HAS_VECTOR,
			.subject = slice_str("s"),
			.predicate = slice_str("p"),
			.object = {OBJECT_BOOL, slice_str("true")},
			.vector = slice_of(raw, sizeof(raw))};
		struct draft d;
		ARENA_AUTO(a);
		BUF_AUTO(b);

		for (size_t i = 0; i < sizeof(raw); i += 4) {
			bits = bits * 1664525 + 1013904223;
			put_u32(raw + i,
				(bits & 0x7f800000) == 0x7f800000 ? 0 : bits);
		}
		buf_byte(&b, '{');
		record_print(&r, &b);
		buf_byte(&b, '}');
		CHECK(record_parse(view(&b), &a, &d, NULL) == 0);
		CHECK(slice_equal(d.record.vector, r.vector));
	}
}

/* In a locale with a decimal comma nothing changes. */
static void locales_do_not_reach_records(void)
{
	static const char json[] =
		"{" SPO ",\"confidence\":0.25,\"vector\":[0.5,1.25]}";
	BUF_AUTO(b);

	if (!setlocale(LC_ALL, "de_DE.UTF-8")) {
		printf("# skipped: no locale de_DE.UTF-8\n");
		return;
	}
	print_again(json, &b);
	buf_byte(&b, '\0');
	CHECK(strstr((const char *)b.p, "\"confidence\":0.25,") != NULL);
	CHECK(strstr((const char *)b.p, "\"vector\":[0.5,1.25]") != NULL);
	(void)setlocale(LC_ALL, "C");
}

int main(void)
{
	RUN(records_print_in_one_form);
	RUN(what_is_wrong_is_said_with_its_key_and_place);
	RUN(sizes_end_at_their_limits);
	RUN(drafts_say_what_was_left_open);
	RUN(signatures_come_sorted);
	RUN(nothing_borrows_from_the_json);
	RUN(bare_values_are_read_as_people_mean_them);
	RUN(bare_values_that_may_mean_two_things_are_refused);
	RUN(objects_print_as_json_and_bare);
	RUN(vectors_read_back_to_the_same_floats);
	RUN(locales_do_not_reach_records);
	return tap_done();
}

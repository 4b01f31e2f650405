/* The framer: the same values and the same first error, however the bytes are cut. */
#include "fs/framing.h"

#include <errno.h>
#include <stdlib.h>

#include "core/record.h"
#include "tests/unit/tap.h"

/* What came out of a stream, as text: "0:{…}|12:{…}" and how it ended. */
struct outcome {
	struct buf text;
	int rc;
	struct error err;
};

static void outcome_free(struct outcome *o)
{
	buf_free(&o->text);
}
#define OUTCOME_AUTO(name)                                                         \
	__attribute__((cleanup(outcome_free))) struct outcome name = {             \
		.err.offset = -1}

static struct slice text(const struct outcome *o)
{
	return slice_of(o->text.p ? o->text.p : (const uint8_t *)"", o->text.n);
}

static void note(struct outcome *o, const struct framed *v)
{
	if (o->text.n > 0)
		buf_byte(&o->text, '|');
	buf_printf(&o->text, "%llu:", (unsigned long long)v->offset);
	buf_slice(&o->text, v->bytes);
}

/* Feed a piece; false when the stream is over. The piece is copied to memory of its own,
 * which is gone afterwards: nothing may borrow from it. */
static bool feed(struct framer *f, struct slice piece, struct outcome *o)
{
	uint8_t *copy = malloc(piece.n + 1);
	struct slice in = slice_of(copy, piece.n);
	struct framed v;

	if (piece.n > 0)
		memcpy(copy, piece.p, piece.n);
	while ((o->rc = framer_next(f, &in, &v, &o->err)) == 1)
		note(o, &v);
	if (o->rc == 0)
		CHECK(in.n == 0);
	free(copy);
	return o->rc == 0;
}

static void finish(struct framer *f, struct outcome *o)
{
	struct framed v;

	o->rc = framer_end(f, &v, &o->err);
	if (o->rc == 1)
		note(o, &v);
}

/* Cut into pieces of so many bytes, the first one shorter by some. */
static void run(enum framing form, struct slice s, size_t first, size_t size,
	struct outcome *o)
{
	struct framer f = {.form = form};
	bool on = feed(&f, slice_sub(s, 0, first), o);

	for (size_t at = first; on && at < s.n; at += size)
		on = feed(&f, slice_sub(s, at, size), o);
	if (on)
		finish(&f, o);
	framer_free(&f);
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return slice_equal(text(a), text(b)) && a->rc == b->rc &&
	       (a->rc >= 0 || (a->err.code == b->err.code &&
				      a->err.offset == b->err.offset &&
				      strcmp(a->err.message, b->err.message) == 0 &&
				      strcmp(a->err.hint, b->err.hint) == 0));
}

/* Every cut into two pieces, and pieces of one byte, give what one piece gives. */
static void check_cuts(
	enum framing form, struct slice s, const struct outcome *whole)
{
	for (size_t cut = 0; cut <= s.n; cut++) {
		OUTCOME_AUTO(o);

		run(form, s, cut, s.n + 1, &o);
		if (!same(&o, whole)) {
			printf("# cut at %zu of %.*s\n", cut, SLICE_ARG(s));
			CHECK(same(&o, whole));
		}
	}
	OUTCOME_AUTO(o);

	run(form, s, 0, 1, &o);
	CHECK(same(&o, whole));
}

struct example {
	const char *bytes;
	const char *values;
	int error;	/* 0: all was taken */
	int64_t offset; /* of the error */
	const char *says;
};

static void check_examples(enum framing form, const struct example *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct slice s = slice_str(e[i].bytes);
		OUTCOME_AUTO(o);

		run(form, s, s.n, 1, &o);
		CHECK_TEXT(text(&o), e[i].values);
		CHECK(o.rc == -e[i].error || (e[i].error == 0 && o.rc == 1));
		if (e[i].error != 0) {
			CHECK(o.err.offset == e[i].offset);
			CHECK(strstr(o.err.message, e[i].says) != NULL);
			if (o.err.offset != e[i].offset ||
				!strstr(o.err.message, e[i].says))
				printf("# %s: %lld %s\n", e[i].bytes,
					(long long)o.err.offset, o.err.message);
		}
		check_cuts(form, s, &o);
	}
}
#define CHECK_EXAMPLES(form, table)                                                \
	check_examples(form, table, sizeof(table) / sizeof(table[0]))

static void objects_end_where_their_brace_closes(void)
{
	static const struct example table[] = {
		{"", "", 0, 0, ""},
		{" \n\t\r\n", "", 0, 0, ""},
		{"{}", "0:{}", 0, 0, ""},
		{"{\"a\":1}\n{\"b\":\"}{\"}\n", "0:{\"a\":1}|8:{\"b\":\"}{\"}", 0,
			0, ""},
		{"{}{}  {}", "0:{}|2:{}|6:{}", 0, 0, ""},
		{"{\"a\":\"\\\"}\"}", "0:{\"a\":\"\\\"}\"}", 0, 0, ""},
		{"\xef\xbb\xbf{}", "", EINVAL, 0, "0xEF"},
		{"{}\n[{}]", "0:{}", EINVAL, 3, "array"},
		{"{}x", "0:{}", EINVAL, 2, "'x'"},
		{"{\"a\":1}}", "0:{\"a\":1}", EINVAL, 7, "'}'"},
		{"{} {\"a\":tru}", "0:{}", EINVAL, 11, "\"a\""},
		{"{\"a\":1,\"b\":{\"c\":\"\\ud800x\"}}", "", EINVAL, 17,
			"surrogate"},
	};

	CHECK_EXAMPLES(FRAMING_JSON, table);
}

static void a_first_line_must_say_that_the_value_goes_on(void)
{
	static const struct example table[] = {
		{"{\n\"a\":1\n}", "0:{\n\"a\":1\n}", 0, 0, ""},
		{"{ \t\r\n  \"a\":\n1}", "0:{ \t\r\n  \"a\":\n1}", 0, 0, ""},
		{"{\"a\":1,\n\"b\":2\n\n}", "0:{\"a\":1,\n\"b\":2\n\n}", 0, 0, ""},
		{"{\"a\":\n1}", "0:{\"a\":\n1}", 0, 0, ""},
		{"{\"a\":[\n1]}", "0:{\"a\":[\n1]}", 0, 0, ""},
		{"{\"a\":1\n", "", EINVAL, 6, "missing brace"},
		{"{}\n{\"a\":1 \r\n}", "0:{}", EINVAL, 11, "missing brace"},
		{"{\"a\"\n:1}", "", EINVAL, 4, "missing brace"},
		{"{\"a\":[1]\n}", "", EINVAL, 8, "missing brace"},
		{"{\"a\":\"x,\n", "", EINVAL, 8, "control character"},
		{"{\"a\":1,\n{\"b\":2}\n", "", EINVAL, 8, "key"},
	};

	CHECK_EXAMPLES(FRAMING_JSON, table);
}

static void a_stream_that_ends_inside_an_object_is_refused(void)
{
	static const struct example table[] = {
		{"{", "", EINVAL, 0, "missing brace"},
		{"{} {\"a\":1", "0:{}", EINVAL, 3, "missing brace"},
		{"{\"a\":{\n\"b\":2}\n", "", EINVAL, 0, "missing brace"},
	};

	CHECK_EXAMPLES(FRAMING_JSON, table);
}

static void each_line_is_one_value(void)
{
	static const struct example table[] = {
		{"", "", 0, 0, ""},
		{"\n \r\n\t\n", "", 0, 0, ""},
		{"96.7\n", "0:96.7", 0, 0, ""},
		{"a b\r\n\n{\"x\":\nlast", "0:a b|6:{\"x\":|12:last", 0, 0, ""},
		{" \n  ", "", 0, 0, ""},
	};

	CHECK_EXAMPLES(FRAMING_LINES, table);
}

/* `{"a":"xxx…` of exactly n bytes, closed. */
static void long_object(struct buf *out, size_t n)
{
	buf_str(out, "{\"a\":\"");
	while (out->n < n - 2)
		buf_byte(out, 'x');
	buf_str(out, "\"}");
}

static void an_object_may_fill_the_limit_but_not_pass_it(void)
{
	for (size_t over = 0; over <= 1; over++) {
		BUF_AUTO(b);

		buf_str(&b, "{}");
		BUF_AUTO(big);
		long_object(&big, RECORD_JSON_MAX + over);
		buf_slice(&b, slice_of(big.p, big.n));
		for (size_t first = 0; first <= b.n; first += 4099) {
			OUTCOME_AUTO(o);

			run(FRAMING_JSON, slice_of(b.p, b.n), first, 70000, &o);
			CHECK(o.rc == (over ? -EMSGSIZE : 0));
			CHECK(!over || o.err.offset == 2);
			CHECK(o.text.n == (over ? 4 : 4 + 3 + big.n));
		}
	}
}

static void an_error_behind_the_limit_is_not_reached(void)
{
	BUF_AUTO(b);
	OUTCOME_AUTO(o);

	long_object(&b, RECORD_JSON_MAX + 10);
	b.p[RECORD_JSON_MAX + 1] = '\n';
	run(FRAMING_JSON, slice_of(b.p, b.n), b.n, 1, &o);
	CHECK(o.rc == -EMSGSIZE);
}

static void a_line_may_fill_the_limit_but_not_pass_it(void)
{
	for (size_t over = 0; over <= 1; over++) {
		BUF_AUTO(b);

		memset(buf_room(&b, RECORD_JSON_MAX + 2), 'x',
			RECORD_JSON_MAX + over);
		b.n += RECORD_JSON_MAX + over;
		buf_byte(&b, '\n');
		for (size_t first = 0; first <= b.n; first += 4099) {
			OUTCOME_AUTO(o);

			run(FRAMING_LINES, slice_of(b.p, b.n), first, 70000, &o);
			CHECK(o.rc == (over ? -EMSGSIZE : 0));
		}
	}
}

static void too_much_is_refused_before_it_ends(void)
{
	struct framer f = {.form = FRAMING_JSON};
	BUF_AUTO(b);
	OUTCOME_AUTO(o);

	long_object(&b, 2 * RECORD_JSON_MAX);
	CHECK(feed(&f, slice_of(b.p, RECORD_JSON_MAX - 1), &o));
	CHECK(!feed(&f, slice_of(b.p + RECORD_JSON_MAX - 1, 1), &o));
	CHECK(o.rc == -EMSGSIZE);
	framer_free(&f);
}

static void what_is_dropped_leaves_the_stream_usable(void)
{
	struct framer f = {.form = FRAMING_JSON};
	OUTCOME_AUTO(o);

	CHECK(feed(&f, slice_str("{\"a\":"), &o));
	CHECK(framer_pending(&f));
	framer_drop(&f);
	CHECK(!framer_pending(&f));
	CHECK(feed(&f, slice_str("{}"), &o));
	CHECK_TEXT(text(&o), "5:{}");
	framer_free(&f);
}

static void blanks_are_not_pending(void)
{
	struct framer f = {.form = FRAMING_LINES};
	OUTCOME_AUTO(o);

	CHECK(feed(&f, slice_str("1\n  "), &o));
	CHECK(!framer_pending(&f));
	CHECK(feed(&f, slice_str("2"), &o));
	CHECK(framer_pending(&f));
	finish(&f, &o);
	CHECK_TEXT(text(&o), "0:1|2:  2");
	framer_free(&f);
}

/* Where nothing is no answer, a blank line is handed out, however it is cut. */
static void blank_lines_can_be_values(void)
{
	static const char stream[] = "\nwhy\n \r\n\t";

	for (size_t size = 1; size < sizeof(stream); size++) {
		struct framer f = {.form = FRAMING_LINES, .blanks = true};
		OUTCOME_AUTO(o);

		for (size_t i = 0; i < sizeof(stream) - 1; i += size)
			CHECK(feed(&f, slice_sub(slice_str(stream), i, size), &o));
		CHECK(!framer_pending(&f));
		finish(&f, &o);
		CHECK_TEXT(text(&o), "0:|1:why|5: ");
		framer_free(&f);
	}
}

int main(void)
{
	RUN(objects_end_where_their_brace_closes);
	RUN(a_first_line_must_say_that_the_value_goes_on);
	RUN(a_stream_that_ends_inside_an_object_is_refused);
	RUN(each_line_is_one_value);
	RUN(an_object_may_fill_the_limit_but_not_pass_it);
	RUN(an_error_behind_the_limit_is_not_reached);
	RUN(a_line_may_fill_the_limit_but_not_pass_it);
	RUN(too_much_is_refused_before_it_ends);
	RUN(what_is_dropped_leaves_the_stream_usable);
	RUN(blanks_are_not_pending);
	RUN(blank_lines_can_be_values);
	return tap_done();
}

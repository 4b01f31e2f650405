#include "core/summary.h"

#include <errno.h>

#include "tests/unit/tap.h"

static bool prints(const struct summary *s, const char *part)
{
	BUF_AUTO(out);
	bool found;

	summary_print(s, &out);
	buf_byte(&out, 0);
	found = strstr((const char *)out.p, part) != NULL;
	if (!found)
		printf("# lacks %s\n%s", part, (const char *)out.p);
	return found;
}

static bool bars(const uint64_t *numbers, unsigned n, const char *want)
{
	BUF_AUTO(out);

	summary_bars(numbers, n, &out);
	return slice_is(slice_of(out.p, out.n), want);
}

static void moments_are_evenly_spread_with_both_ends(void)
{
	uint64_t m[SUMMARY_MOMENTS];

	CHECK(summary_moments(100, 170, m) == 8);
	for (uint64_t i = 0; i < 8; i++)
		CHECK(m[i] == 100 + 10 * i);
	CHECK(summary_moments(0, UINT64_MAX, m) == 8);
	CHECK(m[0] == 0 && m[7] == UINT64_MAX);
	for (int i = 1; i < 8; i++)
		CHECK(m[i] > m[i - 1]);
	CHECK(summary_moments(5, 6, m) == 8);
	CHECK(m[0] == 5 && m[6] == 5 && m[7] == 6);
	CHECK(summary_moments(7, 7, m) == 1);
	CHECK(m[0] == 7);
}

static void bars_are_scaled_to_the_greatest(void)
{
	static const uint64_t steps[] = {0, 1, 2, 3, 4, 5, 6, 7};
	static const uint64_t up_and_down[] = {0, 250000, 500000, 250000};
	static const uint64_t none[8];
	static const uint64_t one = 1;

	CHECK(bars(steps, 8, "▁▂▃▄▅▆▇█"));
	CHECK(bars(up_and_down, 4, "▁▄█▄"));
	CHECK(bars(&one, 1, "█"));
	CHECK(bars(none, 8, ""));
	CHECK(bars(none, 0, ""));
}

static int reads(const char *line, struct summary_row *row)
{
	static struct arena arena;

	arena_free(&arena);
	*row = (struct summary_row){0};
	if (!line)
		return 0;
	return summary_read(slice_str(line), &arena, row);
}

static void a_row_is_read_from_the_line_of_a_consensus(void)
{
	struct summary_row r;

	CHECK(reads("{\"subject\":\"S\",\"predicate\":\"p\",\"object\":96.7,"
		    "\"confidence\":0.333333,\"status\":\"agreed\",\"conflict\":0,"
		    "\"candidates\":12,\"agents\":3}\n",
		      &r) == 0);
	CHECK_TEXT(r.value, "96.7");
	CHECK(r.has_confidence && r.confidence == 333333);
	CHECK(r.claims == 12 && r.agents == 3 && r.status == STATUS_AGREED);
	CHECK(reads("{\"object\":{\"ref\":\"Elon_Musk\"},\"status\":\"single\","
		    "\"candidates\":1,\"agents\":1}",
		      &r) == 0);
	CHECK_TEXT(r.value, "→ Elon_Musk");
	CHECK(!r.has_confidence);
	CHECK(reads("{\"object\":false,\"status\":\"single\",\"candidates\":1,"
		    "\"agents\":1}",
		      &r) == 0);
	CHECK_TEXT(r.value, "false");
	CHECK(reads("{\"object\":\"a\\u001b\\\"b\",\"status\":\"single\","
		    "\"candidates\":1,\"agents\":1}",
		      &r) == 0);
	CHECK_TEXT(r.value, "a\x1b\"b");
	CHECK(reads("{\"objects\":[\"a\",2,{\"ref\":\"c\"}],\"status\":\"single\","
		    "\"candidates\":3,\"agents\":1}",
		      &r) == 0);
	CHECK_TEXT(r.value, "a, 2, → c");
	CHECK(reads("{\"objects\":[],\"status\":\"none\",\"candidates\":0,"
		    "\"agents\":0}",
		      &r) == 0);
	CHECK(!r.value.p && r.status == STATUS_NONE);
	(void)reads(NULL, &r);
}

static void what_is_no_such_line_is_refused(void)
{
	static const char *const lines[] = {"", "{", "[]", "{}",
		"{\"status\":\"single\",\"candidates\":1}",
		"{\"status\":\"odd\",\"candidates\":1,\"agents\":1}",
		"{\"status\":1,\"candidates\":1,\"agents\":1}",
		"{\"status\":\"single\",\"candidates\":-1,\"agents\":1}"};
	struct summary_row r;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		CHECK(reads(lines[i], &r) == -EBADMSG);
	(void)reads(NULL, &r);
}

static void the_page_reads_raw(void)
{
	static const struct summary_row rows[] = {
		{.predicate = {(const uint8_t *)"ceo", 3},
			.value = {(const uint8_t *)"x|y", 3},
			.has_confidence = true,
			.confidence = 333333,
			.claims = 1,
			.agents = 1,
			.status = STATUS_SINGLE,
			.support = {1},
			.moments = 1},
		{.predicate = {(const uint8_t *)"has_revenue", 11},
			.claims = 12,
			.agents = 3,
			.status = STATUS_CONTESTED},
	};
	struct summary_value values[] = {
		{.predicate = rows[1].predicate,
			.object = {OBJECT_NUMBER, slice_str("96.7")},
			.share = 599999,
			.claims = 7,
			.agents = 2},
		{.predicate = rows[1].predicate, .more = 3},
	};
	struct constraint rules[] = {{.rule = CONSTRAINT_MUST_USE,
		.topic = slice_str("http_client"),
		.object = {OBJECT_REF, slice_str("axios")},
		.confidence = MILLION,
		.agents = 1,
		.note = slice_str("since\n2026"),
		.conflict = true}};
	struct summary s = {.subject = slice_str("Tesla_Inc"),
		.predicates = 2,
		.rows = rows,
		.row_count = 2,
		.values = values,
		.value_count = 2,
		.rules = rules,
		.rule_count = 1};
	BUF_AUTO(out);

	summary_print(&s, &out);
	CHECK_TEXT(slice_of(out.p, out.n),
		"# Tesla_Inc\n"
		"\n"
		"2 predicates with 13 claims; 1 is contested.\n"
		"\n"
		"| predicate   | value | confidence | claims | agents | status    "
		"| support over time |\n"
		"|:------------|:------|-----------:|-------:|-------:|:----------"
		"|:------------------|\n"
		"| ceo         | x\\|y  |       0.33 |      1 |      1 | single    "
		"| █                 |\n"
		"| has_revenue |       |            |     12 |      3 | contested "
		"|                   |\n"
		"\n"
		"## Contested\n"
		"\n"
		"| predicate   | value    | share | claims | agents |\n"
		"|:------------|:---------|------:|-------:|-------:|\n"
		"| has_revenue | 96.7     |  0.59 |      7 |      2 |\n"
		"| has_revenue | 3 weaker |       |        |        |\n"
		"\n"
		"## Rules\n"
		"\n"
		"| rule     | topic       | object  | confidence | agents "
		"| conflict | note       |\n"
		"|:---------|:------------|:--------|-----------:|-------:"
		"|:---------|:-----------|\n"
		"| must_use | http_client | → axios |       1.00 |      1 "
		"| yes      | since 2026 |\n");
}

static void what_is_left_out_is_said(void)
{
	static const struct summary_row row = {
		.predicate = {(const uint8_t *)"p", 1}, .claims = 1};
	struct summary_value many = {.predicate = slice_str("p")};
	struct constraint rule = {
		.topic = slice_str("t"), .object = {OBJECT_TEXT, slice_str("x")}};
	struct summary s = {.subject = slice_str("S"),
		.predicates = 351,
		.rows = &row,
		.row_count = 1,
		.values = &many,
		.value_count = 1,
		.rules = &rule,
		.rule_count = 1,
		.more_rules = true};

	CHECK(prints(&s, "\n351 predicates; the first 1 are shown, with 1 claim; "
			 "none is contested.\n"));
	CHECK(prints(&s, "\n350 more: `ls` lists them all.\n"));
	CHECK(prints(&s, "| many: see `skeptic` |"));
	CHECK(prints(&s, "\nAnd more: `_constraints` has them all.\n"));
}

static void nothing_is_a_page_too(void)
{
	struct summary s = {.subject = slice_str("# x\x1b[0m<b>")};

	CHECK(prints(&s, "# \\# x\xef\xbf\xbd\\[0m\\<b>\n\n"
			 "0 predicates with 0 claims; none is contested.\n"));
	s.predicates = 1;
	CHECK(prints(&s, "1 predicate"));
}

int main(void)
{
	RUN(moments_are_evenly_spread_with_both_ends);
	RUN(bars_are_scaled_to_the_greatest);
	RUN(a_row_is_read_from_the_line_of_a_consensus);
	RUN(what_is_no_such_line_is_refused);
	RUN(the_page_reads_raw);
	RUN(what_is_left_out_is_said);
	RUN(nothing_is_a_page_too);
	return tap_done();
}

/* Text of others in Markdown, tables, and how wide text is. */
#include "core/markdown.h"
#include "core/width.h"
#include "tests/unit/tap.h"

static bool becomes(const char *text, size_t columns, const char *want)
{
	BUF_AUTO(out);

	markdown_text(slice_str(text), columns, &out);
	CHECK_TEXT(slice_of(out.p, out.n), want);
	return slice_is(slice_of(out.p, out.n), want);
}

static void ordinary_names_and_values_stay_as_they_are(void)
{
	static const char *const texts[] = {"has_revenue", "96.7", "-1.5e-9",
		"http_client", "tags[]", "AT&T", "a < b", "x > y", "C#", "50 %",
		"forbidden:http_client", "https://example.org/a?b=c", "(or so)",
		"RS256 & ES256", "100,000", "it's \"fine\""};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK(becomes(texts[i], 40, texts[i]));
}

static void what_markdown_reads_as_its_own_is_escaped(void)
{
	static const char *const cases[][2] = {
		{"a|b", "a\\|b"},
		{"a\\|b", "a\\\\\\|b"}, /* no way round by an escape of one's own */
		{"*bold*", "\\*bold\\*"}, {"_it_", "\\_it\\_"},
		{"__init__", "\\_\\_init\\_\\_"}, {"`rm`", "\\`rm\\`"},
		{"~~gone~~", "\\~\\~gone\\~\\~"},
		{"[x](javascript:y)", "\\[x](javascript:y)"},
		{"![x](http://y)", "!\\[x](http://y)"},
		{"[](http://y)", "\\[](http://y)"}, {"<script>", "\\<script>"},
		{"</td>", "\\</td>"}, {"<!-- x", "\\<!-- x"},
		{"&lt;b&gt;", "\\&lt;b\\&gt;"}, {"&#60;", "\\&#60;"},
		{"name #", "name \\#"}, {"name ##", "name \\#\\#"},
		{"α_β_", "α\\_β\\_"}, /* letters of other scripts: to be safe */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK(becomes(cases[i][0], 40, cases[i][1]));
}

static void nothing_breaks_a_line_or_drives_a_terminal(void)
{
	CHECK(becomes("one\ntwo\tthree", 40, "one two three"));
	CHECK(becomes(
		"a\xe2\x80\xa8z\xe2\x80\xa9", 40, "a z ")); /* U+2028, U+2029 */
	CHECK(becomes("\x1b[31mred", 40, "\xef\xbf\xbd\\[31mred"));
	CHECK(becomes(
		"a\r\x7f\xc2\x9b", 40, "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"));
	CHECK(becomes("\xe2\x80\xaetxt.exe", 40, "\xef\xbf\xbdtxt.exe"));
}

static void long_text_ends_in_an_ellipsis(void)
{
	CHECK(becomes("0123456789", 10, "0123456789"));
	CHECK(becomes("0123456789a", 10, "012345678…"));
	CHECK(becomes("首都東京", 8, "首都東京"));
	CHECK(becomes("首都東京", 7, "首都東…"));
	CHECK(becomes("首都東京", 6, "首都…"));
	CHECK(becomes("0123456789a", 0, "0123456789a"));
	CHECK(becomes("||||", 4, "\\|\\|\\|\\|")); /* escapes are not counted */
}

static void marks_that_pile_up_are_cut(void)
{
	BUF_AUTO(text);
	BUF_AUTO(out);

	for (int i = 0; i < 1000; i++)
		buf_str(&text, "\xcc\x81"); /* U+0301, no columns */
	markdown_text(slice_of(text.p, text.n), 40, &out);
	CHECK(out.n < 400);
}

static void width_is_what_terminals_show(void)
{
	CHECK(width_of('a') == 1);
	CHECK(width_of(0xe9) == 1);
	CHECK(width_of(0x301) == 0);
	CHECK(width_of(0x20dd) == 0);
	CHECK(width_of(0x3042) == 2);
	CHECK(width_of(0xac00) == 2);
	CHECK(width_of(0xff21) == 2);
	CHECK(width_of(0x1f600) == 2);
	CHECK(width_of(0x2026) == 1);
	CHECK(width_of(0x2581) == 1);
	CHECK(width_of(0x20000) == 2);
	CHECK(width_of(0x3fffe) == 1);
	CHECK(width_of(0x10ffff) == 1);
	CHECK(width_of_text(slice_str("e\xcc\x81首!")) == 4);
}

static void columns_are_padded_to_the_widest_cell(void)
{
	static const struct markdown_column columns[] = {
		{"name", false}, {"n", true}};
	static const char *const cells[] = {"首都", "1", "x", "12345"};
	MARKDOWN_TABLE_AUTO(t, columns);
	BUF_AUTO(out);

	for (size_t i = 0; i < 4; i++) {
		buf_str(&t.text, cells[i]);
		markdown_cell_end(&t);
	}
	markdown_table_print(&t, &out);
	CHECK_TEXT(slice_of(out.p, out.n), "| name |     n |\n"
					   "|:-----|------:|\n"
					   "| 首都 |     1 |\n"
					   "| x    | 12345 |\n");
}

static void a_table_without_memory_is_no_table(void)
{
	static const struct markdown_column columns[] = {{"name", false}};
	MARKDOWN_TABLE_AUTO(t, columns);
	BUF_AUTO(out);

	t.text.failed = true;
	markdown_table_print(&t, &out);
	CHECK(out.failed && out.n == 0);
}

int main(void)
{
	RUN(ordinary_names_and_values_stay_as_they_are);
	RUN(what_markdown_reads_as_its_own_is_escaped);
	RUN(nothing_breaks_a_line_or_drives_a_terminal);
	RUN(long_text_ends_in_an_ellipsis);
	RUN(marks_that_pile_up_are_cut);
	RUN(width_is_what_terminals_show);
	RUN(columns_are_padded_to_the_widest_cell);
	RUN(a_table_without_memory_is_no_table);
	return tap_done();
}

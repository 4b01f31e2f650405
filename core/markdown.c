/* Escapes are as few as safety allows, since the raw text is read, too: where a character
 * means something only in certain company, it is escaped in that company. */
#include "core/markdown.h"

#include <assert.h>

#include "core/utf8.h"
#include "core/width.h"

enum {
	/* Characters in a column, on average: marks that pile up on one letter take no
	 * columns, and are cut all the same. */
	COLUMN_CHARACTERS = 4,
	RULE_MIN = 3, /* dashes below a title */
};

#define ELLIPSIS "\xe2\x80\xa6"
#define REPLACEMENT "\xef\xbf\xbd"

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

static bool is_blank(uint32_t c)
{
	return c == '\t' || c == '\n' || c == 0x2028 || c == 0x2029;
}

/* The byte at `at`, 0 where there is none. */
static uint8_t byte_at(struct slice s, size_t at)
{
	return at < s.n ? s.p[at] : 0;
}

/* "&lt;" or "&#60;" starts at `at`. */
static bool is_entity(struct slice s, size_t at)
{
	do
		at++;
	while (is_alnum(byte_at(s, at)) || byte_at(s, at) == '#');
	return byte_at(s, at) == ';';
}

/* Would Markdown read the ASCII character at `at` as its own? */
static bool is_active(struct slice s, size_t at)
{
	uint8_t before = at ? s.p[at - 1] : 0;
	uint8_t next = byte_at(s, at + 1);

	switch (s.p[at]) {
	case '\\':
	case '`':
	case '*':
	case '|':
	case '~':
		return true;
	case '_': /* means nothing inside a word */
		return !is_alnum(before) || !is_alnum(next);
	case '[': /* a link needs more behind it; has_tags[] is a usual name */
		return !(next == ']' && at + 2 == s.n);
	case '<':
		return is_alnum(next) || next == '/' || next == '!' || next == '?';
	case '&':
		return is_entity(s, at);
	case '#': /* closes a heading */
		return before == 0 || before == ' ' || before == '#';
	default:
		return false;
	}
}

static void print_character(struct slice s, size_t at, size_t n, struct buf *out)
{
	size_t next = at;
	uint32_t c = utf8_next(s, &next);

	if (is_blank(c)) {
		buf_byte(out, ' ');
	} else if (utf8_is_control(c) || utf8_is_formatting(c)) {
		buf_str(out, REPLACEMENT);
	} else {
		if (n == 1 && is_active(s, at))
			buf_byte(out, '\\');
		buf_add(out, s.p + at, n);
	}
}

/* Where s is cut to fit into so many columns; s.n: it fits. */
static size_t cut(struct slice s, size_t columns)
{
	size_t used = 0, characters = 0, at = 0;
	size_t fits = 0; /* with room for the ellipsis */

	while (at < s.n) {
		used += width_of(utf8_next(s, &at));
		if (used > columns || ++characters > columns * COLUMN_CHARACTERS)
			return fits;
		if (used < columns)
			fits = at;
	}
	return s.n;
}

void markdown_text(struct slice s, size_t columns, struct buf *out)
{
	size_t end = columns ? cut(s, columns) : s.n;
	size_t at = 0;

	while (at < end) {
		size_t start = at;

		(void)utf8_next(s, &at);
		print_character(s, start, at - start, out);
	}
	if (end < s.n)
		buf_str(out, ELLIPSIS);
}

/* ---- tables ---- */

void markdown_table_free(struct markdown_table *t)
{
	buf_free(&t->text);
	buf_free(&t->ends);
}

void markdown_cell_end(struct markdown_table *t)
{
	buf_add(&t->ends, &t->text.n, sizeof(t->text.n));
}

static size_t end_of(const struct markdown_table *t, size_t cell)
{
	size_t end;

	memcpy(&end, t->ends.p + cell * sizeof(end), sizeof(end));
	return end;
}

static size_t cell_count(const struct markdown_table *t)
{
	return t->ends.n / sizeof(size_t);
}

static struct slice cell(const struct markdown_table *t, size_t i)
{
	size_t from = i ? end_of(t, i - 1) : 0;

	return slice_of(t->text.p + from, end_of(t, i) - from);
}

static size_t column_width(const struct markdown_table *t, size_t column)
{
	size_t widest = strlen(t->columns[column].title);

	if (widest < RULE_MIN)
		widest = RULE_MIN;
	for (size_t i = column; i < cell_count(t); i += t->count) {
		size_t width = width_of_text(cell(t, i));

		if (width > widest)
			widest = width;
	}
	return widest;
}

static void fill(char c, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_byte(out, (uint8_t)c);
}

static void print_cell(struct slice text, size_t width, bool right, struct buf *out)
{
	size_t blank = width - width_of_text(text);

	buf_str(out, "| ");
	fill(' ', right ? blank : 0, out);
	buf_slice(out, text);
	fill(' ', right ? 1 : blank + 1, out);
}

static void print_rule(size_t width, bool right, struct buf *out)
{
	buf_str(out, right ? "|-" : "|:");
	fill('-', width, out);
	buf_byte(out, right ? ':' : '-');
}

static void print_rows(
	const struct markdown_table *t, const size_t *widths, struct buf *out)
{
	for (size_t c = 0; c < t->count; c++)
		print_cell(slice_str(t->columns[c].title), widths[c],
			t->columns[c].right, out);
	buf_str(out, "|\n");
	for (size_t c = 0; c < t->count; c++)
		print_rule(widths[c], t->columns[c].right, out);
	buf_str(out, "|\n");
	for (size_t i = 0; i < cell_count(t); i++) {
		size_t c = i % t->count;

		print_cell(cell(t, i), widths[c], t->columns[c].right, out);
		if (c + 1 == t->count)
			buf_str(out, "|\n");
	}
}

void markdown_table_print(const struct markdown_table *t, struct buf *out)
{
	size_t widths[MARKDOWN_COLUMNS_MAX];

	assert(t->count > 0 && t->count <= MARKDOWN_COLUMNS_MAX);
	out->failed |= t->text.failed || t->ends.failed;
	if (out->failed)
		return;
	for (size_t c = 0; c < t->count; c++)
		widths[c] = column_width(t, c);
	print_rows(t, widths, out);
}

/* Every spelling of a date or time is completed to RFC 3339 and read by when_parse(), which
 * knows the calendar. Shapes are told apart by a pattern: 9 stands for a digit, other
 * characters for themselves. */
#include "core/moment.h"

#include <errno.h>

#include "core/when.h"

enum {
	TIME_MAX = 35, /* 2026-03-01T21:00:00.123456789+02:00 */
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Has text this shape, from its first byte on? */
static bool starts_like(struct slice text, const char *shape)
{
	size_t n = strlen(shape);

	if (text.n < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (shape[i] == '9' ? !is_digit(text.p[i])
				    : text.p[i] != (uint8_t)shape[i])
			return false;
	return true;
}

static bool is_like(struct slice text, const char *shape)
{
	return text.n == strlen(shape) && starts_like(text, shape);
}

/* What is behind the first n bytes, which are there. */
static struct slice behind(struct slice s, size_t n)
{
	return slice_of(s.p + n, s.n - n);
}

/* Take n bytes of rest over to out. */
static void take(struct slice *rest, size_t n, struct buf *out)
{
	buf_slice(out, slice_of(rest->p, n));
	*rest = behind(*rest, n);
}

/* ---- years, months and days ---- */

static int parse_text(const struct buf *text, uint64_t *out)
{
	struct slice view = {0};
	int rc = buf_view(text, &view);

	if (rc < 0)
		return rc;
	return when_parse(view, out, NULL) < 0 ? -ENOENT : 0;
}

/* The start of a period that is written in part: what is missing is in rest. */
static int parse_start(struct slice name, const char *rest, uint64_t *out)
{
	BUF_AUTO(text);

	buf_slice(&text, name);
	buf_str(&text, rest);
	return parse_text(&text, out);
}

static int number_at(struct slice s, size_t from, size_t n)
{
	int value = 0;

	for (size_t i = from; i < from + n; i++)
		value = value * 10 + (s.p[i] - '0');
	return value;
}

/* The start of the year or month behind the one that name says. */
static int parse_next(struct slice name, uint64_t *out)
{
	int year = number_at(name, 0, 4);
	int month = name.n > 4 ? number_at(name, 5, 2) + 1 : 13;
	BUF_AUTO(text);

	if (month > 12) {
		year++;
		month = 1;
	}
	buf_printf(&text, "%04d-%02d-01T00:00:00Z", year, month);
	return parse_text(&text, out);
}

static int parse_period(struct slice name, enum moment_edge edge, uint64_t *out)
{
	uint64_t start, next;
	int rc;

	if (name.n == 10) {
		rc = parse_start(name, "T00:00:00Z", &start);
		if (rc == 0 && __builtin_add_overflow(start, DAY, &next))
			rc = -ENOENT;
	} else {
		rc = parse_start(name,
			name.n == 4 ? "-01-01T00:00:00Z" : "-01T00:00:00Z", &start);
		if (rc == 0)
			rc = parse_next(name, &next);
	}
	if (rc == 0)
		*out = edge == MOMENT_START ? start : next - 1;
	return rc;
}

/* ---- times of day ---- */

/* "21:00", "2100", with or without seconds and their fraction. */
static int complete_clock(struct slice *rest, struct buf *out)
{
	bool colons = starts_like(*rest, "99:99");

	if (!colons && !starts_like(*rest, "9999"))
		return -ENOENT;
	take(rest, 2, out);
	if (colons)
		*rest = behind(*rest, 1);
	buf_byte(out, ':');
	take(rest, 2, out);
	buf_byte(out, ':');
	if (!starts_like(*rest, colons ? ":99" : "99")) {
		buf_str(out, "00");
		return 0;
	}
	if (colons)
		*rest = behind(*rest, 1);
	take(rest, 2, out);
	if (starts_like(*rest, ".9"))
		do
			take(rest, 1, out);
		while (starts_like(*rest, "9"));
	return 0;
}

/* Nothing, "Z", "+02:00" or "+0200". */
static int complete_zone(struct slice rest, struct buf *out)
{
	bool offset = rest.n > 0 && (rest.p[0] == '+' || rest.p[0] == '-');
	struct slice digits = offset ? behind(rest, 1) : rest;

	if (rest.n == 0) {
		buf_byte(out, 'Z');
	} else if (offset && is_like(digits, "9999")) {
		take(&rest, 3, out);
		buf_byte(out, ':');
		buf_slice(out, rest);
	} else if (is_like(rest, "Z") || is_like(rest, "z") ||
		   (offset && is_like(digits, "99:99"))) {
		buf_slice(out, rest);
	} else {
		return -ENOENT;
	}
	return 0;
}

static int parse_time(struct slice name, uint64_t *out)
{
	struct slice rest = name;
	BUF_AUTO(text);

	if (name.n > TIME_MAX)
		return -ENOENT;
	take(&rest, strlen("9999-99-99T"), &text);
	if (complete_clock(&rest, &text) < 0 || complete_zone(rest, &text) < 0)
		return -ENOENT;
	return parse_text(&text, out);
}

/* ---- names ---- */

/* Digits without a leading zero, up to the end of text. */
static int parse_number(struct slice text, uint64_t *out)
{
	uint64_t value = 0;

	if (text.n == 0 || (text.n > 1 && text.p[0] == '0'))
		return -ENOENT;
	for (size_t i = 0; i < text.n; i++)
		if (!is_digit(text.p[i]) ||
			__builtin_mul_overflow(value, UINT64_C(10), &value) ||
			__builtin_add_overflow(
				value, (uint64_t)(text.p[i] - '0'), &value))
			return -ENOENT;
	*out = value;
	return 0;
}

static int parse_seconds(struct slice text, uint64_t *out)
{
	for (size_t i = 0; i < text.n; i++)
		if (!is_digit(text.p[i]) && text.p[i] != '.')
			return -ENOENT; /* a number of JSON could be 1e9 */
	if (text.n > TIME_MAX)
		return -ENOENT;
	return when_parse_seconds(text, out, NULL) < 0 ? -ENOENT : 0;
}

int moment_parse(struct slice name, enum moment_edge edge, uint64_t *out)
{
	if (starts_like(name, "@"))
		return parse_seconds(behind(name, 1), out);
	if (is_like(name, "9999") || is_like(name, "9999-99") ||
		is_like(name, "9999-99-99"))
		return parse_period(name, edge, out);
	if (starts_like(name, "9999-99-99T") || starts_like(name, "9999-99-99t"))
		return parse_time(name, out);
	return -ENOENT;
}

static uint64_t unit_seconds(uint8_t unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return DAY / SECOND;
	default:
		return 0;
	}
}

int moment_parse_ago(struct slice name, uint64_t now, uint64_t *seconds)
{
	uint64_t ago, unit;

	if (name.n < 3 || name.p[0] != '-')
		return -ENOENT;
	unit = unit_seconds(name.p[name.n - 1]);
	if (!unit || parse_number(slice_of(name.p + 1, name.n - 2), &ago) < 0 ||
		__builtin_mul_overflow(ago, unit, &ago) || ago > now / SECOND)
		return -ENOENT;
	*seconds = now / SECOND - ago;
	return 0;
}

int moment_parse_seq(struct slice name, uint64_t *seq)
{
	static const char prefix[] = "seq-";

	if (!starts_like(name, prefix))
		return -ENOENT;
	return parse_number(behind(name, strlen(prefix)), seq);
}

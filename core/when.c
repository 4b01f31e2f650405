/* The calendar is the proleptic Gregorian one, computed from days (Hinnant's
 * algorithm, with years that start in March so that the leap day is the last);
 * libc's gmtime and timegm know zones, locales and time_t, of which we want
 * nothing. */
#include "core/when.h"

#include <errno.h>

#include "core/decimal.h"
#include "core/quote.h"

enum {
	YEAR_MAX = 2554, /* the last one that starts in 64 bits of nanoseconds */
	FRACTION_DIGITS = 9,
};

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in(int year, int month)
{
	static const uint8_t days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to a date from 1970 on. */
static int64_t days_from(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year;
	int m = month <= 2 ? month + 9 : month - 3;

	return y * INT64_C(365) + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 +
	       day - 1 - 719468;
}

/* n digits at *at as a number; -1 when they are not there. *at moves behind them.
 */
static int take_number(struct slice t, size_t *at, size_t n)
{
	int value = 0;

	if (t.n - *at < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = t.p[*at + i];

		if (c < '0' || c > '9')
			return -1;
		value = value * 10 + (c - '0');
	}
	*at += n;
	return value;
}

/* Is the next byte this one (letters in either case)? Then step over it. */
static bool take_byte(struct slice t, size_t *at, uint8_t c)
{
	if (*at >= t.n || (t.p[*at] != c && t.p[*at] != (c | 0x20)))
		return false;
	++*at;
	return true;
}

/* Nanoseconds behind the point; -1 when there are no digits or more than nine. */
static int64_t take_fraction(struct slice t, size_t *at)
{
	size_t start = *at;
	int64_t ns = 0;

	while (*at < t.n && t.p[*at] >= '0' && t.p[*at] <= '9') {
		if (*at - start == FRACTION_DIGITS)
			return -1;
		ns = ns * 10 + (t.p[(*at)++] - '0');
	}
	for (size_t n = *at - start; n < FRACTION_DIGITS; n++)
		ns *= 10;
	return *at > start ? ns : -1;
}

/* "Z" or "+02:00", in seconds east of UTC. */
static int take_zone(struct slice t, size_t *at, int *east)
{
	bool west;
	int hour, minute;

	*east = 0;
	if (take_byte(t, at, 'Z'))
		return 0;
	west = take_byte(t, at, '-');
	if (!west && !take_byte(t, at, '+'))
		return -EINVAL;
	hour = take_number(t, at, 2);
	if (hour < 0 || hour > 23 || !take_byte(t, at, ':'))
		return -EINVAL;
	minute = take_number(t, at, 2);
	if (minute < 0 || minute > 59)
		return -EINVAL;
	*east = (hour * 60 + minute) * (west ? -60 : 60);
	return 0;
}

static int take_date(struct slice t, size_t *at, int64_t *days, const char **why)
{
	int year = take_number(t, at, 4);
	int month = year >= 0 && take_byte(t, at, '-') ? take_number(t, at, 2) : -1;
	int day = month >= 0 && take_byte(t, at, '-') ? take_number(t, at, 2) : -1;

	*why = "a time looks like 2026-03-01T21:00:00Z";
	if (day < 0)
		return -EINVAL;
	*why = "there is no such day";
	if (month < 1 || month > 12 || day < 1 || day > days_in(year, month))
		return -EINVAL;
	*days = days_from(year, month, day);
	return 0;
}

static int take_clock(
	struct slice t, size_t *at, int64_t *seconds, const char **why)
{
	int hour = take_number(t, at, 2);
	int minute =
		hour >= 0 && take_byte(t, at, ':') ? take_number(t, at, 2) : -1;
	int second =
		minute >= 0 && take_byte(t, at, ':') ? take_number(t, at, 2) : -1;

	*why = "a time looks like 2026-03-01T21:00:00Z";
	if (second < 0)
		return -EINVAL;
	*why = "there is no such time of day";
	if (hour > 23 || minute > 59 || second > 59)
		return -EINVAL;
	*seconds = hour * 3600 + minute * 60 + second;
	return 0;
}

static int parse_time(struct slice t, uint64_t *out, const char **why)
{
	int64_t days, clock, seconds;
	int64_t ns = 0;
	size_t at = 0;
	int east;

	if (take_date(t, &at, &days, why) < 0)
		return -EINVAL;
	*why = "a date and T is followed by a time and Z or an offset";
	if (!take_byte(t, &at, 'T') || take_clock(t, &at, &clock, why) < 0)
		return -EINVAL;
	if (at < t.n && t.p[at] == '.') {
		at++;
		ns = take_fraction(t, &at);
		*why = "a fraction of a second has one to nine digits";
		if (ns < 0)
			return -EINVAL;
	}
	*why = "it ends in Z or an offset like +02:00";
	if (take_zone(t, &at, &east) < 0 || at != t.n)
		return -EINVAL;
	seconds = days * 86400 + clock - east;
	*why = "it lies before 1970";
	if (seconds < 0)
		return -EINVAL;
	*why = "it lies after the year 2554";
	if (__builtin_mul_overflow((uint64_t)seconds, SECOND, out) ||
		__builtin_add_overflow(*out, (uint64_t)ns, out))
		return -EINVAL;
	return 0;
}

int when_parse(struct slice text, uint64_t *out, struct error *err)
{
	const char *why = NULL;
	uint64_t when;

	if (parse_time(text, &when, &why) < 0) {
		(void)fail(err, EINVAL, "\"%s\" is not a time: %s",
			quote(text).text, why);
		return fail_hint(err, "RFC 3339, or seconds since 1970");
	}
	*out = when;
	return 0;
}

/* Why decimal_scaled() did not take it. */
static int refuse_seconds(int rc, struct slice json_number, struct error *err)
{
	static const char milliseconds_from[] = "100000000000"; /* the year 5138 */
	struct quote shown = quote(json_number);

	if (rc == -EDOM)
		return fail(err, EINVAL, "%s: more than nine digits of a second",
			shown.text);
	if (rc != -ERANGE)
		return fail(err, EINVAL, "%s is not a number", shown.text);
	if (decimal_compare(json_number, slice_str("0")) < 0)
		return fail(err, EINVAL, "%s lies before 1970", shown.text);
	(void)fail(err, EINVAL, "%s seconds is after the year %d", shown.text,
		YEAR_MAX);
	if (decimal_compare(json_number, slice_str(milliseconds_from)) > 0)
		return fail_hint(err, "milliseconds? divide by 1000");
	return -EINVAL;
}

int when_parse_seconds(struct slice json_number, uint64_t *out, struct error *err)
{
	int rc = decimal_scaled(json_number, FRACTION_DIGITS, out);

	return rc < 0 ? refuse_seconds(rc, json_number, err) : 0;
}

static void print_two(int v, char behind, struct buf *out)
{
	buf_digits(out, (uint64_t)v, 2);
	buf_byte(out, (uint8_t)behind);
}

void when_print(uint64_t when, struct buf *out)
{
	int64_t days = (int64_t)(when / DAY) + 719468; /* since 0000-03-01 */
	int clock = (int)(when % DAY / SECOND);
	unsigned ns = (unsigned)(when % SECOND);
	int era = (int)(days / 146097);
	int doe = (int)(days % 146097);
	int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int m = (5 * doy + 2) / 153;
	size_t digits = FRACTION_DIGITS;

	buf_digits(out, (uint64_t)era * 400 + (uint64_t)yoe + (m >= 10), 4);
	buf_byte(out, '-');
	print_two(m < 10 ? m + 3 : m - 9, '-', out);
	print_two(doy - (153 * m + 2) / 5 + 1, 'T', out);
	print_two(clock / 3600, ':', out);
	print_two(clock / 60 % 60, ':', out);
	buf_digits(out, (uint64_t)(clock % 60), 2);
	if (ns) {
		for (; ns % 10 == 0; ns /= 10)
			digits--;
		buf_byte(out, '.');
		buf_digits(out, ns, digits);
	}
	buf_byte(out, 'Z');
}

/* A number is taken apart into its sign, its significant digits and the exponent of
 * the first of them; every question is answered from these, so nothing is ever
 * rounded by accident. Digits past the 34th are not kept but counted: enough to
 * refuse the number, and to round it correctly. */
#include "core/decimal.h"

#include <errno.h>

#include "core/quote.h"
#include "core/record.h"

enum {
	PLAIN_MIN = -7, /* exponents of the first digit that print without e */
	PLAIN_MAX = 20,
	TEXT_ROOM = DECIMAL_TEXT, /* "-0.000000" and 34 digits are 43 */
};

/* Where exponents stop being counted: no text is long enough to come back from
 * there. */
#define EXPONENT_FAR (INT64_C(1) << 56)

struct decimal {
	bool negative;
	int64_t exponent; /* of the first significant digit */
	size_t n; /* significant digits, may be more than are kept; 0: zero */
	uint8_t digits[NUMBER_DIGITS_MAX]; /* their values, zeros behind */
};

static size_t digit_run(struct slice t, size_t at)
{
	size_t i = at;

	while (i < t.n && t.p[i] >= '0' && t.p[i] <= '9')
		i++;
	return i - at;
}

/* Digits of the whole part or the fraction; *written counts those since the first
 * that is not zero. */
static void take_digits(struct decimal *d, struct slice run, size_t *written)
{
	for (size_t i = 0; i < run.n; i++) {
		uint8_t digit = (uint8_t)(run.p[i] - '0');

		if (digit == 0 && *written == 0) {
			d->exponent--;
			continue;
		}
		if (*written < NUMBER_DIGITS_MAX)
			d->digits[*written] = digit;
		++*written;
		if (digit != 0)
			d->n = *written;
	}
}

/* The exponent behind e; -EINVAL when there are no digits. *at moves behind it. */
static int take_exponent(struct decimal *d, struct slice t, size_t *at)
{
	bool negative = *at < t.n && t.p[*at] == '-';
	int64_t value = 0;
	size_t n;

	if (*at < t.n && (t.p[*at] == '-' || t.p[*at] == '+'))
		++*at;
	n = digit_run(t, *at);
	for (size_t i = 0; i < n; i++)
		if (value < EXPONENT_FAR / 16)
			value = value * 10 + (t.p[*at + i] - '0');
	*at += n;
	d->exponent += negative ? -value : value;
	return n ? 0 : -EINVAL;
}

static int take_apart(struct slice t, struct decimal *d)
{
	size_t written = 0;
	size_t at = 0;
	size_t n;

	*d = (struct decimal){0};
	if (t.n > 0 && t.p[0] == '-') {
		d->negative = true;
		at++;
	}
	n = digit_run(t, at);
	if (n == 0 || (n > 1 && t.p[at] == '0'))
		return -EINVAL;
	d->exponent = (int64_t)n - 1;
	take_digits(d, slice_sub(t, at, n), &written);
	at += n;
	if (at < t.n && t.p[at] == '.') {
		n = digit_run(t, ++at);
		if (n == 0)
			return -EINVAL;
		take_digits(d, slice_sub(t, at, n), &written);
		at += n;
	}
	if (at < t.n && (t.p[at] == 'e' || t.p[at] == 'E')) {
		at++;
		if (take_exponent(d, t, &at) < 0)
			return -EINVAL;
	}
	if (at != t.n)
		return -EINVAL;
	if (d->n == 0)
		*d = (struct decimal){0};
	return 0;
}

static bool in_range(const struct decimal *d)
{
	return d->n <= NUMBER_DIGITS_MAX && d->exponent >= -NUMBER_EXPONENT_MAX &&
	       d->exponent <= NUMBER_EXPONENT_MAX;
}

/* The kept digits [from, to), '0' past the last one. */
static size_t put_digits(const struct decimal *d, int from, int to, char *out)
{
	size_t n = 0;

	for (int i = from; i < to; i++)
		out[n++] = (char)('0' + (i < NUMBER_DIGITS_MAX ? d->digits[i] : 0));
	return n;
}

/* "e-9" or "e21". */
static size_t put_exponent(int exponent, char *out)
{
	unsigned value = (unsigned)(exponent < 0 ? -exponent : exponent);
	size_t n = 0;

	out[n++] = 'e';
	if (exponent < 0)
		out[n++] = '-';
	if (value >= 100)
		out[n++] = (char)('0' + value / 100);
	if (value >= 10)
		out[n++] = (char)('0' + value / 10 % 10);
	out[n++] = (char)('0' + value % 10);
	return n;
}

/* The canonical text of a number that is in range; returns its length. */
static size_t put_text(const struct decimal *d, char out[TEXT_ROOM])
{
	int exponent = (int)d->exponent;
	int digits = d->n ? (int)d->n : 1;
	bool plain = exponent >= PLAIN_MIN && exponent <= PLAIN_MAX;
	int whole = plain && exponent > 0 ? exponent + 1 : 1;
	size_t n = 0;

	if (d->negative)
		out[n++] = '-';
	if (plain && exponent < 0) {
		out[n++] = '0';
		out[n++] = '.';
		for (int i = exponent + 1; i < 0; i++)
			out[n++] = '0';
		return n + put_digits(d, 0, digits, out + n);
	}
	n += put_digits(d, 0, whole, out + n);
	if (digits > whole) {
		out[n++] = '.';
		n += put_digits(d, whole, digits, out + n);
	}
	return plain ? n : n + put_exponent(exponent, out + n);
}

int decimal_canonical(struct slice json_number, struct buf *out, struct error *err)
{
	char text[TEXT_ROOM];
	struct decimal d;

	if (take_apart(json_number, &d) < 0)
		return fail(
			err, EINVAL, "%s is not a number", quote(json_number).text);
	if (d.n > NUMBER_DIGITS_MAX) {
		(void)fail(err, EINVAL,
			"a number of %zu digits, at most %d are kept exactly", d.n,
			NUMBER_DIGITS_MAX);
		return fail_hint(err, "quote it to keep it as text");
	}
	if (!in_range(&d))
		return fail(err, EINVAL,
			"%s is too %s: exponents go from -%d to %d",
			quote(json_number).text, d.exponent < 0 ? "small" : "large",
			NUMBER_EXPONENT_MAX, NUMBER_EXPONENT_MAX);
	buf_add(out, text, put_text(&d, text));
	return 0;
}

bool decimal_check(struct slice text)
{
	char want[TEXT_ROOM];
	struct decimal d;

	return take_apart(text, &d) == 0 && in_range(&d) &&
	       slice_equal(text, slice_of(want, put_text(&d, want)));
}

/* Without the signs. */
static int compare_sizes(const struct decimal *a, const struct decimal *b)
{
	if (a->n == 0 || b->n == 0)
		return (a->n > 0) - (b->n > 0);
	if (a->exponent != b->exponent)
		return a->exponent < b->exponent ? -1 : 1;
	return memcmp(a->digits, b->digits, sizeof(a->digits));
}

int decimal_compare(struct slice a, struct slice b)
{
	struct decimal x, y;

	(void)take_apart(a, &x);
	(void)take_apart(b, &y);
	if (x.negative != y.negative)
		return x.negative ? -1 : 1;
	return x.negative ? compare_sizes(&y, &x) : compare_sizes(&x, &y);
}

int decimal_scaled(struct slice json_number, int places, uint64_t *out)
{
	uint64_t value = 0;
	struct decimal d;
	int64_t whole; /* digits before the point, once scaled */

	if (take_apart(json_number, &d) < 0)
		return -EINVAL;
	whole = d.exponent + 1 + places;
	if (d.n > 0 && (d.negative || whole > 20))
		return -ERANGE;
	if (d.n > 0 && (whole < 0 || d.n > (uint64_t)whole))
		return -EDOM;
	for (int64_t i = 0; d.n > 0 && i < whole; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, d.digits[i], &value))
			return -ERANGE;
	*out = value;
	return 0;
}

int decimal_millionths(struct slice json_number, int32_t *out)
{
	struct decimal d;
	int32_t value = 0;
	int64_t kept; /* digits that stay: 0.5 has six */
	bool up;

	if (take_apart(json_number, &d) < 0)
		return -EINVAL;
	if (d.n > 0 && (d.exponent > 0 ||
			       (d.exponent == 0 && (d.digits[0] > 1 || d.n > 1))))
		return -EINVAL;
	kept = d.exponent + 7;
	if (d.n == 0 || kept < 0) {
		*out = 0;
		return 0;
	}
	for (int64_t i = 0; i < kept; i++)
		value = value * 10 + d.digits[i];
	up = d.digits[kept] > 5 ||
	     (d.digits[kept] == 5 && (d.n > (uint64_t)kept + 1 || value % 2 == 1));
	value += up;
	*out = d.negative ? -value : value;
	return 0;
}

void millionths_print(uint64_t millionths, struct buf *out)
{
	unsigned rest = (unsigned)(millionths % MILLION);
	size_t digits = 6;

	buf_decimal(out, millionths / MILLION);
	if (rest == 0)
		return;
	for (; rest % 10 == 0; rest /= 10)
		digits--;
	buf_byte(out, '.');
	buf_digits(out, rest, digits);
}

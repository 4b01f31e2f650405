/* Where a JSON value ends, one byte at a time.
 *
 * A state per place in the grammar; what a byte does depends on the state alone, so
 * the outcome is the same however the input is cut, and the first byte that no JSON
 * text could have at that place is the one that is refused. Messages are decided by
 * that one byte too: 'N' is "NaN or None", whatever follows. */
#include <errno.h>

#include "core/json.h"
#include "core/utf8.h"

enum {
	VALUE = 0,    /* a zeroed struct waits for a value */
	VALUE_OR_END, /* after [ */
	KEY_OR_END,   /* after { */
	KEY,	      /* after a comma in an object */
	COLON,
	COMMA_OR_END,
	STRING,
	ESCAPE, /* after a backslash */
	HEX,	/* in \u0000; unit counts the digits */
	LOW,	/* a high surrogate wants \ (unit 0) and u (unit 1) */
	UTF8, /* in a character; need counts the bytes to come, unit those before */
	LITERAL, /* in true, false or null; literal is its first byte, unit its
		    progress */
	MINUS,	 /* the parts of a number, by what was read last */
	ZERO,
	WHOLE,
	POINT,
	FRACTION,
	EXPONENT,
	EXPONENT_SIGN,
	EXPONENT_DIGITS,
	DONE,
};

/* In the member `literal` while a string is a key: no literal is read at that time.
 */
#define IN_KEY 'k'

/* What a step did with its byte. */
enum {
	TAKEN = 0,
	ENDED = 1,  /* the value is complete; the byte belongs to it */
	BEFORE = 2, /* the byte is not part of what was read: a number ended before
		       it */
};

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static int refuse(
	const struct json_scan *s, uint8_t c, const char *want, struct error *err)
{
	if (c > ' ' && c < 0x7f)
		return fail_at(
			err, EINVAL, s->offset, "not JSON: %s, not '%c'", want, c);
	return fail_at(
		err, EINVAL, s->offset, "not JSON: %s, not byte 0x%02X", want, c);
}

/* What cannot start a value, said in the words of who probably wrote it. */
static int refuse_value(const struct json_scan *s, uint8_t c, struct error *err)
{
	int rc = refuse(s, c, "a value was expected", err);

	switch (c) {
	case 'N':
	case 'I':
		(void)fail_at(err, EINVAL, s->offset, "%s not JSON",
			c == 'N' ? "NaN and None are" : "Infinity is");
		return fail_hint(err, "leave the key out, or quote it as text");
	case 'T':
	case 'F':
		return fail_hint(err, "JSON has true and false in lower case");
	case '\'':
		return fail_hint(err, "strings stand in double quotes");
	case '+':
		return fail_hint(err, "a number has no plus sign");
	case '.':
		return fail_hint(err, "a number starts with a digit: 0.5");
	case '/':
	case '#':
		return fail_hint(err, "JSON has no comments");
	case '}':
	case ']':
		return fail_hint(err, "no comma after the last one");
	case 0xef:
		return fail_hint(
			err, "if this is a byte-order mark, save without it");
	default:
		return rc;
	}
}

static int value_end(struct json_scan *s)
{
	s->literal = 0;
	s->state = s->depth ? COMMA_OR_END : DONE;
	return s->depth ? TAKEN : ENDED;
}

static int step_open(struct json_scan *s, uint8_t c, struct error *err)
{
	if (s->depth == JSON_DEPTH)
		return fail_at(err, EINVAL, s->offset, "nested deeper than %d",
			JSON_DEPTH);
	s->open[s->depth++] = c;
	s->state = c == '{' ? KEY_OR_END : VALUE_OR_END;
	return TAKEN;
}

static int step_value(struct json_scan *s, uint8_t c, struct error *err)
{
	if (is_space(c) && s->offset > 0)
		return TAKEN;
	if (c == '{' || c == '[')
		return step_open(s, c, err);
	if (c == ']' && s->state == VALUE_OR_END) {
		s->depth--;
		return value_end(s);
	}
	if (c == '"')
		s->state = STRING;
	else if (c == '-')
		s->state = MINUS;
	else if (is_digit(c))
		s->state = c == '0' ? ZERO : WHOLE;
	else if (c == 't' || c == 'f' || c == 'n') {
		s->state = LITERAL;
		s->literal = (char)c;
		s->unit = 1;
	} else
		return refuse_value(s, c, err);
	return TAKEN;
}

static int step_key(struct json_scan *s, uint8_t c, struct error *err)
{
	int rc;

	if (is_space(c))
		return TAKEN;
	if (c == '"') {
		s->state = STRING;
		s->literal = IN_KEY;
		return TAKEN;
	}
	if (c == '}' && s->state == KEY_OR_END) {
		s->depth--;
		return value_end(s);
	}
	rc = refuse(s, c, "a key in double quotes was expected", err);
	if (c == '}')
		return fail_hint(err, "no comma after the last one");
	return rc;
}

static int step_between(struct json_scan *s, uint8_t c, struct error *err)
{
	bool object = s->open[s->depth - 1] == '{';

	if (is_space(c))
		return TAKEN;
	if (s->state == COLON) {
		if (c != ':')
			return refuse(
				s, c, "a colon was expected after the key", err);
		s->state = VALUE;
		return TAKEN;
	}
	if (c == ',') {
		s->state = object ? KEY : VALUE;
		return TAKEN;
	}
	if (c == (object ? '}' : ']')) {
		s->depth--;
		return value_end(s);
	}
	return refuse(s, c,
		object ? "a comma or } was expected" : "a comma or ] was expected",
		err);
}

static int step_string(struct json_scan *s, uint8_t c, struct error *err)
{
	int more;

	if (c == '"' && s->literal == IN_KEY) {
		s->literal = 0;
		s->state = COLON;
		return TAKEN;
	}
	if (c == '"')
		return value_end(s);
	if (c == '\\') {
		s->state = ESCAPE;
		return TAKEN;
	}
	if (c < 0x20) {
		(void)fail_at(err, EINVAL, s->offset,
			"raw control character U+%04X in a string", c);
		return fail_hint(err, "write it as \\n, \\t or \\u%04x", c);
	}
	more = utf8_lead(c, &s->utf8_low, &s->utf8_high);
	if (more < 0)
		return fail_at(
			err, EINVAL, s->offset, "byte 0x%02X is not UTF-8", c);
	if (more > 0) {
		s->state = UTF8;
		s->need = (uint8_t)more;
		s->unit = 1;
	}
	return TAKEN;
}

static int step_utf8(struct json_scan *s, uint8_t c, struct error *err)
{
	if (c < s->utf8_low || c > s->utf8_high)
		return fail_at(err, EINVAL, s->offset - s->unit,
			"not UTF-8: a character breaks off before byte 0x%02X", c);
	s->utf8_low = 0x80;
	s->utf8_high = 0xbf;
	s->unit++;
	if (--s->need == 0)
		s->state = STRING;
	return TAKEN;
}

static int step_escape(struct json_scan *s, uint8_t c, struct error *err)
{
	if (c == 'u') {
		s->state = HEX;
		s->unit = 0;
		s->code = 0;
		return TAKEN;
	}
	if (c == 0 || !strchr("\"\\/bfnrt", c))
		return refuse(s, c,
			"an escape is one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u",
			err);
	s->state = STRING;
	return TAKEN;
}

/* The four digits are there: is it a character? */
static int end_escape(struct json_scan *s, struct error *err)
{
	uint64_t start = s->offset - 5; /* of its backslash */
	bool low = s->code >= 0xdc00 && s->code <= 0xdfff;

	if (s->surrogate != 0 && !low)
		return fail_at(err, EINVAL, start - 6, "lone surrogate \\u%04x",
			s->surrogate);
	if (s->surrogate == 0 && low)
		return fail_at(
			err, EINVAL, start, "lone surrogate \\u%04x", s->code);
	if (s->code == 0)
		return fail_at(
			err, EINVAL, start, "\\u0000 cannot be part of a text");
	s->surrogate = 0;
	s->state = STRING;
	if (s->code >= 0xd800 && s->code <= 0xdbff) {
		s->surrogate = (uint16_t)s->code;
		s->state = LOW;
		s->unit = 0;
	}
	return TAKEN;
}

static int step_hex(struct json_scan *s, uint8_t c, struct error *err)
{
	uint8_t letter = c | 0x20;

	if (is_digit(c))
		s->code = s->code << 4 | (uint32_t)(c - '0');
	else if (letter >= 'a' && letter <= 'f')
		s->code = s->code << 4 | (uint32_t)(letter - 'a' + 10);
	else
		return refuse(s, c, "\\u wants four hex digits", err);
	return ++s->unit == 4 ? end_escape(s, err) : TAKEN;
}

static int step_low(struct json_scan *s, uint8_t c, struct error *err)
{
	if (c != (s->unit == 0 ? '\\' : 'u'))
		return fail_at(err, EINVAL, s->offset - 6 - s->unit,
			"lone surrogate \\u%04x", s->surrogate);
	if (s->unit++ == 1) {
		s->state = HEX;
		s->unit = 0;
		s->code = 0;
	}
	return TAKEN;
}

static int step_literal(struct json_scan *s, uint8_t c, struct error *err)
{
	const char *word = s->literal == 't'   ? "true"
			   : s->literal == 'f' ? "false"
					       : "null";

	if (c != (uint8_t)word[s->unit])
		return refuse(s, c, "true, false or null was expected", err);
	if (word[++s->unit] == '\0')
		return value_end(s);
	return TAKEN;
}

/* In the states in which a number may end. A byte that is no part of it ends it, and is
 * then looked at again. */
static int step_digits(struct json_scan *s, uint8_t c, struct error *err)
{
	if (is_digit(c) && s->state == ZERO) {
		(void)fail_at(err, EINVAL, s->offset - 1,
			"a number has no leading zeros");
		return fail_hint(err, "quote it if it is text: \"007\"");
	}
	if (is_digit(c))
		return TAKEN;
	if (c == '.' && (s->state == ZERO || s->state == WHOLE)) {
		s->state = POINT;
		return TAKEN;
	}
	if ((c == 'e' || c == 'E') && s->state != EXPONENT_DIGITS) {
		s->state = EXPONENT;
		return TAKEN;
	}
	(void)value_end(s);
	return BEFORE;
}

/* In the states that want a digit. */
static int step_number(struct json_scan *s, uint8_t c, struct error *err)
{
	if (s->state == EXPONENT && (c == '+' || c == '-')) {
		s->state = EXPONENT_SIGN;
		return TAKEN;
	}
	if (s->state == MINUS && c == 'I')
		return fail_at(err, EINVAL, s->offset - 1, "-Infinity is not JSON");
	if (!is_digit(c))
		return refuse(s, c, "a digit was expected in a number", err);
	if (s->state == MINUS)
		s->state = c == '0' ? ZERO : WHOLE;
	else
		s->state = s->state == POINT ? FRACTION : EXPONENT_DIGITS;
	return TAKEN;
}

static int step(struct json_scan *s, uint8_t c, struct error *err)
{
	switch (s->state) {
	case VALUE:
	case VALUE_OR_END:
		return step_value(s, c, err);
	case KEY:
	case KEY_OR_END:
		return step_key(s, c, err);
	case COLON:
	case COMMA_OR_END:
		return step_between(s, c, err);
	case STRING:
		return step_string(s, c, err);
	case ESCAPE:
		return step_escape(s, c, err);
	case HEX:
		return step_hex(s, c, err);
	case LOW:
		return step_low(s, c, err);
	case UTF8:
		return step_utf8(s, c, err);
	case LITERAL:
		return step_literal(s, c, err);
	case ZERO:
	case WHOLE:
	case FRACTION:
	case EXPONENT_DIGITS:
		return step_digits(s, c, err);
	default:
		return step_number(s, c, err);
	}
}

/* Is one of eight bytes a quote, a backslash, a control character or not ASCII? May err
 * on the side of yes. */
static bool has_special(const uint8_t *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t w, quote, back;

	memcpy(&w, p, sizeof(w));
	quote = w ^ ones * '"';
	back = w ^ ones * '\\';
	return ((w | (w - ones * ' ') | (quote - ones) | (back - ones)) &
		       ones << 7) != 0;
}

/* How many bytes from at on mean nothing inside a string: most of the input. */
static size_t plain_run(struct slice in, size_t at)
{
	size_t i = at;

	while (in.n - i >= 8 && !has_special(in.p + i))
		i += 8;
	while (i < in.n && in.p[i] >= ' ' && in.p[i] < 0x80 && in.p[i] != '"' &&
		in.p[i] != '\\')
		i++;
	return i - at;
}

int json_scan(struct json_scan *s, struct slice in, size_t *used, struct error *err)
{
	size_t i = 0;

	*used = 0;
	if (s->state == DONE)
		return JSON_COMPLETE;
	while (i < in.n) {
		int rc;

		if (s->state == STRING) {
			size_t n = plain_run(in, i);

			i += n;
			s->offset += n;
			if (i == in.n)
				break;
		}
		rc = step(s, in.p[i], err);
		if (rc < 0)
			return rc;
		if (rc == BEFORE && s->state != DONE)
			continue;
		if (rc != BEFORE) {
			i++;
			s->offset++;
		}
		if (s->state == DONE) {
			*used = i;
			return JSON_COMPLETE;
		}
	}
	*used = i;
	return JSON_MORE;
}

/* What a person types at `assert`: a value, in JSON or bare. */
#include <ctype.h>
#include <errno.h>

#include "core/decimal.h"
#include "core/quote.h"
#include "core/record_json.h"
#include "core/record_read.h"
#include "core/record_rule.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice trim(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = slice_of(s.p + 1, s.n - 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* "007", "+359", "2026-03-01", "10.1.2.3": begun like a number, and without a
 * letter that would make it a word or a unit. Bytes of other scripts are taken for
 * letters. */
static bool is_almost_number(struct slice s)
{
	if (!strchr("-+.0123456789", s.p[0]) || !s.p[0])
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (isalpha(s.p[i]) || s.p[i] >= 0x80)
			return false;
	return true;
}

static int parse_json(
	struct slice text, struct arena *a, struct object *out, struct error *err)
{
	JSON_AUTO(doc);
	struct reader rd = {.doc = &doc, .arena = a, .err = err};
	int rc = json_parse(text, &doc, err);

	return rc < 0 ? rc : read_object_value(&rd, doc.root, out);
}

/* Of a number that is too long or too large the reader of JSON says so. */
static bool is_json_number(struct slice s)
{
	uint64_t scaled;

	return decimal_scaled(s, 0, &scaled) != -EINVAL;
}

static int parse_bare(
	struct slice text, struct arena *a, struct object *out, struct error *err)
{
	if (is_almost_number(text) || slice_is(text, "null") ||
		slice_is(text, "NaN")) {
		(void)fail_at(
			err, EINVAL, 0, "%s is not a value", quote(text).text);
		return fail_hint(err, "quote it to assert it as text: \"%s\"",
			quote(text).text);
	}
	out->kind = OBJECT_TEXT;
	out->text = arena_copy(a, text);
	return out->text.p ? 0 : fail(err, ENOMEM, "out of memory");
}

int object_parse(
	struct slice line, struct arena *a, struct object *out, struct error *err)
{
	struct slice text = trim(line);
	struct object o = {0};
	int rc;

	if (text.n == 0)
		return fail_at(err, EINVAL, 0, "no value: the line is blank");
	if (text.p[0] == '{' || text.p[0] == '"' || slice_is(text, "true") ||
		slice_is(text, "false") || is_json_number(text))
		rc = parse_json(text, a, &o, err);
	else
		rc = parse_bare(text, a, &o, err);
	if (rc == 0)
		rc = object_check(&o, err);
	if (rc < 0) {
		if (err && err->offset >= 0)
			err->offset += text.p - line.p;
		return rc;
	}
	*out = o;
	return 0;
}

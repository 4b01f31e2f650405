#include "core/record_rule.h"

#include <errno.h>

#include "core/bytes.h"
#include "core/decimal.h"
#include "core/name.h"
#include "core/utf8.h"

/* Text of at most max bytes; of control characters only tab and newline, and these
 * only where lines are welcome. */
static int check_text(struct slice s, size_t max, bool lines, struct error *err)
{
	size_t ill = utf8_check(s);

	if (ill != s.n)
		return fail(err, EINVAL, "not UTF-8 at its byte %zu", ill);
	if (s.n > max)
		return fail(
			err, EINVAL, "%zu bytes, at most %zu are kept", s.n, max);
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c == 0xc2 && s.p[i + 1] < 0xa0)
			c = s.p[i + 1]; /* C1: U+0080 to U+009F */
		else if ((c >= ' ' && c != 0x7f) ||
			 (lines && (c == '\t' || c == '\n')))
			continue;
		return fail(err, EINVAL, "control character U+%04X at its byte %zu",
			c, i);
	}
	return 0;
}

int rule_words(struct slice s, size_t max, bool lines, struct error *err)
{
	if (s.n == 0)
		return fail(err, EINVAL, "empty");
	return check_text(s, max, lines, err);
}

int rule_name(struct slice s, size_t max, struct error *err)
{
	/* an escape is three bytes for one: short names fit, whatever they are */
	if (3 * s.n > FILE_NAME_MAX && utf8_check(s) == s.n &&
		name_encoded_length(s) > FILE_NAME_MAX)
		return fail(err, ENAMETOOLONG,
			"a name of %zu bytes needs %zu as a file name, at most %d "
			"fit",
			s.n, name_encoded_length(s), FILE_NAME_MAX);
	return rule_words(s, max, false, err);
}

int object_check(const struct object *o, struct error *err)
{
	switch (o->kind) {
	case OBJECT_TEXT:
		return check_text(o->text, TEXT_MAX, true, err);
	case OBJECT_NUMBER:
		if (!decimal_check(o->text))
			return fail(err, EINVAL, "not a number in canonical form");
		return 0;
	case OBJECT_BOOL:
		if (!slice_is(o->text, "true") && !slice_is(o->text, "false"))
			return fail(err, EINVAL, "neither true nor false");
		return 0;
	case OBJECT_REF:
		return rule_name(o->text, SUBJECT_MAX, err);
	default:
		return fail(err, EINVAL, "unknown kind of object %u", o->kind);
	}
}

int rule_vector(struct slice v, struct error *err)
{
	if (v.n == 0 || v.n % 4 != 0 || v.n / 4 > VECTOR_MAX)
		return fail(err, EINVAL, "1 to %d numbers are kept", VECTOR_MAX);
	for (size_t i = 0; i < v.n; i += 4) {
		uint32_t bits = u32_at(v.p + i);

		if ((bits & 0x7f800000) == 0x7f800000 || bits == 0x80000000)
			return fail(err, EINVAL, "component %zu is %s", i / 4,
				bits == 0x80000000 ? "-0" : "not finite");
	}
	return 0;
}

int rule_because(struct slice ids, struct error *err)
{
	if (ids.n == 0 || ids.n % ID_SIZE != 0 || ids.n / ID_SIZE > BECAUSE_MAX)
		return fail(err, EINVAL, "1 to %d ids are kept", BECAUSE_MAX);
	for (size_t i = ID_SIZE; i < ids.n; i += ID_SIZE)
		for (size_t j = 0; j < i; j += ID_SIZE)
			if (memcmp(ids.p + i, ids.p + j, ID_SIZE) == 0)
				return fail(err, EINVAL,
					"id %zu stands there twice", i / ID_SIZE);
	return 0;
}

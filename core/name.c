#include "core/name.h"

#include <errno.h>

#include "core/utf8.h"

static void encode_bytes(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++)
		buf_printf(out, "%%%02X", s.p[i]);
}

/* Does this character, wherever it stands, need an escape? */
static bool is_special(uint32_t c)
{
	return c == '/' || c == '%' || utf8_is_control(c) || utf8_is_formatting(c);
}

/* The part of the name that stands between the spaces at either end. */
static void trim(struct slice name, size_t *from, size_t *to)
{
	*from = 0;
	*to = name.n;
	while (*from < *to && name.p[*from] == ' ')
		++*from;
	while (*to > *from && name.p[*to - 1] == ' ')
		--*to;
}

/* Whether the character c at `at` is escaped; [from, to) as trim() has it. */
static bool is_escaped(uint32_t c, size_t at, size_t from, size_t to)
{
	if (at < from || at >= to)
		return true;
	return is_special(c) || (at == 0 && (c == '.' || c == '-' || c == '_'));
}

bool name_is_plain(struct slice name)
{
	if (name.n == 0 || name.p[0] == ' ' || name.p[0] == '.' ||
		name.p[0] == '-' || name.p[0] == '_' || name.p[name.n - 1] == ' ')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] < ' ' || name.p[i] > '~' || name.p[i] == '/' ||
			name.p[i] == '%')
			return false;
	return true;
}

void name_encode(struct slice name, struct buf *out)
{
	size_t from, to;
	size_t at = 0;

	if (name_is_plain(name)) {
		buf_slice(out, name);
		return;
	}
	trim(name, &from, &to);
	while (at < name.n) {
		size_t start = at;
		uint32_t c = utf8_next(name, &at);
		struct slice bytes = slice_sub(name, start, at - start);

		if (is_escaped(c, start, from, to))
			encode_bytes(bytes, out);
		else
			buf_slice(out, bytes);
	}
}

size_t name_encoded_length(struct slice name)
{
	size_t from, to;
	size_t at = 0;
	size_t n = 0;

	if (name_is_plain(name))
		return name.n;
	trim(name, &from, &to);
	while (at < name.n) {
		size_t start = at;
		uint32_t c = utf8_next(name, &at);

		n += (at - start) * (is_escaped(c, start, from, to) ? 3 : 1);
	}
	return n;
}

/* An upper-case hex digit's value, or -1. */
static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int unescape(struct slice file, struct buf *out)
{
	for (size_t i = 0; i < file.n; i++) {
		int high, low;

		if (file.p[i] != '%') {
			buf_byte(out, file.p[i]);
			continue;
		}
		if (file.n - i < 3)
			return -ENOENT;
		high = digit(file.p[i + 1]);
		low = digit(file.p[i + 2]);
		if (high < 0 || low < 0)
			return -ENOENT;
		buf_byte(out, (uint8_t)(high << 4 | low));
		i += 2;
	}
	return 0;
}

int name_decode(struct slice file, struct buf *out)
{
	BUF_AUTO(name);
	BUF_AUTO(again);

	if (name_is_plain(file)) {
		buf_slice(out, file);
		return 0;
	}
	if (file.n == 0 || unescape(file, &name) < 0)
		return -ENOENT;
	if (name.failed || utf8_check(slice_of(name.p, name.n)) != name.n)
		return -ENOENT;
	/* One spelling per name: whatever we would write differently does not
	 * exist. */
	name_encode(slice_of(name.p, name.n), &again);
	if (!slice_equal(file, slice_of(again.p, again.n)))
		return -ENOENT;
	buf_add(out, name.p, name.n);
	return 0;
}

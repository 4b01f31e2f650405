#include "core/json.h"
#include "core/utf8.h"

/* \u escapes as UTF-16 has them. */
static void print_escape(uint32_t c, struct buf *out)
{
	static const char names[] = "btn\vfr"; /* of 8 to 13; VT has none */

	if (c >= 8 && c <= 13 && c != 11)
		buf_printf(out, "\\%c", names[c - 8]);
	else if (c < 0x10000)
		buf_printf(out, "\\u%04x", c);
	else
		buf_printf(out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10),
			0xdc00 | (c & 0x3ff));
}

void json_print_string(struct slice s, struct buf *out)
{
	size_t from = 0; /* not yet copied */
	size_t at = 0;

	buf_byte(out, '"');
	while (at < s.n) {
		size_t start = at;
		uint8_t first = s.p[at];
		uint32_t c;

		if (first >= 0x20 && first < 0x7f && first != '"' &&
			first != '\\') {
			at++;
			continue;
		}
		c = utf8_next(s, &at);
		if (c != '"' && c != '\\' && !utf8_is_control(c) &&
			!utf8_is_formatting(c))
			continue;
		buf_slice(out, slice_sub(s, from, start - from));
		from = at;
		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", (int)c);
		else
			print_escape(c, out);
	}
	buf_slice(out, slice_sub(s, from, s.n - from));
	buf_byte(out, '"');
}

void json_print_key(const char *key, struct buf *out)
{
	if (out->n > 0 && out->p[out->n - 1] != '{')
		buf_byte(out, ',');
	buf_byte(out, '"');
	buf_str(out, key);
	buf_str(out, "\":");
}

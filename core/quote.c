#include "core/quote.h"

#include <stdio.h>

#include "core/utf8.h"

enum {
	QUOTE_MAX = 40, /* a key or a file name is recognised by less */
};

struct quote quote(struct slice s)
{
	struct quote q = {0};
	size_t n = 0;
	size_t at = 0;

	while (at < s.n && n < QUOTE_MAX) {
		size_t length = s.n - at < 4 ? s.n - at : 4;
		size_t start = at;
		uint32_t c;

		/* The longest run of up to four bytes that is text holds one
		 * character. */
		while (length > 0 && utf8_check(slice_sub(s, at, length)) < length)
			length--;
		if (length == 0) {
			q.text[n++] = '?';
			at++;
			continue;
		}
		c = utf8_next(s, &at);
		if (utf8_is_control(c) || utf8_is_formatting(c)) {
			q.text[n++] = '?';
			continue;
		}
		memcpy(q.text + n, s.p + start, at - start);
		n += at - start;
	}
	if (at < s.n)
		memcpy(q.text + n, "...", 3);
	return q;
}

void error_in_key(struct error *err, struct slice key, uint64_t offset)
{
	char message[ERROR_MESSAGE_MAX];

	if (!err)
		return;
	(void)snprintf(message, sizeof(message), "\"%s\": %.300s", quote(key).text,
		err->message);
	memcpy(err->message, message, sizeof(message));
	if (err->offset < 0)
		err->offset = (int64_t)offset;
}

#include "core/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/bytes.h"

enum {
	BUF_FIRST = 128,  /* most of what we build is one line */
	DECIMAL_MAX = 20, /* digits of a u64 */
};

void buf_free(struct buf *b)
{
	if (!b->lent)
		free(b->p);
	*b = (struct buf){0};
}

void buf_reset(struct buf *b)
{
	b->n = 0;
	b->failed = false;
}

uint8_t *buf_room(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : BUF_FIRST;
	uint8_t *p;

	if (b->failed)
		return NULL;
	if (n <= b->cap - b->n && b->p)
		return b->p + b->n;
	if (n > SIZE_MAX / 4 || b->n > SIZE_MAX / 4 || b->lent) {
		b->failed = true;
		return NULL;
	}
	while (cap - b->n < n)
		cap *= 2;
	p = realloc(b->p, cap);
	if (!p) {
		b->failed = true;
		return NULL;
	}
	b->p = p;
	b->cap = cap;
	return p + b->n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	uint8_t *to;

	if (n == 0)
		return;
	to = buf_room(b, n);
	if (!to)
		return;
	memcpy(to, p, n);
	b->n += n;
}

void buf_slice(struct buf *b, struct slice s)
{
	buf_add(b, s.p, s.n);
}

void buf_str(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_byte(struct buf *b, uint8_t c)
{
	buf_add(b, &c, 1);
}

void buf_zero(struct buf *b, size_t n)
{
	uint8_t *to = buf_room(b, n);

	if (!to)
		return;
	memset(to, 0, n);
	b->n += n;
}

void buf_u16(struct buf *b, uint16_t v)
{
	uint8_t raw[2];

	put_u16(raw, v);
	buf_add(b, raw, sizeof(raw));
}

void buf_u32(struct buf *b, uint32_t v)
{
	uint8_t raw[4];

	put_u32(raw, v);
	buf_add(b, raw, sizeof(raw));
}

void buf_u64(struct buf *b, uint64_t v)
{
	uint8_t raw[8];

	put_u64(raw, v);
	buf_add(b, raw, sizeof(raw));
}

void buf_decimal(struct buf *b, uint64_t v)
{
	char text[DECIMAL_MAX];
	size_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	buf_add(b, text + at, sizeof(text) - at);
}

void buf_digits(struct buf *b, uint64_t v, size_t digits)
{
	uint8_t *to = buf_room(b, digits);

	if (!to)
		return;
	for (size_t i = digits; i-- > 0; v /= 10)
		to[i] = (uint8_t)('0' + v % 10);
	b->n += digits;
}

void buf_hex(struct buf *b, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *to = buf_room(b, 2 * n);

	if (!to)
		return;
	for (size_t i = 0; i < n; i++) {
		to[2 * i] = (uint8_t)digits[p[i] >> 4];
		to[2 * i + 1] = (uint8_t)digits[p[i] & 15];
	}
	b->n += 2 * n;
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	uint8_t *to;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0) {
		b->failed = true;
		return;
	}
	to = buf_room(b, (size_t)n + 1); /* vsnprintf writes a final zero */
	if (!to)
		return;
	va_start(args, format);
	(void)vsnprintf((char *)to, (size_t)n + 1, format, args);
	va_end(args);
	b->n += (size_t)n;
}

void buf_drop(struct buf *b, size_t n)
{
	if (n >= b->n) {
		b->n = 0;
		return;
	}
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

int buf_view(const struct buf *b, struct slice *out)
{
	if (b->failed)
		return -ENOMEM;
	*out = slice_of(b->p, b->n);
	return 0;
}

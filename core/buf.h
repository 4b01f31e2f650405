/* A byte string that grows.
 *
 * Invariants: p holds n bytes of cap. A failed allocation is remembered: later
 * additions do nothing, so building needs no checks and using needs one
 * (buf_view). A zeroed struct is an empty buf.
 *
 *	BUF_AUTO(b);                    freed when the scope ends
 *	buf_str(&b, "answer ");
 *	buf_printf(&b, "%d", 42);
 *	if (buf_view(&b, &s) < 0) ...   the one check
 *
 * Not thread-safe; one owner. */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include "core/slice.h"

struct buf {
	uint8_t *p;
	size_t n;
	size_t cap;
	bool failed;
	bool lent; /* p is somebody else's: it does not grow */
};

/* A buf in memory of the caller's, which is known to be enough: what does not fit fails. */
static inline struct buf buf_lent(void *p, size_t cap)
{
	return (struct buf){.p = p, .cap = cap, .lent = true};
}

void buf_free(struct buf *b);
#define BUF_AUTO(name) __attribute__((cleanup(buf_free))) struct buf name = {0}

/* Forget the content, keep the memory and clear a remembered failure. */
void buf_reset(struct buf *b);

/* Room for n more bytes, which the caller fills and then counts with b->n += .
 * NULL (and a remembered failure) when there is none. */
uint8_t *buf_room(struct buf *b, size_t n);

void buf_add(struct buf *b, const void *p, size_t n);
void buf_slice(struct buf *b, struct slice s);
void buf_str(struct buf *b, const char *text);
void buf_byte(struct buf *b, uint8_t c);
void buf_zero(struct buf *b, size_t n);
void buf_u16(struct buf *b, uint16_t v);
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
/* As decimal text. Where there are many of them: printf takes ten times as long. */
void buf_decimal(struct buf *b, uint64_t v);
/* Its last digits, so many, with zeros in front. */
void buf_digits(struct buf *b, uint64_t v, size_t digits);
/* As lower-case hex digits. */
void buf_hex(struct buf *b, const uint8_t *p, size_t n);
void buf_printf(struct buf *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Drop the first n bytes (all, when n is more). */
void buf_drop(struct buf *b, size_t n);

/* The content, borrowed until the buf changes. 0, or -ENOMEM if any addition failed. */
int buf_view(const struct buf *b, struct slice *out);

#endif

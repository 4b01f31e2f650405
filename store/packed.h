/* Numbers in as many bytes as they need, for the values of rows: seven bits in each, the
 * low ones first, and a high bit where more follow. What is small near its neighbour is
 * kept as the difference, with its sign in the lowest bit. */
#ifndef STORE_PACKED_H
#define STORE_PACKED_H

#include "core/buf.h"

enum {
	PACKED_MAX = 10, /* bytes of one number */
};

/* Into PACKED_MAX bytes; returns how many it took. */
static inline size_t pack_into(uint8_t *out, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		out[n++] = (uint8_t)(v | 0x80);
	out[n++] = (uint8_t)v;
	return n;
}

static inline void pack(struct buf *out, uint64_t v)
{
	uint8_t *p = buf_room(out, PACKED_MAX);

	if (p)
		out->n += pack_into(p, v);
}

/* From `from` to v, either way. */
static inline void pack_step(struct buf *out, uint64_t from, uint64_t v)
{
	uint64_t up = v - from;

	pack(out, up >> 63 ? ~(up << 1) : up << 1);
}

/* Numbers on their way out; bad once something was not one. */
struct unpacking {
	struct slice rest;
	bool bad;
};

static inline uint64_t unpack(struct unpacking *u)
{
	uint64_t v = 0;

	for (size_t i = 0; i < u->rest.n && i < PACKED_MAX; i++) {
		v |= (uint64_t)(u->rest.p[i] & 0x7f) << (7 * i);
		if (u->rest.p[i] < 0x80) {
			u->rest = slice_sub(u->rest, i + 1, SIZE_MAX);
			return v;
		}
	}
	u->bad = true;
	return 0;
}

static inline uint64_t unpack_step(struct unpacking *u, uint64_t from)
{
	uint64_t v = unpack(u);

	return from + (v & 1 ? ~(v >> 1) : v >> 1);
}

/* n bytes as they are; zeros where there are fewer. */
static inline void unpack_bytes(struct unpacking *u, void *out, size_t n)
{
	if (u->rest.n < n) {
		u->bad = true;
		memset(out, 0, n);
		return;
	}
	memcpy(out, u->rest.p, n);
	u->rest = slice_sub(u->rest, n, SIZE_MAX);
}

/* Is that all, and was it well formed? */
static inline bool unpacked_all(const struct unpacking *u)
{
	return !u->bad && u->rest.n == 0;
}

#endif

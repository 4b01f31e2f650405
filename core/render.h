/* Members of JSON objects, as render_lens.c and render_why.c write them: a comma first
 * unless out ends in '{'. */
#ifndef CORE_RENDER_H
#define CORE_RENDER_H

#include <inttypes.h>

#include "core/decimal.h"
#include "core/json.h"
#include "core/lens.h"

/* floor(part / whole) in millionths; whole is not 0. */
static inline uint64_t ratio(uint64_t part, uint64_t whole)
{
	__extension__ typedef unsigned __int128 u128;

	return (uint64_t)((u128)part * MILLION / whole);
}

static inline void field_text(const char *key, struct slice text, struct buf *out)
{
	json_print_key(key, out);
	json_print_string(text, out);
}

static inline void field_count(const char *key, uint64_t n, struct buf *out)
{
	json_print_key(key, out);
	buf_printf(out, "%" PRIu64, n);
}

static inline void field_millionths(const char *key, uint64_t n, struct buf *out)
{
	json_print_key(key, out);
	millionths_print(n, out);
}

static inline void field_conflict(uint32_t conflict, struct buf *out)
{
	field_millionths("conflict", conflict * UINT64_C(100), out);
}

/* A list goes on: a comma unless out ends in '['. */
static inline void list_next(struct buf *out)
{
	if (out->n > 0 && out->p[out->n - 1] != '[')
		buf_byte(out, ',');
}

static inline void print_hex(const uint8_t b[ID_SIZE], struct buf *out)
{
	char hex[ID_HEX + 1];

	hex_print(b, ID_SIZE, hex);
	buf_printf(out, "\"%s\"", hex);
}

static inline void field_id(const char *key, const struct id *id, struct buf *out)
{
	json_print_key(key, out);
	print_hex(id->b, out);
}

#endif

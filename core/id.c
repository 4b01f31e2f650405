#include "core/id.h"

#include <blake3.h>
#include <errno.h>

struct id id_of(struct slice bytes)
{
	return id_of_two(bytes, slice_of(NULL, 0));
}

struct id id_of_two(struct slice a, struct slice b)
{
	blake3_hasher h;
	struct id out;

	blake3_hasher_init(&h);
	blake3_hasher_update(&h, a.p, a.n);
	blake3_hasher_update(&h, b.p, b.n);
	blake3_hasher_finalize(&h, out.b, ID_SIZE);
	return out;
}

struct id id_keyed(const uint8_t key[ID_SIZE], struct slice bytes)
{
	blake3_hasher h;
	struct id out;

	blake3_hasher_init_keyed(&h, key);
	blake3_hasher_update(&h, bytes.p, bytes.n);
	blake3_hasher_finalize(&h, out.b, ID_SIZE);
	return out;
}

void hex_print(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * n] = '\0';
}

/* 16 for what is no digit. */
static uint8_t digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (uint8_t)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (uint8_t)(c - 'a' + 10) : 16;
}

int hex_parse(struct slice text, uint8_t *out, size_t n)
{
	if (text.n != 2 * n)
		return -EINVAL;
	for (size_t i = 0; i < text.n; i++)
		if (digit(text.p[i]) > 15)
			return -EINVAL;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(digit(text.p[2 * i]) << 4 |
				   digit(text.p[2 * i + 1]));
	return 0;
}

#include "core/utf8.h"

int utf8_lead(uint8_t c, uint8_t *low, uint8_t *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (c < 0x80)
		return 0;
	if (c >= 0xc2 && c <= 0xdf)
		return 1;
	switch (c) {
	case 0xe0: /* below A0 it would be an overlong form */
		*low = 0xa0;
		return 2;
	case 0xed: /* from A0 on it would be a surrogate */
		*high = 0x9f;
		return 2;
	case 0xf0:
		*low = 0x90;
		return 3;
	case 0xf4: /* from 90 on it would be over U+10FFFF */
		*high = 0x8f;
		return 3;
	default:
		break;
	}
	if (c >= 0xe1 && c <= 0xef)
		return 2;
	return c >= 0xf1 && c <= 0xf3 ? 3 : -1;
}

/* The length of the character at p, of which n >= 1 bytes are there; 0 if
 * ill-formed. */
static size_t character(const uint8_t *p, size_t n)
{
	uint8_t low, high;
	int more = utf8_lead(p[0], &low, &high);

	if (more < 0 || (size_t)more >= n)
		return 0;
	for (int i = 1; i <= more; i++) {
		if (p[i] < low || p[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return (size_t)more + 1;
}

size_t utf8_check(struct slice s)
{
	size_t i = 0;

	while (i < s.n) {
		uint64_t eight;
		size_t n;

		/* Most of what we see is ASCII: eight bytes at a time. */
		if (s.n - i >= sizeof(eight)) {
			memcpy(&eight, s.p + i, sizeof(eight));
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				i += sizeof(eight);
				continue;
			}
		}
		n = character(s.p + i, s.n - i);
		if (n == 0)
			return i;
		i += n;
	}
	return s.n;
}

uint32_t utf8_next(struct slice s, size_t *at)
{
	uint8_t low, high;
	uint8_t c = s.p[(*at)++];
	int more = utf8_lead(c, &low, &high);
	uint32_t code = more <= 0 ? c : c & (0x3fu >> more);

	for (; more > 0 && *at < s.n; more--)
		code = code << 6 | (s.p[(*at)++] & 0x3f);
	return code;
}

bool utf8_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f);
}

bool utf8_is_formatting(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} ranges[] = {
		{0x061c, 0x061c},   /* Arabic letter mark */
		{0x200b, 0x200f},   /* zero-width space .. right-to-left mark */
		{0x202a, 0x202e},   /* embeddings and overrides */
		{0x2060, 0x2064},   /* word joiner, invisible operators */
		{0x2066, 0x2069},   /* isolates */
		{0xfeff, 0xfeff},   /* byte-order mark */
		{0xe0001, 0xe0001}, /* language tag */
		{0xe0020, 0xe007f}, /* tags */
	};

	if (c < ranges[0].from)
		return false;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}

/* How much a pair is disputed: entropy in integers.
 *
 * With supports s of k clusters and their sum T,
 *
 *	-sum(p ln p) / ln k  =  (T log2 T - sum(s log2 s)) / (T log2 k)
 *
 * so there is one division, at the end. Floating point was rejected: log() differs
 * in its last bit from libc to libc, a sum of doubles from order to order, and the
 * digits are part of files that must be the same everywhere. Logarithms of numbers
 * that differ by a power of two have the same fraction here, so even splits come
 * out exact. */
#include "core/tally.h"

__extension__ typedef unsigned __int128 u128;

enum {
	LOG_FRACTION = 32,
	CONFLICT_FLOOR = 20, /* clusters below 1/20 of the greatest are noise */
};

/* log2(x), x > 0, with LOG_FRACTION bits of fraction. Squaring the mantissa doubles
 * its logarithm, whose next bit is then whether the square reached 2. The mantissa
 * has 63 bits of fraction: 32 squarings of a truncated number leave 31 of them
 * good. */
static uint64_t log2_fixed(uint64_t x)
{
	int whole = 63 - __builtin_clzll(x);
	uint64_t mantissa = x << (63 - whole);
	uint64_t result = (uint64_t)whole;

	for (int i = 0; i < LOG_FRACTION; i++) {
		u128 square = (u128)mantissa * mantissa;
		bool two = square >> 127;

		mantissa = (uint64_t)(square >> (two ? 64 : 63));
		result = result << 1 | two;
	}
	return result;
}

uint32_t tally_conflict(const struct level *levels, size_t n)
{
	u128 parts = 0, above, below;
	uint64_t total = 0, k = 0, rounded;

	for (size_t i = 0; i < n; i++) {
		uint64_t s = levels[i].support;

		if (s == 0 || (u128)s * CONFLICT_FLOOR < levels[0].support)
			break;
		total += s * levels[i].clusters;
		k += levels[i].clusters;
		parts += (u128)s * levels[i].clusters * log2_fixed(s);
	}
	if (k <= 1)
		return 0;
	above = ((u128)total * log2_fixed(total) - parts) * CONFLICT_ONE;
	below = (u128)total * log2_fixed(k);
	rounded = (uint64_t)((2 * above + below) / (2 * below));
	return rounded < CONFLICT_ONE ? (uint32_t)rounded : CONFLICT_ONE;
}

enum pair_status tally_status(uint64_t support, uint32_t agents, uint32_t clusters,
	bool opposed, uint32_t conflict)
{
	if (support == 0)
		return STATUS_NONE;
	if (agents <= 1)
		return STATUS_SINGLE;
	if (clusters == 1 && !opposed)
		return STATUS_UNANIMOUS;
	return conflict < CONTESTED_FROM ? STATUS_AGREED : STATUS_CONTESTED;
}

const char *status_name(enum pair_status status)
{
	switch (status) {
	case STATUS_NONE:
		return "none";
	case STATUS_SINGLE:
		return "single";
	case STATUS_UNANIMOUS:
		return "unanimous";
	case STATUS_AGREED:
		return "agreed";
	case STATUS_CONTESTED:
		return "contested";
	}
	return "none";
}

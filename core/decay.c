/* 2^-(d/h) = 2^-(q + 1) * 2^((h - r) / h), with d = q h + r.
 *
 * The first factor is a shift. The second lies between 1 and 2 and is a Taylor series of
 * exp(x ln 2) with 62 bits of fraction, all of whose terms are positive: some 20 of
 * them, each truncated, leave more than 55 bits good where 40 are shown. No value lies
 * so near a trillionth that this could show: the tests compare each (days, half-life) at
 * which the result is not 0 with a decimal reference. */
#include "core/decay.h"

#include "core/when.h"

__extension__ typedef unsigned __int128 u128;

enum {
	FRACTION = 62,
};
static const uint64_t LN2 = 0x2c5c85fdf473de6a; /* ln 2 * 2^62 */

/* 2^(part / whole) * 2^FRACTION, part <= whole. */
static uint64_t exp2_fixed(uint64_t part, uint64_t whole)
{
	uint64_t x = (uint64_t)((u128)LN2 * part / whole);
	uint64_t term = UINT64_C(1) << FRACTION, sum = term;

	for (unsigned n = 1; term > 0; n++) {
		term = (uint64_t)((u128)term * x >> FRACTION) / n;
		sum += term;
	}
	return sum;
}

uint64_t decay_after(uint64_t days, uint32_t half_life)
{
	uint64_t whole, rest;

	if (half_life == 0)
		return DECAY_ONE;
	whole = days / half_life;
	rest = days % half_life;
	if (whole >= 40) /* 2^40 > DECAY_ONE */
		return 0;
	if (rest == 0)
		return DECAY_ONE >> whole;
	return (uint64_t)((u128)exp2_fixed(half_life - rest, half_life) *
				  DECAY_ONE >>
			  (FRACTION + whole + 1));
}

uint64_t decay_days(uint64_t timestamp, uint64_t now)
{
	return timestamp < now ? now / DAY - timestamp / DAY : 0;
}

uint64_t decay_midnight(uint64_t now)
{
	return now - now % DAY;
}

uint32_t class_half_life(uint8_t source_class)
{
	static const uint32_t days[CLASSES] = {0, 730, 365, 180, 90, 30};

	return source_class < CLASSES ? days[source_class] : 0;
}

uint32_t class_weight(uint8_t source_class)
{
	static const uint32_t millionths[CLASSES] = {
		1000000, 800000, 600000, 500000, 300000, 100000};

	return source_class < CLASSES ? millionths[source_class] : 300000;
}

uint64_t claim_decay(const struct candidate *c, uint64_t now)
{
	return decay_after(
		decay_days(c->timestamp, now), class_half_life(c->source_class));
}

uint32_t claim_faded(const struct candidate *c, uint64_t now)
{
	return (uint32_t)(c->confidence * claim_decay(c, now) / DECAY_ONE);
}

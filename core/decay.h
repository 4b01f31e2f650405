/* How claims grow old: 0.5^(days / half-life), as the lenses that decay read it.
 *
 *	class         weight  half-life
 *	regulatory    1       never
 *	clinical      0.8     730 days
 *	observational 0.6     365
 *	expert        0.5     180
 *	community     0.3     90
 *	anecdotal     0.1     30
 *	none          0.3     never
 *
 * Days are UTC days: how many midnights lie between the claim and now, so that what
 * decays changes at midnight and at no other time. Decay is read, never stored. Pure
 * integer arithmetic: pow() differs in its last bit from libc to libc. */
#ifndef CORE_DECAY_H
#define CORE_DECAY_H

#include "core/tally.h"

/* Decay is in trillionths. Millionths would be 0 after 20 half-lives, and could no
 * longer tell old claims apart. */
#define DECAY_ONE UINT64_C(1000000000000)

/* Midnights of UTC between two moments, ns; 0 where the claim is ahead of now. */
uint64_t decay_days(uint64_t timestamp, uint64_t now);

/* The last midnight: since then nothing has decayed. */
uint64_t decay_midnight(uint64_t now);

/* floor(DECAY_ONE * 0.5^(days / half_life)), exact for the half-lives above;
 * half_life 0: never, DECAY_ONE. */
uint64_t decay_after(uint64_t days, uint32_t half_life);

/* In days, 0: never. CLASSES: none. */
uint32_t class_half_life(uint8_t source_class);

/* In millionths. */
uint32_t class_weight(uint8_t source_class);

/* Of a claim, by its class as it counts. */
uint64_t claim_decay(const struct candidate *c, uint64_t now);

/* Its confidence as it is by now: floor(confidence * decay), millionths. */
uint32_t claim_faded(const struct candidate *c, uint64_t now);

#endif

/* What text may hold. */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include "core/slice.h"

/* The offset of the first byte that is not part of well-formed UTF-8 (Unicode 15,
 * table 3-7: no overlong forms, no surrogates, nothing over U+10FFFF), or s.n. */
size_t utf8_check(struct slice s);

/* How many continuation bytes must follow the lead byte c (0..3), and the bounds of the
 * first of them, the others being 80..BF; -1 when no character starts with c. */
int utf8_lead(uint8_t c, uint8_t *low, uint8_t *high);

/* Decode the character at offset *at of well-formed text and step over it. */
uint32_t utf8_next(struct slice s, size_t *at);

/* C0, DEL and C1: what drives a terminal. */
bool utf8_is_control(uint32_t c);

/* Bidirectional and zero-width formatting characters: U+061C, U+200B..200F,
 * U+202A..202E, U+2060..2064, U+2066..2069, U+FEFF, and the tags U+E0001, U+E0020..E007F:
 * they make two names look alike. */
bool utf8_is_formatting(uint32_t c);

#endif

/* Exact decimals: numbers are text, never doubles.
 *
 * Canonical text: no leading or trailing zeros, "-0" is "0"; plain while the exponent of
 * the first digit is -7..20 ("96.7", "0.0000001"), else d[.ddd]e±N ("1.5e-9", "1e21").
 * At most 34 significant digits, exponent ±999. `96`, `96.0` and `9.6e1` are one number. */
#ifndef CORE_DECIMAL_H
#define CORE_DECIMAL_H

#include "core/buf.h"
#include "core/error.h"

enum {
	DECIMAL_TEXT = 64, /* no canonical text is longer */
};

/* Append the canonical text of a JSON number (RFC 8259 grammar, already checked or not:
 * what is no JSON number is -EINVAL; too many digits or too large an exponent also). */
int decimal_canonical(struct slice json_number, struct buf *out, struct error *err);

/* Is the text canonical? */
bool decimal_check(struct slice text);

/* Compare two canonical numbers exactly: < 0, 0, > 0. */
int decimal_compare(struct slice a, struct slice b);

/* A JSON number as millionths, rounded half to even from its decimal text. 0, or
 * -EINVAL when it is no number or lies outside -1..1 (before rounding). */
int decimal_millionths(struct slice json_number, int32_t *out);

/* The number times 10^places, where that is an integer: 0; -EINVAL: no number; -ERANGE:
 * outside 0..2^64-1; -EDOM: no integer. */
int decimal_scaled(struct slice json_number, int places, uint64_t *out);

/* Append millionths the short way: 500000 is "0.5", 1000000 is "1". */
void millionths_print(uint64_t millionths, struct buf *out);

#endif

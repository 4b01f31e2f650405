/* How wide text is on a terminal: what columns are padded by. Without a locale, so that
 * a file has the same bytes everywhere. */
#ifndef CORE_WIDTH_H
#define CORE_WIDTH_H

#include "core/slice.h"

/* Columns of one character: 2 for the wide ones of East Asia and most pictures, 0 for
 * marks that stand on the character before, else 1 (what is shown for a control
 * character is the printer's business). */
unsigned width_of(uint32_t c);

/* Of well-formed text. */
size_t width_of_text(struct slice s);

#endif

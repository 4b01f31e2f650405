/* Which known word somebody meant: for "unknown option; try …". */
#ifndef FS_NEAREST_H
#define FS_NEAREST_H

#include "core/slice.h"

/* How many single-byte insertions, deletions and replacements lie between two words
 * (Levenshtein 1966). Of each word the first 64 bytes count. */
size_t edit_distance(struct slice a, struct slice b);

#endif

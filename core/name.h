/* Names of subjects and predicates as file names.
 *
 * Percent-encoded with upper-case hex: '/', '%', control characters (C0, DEL, C1),
 * bidirectional and zero-width formatting characters (utf8_is_formatting), a leading '.',
 * '-' or '_', and spaces at either end; nothing else. So entries of our own, which start
 * with '_', never collide with a claim. One spelling per name: what does not encode back
 * to itself is no name. */
#ifndef CORE_NAME_H
#define CORE_NAME_H

#include "core/buf.h"

/* Append the file name of a well-formed UTF-8 name. */
void name_encode(struct slice name, struct buf *out);

/* Is it spelled as it is, because all of it is ASCII and nothing needs an escape? False says
 * nothing. */
bool name_is_plain(struct slice name);

/* How long name_encode() makes it. */
size_t name_encoded_length(struct slice name);

/* Append the name behind a file name. 0, or -ENOENT when file is no canonical spelling
 * (bad escapes, lower-case hex, needless escapes, invalid UTF-8, empty). */
int name_decode(struct slice file, struct buf *out);

#endif

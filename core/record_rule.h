/* The rules of records, as their readers need them: internal to core/record_*.c and
 * core/canon.c. Everybody else calls record_check(). */
#ifndef CORE_RECORD_RULE_H
#define CORE_RECORD_RULE_H

#include "core/record.h"

/* record_check(), and *key is the JSON key of the field at fault, so that whoever read
 * the record can say where that field stood. The message starts with the key. */
int record_check_key(const struct record *r, const char **key, struct error *err);

/* The rules of single fields; their messages do not name the key. */

/* A text of 1 to max bytes that says something, in one line or several. */
int rule_words(struct slice s, size_t max, bool lines, struct error *err);

/* A name that becomes a file name. */
int rule_name(struct slice s, size_t max, struct error *err);

/* Finite float32s; -0 would be a second spelling of 0. */
int rule_vector(struct slice v, struct error *err);

/* Ids, none of them twice. */
int rule_because(struct slice ids, struct error *err);

int object_check(const struct object *o, struct error *err);

/* The number behind a word, -1 when there is none. */
int lifecycle_find(struct slice word);
int source_class_find(struct slice word);
int supersession_find(struct slice word);

#endif

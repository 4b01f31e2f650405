/* Outside text inside a message: short, well-formed and harmless to a terminal. */
#ifndef CORE_QUOTE_H
#define CORE_QUOTE_H

#include "core/error.h"
#include "core/slice.h"

struct quote {
	char text[64];
};

/* The first 40 bytes or so of s, cut between characters and marked "..." where cut; what
 * is no UTF-8, drives a terminal or hides is shown as '?'. */
struct quote quote(struct slice s);

/* Put `"key": ` before the message of an error that was just filled, and the offset into
 * it unless it has one. err may be NULL. */
void error_in_key(struct error *err, struct slice key, uint64_t offset);

#endif

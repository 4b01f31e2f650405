/* Strict JSON (RFC 8259, and nothing that two readers could read differently).
 *
 * cJSON alone accepts invalid UTF-8, ends strings at \u0000, rounds large integers and
 * keeps repeated keys, and cannot tell "incomplete" from "malformed". So a scanner goes
 * first: it finds where a value ends, a byte at a time if need be, and refuses what is
 * not JSON at the byte where that shows; then cJSON builds the tree.
 *
 * Refused: invalid UTF-8, \u0000, lone surrogates, a byte-order mark, control characters
 * in strings, depth over JSON_DEPTH, repeated keys. */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include <cjson/cJSON.h>
#include <stdalign.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/error.h"

enum {
	JSON_DEPTH = 8,	     /* containers in containers; a signed record needs 3 */
	JSON_ROOM = 3 << 10, /* a signed record takes some 2 KiB */
};

/* The scanner's state over one value; zero it to start a value. Plain data: copying
 * it copies the state. */
struct json_scan {
	uint64_t offset; /* bytes of this value consumed so far */
	uint8_t state;
	uint8_t depth;
	uint8_t open[JSON_DEPTH]; /* '{' or '[' */
	uint8_t unit; /* progress inside an escape, a literal, a UTF-8 sequence */
	uint8_t need;
	uint32_t code; /* the \u escape being read; a pending high surrogate */
	uint16_t surrogate;
	uint8_t utf8_low, utf8_high; /* bounds of the next continuation byte */
	char literal;
};

enum json_progress {
	JSON_MORE = 0,	   /* everything was consumed, the value goes on */
	JSON_COMPLETE = 1, /* the value ended; *used bytes belong to it */
};

/**
 * Feed bytes to the scanner. White space before the value is the caller's to skip.
 *
 * A number at top level has no end of its own: it ends before the first byte that
 * cannot belong to it. Returns JSON_MORE, JSON_COMPLETE, or -EINVAL with err holding
 * the offset within the value.
 */
int json_scan(
	struct json_scan *s, struct slice in, size_t *used, struct error *err);

/* Put the key at which the scanner refused in front of its message. text is the value from
 * its start up to err->offset or further. */
void json_name_key(struct slice text, struct error *err);

/* A parsed value. Every node's valueint is an index into tokens; see json_number(),
 * json_offset(). Freed by json_free(). */
struct json_token {
	uint32_t
		key; /* offset of the key's opening quote; of the value in arrays */
	uint32_t start; /* offset of the value */
	uint32_t length;
};

/* What the nodes of one document stand in: its own, up to the size of a plain record, so
 * that reading one allocates nothing. */
struct json_memory {
	struct arena more;
	size_t used;
	size_t nodes; /* at least as many as there are */
	alignas(max_align_t) uint8_t first[JSON_ROOM];
};

struct json_doc {
	struct slice text;
	cJSON *root; /* not for cJSON_Delete() */
	struct json_token *tokens;
	size_t count;
	struct json_memory memory;
};

/* Parse exactly one value (white space around it allowed) into an empty doc. 0, -EINVAL or
 * -ENOMEM; err has the byte offset. doc borrows text, and must not be copied. */
int json_parse(struct slice text, struct json_doc *doc, struct error *err);
void json_free(struct json_doc *doc);
#define JSON_AUTO(name)                                                            \
	__attribute__((cleanup(json_free))) struct json_doc name = {0}

/* The bytes of a node in the text: of a number, its exact digits. */
struct slice json_source(const struct json_doc *doc, const cJSON *node);

/* Where a node's key (in arrays: the node) starts in the text. */
uint64_t json_offset(const struct json_doc *doc, const cJSON *node);

/* The one printer. Append s as a JSON string: quotes, backslash and C0 as RFC 8259 wants,
 * DEL and C1 and formatting characters (utf8_is_formatting) as \u escapes, so that what is
 * printed can be shown on a terminal. s is well-formed UTF-8. */
void json_print_string(struct slice s, struct buf *out);

/* Append `"key":` with a comma before it unless the last byte opens an object. */
void json_print_key(const char *key, struct buf *out);

#endif

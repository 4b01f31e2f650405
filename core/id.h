/* Names of 32 bytes: ids of records and keys of agents.
 *
 * An id is the BLAKE3-256 hash of a record's canonical bytes (core/canon.h), so equal
 * records have one id everywhere. An agent is an Ed25519 public key. Both print as 64
 * lower-case hex digits. */
#ifndef CORE_ID_H
#define CORE_ID_H

#include "core/slice.h"

enum {
	ID_SIZE = 32,
	ID_HEX = 64,
};

struct id {
	uint8_t b[ID_SIZE];
};

struct agent {
	uint8_t b[ID_SIZE];
};

/* BLAKE3-256 (BLAKE3 specification, 2021) of the bytes; SIMD is chosen at run time. */
struct id id_of(struct slice bytes);

/* BLAKE3 of a followed by b: one hash over two pieces (the chain of the log). */
struct id id_of_two(struct slice a, struct slice b);

/* Keyed BLAKE3; key has 32 bytes. */
struct id id_keyed(const uint8_t key[ID_SIZE], struct slice bytes);

static inline int id_compare(const struct id *a, const struct id *b)
{
	return memcmp(a->b, b->b, ID_SIZE);
}

static inline int agent_compare(const struct agent *a, const struct agent *b)
{
	return memcmp(a->b, b->b, ID_SIZE);
}

/* 2n lower-case digits and a final zero into out (2n + 1 bytes). */
void hex_print(const uint8_t *p, size_t n, char *out);

/* Exactly n bytes from 2n hex digits of either case; 0 or -EINVAL. */
int hex_parse(struct slice text, uint8_t *out, size_t n);

#endif

/* Ed25519 (RFC 8032) over the 56-byte message that says "I stand behind this id".
 *
 *	 0  "stemefs/sign/v1\0"
 *	16  id 32
 *	48  signed_at u64, little endian
 *
 * Verification is libsodium's, which refuses small-order keys and non-canonical S.
 * sodium_init() must have been called. Thread-safe. */
#ifndef CORE_SIGN_H
#define CORE_SIGN_H

#include "core/record.h"

enum {
	SIGN_MESSAGE = 56,
	SIGN_SECRET = 64, /* libsodium's form: seed, then public key */
};

void sign_message(
	const struct id *id, uint64_t signed_at, uint8_t out[SIGN_MESSAGE]);

/* Sign with a secret of libsodium's form. */
struct signature sign_id(
	const uint8_t secret[SIGN_SECRET], const struct id *id, uint64_t signed_at);

/* Does this entry sign this id? */
bool sign_verify(const struct signature *s, const struct id *id);

/* Total order of entries: by agent, then (signed_at, bytes); < 0, 0, > 0. Of one
 * agent's entries on one id the smallest stands. */
int signature_compare(const struct signature *a, const struct signature *b);

#endif

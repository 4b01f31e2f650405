#include "core/sign.h"

#include <sodium.h>

#include "core/bytes.h"

void sign_message(
	const struct id *id, uint64_t signed_at, uint8_t out[SIGN_MESSAGE])
{
	static const char context[16] = "stemefs/sign/v1"; /* with its final zero */

	memcpy(out, context, sizeof(context));
	memcpy(out + 16, id->b, ID_SIZE);
	put_u64(out + 48, signed_at);
}

struct signature sign_id(
	const uint8_t secret[SIGN_SECRET], const struct id *id, uint64_t signed_at)
{
	struct signature s = {.signed_at = signed_at};
	uint8_t message[SIGN_MESSAGE];

	sign_message(id, signed_at, message);
	memcpy(s.agent.b, secret + 32, ID_SIZE);
	(void)crypto_sign_detached(s.bytes, NULL, message, sizeof(message), secret);
	return s;
}

bool sign_verify(const struct signature *s, const struct id *id)
{
	uint8_t message[SIGN_MESSAGE];

	sign_message(id, s->signed_at, message);
	return crypto_sign_verify_detached(
		       s->bytes, message, sizeof(message), s->agent.b) == 0;
}

int signature_compare(const struct signature *a, const struct signature *b)
{
	int c = agent_compare(&a->agent, &b->agent);

	if (c)
		return c;
	if (a->signed_at != b->signed_at)
		return a->signed_at < b->signed_at ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

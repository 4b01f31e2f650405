#include "core/sign.h"

#include <sodium.h>

#include "core/bytes.h"
#include "tests/unit/tap.h"

/* RFC 8032, section 7.1: is the library what it says it is? */
static const struct {
	const char *seed, *key, *message, *signature;
} rfc8032[] = {
	{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
		"",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
		"fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
	{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
		"72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da0"
		"85ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
		"af82",
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac1"
		"8ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void the_library_passes_rfc_8032(void)
{
	for (size_t i = 0; i < sizeof(rfc8032) / sizeof(rfc8032[0]); i++) {
		uint8_t seed[32], key[32], public[32], secret[64], message[2],
			want[64], got[64];
		size_t n = strlen(rfc8032[i].message) / 2;

		CHECK(hex_parse(slice_str(rfc8032[i].seed), seed, 32) == 0);
		CHECK(hex_parse(slice_str(rfc8032[i].key), key, 32) == 0);
		CHECK(hex_parse(slice_str(rfc8032[i].message), message, n) == 0);
		CHECK(hex_parse(slice_str(rfc8032[i].signature), want, 64) == 0);
		CHECK(crypto_sign_seed_keypair(public, secret, seed) == 0);
		CHECK(memcmp(public, key, 32) == 0);
		CHECK(crypto_sign_detached(got, NULL, message, n, secret) == 0);
		CHECK(memcmp(got, want, 64) == 0);
	}
}

static struct signature example(struct id *id)
{
	uint8_t seed[32], public[32], secret[SIGN_SECRET];

	for (int i = 0; i < 32; i++) {
		seed[i] = (uint8_t)i;
		id->b[i] = (uint8_t)(0xa0 + i);
	}
	(void)crypto_sign_seed_keypair(public, secret, seed);
	return sign_id(secret, id, UINT64_C(0x1122334455667788));
}

static void the_message_is_context_id_and_time(void)
{
	uint8_t message[SIGN_MESSAGE];
	struct id id;

	(void)example(&id);
	sign_message(&id, UINT64_C(0x1122334455667788), message);
	CHECK(memcmp(message, "stemefs/sign/v1\0", 16) == 0);
	CHECK(memcmp(message + 16, id.b, ID_SIZE) == 0);
	CHECK(memcmp(message + 48, "\x88\x77\x66\x55\x44\x33\x22\x11", 8) == 0);
}

static void a_signature_verifies(void)
{
	struct id id;
	struct signature s = example(&id);

	CHECK(s.signed_at == UINT64_C(0x1122334455667788));
	CHECK(s.agent.b[0] == 0x03 && s.agent.b[1] == 0xa1);
	CHECK(sign_verify(&s, &id));
}

static void any_flipped_bit_is_refused(void)
{
	struct id id;
	const struct signature good = example(&id);

	for (int bit = 0; bit < 64 * 8; bit++) {
		struct signature s = good;

		s.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!sign_verify(&s, &id));
		s = good;
		s.signed_at ^= UINT64_C(1) << bit % 64;
		CHECK(!sign_verify(&s, &id));
	}
	for (int bit = 0; bit < 32 * 8; bit++) {
		struct signature s = good;
		struct id other = id;

		s.agent.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!sign_verify(&s, &id));
		other.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!sign_verify(&good, &other));
	}
}

/* S + L verifies in the equation but is another text for the same signature. */
static void a_second_form_of_a_signature_is_refused(void)
{
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12,
		0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
	struct id id;
	struct signature s = example(&id);
	unsigned carry = 0;

	for (int i = 0; i < 32; i++) {
		carry += s.bytes[32 + i] + (unsigned)order[i];
		s.bytes[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	CHECK(carry == 0);
	CHECK(!sign_verify(&s, &id));
}

/* With a key of small order one signature fits many messages. */
static void keys_of_small_order_are_refused(void)
{
	static const char *const keys[] = {
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct signature s = {
			.bytes = {1}}; /* R is the neutral element, S is 0 */
		struct id id = {0};

		CHECK(hex_parse(slice_str(keys[i]), s.agent.b, ID_SIZE) == 0);
		for (int k = 0; k < 32; k++) {
			id.b[0] = (uint8_t)k;
			CHECK(!sign_verify(&s, &id));
		}
	}
}

static void entries_are_ordered_by_agent_time_and_bytes(void)
{
	struct signature a = {.signed_at = 5};
	struct signature b = a;

	CHECK(signature_compare(&a, &b) == 0);
	b.bytes[63] = 1;
	CHECK(signature_compare(&a, &b) < 0 && signature_compare(&b, &a) > 0);
	a.signed_at = 6;
	CHECK(signature_compare(&a, &b) > 0);
	b.agent.b[0] = 1;
	CHECK(signature_compare(&a, &b) < 0);
}

int main(void)
{
	if (sodium_init() < 0)
		return 1;
	RUN(the_library_passes_rfc_8032);
	RUN(the_message_is_context_id_and_time);
	RUN(a_signature_verifies);
	RUN(any_flipped_bit_is_refused);
	RUN(a_second_form_of_a_signature_is_refused);
	RUN(keys_of_small_order_are_refused);
	RUN(entries_are_ordered_by_agent_time_and_bytes);
	return tap_done();
}

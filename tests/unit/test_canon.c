/* The vectors of docs/format.md, and everything that a decoder must refuse. Runs in
 * the project's root, where the document is found. */
#include "core/canon.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "core/bytes.h"
#include "core/record_json.h"
#include "core/sign.h"
#include "core/when.h"
#include "tests/unit/tap.h"

enum {
	BYTES_MAX = 4096,
	VECTORS_MAX = 64,
};

/* One vector, as the document has it. */
struct vector {
	char *json;
	uint8_t bytes[BYTES_MAX];
	size_t n;
	struct id id;
	struct signature signature;
};

static struct vector vectors[VECTORS_MAX];
static size_t vector_count;

/* A line "word value" of the block; a vector ends with its signature. */
static void take_line(const char *word, const char *value)
{
	struct vector *v = &vectors[vector_count];
	struct slice text = slice_str(value);

	if (strcmp(word, "json") == 0) {
		v->json = strdup(value);
	} else if (strcmp(word, "bytes") == 0) {
		v->n = text.n / 2;
		CHECK(v->n <= BYTES_MAX && hex_parse(text, v->bytes, v->n) == 0);
	} else if (strcmp(word, "id") == 0) {
		CHECK(hex_parse(text, v->id.b, ID_SIZE) == 0);
	} else if (strcmp(word, "agent") == 0) {
		CHECK(hex_parse(text, v->signature.agent.b, ID_SIZE) == 0);
	} else if (strcmp(word, "signed_at") == 0) {
		CHECK(when_parse(text, &v->signature.signed_at, NULL) == 0);
	} else if (strcmp(word, "signature") == 0) {
		CHECK(hex_parse(text, v->signature.bytes, 64) == 0);
		CHECK(v->json && v->n);
		vector_count++;
	} else {
		printf("# unknown word %s\n", word);
		CHECK(false);
	}
}

static void the_document_has_vectors(void)
{
	FILE *f = fopen("docs/format.md", "re");
	char *line = NULL;
	size_t room = 0;
	bool inside = false;
	ssize_t n;

	CHECK(f != NULL);
	if (!f)
		return;
	while ((n = getline(&line, &room, f)) > 0 && vector_count < VECTORS_MAX) {
		char *space;

		line[n - 1] = '\0';
		if (strncmp(line, "```", 3) == 0)
			inside = strcmp(line, "```vectors") == 0;
		space = strchr(line, ' ');
		if (!inside || !space || line[0] == '`')
			continue;
		*space = '\0';
		take_line(line, space + 1);
	}
	free(line);
	(void)fclose(f);
	CHECK(vector_count >= 15);
}

static struct slice view(const struct buf *b)
{
	struct slice s = {0};

	CHECK(buf_view(b, &s) == 0);
	return s;
}

static void each_vector_has_its_bytes_id_and_signature(void)
{
	uint8_t seed[32], public[32], secret[SIGN_SECRET];

	for (int i = 0; i < 32; i++)
		seed[i] = (uint8_t)i;
	(void)crypto_sign_seed_keypair(public, secret, seed);
	for (size_t i = 0; i < vector_count; i++) {
		const struct vector *v = &vectors[i];
		struct error err = {0};
		struct draft d;
		struct id id;
		struct signature s;
		ARENA_AUTO(a);
		BUF_AUTO(b);

		if (record_parse(slice_str(v->json), &a, &d, &err) < 0) {
			printf("# %s: %s\n", v->json, err.message);
			CHECK(false);
			continue;
		}
		canon_encode(&d.record, &b);
		CHECK(slice_equal(view(&b), slice_of(v->bytes, v->n)));
		id = id_of(view(&b));
		CHECK(id_compare(&id, &v->id) == 0);
		if (d.record.kind == RECORD_COSIGNATURE)
			id = d.record.target;
		CHECK(sign_verify(&v->signature, &id));
		s = sign_id(secret, &id, v->signature.signed_at);
		CHECK(signature_compare(&s, &v->signature) == 0);
	}
}

static void each_vector_decodes_and_encodes_again(void)
{
	for (size_t i = 0; i < vector_count; i++) {
		const struct vector *v = &vectors[i];
		struct error err = {0};
		struct record r;
		BUF_AUTO(b);

		CHECK(canon_decode(slice_of(v->bytes, v->n), &r, &err) == 0);
		canon_encode(&r, &b);
		CHECK(slice_equal(view(&b), slice_of(v->bytes, v->n)));
		CHECK(v->n % 8 == 0);
	}
}

/* Every way to be cut or prolonged is refused, and says where. */
static void a_vector_cut_anywhere_is_refused(void)
{
	for (size_t i = 0; i < vector_count; i++)
		for (size_t n = 0; n < vectors[i].n + 16; n++) {
			uint8_t copy[BYTES_MAX + 16] = {0};
			struct error err = {0};
			struct record r;
			size_t whole = vectors[i].n;

			if (n == whole)
				continue;
			memcpy(copy, vectors[i].bytes, whole);
			CHECK(canon_decode(slice_of(copy, n), &r, &err) ==
				-EBADMSG);
			CHECK(err.code == EBADMSG && err.offset >= 0);
			if (n < 16 || n % 8 != 0)
				continue;
			/* Nor does a length in the header that fits help. */
			put_u32(copy + 8, (uint32_t)(n - 16));
			CHECK(canon_decode(slice_of(copy, n), &r, &err) ==
				-EBADMSG);
		}
}

/* A flipped bit is refused, or it is another record that encodes to just these
 * bytes. */
static void a_flipped_bit_never_makes_a_second_encoding(void)
{
	size_t refused = 0;

	for (size_t i = 0; i < vector_count; i++)
		for (size_t bit = 0; bit < vectors[i].n * 8; bit++) {
			struct slice in = slice_of(vectors[i].bytes, vectors[i].n);
			struct record r;
			BUF_AUTO(b);

			vectors[i].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (canon_decode(in, &r, NULL) == 0) {
				canon_encode(&r, &b);
				CHECK(slice_equal(view(&b), in));
			} else {
				refused++;
			}
			vectors[i].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	CHECK(refused > 1000);
}

/* The first vector with one byte changed: refused there, for that field. */
static void a_refusal_names_field_and_offset(void)
{
	static const struct {
		size_t at;
		uint8_t value;
		int64_t offset;
		const char *field;
	} cases[] = {
		{0, 'X', 0, "magic"},
		{4, 6, 4, "kind"},
		{5, 2, 5, "version"},
		{7, 0x80, 6, "presence"},
		{8, 0x51, 8, "body"},
		{12, 1, 12, "header"},
		{24, 1, 24, "confidence"},
		{28, 9, 28, "object"},
		{29, 5, 29, "lifecycle"},
		{30, 1, 30, "source_class"},
		{31, 1, 31, "source_class"},
		{36, 1, 36, "subject"},
		{35, 0xff, 40, "subject"},
		{40, 0x1b, 32, "subject"},
		{50, 1, 50, "subject"},
		{32, 0, 44, "predicate"},
		{32, 99, 40, "subject"},
		{88, 'x', 28, "object"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t copy[BYTES_MAX];
		struct error err = {0};
		struct record r;

		memcpy(copy, vectors[0].bytes, vectors[0].n);
		copy[cases[i].at] = cases[i].value;
		CHECK(canon_decode(slice_of(copy, vectors[0].n), &r, &err) ==
			-EBADMSG);
		CHECK(err.offset == cases[i].offset &&
			strstr(err.message, cases[i].field));
		if (err.offset != cases[i].offset ||
			!strstr(err.message, cases[i].field))
			printf("# case %zu: %lld %s\n", i, (long long)err.offset,
				err.message);
	}
}

static void slices_borrow_from_the_input(void)
{
	struct slice in = slice_of(vectors[1].bytes, vectors[1].n);
	struct record r;

	CHECK(canon_decode(in, &r, NULL) == 0);
	CHECK(r.subject.p > in.p && r.subject.p < in.p + in.n);
	CHECK(r.note.p > in.p && r.note.p < in.p + in.n);
	CHECK_TEXT(r.subject, "auth/jwt");
}

int main(void)
{
	if (sodium_init() < 0)
		return 1;
	RUN(the_document_has_vectors);
	RUN(each_vector_has_its_bytes_id_and_signature);
	RUN(each_vector_decodes_and_encodes_again);
	RUN(a_vector_cut_anywhere_is_refused);
	RUN(a_flipped_bit_never_makes_a_second_encoding);
	RUN(a_refusal_names_field_and_offset);
	RUN(slices_borrow_from_the_input);
	for (size_t i = 0; i < vector_count; i++)
		free(vectors[i].json);
	return tap_done();
}

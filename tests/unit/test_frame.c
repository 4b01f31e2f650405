/* Frames: published vectors, the picture in docs/log-format.md, and every way to be
 * refused. */
#include "tests/unit/tap.h"

#include <errno.h>
#include <stdlib.h>

#include "core/bytes.h"
#include "store/segment.h"

/* Both ways to a checksum, of which this machine would run only one. */
#include "store/crc32c.c" /* NOLINT(bugprone-suspicious-include) */

enum {
	VECTOR_MAX_BYTES = 1024,
};

static const uint8_t key[ID_SIZE] =
	"0123456789abcdef0123456789abcde"; /* and a zero */

static void crc32c_has_the_values_of_rfc_3720(void)
{
	static const uint8_t read10[48] = {
		0x01,
		0xc0,
		[16] = 0x14,
		[22] = 0x04,
		[27] = 0x14,
		[31] = 0x18,
		[32] = 0x28,
		[40] = 0x02,
	};
	uint8_t bytes[32];
	uint32_t want[] = {0x8a9136aa, 0x62a8ab43, 0x46dd794e, 0x113fdb5c};

	for (unsigned i = 0; i < 4; i++) {
		for (unsigned j = 0; j < 32; j++)
			bytes[j] = (uint8_t)(i == 0   ? 0
					     : i == 1 ? 0xff
					     : i == 2 ? j
						      : 31 - j);
		CHECK(crc32c(slice_of(bytes, 32)) == want[i]);
		CHECK(~by_table(~UINT32_C(0), bytes, 32) == want[i]);
	}
	CHECK(crc32c(slice_of(read10, sizeof(read10))) == 0xd9963a56);
	CHECK(crc32c(slice_str("123456789")) == 0xe3069283);
	CHECK(crc32c(slice_of(NULL, 0)) == 0);
}

static void both_ways_to_a_crc_agree_at_every_length(void)
{
	uint8_t bytes[300];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * i + 3 * i);
	for (size_t from = 0; from < 8; from++)
		for (size_t n = 0; n + from <= sizeof(bytes); n++)
			CHECK(crc32c(slice_of(bytes + from, n)) ==
				~by_table(~UINT32_C(0), bytes + from, n));
}

/* The frame of the documentation. */
static struct frame example(struct buf *out)
{
	static const uint8_t canonical[24] = "STM1\x03\x01 not a real vote";
	struct frame f = {
		.offset = 0x1080,
		.batch = 0x1000,
		.seq = 7,
		.received_at = UINT64_C(1772366400000000000),
		.uid = 1000,
		.canonical = slice_of(canonical, sizeof(canonical)),
	};
	struct signature s = {.signed_at = UINT64_C(1772366399000000000)};
	struct id before = {{0}};

	memset(s.agent.b, 0xaa, sizeof(s.agent.b));
	memset(s.bytes, 0xbb, sizeof(s.bytes));
	memset(before.b, 0xcc, sizeof(before.b));
	frame_encode(&f, &s, 1, &before, key, out);
	return f;
}

static void example_before(struct id *before)
{
	memset(before->b, 0xcc, sizeof(before->b));
}

/* Hex digits of the lines "    0000  00 11 …" behind this heading; bytes read. */
static size_t documented(const char *heading, uint8_t out[VECTOR_MAX_BYTES])
{
	FILE *f = fopen("docs/log-format.md", "r");
	char line[256];
	bool here = false;
	size_t n = 0;

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		char *p = line + 10;

		if (line[0] == '#')
			here = strstr(line, heading) != NULL;
		if (!here || strncmp(line, "    0", 5) != 0 || strlen(line) < 12)
			continue;
		for (; n < VECTOR_MAX_BYTES && strlen(p) >= 2;
			p += p[2] == ' ' ? 3 : 2) {
			if (hex_parse(slice_of(p, 2), out + n, 1) < 0)
				break;
			n++;
		}
	}
	(void)fclose(f);
	return n;
}

static void the_documented_frame_is_what_we_write(void)
{
	uint8_t want[VECTOR_MAX_BYTES];
	size_t n = documented("A frame, byte by byte", want);
	BUF_AUTO(b);

	example(&b);
	CHECK(n == b.n && memcmp(want, b.p, n) == 0);
	if (n != b.n || memcmp(want, b.p, n) != 0)
		for (size_t i = 0; i < b.n; i++)
			printf("%s%02x%s", i % 16 ? " " : "#     ", b.p[i],
				i % 16 == 15 || i + 1 == b.n ? "\n" : "");
}

static void the_documented_segment_header_is_what_we_write(void)
{
	uint8_t want[VECTOR_MAX_BYTES], got[WAL_SEGMENT_HEADER];
	size_t n = documented("A segment header, byte by byte", want);
	struct segment_header h = {.base = 0x1000}, back;

	memset(h.store_id, 0x11, sizeof(h.store_id));
	memset(h.store_key.b, 0x22, sizeof(h.store_key.b));
	memset(h.chain.b, 0xcc, sizeof(h.chain.b));
	segment_encode(&h, got);
	CHECK(n == sizeof(got) && memcmp(want, got, n) == 0);
	if (n != sizeof(got) || memcmp(want, got, n) != 0)
		for (size_t i = 0; i < sizeof(got); i++)
			printf("%s%02x%s", i % 16 ? " " : "#     ", got[i],
				i % 16 == 15 ? "\n" : "");
	CHECK(segment_decode(got, &back) == 0 && memcmp(&h, &back, sizeof(h)) == 0);
	for (size_t i = 0; i < 8 * sizeof(got); i++) {
		got[i / 8] ^= (uint8_t)(1u << i % 8);
		CHECK(segment_decode(got, &back) == -EBADMSG);
		got[i / 8] ^= (uint8_t)(1u << i % 8);
	}
}

static void a_frame_reads_back_as_it_was_written(void)
{
	BUF_AUTO(b);
	struct frame f = example(&b), got;
	struct signature s;
	struct id before;

	example_before(&before);
	CHECK(b.n == frame_size(f.length) && b.n % 8 == 0);
	CHECK(frame_decode(slice_of(b.p, b.n), f.offset, &before, key, &got) ==
		FRAME_OK);
	CHECK(got.offset == f.offset && got.batch == f.batch && got.seq == f.seq);
	CHECK(got.received_at == f.received_at && got.uid == f.uid);
	CHECK(got.length == f.length && got.signature_count == 1);
	CHECK(id_compare(&got.chain, &f.chain) == 0);
	CHECK(slice_equal(got.canonical, f.canonical));
	s = frame_signature(&got, 0);
	CHECK(s.agent.b[31] == 0xaa && s.bytes[63] == 0xbb);
	CHECK(s.signed_at == UINT64_C(1772366399000000000));
}

static void any_length_of_payload_is_padded_and_read_back(void)
{
	static const uint8_t text[] = "any length at all";

	for (size_t n = 0; n < sizeof(text); n++) {
		BUF_AUTO(b);
		struct id before = {{0}};
		struct frame f = {.canonical = slice_of(text, n)}, got;

		frame_encode(&f, NULL, 0, &before, key, &b);
		CHECK(b.n == frame_size((uint32_t)(FRAME_PREFIX + n)) &&
			b.n % 8 == 0);
		CHECK(frame_decode(slice_of(b.p, b.n), 0, &before, key, &got) ==
			FRAME_OK);
		CHECK(slice_equal(got.canonical, f.canonical) &&
			got.signature_count == 0);
	}
}

static void no_flipped_bit_is_accepted(void)
{
	BUF_AUTO(b);
	struct frame f = example(&b), got;
	struct id before;

	example_before(&before);
	buf_zero(&b, 64);
	for (size_t i = 0; i < 8 * (size_t)frame_size(f.length); i++) {
		b.p[i / 8] ^= (uint8_t)(1u << i % 8);
		CHECK(frame_decode(slice_of(b.p, b.n), f.offset, &before, key,
			      &got) != FRAME_OK);
		b.p[i / 8] ^= (uint8_t)(1u << i % 8);
	}
}

static void no_cut_frame_is_accepted(void)
{
	BUF_AUTO(b);
	struct frame f = example(&b), got;

	for (size_t n = 0; n < b.n; n++) {
		/* in memory of just that size, for the sanitizer to watch */
		uint8_t *part = malloc(n ? n : 1);

		memcpy(part, b.p, n);
		CHECK(frame_decode(slice_of(part, n), f.offset, NULL, key, &got) ==
			FRAME_SHORT);
		free(part);
	}
}

static void each_fault_has_its_name(void)
{
	BUF_AUTO(b);
	struct frame f = example(&b), got;
	struct slice s = slice_of(b.p, b.n);
	uint8_t other[ID_SIZE] = {0};
	struct id before, wrong = {{1}};

	example_before(&before);
	CHECK(frame_decode(s, f.offset + 8, &before, key, &got) == FRAME_NO_HEADER);
	CHECK(frame_decode(s, f.offset, &before, other, &got) == FRAME_NO_HEADER);
	CHECK(frame_decode(s, f.offset, &wrong, key, &got) == FRAME_BAD_CHAIN);
	CHECK(frame_decode(s, f.offset, NULL, key, &got) == FRAME_OK);
	b.p[80] ^= 1;
	CHECK(frame_decode(s, f.offset, &before, key, &got) == FRAME_BAD_CRC);
	CHECK(frame_header(b.p, f.offset, key, &got) && got.length == f.length);
}

/* A payload that our key vouches for, with this signature count. */
static enum frame_fault with_count(uint16_t count, uint16_t zero, size_t n)
{
	BUF_AUTO(b);
	struct frame f = {.canonical = slice_of(key, 8)}, got;
	struct id before = {{0}}, tag;
	struct slice payload;

	frame_encode(&f, NULL, 0, &before, key, &b);
	put_u16(b.p + FRAME_HEADER + 20, count);
	put_u16(b.p + FRAME_HEADER + 22, zero);
	put_u32(b.p + 4, (uint32_t)n);
	tag = id_keyed(key, slice_of(b.p, 24));
	memcpy(b.p + 24, tag.b, 8);
	payload = slice_of(b.p + FRAME_HEADER, n);
	put_u32(b.p + 32, crc32c(payload));
	return frame_decode(slice_of(b.p, b.n), 0, NULL, key, &got);
}

static void a_proven_payload_must_still_be_laid_out_as_one(void)
{
	CHECK(with_count(0, 0, 32) == FRAME_OK);
	CHECK(with_count(0, 1, 32) == FRAME_BAD_PAYLOAD);
	CHECK(with_count(1, 0, 32) == FRAME_BAD_PAYLOAD);
	CHECK(with_count(65535, 0, 32) == FRAME_BAD_PAYLOAD);
	CHECK(with_count(0, 0, 23) == FRAME_BAD_PAYLOAD);
	CHECK(with_count(0, 0, 31) ==
		FRAME_BAD_PAYLOAD); /* padding that is not zero */
}

static void a_length_over_the_limit_is_no_header(void)
{
	uint8_t header[FRAME_HEADER] = "SFRM";
	struct frame got;
	struct id tag;

	for (uint32_t over = 0; over < 2; over++) {
		put_u32(header + 4, FRAME_PAYLOAD_MAX + over);
		tag = id_keyed(key, slice_of(header, 24));
		memcpy(header + 24, tag.b, 8);
		CHECK(frame_header(header, 0, key, &got) == !over);
	}
}

int main(void)
{
	RUN(crc32c_has_the_values_of_rfc_3720);
	RUN(both_ways_to_a_crc_agree_at_every_length);
	RUN(the_documented_frame_is_what_we_write);
	RUN(the_documented_segment_header_is_what_we_write);
	RUN(a_frame_reads_back_as_it_was_written);
	RUN(any_length_of_payload_is_padded_and_read_back);
	RUN(no_flipped_bit_is_accepted);
	RUN(no_cut_frame_is_accepted);
	RUN(each_fault_has_its_name);
	RUN(a_proven_payload_must_still_be_laid_out_as_one);
	RUN(a_length_over_the_limit_is_no_header);
	return tap_done();
}

/* Frames and segment headers from anybody's bytes.
 *
 * What acceptance promises: the frame lies within the input, header and payload
 * prove themselves, every slice borrows from the payload, and the frame that says
 * the same, encoded again, is the same bytes: a frame has one encoding.
 *
 * The first byte says what we do for the input, since nobody guesses a keyed tag: 1
 * put a tag that holds, 2 a CRC, 4 a chain value; 8 it is a segment header, 16 with
 * a hash that holds. */
#include <stdlib.h>

#include "core/bytes.h"
#include "store/segment.h"

enum {
	FIX_TAG = 1,
	FIX_CRC = 2,
	FIX_CHAIN = 4,
	IS_SEGMENT = 8,
	FIX_HASH = 16,
	SIGNATURES = 1 + FRAME_PAYLOAD_MAX / FRAME_SIGNATURE,
};

static const uint8_t key[ID_SIZE] = "a key that the fuzzer may know!";
static const struct id before = {{1, 2, 3}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

static bool within(struct slice inner, struct slice outer)
{
	return inner.p >= outer.p && inner.p + inner.n <= outer.p + outer.n;
}

static void fix(uint8_t *p, size_t n, uint8_t what)
{
	uint32_t length = u32_at(p + 4);
	struct slice payload;
	struct id id;

	if (what & FIX_TAG) {
		id = id_keyed(key, slice_of(p, 24));
		memcpy(p + 24, id.b, 8);
	}
	if (length > n - FRAME_HEADER)
		return;
	payload = slice_of(p + FRAME_HEADER, length);
	if (what & FIX_CRC)
		put_u32(p + 32, crc32c(payload));
	if (what & FIX_CHAIN) {
		id = id_of_two(slice_of(before.b, ID_SIZE), payload);
		memcpy(p + 40, id.b, ID_SIZE);
	}
}

static void check_accepted(struct slice bytes, const struct frame *f)
{
	struct slice payload = slice_sub(bytes, FRAME_HEADER, f->length);
	static struct signature signatures[SIGNATURES];
	struct frame again = *f;
	BUF_AUTO(b);

	must(frame_size(f->length) <= bytes.n && f->length <= FRAME_PAYLOAD_MAX);
	must(within(f->canonical, payload) && within(f->entries, payload));
	must(f->entries.n == (size_t)f->signature_count * FRAME_SIGNATURE);
	must(FRAME_PREFIX + f->canonical.n + f->entries.n == f->length);
	for (uint16_t i = 0; i < f->signature_count; i++)
		signatures[i] = frame_signature(f, i);
	frame_encode(&again, signatures, f->signature_count, &before, key, &b);
	must(b.n == frame_size(f->length) && memcmp(b.p, bytes.p, b.n) == 0);
}

static void check_frame(uint8_t *p, size_t n, uint8_t what)
{
	struct slice bytes = slice_of(p, n);
	struct frame f, unchained;
	enum frame_fault fault;
	uint64_t offset;

	if (n >= FRAME_HEADER)
		fix(p, n, what);
	offset = n >= 16 ? u64_at(p + 8) : 0;
	fault = frame_decode(bytes, offset, &before, key, &f);
	must((n < FRAME_HEADER) <= (fault == FRAME_SHORT));
	if (fault == FRAME_OK) {
		check_accepted(bytes, &f);
		must(frame_decode(bytes, offset, NULL, key, &unchained) ==
			FRAME_OK);
		must(frame_decode(bytes, offset + 8, NULL, key, &unchained) !=
			FRAME_OK);
	} else if (fault == FRAME_BAD_CHAIN) {
		/* the only thing that a single read does not ask */
		fault = frame_decode(bytes, offset, NULL, key, &unchained);
		must(fault == FRAME_OK || fault == FRAME_BAD_PAYLOAD);
	}
}

static void check_segment(uint8_t *p, size_t n, uint8_t what)
{
	uint8_t again[WAL_SEGMENT_HEADER];
	struct segment_header h;
	struct id hash;

	if (n < WAL_SEGMENT_HEADER)
		return;
	if (what & FIX_HASH) {
		hash = id_of(slice_of(p, 96));
		memcpy(p + 96, hash.b, ID_SIZE);
	}
	if (segment_decode(p, &h) < 0)
		return;
	segment_encode(&h, again);
	must(memcmp(again, p, sizeof(again)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* in memory of just that size, for the sanitizer to watch */
	uint8_t *p;

	if (size == 0)
		return 0;
	p = malloc(size > 1 ? size - 1 : 1);
	if (!p)
		return 0;
	memcpy(p, data + 1, size - 1);
	if (data[0] & IS_SEGMENT)
		check_segment(p, size - 1, data[0]);
	else
		check_frame(p, size - 1, data[0]);
	free(p);
	return 0;
}

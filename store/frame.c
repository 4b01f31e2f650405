/* The order of the checks in frame_decode() is the point: tag before the length is
 * believed, CRC and chain before a byte of the payload is looked at. */
#include "store/frame.h"

#include "core/bytes.h"

enum {
	FRAME_MAGIC = 0x4d524653, /* "SFRM" */
	FRAME_TAGGED = 24,	  /* header bytes under the tag */
	AT_LENGTH = 4,
	AT_OFFSET = 8,
	AT_BATCH = 16,
	AT_TAG = 24,
	AT_CRC = 32, /* and the zeros above it: one u64 to compare */
	AT_CHAIN = 40,
	AT_SIGNED_AT = 96, /* in a signature entry */
};

static uint64_t tag_of(const uint8_t *header, const uint8_t key[ID_SIZE])
{
	struct id mac = id_keyed(key, slice_of(header, FRAME_TAGGED));

	return u64_at(mac.b);
}

static void add_payload(
	const struct frame *f, const struct signature *signatures, struct buf *out)
{
	buf_u64(out, f->seq);
	buf_u64(out, f->received_at);
	buf_u32(out, f->uid);
	buf_u16(out, f->signature_count);
	buf_u16(out, 0);
	buf_slice(out, f->canonical);
	for (uint16_t i = 0; i < f->signature_count; i++) {
		buf_add(out, signatures[i].agent.b, ID_SIZE);
		buf_add(out, signatures[i].bytes, sizeof(signatures[i].bytes));
		buf_u64(out, signatures[i].signed_at);
	}
}

void frame_encode(struct frame *f, const struct signature *signatures,
	uint16_t count, const struct id *before, const uint8_t key[ID_SIZE],
	struct buf *out)
{
	uint8_t header[FRAME_HEADER] = {0};
	size_t start = out->n, length;
	struct slice payload;

	f->signature_count = count;
	buf_zero(out, FRAME_HEADER); /* filled in once the payload is known */
	add_payload(f, signatures, out);
	if (out->failed)
		return;
	length = out->n - start - FRAME_HEADER;
	payload = slice_of(out->p + start + FRAME_HEADER, length);
	f->length = (uint32_t)length;
	f->chain = id_of_two(slice_of(before->b, ID_SIZE), payload);

	put_u32(header, FRAME_MAGIC);
	put_u32(header + AT_LENGTH, f->length);
	put_u64(header + AT_OFFSET, f->offset);
	put_u64(header + AT_BATCH, f->batch);
	put_u64(header + AT_TAG, tag_of(header, key));
	put_u32(header + AT_CRC, crc32c(payload));
	memcpy(header + AT_CHAIN, f->chain.b, ID_SIZE);
	memcpy(out->p + start, header, FRAME_HEADER);
	buf_zero(out, (size_t)frame_size(f->length) - FRAME_HEADER - length);
}

bool frame_header(const uint8_t *bytes, uint64_t offset, const uint8_t key[ID_SIZE],
	struct frame *out)
{
	uint32_t length = u32_at(bytes + AT_LENGTH);

	/* The cheap tests come first: recovery asks this at every eighth byte. */
	if (u32_at(bytes) != FRAME_MAGIC || u64_at(bytes + AT_OFFSET) != offset)
		return false;
	if (length > FRAME_PAYLOAD_MAX ||
		u64_at(bytes + AT_TAG) != tag_of(bytes, key))
		return false;
	*out = (struct frame){
		.offset = offset,
		.batch = u64_at(bytes + AT_BATCH),
		.length = length,
	};
	memcpy(out->chain.b, bytes + AT_CHAIN, ID_SIZE);
	return true;
}

static bool all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static enum frame_fault read_payload(struct slice payload, struct frame *f)
{
	const uint8_t *p = payload.p;
	size_t entries;

	if (payload.n < FRAME_PREFIX || u16_at(p + 22) != 0)
		return FRAME_BAD_PAYLOAD;
	f->seq = u64_at(p);
	f->received_at = u64_at(p + 8);
	f->uid = u32_at(p + 16);
	f->signature_count = u16_at(p + 20);
	entries = (size_t)f->signature_count * FRAME_SIGNATURE;
	if (entries > payload.n - FRAME_PREFIX)
		return FRAME_BAD_PAYLOAD;
	f->canonical = slice_sub(
		payload, FRAME_PREFIX, payload.n - FRAME_PREFIX - entries);
	f->entries = slice_sub(payload, payload.n - entries, entries);
	return FRAME_OK;
}

enum frame_fault frame_decode(struct slice bytes, uint64_t offset,
	const struct id *before, const uint8_t key[ID_SIZE], struct frame *out)
{
	struct frame f;
	struct slice payload;
	size_t size;
	enum frame_fault fault;

	if (bytes.n < FRAME_HEADER)
		return FRAME_SHORT;
	if (!frame_header(bytes.p, offset, key, &f))
		return FRAME_NO_HEADER;
	size = (size_t)frame_size(f.length);
	if (bytes.n < size)
		return FRAME_SHORT;
	payload = slice_sub(bytes, FRAME_HEADER, f.length);
	if (u64_at(bytes.p + AT_CRC) != crc32c(payload))
		return FRAME_BAD_CRC;
	if (before) {
		struct id chain = id_of_two(slice_of(before->b, ID_SIZE), payload);

		if (id_compare(&chain, &f.chain) != 0)
			return FRAME_BAD_CHAIN;
	}
	if (!all_zero(payload.p + payload.n, size - FRAME_HEADER - payload.n))
		return FRAME_BAD_PAYLOAD;
	fault = read_payload(payload, &f);
	if (fault == FRAME_OK)
		*out = f;
	return fault;
}

struct signature frame_signature(const struct frame *f, uint16_t i)
{
	const uint8_t *p = f->entries.p + (size_t)i * FRAME_SIGNATURE;
	struct signature s;

	memcpy(s.agent.b, p, ID_SIZE);
	memcpy(s.bytes, p + ID_SIZE, sizeof(s.bytes));
	s.signed_at = u64_at(p + AT_SIGNED_AT);
	return s;
}

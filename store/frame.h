/* One frame of the log: bytes on disk, and how they prove themselves. Pure: no I/O.
 *
 *	 0  magic u32        "SFRM"
 *	 4  length u32       of the payload, without its padding
 *	 8  offset u64       log offset of this frame
 *	16  batch u64        log offset of the first frame of its group commit
 *	24  tag u64          keyed BLAKE3 over bytes 0..23
 *	32  crc u32          CRC-32C of the payload
 *	36  zero u32
 *	40  chain 32         BLAKE3(chain of the frame before | payload)
 *	72  payload          seq u64, received_at u64, uid u32, signature count u16,
 *zero u16, canonical bytes, entries (agent 32, signature 64, signed_at u64) . zeros
 *to a multiple of 8
 *
 * The tag proves the header: neither a flipped length nor a frame forged inside a
 *record can pass, since the key never leaves the store. CRC and chain prove the
 *payload. Nothing is decoded before all of them hold. Little endian. */
#ifndef STORE_FRAME_H
#define STORE_FRAME_H

#include "core/buf.h"
#include "core/record.h"

enum {
	FRAME_HEADER = 72,
	FRAME_PREFIX = 24, /* of the payload, before the canonical bytes */
	FRAME_SIGNATURE = 104,
	/* canonical bytes are never longer than the JSON they came from plus
	 * padding and binary vectors; twice the JSON limit plus the entries is
	 * generous */
	FRAME_PAYLOAD_MAX = 2 * RECORD_JSON_MAX + SIGNATURES_MAX * FRAME_SIGNATURE,
};

/* What a frame says. Slices borrow from the bytes it was read from. */
struct frame {
	uint64_t offset;
	uint64_t batch;
	uint32_t length; /* payload */
	struct id chain;
	uint64_t seq;
	uint64_t received_at;
	uint32_t uid;
	uint16_t signature_count;
	struct slice canonical;
	struct slice entries;
};

/* Bytes on disk of a frame with such a payload. */
static inline uint64_t frame_size(uint32_t payload)
{
	return FRAME_HEADER + ((uint64_t)payload + 7) / 8 * 8;
}

/* Append a whole frame. f: offset, batch, seq, received_at, uid and canonical are
 * read, length, signature_count and chain are set; `before` is the chain of the
 * frame before. */
void frame_encode(struct frame *f, const struct signature *signatures,
	uint16_t count, const struct id *before, const uint8_t key[ID_SIZE],
	struct buf *out);

/* Do these FRAME_HEADER bytes announce a frame at this log offset (magic, tag,
 * offset, a length within FRAME_PAYLOAD_MAX)? Fills offset, batch, length and
 * chain. */
bool frame_header(const uint8_t *bytes, uint64_t offset, const uint8_t key[ID_SIZE],
	struct frame *out);

/* Why a frame was not accepted. */
enum frame_fault {
	FRAME_OK,
	FRAME_NO_HEADER, /* no header of ours at this place */
	FRAME_SHORT,	 /* the bytes end before the frame does */
	FRAME_BAD_CRC,
	FRAME_BAD_CHAIN,
	FRAME_BAD_PAYLOAD, /* proven, but not laid out as a payload */
};

/**
 * Read the frame that must start at bytes.p, for this log offset.
 *
 * `before` is the chain value it must continue; NULL when that is not known (a
 * single read by the index's locator), and then the chain is not checked.
 */
enum frame_fault frame_decode(struct slice bytes, uint64_t offset,
	const struct id *before, const uint8_t key[ID_SIZE], struct frame *out);

/* Entry i of a decoded frame, i < signature_count. */
struct signature frame_signature(const struct frame *f, uint16_t i);

/* CRC-32C (Castagnoli, RFC 3720), by the instruction where an x86-64 has it. */
uint32_t crc32c(struct slice bytes);
/* ... of what stands behind bytes whose checksum is crc. */
uint32_t crc32c_more(uint32_t crc, struct slice bytes);

#endif

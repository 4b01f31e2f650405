/* The row of a claim: what lenses ask of it, and where its body is.
 *
 *	1      bits of enum claim_has and enum column
 *	1      lifecycle in the low half, source class in the high one
 *	       seq, eighths of the log offset, length of the payload: packed
 *	[3]    confidence, where it is stated
 *	[8]    source
 *	16     cluster
 *	       number of signers, their numbers: packed
 *	[32]   parent
 *	[32]   epoch
 */
#include <errno.h>

#include "core/tally.h"
#include "store/gather.h"
#include "store/packed.h"

/* Behind the bits of enum claim_has. */
enum column {
	COLUMN_STATED = 1 << 2,
	COLUMN_SOURCE = 1 << 3,
	COLUMNS = 1 << 4,
};
static_assert((CLAIM_PARENT | CLAIM_EPOCH) < COLUMN_STATED, "bits of their own");
static_assert(CLASSES < 16 && LIFECYCLE_REJECTED < 16, "half a byte each");
static_assert(MILLION < 1 << 24, "three bytes of confidence");

enum {
	CONFIDENCE_SIZE = 3,
};

void claim_columns_write(const struct claim_row *row, const uint32_t *signers,
	const struct id *parent, const struct id *epoch, struct buf *out)
{
	uint8_t confidence[sizeof(uint32_t)];

	buf_byte(out, (uint8_t)(row->has | (row->stated ? COLUMN_STATED : 0) |
				(row->source ? COLUMN_SOURCE : 0)));
	buf_byte(out, (uint8_t)(row->lifecycle | row->source_class << 4));
	pack(out, row->seq);
	pack(out, row->at.offset / 8);
	pack(out, row->at.length);
	put_u32(confidence, row->confidence);
	if (row->stated)
		buf_add(out, confidence, CONFIDENCE_SIZE);
	if (row->source)
		buf_u64(out, row->source);
	buf_add(out, row->cluster.b, HASH_SIZE);
	pack(out, row->signers);
	for (uint32_t i = 0; i < row->signers; i++)
		pack(out, signers[i]);
	if (row->has & CLAIM_PARENT)
		buf_add(out, parent->b, ID_SIZE);
	if (row->has & CLAIM_EPOCH)
		buf_add(out, epoch->b, ID_SIZE);
}

static void read_row(struct unpacking *u, struct claim_row *out)
{
	uint8_t begin[2], confidence[sizeof(uint32_t)] = {0}, source[8];

	unpack_bytes(u, begin, sizeof(begin));
	u->bad = u->bad || begin[0] >= COLUMNS || (begin[1] & 0x0f) >= LIFECYCLES ||
		 begin[1] >> 4 > CLASSES;
	*out = (struct claim_row){
		.has = begin[0] & (CLAIM_PARENT | CLAIM_EPOCH),
		.stated = (begin[0] & COLUMN_STATED) != 0,
		.lifecycle = begin[1] & 0x0f,
		.source_class = begin[1] >> 4,
		.confidence = CONFIDENCE_UNSTATED,
	};
	out->seq = unpack(u);
	out->at.offset = 8 * unpack(u);
	out->at.length = (uint32_t)unpack(u);
	if (out->stated) {
		unpack_bytes(u, confidence, CONFIDENCE_SIZE);
		out->confidence = u32_at(confidence);
	}
	if (begin[0] & COLUMN_SOURCE) {
		unpack_bytes(u, source, sizeof(source));
		out->source = u64_at(source);
	}
	unpack_bytes(u, out->cluster.b, HASH_SIZE);
}

int claim_columns_read(struct slice value, struct claim_columns *out)
{
	struct unpacking u = {.rest = value};
	uint64_t signers;

	read_row(&u, &out->row);
	signers = unpack(&u);
	if (u.bad || signers > SIGNATURES_MAX)
		return -EBADMSG;
	out->row.signers = (uint32_t)signers;
	for (uint32_t i = 0; i < out->row.signers; i++)
		out->signers[i] = (uint32_t)unpack(&u);
	out->parent = out->epoch = (struct id){.b = {0}};
	if (out->row.has & CLAIM_PARENT)
		unpack_bytes(&u, out->parent.b, ID_SIZE);
	if (out->row.has & CLAIM_EPOCH)
		unpack_bytes(&u, out->epoch.b, ID_SIZE);
	return unpacked_all(&u) ? 0 : -EBADMSG;
}

int claims_next(struct walk *w)
{
	struct row_key behind = {.n = 0};
	int rc = walk_next(w);

	if (rc < 0 || w->key.mv_size == CLAIM_KEY)
		return rc;
	if (w->key.mv_size < CLAIM_KEY)
		return -EBADMSG;
	row_key_add(&behind, w->key.mv_data, CLAIM_KEY);
	row_key_byte(&behind, UINT8_MAX);
	rc = walk_seek(w, &behind);
	return rc == 0 && w->key.mv_size != CLAIM_KEY ? -EBADMSG : rc;
}

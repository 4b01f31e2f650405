/* The row of a claim: what is written is read back, and whatever else is read is something
 * that the rest can work with, or refused. */
#include <errno.h>
#include <stdlib.h>

#include "store/gather.h"
#include "tests/unit/tap.h"

enum {
	MUTATIONS = 100000,
	AT_STAGE_AND_CLASS = 1,
};

static const struct id other = {.b = {7}};

static void write_claim(struct buf *out)
{
	static const uint32_t signers[] = {3, 70000};
	static const struct claim_row row = {
		.at = {.offset = 8 * 12345, .length = 300},
		.seq = 99,
		.source = 5,
		.confidence = 250000,
		.stated = 1,
		.lifecycle = LIFECYCLE_REJECTED,
		.source_class = CLASSES,
		.has = CLAIM_PARENT | CLAIM_EPOCH,
		.cluster = {.b = {1, 2, 3}},
		.signers = 2,
	};

	claim_columns_write(&row, signers, &other, &other, out);
}

static void a_claim_is_read_as_it_was_written(void)
{
	struct claim_columns c = {.row = {.seq = 0}};
	BUF_AUTO(b);

	write_claim(&b);
	CHECK(claim_columns_read(slice_of(b.p, b.n), &c) == 0);
	CHECK(c.row.at.offset == 8 * 12345 && c.row.at.length == 300);
	CHECK(c.row.seq == 99 && c.row.source == 5 && c.row.confidence == 250000);
	CHECK(c.row.lifecycle == LIFECYCLE_REJECTED &&
		c.row.source_class == CLASSES);
	CHECK(c.row.signers == 2 && c.signers[0] == 3 && c.signers[1] == 70000);
	CHECK(id_compare(&c.parent, &other) == 0);
	CHECK(id_compare(&c.epoch, &other) == 0);
}

/* Both have names that are printed. */
static void stages_and_classes_that_there_are_not_are_refused(void)
{
	struct claim_columns c;
	BUF_AUTO(b);

	write_claim(&b);
	for (unsigned v = 0; v <= UINT8_MAX; v++) {
		bool good = (v & 15) < LIFECYCLES && v >> 4 <= CLASSES;

		b.p[AT_STAGE_AND_CLASS] = (uint8_t)v;
		CHECK(claim_columns_read(slice_of(b.p, b.n), &c) ==
			(good ? 0 : -EBADMSG));
	}
}

static void any_bytes_are_a_claim_or_none(void)
{
	struct claim_columns c;
	BUF_AUTO(b);

	for (int i = 0; i < MUTATIONS; i++) {
		size_t n;
		uint8_t *bytes;
		int rc;

		buf_reset(&b);
		write_claim(&b);
		n = rand() % 4 ? b.n : (size_t)rand() % (b.n + 1);
		bytes = malloc(
			n + 1); /* of its own: what lies behind is not ours */
		CHECK(bytes != NULL);
		memcpy(bytes + 1, b.p, n);
		for (int j = rand() % 4; j > 0 && n; j--)
			bytes[1 + (size_t)rand() % n] = (uint8_t)rand();
		rc = claim_columns_read(slice_of(bytes + 1, n), &c);
		CHECK(rc == -EBADMSG ||
			(rc == 0 && c.row.signers <= SIGNATURES_MAX));
		free(bytes);
	}
}

int main(void)
{
	srand(5);
	RUN(a_claim_is_read_as_it_was_written);
	RUN(stages_and_classes_that_there_are_not_are_refused);
	RUN(any_bytes_are_a_claim_or_none);
	return tap_done();
}

/* Framing. What it promises:
 * - however the bytes are cut, the same values come out, and the same first error;
 * - a value lies at its offset in the stream, and values do not overlap;
 * - an object is JSON, a line holds no newline and is not blank, unless that was asked for;
 * - no more than RECORD_JSON_MAX bytes are ever kept.
 *
 * The first byte chooses the form, the second seeds the cuts. */
#include <assert.h>
#include <errno.h>

#include "core/record.h"
#include "fs/framing.h"

struct outcome {
	struct buf values; /* of offset u64, length u64, bytes */
	uint64_t end;	   /* of the last one */
	int rc;
	struct error err;
};

static void note(struct outcome *o, const struct framer *f, const struct framed *v,
	struct slice stream)
{
	struct json_scan scan = {0};
	size_t used;

	assert(v->offset >= o->end);
	assert(v->offset + v->bytes.n <= stream.n);
	assert(slice_equal(
		v->bytes, slice_sub(stream, (size_t)v->offset, v->bytes.n)));
	assert(v->bytes.n <= RECORD_JSON_MAX && (v->bytes.n > 0 || f->blanks));
	if (f->form == FRAMING_JSON)
		assert(json_scan(&scan, v->bytes, &used, NULL) == JSON_COMPLETE &&
			used == v->bytes.n);
	else
		assert(!memchr(v->bytes.p, '\n', v->bytes.n));
	o->end = v->offset + v->bytes.n;
	buf_u64(&o->values, v->offset);
	buf_u64(&o->values, v->bytes.n);
	buf_slice(&o->values, v->bytes);
}

static void check_error(const struct outcome *o, size_t size)
{
	assert(o->rc == -EINVAL || o->rc == -EMSGSIZE);
	assert(o->err.code == -o->rc && o->err.message[0]);
	assert(o->err.offset >= (int64_t)o->end && (size_t)o->err.offset <= size);
}

/* seed 0: in one piece. */
static void run(uint8_t form, struct slice stream, uint32_t seed, struct outcome *o)
{
	struct framer f = {
		.form = form % 2 == 0 ? FRAMING_JSON : FRAMING_LINES,
		.blanks = form % 4 == 3,
	};
	struct framed v;
	size_t at = 0;

	while (at < stream.n && o->rc == 0) {
		struct slice in;

		seed = seed ? seed * 1664525u + 1013904223u : 0;
		in = slice_sub(stream, at, seed ? 1 + (seed >> 24) % 13 : stream.n);
		at += in.n;
		while ((o->rc = framer_next(&f, &in, &v, &o->err)) == 1)
			note(o, &f, &v, stream);
		assert(o->rc < 0 || in.n == 0);
		assert(f.kept.n <= RECORD_JSON_MAX);
	}
	if (o->rc == 0) {
		o->rc = framer_end(&f, &v, &o->err);
		if (o->rc == 1)
			note(o, &f, &v, stream);
		o->rc = o->rc > 0 ? 0 : o->rc;
	}
	if (o->rc < 0)
		check_error(o, stream.n);
	framer_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole = {.err.offset = -1}, cut = {.err.offset = -1};
	struct slice stream;

	if (size < 2)
		return 0;
	stream = slice_of(data + 2, size - 2);
	run(data[0], stream, 0, &whole);
	run(data[0], stream, data[1] + 1u, &cut);
	assert(!whole.values.failed && !cut.values.failed);
	assert(slice_equal(slice_of(whole.values.p, whole.values.n),
		slice_of(cut.values.p, cut.values.n)));
	assert(whole.rc == cut.rc && whole.err.offset == cut.err.offset);
	assert(strcmp(whole.err.message, cut.err.message) == 0);
	assert(strcmp(whole.err.hint, cut.err.hint) == 0);
	buf_free(&whole.values);
	buf_free(&cut.values);
	return 0;
}

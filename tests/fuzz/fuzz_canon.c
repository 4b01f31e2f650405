/* Canonical bytes. What acceptance promises:
 * - the record passes record_check() and encodes to the very bytes that were read;
 * - its slices lie inside the input;
 * - printed as JSON it parses to the same bytes;
 * - what is refused says where. */
#include <assert.h>
#include <errno.h>

#include "core/canon.h"
#include "core/record_json.h"

static struct slice view(const struct buf *b)
{
	struct slice s;

	assert(buf_view(b, &s) == 0);
	return s;
}

static bool inside(struct slice part, struct slice whole)
{
	return part.n == 0 ||
	       (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_json(const struct record *r, struct slice canonical)
{
	ARENA_AUTO(a);
	BUF_AUTO(json);
	BUF_AUTO(bytes);
	struct draft d;

	buf_byte(&json, '{');
	record_print(r, &json);
	buf_byte(&json, '}');
	if (json.n > RECORD_JSON_MAX)
		return;
	assert(record_parse(view(&json), &a, &d, NULL) == 0);
	canon_encode(&d.record, &bytes);
	assert(slice_equal(view(&bytes), canonical));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct error err = {.offset = -1};
	struct record r;
	BUF_AUTO(bytes);

	if (canon_decode(in, &r, &err) < 0) {
		assert(err.code == EBADMSG && err.message[0]);
		assert(err.offset >= 0 && (uint64_t)err.offset <= size);
		return 0;
	}
	assert(record_check(&r, NULL) == 0);
	canon_encode(&r, &bytes);
	assert(slice_equal(view(&bytes), in));
	assert(inside(r.subject, in) && inside(r.predicate, in) &&
		inside(r.object.text, in));
	assert(inside(r.source, in) && inside(r.vector, in) &&
		inside(r.because, in));
	assert(inside(r.note, in) && inside(r.name, in) && inside(r.reason, in));
	assert(inside(r.value, in));
	check_json(&r, in);
	return 0;
}

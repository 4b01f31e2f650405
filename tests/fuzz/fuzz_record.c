/* Records in JSON, and bare objects. What acceptance promises:
 * - a parsed record passes record_check() and has canonical bytes that decode to
 * themselves;
 * - printed, with its signatures, it parses again to the same bytes and signatures;
 * - what is refused has a message, and an offset inside the input;
 * - an object read from a bare line prints as JSON that reads back as the same
 * object. */
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

static void check_printed(const struct draft *d, struct slice canonical)
{
	ARENA_AUTO(a);
	BUF_AUTO(json);
	BUF_AUTO(bytes);
	struct draft again;

	buf_byte(&json, '{');
	record_print(&d->record, &json);
	if (d->signature_count > 0)
		signatures_print(d->signatures, d->signature_count, &json);
	buf_byte(&json, '}');
	/* Escapes can make what we print longer than what we would take. */
	if (json.n > RECORD_JSON_MAX)
		return;
	assert(record_parse(view(&json), &a, &again, NULL) == 0);
	canon_encode(&again.record, &bytes);
	assert(slice_equal(view(&bytes), canonical));
	assert(again.signature_count == d->signature_count);
	if (d->signature_count > 0)
		assert(memcmp(again.signatures, d->signatures,
			       d->signature_count * sizeof(*d->signatures)) == 0);
}

static void check_record(struct slice in)
{
	ARENA_AUTO(a);
	BUF_AUTO(bytes);
	BUF_AUTO(again);
	struct error err = {.offset = -1};
	struct draft d;
	struct record r;
	int rc = record_parse(in, &a, &d, &err);

	if (rc < 0) {
		assert(err.code == -rc && err.message[0]);
		assert(rc == -EMSGSIZE ||
			(err.offset >= 0 && (uint64_t)err.offset <= in.n));
		return;
	}
	assert(record_check(&d.record, NULL) == 0);
	canon_encode(&d.record, &bytes);
	assert(canon_decode(view(&bytes), &r, NULL) == 0);
	canon_encode(&r, &again);
	assert(slice_equal(view(&bytes), view(&again)));
	check_printed(&d, view(&bytes));
}

static void check_object(struct slice in)
{
	ARENA_AUTO(a);
	BUF_AUTO(json);
	struct error err = {.offset = -1};
	struct object o, again;

	if (object_parse(in, &a, &o, &err) < 0) {
		assert(err.message[0]);
		return;
	}
	object_print(&o, &json);
	assert(object_parse(view(&json), &a, &again, NULL) == 0);
	assert(o.kind == again.kind && slice_equal(o.text, again.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_record(slice_of(data, size));
	check_object(slice_of(data, size));
	return 0;
}

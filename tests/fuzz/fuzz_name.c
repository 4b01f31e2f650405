/* Names and file names. What acceptance promises:
 * - a file name that decodes is what its name encodes to, and nothing else is;
 * - any text encodes to a file name without slash, control or leading . - _, of the
 * length that was foretold, which decodes to the text. */
#include <assert.h>

#include "core/name.h"
#include "core/utf8.h"

static struct slice view(const struct buf *b)
{
	struct slice s;

	assert(buf_view(b, &s) == 0);
	return s;
}

static void check_decode(struct slice file)
{
	BUF_AUTO(name);
	BUF_AUTO(again);

	if (name_decode(file, &name) < 0) {
		assert(name.n == 0);
		return;
	}
	assert(name.n > 0 && utf8_check(view(&name)) == name.n);
	name_encode(view(&name), &again);
	assert(slice_equal(view(&again), file));
}

static void check_encode(struct slice name)
{
	BUF_AUTO(file);
	BUF_AUTO(again);
	struct slice s;

	name_encode(name, &file);
	s = view(&file);
	assert(name_encoded_length(name) == s.n);
	if (s.n == 0)
		return;
	assert(!strchr(".-_ ", s.p[0]) && s.p[s.n - 1] != ' ');
	for (size_t at = 0; at < s.n;) {
		uint32_t c = utf8_next(s, &at);

		assert(c != '/' && !utf8_is_control(c) && !utf8_is_formatting(c));
	}
	assert(name_decode(s, &again) == 0);
	assert(slice_equal(view(&again), name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);

	check_decode(in);
	if (utf8_check(in) == in.n)
		check_encode(in);
	return 0;
}

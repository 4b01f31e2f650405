/* Names of moments. What acceptance promises:
 * - a name means one instant, or a period whose end is not before its start;
 * - that instant, printed as RFC 3339 or as seconds, is a name of the same instant;
 * - a name is a moment, an "ago" or a seq, and only one of these;
 * - how long ago is a moment that is not later than now. */
#include <assert.h>
#include <inttypes.h>

#include "core/moment.h"
#include "core/when.h"

static struct slice view(const struct buf *b)
{
	struct slice s;

	assert(buf_view(b, &s) == 0);
	return s;
}

static void check_spelling(const struct buf *name, uint64_t expected)
{
	uint64_t when = 0;

	assert(moment_parse(view(name), MOMENT_START, &when) == 0);
	assert(when == expected);
	assert(moment_parse(view(name), MOMENT_END, &when) == 0);
	assert(when == expected);
}

static void check_instant(uint64_t when)
{
	BUF_AUTO(text);
	BUF_AUTO(seconds);

	when_print(when, &text);
	check_spelling(&text, when);
	buf_printf(
		&seconds, "@%" PRIu64 ".%09" PRIu64, when / SECOND, when % SECOND);
	check_spelling(&seconds, when);
}

static void check_ago(struct slice name)
{
	const uint64_t now = UINT64_C(1772398800) * SECOND;
	uint64_t then;

	if (moment_parse_ago(name, now, &then) == 0)
		assert(then * SECOND <= now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice name = slice_of(data, size);
	uint64_t start = 0, end = 0, other = 0;
	bool moment = moment_parse(name, MOMENT_START, &start) == 0;
	bool ago = moment_parse_ago(name, UINT64_MAX, &other) == 0;
	bool seq = moment_parse_seq(name, &other) == 0;

	assert(moment + ago + seq <= 1);
	if (ago)
		check_ago(name);
	if (!moment)
		return 0;
	if (moment_parse(name, MOMENT_END, &end) == 0) {
		assert(end >= start);
		check_instant(end);
	}
	check_instant(start);
	return 0;
}

/* The text behind -o. What acceptance promises:
 * - every field is within its range, and the log's path is a string;
 * - what was accepted is accepted again on top of itself, with the same result;
 * - sloppy accepts no less;
 * - what goes together with a moment takes no writes;
 * - what is refused says why, and what to do instead. */
#include <assert.h>
#include <errno.h>

#include "fs/nearest.h"
#include "fs/options.h"

static void check_refused(int r, const struct error *err)
{
	assert(r == -EINVAL || r == -EOPNOTSUPP);
	assert(err->code == -r);
	assert(err->message[0]);
}

static void check_accepted(const struct options *o)
{
	assert(o->autokey <= AUTOKEY_ALL);
	assert(o->clock <= CLOCK_ACCEPT);
	assert(o->cache <= 65536);
	assert(o->sums_from <= 1000000000);
	assert(memchr(o->log, 0, sizeof(o->log)) != NULL);
	assert(memchr(o->at, 0, sizeof(o->at)) != NULL);
}

static void check_distance(struct slice text)
{
	struct slice a = slice_sub(text, 0, text.n / 2);
	struct slice b = slice_sub(text, text.n / 2, text.n);
	size_t n = edit_distance(a, b);

	assert(n == edit_distance(b, a));
	assert(n <= (a.n > b.n ? a.n : b.n));
	assert(edit_distance(a, a) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options o = OPTIONS_DEFAULT, again, sloppy = OPTIONS_DEFAULT;
	struct slice text = slice_of(data, size);
	struct error err = {0};
	int r;

	check_distance(text);
	r = options_parse(text, false, &o, &err);
	if (r < 0) {
		check_refused(r, &err);
		return 0;
	}
	check_accepted(&o);
	again = o;
	assert(options_parse(text, false, &again, &err) == 0);
	assert(memcmp(&again.log, &o.log, strlen(o.log) + 1) == 0);
	assert(strcmp(again.at, o.at) == 0 && again.writers == o.writers);
	assert(again.autokey == o.autokey && again.clock == o.clock);
	assert(again.cache == o.cache && again.read_only == o.read_only);
	assert(options_parse(text, true, &sloppy, &err) == 0);
	assert(sloppy.autokey == o.autokey && sloppy.cache == o.cache);
	r = options_settle(&o, &err);
	if (r < 0)
		check_refused(r, &err);
	assert((r < 0) == (o.at[0] && o.writers));
	assert(r < 0 || !o.at[0] || o.read_only);
	return 0;
}

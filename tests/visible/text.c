/* Which version is a content of? It must be entirely of that one. */
#include <stdlib.h>
#include <string.h>

#include "tests/visible/visible.h"

/* A content, and how it was come by: for the sentence about what is wrong with it. */
struct content {
	enum file file;
	unsigned lane;
	uint64_t pair;
	const char *p, *end;
	const char *how;
};

_Noreturn static void mixed(
	const struct content *c, const char *what, uint64_t version)
{
	char path[PATH_BYTES];

	(void)pair_path(c->lane, c->pair, path, sizeof(path));
	wrong("%s/%s: %s gave %zu bytes that no version has: %s (version %llu)",
		path, file_name(c->file), c->how, (size_t)(c->end - c->p), what,
		(unsigned long long)version);
}

static const char *find(const struct content *c, const char *from, const char *text)
{
	return memmem(from, (size_t)(c->end - from), text, strlen(text));
}

/* The text at p, which ends in stop. */
static uint64_t version_at(const struct content *c, const char *p, char stop)
{
	char text[TEXT_MAX];
	uint64_t version = 0;
	size_t n;

	for (const char *d = p; d < c->end && *d >= '0' && *d <= '9'; d++)
		version = version * 10 + (uint64_t)(*d - '0');
	if (!version || pair_of(version) != c->pair)
		mixed(c, "the text is not of this pair", version);
	n = text_of(c->lane, version, text);
	if ((size_t)(c->end - p) <= n || memcmp(p, text, n) != 0 || p[n] != stop)
		mixed(c, "the text is of several versions", version);
	return version;
}

/* "candidates" counts the versions of the pair. */
static void check_candidates(
	const struct content *c, const char *from, uint64_t version)
{
	const char *p = find(c, from, "\"candidates\":");
	uint64_t expected = (version - 1) % SPAN + 1;

	if (!p || strtoull(p + strlen("\"candidates\":"), NULL, 10) != expected)
		mixed(c, "the number of candidates is of another version", version);
}

static uint64_t in_json(const struct content *c)
{
	const char *p = find(c, c->p, "\"object\":\"");
	uint64_t version;

	if (!p)
		mixed(c, "there is no object", 0);
	p += strlen("\"object\":\"");
	version = version_at(c, p, '"');
	check_candidates(c, p, version);
	if (c->end[-1] != '\n')
		mixed(c, "the end is missing", version);
	return version;
}

/* A line for each version of the pair so far. */
static uint64_t in_lines(const struct content *c)
{
	uint64_t version = c->pair * SPAN;
	const char *end;

	for (const char *p = c->p; p < c->end; p = end + 1) {
		const char *object = find(c, p, "\"object\":\"");

		end = memchr(p, '\n', (size_t)(c->end - p));
		if (!end || !object || object > end)
			mixed(c, "a line is cut", version);
		object += strlen("\"object\":\"");
		if (version_at(c, object, '"') != ++version)
			mixed(c, "a line is missing", version);
	}
	return version;
}

static uint64_t in_blinking(const struct content *c)
{
	char *end;
	unsigned long long object = strtoull(c->p, &end, 10);

	if (!object || object > SPAN / 2 || end + 1 != c->end || *end != '\n')
		mixed(c, "the value was never asserted", object);
	return c->pair * SPAN + object * 2 - 1;
}

uint64_t version_in(enum file f, unsigned lane, uint64_t pair, const char *bytes,
	size_t n, const char *how)
{
	struct content c = {.file = f,
		.lane = lane,
		.pair = pair,
		.p = bytes,
		.end = bytes + n,
		.how = how};
	uint64_t version, size;

	if (n == 0)
		mixed(&c, "it is empty", 0);
	if (common->lanes[lane].door == BY_ASSERT)
		return in_blinking(&c);
	if (f == CLAIMS || f == HISTORY)
		version = in_lines(&c);
	else if (f <= VALUE_SKEPTIC)
		version = version_at(&c, bytes, '\n');
	else
		version = in_json(&c);
	size = size_at(f, lane, version);
	if (size && size != n)
		mixed(&c, "the size is of another version", version);
	return version;
}

/* What follows from a version: names, texts, records, sizes. Nothing here asks the mount. */
#include <string.h>

#include "tests/visible/visible.h"

enum {
	SMALL = 48, /* of SPAN sizes: 64, 72, … */
	SMALL_LEAST = 64,
	SMALL_STEP = 8,
	LARGE_LEAST = 600,
	LARGE_STEP = 293,
	DECIMALS =
		10, /* of received_at, with the point: trailing zeros are not printed */
};

static const char *const names[FILES] = {
	[VALUE_RECENCY] = "value/recency",
	[VALUE_CONSENSUS] = "value/consensus",
	[VALUE_SKEPTIC] = "value/skeptic",
	[RECENCY] = "recency",
	[CONSENSUS] = "consensus",
	[CONFIDENCE] = "confidence",
	[SKEPTIC] = "skeptic",
	[WHY] = "why/recency",
	[CLAIMS] = "claims.jsonl",
	[HISTORY] = "history.jsonl",
};

const char *file_name(enum file f)
{
	return names[f];
}

uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

uint64_t pair_of(uint64_t version)
{
	return version ? (version - 1) / SPAN : 0;
}

static uint64_t place_in_pair(uint64_t version)
{
	return (version - 1) % SPAN + 1;
}

size_t subject_of(unsigned lane, uint64_t pair, char *out, size_t size)
{
	return (size_t)snprintf(out, size, "run%05u-%02u-%06llu",
		common->run % 100000, lane, (unsigned long long)pair);
}

size_t pair_path(unsigned lane, uint64_t pair, char *out, size_t size)
{
	char subject[SUBJECT_BYTES];

	(void)subject_of(lane, pair, subject, sizeof(subject));
	return (size_t)snprintf(out, size, "subjects/%s/n", subject);
}

/* No two versions of a pair have the same, so that a size names its version; and it falls
 * as often as it rises. */
static size_t text_size(uint64_t version)
{
	uint64_t i = (place_in_pair(version) * 37 + common->seed) % SPAN;

	return i < SMALL ? SMALL_LEAST + SMALL_STEP * i
			 : LARGE_LEAST + LARGE_STEP * (i - SMALL);
}

/* The version, and letters that are others in each version, wherever one looks. */
size_t text_of(unsigned lane, uint64_t version, char *out)
{
	size_t n = text_size(version), at;
	uint64_t state =
		common->seed ^ (version * LANES_MAX + lane) * 0x100000001b3;

	at = (size_t)snprintf(out, TEXT_MAX, "%llu:", (unsigned long long)version);
	while (at < n) {
		uint64_t bits = random_next(&state);

		for (int i = 0; i < 12 && at < n; i++, bits >>= 5)
			out[at++] = (char)("abcdefghijklmnopqrstuvwxyzABCDEF"[bits &
									      31]);
	}
	return n;
}

static size_t blinking(uint64_t version, char *out, size_t size)
{
	unsigned long long object = (place_in_pair(version) + 1) / 2;

	return (size_t)snprintf(
		out, size, version % 2 ? "%llu\n" : "=%llu -1\n", object);
}

size_t said(unsigned lane, uint64_t version, char *out, size_t size)
{
	char subject[SUBJECT_BYTES], text[TEXT_MAX];
	unsigned k = (unsigned)place_in_pair(version);
	int n;

	if (common->lanes[lane].door == BY_ASSERT)
		return blinking(version, out, size);
	n = (int)text_of(lane, version, text);
	(void)subject_of(lane, pair_of(version), subject, sizeof(subject));
	return (size_t)snprintf(out, size,
		"{\"subject\":\"%s\",\"predicate\":\"n\",\"object\":"
		"\"%.*s\",\"timestamp\":\"2020-01-01T00:%02u:%02uZ\"}\n",
		subject, n, text, k / 60, k % 60);
}

/* All texts of a pair up to a version, each with so many bytes around it. */
static uint64_t lines_size(uint64_t version, uint64_t around)
{
	uint64_t sum = 0;

	for (uint64_t v = pair_of(version) * SPAN + 1; v <= version; v++)
		sum += text_size(v) + around;
	return sum;
}

uint64_t size_at(enum file f, unsigned lane, uint64_t version)
{
	uint64_t digits = place_in_pair(version) >= 10; /* of how many candidates */

	if (common->lanes[lane].door == BY_ASSERT || f == HISTORY || f == SKEPTIC ||
		f == WHY)
		return 0;
	if (f == CLAIMS)
		return lines_size(version, common->overhead[f]);
	if (f == RECENCY || f == CONSENSUS || f == CONFIDENCE)
		return common->overhead[f] + text_size(version) + digits;
	return common->overhead[f] + text_size(version);
}

uint64_t size_least(enum file f, unsigned lane, uint64_t version)
{
	if (common->lanes[lane].door == BY_ASSERT)
		return 0;
	if (f == HISTORY)
		return lines_size(version, common->overhead[f] - DECIMALS);
	return text_size(version);
}

/* What people say on one pair, a line each, and what its files then hold.
 *
 *	pair_start(&pair);
 *	say('A', 'a', OBJECT_NUMBER, "96.7", 800000, 0);
 *	of_class(CLASS_CLINICAL);
 *	CHECK(has("consensus", "\"object\":96.7"));
 */
#ifndef TESTS_SAYING_H
#define TESTS_SAYING_H

#include <stdio.h>

#include "core/when.h"
#include "tests/unit/pair.h"

static struct pair pair;

/* When 2026 began. */
#define NEW_YEAR (UINT64_C(1767225600) * SECOND)

/* An agent named by a letter or a larger number; admitted unless the letter is lower
 * case. */
static inline uint32_t agent(int name)
{
	struct agent key = {{(uint8_t)name, (uint8_t)(name >> 8)}};
	uint32_t i = pair_agent(&pair, key);

	pair.voters[i].trust = name >= 'a' && name <= 'z' ? 10000 : 500000;
	return i;
}

static inline struct id id_of_name(int name)
{
	struct id id = {{0}};

	memset(id.b, name, sizeof(id.b));
	id.b[1] = (uint8_t)(id.b[1] + (name >> 8));
	return id;
}

static inline struct candidate *last_said(void)
{
	return &pair.claims[pair.in.claim_count - 1];
}

/* Confidence in millionths, -1 for none; time in seconds after 2026 began. */
static inline struct record *say(int who, int id, uint8_t kind, const char *object,
	int confidence, int64_t time)
{
	struct record r = {.kind = RECORD_ASSERTION,
		.subject = slice_str("Sun"),
		.predicate = slice_str("is"),
		.object = {kind, slice_str(object)},
		.timestamp = NEW_YEAR + (uint64_t)time * SECOND};

	if (confidence >= 0) {
		r.has = HAS_CONFIDENCE;
		r.confidence = (uint32_t)confidence;
	}
	pair_claim(&pair, id_of_name(id), r);
	pair_sign(&pair, id_of_name(id), agent(who));
	return &pair.records[pair.in.claim_count - 1];
}

/* The last one said has this class, and it counts. */
static inline void of_class(uint8_t source_class)
{
	struct record *r = &pair.records[pair.in.claim_count - 1];

	r->has |= HAS_SOURCE_CLASS;
	r->source_class = source_class;
	last_said()->source_class = source_class;
	last_said()->declared = source_class;
}

/* The epoch of the last one said is superseded. */
static inline void superseded(void)
{
	last_said()->has_epoch = true;
	last_said()->hidden = true;
}

static inline void vote(int who, int id, int target, int weight)
{
	struct ballot b = {.voter = agent(who),
		.timestamp = UINT64_MAX - (uint8_t)id,
		.id = id_of_name(id),
		.weight = (uint32_t)abs(weight),
		.against = weight < 0};

	pair_vote(&pair, b, id_of_name(target));
}

/* The file's text; "" where there is none. */
static inline const char *file(const char *name)
{
	static struct buf out;
	int rc;

	if (!pair.tally.own)
		pair_weigh(&pair);
	buf_reset(&out);
	rc = pair_file(&pair, slice_str("Sun"), slice_str("is"), name, &out);
	if (rc < 0)
		return strerror(-rc);
	buf_byte(&out, 0);
	return rc ? (const char *)out.p : "";
}

static inline bool has(const char *name, const char *part)
{
	const char *text = file(name);
	bool found = strstr(text, part);

	if (!found)
		printf("# %s lacks %s:\n# %s\n", name, part, text);
	return found;
}

/* Is this all of the file? */
static inline bool is(const char *name, const char *want)
{
	const char *text = file(name);
	bool same = strcmp(text, want) == 0;

	if (!same)
		printf("# %s is not %s:\n# %s\n", name, want, text);
	return same;
}

#endif

/* Random records about two pairs, and stores to post them to: few agents, few objects, few
 * times, so that the rules of docs/standing.md collide.
 *
 *	seed = 7;
 *	round_begin(&r);
 *	round_fill(&r);
 *	... post r.entries ...;
 *	round_end(&r);
 */
#ifndef TESTS_TANGLE_H
#define TESTS_TANGLE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/canon.h"
#include "store/store.h"
#include "tests/unit/tap.h"

enum {
	AGENTS = 5,
	RECORDS = 70,
	REPEATS = 10,
};

static char top[] = "/tmp/stemefs-test-XXXXXX";
static uint64_t seed;

static inline uint32_t below(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

/* What is said in one round. */
struct round {
	struct arena arena;
	struct key *keys[AGENTS];
	struct entry entries[RECORDS];
	struct id claims[RECORDS];
	uint32_t claim_count;
	struct id words[RECORDS]; /* votes and supersessions */
	uint32_t word_count;
};

static inline void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static inline void round_begin(struct round *r)
{
	*r = (struct round){.claim_count = 0};
	for (uint8_t i = 0; i < AGENTS; i++) {
		uint8_t secret[ID_SIZE] = {(uint8_t)(i + 1)};

		if (key_from_seed(secret, &r->keys[i]) < 0)
			abort();
	}
}

static inline void round_end(struct round *r)
{
	for (int i = 0; i < AGENTS; i++)
		key_free(r->keys[i]);
	arena_free(&r->arena);
}

static inline struct id any_claim(struct round *r)
{
	static const struct id nowhere = {{9}};

	return r->claim_count && below(20) ? r->claims[below(r->claim_count)]
					   : nowhere;
}

static inline void make_assertion(struct round *r, struct record *out)
{
	static const char *const objects[] = {"x", "y", "z"};
	static const char *const sources[] = {"a", "b"};
	static const uint8_t stages[] = {LIFECYCLE_PROPOSED, LIFECYCLE_PROPOSED,
		LIFECYCLE_UNDER_REVIEW, LIFECYCLE_APPROVED, LIFECYCLE_DEPRECATED};

	out->kind = RECORD_ASSERTION;
	out->subject = slice_str("s");
	out->predicate = slice_str(below(6) ? "p" : "q");
	out->object = (struct object){
		.kind = OBJECT_TEXT, .text = slice_str(objects[below(3)])};
	out->lifecycle = stages[below(5)];
	if (below(2)) {
		out->has |= HAS_SOURCE;
		out->source = slice_str(sources[below(2)]);
	}
	if (below(2)) {
		out->has |= HAS_CONFIDENCE;
		out->confidence = below(11) * (MILLION / 10);
	}
	if (below(4) == 0) {
		out->has |= HAS_PARENT;
		out->parent = any_claim(r);
	}
}

static inline void make_word(struct round *r, struct record *out)
{
	out->target = any_claim(r);
	switch (below(6)) {
	case 0:
		out->kind = RECORD_COSIGNATURE;
		out->timestamp = 0;
		if (r->word_count && below(2))
			out->target = r->words[below(r->word_count)];
		break;
	case 1:
		out->kind = RECORD_SUPERSESSION;
		out->reason = slice_str("because");
		break;
	case 2:
		out->kind = RECORD_SUPERSESSION;
		out->reason = slice_str("because");
		out->by = any_claim(r);
		if (id_compare(&out->by, &out->target) != 0)
			out->has |= HAS_BY; /* else a retraction */
		else
			out->by = (struct id){{0}};
		break;
	default:
		out->kind = RECORD_VOTE;
		out->weight = below(4) * (MILLION / 4);
		out->against = out->weight && below(3) == 0;
	}
}

/* Complete an entry: bytes, id, one signature or two. */
static inline void sign(struct round *r, struct entry *e)
{
	uint32_t first = below(AGENTS), n = below(5) ? 1 : 2;
	BUF_AUTO(bytes);
	const struct id *id = &e->id;

	canon_encode(&e->record, &bytes);
	e->canonical = arena_copy(&r->arena, slice_of(bytes.p, bytes.n));
	e->id = id_of(e->canonical);
	if (e->record.kind == RECORD_COSIGNATURE)
		id = &e->record.target;
	e->signatures = must(arena_alloc(&r->arena, 2 * sizeof(*e->signatures)));
	for (uint32_t i = 0; i < n; i++)
		e->signatures[i] =
			key_sign(r->keys[(first + i) % AGENTS], id, 1 + below(60));
	e->signature_count = (uint16_t)n;
}

static inline void make_entry(struct round *r, struct entry *e)
{
	*e = (struct entry){.record = {.timestamp = 1 + below(60)}};
	if (below(5) < 2)
		make_assertion(r, &e->record);
	else
		make_word(r, &e->record);
	sign(r, e);
	if (e->record.kind == RECORD_ASSERTION)
		r->claims[r->claim_count++] = e->id;
	else if (e->record.kind != RECORD_COSIGNATURE)
		r->words[r->word_count++] = e->id;
}

static inline void round_fill(struct round *r)
{
	for (int i = 0; i < RECORDS; i++)
		make_entry(r, &r->entries[i]);
}

/* ---- stores ---- */

static inline const char *path_of(const char *name, uint64_t round)
{
	static char path[2][256];
	static int turn;
	char *p = path[turn++ & 1];

	(void)snprintf(p, sizeof(path[0]), "%s/%s%llu", top, name,
		(unsigned long long)round);
	return p;
}

static inline struct store *new_store(const char *path, uint32_t sums_from)
{
	struct store_options o = {.sums_from = sums_from};
	struct store *s = NULL;

	if (store_create(path, NULL) < 0 || store_open(path, &o, &s, NULL) < 0)
		abort();
	return s;
}

/* A setting about an agent, by the store's key. */
static inline void set(struct store *s, const char *path, const struct round *r,
	const char *name, int agent, uint64_t when)
{
	struct key *key = NULL;
	BUF_AUTO(file);
	struct entry e = {
		.record =
			{
				.kind = RECORD_SETTING,
				.has = HAS_AGENT | HAS_VALUE,
				.timestamp = when,
				.name = slice_str(name),
				.value = slice_str("true"),
				.subject_agent = key_agent(r->keys[agent]),
			},
	};
	struct submission sub = {.entries = &e, .count = 1};
	struct signature signature;
	BUF_AUTO(bytes);

	store_key_path(path, &file);
	buf_byte(&file, 0);
	if (key_load((const char *)file.p, &key, NULL) < 0)
		abort();
	canon_encode(&e.record, &bytes);
	e.canonical = slice_of(bytes.p, bytes.n);
	e.id = id_of(e.canonical);
	signature = key_sign(key, &e.id, when);
	e.signatures = &signature;
	e.signature_count = 1;
	CHECK(store_commit(s, &sub) == 0);
	key_free(key);
}

/* The entries in an order of their own; some come twice. */
struct shuffled {
	struct entry list[RECORDS + REPEATS];
	/* the store keeps of an entry's signatures what is new */
	struct signature signatures[RECORDS + REPEATS][2];
};

static inline void shuffle(const struct round *r, struct shuffled *out)
{
	size_t n = 0;

	for (; n < RECORDS; n++)
		out->list[n] = r->entries[n];
	for (; n < RECORDS + REPEATS; n++)
		out->list[n] = r->entries[below(RECORDS)];
	for (size_t i = n; i > 1; i--) {
		size_t j = below((uint32_t)i);
		struct entry swap = out->list[i - 1];

		out->list[i - 1] = out->list[j];
		out->list[j] = swap;
	}
	for (size_t i = 0; i < n; i++) {
		struct entry *e = &out->list[i];

		memcpy(out->signatures[i], e->signatures,
			e->signature_count * sizeof(*e->signatures));
		e->signatures = out->signatures[i];
	}
}

static inline void remove_all(void)
{
	char clean[300];

	(void)snprintf(clean, sizeof(clean), "rm -rf %s", top);
	(void)system(clean);
}

#endif

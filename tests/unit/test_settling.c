/* Running sums against resolving anew, over everything that can be said of a pair: two
 * stores get the same records in different orders, one keeps sums from the first claim on
 * and the other never does, and they must say the same, byte for byte. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/canon.h"
#include "store/store.h"
#include "tests/unit/tap.h"

enum {
	AGENTS = 5,
	RECORDS = 70,
	ROUNDS = 40,
	CLAIMS = RECORDS,
};

static char top[] = "/tmp/stemefs-settling-XXXXXX";
static uint64_t seed;

static uint32_t below(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

/* What is said in one round. */
struct round {
	struct arena arena;
	struct key *keys[AGENTS];
	struct entry entries[RECORDS];
	struct id claims[CLAIMS];
	uint32_t claim_count;
};

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static void round_begin(struct round *r)
{
	*r = (struct round){.claim_count = 0};
	for (uint8_t i = 0; i < AGENTS; i++) {
		uint8_t secret[ID_SIZE] = {(uint8_t)(i + 1)};

		if (key_from_seed(secret, &r->keys[i]) < 0)
			abort();
	}
}

static void round_end(struct round *r)
{
	for (int i = 0; i < AGENTS; i++)
		key_free(r->keys[i]);
	arena_free(&r->arena);
}

static struct id any_claim(struct round *r)
{
	static const struct id nowhere = {{9}};

	return r->claim_count && below(20) ? r->claims[below(r->claim_count)]
					   : nowhere;
}

static void make_assertion(struct round *r, struct record *out)
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

static void make_word(struct round *r, struct record *out)
{
	out->target = any_claim(r);
	switch (below(6)) {
	case 0:
		out->kind = RECORD_COSIGNATURE;
		out->timestamp = 0;
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
static void sign(struct round *r, struct entry *e)
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

static void make_entry(struct round *r, struct entry *e)
{
	*e = (struct entry){.record = {.timestamp = 1 + below(60)}};
	if (below(5) < 2)
		make_assertion(r, &e->record);
	else
		make_word(r, &e->record);
	sign(r, e);
	if (e->record.kind == RECORD_ASSERTION)
		r->claims[r->claim_count++] = e->id;
}

/* ---- stores ---- */

static const char *path_of(const char *name, uint64_t round)
{
	static char path[2][256];
	static int turn;
	char *p = path[turn++ & 1];

	(void)snprintf(p, sizeof(path[0]), "%s/%s%llu", top, name,
		(unsigned long long)round);
	return p;
}

static struct store *new_store(const char *path, uint32_t sums_from)
{
	struct store_options o = {.sums_from = sums_from};
	struct store *s = NULL;

	if (store_create(path, NULL) < 0 || store_open(path, &o, &s, NULL) < 0)
		abort();
	return s;
}

/* A setting about an agent, by the store's key. */
static void set(struct store *s, const char *path, struct round *r,
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

/* Post the records in an order of its own, in a few submissions; some come twice. */
static void post(struct store *s, const struct round *r)
{
	static struct entry list[RECORDS + 10];
	static struct signature signatures[RECORDS + 10][2];
	size_t n = 0, done = 0;

	for (; n < RECORDS; n++)
		list[n] = r->entries[n];
	for (; n < RECORDS + 10; n++)
		list[n] = r->entries[below(RECORDS)];
	for (size_t i = n; i > 1; i--) {
		size_t j = below((uint32_t)i);
		struct entry swap = list[i - 1];

		list[i - 1] = list[j];
		list[j] = swap;
	}
	/* the store keeps of an entry what is new */
	for (size_t i = 0; i < n; i++) {
		memcpy(signatures[i], list[i].signatures,
			list[i].signature_count * sizeof(signatures[i][0]));
		list[i].signatures = signatures[i];
	}
	while (done < n) {
		size_t part = 1 + below(30);
		struct submission sub = {.entries = list + done};

		sub.count = part < n - done ? part : n - done;
		if (store_commit(s, &sub) != 0)
			printf("# %s\n", sub.error.message);
		CHECK(sub.refused == sub.count);
		done += sub.count;
	}
}

static void resolve(struct store *s, const char *predicate, struct buf *out)
{
	SNAP_AUTO(snap);

	CHECK(store_snap(s, &snap) == 0);
	(void)pair_consensus(snap, slice_str("s"), slice_str(predicate), out, NULL);
	buf_byte(out, 0);
}

static void check(struct store *s, uint64_t round)
{
	struct store_check c = {0};

	CHECK(store_check(s, NULL, NULL, &c) == 0);
	if (c.bad)
		printf("# round %llu: %s\n", (unsigned long long)round, c.first);
	CHECK(c.bad == 0);
}

static void compare(struct store *a, struct store *b, uint64_t round)
{
	static const char *const predicates[] = {"p", "q"};

	for (int i = 0; i < 2; i++) {
		BUF_AUTO(x);
		BUF_AUTO(y);

		resolve(a, predicates[i], &x);
		resolve(b, predicates[i], &y);
		if (!slice_equal(slice_of(x.p, x.n), slice_of(y.p, y.n))) {
			printf("# round %llu\n# %s# %s", (unsigned long long)round,
				(const char *)x.p, (const char *)y.p);
			CHECK(!"the same");
		}
	}
}

static void one_round(uint64_t number)
{
	static struct round r;
	const char *with = path_of("with", number),
		   *without = path_of("without", number);
	struct store *a = new_store(with, 1), *b = new_store(without, UINT32_MAX);
	bool steward;

	seed = number;
	steward = below(2);
	round_begin(&r);
	for (int i = 0; i < RECORDS; i++)
		make_entry(&r, &r.entries[i]);
	for (int i = 0; i < 3; i++) {
		set(a, with, &r, "admit", i, 5);
		set(b, without, &r, "admit", i, 5);
	}
	post(a, &r);
	compare(a, a, number);
	if (steward)
		set(a, with, &r, "steward", 0, 6);
	post(b, &r);
	if (steward)
		set(b, without, &r, "steward", 0, 6);
	compare(a, b, number);
	post(a, &r); /* nothing new */
	compare(a, b, number);
	check(a, number);
	check(b, number);
	round_end(&r);
	store_close(a);
	store_close(b);
}

static void sums_say_what_resolving_says(void)
{
	const char *from = getenv("SETTLING_SEED"),
		   *count = getenv("SETTLING_COUNT");
	uint64_t first = from ? strtoull(from, NULL, 10) : 1;
	uint64_t rounds = count ? strtoull(count, NULL, 10) : ROUNDS;

	for (uint64_t i = 0; i < rounds; i++)
		one_round(first + i);
}

int main(void)
{
	char clean[300];

	if (!mkdtemp(top))
		return 1;
	RUN(sums_say_what_resolving_says);
	(void)snprintf(clean, sizeof(clean), "rm -rf %s", top);
	(void)system(clean);
	return tap_done();
}

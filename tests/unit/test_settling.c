/* Running sums against resolving anew, over everything that can be said of a pair: two
 * stores get the same records in different orders, one keeps sums from the first claim on
 * and the other never does, and they must say the same, byte for byte. */
#include "tests/unit/tangle.h"

enum {
	ROUNDS = 40,
};

/* Post the records in an order of its own, in a few submissions. */
static void post(struct store *s, const struct round *r)
{
	static struct shuffled all;
	size_t n = RECORDS + REPEATS, done = 0;

	shuffle(r, &all);
	while (done < n) {
		size_t part = 1 + below(30);
		struct submission sub = {.entries = all.list + done};

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

	CHECK(store_check(s, NULL, &c, NULL) == 0);
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
		bool same;

		resolve(a, predicates[i], &x);
		resolve(b, predicates[i], &y);
		same = slice_equal(slice_of(x.p, x.n), slice_of(y.p, y.n));
		if (!same)
			printf("# round %llu\n# %s# %s", (unsigned long long)round,
				(const char *)x.p, (const char *)y.p);
		CHECK(same);
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
	round_fill(&r);
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
	if (!mkdtemp(top))
		return 1;
	RUN(sums_say_what_resolving_says);
	remove_all();
	return tap_done();
}

#include <stdlib.h>

#include "core/tally.h"
#include "tests/unit/tap.h"

static uint32_t conflict_of(const uint64_t *supports, size_t n)
{
	struct level levels[32] = {0};

	for (size_t i = 0; i < n; i++)
		levels[i] = (struct level){supports[i], 1};
	return tally_conflict(levels, n);
}

static void the_vectors_of_the_contract_hold(void)
{
	static const struct {
		uint64_t supports[3];
		size_t n;
		uint32_t conflict;
	} vectors[] = {
		{{500000, 500000}, 2, 10000},
		{{700000, 300000}, 2, 8813},
		{{900000, 100000}, 2, 4690},
		{{450000, 350000, 200000}, 3, 9545},
		{{800000, 100000, 100000}, 3, 5817},
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
		CHECK(conflict_of(vectors[i].supports, vectors[i].n) ==
			vectors[i].conflict);
}

static void nothing_and_one_cluster_are_no_conflict(void)
{
	CHECK(tally_conflict(NULL, 0) == 0);
	CHECK(conflict_of((uint64_t[]){0}, 1) == 0);
	CHECK(conflict_of((uint64_t[]){0, 0}, 2) == 0);
	CHECK(conflict_of((uint64_t[]){7}, 1) == 0);
	CHECK(conflict_of((uint64_t[]){7, 0}, 2) == 0);
}

static void even_splits_are_exactly_one(void)
{
	for (uint64_t k = 2; k < 2000; k++) {
		struct level level = {
			.support = 1 + k * 7919 % 1000003, .clusters = k};

		CHECK(tally_conflict(&level, 1) == CONFLICT_ONE);
	}
}

static void a_twentieth_of_the_greatest_still_counts(void)
{
	CHECK(conflict_of((uint64_t[]){2000, 100}, 2) > 0);
	CHECK(conflict_of((uint64_t[]){2000, 99}, 2) == 0);
	CHECK(conflict_of((uint64_t[]){1000, 1000, 49}, 3) == CONFLICT_ONE);
}

/* Only the cluster count of a level matters, not how the clusters are written down.
 */
static void a_level_is_its_clusters(void)
{
	struct level grouped[] = {{900, 2}, {300, 3}};

	CHECK(tally_conflict(grouped, 2) ==
		conflict_of((uint64_t[]){900, 900, 300, 300, 300}, 5));
}

/* Shares of 1/2, 1/4, 1/8 and 1/8 have exact logarithms: 1.75 bits of 2. */
static void powers_of_two_are_exact(void)
{
	CHECK(conflict_of((uint64_t[]){4, 2, 1, 1}, 4) == 8750);
	CHECK(conflict_of((uint64_t[]){12, 6, 3, 3}, 4) == 8750);
}

static void sums_of_millions_of_agents_do_not_overflow(void)
{
	struct level levels[] = {{UINT64_C(1) << 51, 1}, {UINT64_C(1) << 50, 2}};

	CHECK(tally_conflict(levels, 2) == conflict_of((uint64_t[]){2, 1, 1}, 3));
}

/* The natural logarithm by its series in (x - 1) / (x + 1), slow and plain. */
static double ln(double x)
{
	double whole = 0, term, sum = 0;

	for (; x < 0.75; x *= 2)
		whole -= 0.69314718055994530942;
	term = (x - 1) / (x + 1);
	for (int i = 1; i < 60; i += 2) {
		sum += 2 * term / i;
		term *= (x - 1) / (x + 1) * ((x - 1) / (x + 1));
	}
	return whole + sum;
}

static double entropy(const uint64_t *supports, size_t n)
{
	double total = 0, sum = 0, k = 0;

	for (size_t i = 0; i < n && supports[i] * 20 >= supports[0]; i++) {
		total += (double)supports[i];
		k++;
	}
	for (size_t i = 0; i < n && supports[i] * 20 >= supports[0]; i++)
		sum += (double)supports[i] / total *
		       ln((double)supports[i] / total);
	return k > 1 ? sum / ln(1 / k) : 0;
}

static int greater_first(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y) - (x > y);
}

static void it_is_the_entropy_to_four_decimals(void)
{
	uint64_t supports[32], seed = 88172645463325252;

	for (int round = 0; round < 20000; round++) {
		size_t n = 2 + seed % 30;
		double difference;

		for (size_t i = 0; i < n; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			supports[i] = 1 + (seed >> 20) % (seed % 3 ? 1000000 : 50);
		}
		qsort(supports, n, sizeof(*supports), greater_first);
		difference =
			conflict_of(supports, n) - 10000 * entropy(supports, n);
		CHECK(difference > -0.501 && difference < 0.501);
	}
}

static void a_status_is_the_first_that_fits(void)
{
	CHECK(tally_status(0, 3, 2, true, 0) == STATUS_NONE);
	CHECK(tally_status(1, 1, 2, false, 10000) == STATUS_SINGLE);
	CHECK(tally_status(1, 2, 1, false, 0) == STATUS_UNANIMOUS);
	CHECK(tally_status(1, 2, 1, true, 0) == STATUS_AGREED);
	CHECK(tally_status(1, 2, 2, false, 3999) == STATUS_AGREED);
	CHECK(tally_status(1, 2, 2, false, 4000) == STATUS_CONTESTED);
	CHECK(strcmp(status_name(STATUS_UNANIMOUS), "unanimous") == 0);
}

int main(void)
{
	RUN(the_vectors_of_the_contract_hold);
	RUN(nothing_and_one_cluster_are_no_conflict);
	RUN(even_splits_are_exactly_one);
	RUN(a_twentieth_of_the_greatest_still_counts);
	RUN(a_level_is_its_clusters);
	RUN(powers_of_two_are_exact);
	RUN(sums_of_millions_of_agents_do_not_overflow);
	RUN(it_is_the_entropy_to_four_decimals);
	RUN(a_status_is_the_first_that_fits);
	return tap_done();
}

#include "core/decay.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/when.h"
#include "tests/unit/tap.h"

/* 2026-01-01T00:00:00Z */
#define NEW_YEAR (UINT64_C(1767225600) * SECOND)

static void the_published_vectors_hold(void)
{
	static const struct {
		uint64_t days;
		uint32_t half_life;
		uint64_t trillionths;
	} vectors[] = {
		{0, 30, DECAY_ONE},
		{0, 730, DECAY_ONE},
		{1, 30, 977159968434},
		{30, 30, 500000000000},
		{300, 30, 976562500},
		{200, 730, 827039074042},
		{730, 730, 500000000000},
		{365, 730, 707106781186},
		{1000, 180, 21262343752},
		{1170, 30, 1},
		{1200, 30, 0},
		{UINT64_MAX, 30, 0},
		{36500, 0, DECAY_ONE},
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		uint64_t got = decay_after(vectors[i].days, vectors[i].half_life);

		if (got != vectors[i].trillionths)
			printf("# %" PRIu64 " days of %" PRIu32 ": %" PRIu64 "\n",
				vectors[i].days, vectors[i].half_life, got);
		CHECK(got == vectors[i].trillionths);
	}
}

static void clinical_at_200_days_is_8270(void)
{
	struct candidate c = {.timestamp = NEW_YEAR, .confidence = MILLION};
	uint64_t now = NEW_YEAR + 200 * DAY;

	c.source_class = CLASS_CLINICAL;
	CHECK((claim_decay(&c, now) + 50000000) / 100000000 == 8270);
	CHECK(claim_decay(&c, now) / (DECAY_ONE / MILLION) == 827039);
	CHECK(claim_faded(&c, now) == 827039);
	c.confidence = 300000;
	CHECK(claim_faded(&c, now) == 248111);
}

static void regulators_and_the_unclassified_do_not_decay(void)
{
	struct candidate c = {.confidence = 950000};

	c.source_class = CLASS_REGULATORY;
	CHECK(claim_decay(&c, UINT64_MAX) == DECAY_ONE);
	c.source_class = CLASSES;
	CHECK(claim_decay(&c, UINT64_MAX) == DECAY_ONE);
	CHECK(claim_faded(&c, UINT64_MAX) == 950000);
	c.source_class = CLASS_ANECDOTAL;
	CHECK(claim_faded(&c, UINT64_MAX) == 0);
}

static void each_class_has_its_weight_and_half_life(void)
{
	static const uint32_t weights[] = {
		1000000, 800000, 600000, 500000, 300000, 100000, 300000};
	static const uint32_t days[] = {0, 730, 365, 180, 90, 30, 0};

	for (uint8_t c = 0; c <= CLASSES; c++) {
		CHECK(class_weight(c) == weights[c]);
		CHECK(class_half_life(c) == days[c]);
	}
}

static void days_are_the_midnights_between(void)
{
	CHECK(decay_days(NEW_YEAR, NEW_YEAR) == 0);
	CHECK(decay_days(NEW_YEAR, NEW_YEAR + DAY - 1) == 0);
	CHECK(decay_days(NEW_YEAR - 1, NEW_YEAR) == 1);
	CHECK(decay_days(NEW_YEAR, NEW_YEAR + DAY) == 1);
	CHECK(decay_days(NEW_YEAR + DAY - 1, NEW_YEAR + 2 * DAY - 1) == 1);
	CHECK(decay_days(NEW_YEAR + DAY, NEW_YEAR) == 0);
	CHECK(decay_days(NEW_YEAR + 1, NEW_YEAR) == 0);
	CHECK(decay_midnight(NEW_YEAR) == NEW_YEAR);
	CHECK(decay_midnight(NEW_YEAR + DAY - 1) == NEW_YEAR);
	CHECK(decay_midnight(NEW_YEAR - 1) == NEW_YEAR - DAY);
}

/* Every day of every half-life until nothing is left. */
static void every_decay_is_the_exact_value_floored(void)
{
	FILE *in = popen("python3 tests/oracle/decay.py", "r");
	char line[80];
	unsigned n = 0;

	CHECK(in);
	while (in && fgets(line, sizeof(line), in)) {
		char *at = line;
		uint64_t days = strtoull(at, &at, 10);
		uint32_t half_life = (uint32_t)strtoul(at, &at, 10);
		uint64_t want = strtoull(at, &at, 10);
		uint64_t got = decay_after(days, half_life);

		if (got != want)
			printf("# got %" PRIu64 ", want %s", got, line);
		CHECK(got == want);
		n++;
	}
	CHECK(in && pclose(in) == 0);
	CHECK(n == 41 * (730 + 365 + 180 + 90 + 30) + 5);
}

int main(void)
{
	RUN(the_published_vectors_hold);
	RUN(clinical_at_200_days_is_8270);
	RUN(regulators_and_the_unclassified_do_not_decay);
	RUN(each_class_has_its_weight_and_half_life);
	RUN(days_are_the_midnights_between);
	if (system("python3 -c pass >/dev/null 2>&1") == 0)
		RUN(every_decay_is_the_exact_value_floored);
	return tap_done();
}

/* The names of moments, in every spelling, and what is none. */
#include "core/moment.h"

#include <errno.h>

#include "core/when.h"
#include "tests/unit/tap.h"

#define T2100 (UINT64_C(1772398800) * SECOND) /* 2026-03-01T21:00:00Z */

static bool is(const char *name, enum moment_edge edge, uint64_t expected)
{
	uint64_t got = 0;

	if (moment_parse(slice_str(name), edge, &got) == 0 && got == expected)
		return true;
	printf("# %s is %llu\n", name, (unsigned long long)got);
	return false;
}

static bool is_none(const char *name)
{
	uint64_t got = 7;
	int rc = moment_parse(slice_str(name), MOMENT_END, &got);

	if (rc == -ENOENT && got == 7)
		return true;
	printf("# %s is %llu\n", name, (unsigned long long)got);
	return false;
}

static void a_time_of_day_has_many_spellings_and_one_instant(void)
{
	static const char *const names[] = {
		"2026-03-01T21:00:00Z",
		"2026-03-01t21:00:00z",
		"2026-03-01T21:00:00",
		"2026-03-01T21:00",
		"2026-03-01T21:00Z",
		"2026-03-01T2100",
		"2026-03-01T210000",
		"2026-03-01T210000Z",
		"2026-03-01T23:00:00+02:00",
		"2026-03-01T23:00+02:00",
		"2026-03-01T2300+0200",
		"2026-03-01T160000-0500",
		"2026-03-01T21:00:00.000",
		"2026-03-01T210000.000",
		"@1772398800",
		"@1772398800.000",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CHECK(is(names[i], MOMENT_END, T2100));
		CHECK(is(names[i], MOMENT_START, T2100));
	}
	CHECK(is("2026-03-01T210030", MOMENT_END, T2100 + 30 * SECOND));
	CHECK(is("2026-03-01T21:00:00.000000001", MOMENT_END, T2100 + 1));
	CHECK(is("2026-03-01T210000.5", MOMENT_END, T2100 + SECOND / 2));
	CHECK(is("@1772398800.000000001", MOMENT_END, T2100 + 1));
	CHECK(is("@0", MOMENT_END, 0));
	CHECK(is("1970-01-01T00:00", MOMENT_END, 0));
}

static void a_period_is_its_end_or_its_start(void)
{
	static const struct {
		const char *name, *first, *behind;
	} periods[] = {
		{"2026", "2026-01-01T00:00", "2027-01-01T00:00"},
		{"2026-03", "2026-03-01T00:00", "2026-04-01T00:00"},
		{"2026-12", "2026-12-01T00:00", "2027-01-01T00:00"},
		{"2024-02", "2024-02-01T00:00", "2024-03-01T00:00"},
		{"2026-03-01", "2026-03-01T00:00", "2026-03-02T00:00"},
		{"2024-02-28", "2024-02-28T00:00", "2024-02-29T00:00"},
		{"2025-12-31", "2025-12-31T00:00", "2026-01-01T00:00"},
		{"1970", "@0", "1971-01-01T00:00"},
	};

	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
		uint64_t first = 1, behind = 0;

		CHECK(moment_parse(slice_str(periods[i].first), MOMENT_END,
			      &first) == 0);
		CHECK(moment_parse(slice_str(periods[i].behind), MOMENT_END,
			      &behind) == 0);
		CHECK(is(periods[i].name, MOMENT_START, first));
		CHECK(is(periods[i].name, MOMENT_END, behind - 1));
	}
}

static void anything_else_is_no_moment(void)
{
	static const char *const names[] = {"", "@", "@-1", "@1e9", "@007", "@.5",
		"@5.", "@1.2.3", "@ 5", "@1772398800000", "@1.0000000001", "26",
		"02026", "2026-", "2026-3", "2026-00", "2026-13", "2026-03-00",
		"2026-03-32", "2025-02-29", "2026-03-01T", "2026-03-01T21",
		"2026-03-01T21:0", "2026-03-01T21:", "2026-03-01T24:00",
		"2026-03-01T21:60", "2026-03-01T21:00:", "2026-03-01T21:0030",
		"2026-03-01T2100:30", "2026-03-01T21:00:60", "2026-03-01T21:00:00.",
		"2026-03-01T21:00.5", "2026-03-01T21:00:00.0000000001",
		"2026-03-01T21:00:00+2", "2026-03-01T21:00:00+24:00",
		"2026-03-01T21:00:00ZZ", "2026-03-01T21:00:00 Z",
		"2026-03-01 21:00:00", "20260301T210000", "1969", "1969-12-31",
		"1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "2554", "9999",
		"now", "-24h", "seq-1", "..", "today", "2026-03-01T21%3A00"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(is_none(names[i]));
}

static void ago_is_counted_back_from_now_in_whole_seconds(void)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} agos[] = {{"-0s", 0}, {"-90s", 90}, {"-30m", 1800}, {"-24h", 86400},
		{"-7d", 604800}, {"-20513d", 20513 * UINT64_C(86400)}};
	uint64_t then;

	for (size_t i = 0; i < sizeof(agos) / sizeof(agos[0]); i++) {
		CHECK(moment_parse_ago(slice_str(agos[i].name), T2100 + 999999999,
			      &then) == 0);
		CHECK(then == T2100 / SECOND - agos[i].seconds);
	}
}

static void ago_has_one_number_one_unit_and_an_end_in_1970(void)
{
	static const char *const names[] = {"", "-", "-h", "24h", "-24", "-24H",
		"-1y", "-024h", "--1h", "-1.5h", "-1h30m", "-+1h", "-1 h",
		"-99999d", "-18446744073709551616s", "-9999999999999999999d"};
	uint64_t then;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(moment_parse_ago(slice_str(names[i]), T2100, &then) ==
			-ENOENT);
}

static void a_seq_is_a_decimal_number_in_its_one_spelling(void)
{
	static const char *const wrong[] = {"seq-", "seq-01", "seq-00", "seq--1",
		"seq-+1", "seq-1a", "seq-0x1", "Seq-1", "seq1", "seq- 1",
		"seq-18446744073709551616"};
	uint64_t seq;

	CHECK(moment_parse_seq(slice_str("seq-0"), &seq) == 0 && seq == 0);
	CHECK(moment_parse_seq(slice_str("seq-42"), &seq) == 0 && seq == 42);
	CHECK(moment_parse_seq(slice_str("seq-18446744073709551615"), &seq) == 0 &&
		seq == UINT64_MAX);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(moment_parse_seq(slice_str(wrong[i]), &seq) == -ENOENT);
}

int main(void)
{
	RUN(a_time_of_day_has_many_spellings_and_one_instant);
	RUN(a_period_is_its_end_or_its_start);
	RUN(anything_else_is_no_moment);
	RUN(ago_is_counted_back_from_now_in_whole_seconds);
	RUN(ago_has_one_number_one_unit_and_an_end_in_1970);
	RUN(a_seq_is_a_decimal_number_in_its_one_spelling);
	return tap_done();
}

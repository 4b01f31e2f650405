#include <errno.h>

#include "core/decimal.h"
#include "tests/unit/tap.h"

static int canonical(const char *text, struct buf *out, struct error *err)
{
	buf_reset(out);
	return decimal_canonical(slice_str(text), out, err);
}

static void one_number_has_one_text(void)
{
	static const char *const cases[][2] = {
		{"0", "0"},
		{"-0", "0"},
		{"0.000", "0"},
		{"-0.0e99999999999999999999", "0"},
		{"96", "96"},
		{"96.0", "96"},
		{"9.6e1", "96"},
		{"960E-1", "96"},
		{"1.50", "1.5"},
		{"-1.50", "-1.5"},
		{"100", "100"},
		{"1E2", "100"},
		{"1e20", "100000000000000000000"},
		{"1e21", "1e21"},
		{"1e+21", "1e21"},
		{"123456789012345678901", "123456789012345678901"},
		{"1234567890123456789012", "1.234567890123456789012e21"},
		{"0.0000001", "0.0000001"},
		{"0.00000010", "0.0000001"},
		{"1e-7", "0.0000001"},
		{"0.00000001", "1e-8"},
		{"12.5e-10", "1.25e-9"},
		{"-1.5e-9", "-1.5e-9"},
		{"1e999", "1e999"},
		{"1e-999", "1e-999"},
		{"0.1e1000", "1e999"},
		{"10e-1000", "1e-999"},
		{"1234567890123456789012345678901234",
			"1.234567890123456789012345678901234e33"},
		{"0.1234567890123456789012345678901234",
			"0.1234567890123456789012345678901234"},
		{"1234567890123456789012345678901234000",
			"1.234567890123456789012345678901234e36"},
		{"123456789012345678901.5", "123456789012345678901.5"},
	};
	BUF_AUTO(b);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK(canonical(cases[i][0], &b, NULL) == 0);
		CHECK_TEXT(slice_of(b.p, b.n), cases[i][1]);
		CHECK(decimal_check(slice_str(cases[i][1])));
		CHECK(decimal_check(slice_str(cases[i][0])) ==
			(strcmp(cases[i][0], cases[i][1]) == 0));
	}
}

static void what_is_no_number_is_refused(void)
{
	static const char *const cases[] = {"", "-", "+1", ".5", "5.", "01", "-01",
		"1e", "1e+", "e5", "0x10", "1_000", "1,5", "NaN", "Infinity", " 1",
		"1 ", "--1", "1.e5", "1.5.5"};
	BUF_AUTO(b);
	int32_t m;
	uint64_t u;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = {0};

		CHECK(canonical(cases[i], &b, &err) == -EINVAL &&
			err.code == EINVAL);
		CHECK(b.n == 0);
		CHECK(!decimal_check(slice_str(cases[i])));
		CHECK(decimal_millionths(slice_str(cases[i]), &m) == -EINVAL);
		CHECK(decimal_scaled(slice_str(cases[i]), 0, &u) == -EINVAL);
	}
}

static void more_than_can_be_kept_is_refused_not_rounded(void)
{
	BUF_AUTO(b);
	struct error err;

	CHECK(canonical("12345678901234567890123456789012345", &b, &err) ==
		-EINVAL);
	CHECK(strstr(err.message, "35 digits") != NULL && err.hint[0] != '\0');
	CHECK(canonical("1e1000", &b, &err) == -EINVAL);
	CHECK(canonical("1e-1000", &b, &err) == -EINVAL);
	CHECK(canonical("1e99999999999999999999999", &b, &err) == -EINVAL);
	CHECK(canonical("-1e-99999999999999999999999", &b, &err) == -EINVAL);
}

static void numbers_compare_exactly(void)
{
	static const char *const sorted[] = {"-1e999", "-20", "-3", "-1.25", "-0.5",
		"-1e-9", "0", "1e-999", "1e-9", "0.1",
		"0.1000000000000000000000000000000001", "0.5", "1", "1.25", "1.3",
		"3", "10", "20", "123456789012345678901", "1e21", "1.1e21",
		"1e999"};
	size_t n = sizeof(sorted) / sizeof(sorted[0]);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			int c = decimal_compare(
				slice_str(sorted[i]), slice_str(sorted[j]));

			CHECK((c < 0) == (i < j) && (c > 0) == (i > j));
		}
}

static void millionths_round_half_to_even(void)
{
	static const struct {
		const char *text;
		int32_t value;
	} cases[] = {
		{"0", 0},
		{"-0", 0},
		{"1", 1000000},
		{"-1.000", -1000000},
		{"0.5", 500000},
		{"0.9", 900000},
		{"1e-6", 1},
		{"0.0000005", 0},
		{"0.00000050000001", 1},
		{"0.0000015", 2},
		{"0.0000025", 2},
		{"0.00000251", 3},
		{"0.0000004", 0},
		{"0.9999995", 1000000},
		{"0.9999985", 999998},
		{"0.99999949", 999999},
		{"-0.0000015", -2},
		{"-0.0000005", 0},
		{"5e-7", 0},
		{"5.1e-7", 1},
		{"4e-8", 0},
		{"9e-8", 0},
		{"1e-99999999999999999", 0},
		{"0.8", 800000},
		{"8e-1", 800000},
		{"0.00000050000000000000000000000000000000000000000000000001", 1},
		{"0.12345650000000000000000000000000000000000000000000000000",
			123456},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int32_t value = -7;

		CHECK(decimal_millionths(slice_str(cases[i].text), &value) == 0);
		CHECK(value == cases[i].value);
	}
}

static void the_range_is_judged_before_rounding(void)
{
	static const char *const out[] = {"1.0000001", "-1.0000001", "2", "10",
		"1e1", "1.00000000000000000000000000000000000000000000000001",
		"1e9999999999999999999"};
	int32_t value;

	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		CHECK(decimal_millionths(slice_str(out[i]), &value) == -EINVAL);
}

static void scaled_numbers_are_exact_integers(void)
{
	uint64_t v = 7;

	CHECK(decimal_scaled(slice_str("1.5"), 9, &v) == 0 && v == 1500000000);
	CHECK(decimal_scaled(slice_str("0e5"), 9, &v) == 0 && v == 0);
	CHECK(decimal_scaled(slice_str("1e-9"), 9, &v) == 0 && v == 1);
	CHECK(decimal_scaled(slice_str("18446744073.709551615"), 9, &v) == 0 &&
		v == UINT64_MAX);
	CHECK(decimal_scaled(slice_str("18446744073.709551616"), 9, &v) == -ERANGE);
	CHECK(decimal_scaled(slice_str("1e30"), 0, &v) == -ERANGE);
	CHECK(decimal_scaled(slice_str("-1"), 0, &v) == -ERANGE);
	CHECK(decimal_scaled(slice_str("1e-10"), 9, &v) == -EDOM);
	CHECK(decimal_scaled(slice_str("1.0000000001"), 9, &v) == -EDOM);
	CHECK(v == UINT64_MAX);
}

static void millionths_print_the_short_way(void)
{
	static const struct {
		uint64_t value;
		const char *text;
	} cases[] = {{0, "0"}, {500000, "0.5"}, {1000000, "1"}, {1, "0.000001"},
		{333333, "0.333333"}, {120000, "0.12"}, {96700000, "96.7"},
		{10000000, "10"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BUF_AUTO(b);

		millionths_print(cases[i].value, &b);
		CHECK_TEXT(slice_of(b.p, b.n), cases[i].text);
	}
}

int main(void)
{
	RUN(one_number_has_one_text);
	RUN(what_is_no_number_is_refused);
	RUN(more_than_can_be_kept_is_refused_not_rounded);
	RUN(numbers_compare_exactly);
	RUN(millionths_round_half_to_even);
	RUN(the_range_is_judged_before_rounding);
	RUN(scaled_numbers_are_exact_integers);
	RUN(millionths_print_the_short_way);
	return tap_done();
}

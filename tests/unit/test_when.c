#include "core/when.h"

#include <errno.h>

#include "tests/unit/tap.h"

static const struct {
	const char *text;
	uint64_t when;
	const char *printed;
} times[] = {
	{"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
	{"1970-01-01t00:00:00z", 0, "1970-01-01T00:00:00Z"},
	{"1970-01-01T00:00:00-00:00", 0, "1970-01-01T00:00:00Z"},
	{"1970-01-01T05:30:00+05:30", 0, "1970-01-01T00:00:00Z"},
	{"1969-12-31T23:59:59-00:01", 59 * SECOND, "1970-01-01T00:00:59Z"},
	{"2026-03-01T21:00:00Z", 1772398800 * SECOND, "2026-03-01T21:00:00Z"},
	{"2026-03-01T21:00:00.5+02:00", 1772391600 * SECOND + SECOND / 2,
		"2026-03-01T19:00:00.5Z"},
	{"2000-02-29T23:59:59.999999999Z", 951868799 * SECOND + 999999999,
		"2000-02-29T23:59:59.999999999Z"},
	{"2024-02-29T00:00:00.000000001Z", 1709164800 * SECOND + 1,
		"2024-02-29T00:00:00.000000001Z"},
	{"2100-03-01T00:00:00.120Z", 4107542400 * SECOND + 120000000,
		"2100-03-01T00:00:00.12Z"},
	{"2554-07-21T23:34:33.709551615Z", UINT64_MAX,
		"2554-07-21T23:34:33.709551615Z"},
};

static void a_time_reads_and_prints(void)
{
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		BUF_AUTO(b);
		uint64_t when = 7;

		CHECK(when_parse(slice_str(times[i].text), &when, NULL) == 0);
		CHECK(when == times[i].when);
		when_print(when, &b);
		CHECK_TEXT(slice_of(b.p, b.n), times[i].printed);
	}
}

static void what_is_no_time_is_refused(void)
{
	static const char *const cases[] = {"", "now", "2026", "2026-03-01",
		"2026-03-01T21:00Z", "2026-03-01T21:00:00", "2026-03-01 21:00:00Z",
		"2026-3-1T21:00:00Z", "2026-13-01T21:00:00Z",
		"2026-00-01T21:00:00Z", "2026-02-29T21:00:00Z",
		"2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
		"2026-03-00T00:00:00Z", "2026-03-01T24:00:00Z",
		"2026-03-01T21:60:00Z", "2026-03-01T21:00:60Z",
		"2026-03-01T21:00:00.Z", "2026-03-01T21:00:00.1234567890Z",
		"2026-03-01T21:00:00+0200", "2026-03-01T21:00:00+24:00",
		"2026-03-01T21:00:00+02:60", "2026-03-01T21:00:00ZZ",
		"2026-03-01T21:00:00,5Z", "1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+00:01", "2554-07-21T23:34:33.709551616Z",
		"2554-07-21T23:34:34Z", "9999-12-31T23:59:59Z",
		"0000-01-01T00:00:00Z", "+026-03-01T21:00:00Z",
		"2026-03-01T21:00:00\xc5\xbd"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = {0};
		uint64_t when = 7;

		CHECK(when_parse(slice_str(cases[i]), &when, &err) == -EINVAL);
		CHECK(err.code == EINVAL && err.message[0] && err.hint[0] &&
			when == 7);
	}
}

static void seconds_are_exact(void)
{
	uint64_t when = 7;

	CHECK(when_parse_seconds(slice_str("0"), &when, NULL) == 0 && when == 0);
	CHECK(when_parse_seconds(slice_str("-0"), &when, NULL) == 0 && when == 0);
	CHECK(when_parse_seconds(slice_str("1767225600.25"), &when, NULL) == 0 &&
		when == 1767225600 * SECOND + SECOND / 4);
	CHECK(when_parse_seconds(slice_str("1.7672256e9"), &when, NULL) == 0 &&
		when == 1767225600 * SECOND);
	CHECK(when_parse_seconds(slice_str("0.1234567890"), &when, NULL) == 0 &&
		when == 123456789);
	CHECK(when_parse_seconds(slice_str("18446744073.709551615"), &when, NULL) ==
			0 &&
		when == UINT64_MAX);
}

static void seconds_that_are_none_say_why(void)
{
	struct error err;
	uint64_t when = 7;

	CHECK(when_parse_seconds(slice_str("1767225600000"), &when, &err) ==
		-EINVAL);
	CHECK(strstr(err.hint, "milliseconds? divide by 1000") != NULL);
	CHECK(when_parse_seconds(slice_str("1767225600000.1234567891"), &when,
		      &err) == -EINVAL);
	CHECK(strstr(err.hint, "milliseconds") != NULL);
	CHECK(when_parse_seconds(slice_str("18446744073.709551616"), &when, &err) ==
		-EINVAL);
	CHECK(strstr(err.message, "2554") != NULL && err.hint[0] == '\0');
	CHECK(when_parse_seconds(slice_str("-1"), &when, &err) == -EINVAL);
	CHECK(strstr(err.message, "before 1970") != NULL);
	CHECK(when_parse_seconds(slice_str("-0.00000000001"), &when, &err) ==
		-EINVAL);
	CHECK(strstr(err.message, "before 1970") != NULL);
	CHECK(when_parse_seconds(slice_str("1.0000000001"), &when, &err) ==
		-EINVAL);
	CHECK(when_parse_seconds(slice_str("1x"), &when, &err) == -EINVAL);
	CHECK(when == 7);
}

/* The calendar, day by day, against counting. */
static void every_day_until_2554_has_its_date(void)
{
	static const int lengths[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	uint64_t day = 0;

	for (int year = 1970; year < 2554; year++)
		for (int month = 1; month <= 12; month++) {
			int leap = year % 4 == 0 &&
				   (year % 100 != 0 || year % 400 == 0);
			int days = lengths[month - 1] + (month == 2 && leap);

			for (int d = 1; d <= days; d++, day++) {
				char want[40];
				uint64_t when = 7;
				BUF_AUTO(b);

				(void)snprintf(want, sizeof(want),
					"%04d-%02d-%02dT00:00:00Z", year, month, d);
				when_print(day * DAY, &b);
				if (!slice_is(slice_of(b.p, b.n), want) ||
					when_parse(slice_str(want), &when, NULL) <
						0 ||
					when != day * DAY) {
					CHECK_TEXT(slice_of(b.p, b.n), want);
					CHECK(when == day * DAY);
					return;
				}
			}
		}
}

int main(void)
{
	RUN(a_time_reads_and_prints);
	RUN(what_is_no_time_is_refused);
	RUN(seconds_are_exact);
	RUN(seconds_that_are_none_say_why);
	RUN(every_day_until_2554_has_its_date);
	return tap_done();
}

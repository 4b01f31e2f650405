#include "core/utf8.h"
#include "tests/unit/tap.h"

static size_t check(const char *text)
{
	return utf8_check(slice_str(text));
}

static void well_formed_text_is_taken(void)
{
	CHECK(check("") == 0);
	CHECK(check("plain ASCII, longer than eight bytes") == 36);
	CHECK(check("\x7f") == 1);
	CHECK(check("\xc2\x80") == 2);
	CHECK(check("\xdf\xbf") == 2);
	CHECK(check("\xe0\xa0\x80") == 3);
	CHECK(check("\xed\x9f\xbf") == 3);
	CHECK(check("\xee\x80\x80") == 3);
	CHECK(check("\xef\xbf\xbf") == 3);
	CHECK(check("\xf0\x90\x80\x80") == 4);
	CHECK(check("\xf4\x8f\xbf\xbf") == 4);
	CHECK(utf8_check(slice_of("a\0b", 3)) == 3);
}

static void ill_formed_text_is_found_at_its_first_byte(void)
{
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc2",
		"\xc2\x41",
		"\xe0\x9f\xbf",
		"\xe2\x82",
		"\xe2\x82\x41",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xf0\x90\x80",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"\xfe",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[32] = "0123456789"; /* past the fast path */

		CHECK(check(bad[i]) == 0);
		memcpy(text + 10, bad[i], strlen(bad[i]) + 1);
		CHECK(check(text) == 10);
	}
}

/* Every code point, encoded by hand, is text exactly when Unicode has it as a
 * scalar. */
static void every_code_point_reads_back(void)
{
	for (uint32_t c = 0; c < 0x120000; c++) {
		uint8_t b[4];
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		bool scalar = c < 0x110000 && (c < 0xd800 || c > 0xdfff);
		size_t at = 0;

		b[0] = (uint8_t)(n == 1 ? c : (0xf00u >> n) | c >> (6 * (n - 1)));
		for (size_t i = 1; i < n; i++)
			b[i] = (uint8_t)(0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
		if ((utf8_check(slice_of(b, n)) == n) != scalar) {
			printf("# U+%04X was misjudged\n", c);
			CHECK(false);
			return;
		}
		if (scalar && (utf8_next(slice_of(b, n), &at) != c || at != n)) {
			printf("# U+%04X did not read back\n", c);
			CHECK(false);
			return;
		}
	}
}

static void controls_are_c0_del_and_c1(void)
{
	CHECK(utf8_is_control(0) && utf8_is_control(0x1f) && utf8_is_control(0x7f));
	CHECK(utf8_is_control(0x80) && utf8_is_control(0x9f));
	CHECK(!utf8_is_control(' ') && !utf8_is_control('~') &&
		!utf8_is_control(0xa0));
}

static void formatting_characters_are_known(void)
{
	static const uint32_t yes[] = {0x61c, 0x200b, 0x200f, 0x202a, 0x202e,
		0x2060, 0x2064, 0x2066, 0x2069, 0xfeff, 0xe0001, 0xe0020, 0xe007f};
	static const uint32_t no[] = {0x61b, 0x200a, 0x2010, 0x2029, 0x202f, 0x2065,
		0x206a, 0xfefe, 0xe0000, 0xe001f, 0xe0080, 'a'};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		CHECK(utf8_is_formatting(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		CHECK(!utf8_is_formatting(no[i]));
}

int main(void)
{
	RUN(well_formed_text_is_taken);
	RUN(ill_formed_text_is_found_at_its_first_byte);
	RUN(every_code_point_reads_back);
	RUN(controls_are_c0_del_and_c1);
	RUN(formatting_characters_are_known);
	return tap_done();
}

#include "core/name.h"

#include <errno.h>

#include "core/utf8.h"
#include "tests/unit/tap.h"

static const char *const names[][2] = {
	{"Tesla_Inc", "Tesla_Inc"},
	{"auth/jwt", "auth%2Fjwt"},
	{"100%", "100%25"},
	{".hidden", "%2Ehidden"},
	{"-rf", "%2Drf"},
	{"_in", "%5Fin"},
	{"a.b-c_d", "a.b-c_d"},
	{"..", "%2E."},
	{" a", "%20a"},
	{"a ", "a%20"},
	{"  a b  ", "%20%20a b%20%20"},
	{" ", "%20"},
	{" .a", "%20.a"},
	{"M\xc3\xbcnchen", "M\xc3\xbcnchen"},
	{"a\tb\x7f", "a%09b%7F"},
	{"a\xc2\x9b", "a%C2%9B"},
	{"a\xe2\x80\x8b"
	 "b",
		"a%E2%80%8Bb"},
	{"\xf3\xa0\x81\x81", "%F3%A0%81%81"},
	{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
	{"must_use:http", "must_use:http"},
	{"a\\b*?\"'$(x)", "a\\b*?\"'$(x)"},
};

static void a_name_has_one_file_name_and_back(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		BUF_AUTO(file);
		BUF_AUTO(name);

		name_encode(slice_str(names[i][0]), &file);
		CHECK_TEXT(slice_of(file.p, file.n), names[i][1]);
		CHECK(name_encoded_length(slice_str(names[i][0])) == file.n);
		CHECK(name_decode(slice_of(file.p, file.n), &name) == 0);
		CHECK_TEXT(slice_of(name.p, name.n), names[i][0]);
	}
}

static void other_spellings_do_not_exist(void)
{
	static const char *const files[] = {"", "%", "%2", "a%2", "%zz",
		"auth%2fjwt", "%41", "a%20b", "_in", ".x", "-x", "a ", " a",
		"%20 a", "a/b", "a\tb", "a\xc2\x9b", "\xff", "%FF", "a\xe2\x80\x8b",
		"%ED%A0%80", "%C2", "100%", "a%2E", "%2E%2E", "%25%", "a%5F"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		BUF_AUTO(name);

		buf_str(&name, "kept");
		CHECK(name_decode(slice_str(files[i]), &name) == -ENOENT);
		CHECK_TEXT(slice_of(name.p, name.n), "kept");
	}
}

static void every_character_comes_back(void)
{
	for (uint32_t c = 1; c < 0x3000; c++) {
		BUF_AUTO(file);
		BUF_AUTO(back);
		uint8_t b[3];
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : 3;

		b[0] = (uint8_t)(n == 1 ? c : (0xf00u >> n) | c >> (6 * (n - 1)));
		for (size_t i = 1; i < n; i++)
			b[i] = (uint8_t)(0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
		name_encode(slice_of(b, n), &file);
		if (name_decode(slice_of(file.p, file.n), &back) < 0 ||
			!slice_equal(slice_of(back.p, back.n), slice_of(b, n)) ||
			memchr(file.p, '/', file.n)) {
			printf("# U+%04X was lost\n", c);
			CHECK(false);
			return;
		}
	}
}

int main(void)
{
	RUN(a_name_has_one_file_name_and_back);
	RUN(other_spellings_do_not_exist);
	RUN(every_character_comes_back);
	return tap_done();
}

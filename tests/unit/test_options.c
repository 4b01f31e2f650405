#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fs/nearest.h"
#include "fs/options.h"
#include "tests/unit/tap.h"

static struct options o;
static struct error err;

static int parse(const char *text)
{
	o = OPTIONS_DEFAULT;
	err = (struct error){0};
	return options_parse(slice_str(text), false, &o, &err);
}

static void nothing_is_asked_for(void)
{
	CHECK(parse("") == 0);
	CHECK(parse(",,") == 0);
	CHECK(parse("rw") == 0);
	CHECK(o.autokey == AUTOKEY_OWNER);
	CHECK(o.clock == CLOCK_STRICT);
	CHECK(!o.allow_other && !o.read_only && !o.debug);
	CHECK(o.cache == 0 && o.sums_from == 0 && o.log[0] == '\0');
}

static void everything_is_asked_for(void)
{
	CHECK(parse("autokey=all,ro,allow_other,clock=accept,log=/var/log/"
		    "x,cache=64,"
		    "sums-from=1,debug") == 0);
	CHECK(o.autokey == AUTOKEY_ALL);
	CHECK(o.read_only && o.allow_other && o.debug);
	CHECK(o.clock == CLOCK_ACCEPT);
	CHECK(strcmp(o.log, "/var/log/x") == 0);
	CHECK(o.cache == 64);
	CHECK(o.sums_from == 1);
}

static void the_last_one_counts(void)
{
	CHECK(parse("ro,rw") == 0);
	CHECK(!o.read_only);
	CHECK(parse("autokey=all,autokey=none") == 0);
	CHECK(o.autokey == AUTOKEY_NONE);
}

static void what_mount_and_fstab_bring_is_ignored(void)
{
	CHECK(parse("auto,noauto,defaults,comment=a note,x-systemd.automount,"
		    "X-mount.mkdir=0700,user,user=joe,users,owner,group,nofail,_"
		    "netdev,"
		    "relatime,rw,dev,nodev,suid,nosuid,exec,noexec,sync,async") ==
		0);
	CHECK(memcmp(&o, &OPTIONS_DEFAULT, sizeof(o)) == 0);
}

static void a_backslash_takes_the_next_byte_as_it_is(void)
{
	CHECK(parse("log=/a\\,b\\\\c,ro") == 0);
	CHECK(strcmp(o.log, "/a,b\\c") == 0);
	CHECK(o.read_only);
	CHECK(parse("log=/a\\") == 0);
	CHECK(strcmp(o.log, "/a\\") == 0);
}

static void an_unknown_option_is_named_with_the_nearest_known_one(void)
{
	static const struct {
		const char *text, *named, *hint;
	} cases[] = {
		{"autokye=all", "\"autokye\"", "autokey=none|owner|all"},
		{"alow_other", "\"alow_other\"", "allow_other"},
		{"ro,cahce=3", "\"cahce\"", "cache=MIB"},
		{"sumsfrom=3", "\"sumsfrom\"", "sums-from=N"},
		{"x", "\"x\"", "ro"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK(parse(cases[i].text) == -EINVAL);
		CHECK(strstr(err.message, cases[i].named) != NULL);
		CHECK_TEXT(slice_str(err.hint), cases[i].hint);
	}
}

static void sloppy_passes_over_what_is_unknown_and_over_nothing_else(void)
{
	o = OPTIONS_DEFAULT;
	CHECK(options_parse(slice_str("bogus=1,ro"), true, &o, &err) == 0);
	CHECK(o.read_only);
	CHECK(options_parse(slice_str("cache=x"), true, &o, &err) == -EINVAL);
}

static void bad_values_are_refused(void)
{
	static const char *const cases[] = {"autokey=some", "autokey=", "autokey",
		"autokey=none|owner", "clock=fast", "cache=0", "cache=65537",
		"cache=-1", "cache=1k", "cache= 1", "cache=99999999999",
		"cache=", "sums-from=0", "log", "log=", "ro=1",
		"rw=", "allow_other=yes"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK(parse(cases[i]) == -EINVAL);
		CHECK(err.message[0] != '\0');
	}
}

static void a_moment_is_any_name_below_at_or_now(void)
{
	static const char *const cases[] = {"now", "seq-0", "seq-42", "2026",
		"2026-03-01", "2026-03-01T21:00", "2026-03-01T2100+0200",
		"2026-03-01T21:00:00.123456789+02:00", "@1767225600", "-24h"};
	static const char *const none[] = {"at", "at=", "at=then", "at=seq-",
		"at=seq--1", "at=NOW", "at=now ", "at=24h", "at=2026-13",
		"at=2026-03-01T21:00:00.1234567890123456789012345678901234567"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[OPTION_MOMENT_MAX + 8];

		(void)snprintf(text, sizeof(text), "rw,at=%s", cases[i]);
		CHECK(parse(text) == 0);
		CHECK(strcmp(o.at, cases[i]) == 0);
		CHECK(!o.read_only);
		CHECK(options_settle(&o, &err) == 0);
		CHECK(o.read_only);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK(parse(none[i]) == -EINVAL);
	CHECK(strcmp(err.hint, "at=TIME|seq-N|now") == 0);
}

static void a_moment_takes_no_option_of_those_who_write(void)
{
	static const char *const cases[] = {
		"autokey", "sums-from", "scrub", "clock", NULL};
	static const char *const texts[] = {"at=now,autokey=owner",
		"sums-from=5,at=now", "at=seq-1,scrub=1", "clock=accept,at=now"};

	for (size_t i = 0; cases[i]; i++) {
		CHECK(parse(texts[i]) == 0);
		CHECK(options_settle(&o, &err) == -EINVAL);
		CHECK(strncmp(err.message, cases[i], strlen(cases[i])) == 0);
	}
	CHECK(parse("ro,cache=5,log=/x,debug,allow_other,at=now") == 0);
	CHECK(options_settle(&o, &err) == 0);
	CHECK(parse("autokey=all,scrub=1") == 0);
	CHECK(options_settle(&o, &err) == 0);
	CHECK(!o.read_only);
}

static void a_remount_is_a_mount_that_failed_not_a_usage_error(void)
{
	CHECK(parse("remount,rw") == -EOPNOTSUPP);
	CHECK(strstr(err.message, "remount") != NULL);
}

static void a_path_may_be_as_long_as_paths_are(void)
{
	char text[OPTION_TEXT_MAX + 100];

	memset(text, 'a', sizeof(text));
	memcpy(text, "log=/", 5);
	text[4 + OPTION_TEXT_MAX - 1] = '\0';
	CHECK(parse(text) == 0);
	CHECK(strlen(o.log) == OPTION_TEXT_MAX - 1);
	text[4 + OPTION_TEXT_MAX - 1] = 'a';
	text[4 + OPTION_TEXT_MAX] = '\0';
	CHECK(parse(text) == -EINVAL);
	text[4 + OPTION_TEXT_MAX] = 'a';
	text[sizeof(text) - 1] = '\0';
	CHECK(parse(text) == -EINVAL);
}

static void help_names_every_option_once(void)
{
	static const char *const names[] = {"\n  ro ", "\n  at=TIME|seq-N|now ",
		"\n  allow_other ", "\n  clock=", "\n  log=FILE", "\n  cache=MIB",
		"\n  sums-from=N", " nofail ", " x-*\n"};
	BUF_AUTO(b);

	options_help(&b);
	buf_byte(&b, 0);
	CHECK(!b.failed);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *at = strstr((const char *)b.p, names[i]);

		CHECK(at != NULL);
		CHECK(at && strstr(at + 1, names[i]) == NULL);
	}
	CHECK(strstr((const char *)b.p, "remount") == NULL);
}

static void words_lie_so_far_apart(void)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} cases[] = {{"", "", 0}, {"", "abc", 3}, {"abc", "", 3},
		{"mount", "mount", 0}, {"mount", "umount", 1},
		{"kitten", "sitting", 3}, {"flaw", "lawn", 2},
		{"autokye", "autokey", 2}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK(edit_distance(slice_str(cases[i].a), slice_str(cases[i].b)) ==
			cases[i].distance);
}

int main(void)
{
	RUN(nothing_is_asked_for);
	RUN(everything_is_asked_for);
	RUN(the_last_one_counts);
	RUN(what_mount_and_fstab_bring_is_ignored);
	RUN(a_backslash_takes_the_next_byte_as_it_is);
	RUN(an_unknown_option_is_named_with_the_nearest_known_one);
	RUN(sloppy_passes_over_what_is_unknown_and_over_nothing_else);
	RUN(bad_values_are_refused);
	RUN(a_moment_is_any_name_below_at_or_now);
	RUN(a_moment_takes_no_option_of_those_who_write);
	RUN(a_remount_is_a_mount_that_failed_not_a_usage_error);
	RUN(a_path_may_be_as_long_as_paths_are);
	RUN(help_names_every_option_once);
	RUN(words_lie_so_far_apart);
	return tap_done();
}

/* Names of the inbox: whose they are, lanes, bytes, renames that submit nothing. */
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/inbox.h"

/* ---- names ---- */

static void a_name_belongs_to_who_made_it(void)
{
	INBOX_AUTO(in);
	struct inbox_info info;
	BUF_AUTO(b);

	CHECK(inbox_find(in, at(""), at("a"), &info) == -ENOENT);
	CHECK(create(in, &ann, "a") == 0);
	CHECK(create(in, &ann, "a") == 0);
	CHECK(inbox_create(in, &ann, at(""), at("a"), true) == -EEXIST);
	CHECK(create(in, &bob, "a") == -EACCES);
	CHECK(inbox_find(in, at(""), at("a"), &info) == 0);
	CHECK(info.uid == 1000 && info.mode == 0600 && !info.lane &&
		info.size == 0);
	CHECK(inbox_read_back(in, &bob, at(""), at("a"), &b) == -EACCES);
	CHECK(inbox_unlink(in, &bob, at(""), at("a")) == -EACCES);
	CHECK(inbox_truncate(in, &bob, at(""), at("a"), 0) == -EACCES);
	CHECK(mv(in, &bob, "a", "b", false) == -EACCES);
	CHECK(inbox_unlink(in, &ann, at(""), at("a")) == 0);
	CHECK(create(in, &bob, "a") == 0);
}

static void only_file_names_are_names(void)
{
	INBOX_AUTO(in);
	char long_name[300];

	memset(long_name, 'n', sizeof(long_name));
	long_name[256] = '\0';
	CHECK(create(in, &ann, long_name) == -ENAMETOOLONG);
	long_name[255] = '\0';
	CHECK(create(in, &ann, long_name) == 0);
	CHECK(create(in, &ann, "") == -EINVAL);
	CHECK(create(in, &ann, "a/b") == -EINVAL);
}

static void everybody_lists_their_own(void)
{
	INBOX_AUTO(in);

	(void)create(in, &ann, "z");
	(void)create(in, &bob, "b");
	(void)create(in, &ann, "a");
	(void)inbox_mkdir(in, &ann, at("lane"));
	CHECK(inbox_create(in, &ann, at("lane"), at("x"), false) == 0);
	CHECK(lists(in, &ann, "", "z a lane/ "));
	CHECK(lists(in, &bob, "", "b "));
	CHECK(lists(in, &ann, "lane", "x "));
}

static int second(void *ctx, struct slice name, bool lane, uint64_t cookie)
{
	(void)name;
	(void)lane;
	*(uint64_t *)ctx = cookie;
	return cookie % 2 == 0;
}

static void a_listing_goes_on_behind_its_cookie(void)
{
	INBOX_AUTO(in);
	uint64_t cookie = 0;
	BUF_AUTO(b);

	(void)create(in, &ann, "a");
	(void)create(in, &ann, "b");
	(void)create(in, &ann, "c");
	CHECK(inbox_list(in, &ann, at(""), 0, second, &cookie) == 0 && cookie == 2);
	(void)inbox_unlink(in, &ann, at(""), at("b"));
	CHECK(inbox_list(in, &ann, at(""), cookie, append_name, &b) == 0);
	CHECK_TEXT(slice_of(b.p, b.n), "c ");
}

static void too_many_names_push_out_the_oldest(void)
{
	INBOX_AUTO(in);
	struct inbox_info info;
	size_t n = 0;
	char name[32];

	(void)create(in, &ann, ".scratch");
	(void)inbox_mkdir(in, &ann, at("lane"));
	for (int i = 0; i < INBOX_NAMES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		CHECK(create(in, &ann, name) == 0);
	}
	CHECK(inbox_find(in, at(""), at("n1"), &info) == -ENOENT);
	CHECK(inbox_find(in, at(""), at("n2"), &info) == 0);
	CHECK(inbox_find(in, at(""), at(".scratch"), &info) == 0);
	CHECK(inbox_list(in, &ann, at(""), 0, count, &n) == 0 &&
		n == INBOX_NAMES_MAX);
}

static void a_lane_is_a_directory_of_ones_own(void)
{
	INBOX_AUTO(in);
	struct inbox_info info;
	BUF_AUTO(b);

	CHECK(inbox_create(in, &ann, at("l"), at("x"), false) == -ENOENT);
	CHECK(inbox_mkdir(in, &ann, at("l")) == 0);
	CHECK(inbox_mkdir(in, &bob, at("l")) == -EEXIST);
	CHECK(inbox_find(in, at(""), at("l"), &info) == 0);
	CHECK(info.lane && info.mode == 0700);
	CHECK(inbox_create(in, &bob, at("l"), at("x"), false) == -EACCES);
	CHECK(inbox_list(in, &bob, at("l"), 0, append_name, &b) == -EACCES);
	CHECK(inbox_create(in, &ann, at("l"), at("x"), false) == 0);
	CHECK(create(in, &ann, "x") == 0);
	CHECK(inbox_rmdir(in, &ann, at("l")) == -ENOTEMPTY);
	CHECK(inbox_unlink(in, &ann, at("l"), at("x")) == 0);
	CHECK(inbox_unlink(in, &ann, at(""), at("l")) == -EISDIR);
	CHECK(inbox_rmdir(in, &ann, at("x")) == -ENOTDIR);
	CHECK(inbox_rmdir(in, &bob, at("l")) == -EACCES);
	CHECK(inbox_rmdir(in, &ann, at("l")) == 0);
	CHECK(inbox_create(in, &ann, at("x"), at("y"), false) == -ENOTDIR);
}

/* ---- bytes ---- */

static void what_was_written_is_read_back_for_ten_minutes(void)
{
	INBOX_AUTO(in);
	struct inbox_info before, after;

	(void)create(in, &ann, "a");
	CHECK(add(in, &ann, "a", at("one ")) == 0);
	CHECK(add(in, &ann, "a", at("two")) == 0);
	CHECK(reads(in, "a", "one two"));
	clock_ns += INBOX_BACK_SECONDS * SECOND;
	(void)inbox_find(in, at(""), at("a"), &before);
	CHECK(before.size == 7 && before.mtime == clock_ns - 600 * SECOND);
	clock_ns += 1;
	(void)inbox_find(in, at(""), at("a"), &after);
	CHECK(after.size == 0 && after.version != before.version);
	CHECK(reads(in, "a", ""));
}

static void only_the_tail_of_much_is_kept(void)
{
	INBOX_AUTO(in);
	struct inbox_info info;
	char piece[1000];
	BUF_AUTO(b);
	BUF_AUTO(all);

	(void)create(in, &ann, "a");
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(piece, sizeof(piece), "%0999d", i);
		buf_str(&all, piece);
		CHECK(add(in, &ann, "a", at(piece)) == 0);
	}
	(void)inbox_find(in, at(""), at("a"), &info);
	CHECK(info.size == INBOX_BACK_MAX);
	CHECK(inbox_read_back(in, &ann, at(""), at("a"), &b) == 0);
	CHECK(slice_equal(slice_of(b.p, b.n),
		slice_of(all.p + all.n - INBOX_BACK_MAX, INBOX_BACK_MAX)));
	CHECK(add(in, &ann, "a", slice_of(all.p, all.n)) == 0);
	buf_reset(&b);
	CHECK(inbox_read_back(in, &ann, at(""), at("a"), &b) == 0);
	CHECK(slice_equal(slice_of(b.p, b.n),
		slice_of(all.p + all.n - INBOX_BACK_MAX, INBOX_BACK_MAX)));
}

static void truncating_cuts_what_can_be_read_back(void)
{
	INBOX_AUTO(in);

	(void)create(in, &ann, "a");
	(void)add(in, &ann, "a", at("12345678"));
	CHECK(inbox_truncate(in, &ann, at(""), at("a"), 20) == 0);
	CHECK(reads(in, "a", "12345678"));
	CHECK(inbox_truncate(in, &ann, at(""), at("a"), 5) == 0);
	CHECK(reads(in, "a", "12345"));
	open_anew(in, "a");
	(void)add(in, &ann, "a", at("abc"));
	CHECK(inbox_truncate(in, &ann, at(""), at("a"), 3) == 0);
	CHECK(reads(in, "a", "abc"));
	CHECK(inbox_truncate(in, &ann, at(""), at("a"), 0) == 0);
	CHECK(reads(in, "a", ""));
}

static void scratch_is_bounded_per_uid(void)
{
	INBOX_AUTO(in);
	struct slice mega = slice_of(calloc(1, 1 << 20), 1 << 20);
	int taken = 0;

	(void)create(in, &ann, ".a");
	(void)create(in, &ann, "b~");
	(void)create(in, &ann, "c");
	(void)create(in, &bob, ".b");
	while (taken < 100 && add(in, &ann, taken % 2 ? ".a" : "b~", mega) == 0)
		taken++;
	CHECK(taken == 16);
	CHECK(add(in, &ann, ".a", mega) == -EDQUOT);
	CHECK(add(in, &bob, ".b", mega) == 0);
	(void)add(in, &ann, "c", mega);
	CHECK(mv(in, &ann, "c", "c~", false) == -EDQUOT);
	CHECK(inbox_unlink(in, &ann, at(""), at("b~")) == 0);
	CHECK(mv(in, &ann, "c", "c~", false) == 0);
	CHECK(add(in, &ann, ".a", mega) == 0);
	free((void *)(uintptr_t)mega.p);
}

static void the_names_of_editors_are_scratch(void)
{
	static const char *const scratch[] = {
		".x", "x~", "x.swp", ".x.swpx", "x.swx", "~", "."};
	static const char *const normal[] = {
		"x", "x.tmp", "f.0f3a.tmp", "f.tmp.12.ab", "swp", "x~1"};

	for (size_t i = 0; i < sizeof(scratch) / sizeof(scratch[0]); i++)
		CHECK(name_is_scratch(at(scratch[i])));
	for (size_t i = 0; i < sizeof(normal) / sizeof(normal[0]); i++)
		CHECK(!name_is_scratch(at(normal[i])));
}

/* ---- renames that submit nothing ---- */

static void a_rename_moves_bytes_and_receipt(void)
{
	INBOX_AUTO(in);
	struct inbox_info info;

	(void)create(in, &ann, "f");
	(void)add(in, &ann, "f", at("old"));
	add_receipt(in, &ann, "f", "{\"old\"}\n");
	(void)create(in, &ann, "f.tmp");
	(void)add(in, &ann, "f.tmp", at("new"));
	add_receipt(in, &ann, "f.tmp", "{\"new\"}\n");
	CHECK(mv(in, &ann, "f.tmp", "f", true) == -EEXIST);
	CHECK(mv(in, &ann, "f.tmp", "f", false) == 0);
	CHECK(inbox_find(in, at(""), at("f.tmp"), &info) == -ENOENT);
	CHECK(reads(in, "f", "new"));
	CHECK(receipt_is(in, "f", "{\"new\"}\n"));
	CHECK(!receipt_is(in, "f.tmp", "{\"new\"}\n"));
	CHECK(mv(in, &ann, "f", "f", false) == 0);
	CHECK(mv(in, &ann, "f", "f~", false) == 0);
	CHECK(reads(in, "f~", "new"));
	CHECK(receipt_is(in, "f~", "{\"new\"}\n"));
	CHECK(lists(in, &ann, "", "f~ "));
}

static void a_rename_cannot_take_what_is_somebody_elses(void)
{
	INBOX_AUTO(in);
	int rc = 1;

	(void)create(in, &ann, "a");
	(void)create(in, &bob, "b");
	(void)inbox_mkdir(in, &ann, at("lane"));
	CHECK(mv(in, &ann, "a", "b", false) == -EACCES);
	CHECK(mv(in, &ann, "b", "c", false) == -EACCES);
	CHECK(mv(in, &ann, "none", "c", false) == -ENOENT);
	CHECK(mv(in, &ann, "a", "lane", false) == -EISDIR);
	CHECK(mv(in, &ann, "lane", "l2", false) == -EROFS);
	inbox_rename(in, &bob, at(""), at("b"), at("lane"), at("b"), false,
		keep_error, &rc);
	CHECK(rc == -EACCES);
	inbox_rename(in, &ann, at(""), at("a"), at("lane"), at("b"), false,
		keep_error, &rc);
	CHECK(rc == 0 && lists(in, &ann, "lane", "b "));
	CHECK(inbox_rmdir(in, &ann, at("lane")) == -ENOTEMPTY);
}

static void an_empty_scratch_name_just_moves(void)
{
	INBOX_AUTO(in);

	(void)create(in, &ann, ".f.tmp");
	CHECK(mv(in, &ann, ".f.tmp", "f", false) == 0);
	CHECK(lists(in, &ann, "", "f "));
	CHECK(add(in, &ann, "f", at("x")) == 0);
}

int main(void)
{
	RUN(a_name_belongs_to_who_made_it);
	RUN(only_file_names_are_names);
	RUN(everybody_lists_their_own);
	RUN(a_listing_goes_on_behind_its_cookie);
	RUN(too_many_names_push_out_the_oldest);
	RUN(a_lane_is_a_directory_of_ones_own);
	RUN(what_was_written_is_read_back_for_ten_minutes);
	RUN(only_the_tail_of_much_is_kept);
	RUN(truncating_cuts_what_can_be_read_back);
	RUN(scratch_is_bounded_per_uid);
	RUN(the_names_of_editors_are_scratch);
	RUN(a_rename_moves_bytes_and_receipt);
	RUN(a_rename_cannot_take_what_is_somebody_elses);
	RUN(an_empty_scratch_name_just_moves);
	return tap_done();
}

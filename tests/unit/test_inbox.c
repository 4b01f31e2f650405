/* The inbox without a store: names, lanes, scratch, receipts, errors, places. */
#include "fs/inbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/when.h"
#include "fs/inbox_internal.h"
#include "tests/unit/tap.h"

static const struct caller ann = {.uid = 1000, .gid = 100};
static const struct caller bob = {.uid = 1001, .gid = 100};
static uint64_t clock_ns;

static uint64_t fake_now(void *ctx)
{
	(void)ctx;
	return clock_ns;
}

static struct inbox *new_inbox(void)
{
	struct inbox_options o = {.now = fake_now};
	struct inbox *in = NULL;

	clock_ns = 1767225600 * SECOND;
	CHECK(inbox_new(&o, &in) == 0);
	return in;
}

static void free_inbox(struct inbox **in)
{
	inbox_free(*in);
}
#define INBOX_AUTO(name)                                                           \
	__attribute__((cleanup(free_inbox))) struct inbox *name = new_inbox()

static struct slice at(const char *text)
{
	return slice_str(text);
}

static int create(struct inbox *in, const struct caller *who, const char *name)
{
	return inbox_create(in, who, at(""), at(name), false);
}

/* Add bytes as a sink does. */
static int add(struct inbox *in, const struct caller *who, const char *name,
	struct slice bytes)
{
	uint8_t room[INBOX_KEY_MAX];
	struct slice key;
	struct item *it;
	INBOX_HELD(in);
	int rc = item_key(at(""), at(name), room, &key);

	if (rc == 0)
		rc = item_own_locked(in, who, key, &it);
	return rc < 0 ? rc : item_add_locked(in, it, bytes, clock_ns);
}

static void open_anew(struct inbox *in, const char *name)
{
	uint8_t room[INBOX_KEY_MAX];
	struct slice key;
	INBOX_HELD(in);

	(void)item_key(at(""), at(name), room, &key);
	item_find_locked(in, key)->since_open = 0;
}

static void add_receipt(struct inbox *in, const struct caller *who,
	const char *name, const char *line)
{
	struct receipt_lines lines = {who->uid, at("inbox/x"), at(line), 1};
	INBOX_HELD(in);

	receipts_add_locked(in, at(name), &lines, clock_ns);
}

static bool reads(struct inbox *in, const char *name, const char *want)
{
	BUF_AUTO(b);

	if (inbox_read_back(in, &ann, at(""), at(name), &b) < 0)
		return false;
	return b.n == strlen(want) && (b.n == 0 || memcmp(b.p, want, b.n) == 0);
}

static bool receipt_is(struct inbox *in, const char *name, const char *want)
{
	BUF_AUTO(b);
	uint64_t version, mtime;

	if (inbox_receipt_read(in, ann.uid, at(name), &b, &version, &mtime) < 0)
		return false;
	return b.n == strlen(want) && memcmp(b.p, want, b.n) == 0;
}

static void keep_error(void *ctx, int error)
{
	*(int *)ctx = error;
}

/* A rename that submits nothing is answered before it returns. */
static int mv(struct inbox *in, const struct caller *who, const char *from,
	const char *to, bool no_replace)
{
	int rc = 1;

	inbox_rename(in, who, at(""), at(from), at(""), at(to), no_replace,
		keep_error, &rc);
	return rc;
}

static int append_name(void *ctx, struct slice name, bool lane, uint64_t cookie)
{
	(void)cookie;
	buf_slice(ctx, name);
	buf_str(ctx, lane ? "/ " : " ");
	return 0;
}

static bool lists(struct inbox *in, const struct caller *who, const char *lane,
	const char *want)
{
	BUF_AUTO(b);

	CHECK(inbox_list(in, who, at(lane), 0, append_name, &b) == 0);
	return b.n == strlen(want) && (b.n == 0 || memcmp(b.p, want, b.n) == 0);
}

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

static int count(void *ctx, struct slice name, bool lane, uint64_t cookie)
{
	(void)name;
	(void)lane;
	(void)cookie;
	++*(size_t *)ctx;
	return 0;
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

/* ---- receipts and errors ---- */

static void a_new_name_starts_a_new_receipt(void)
{
	INBOX_AUTO(in);
	uint64_t version, mtime;
	BUF_AUTO(b);
	BUF_AUTO(names);

	add_receipt(in, &ann, "a", "{\"1\"}\n");
	add_receipt(in, &ann, "a", "{\"2\"}\n");
	CHECK(receipt_is(in, "a", "{\"1\"}\n{\"2\"}\n"));
	add_receipt(in, &ann, "", "{\"3\"}\n");
	CHECK(inbox_receipt_list(in, ann.uid, 0, append_name, &names) == 0);
	CHECK_TEXT(slice_of(names.p, names.n), "a ");
	CHECK(inbox_log_read(
		      in, ann.uid, INBOX_LAST_RECEIPT, &b, &version, &mtime) == 0);
	CHECK_TEXT(slice_of(b.p, b.n), "{\"path\":\"inbox/x\",\"3\"}\n");
	CHECK(create(in, &ann, "a") == 0);
	CHECK(inbox_receipt_read(in, ann.uid, at("a"), &b, &version, &mtime) ==
		-ENOENT);
}

static void a_receipt_in_a_lane_says_so(void)
{
	uint8_t room[RECEIPT_NAME_MAX];

	CHECK_TEXT(receipt_name(at("/a"), room), "a");
	CHECK_TEXT(receipt_name(at("l/a"), room), "l%2Fa");
}

static void a_long_receipt_forgets_its_oldest_lines(void)
{
	INBOX_AUTO(in);
	uint64_t version, mtime;
	char line[1001];
	unsigned long long forgotten = 0;
	size_t lines = 0;
	BUF_AUTO(b);

	memset(line, 'x', sizeof(line));
	line[0] = '{';
	line[999] = '\n';
	line[1000] = '\0';
	for (int i = 0; i < 10000; i++)
		add_receipt(in, &ann, "a", line);
	CHECK(inbox_receipt_read(in, ann.uid, at("a"), &b, &version, &mtime) == 0);
	buf_byte(&b, '\0');
	CHECK(sscanf((const char *)b.p,
		      "{\"status\":\"forgotten\",\"lines\":%llu}\n",
		      &forgotten) == 1);
	for (size_t i = 0; i < b.n; i++)
		lines += b.p[i] == '\n';
	CHECK(forgotten > 0 && forgotten + lines - 1 == 10000);
	CHECK(b.n < INBOX_RECEIPTS_MAX + 100);
}

static void receipts_of_a_uid_are_bounded(void)
{
	INBOX_AUTO(in);
	size_t n = 0;
	char name[32];

	for (int i = 0; i < INBOX_NAMES_MAX + 10; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		add_receipt(in, &ann, name, "{\"1\"}\n");
		add_receipt(in, &ann, "used", "{\"1\"}\n");
	}
	CHECK(inbox_receipt_list(in, ann.uid, 0, count, &n) == 0);
	CHECK(n == INBOX_NAMES_MAX);
	CHECK(!receipt_is(in, "n0", "{\"1\"}\n"));
	CHECK(receipt_is(in, "n20", "{\"1\"}\n"));
	CHECK(!receipt_is(in, "used", ""));
}

static void an_error_is_one_line_of_json(void)
{
	INBOX_AUTO(in);
	uint64_t version, mtime;
	struct caller who = {.uid = 1000, .pid = 42};
	struct error err;
	BUF_AUTO(b);

	(void)fail_at(&err, EINVAL, 12, "bad \"byte\" \xff\xc3");
	(void)fail_hint(&err, "try");
	inbox_note_error(in, &who, at("inbox/\x80y"), &err);
	CHECK(inbox_log_read(in, ann.uid, INBOX_LAST_ERROR, &b, &version, &mtime) ==
		0);
	CHECK_TEXT(slice_of(b.p, b.n),
		"{\"time\":\"2026-01-01T00:00:00Z\",\"pid\":42,"
		"\"path\":\"inbox/\xef\xbf\xbdy\",\"errno\":22,\"code\":\"EINVAL\","
		"\"message\":\"bad \\\"byte\\\" \xef\xbf\xbd\xef\xbf\xbd\","
		"\"offset\":12,\"hint\":\"try\"}\n");
	CHECK(mtime == clock_ns);
	buf_reset(&b);
	CHECK(inbox_log_read(in, bob.uid, INBOX_ERRORS, &b, &version, &mtime) == 0);
	CHECK(b.n == 0 && mtime == 0);
}

static void errors_are_bounded(void)
{
	INBOX_AUTO(in);
	uint64_t version, mtime;
	struct error err;
	size_t lines = 0;
	BUF_AUTO(b);

	(void)fail(&err, EACCES, "no");
	for (int i = 0; i < 3 * INBOX_ERRORS_MAX; i++)
		inbox_note_error(in, &ann, at("p"), &err);
	CHECK(inbox_log_read(in, ann.uid, INBOX_ERRORS, &b, &version, &mtime) == 0);
	for (size_t i = 0; i < b.n; i++)
		lines += b.p[i] == '\n';
	CHECK(lines > INBOX_ERRORS_MAX / 2 && lines <= INBOX_ERRORS_MAX + 1);
}

/* ---- places ---- */

static void a_place_is_there_until_it_is_removed(void)
{
	INBOX_AUTO(in);
	struct slice none = {0};
	BUF_AUTO(b);

	CHECK(inbox_place_make(in, &ann, at("S"), none) == 0);
	CHECK(inbox_place_make(in, &ann, at("S"), none) == -EEXIST);
	CHECK(inbox_place_make(in, &ann, at("S"), at("p")) == 0);
	CHECK(inbox_place_make(in, &bob, at("S"), at("q")) == 0);
	CHECK(inbox_place_make(in, &bob, at("Known"), at("p")) == 0);
	CHECK(inbox_place_made(in, at("S"), none));
	CHECK(inbox_place_made(in, at("S"), at("q")));
	CHECK(!inbox_place_made(in, at("Known"), none));
	CHECK(inbox_place_made(in, at("Known"), at("p")));
	CHECK(inbox_place_list(in, none, 0, append_name, &b) == 0);
	CHECK_TEXT(slice_of(b.p, b.n), "S/ ");
	CHECK(inbox_place_list(in, at("S"), 0, append_name, &b) == 0);
	CHECK_TEXT(slice_of(b.p, b.n), "S/ p/ q/ ");
	CHECK(inbox_place_remove(in, &ann, at("S"), none) == -ENOTEMPTY);
	CHECK(inbox_place_remove(in, &ann, at("S"), at("q")) == -EPERM);
	CHECK(inbox_place_remove(in, &bob, at("S"), at("q")) == 0);
	CHECK(inbox_place_remove(in, &ann, at("S"), at("p")) == 0);
	CHECK(inbox_place_remove(in, &ann, at("S"), none) == 0);
	CHECK(inbox_place_remove(in, &ann, at("S"), none) == -ENOENT);
	CHECK(inbox_place_remove(in, &bob, at("Known"), at("p")) == 0);
	CHECK(!inbox_place_made(in, at("Known"), at("p")));
}

static void places_are_bounded_and_listed_in_pages(void)
{
	INBOX_AUTO(in);
	struct slice none = {0};
	size_t n = 0;
	char name[32];

	for (int i = 0; i < INBOX_PLACES_UID; i++) {
		(void)snprintf(name, sizeof(name), "s%d", i);
		CHECK(inbox_place_make(in, &ann, at(name), none) == 0);
	}
	CHECK(inbox_place_make(in, &ann, at("more"), none) == -EDQUOT);
	CHECK(inbox_place_make(in, &bob, at("more"), none) == 0);
	CHECK(inbox_place_list(in, none, UINT64_C(1) << 62, count, &n) == 0);
	CHECK(n == INBOX_PLACES_UID + 1);
	CHECK(inbox_place_remove(in, &ann, at("s7"), none) == 0);
	CHECK(inbox_place_make(in, &ann, at("again"), none) == 0);
}

/* ---- threads ---- */

static void *churn(void *arg)
{
	struct inbox *in = arg;
	static const struct caller who = {.uid = 7};
	struct inbox_info info;
	char name[32];
	size_t n = 0;

	for (int i = 0; i < 400; i++) {
		(void)snprintf(name, sizeof(name), "%d", i % 20);
		(void)create(in, &who, name);
		(void)add(in, &who, name, at("bytes"));
		(void)mv(in, &who, name, i % 3 ? "target" : "target~", false);
		(void)inbox_find(in, at(""), at("target"), &info);
		add_receipt(in, &who, name, "{\"1\"}\n");
		(void)inbox_list(in, &who, at(""), 0, count, &n);
		(void)inbox_unlink(in, &who, at(""), at("target~"));
	}
	return NULL;
}

static void threads_do_not_tread_on_each_other(void)
{
	INBOX_AUTO(in);
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, churn, in) == 0);
	for (int i = 0; i < 4; i++)
		(void)pthread_join(t[i], NULL);
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
	RUN(a_new_name_starts_a_new_receipt);
	RUN(a_receipt_in_a_lane_says_so);
	RUN(a_long_receipt_forgets_its_oldest_lines);
	RUN(receipts_of_a_uid_are_bounded);
	RUN(an_error_is_one_line_of_json);
	RUN(errors_are_bounded);
	RUN(a_place_is_there_until_it_is_removed);
	RUN(places_are_bounded_and_listed_in_pages);
	RUN(threads_do_not_tread_on_each_other);
	return tap_done();
}

/* What the inbox remembers beside names: receipts, errors, places; and threads. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "tests/unit/inbox.h"

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

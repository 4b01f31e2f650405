/* What is accepted, what is refused, what the receipts say, who ends a stream. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/sink.h"

/* ---- records ---- */

static void a_record_is_accepted_when_its_write_returns(void)
{
	struct sink *s = open_name("a");

	CHECK(put(s, "{\"subject\":\"A\",\"predicate\":\"p\",\"object\":96.7}") ==
		0);
	CHECK_TEXT(at(value_of("A")), "96.7\n");
	CHECK(strncmp(receipt("a"), "{\"status\":\"accepted\",\"id\":\"", 26) == 0);
	CHECK(strstr(receipt("a"), "\"object_kind\":\"number\"}\n"));
	CHECK(strncmp(log_of(INBOX_LAST_RECEIPT),
		      "{\"path\":\"inbox/a\",\"status\":\"accepted\"", 37) == 0);
	CHECK(strstr(read_back("a"), "96.7}"));
	CHECK(flush(s) == 0);
	sink_close(s);
}

static void the_same_again_is_a_duplicate(void)
{
	const char *text =
		"{\"subject\":\"D\",\"predicate\":\"p\",\"object\":true}\n";

	CHECK(echo(open_name("d"), text) == 0);
	CHECK(strstr(receipt("d"), "\"object_kind\":\"bool\""));
	CHECK(echo(open_name_as(&me, "d", false), text) == 0);
	CHECK(count(receipt("d"), "\n") == 2);
	CHECK(strstr(receipt("d"), "{\"status\":\"duplicate\",\"id\":\""));
	CHECK(echo(open_name("d"), text) == 0);
	CHECK(count(receipt("d"), "\n") == 1);
}

static void an_early_flush_and_blanks_are_fine(void)
{
	struct sink *s = open_name("e");

	CHECK(flush(s) == 0);
	CHECK(put(s, "\n \n") == 0);
	CHECK(flush(s) == 0);
	CHECK(put(s, "") == 0);
	CHECK(flush(s) == 0);
	sink_close(s);
	CHECK_TEXT(at(receipt("e")), "");
}

/* Does the text say "offset":n? */
static bool says_offset(const char *text, ptrdiff_t n)
{
	char want[40];

	(void)snprintf(want, sizeof(want), "\"offset\":%td", n);
	return strstr(text, want) != NULL;
}

/* Four records on a subject of their own, of which the third is bad. */
static void check_cut(size_t size)
{
	char subject[16], text[300];
	struct sink *s = open_name("m");
	int rc = 0;

	(void)snprintf(subject, sizeof(subject), "M%zu", size);
	(void)snprintf(text, sizeof(text),
		"{\"subject\":\"%s\",\"predicate\":\"p\",\"object\":1}\n"
		"{\"subject\":\"%s\",\"predicate\":\"p\",\n\"object\":\"two\"}"
		" {\"subject\":\"%s\",\"predicate\":\"p\",\"confidence\":1.5,"
		"\"object\":3}\n"
		"{\"subject\":\"%s\",\"predicate\":\"p\",\"object\":4}\n",
		subject, subject, subject, subject);
	for (size_t i = 0; rc == 0 && i < strlen(text); i += size)
		rc = put_bytes(s, slice_sub(at(text), i, size));
	CHECK(rc == -EINVAL);
	CHECK(put(s, "{}") == -EINVAL);
	CHECK(count(receipt("m"), "\n") == 3);
	CHECK(count(receipt("m"), "\"status\":\"refused\"") == 1);
	CHECK(strstr(receipt("m"), "\"record\":2,"));
	CHECK(says_offset(receipt("m"), strstr(text, "1.5") - text));
	CHECK(says_offset(log_of(INBOX_LAST_ERROR), strstr(text, "1.5") - text));
	CHECK(strstr(log_of(INBOX_LAST_ERROR), "\"path\":\"inbox/m\""));
	CHECK(flush(s) == 0);
	sink_close(s);
	CHECK(claims_on(subject) == 2);
}

static void what_is_bad_ends_the_stream_however_it_is_cut(void)
{
	for (size_t size = 1; size < 300; size += size < 4 ? 1 : 29)
		check_cut(size);
}

static void a_missing_brace_is_seen_in_the_write(void)
{
	struct sink *s = open_name("b");

	CHECK(put(s, "{\"subject\":\"B\",\"predicate\":\"p\",\"object\":1\n") ==
		-EINVAL);
	sink_close(s);
	CHECK(strstr(receipt("b"), "missing brace?"));
	CHECK(claims_on("B") == 0);
}

static void what_only_the_committer_knows_is_refused_in_order(void)
{
	static const char text[] =
		"{\"subject\":\"C\",\"predicate\":\"p\",\"object\":1}\n"
		"{\"vote\":\"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff\",\"weight\":1}\n"
		"{\"subject\":\"C\",\"predicate\":\"p\",\"object\":2}\n[]";
	struct sink *s = open_name("c");

	CHECK(put(s, text) == -EINVAL);
	sink_close(s);
	CHECK(claims_on("C") == 1);
	CHECK(count(receipt("c"), "\n") == 2);
	CHECK(strstr(receipt("c"), "\"record\":1,"));
	CHECK(says_offset(receipt("c"), strstr(text, "{\"vote") - text));
}

static void no_key_means_no_entry(void)
{
	struct caller other = {.uid = 4242, .pid = me.pid};
	struct sink *s = open_name_as(&other, "k", true);

	CHECK(put(s, "{\"subject\":\"K\",\"predicate\":\"p\",\"object\":1}\n") ==
		-EACCES);
	sink_close(s);
	CHECK(inbox_unlink(in, &other, at(""), at("k")) == 0);
}

/* ---- who ends a stream ---- */

static void only_the_opener_ends_the_stream(void)
{
	struct sink *s = open_name("o");
	pid_t child = fork();

	if (child == 0) {
		(void)pause();
		_exit(0);
	}
	CHECK(put(s, "{\"subject\":\"O\",\n\"predicate\":") == 0);
	CHECK(flush_as(s, child, 1) == 0);
	CHECK(put(s, "\"p\",\"object\":1}\n{") == 0);
	CHECK(claims_on("O") == 1);
	CHECK(flush(s) == -EINVAL);
	CHECK(strstr(receipt("o"), "\"record\":1,\"offset\":44"));
	CHECK(flush(s) == 0);
	CHECK(put(s, "{}") == -EINVAL);
	sink_close(s);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
}

static void the_lock_owner_decides_where_processes_cannot_be_told(void)
{
	struct sink *s = open_name("l");

	CHECK(put(s, "{") == 0);
	CHECK(flush_as(s, 0, 2) == 0);
	CHECK(flush_as(s, 0, 1) == -EINVAL);
	sink_close(s);
}

static void what_nobody_ended_is_noted(void)
{
	struct sink *s = open_name("w");

	CHECK(put(s, "  {\"subject\":") == 0);
	sink_close(s);
	CHECK(strstr(log_of(INBOX_LAST_ERROR), "left incomplete"));
	CHECK(strstr(log_of(INBOX_LAST_ERROR), "\"offset\":2"));
}

static void truncating_to_nothing_drops_what_is_incomplete(void)
{
	struct sink *s = open_name("t");

	CHECK(put(s, "{\"subject\":\"T") == 0);
	CHECK(inbox_truncate(in, &me, at(""), at("t"), 0) == 0);
	CHECK(put(s, "{\"subject\":\"T\",\"predicate\":\"p\",\"object\":1}\n") ==
		0);
	CHECK(put(s, "{") == 0);
	CHECK(inbox_truncate(in, &me, at(""), at("t"), 0) == 0);
	CHECK(flush(s) == 0);
	sink_close(s);
	CHECK(claims_on("T") == 1);
}

static void writers_that_share_a_name_do_not_mix(void)
{
	struct sink *one = open_name("s");
	struct sink *two;

	CHECK(put(one, "{\"subject\":\"W\",\n") == 0);
	two = open_name("s");
	CHECK(put(two, "{\"subject\":\"W\",\n") == 0);
	CHECK(put(one, "\"predicate\":\"p\",\"object\":1}\n") == 0);
	CHECK(put(two, "\"predicate\":\"p\",\"object\":2}\n") == 0);
	sink_close(one);
	sink_close(two);
	CHECK(claims_on("W") == 2);
	CHECK(count(receipt("s"), "accepted") == 2);
}

/* ---- scratch ---- */

static void scratch_is_inert_until_it_gets_a_normal_name(void)
{
	struct sink *s = open_name(".f.XYZ");

	CHECK(put(s, "{\"subject\":\"F\",\"predicate\":\"p\",") == 0);
	CHECK(put(s, "\"object\":{\"ref\":\"A\"}}\n") == 0);
	CHECK(flush(s) == 0);
	sink_close(s);
	CHECK(claims_on("F") == 0);
	CHECK(strstr(read_back(".f.XYZ"), "{\"ref\":\"A\"}}"));
	CHECK(mv(".f.XYZ", "f") == 0);
	CHECK(claims_on("F") == 1);
	CHECK(strstr(receipt("f"), "\"object_kind\":\"ref\""));
	CHECK(strstr(read_back("f"), "{\"ref\":\"A\"}}"));
	CHECK_TEXT(at(read_back(".f.XYZ")), "");
}

static void a_rename_that_is_refused_leaves_the_scratch_name(void)
{
	CHECK(echo(open_name("g"),
		      "{\"subject\":\"G\",\"predicate\":\"p\",\"object\":1}") == 0);
	CHECK(echo(open_name("g~"), "{\"subject\":\"G\"") == 0);
	CHECK(mv("g~", "g") == -EINVAL);
	CHECK_TEXT(at(read_back("g~")), "{\"subject\":\"G\"");
	CHECK(strstr(read_back("g"), "\"object\":1"));
	CHECK(strstr(receipt("g"), "{\"status\":\"refused\""));
	CHECK(strstr(log_of(INBOX_LAST_ERROR), "\"path\":\"inbox/g\""));
}

int main(void)
{
	char dir[] = SINK_DIR;

	if (sinks_start(dir) < 0)
		return 1;
	RUN(a_record_is_accepted_when_its_write_returns);
	RUN(the_same_again_is_a_duplicate);
	RUN(an_early_flush_and_blanks_are_fine);
	RUN(what_is_bad_ends_the_stream_however_it_is_cut);
	RUN(a_missing_brace_is_seen_in_the_write);
	RUN(what_only_the_committer_knows_is_refused_in_order);
	RUN(no_key_means_no_entry);
	RUN(only_the_opener_ends_the_stream);
	RUN(the_lock_owner_decides_where_processes_cannot_be_told);
	RUN(what_nobody_ended_is_noted);
	RUN(truncating_to_nothing_drops_what_is_incomplete);
	RUN(writers_that_share_a_name_do_not_mix);
	RUN(scratch_is_inert_until_it_gets_a_normal_name);
	RUN(a_rename_that_is_refused_leaves_the_scratch_name);
	return sinks_stop(dir);
}

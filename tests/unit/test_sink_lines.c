/* Lines on a pair: values and votes. */
#include <errno.h>

#include "tests/unit/sink.h"

/* ---- assert ---- */

static void each_line_of_assert_is_a_value(void)
{
	CHECK(echo(open_pair(SINK_VALUES, "V1"), "96.70\n") == 0);
	CHECK_TEXT(at(value_of("V1")), "96.7\n");
	CHECK(echo(open_pair(SINK_VALUES, "V2"), "some text") == 0);
	CHECK_TEXT(at(value_of("V2")), "some text\n");
	CHECK(echo(open_pair(SINK_VALUES, "V3"), "{\"ref\":\"A\"}\n") == 0);
	CHECK(strstr(log_of(INBOX_LAST_RECEIPT), "\"object_kind\":\"ref\""));
	CHECK(echo(open_pair(SINK_VALUES, "V4"),
		      " {\"object\":\"x\",\"confidence\":0.9}\r\n\n") == 0);
	CHECK_TEXT(at(value_of("V4")), "x\n");
	CHECK(echo(open_pair(SINK_VALUES, "V5"), "1\n2\n3\n") == 0);
	CHECK(claims_on("V5") == 3);
	CHECK(echo(open_pair(SINK_VALUES, "V\"6"),
		      "{\"subject\":\"V\\\"6\",\"object\":1}\n") == 0);
	CHECK(claims_on("V\"6") == 1);
}

static void a_bad_value_says_where(void)
{
	static const struct {
		const char *line;
		const char *says;
	} table[] = {
		{"007\n", "\"offset\":0"},
		{"1\n  007\n", "\"offset\":4"},
		{"1\n {\"object\":1,\"confidence\":7}\n", "\"offset\":28"},
		{"{\"object\":1,\n\"confidence\":1}\n", "\"offset\":12"},
		{"{\"object\":1,\"subject\":\"Other\"}\n", "the subject is Other"},
		{"{\"object\":1,\"predicate\":\"q\"}\n", "the predicate is q"},
		{"{\"vote\":\"\"}\n", "vote"},
		{"{}\n", "no key"},
		{"\xef\xbb\xbf"
		 "1\n",
			"byte-order mark"},
		{"null\n", "quote"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CHECK(echo(open_pair(SINK_VALUES, "Bad"), table[i].line) ==
			-EINVAL);
		CHECK(strstr(log_of(INBOX_LAST_ERROR), table[i].says));
		if (!strstr(log_of(INBOX_LAST_ERROR), table[i].says))
			printf("# %s# %s", table[i].line, log_of(INBOX_LAST_ERROR));
	}
}

static void a_last_line_ends_with_its_stream(void)
{
	struct sink *s = open_pair(SINK_VALUES, "Last");

	CHECK(put(s, "no new") == 0);
	CHECK(put(s, "line") == 0);
	CHECK(claims_on("Last") == 0);
	CHECK(flush(s) == 0);
	CHECK_TEXT(at(value_of("Last")), "no newline\n");
	CHECK(flush(s) == 0);
	sink_close(s);
	CHECK(echo(open_pair(SINK_VALUES, "Last"), "+359") == -EINVAL);
}

/* ---- vote ---- */

static void claim_id(const char *subject, uint32_t which, char *hex)
{
	SNAP_AUTO(snap);
	ARENA_AUTO(a);
	struct candidates c = {0};

	hex[0] = '\0';
	if (store_snap(store, &snap) == 0)
		(void)pair_load(snap, at(subject), at("p"), &a, &c);
	if (which < c.claim_count)
		hex_print(c.claims[which].id.b, ID_SIZE, hex);
}

static void a_vote_names_a_claim_or_a_value(void)
{
	char hex[ID_HEX + 1], line[200];

	CHECK(echo(open_pair(SINK_VALUES, "Vote"), "EUR\nNew York\n") == 0);
	claim_id("Vote", 0, hex);
	(void)snprintf(line, sizeof(line), "%s 0.8\n", hex);
	CHECK(echo(open_pair(SINK_VOTES, "Vote"), line) == 0);
	CHECK(strstr(log_of(INBOX_LAST_RECEIPT), "\"kind\":\"vote\"}"));
	(void)snprintf(line, sizeof(line), "%.10s -1", hex);
	CHECK(echo(open_pair(SINK_VOTES, "Vote"), line) == 0);
	CHECK(echo(open_pair(SINK_VOTES, "Vote"), "=New York  +1\n=EUR -1\n") == 0);
	CHECK_TEXT(at(value_of("Vote")), "New York\n");
	(void)snprintf(line, sizeof(line), "{\"vote\":\"%s\",\"weight\":0}\n", hex);
	CHECK(echo(open_pair(SINK_VOTES, "Vote"), line) == 0);
}

static void a_bad_vote_says_why(void)
{
	static const struct {
		const char *line;
		const char *says;
	} table[] = {
		{"=BGN 1\n", "\\\"EUR\\\""},
		{"=BGN 1\n", "nobody claims this value"},
		{"=EUR\n", "the weight is missing"},
		{"=EUR 1.5\n", "1.5 is no weight"},
		{"=EUR much\n", "much is no weight"},
		{"=EUR 1.5\n", "\"offset\":5"},
		{"= 1\n", "blank"},
		{"abc 1\n", "no id"},
		{"0123456789 1\n", "no claim here"},
		{"{\"subject\":\"Bad\",\"predicate\":\"p\",\"object\":1}\n",
			"only votes"},
	};
	char hex[ID_HEX + 1], line[200];

	CHECK(echo(open_pair(SINK_VALUES, "Bad"), "EUR\n") == 0);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CHECK(echo(open_pair(SINK_VOTES, "Bad"), table[i].line) == -EINVAL);
		CHECK(strstr(log_of(INBOX_LAST_ERROR), table[i].says));
		if (!strstr(log_of(INBOX_LAST_ERROR), table[i].says))
			printf("# %s# %s", table[i].line, log_of(INBOX_LAST_ERROR));
	}
	CHECK(echo(open_pair(SINK_VALUES, "A"), "96.7\n") == 0);
	claim_id("A", 0, hex);
	(void)snprintf(line, sizeof(line), "%s 1\n", hex);
	CHECK(echo(open_pair(SINK_VOTES, "Bad"), line) == -EINVAL);
	(void)snprintf(line, sizeof(line), "{\"vote\":\"%s\",\"weight\":1}\n", hex);
	CHECK(echo(open_pair(SINK_VOTES, "Bad"), line) == -EINVAL);
	CHECK(strstr(log_of(INBOX_LAST_ERROR), "no claim here"));
	CHECK(echo(open_pair(SINK_VOTES, "Nobody"), "=EUR 1\n") == -EINVAL);
}

int main(void)
{
	char dir[] = SINK_DIR;

	if (sinks_start(dir) < 0)
		return 1;
	RUN(each_line_of_assert_is_a_value);
	RUN(a_bad_value_says_where);
	RUN(a_last_line_ends_with_its_stream);
	RUN(a_vote_names_a_claim_or_a_value);
	RUN(a_bad_vote_says_why);
	return sinks_stop(dir);
}

#include <errno.h>

#include "core/json.h"
#include "tests/unit/tap.h"

/* Scan one value in pieces of `step` bytes; the result and how much was used. */
static int scan(const char *text, size_t step, size_t *used, struct error *err)
{
	struct json_scan s = {0};
	struct slice in = slice_str(text);
	int rc = JSON_MORE;

	*used = 0;
	while (*used < in.n && rc == JSON_MORE) {
		size_t n = 0;

		rc = json_scan(&s, slice_sub(in, *used, step), &n, err);
		*used += n;
	}
	return rc;
}

static void a_value_ends_where_it_ends(void)
{
	static const struct {
		const char *text;
		size_t used;
	} cases[] = {
		{"{}", 2},
		{"[]x", 2},
		{"{\"a\":1} {\"b\":2}", 7},
		{"\"a\\\"b\"c", 6},
		{"true,", 4},
		{"false", 5},
		{"null\n", 4},
		{"1 ", 1},
		{"-0.5e+10,", 8},
		{"12]", 2},
		{"1.5\n2", 3},
		{"{\"a\":[1,2,{\"b\":null}]}", 22},
		{"\"\xe2\x82\xac\"", 5},
		{"\"\\ud83d\\ude00\"", 14},
		{"[ 1 , 2 ]", 9},
		{"{ \"a\" : 1 }", 11},
		{"0}", 1},
		{"\"\\u0001\\b\\f\\n\\r\\t\\/\"", 20},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t step = 1; step < 12; step++) {
			size_t used;

			CHECK(scan(cases[i].text, step, &used, NULL) ==
				JSON_COMPLETE);
			CHECK(used == cases[i].used);
		}
}

static void an_unfinished_value_wants_more(void)
{
	static const char *const cases[] = {"{", "[", "\"", "{\"a\"",
		"{\"a\":", "[1,", "tru", "12", "-", "1.", "1e", "\"\\", "\"\\u00",
		"\"\xe2\x82", "\"\\ud800", "[[[[[[[["};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t used;

		CHECK(scan(cases[i], 3, &used, NULL) == JSON_MORE);
		CHECK(used == strlen(cases[i]));
	}
}

/* What is refused, and at which byte, whatever pieces it comes in. */
static const struct {
	const char *text;
	int64_t offset;
} refused[] = {
	{"\xef\xbb\xbf{}", 0},
	{"}", 0},
	{"NaN", 0},
	{"Infinity", 0},
	{"-Infinity", 0},
	{"[nul]", 4},
	{"True", 0},
	{"'a'", 0},
	{"+1", 0},
	{".5", 0},
	{"-x", 1},
	{"007", 0},
	{"[01]", 1},
	{"1.x", 2},
	{"1ex", 2},
	{"1e+x", 3},
	{"[1,]", 3},
	{"{\"a\":1,}", 7},
	{"{,}", 1},
	{"{a:1}", 1},
	{"{\"a\" 1}", 5},
	{"{\"a\":}", 5},
	{"{\"a\":1 \"b\"}", 7},
	{"[1 2]", 3},
	{"[1}", 2},
	{"{\"a\":1]", 6},
	{"\"\x01\"", 1},
	{"\"a\nb\"", 2},
	{"\"\\x\"", 2},
	{"\"\\u00g0\"", 5},
	{"\"\\u0000\"", 1},
	{"\"\\ud800\"", 1},
	{"\"\\ud800x\"", 1},
	{"\"\\ud800\\n\"", 1},
	{"\"\\ud800\\ud800\"", 1},
	{"\"\\udc00\"", 1},
	{"\"a\x80\"", 2},
	{"\"\xc0\x80\"", 1},
	{"\"\xed\xa0\x80\"", 1},
	{"\"ab\xe2\x82\"", 3},
	{"\"\xf5\"", 1},
	{"[[[[[[[[[", 8},
	{"/* */1", 0},
	{"#", 0},
};

static void malformed_text_is_refused_at_its_byte(void)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		for (size_t step = 1; step < 9; step++) {
			struct error err = {0};
			size_t used;
			int rc = scan(refused[i].text, step, &used, &err);

			CHECK(rc == -EINVAL && err.code == EINVAL);
			CHECK(err.offset == refused[i].offset);
			CHECK(err.message[0] != '\0');
			if (rc != -EINVAL || err.offset != refused[i].offset)
				printf("# case \"%s\": %d at %lld\n",
					refused[i].text, rc, (long long)err.offset);
		}
}

static void a_scan_that_ended_stays_ended(void)
{
	struct json_scan s = {0};
	size_t used = 9;

	CHECK(json_scan(&s, slice_str("{}"), &used, NULL) == JSON_COMPLETE &&
		used == 2);
	CHECK(json_scan(&s, slice_str("{}"), &used, NULL) == JSON_COMPLETE &&
		used == 0);
}

static int parse(const char *text, struct error *err)
{
	JSON_AUTO(doc);

	return json_parse(slice_str(text), &doc, err);
}

static void a_tree_remembers_where_everything_stood(void)
{
	static const char text[] = " { \"a\" : [ 1.50 , \"x\\\"y\" , [] , { } ] "
				   ",\n\"b\":-0,\"c\":{\"d\":null}}";
	JSON_AUTO(doc);
	cJSON *a, *b, *c;

	CHECK(json_parse(slice_str(text), &doc, NULL) == 0);
	a = cJSON_GetObjectItemCaseSensitive(doc.root, "a");
	b = cJSON_GetObjectItemCaseSensitive(doc.root, "b");
	c = cJSON_GetObjectItemCaseSensitive(doc.root, "c");
	CHECK(json_offset(&doc, doc.root) == 1);
	CHECK(json_source(&doc, doc.root).n == sizeof(text) - 2);
	CHECK(json_offset(&doc, a) == 3);
	CHECK_TEXT(json_source(&doc, a), "[ 1.50 , \"x\\\"y\" , [] , { } ]");
	CHECK_TEXT(json_source(&doc, cJSON_GetArrayItem(a, 0)), "1.50");
	CHECK_TEXT(json_source(&doc, cJSON_GetArrayItem(a, 1)), "\"x\\\"y\"");
	CHECK_TEXT(json_source(&doc, cJSON_GetArrayItem(a, 2)), "[]");
	CHECK_TEXT(json_source(&doc, cJSON_GetArrayItem(a, 3)), "{ }");
	CHECK_TEXT(json_source(&doc, b), "-0");
	CHECK_TEXT(json_source(&doc, c->child), "null");
	CHECK(text[json_offset(&doc, c->child) + 1] == 'd');
}

static void numbers_keep_their_text_at_any_length(void)
{
	static const char text[] =
		"[1e5,0.0000000000000000000000000000000000000000000000000000"
		"00000000000000000000000000000000000000001, \"123\"]";
	JSON_AUTO(doc);

	CHECK(json_parse(slice_str(text), &doc, NULL) == 0);
	CHECK(doc.count == 4);
	CHECK_TEXT(json_source(&doc, doc.root->child), "1e5");
	CHECK(json_source(&doc, doc.root->child->next).n == 95);
	CHECK(strcmp(doc.root->child->next->next->valuestring, "123") == 0);
}

static void exactly_one_value_is_taken(void)
{
	struct error err;

	CHECK(parse("1", NULL) == 0);
	CHECK(parse(" \t\r\n[1]\n", NULL) == 0);
	CHECK(parse("", &err) == -EINVAL && err.offset == 0);
	CHECK(parse(" \n", &err) == -EINVAL);
	CHECK(parse(" {} x", &err) == -EINVAL && err.offset == 4);
	CHECK(parse("1 2", &err) == -EINVAL && err.offset == 2);
	CHECK(parse("  {\"a\":", &err) == -EINVAL && err.offset == 7);
	CHECK(parse(" [1", &err) == -EINVAL && err.offset == 3);
	CHECK(parse("-", &err) == -EINVAL);
	CHECK(parse("1.", &err) == -EINVAL);
	CHECK(parse("tru", &err) == -EINVAL);
	CHECK(parse("  [1,]", &err) == -EINVAL && err.offset == 5);
}

static void a_repeated_key_is_found_at_its_second_place(void)
{
	struct error err;

	CHECK(parse("{\"a\":1,\"b\":2,\"a\":3}", &err) == -EINVAL &&
		err.offset == 13);
	CHECK(strstr(err.message, "\"a\"") != NULL);
	CHECK(parse("{\"x\":[{\"b\":1,\"b\":2}]}", &err) == -EINVAL &&
		err.offset == 13);
	/* Spelt differently, it is still the same key. */
	CHECK(parse("{\"a\":1,\"\\u0061\":2}", &err) == -EINVAL && err.offset == 7);
	CHECK(parse("{\"a\":{\"a\":1},\"b\":{\"a\":1}}", &err) == 0);
	CHECK(parse("{\"a\":1,\"A\":2}", &err) == 0);
	CHECK(parse("{\"\":1,\"\":2}", &err) == -EINVAL && err.offset == 6);
}

static void repeated_keys_are_found_among_many(void)
{
	BUF_AUTO(b);
	JSON_AUTO(doc);
	struct error err;
	struct slice s;
	size_t second;

	buf_str(&b, "{");
	for (int i = 0; i < 5000; i++)
		buf_printf(&b, "\"k%d\":%d,", i * 7919 % 5000, i);
	second = b.n;
	buf_str(&b, "\"k17\":0,\"k3\":0}");
	CHECK(buf_view(&b, &s) == 0);
	CHECK(json_parse(s, &doc, &err) == -EINVAL);
	CHECK(err.offset == (int64_t)second);
}

static void the_key_is_named_where_the_value_is_no_json(void)
{
	struct error err;

	CHECK(parse("{\"a\":1,\"confidence\":NaN}", &err) == -EINVAL &&
		err.offset == 20);
	CHECK(strstr(err.message, "\"confidence\"") == err.message);
	CHECK(err.hint[0] != '\0');
	CHECK(parse("{\"note\":\"caf\xe9\"}", &err) == -EINVAL && err.offset == 12);
	CHECK(strstr(err.message, "\"note\"") == err.message);
}

static void depth_ends_at_eight(void)
{
	struct error err;

	CHECK(parse("[[[[[[[[1]]]]]]]]", NULL) == 0);
	CHECK(parse("[[[[[[[[[1]]]]]]]]]", &err) == -EINVAL && err.offset == 8);
	CHECK(parse("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}"
		    "}}}",
		      NULL) == 0);
}

static void what_is_printed_can_be_shown_on_a_terminal(void)
{
	BUF_AUTO(b);
	struct slice s;

	json_print_string(slice_str("a\"\\\b\t\n\v\f\r\x1b\x7f\xc2\x9b\xe2\x80\xae"
				    "\xf3\xa0\x80\xa0"
				    "\xe2\x82\xac\xf0\x9f\x98\x80/"),
		&b);
	CHECK(buf_view(&b, &s) == 0);
	CHECK_TEXT(s,
		"\"a\\\"\\\\\\b\\t\\n\\u000b\\f\\r\\u001b\\u007f\\u009b\\u202e"
		"\\udb40\\udc20\xe2\x82\xac\xf0\x9f\x98\x80/\"");
}

static void keys_bring_their_commas(void)
{
	BUF_AUTO(b);
	struct slice s;

	buf_str(&b, "{");
	json_print_key("a", &b);
	buf_str(&b, "{");
	json_print_key("b", &b);
	buf_str(&b, "1}");
	json_print_key("c", &b);
	CHECK(buf_view(&b, &s) == 0);
	CHECK_TEXT(s, "{\"a\":{\"b\":1},\"c\":");
}

int main(void)
{
	RUN(a_value_ends_where_it_ends);
	RUN(an_unfinished_value_wants_more);
	RUN(malformed_text_is_refused_at_its_byte);
	RUN(a_scan_that_ended_stays_ended);
	RUN(a_tree_remembers_where_everything_stood);
	RUN(numbers_keep_their_text_at_any_length);
	RUN(exactly_one_value_is_taken);
	RUN(a_repeated_key_is_found_at_its_second_place);
	RUN(repeated_keys_are_found_among_many);
	RUN(the_key_is_named_where_the_value_is_no_json);
	RUN(depth_ends_at_eight);
	RUN(what_is_printed_can_be_shown_on_a_terminal);
	RUN(keys_bring_their_commas);
	return tap_done();
}

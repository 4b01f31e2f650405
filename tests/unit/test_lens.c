#include "tests/unit/saying.h"

#include <errno.h>

#include "core/json.h"
#include "tests/unit/tap.h"

static void the_registry_has_every_lens_by_name(void)
{
	for (size_t i = 0; lenses[i]; i++) {
		CHECK(lens_find(slice_str(lenses[i]->name)) == lenses[i]);
		CHECK(i == 0 || strcmp(lenses[i - 1]->name, lenses[i]->name) < 0);
	}
	CHECK(lens_find(slice_str("consensus")) && lens_find(slice_str("skeptic")));
	CHECK(!lens_find(slice_str("print")) && !lens_find(slice_str("")));
}

static void the_first_vector_of_the_contract_holds(void)
{
	pair_start(&pair);
	say('A', 'i', OBJECT_NUMBER, "96.7", -1, 0);
	CHECK(strcmp(file("consensus"),
		      "{\"subject\":\"Sun\",\"predicate\":\"is\",\"object\":96.7,"
		      "\"confidence\":0.333333,\"lens\":\"consensus\","
		      "\"status\":\"single\",\"conflict\":0,\"share\":1,"
		      "\"candidates\":1,"
		      "\"agents\":1,\"id\":"
		      "\"6969696969696969696969696969696969696969696969"
		      "696969696969696969\",\"signers\":["
		      "\"4100000000000000000000000000000"
		      "000000000000000000000000000000000\"],\"timestamp\":\"2026-"
		      "01-01T00:"
		      "00:00Z\",\"lifecycle\":\"proposed\"}\n") == 0);
	CHECK(strcmp(file("value/consensus"), "96.7\n") == 0);
}

static void a_pair_without_claims_has_no_value(void)
{
	pair_start(&pair);
	for (size_t i = 0; lenses[i]; i++) {
		char name[32];

		CHECK(has(lenses[i]->name, "\"status\":\"none\",\"conflict\":0,"
					   "\"candidates\":0,\"agents\":0"));
		(void)snprintf(name, sizeof(name), "value/%s", lenses[i]->name);
		CHECK(strcmp(file(name), "") == 0);
	}
	CHECK(has("skeptic", "\"clusters\":[]}"));
}

static void all_optional_fields_come_in_their_order(void)
{
	struct record *r;

	pair_start(&pair);
	r = say('A', 'i', OBJECT_REF, "Star", 750000, 1);
	r->has |= HAS_SOURCE | HAS_EPOCH;
	r->source = slice_str("https://a");
	of_class(CLASS_CLINICAL);
	last_said()->lifecycle = LIFECYCLE_APPROVED;
	CHECK(has("recency", "\"object\":{\"ref\":\"Star\"}"));
	CHECK(has("recency", "\"claim_confidence\":0.75,\"signers\":["));
	CHECK(has("recency",
		"\"timestamp\":\"2026-01-01T00:00:01Z\",\"source\":\"https://a\","
		"\"source_class\":\"clinical\",\"lifecycle\":\"approved\","
		"\"epoch\":"
		"\"00000"));
	CHECK(strcmp(file("value/recency"), "Star\n") == 0);
	CHECK(has("claims.jsonl", "{\"id\":\"69696969"));
	CHECK(has("claims.jsonl", "\"signers\":[\"41"));
}

static void what_counts_is_shown_and_what_was_declared(void)
{
	struct record *r;

	pair_start(&pair);
	r = say('A', 'i', OBJECT_TEXT, "x", -1, 1);
	r->lifecycle = LIFECYCLE_APPROVED;
	of_class(CLASS_REGULATORY);
	last_said()->source_class = CLASS_ANECDOTAL;
	CHECK(has("consensus",
		"\"source_class\":\"anecdotal\",\"declared\":\"regulatory\","
		"\"lifecycle\":\"proposed\"}"));
	CHECK(has("why/consensus",
		"\"source_class\":\"anecdotal\",\"declared\":\"regulatory\","
		"\"lifecycle\":\"proposed\"}"));
	CHECK(has("claims.jsonl", "\"source_class\":\"regulatory\""));
}

static void recency_prefers_new_then_stated_then_sure_then_small(void)
{
	pair_start(&pair);
	say('A', 'd', OBJECT_TEXT, "old", 1000000, 0);
	say('A', 'a', OBJECT_TEXT, "unstated", -1, 9);
	say('A', 'c', OBJECT_TEXT, "stated", 100000, 9);
	CHECK(strcmp(file("value/recency"), "stated\n") == 0);
	CHECK(has("why/recency", "equal timestamps: stated confidence"));
	pair_start(&pair);
	say('A', 'd', OBJECT_TEXT, "larger", 200000, 9);
	say('B', 'b', OBJECT_TEXT, "smaller", 200000, 9);
	say('C', 'a', OBJECT_TEXT, "less sure", 100000, 9);
	CHECK(strcmp(file("value/recency"), "smaller\n") == 0);
}

static void why_lists_claims_in_the_order_of_the_lens(void)
{
	pair_start(&pair);
	say('A', 'a', OBJECT_TEXT, "strong", 1000000, 0);
	say('B', 'b', OBJECT_TEXT, "new", 100000, 1);
	CHECK(has("why/consensus", "\"candidates\":[\n  {\"id\":\"6161"));
	CHECK(has("why/recency", "\"candidates\":[\n  {\"id\":\"6262"));
}

static void confidence_prefers_sure_then_stated_then_new(void)
{
	pair_start(&pair);
	say('A', 'a', OBJECT_TEXT, "unstated", -1, 9);
	say('A', 'b', OBJECT_TEXT, "stated", 500000, 1);
	say('A', 'c', OBJECT_TEXT, "newer", 500000, 2);
	CHECK(strcmp(file("value/confidence"), "newer\n") == 0);
	CHECK(has("why/confidence", "newest, then smallest id"));
}

static void strangers_are_heard_where_no_member_speaks(void)
{
	pair_start(&pair);
	say('x', 'a', OBJECT_TEXT, "many", 1000000, 0);
	say('y', 'b', OBJECT_TEXT, "many", 1000000, 0);
	say('z', 'c', OBJECT_TEXT, "few", 500000, 0);
	CHECK(has("consensus", "\"confidence\":0.038095"));
	CHECK(has("why/consensus", "greatest support, all of strangers"));
	pair_start(&pair);
	say('x', 'a', OBJECT_TEXT, "many", 1000000, 0);
	say('y', 'b', OBJECT_TEXT, "many", 1000000, 0);
	say('M', 'c', OBJECT_TEXT, "few", 100, 0);
	CHECK(strcmp(file("value/consensus"), "few\n") == 0);
}

static void skeptic_has_no_answer_while_it_is_contested(void)
{
	pair_start(&pair);
	say('A', 'a', OBJECT_NUMBER, "3", 1000000, 0);
	say('B', 'b', OBJECT_NUMBER, "-5", 600000, 0);
	say('C', 'c', OBJECT_NUMBER, "1e21", 400000, 0);
	CHECK(strcmp(file("value/skeptic"), "") == 0);
	CHECK(strcmp(file("value/consensus"), "3\n") == 0);
	CHECK(has("skeptic", "\"status\":\"contested\""));
	CHECK(has("skeptic",
		"\"agents\":3,\"clusters\":[{\"object\":3,\"share\":0.5,"
		"\"agents\":1,\"claims\":1},"));
	CHECK(has(
		"skeptic", "\"spread\":{\"min\":-5,\"median\":3,\"max\":1e21}}\n"));
	CHECK(has("why/skeptic", "\"rule\":\"contested\""));
}

static void the_sixteen_strongest_are_listed_and_the_rest_counted(void)
{
	static char objects[20][16];

	pair_start(&pair);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(objects[i], sizeof(objects[i]), "v%d", i);
		say((char)('A' + i), (char)('A' + i), OBJECT_TEXT, objects[i],
			100000 + i, i);
	}
	CHECK(has("skeptic", "],\"more\":4}"));
	CHECK(has("why/consensus", "\"more\":4,"));
	CHECK(has("why/consensus", "\"more_candidates\":4}"));
	CHECK(!strstr(file("why/consensus"), "\"v3\""));
	CHECK(has("why/consensus", "\"v4\""));
}

static void why_is_json_with_a_row_per_line(void)
{
	struct json_doc doc = {0};
	const char *text;

	pair_start(&pair);
	say('A', 'a', OBJECT_TEXT, "two\nlines", 1000000, 0);
	say('b', 'b', OBJECT_TEXT, "other", 1000000, 0);
	vote('C', 'c', 'a', -1000000);
	text = file("why/consensus");
	CHECK(json_parse(slice_str(text), &doc, NULL) == 0);
	json_free(&doc);
	CHECK(has("why/consensus",
		"\n  {\"object\":\"two\\nlines\",\"support\":0,"
		"\"strangers\":0,\"share\":0,\"for\":0,\"against\":0,"
		"\"agents\":1,\"claims\":1,\"leader\":\"6161"));
	CHECK(has("why/consensus",
		"\"own_word\":0,\"strangers\":0.01,\"agents\":1,"));
	CHECK(has("why/consensus", "\"counted\":\"strangers\""));
}

static void near_pairs_are_marked(void)
{
	static const struct {
		uint8_t kind, other_kind;
		const char *object, *other;
		bool near;
	} cases[] = {
		{OBJECT_NUMBER, OBJECT_NUMBER, "1000", "999", true},
		{OBJECT_NUMBER, OBJECT_NUMBER, "1000", "998.9999999999999999999",
			false},
		{OBJECT_NUMBER, OBJECT_NUMBER, "-1000", "-999.5", true},
		{OBJECT_NUMBER, OBJECT_NUMBER, "1000", "-1000", false},
		{OBJECT_NUMBER, OBJECT_NUMBER, "0", "1e-999", false},
		{OBJECT_NUMBER, OBJECT_NUMBER, "0.0000999", "0.0001", true},
		{OBJECT_NUMBER, OBJECT_NUMBER, "0.0000998", "0.0001", false},
		{OBJECT_NUMBER, OBJECT_NUMBER, "9.999999999e998", "1e999", true},
		{OBJECT_NUMBER, OBJECT_NUMBER, "1e998", "1e999", false},
		{OBJECT_NUMBER, OBJECT_NUMBER, "1e21", "1e31", false},
		{OBJECT_NUMBER, OBJECT_NUMBER,
			"999999999999999999999.9999999999999",
			"999999999999999999999", true},
		{OBJECT_NUMBER, OBJECT_NUMBER, "1e-9", "1.001e-9", true},
		{OBJECT_NUMBER, OBJECT_NUMBER, "1e-9", "1.002e-9", false},
		{OBJECT_TEXT, OBJECT_TEXT, "Paris", "paris", true},
		{OBJECT_TEXT, OBJECT_TEXT, "Paris", "Pariss", false},
		{OBJECT_TEXT, OBJECT_TEXT, "É", "é", false},
		{OBJECT_TEXT, OBJECT_TEXT, "a[", "a{", false},
		{OBJECT_TEXT, OBJECT_REF, "Paris", "Paris", true},
		{OBJECT_TEXT, OBJECT_NUMBER, "1", "1", false},
		{OBJECT_TEXT, OBJECT_BOOL, "true", "true", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool marked;

		pair_start(&pair);
		say('A', 'a', cases[i].kind, cases[i].object, -1, 0);
		say('B', 'b', cases[i].other_kind, cases[i].other, -1, 0);
		marked = strstr(file("why/recency"), "\"near\":[\"6161") &&
			 strstr(file("why/recency"), "\"near\":[\"6262");
		if (marked != cases[i].near)
			printf("# %s, %s\n", cases[i].object, cases[i].other);
		CHECK(marked == cases[i].near);
	}
}

static void a_body_that_cannot_be_read_ends_the_file(void)
{
	pair_start(&pair);
	say('A', 'a', OBJECT_TEXT, "x", -1, 0);
	say('B', 'b', OBJECT_TEXT, "y", -1, 0);
	pair.broken = -EIO;
	CHECK(strcmp(file("consensus"), strerror(EIO)) == 0);
	CHECK(strcmp(file("skeptic"), strerror(EIO)) == 0);
	CHECK(strcmp(file("why/skeptic"), strerror(EIO)) == 0);
}

int main(void)
{
	RUN(the_registry_has_every_lens_by_name);
	RUN(the_first_vector_of_the_contract_holds);
	RUN(a_pair_without_claims_has_no_value);
	RUN(all_optional_fields_come_in_their_order);
	RUN(what_counts_is_shown_and_what_was_declared);
	RUN(recency_prefers_new_then_stated_then_sure_then_small);
	RUN(why_lists_claims_in_the_order_of_the_lens);
	RUN(confidence_prefers_sure_then_stated_then_new);
	RUN(strangers_are_heard_where_no_member_speaks);
	RUN(skeptic_has_no_answer_while_it_is_contested);
	RUN(the_sixteen_strongest_are_listed_and_the_rest_counted);
	RUN(why_is_json_with_a_row_per_line);
	RUN(near_pairs_are_marked);
	RUN(a_body_that_cannot_be_read_ends_the_file);
	arena_free(&pair.arena);
	return tap_done();
}

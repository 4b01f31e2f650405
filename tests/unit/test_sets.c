/* Predicates that hold many values, and what each lens says of them. */
#include "core/sets.h"

#include "core/json.h"
#include "tests/unit/saying.h"
#include "tests/unit/tap.h"

static void start(void)
{
	pair_start(&pair);
	pair.in.set = true;
}

static void the_name_of_a_predicate_makes_it_a_set(void)
{
	static const struct {
		const char *name;
		bool set;
	} cases[] = {
		{"tags[]", true},
		{"[]", true},
		{"must_use:", true},
		{"must_use:crypto", true},
		{"forbidden:x", true},
		{"prefer:x", true},
		{"tags", false},
		{"tags[]s", false},
		{"]", false},
		{"", false},
		{"must_use", false},
		{"a must_use:x", false},
		{"Prefer:x", false},
		{"prefer", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		CHECK(predicate_is_set(slice_str(cases[i].name)) == cases[i].set);
}

static void whoever_asserts_two_values_means_both(void)
{
	start();
	say('A', 'a', OBJECT_TEXT, "x", -1, 0);
	say('A', 'b', OBJECT_TEXT, "y", 800000, 1);
	CHECK(is("value/consensus", "y\nx\n"));
	CHECK(is("consensus",
		"{\"subject\":\"Sun\",\"predicate\":\"is\",\"objects\":[\"y\","
		"\"x\"],"
		"\"lens\":\"consensus\",\"status\":\"single\",\"conflict\":0,"
		"\"candidates\":2,\"agents\":1}\n"));
}

static void each_of_thirty_values_has_the_whole_budget(void)
{
	static char objects[30][8];

	start();
	for (int i = 0; i < 30; i++) {
		(void)snprintf(objects[i], sizeof(objects[i]), "v%d", i);
		say('A', 1000 + i, OBJECT_TEXT, objects[i], 1000000, i);
	}
	CHECK(strncmp(file("value/consensus"), "v29\nv28\n", 8) == 0);
	CHECK(has("value/consensus", "\nv1\nv0\n"));
	CHECK(pair.tally.total[MEMBERS] == 30 * 500000 && pair.tally.agents == 1);
	CHECK(pair.tally.conflict == 0 && pair.tally.status == STATUS_SINGLE);
}

static void a_value_is_held_while_more_is_for_it_than_against(void)
{
	start();
	say('A', 'a', OBJECT_TEXT, "even", 800000, 0);
	vote('B', 'v', 'a', -800000);
	say('A', 'b', OBJECT_TEXT, "for", 1000000, 0);
	vote('B', 'w', 'b', -999998);
	CHECK(is("value/consensus", "for\n"));
	CHECK(has("consensus", "\"status\":\"agreed\",\"conflict\":0,"));
	CHECK(has("why/consensus",
		"\"rule\":\"a set: every object with more for than against it\""));
	CHECK(has("why/consensus",
		"{\"object\":\"even\",\"support\":0,\"strangers\":0,\"held\":false,"
		"\"for\":0.4,\"against\":0.4,"));
	CHECK(has("why/consensus", "\"held\":true,\"for\":0.5,"));
	CHECK(!strstr(file("why/consensus"), "\"winner\""));
}

static void where_nothing_is_held_there_is_no_value(void)
{
	start();
	say('A', 'a', OBJECT_TEXT, "x", 800000, 0);
	vote('B', 'v', 'a', -1000000);
	CHECK(is("value/consensus", ""));
	CHECK(has("consensus", "\"objects\":[],\"lens\":\"consensus\","
			       "\"status\":\"none\",\"conflict\":0,"));
	start();
	CHECK(is("value/consensus", ""));
	CHECK(has("consensus", "\"objects\":[],"));
}

static void a_set_is_never_contested(void)
{
	start();
	say('A', 'a', OBJECT_TEXT, "x", 1000000, 0);
	say('B', 'b', OBJECT_TEXT, "y", 1000000, 1);
	CHECK(has("skeptic", "\"objects\":[\"y\",\"x\"],\"lens\":\"skeptic\","
			     "\"status\":\"agreed\",\"conflict\":0,"
			     "\"candidates\":2,\"agents\":2,\"clusters\":["
			     "{\"object\":\"y\",\"held\":true,\"agents\":1,"
			     "\"claims\":1},"));
	start();
	say('A', 'a', OBJECT_TEXT, "x", 1000000, 0);
	say('B', 'b', OBJECT_TEXT, "x", 1000000, 1);
	CHECK(has("consensus", "\"status\":\"unanimous\""));
}

static void numbers_in_a_set_have_neither_spread_nor_median(void)
{
	start();
	say('A', 'a', OBJECT_NUMBER, "1", 1000000, 0);
	say('B', 'b', OBJECT_NUMBER, "2", 1000000, 1);
	CHECK(!strstr(file("skeptic"), "spread"));
	CHECK(is("value/median", ""));
	CHECK(is("median", "{\"subject\":\"Sun\",\"predicate\":\"is\","
			   "\"lens\":\"median\",\"status\":\"agreed\","
			   "\"conflict\":0,\"candidates\":2,\"agents\":2}\n"));
	CHECK(has("why/median", "\"rule\":\"no answer for a set\""));
}

static void strangers_hold_values_only_among_themselves(void)
{
	start();
	say('z', 'a', OBJECT_TEXT, "x", 1000000, 0);
	CHECK(is("value/consensus", "x\n"));
	CHECK(is("value/authority", ""));
	start();
	say('z', 'a', OBJECT_TEXT, "x", 1000000, 0);
	say('A', 'b', OBJECT_TEXT, "y", 1000000, 0);
	CHECK(is("value/consensus", "y\n"));
}

static void lenses_that_choose_claims_order_the_same_values(void)
{
	start();
	say('A', 'a', OBJECT_TEXT, "x", 900000, 0);
	say('B', 'b', OBJECT_TEXT, "x", 900000, 4);
	say('A', 'c', OBJECT_TEXT, "y", 500000, 3);
	of_class(CLASS_CLINICAL);
	say('B', 'd', OBJECT_TEXT, "z", 600000, 2);
	of_class(CLASS_ANECDOTAL);
	say('z', 'e', OBJECT_TEXT, "w", 1000000, 9);
	vote('A', 'v', 'e', 100000);
	say('C', 'f', OBJECT_TEXT, "dropped", 1000000, 10);
	vote('D', 'w', 'f', -1000000);
	CHECK(is("value/consensus", "x\nz\ny\nw\n"));
	CHECK(is("value/recency", "w\nx\ny\nz\n"));
	CHECK(is("value/confidence", "w\nx\nz\ny\n"));
	/* .8 * .5 for y, .3 * .9 for x, .1 * .6 for z; no member signed w */
	CHECK(is("value/authority", "y\nx\nz\n"));
	CHECK(has("recency", "\"objects\":[\"w\",\"x\",\"y\",\"z\"],"));
}

static void epoch_and_layered_hold_what_they_see(void)
{
	start();
	say('A', 'a', OBJECT_TEXT, "old", 900000, 0);
	superseded();
	say('A', 'b', OBJECT_TEXT, "new", 900000, 0);
	CHECK(is("value/epoch", "new\n"));
	start();
	say('A', 'a', OBJECT_TEXT, "x", 900000, 0);
	of_class(CLASS_EXPERT);
	say('A', 'b', OBJECT_TEXT, "y", 800000, 0);
	of_class(CLASS_EXPERT);
	say('A', 'c', OBJECT_TEXT, "z", 900000, 0);
	of_class(CLASS_REGULATORY);
	vote('B', 'v', 'c', -1000000);
	CHECK(is("value/layered", "x\ny\n"));
	CHECK(has("layered",
		"\"layers\":[{\"tier\":0,\"class\":\"regulatory\",\"objects\":[],"
		"\"conflict\":0,\"status\":\"none\",\"candidates\":1,"
		"\"agents\":2},{\"tier\":3,\"class\":\"expert\","
		"\"objects\":[\"x\",\"y\"],\"conflict\":0,"));
}

static void all_kinds_of_objects_stand_on_lines_as_they_are(void)
{
	struct json_doc doc = {0};

	start();
	say('A', 'a', OBJECT_TEXT, "two\nlines", 1000000, 4);
	say('A', 'b', OBJECT_NUMBER, "1e21", 1000000, 3);
	say('A', 'c', OBJECT_REF, "Star", 1000000, 2);
	say('A', 'd', OBJECT_BOOL, "true", 1000000, 1);
	CHECK(is("value/consensus", "two\nlines\n1e21\nStar\ntrue\n"));
	CHECK(has("consensus",
		"\"objects\":[\"two\\nlines\",1e21,{\"ref\":\"Star\"},"
		"true],"));
	for (size_t i = 0; lenses[i]; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "why/%s", lenses[i]->name);
		CHECK(json_parse(slice_str(file(name)), &doc, NULL) == 0);
		json_free(&doc);
		CHECK(json_parse(slice_str(file(lenses[i]->name)), &doc, NULL) ==
			0);
		json_free(&doc);
	}
}

static void there_is_no_limit_to_what_is_listed(void)
{
	static char objects[300][8];
	const char *text;
	int lines = 0;

	start();
	for (int i = 0; i < 300; i++) {
		(void)snprintf(objects[i], sizeof(objects[i]), "v%d", i);
		say('A', 1000 + i, OBJECT_TEXT, objects[i], -1, i);
	}
	text = file("value/consensus");
	for (size_t i = 0; text[i]; i++)
		lines += text[i] == '\n';
	CHECK(lines == 300);
	CHECK(has("why/consensus", "\"more\":284,"));
}

int main(void)
{
	RUN(the_name_of_a_predicate_makes_it_a_set);
	RUN(whoever_asserts_two_values_means_both);
	RUN(each_of_thirty_values_has_the_whole_budget);
	RUN(a_value_is_held_while_more_is_for_it_than_against);
	RUN(where_nothing_is_held_there_is_no_value);
	RUN(a_set_is_never_contested);
	RUN(numbers_in_a_set_have_neither_spread_nor_median);
	RUN(strangers_hold_values_only_among_themselves);
	RUN(lenses_that_choose_claims_order_the_same_values);
	RUN(epoch_and_layered_hold_what_they_see);
	RUN(all_kinds_of_objects_stand_on_lines_as_they_are);
	RUN(there_is_no_limit_to_what_is_listed);
	arena_free(&pair.arena);
	return tap_done();
}

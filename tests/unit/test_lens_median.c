/* The lenses median and epoch. */
#include "tests/unit/saying.h"

#include <errno.h>

#include "core/json.h"
#include "tests/unit/tap.h"

/* ---- median ---- */

static void the_median_is_where_half_of_all_support_is_reached(void)
{
	static const struct {
		int weights
			[4]; /* of the numbers 1, 2, 10, 1e3; below 0: not said */
		const char *median;
	} cases[] = {
		{{400000, 200000, 200000, -1}, "1\n"},
		{{200000, 200000, 600000, -1}, "10\n"},
		{{200000, 0, 200000, -1}, "1\n"},
		{{200000, 200000, 200000, 200000}, "2\n"},
		{{200001, 200000, 200000, 200000}, "2\n"},
		{{100000, 200000, 200000, 200000}, "10\n"},
		{{-1, -1, -1, 1}, ""}, /* 0.5 millionths are nothing */
		{{-1, -1, -1, 2}, "1000\n"},
		{{0, 0, 0, 0}, ""},
	};
	static const char *const numbers[] = {"1", "2", "10", "1000"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		pair_start(&pair);
		for (int j = 0; j < 4; j++)
			if (cases[i].weights[j] >= 0)
				say('A' + j, 'a' + j, OBJECT_NUMBER, numbers[j],
					cases[i].weights[j], j);
		CHECK(is("value/median", cases[i].median));
	}
}

static void the_answer_is_the_strongest_assertion_of_that_number(void)
{
	pair_start(&pair);
	say('A', 'a', OBJECT_NUMBER, "-7", 500000, 0);
	say('B', 'b', OBJECT_NUMBER, "1e-9", 300000, 0);
	say('C', 'c', OBJECT_NUMBER, "1e-9", 400000, 0);
	say('D', 'd', OBJECT_NUMBER, "12", 500000, 0);
	CHECK(is("value/median", "1e-9\n"));
	CHECK(has("median", "\"object\":1e-9,\"confidence\":0.259259,"));
	CHECK(has("median", "\"share\":0.411764,\"candidates\":4,\"agents\":4,"
			    "\"id\":\"636363"));
	CHECK(has("why/median",
		"\"rule\":\"the smallest number at which half of all support is "
		"reached\","));
	CHECK(has("why/median",
		"\n \"numbers\":[\n"
		"  {\"object\":-7,\"support\":0.25,\"reached\":0.25},\n"
		"  {\"object\":1e-9,\"support\":0.35,\"reached\":0.6},\n"
		"  {\"object\":12,\"support\":0.25,\"reached\":0.85}],\n"));
}

static void there_is_no_median_of_what_is_no_number(void)
{
	pair_start(&pair);
	say('A', 'a', OBJECT_NUMBER, "1", 1000000, 0);
	say('B', 'b', OBJECT_TEXT, "1", 1, 0);
	CHECK(is("value/median", ""));
	CHECK(has("median", "\"lens\":\"median\",\"status\":\"agreed\""));
	CHECK(has("why/median", "\"rule\":\"not every object is a number\""));
	CHECK(!strstr(file("why/median"), "\"numbers\""));
	pair_start(&pair);
	CHECK(has("why/median", "\"rule\":\"no candidates\""));
}

static void numbers_around_the_median_are_shown_and_the_rest_counted(void)
{
	static char numbers[40][8];

	pair_start(&pair);
	for (int i = 0; i < 40; i++) {
		(void)snprintf(numbers[i], sizeof(numbers[i]), "%d", i + 1);
		say(1000 + i, 1000 + i, OBJECT_NUMBER, numbers[i], 500000, 0);
	}
	CHECK(is("value/median", "20\n"));
	CHECK(has("why/median", "\"numbers\":[\n  {\"object\":12,"));
	CHECK(has("why/median", "\"reached\":6.75}],\"more_below\":11,"
				"\"more_above\":13,\n"));
}

static void a_number_that_cannot_be_read_ends_the_file(void)
{
	pair_start(&pair);
	say('A', 'a', OBJECT_NUMBER, "1", 1000000, 0);
	pair.broken = -EIO;
	CHECK(is("median", strerror(EIO)));
	CHECK(is("value/median", strerror(EIO)));
}

/* ---- epoch ---- */

static void epoch_passes_over_what_is_superseded(void)
{
	pair_start(&pair);
	say('A', 'a', OBJECT_TEXT, "miasma", 1000000, 0);
	superseded();
	say('B', 'b', OBJECT_TEXT, "miasma", 1000000, 0);
	superseded();
	say('C', 'c', OBJECT_TEXT, "germs", 500000, 0);
	vote('D', 'd', 'a', 1000000);
	vote('E', 'e', 'c', 500000);
	CHECK(is("value/consensus", "miasma\n"));
	CHECK(is("value/epoch", "germs\n"));
	CHECK(has("epoch", "\"status\":\"unanimous\",\"conflict\":0,\"share\":1,"
			   "\"candidates\":1,\"agents\":2,"));
	CHECK(has("why/epoch", "\n \"superseded\":2,\n"));
	CHECK(!strstr(file("why/epoch"), "miasma"));
	CHECK(has("why/epoch", "\"clusters\":1,\"candidates\":1,\"agents\":2}"));
}

static void what_a_superseded_claim_replaced_is_said_again(void)
{
	/* of one source the newest counts: of what epoch sees, that is the older */
	pair_start(&pair);
	say('A', 'a', OBJECT_TEXT, "older", 1000000, 0);
	say('A', 'b', OBJECT_TEXT, "newer", 1000000, 1);
	superseded();
	CHECK(is("value/consensus", "newer\n"));
	CHECK(is("value/epoch", "older\n"));
}

static void where_all_is_superseded_there_is_no_answer(void)
{
	pair_start(&pair);
	say('A', 'a', OBJECT_TEXT, "x", 1000000, 0);
	superseded();
	CHECK(is("value/epoch", ""));
	CHECK(has("epoch", "\"status\":\"none\",\"conflict\":0,\"candidates\":0,"
			   "\"agents\":0}\n"));
	CHECK(has("why/epoch", "\"clusters\":[],\n \"candidates\":[]}"));
}

static void no_other_lens_drops_them(void)
{
	pair_start(&pair);
	say('A', 'a', OBJECT_NUMBER, "1", 1000000, 0);
	superseded();
	for (size_t i = 0; lenses[i]; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "value/%s", lenses[i]->name);
		CHECK(is(name, lenses[i]->epochs ? "" : "1\n"));
	}
}

int main(void)
{
	RUN(the_median_is_where_half_of_all_support_is_reached);
	RUN(the_answer_is_the_strongest_assertion_of_that_number);
	RUN(there_is_no_median_of_what_is_no_number);
	RUN(numbers_around_the_median_are_shown_and_the_rest_counted);
	RUN(a_number_that_cannot_be_read_ends_the_file);
	RUN(epoch_passes_over_what_is_superseded);
	RUN(what_a_superseded_claim_replaced_is_said_again);
	RUN(where_all_is_superseded_there_is_no_answer);
	RUN(no_other_lens_drops_them);
	arena_free(&pair.arena);
	return tap_done();
}

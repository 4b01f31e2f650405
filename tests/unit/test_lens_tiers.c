/* The lenses that look at source classes and age: authority and layered. */
#include "tests/unit/saying.h"

#include "core/json.h"
#include "tests/unit/tap.h"

static void start_at_day(uint64_t day)
{
	pair_start(&pair);
	pair.now = NEW_YEAR + day * DAY;
}

/* ---- authority ---- */

static void authority_is_confidence_by_trust_by_tier_by_decay(void)
{
	start_at_day(200);
	say('A', 'a', OBJECT_TEXT, "x", 900000, 0);
	of_class(CLASS_CLINICAL);
	CHECK(is("value/authority", "x\n"));
	/* .9 * .5 * .8 * .827039074042 = .297734… */
	CHECK(has("why/authority",
		"\"weight\":{\"confidence\":0.9,\"trust\":0.5,\"tier_weight\":0.8,"
		"\"decay\":0.827039,\"authority\":0.297734}}]"));
	CHECK(has("why/authority", "\n \"min_trust\":0.3,\n"));
	CHECK(has("authority", "\"source_class\":\"clinical\""));
}

static void the_best_signer_who_is_a_member_counts(void)
{
	start_at_day(0);
	say('A', 'a', OBJECT_TEXT, "x", 1000000, 0);
	pair_sign(&pair, id_of_name('a'), agent('B'));
	pair_sign(&pair, id_of_name('a'), agent('z'));
	pair_sign(&pair, id_of_name('a'), agent('C'));
	pair.voters[agent('A')].trust = 300000;
	pair.voters[agent('B')].trust = 900000;
	pair.voters[agent('C')].trust = 400000;
	CHECK(has("why/authority", "\"trust\":0.9,\"tier_weight\":0.3,\"decay\":1,"
				   "\"authority\":0.27}"));
}

static void nobody_is_an_authority_without_being_a_member(void)
{
	start_at_day(0);
	say('z', 'a', OBJECT_TEXT, "fake", 1000000, 0);
	of_class(CLASS_REGULATORY);
	CHECK(is("value/authority", ""));
	CHECK(has("authority", "\"lens\":\"authority\",\"status\":\"single\""));
	CHECK(has("why/authority", "\"rule\":\"no candidate that counts here\""));
	CHECK(!strstr(file("why/authority"), "\"weight\""));
	start_at_day(0);
	say('z', 'a', OBJECT_TEXT, "fake", 1000000, 9);
	of_class(CLASS_REGULATORY);
	say('A', 'b', OBJECT_TEXT, "real", 0, 0);
	of_class(CLASS_ANECDOTAL);
	CHECK(is("value/authority", "real\n"));
	CHECK(has("why/authority", "\"rule\":\"the only candidate\""));
	/* what it passes over comes last, and without a weight */
	CHECK(strstr(file("why/authority"), "\"weight\":") <
		strstr(file("why/authority"), "\"id\":\"616161"));
}

static void equal_authority_goes_to_the_lower_tier(void)
{
	start_at_day(0);
	say('A', 'a', OBJECT_TEXT, "unclassified", 500000, 5);
	say('B', 'b', OBJECT_TEXT, "community", 500000, 0);
	of_class(CLASS_COMMUNITY); /* .3 like no class */
	CHECK(is("value/authority", "community\n"));
	CHECK(has("why/authority", "equal authority: lower tier"));
	start_at_day(0);
	say('A', 'a', OBJECT_TEXT, "clinical", 600000, 5);
	of_class(CLASS_CLINICAL);
	say('B', 'b', OBJECT_TEXT, "observational", 800000, 9);
	of_class(CLASS_OBSERVATIONAL); /* .6 * .8 either way */
	CHECK(is("value/authority", "clinical\n"));
}

static void then_to_the_newest_then_to_the_smallest_id(void)
{
	start_at_day(0);
	say('A', 'a', OBJECT_TEXT, "old", 500000, 0);
	say('B', 'b', OBJECT_TEXT, "new", 500000, 1);
	CHECK(is("value/authority", "new\n"));
	start_at_day(0);
	say('A', 'b', OBJECT_TEXT, "larger", 500000, 0);
	say('B', 'a', OBJECT_TEXT, "smaller", 500000, 0);
	CHECK(is("value/authority", "smaller\n"));
	CHECK(has("why/authority", "equal authority and tier: newest"));
}

static void time_wears_an_authority_down_at_midnight(void)
{
	/* .9 expert (.45) against .6 observational (.36), half-lives 180 and 365 */
	for (uint64_t day = 113; day <= 115; day++) {
		start_at_day(day);
		pair.now += DAY - 1;
		say('A', 'a', OBJECT_TEXT, "expert", 900000, 0);
		of_class(CLASS_EXPERT);
		say('B', 'b', OBJECT_TEXT, "study", 600000, 86399);
		of_class(CLASS_OBSERVATIONAL);
		CHECK(is("value/authority", day < 115 ? "expert\n" : "study\n"));
	}
}

static void very_old_claims_are_still_told_apart(void)
{
	start_at_day(900); /* thirty half-lives: millionths would all be 0 */
	say('A', 'a', OBJECT_TEXT, "surer", 900000, 0);
	of_class(CLASS_ANECDOTAL);
	say('B', 'b', OBJECT_TEXT, "newer", 800000, 5);
	of_class(CLASS_ANECDOTAL);
	CHECK(is("value/authority", "surer\n"));
	CHECK(has("why/authority", "\"rule\":\"greatest authority\""));
	CHECK(has("why/authority", "\"decay\":0,\"authority\":0}"));
}

static void a_hundred_anecdotes(void)
{
	for (int i = 0; i < 100; i++) {
		say(1000 + i, 1000 + i, OBJECT_TEXT, "anecdote", 1000000, i);
		of_class(CLASS_ANECDOTAL);
	}
}

static void a_hundred_anecdotes_do_not_beat_one_regulator(void)
{
	start_at_day(0);
	say('R', 'r', OBJECT_TEXT, "ruling", 950000, 0);
	of_class(CLASS_REGULATORY);
	a_hundred_anecdotes();
	CHECK(is("value/consensus", "anecdote\n"));
	CHECK(is("value/authority", "ruling\n"));
	CHECK(is("value/layered", "ruling\n"));
	CHECK(has("layered", "\"candidates\":101,\"agents\":101,"));
	CHECK(has("layered",
		"\"layers\":[{\"tier\":0,\"class\":\"regulatory\","
		"\"object\":\"ruling\",\"share\":1,\"conflict\":0,"
		"\"status\":\"single\",\"candidates\":1,\"agents\":1},"
		"{\"tier\":5,\"class\":\"anecdotal\",\"object\":\"anecdote\","
		"\"share\":1,\"conflict\":0,\"status\":\"unanimous\","
		"\"candidates\":100,\"agents\":100}],"
		"\"unseen\":[{\"object\":\"anecdote\",\"agents\":100,"
		"\"claims\":100}]}\n"));
}

/* ---- layered ---- */

static void each_layer_forms_a_consensus_of_its_own(void)
{
	start_at_day(0);
	say('A', 'a', OBJECT_TEXT, "x", 1000000, 0);
	of_class(CLASS_CLINICAL);
	say('A', 'b', OBJECT_TEXT, "y", 1000000, 1); /* a budget for each layer */
	of_class(CLASS_EXPERT);
	say('B', 'c', OBJECT_TEXT, "z", 1000000, 2);
	CHECK(is("value/layered", "x\n"));
	CHECK(has("layered", "\"object\":\"x\",\"confidence\":0.5,"));
	CHECK(has("layered", "\"status\":\"single\",\"conflict\":0,\"share\":1,"
			     "\"candidates\":3,\"agents\":2,"));
	CHECK(has("layered", "{\"tier\":3,\"class\":\"expert\",\"object\":\"y\","));
	CHECK(has("layered",
		"{\"class\":\"unclassified\",\"object\":\"z\",\"share\":1,"
		"\"conflict\":0,\"status\":\"single\",\"candidates\":1,"
		"\"agents\":1}],\"unseen\":[{\"object\":\"y\""));
	CHECK(has("why/layered", "\n \"layer\":\"clinical\",\n \"layers\":[\n  {"));
	CHECK(has("why/layered", "\"decay\":1,\"weight\":1}]"));
}

static void statements_fade_and_votes_do_not(void)
{
	start_at_day(30);
	say('A', 'a', OBJECT_TEXT, "x", 800000, 0);
	of_class(CLASS_ANECDOTAL);
	say('B', 'b', OBJECT_TEXT, "y", 800000, 30 * 86400);
	of_class(CLASS_ANECDOTAL);
	CHECK(is("value/layered", "y\n")); /* .2 against .4 */
	CHECK(has("layered", "\"confidence\":0.363636,"));
	CHECK(has("layered", "\"share\":0.666666,"));
	CHECK(has("layered", "\"claim_confidence\":0.8,"));
	CHECK(has("why/layered", "\"decay\":0.5,\"weight\":0.4}"));
	CHECK(has("why/layered", "\"confidence\":0.8,\"own_word\":0.2,"));
	start_at_day(30);
	say('A', 'a', OBJECT_TEXT, "x", 800000, 0);
	of_class(CLASS_ANECDOTAL);
	say('B', 'b', OBJECT_TEXT, "y", 800000, 30 * 86400);
	of_class(CLASS_ANECDOTAL);
	vote('C', 'c', 'a', 500000);
	CHECK(is("value/layered", "x\n")); /* .2 + .25 against .4 */
}

static void the_lowest_layer_with_support_decides(void)
{
	start_at_day(0);
	say('A', 'a', OBJECT_TEXT, "refuted", 500000, 0);
	of_class(CLASS_REGULATORY);
	vote('B', 'v', 'a', -1000000);
	say('C', 'c', OBJECT_TEXT, "held", 500000, 0);
	of_class(CLASS_COMMUNITY);
	CHECK(is("value/layered", "held\n"));
	CHECK(has("layered", "\"status\":\"single\",\"conflict\":0,\"share\":1,"
			     "\"candidates\":2,\"agents\":3,"));
	CHECK(has("layered",
		"\"layers\":[{\"tier\":0,\"class\":\"regulatory\",\"conflict\":0,"
		"\"status\":\"none\",\"candidates\":1,\"agents\":2},"));
	start_at_day(0);
	say('A', 'a', OBJECT_TEXT, "refuted", 500000, 0);
	of_class(CLASS_REGULATORY);
	vote('B', 'v', 'a', -1000000);
	CHECK(is("value/layered", ""));
	CHECK(has("layered", "\"predicate\":\"is\",\"lens\":\"layered\","
			     "\"status\":\"none\",\"conflict\":0,"
			     "\"candidates\":1,\"agents\":2,\"layers\":["));
	CHECK(has("why/layered", "\"rule\":\"no support\""));
}

static void a_stranger_who_claims_to_regulate_is_still_a_stranger(void)
{
	start_at_day(0);
	say('z', 'a', OBJECT_TEXT, "fake", 1000000, 0);
	of_class(CLASS_REGULATORY);
	CHECK(is("value/layered", "fake\n"));
	start_at_day(0);
	say('z', 'a', OBJECT_TEXT, "fake", 1000000, 0);
	of_class(CLASS_REGULATORY);
	say('A', 'b', OBJECT_TEXT, "real", 2, 0);
	CHECK(is("value/layered", "real\n"));
}

static void unseen_is_what_only_the_lower_tiers_talk_about(void)
{
	start_at_day(0);
	say('A', 'a', OBJECT_TEXT, "both", 500000, 0);
	of_class(CLASS_OBSERVATIONAL);
	say('B', 'b', OBJECT_TEXT, "both", 500000, 0);
	of_class(CLASS_EXPERT);
	say('C', 'c', OBJECT_TEXT, "below", 200000, 0);
	of_class(CLASS_EXPERT);
	say('D', 'd', OBJECT_TEXT, "further below", 900000, 0);
	of_class(CLASS_ANECDOTAL);
	say('E', 'e', OBJECT_TEXT, "further below", 900000, 0);
	say('F', 'f', OBJECT_TEXT, "no class at all", 900000, 0);
	CHECK(has("layered",
		"\"unseen\":[{\"object\":\"further below\",\"agents\":2,"
		"\"claims\":2},{\"object\":\"below\",\"agents\":1,"
		"\"claims\":1}]}\n"));
}

static void of_what_is_unseen_the_strongest_are_listed(void)
{
	static char objects[20][8];
	struct json_doc doc = {0};

	start_at_day(0);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(objects[i], sizeof(objects[i]), "v%d", i);
		say(1000 + i, 1000 + i, OBJECT_TEXT, objects[i], 100000 + 10 * i,
			0);
		of_class(CLASS_EXPERT);
	}
	CHECK(has("layered", "\"unseen\":[{\"object\":\"v19\""));
	CHECK(has("layered", "\"object\":\"v4\",\"agents\":1,\"claims\":1}],"
			     "\"more_unseen\":4}\n"));
	CHECK(json_parse(slice_str(file("why/layered")), &doc, NULL) == 0);
	json_free(&doc);
}

int main(void)
{
	RUN(authority_is_confidence_by_trust_by_tier_by_decay);
	RUN(the_best_signer_who_is_a_member_counts);
	RUN(nobody_is_an_authority_without_being_a_member);
	RUN(equal_authority_goes_to_the_lower_tier);
	RUN(then_to_the_newest_then_to_the_smallest_id);
	RUN(time_wears_an_authority_down_at_midnight);
	RUN(very_old_claims_are_still_told_apart);
	RUN(a_hundred_anecdotes_do_not_beat_one_regulator);
	RUN(each_layer_forms_a_consensus_of_its_own);
	RUN(statements_fade_and_votes_do_not);
	RUN(the_lowest_layer_with_support_decides);
	RUN(a_stranger_who_claims_to_regulate_is_still_a_stranger);
	RUN(unseen_is_what_only_the_lower_tiers_talk_about);
	RUN(of_what_is_unseen_the_strongest_are_listed);
	arena_free(&pair.arena);
	return tap_done();
}

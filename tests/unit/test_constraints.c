#include "core/constraints.h"

#include <errno.h>

#include "tests/unit/pair.h"
#include "tests/unit/tap.h"

static struct pair pair;
static struct arena arena;

static void start(void)
{
	pair_start(&pair);
	pair.in.set = true;
	arena_free(&arena);
}

/* A claim of a member of its own, with a note where there is one. */
static void say(char id, const char *object, uint32_t confidence, const char *note)
{
	struct agent who = {{(uint8_t)id}};
	struct record r = {.kind = RECORD_ASSERTION,
		.has = HAS_CONFIDENCE,
		.object = {OBJECT_TEXT, slice_str(object)},
		.confidence = confidence,
		.timestamp = (uint64_t)id};
	struct id name = {{(uint8_t)id}};

	if (note) {
		r.has |= HAS_NOTE;
		r.note = slice_str(note);
	}
	pair_claim(&pair, name, r);
	pair_sign(&pair, name, pair_agent(&pair, who));
	pair.voters[pair_agent(&pair, who)].trust = 500000;
}

static void vote_against(char who, char target)
{
	struct agent key = {{(uint8_t)who}};
	struct ballot b = {.voter = pair_agent(&pair, key),
		.timestamp = 1000,
		.id = {{(uint8_t)who}},
		.weight = MILLION,
		.against = true};
	struct id id = {{(uint8_t)target}};

	pair.voters[b.voter].trust = 500000;
	pair_vote(&pair, b, id);
}

static int add(enum constraint_rule rule, const char *topic, struct buf *to)
{
	struct lens_input input = {.in = &pair.in, .tally = &pair.tally};
	struct bodies bodies = {pair_body, &pair};

	pair_weigh(&pair);
	return constraints_add(rule, slice_str(topic), &input, &bodies, &arena, to);
}

static size_t count(const struct buf *rules)
{
	return rules->n / sizeof(struct constraint);
}

static struct constraint *at(const struct buf *rules, size_t i)
{
	return (struct constraint *)(void *)rules->p + i;
}

static void three_prefixes_state_a_rule(void)
{
	static const struct {
		const char *predicate;
		enum constraint_rule rule;
		const char *topic;
	} cases[] = {
		{"forbidden:http_client", CONSTRAINT_FORBIDDEN, "http_client"},
		{"must_use:a:b", CONSTRAINT_MUST_USE, "a:b"},
		{"prefer:x", CONSTRAINT_PREFER, "x"},
		{"prefer:", CONSTRAINT_PREFER, ""},
		{"forbidden", CONSTRAINTS, ""},
		{"Forbidden:x", CONSTRAINTS, ""},
		{" forbidden:x", CONSTRAINTS, ""},
		{"must_use_x:y", CONSTRAINTS, ""},
		{"preferred:x", CONSTRAINTS, ""},
		{"", CONSTRAINTS, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice topic = slice_str("");

		CHECK(constraint_of(slice_str(cases[i].predicate), &topic) ==
			cases[i].rule);
		CHECK_TEXT(topic, cases[i].topic);
	}
}

/* What listings of predicates, and so the order of the lines, rest on. */
static void rules_stand_in_the_byte_order_of_their_predicates(void)
{
	for (enum constraint_rule r = 1; r < CONSTRAINTS; r++)
		CHECK(strcmp(constraint_name(r - 1), constraint_name(r)) < 0);
}

static void each_object_is_judged_alone(void)
{
	BUF_AUTO(rules);

	start();
	say('a', "requests", 400000, NULL);
	say('b', "urllib", 1000000, "no retries");
	say('c', "curl", 300000, NULL);
	vote_against('d', 'c');
	CHECK(add(CONSTRAINT_FORBIDDEN, "http", &rules) == 0);
	CHECK(count(&rules) == 2); /* curl: more against it than for it */
	CHECK_TEXT(at(&rules, 0)->object.text, "urllib");
	CHECK_TEXT(at(&rules, 1)->object.text, "requests");
	/* 0.5 / (0.5 + 0.5) and 0.2 / (0.2 + 0.5): what the other has does not matter */
	CHECK(at(&rules, 0)->confidence == 500000);
	CHECK(at(&rules, 1)->confidence == 285714);
	CHECK(at(&rules, 0)->agents == 1);
	CHECK_TEXT(at(&rules, 0)->note, "no retries");
	CHECK(!at(&rules, 1)->note.p);
}

static void as_much_against_as_for_is_no_rule(void)
{
	BUF_AUTO(rules);

	start();
	say('a', "x", 1000000, NULL);
	vote_against('b', 'a');
	CHECK(add(CONSTRAINT_PREFER, "t", &rules) == 0);
	CHECK(rules.n == 0);
}

static void a_body_that_cannot_be_read_is_told(void)
{
	BUF_AUTO(rules);

	start();
	say('a', "x", 1000000, NULL);
	pair.broken = -EBADMSG;
	CHECK(add(CONSTRAINT_PREFER, "t", &rules) == -EBADMSG);
	pair.broken = 0;
}

static struct constraint rule(enum constraint_rule rule, const char *topic,
	uint8_t kind, const char *object)
{
	return (struct constraint){.rule = rule,
		.topic = slice_str(topic),
		.object = {kind, slice_str(object)}};
}

static void forbidden_and_to_be_used_in_one_topic_is_a_conflict(void)
{
	struct constraint all[] = {
		rule(CONSTRAINT_FORBIDDEN, "a", OBJECT_TEXT, "x"),
		rule(CONSTRAINT_FORBIDDEN, "a", OBJECT_TEXT, "y"),
		rule(CONSTRAINT_FORBIDDEN, "b", OBJECT_TEXT, "x"),
		rule(CONSTRAINT_FORBIDDEN, "b", OBJECT_TEXT, "z"),
		rule(CONSTRAINT_FORBIDDEN, "c", OBJECT_NUMBER, "1"),
		rule(CONSTRAINT_MUST_USE, "a", OBJECT_TEXT, "x"), /* conflict */
		rule(CONSTRAINT_MUST_USE, "b", OBJECT_TEXT, "y"), /* other topics */
		rule(CONSTRAINT_MUST_USE, "b", OBJECT_REF, "x"), /* another thing */
		rule(CONSTRAINT_MUST_USE, "c", OBJECT_TEXT, "1"),
		rule(CONSTRAINT_PREFER, "a", OBJECT_TEXT,
			"x"), /* a wish is no rule */
		rule(CONSTRAINT_PREFER, "b", OBJECT_TEXT, "z"),
	};

	CHECK(constraints_compare(all, sizeof(all) / sizeof(all[0])) == 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		CHECK(all[i].conflict == (i == 0 || i == 5));
	CHECK(constraints_compare(NULL, 0) == 0);
}

static void a_line_has_its_keys_in_order(void)
{
	struct constraint c =
		rule(CONSTRAINT_MUST_USE, "http\"", OBJECT_REF, "axios");
	BUF_AUTO(out);
	char want[400];
	char hex[ID_HEX + 1];

	c.confidence = 333333;
	c.agents = 2;
	hex_print(c.id.b, ID_SIZE, hex);
	constraint_print(&c, &out);
	(void)snprintf(want, sizeof(want),
		"{\"rule\":\"must_use\",\"topic\":\"http\\\"\",\"object\":{\"ref\":"
		"\"axios\"},\"confidence\":0.333333,\"agents\":2,\"id\":\"%s\"}\n",
		hex);
	CHECK_TEXT(slice_of(out.p, out.n), want);
	buf_reset(&out);
	c.note = slice_str("why\x1b");
	c.conflict = true;
	constraint_print(&c, &out);
	(void)snprintf(strrchr(want, '}'), 60,
		",\"note\":\"why\\u001b\",\"conflict\":true}\n");
	CHECK_TEXT(slice_of(out.p, out.n), want);
}

int main(void)
{
	RUN(three_prefixes_state_a_rule);
	RUN(rules_stand_in_the_byte_order_of_their_predicates);
	RUN(each_object_is_judged_alone);
	RUN(as_much_against_as_for_is_no_rule);
	RUN(a_body_that_cannot_be_read_is_told);
	RUN(forbidden_and_to_be_used_in_one_topic_is_a_conflict);
	RUN(a_line_has_its_keys_in_order);
	arena_free(&arena);
	pair_start(&pair);
	return tap_done();
}

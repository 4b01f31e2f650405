#include "core/record.h"

#include <errno.h>

#include "tests/unit/tap.h"

static struct record assertion(void)
{
	return (struct record){.kind = RECORD_ASSERTION,
		.subject = slice_str("s"),
		.predicate = slice_str("p"),
		.object = {OBJECT_TEXT, slice_str("o")}};
}

static struct record setting(const char *name, const char *value)
{
	struct record r = {.kind = RECORD_SETTING,
		.has = HAS_VALUE,
		.name = slice_str(name),
		.value = slice_str(value)};

	if (strcmp(name, "min_trust") != 0) {
		r.has |= HAS_AGENT;
		r.subject_agent.b[0] = 1;
	}
	return r;
}

/* The check's answer, and does the message start with this key? */
static int check(struct record r, const char *key)
{
	struct error err = {0};
	int rc = record_check(&r, &err);
	char start[64];

	(void)snprintf(start, sizeof(start), "\"%s\": ", key);
	if (rc < 0 && strncmp(err.message, start, strlen(start)) != 0) {
		printf("# \"%s\" does not start with %s\n", err.message, start);
		CHECK(false);
	}
	if (rc < 0)
		CHECK(err.code == -rc && err.offset == -1);
	return rc;
}

static void a_plain_record_of_each_kind_passes(void)
{
	struct record r = assertion();

	CHECK(record_check(&r, NULL) == 0);
	r = (struct record){.kind = RECORD_COSIGNATURE, .target.b = {1}};
	CHECK(record_check(&r, NULL) == 0);
	r = (struct record){
		.kind = RECORD_VOTE, .weight = MILLION, .against = true};
	CHECK(record_check(&r, NULL) == 0);
	r = (struct record){.kind = RECORD_EPOCH, .name = slice_str("e")};
	CHECK(record_check(&r, NULL) == 0);
	r.has = HAS_TARGET;
	r.supersession = SUPERSESSION_REFINE;
	CHECK(record_check(&r, NULL) == 0);
	r = (struct record){.kind = RECORD_SUPERSESSION, .reason = slice_str("r")};
	CHECK(record_check(&r, NULL) == 0);
	r = (struct record){.kind = RECORD_PROFILE, .name = slice_str("n")};
	CHECK(record_check(&r, NULL) == 0);
	r = setting("admit", "true");
	CHECK(record_check(&r, NULL) == 0);
}

static void names_end_at_their_limits(void)
{
	static char text[600];
	struct record r = assertion();

	memset(text, 'a', sizeof(text));
	r.subject = slice_of(text, SUBJECT_MAX);
	r.predicate = slice_of(text, PREDICATE_MAX);
	CHECK(check(r, "") == 0);
	r.subject.n++;
	CHECK(check(r, "subject") == -EINVAL);
	r.subject.n = FILE_NAME_MAX + 1;
	CHECK(check(r, "subject") == -ENAMETOOLONG);
	r.subject.n = 0;
	CHECK(check(r, "subject") == -EINVAL);
	r.subject.n = 1;
	r.predicate.n++;
	CHECK(check(r, "predicate") == -EINVAL);
	r.predicate = slice_str("p");
	memset(text, '/', 86); /* 85 escapes are 255 bytes */
	r.subject = slice_of(text, 85);
	CHECK(check(r, "") == 0);
	r.subject.n = 86;
	CHECK(check(r, "subject") == -ENAMETOOLONG);
	r.subject = slice_str("s");
	r.object = (struct object){OBJECT_REF, slice_of(text, 86)};
	CHECK(check(r, "object") == -ENAMETOOLONG);
}

static void text_may_not_drive_a_terminal(void)
{
	static const char *const bad[] = {
		"a\x1b[2J", "\x7f", "a\rb", "\xc2\x9b[2J", "\xc2\x80"};
	struct record r = assertion();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r.object.text = slice_str(bad[i]);
		CHECK(check(r, "object") == -EINVAL);
		r.object.text = slice_str("o");
		r.subject = slice_str(bad[i]);
		CHECK(check(r, "subject") == -EINVAL);
		r.subject = slice_str("s");
	}
	r.object.text = slice_str("two\nlines\tand \xc2\xa0 no-break");
	CHECK(check(r, "") == 0);
	r.object.text = slice_str("");
	CHECK(check(r, "") == 0);
	r.object.text = slice_str("\xff");
	CHECK(check(r, "object") == -EINVAL);
	r.object.text = slice_str("o");
	r.subject = slice_str("two\nlines");
	CHECK(check(r, "subject") == -EINVAL);
	r.subject = slice_str("bidi \xe2\x80\xae stays");
	CHECK(check(r, "") == 0);
	r.has = HAS_SOURCE | HAS_NOTE;
	r.source = slice_str("s");
	r.note = slice_str("two\n\tlines");
	CHECK(check(r, "") == 0);
	r.source = slice_str("a\tb");
	CHECK(check(r, "source") == -EINVAL);
}

static void objects_are_what_their_kind_says(void)
{
	static char text[TEXT_MAX + 1];
	struct record r = assertion();

	r.object = (struct object){OBJECT_NUMBER, slice_str("1.50")};
	CHECK(check(r, "object") == -EINVAL);
	r.object.text = slice_str("1.5");
	CHECK(check(r, "") == 0);
	r.object = (struct object){OBJECT_BOOL, slice_str("yes")};
	CHECK(check(r, "object") == -EINVAL);
	r.object = (struct object){OBJECT_REF, slice_str("")};
	CHECK(check(r, "object") == -EINVAL);
	r.object = (struct object){5, slice_str("x")};
	CHECK(check(r, "object") == -EINVAL);
	r.object = (struct object){0};
	CHECK(check(r, "object") == -EINVAL);
	memset(text, 'a', sizeof(text));
	r.object = (struct object){OBJECT_TEXT, slice_of(text, TEXT_MAX)};
	CHECK(check(r, "") == 0);
	r.object.text.n++;
	CHECK(check(r, "object") == -EINVAL);
}

static void nothing_is_set_that_is_not_announced(void)
{
	struct record r = assertion();

	r.confidence = 1;
	CHECK(check(r, "confidence") == -EINVAL);
	r.has = HAS_CONFIDENCE;
	CHECK(check(r, "") == 0);
	r.confidence = MILLION + 1;
	CHECK(check(r, "confidence") == -EINVAL);
	r = assertion();
	r.source_class = CLASS_EXPERT;
	CHECK(check(r, "source_class") == -EINVAL);
	r = assertion();
	r.epoch.b[31] = 1;
	CHECK(check(r, "epoch") == -EINVAL);
	r = assertion();
	r.weight = 1;
	CHECK(check(r, "weight") == -EINVAL);
	r = assertion();
	r.has = 1 << 10;
	CHECK(record_check(&r, NULL) == -EINVAL);
	r = assertion();
	r.name = slice_str("n");
	CHECK(record_check(&r, NULL) == -EINVAL);
	r = (struct record){.kind = RECORD_COSIGNATURE, .timestamp = 1};
	CHECK(check(r, "timestamp") == -EINVAL);
	r = (struct record){.kind = RECORD_VOTE, .has = 1};
	CHECK(record_check(&r, NULL) == -EINVAL);
	r = (struct record){.kind = 6};
	CHECK(record_check(&r, NULL) == -EINVAL);
}

static void enumerators_end(void)
{
	struct record r = assertion();

	r.lifecycle = LIFECYCLES;
	CHECK(check(r, "lifecycle") == -EINVAL);
	r = assertion();
	r.has = HAS_SOURCE_CLASS;
	r.source_class = CLASSES;
	CHECK(check(r, "source_class") == -EINVAL);
	CHECK(lifecycle_name(LIFECYCLES) == NULL &&
		source_class_name(CLASSES) == NULL);
	CHECK(supersession_name(0) == NULL &&
		supersession_name(SUPERSESSIONS) == NULL);
	CHECK(record_kind_name(0) == NULL && record_kind_name(6) == NULL);
	CHECK(strcmp(record_kind_name(RECORD_SETTING), "setting") == 0);
	CHECK(strcmp(lifecycle_name(LIFECYCLE_UNDER_REVIEW), "under_review") == 0);
	CHECK(strcmp(source_class_name(CLASS_ANECDOTAL), "anecdotal") == 0);
	CHECK(strcmp(supersession_name(SUPERSESSION_INVALIDATE), "invalidate") ==
		0);
}

static void vectors_are_finite_and_have_one_zero(void)
{
	static const uint8_t bad[][4] = {{0, 0, 0x80, 0x7f}, {0, 0, 0x80, 0xff},
		{1, 0, 0x80, 0x7f}, {0, 0, 0xc0, 0x7f}, {0, 0, 0, 0x80}};
	static uint8_t many[4 * (VECTOR_MAX + 1)];
	struct record r = assertion();

	r.has = HAS_VECTOR;
	r.vector = slice_of(many, sizeof(many) - 4);
	CHECK(check(r, "") == 0);
	r.vector.n += 4;
	CHECK(check(r, "vector") == -EINVAL);
	r.vector.n = 0;
	CHECK(check(r, "vector") == -EINVAL);
	r.vector.n = 6;
	CHECK(check(r, "vector") == -EINVAL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r.vector = slice_of(bad[i], 4);
		CHECK(check(r, "vector") == -EINVAL);
	}
}

static void reasons_to_believe_stand_once(void)
{
	uint8_t ids[ID_SIZE * (BECAUSE_MAX + 1)] = {0};
	struct record r = assertion();

	for (size_t i = 0; i <= BECAUSE_MAX; i++)
		ids[i * ID_SIZE] = (uint8_t)i;
	r.has = HAS_BECAUSE;
	r.because = slice_of(ids, ID_SIZE * BECAUSE_MAX);
	CHECK(check(r, "") == 0);
	r.because.n += ID_SIZE;
	CHECK(check(r, "because") == -EINVAL);
	r.because.n = 2 * ID_SIZE;
	ids[ID_SIZE] = 0;
	CHECK(check(r, "because") == -EINVAL);
	r.because.n = ID_SIZE - 1;
	CHECK(check(r, "because") == -EINVAL);
	r.because.n = 0;
	CHECK(check(r, "because") == -EINVAL);
}

static void other_kinds_keep_their_rules(void)
{
	struct record r = {.kind = RECORD_VOTE, .weight = MILLION + 1};

	CHECK(check(r, "weight") == -EINVAL);
	r.weight = 0;
	r.against = true;
	CHECK(check(r, "weight") == -EINVAL);
	r = (struct record){.kind = RECORD_EPOCH,
		.name = slice_str("e"),
		.supersession = SUPERSESSION_REPLACE};
	CHECK(check(r, "supersession") == -EINVAL);
	r.has = HAS_TARGET;
	r.supersession = 0;
	CHECK(check(r, "supersession") == -EINVAL);
	r.supersession = SUPERSESSIONS;
	CHECK(check(r, "supersession") == -EINVAL);
	r = (struct record){.kind = RECORD_EPOCH,
		.name = slice_str("a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
				  "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1")};
	CHECK(check(r, "epoch") == -EINVAL);
	r.name.n--;
	CHECK(check(r, "") == 0);
	r = (struct record){.kind = RECORD_SUPERSESSION};
	CHECK(check(r, "reason") == -EINVAL);
	r.reason = slice_str("r");
	r.has = HAS_BY;
	CHECK(check(r, "by") == -EINVAL);
	r = (struct record){.kind = RECORD_PROFILE};
	CHECK(check(r, "profile") == -EINVAL);
}

static void only_known_settings_with_their_values_pass(void)
{
	static const struct {
		const char *name, *value;
		bool fine;
	} cases[] = {{"admit", "true", true}, {"admit", "false", true},
		{"admit", "1", false}, {"steward", "true", true},
		{"steward", "", false}, {"grant", "clinical", true},
		{"grant", "false", true}, {"grant", "true", false},
		{"grant", "saint", false}, {"min_trust", "0", true},
		{"min_trust", "0.3", true}, {"min_trust", "1", true},
		{"min_trust", "1.1", false}, {"min_trust", "-0.1", false},
		{"min_trust", "0.30", false}, {"min_trust", "true", false}};
	struct record r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK((check(setting(cases[i].name, cases[i].value), "value") ==
			      0) == cases[i].fine);
	CHECK(check(setting("trust", "1"), "setting") == -EINVAL);
	r = setting("admit", "true");
	r.has = HAS_VALUE;
	memset(&r.subject_agent, 0, sizeof(r.subject_agent));
	CHECK(check(r, "agent") == -EINVAL);
	r = setting("min_trust", "0.3");
	r.has |= HAS_AGENT;
	CHECK(check(r, "agent") == -EINVAL);
	r = setting("admit", "");
	r.has &= (uint16_t)~HAS_VALUE;
	CHECK(check(r, "value") == -EINVAL);
}

int main(void)
{
	RUN(a_plain_record_of_each_kind_passes);
	RUN(names_end_at_their_limits);
	RUN(text_may_not_drive_a_terminal);
	RUN(objects_are_what_their_kind_says);
	RUN(nothing_is_set_that_is_not_announced);
	RUN(enumerators_end);
	RUN(vectors_are_finite_and_have_one_zero);
	RUN(reasons_to_believe_stand_once);
	RUN(other_kinds_keep_their_rules);
	RUN(only_known_settings_with_their_values_pass);
	return tap_done();
}

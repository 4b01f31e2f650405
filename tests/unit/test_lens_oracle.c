/* The lens files against tests/oracle/lens.py, byte by byte, on random pairs.
 *
 * LENS_CASES is how many (default 200), LENS_SEED the first seed. What the lines
 * mean stands in tests/oracle/lens_cases.py. Skipped where there is no python3. */
#include <stdio.h>

#include "tests/unit/pair.h"
#include "tests/unit/tap.h"

enum {
	WORDS_MAX = 12,
};

static struct pair pair;
static struct slice subject, predicate;
static unsigned checked;

static struct slice unhex(const char *word)
{
	size_t n = strlen(word) / 2;
	uint8_t *bytes;

	if (word[0] == '"')
		return slice_of(NULL, 0);
	bytes = arena_alloc(&pair.arena, n);
	CHECK(bytes && hex_parse(slice_str(word), bytes, n) == 0);
	return slice_of(bytes, n);
}

static struct id id_word(const char *word)
{
	struct id id = {{0}};

	CHECK(hex_parse(slice_str(word), id.b, ID_SIZE) == 0);
	return id;
}

static uint32_t agent_word(const char *word)
{
	struct agent key = {{0}};

	CHECK(hex_parse(slice_str(word), key.b, ID_SIZE) == 0);
	return pair_agent(&pair, key);
}

static uint32_t number(const char *word)
{
	return (uint32_t)strtoul(word, NULL, 10);
}

static bool given(const char *word)
{
	return strcmp(word, "-") != 0;
}

static void read_claim(char **w)
{
	struct record r = {.kind = RECORD_ASSERTION,
		.subject = subject,
		.predicate = predicate,
		.timestamp = strtoull(w[2], NULL, 10),
		.lifecycle = (uint8_t)number(w[6]),
		.object = {(uint8_t)number(w[8]), unhex(w[9])}};

	if (given(w[3])) {
		r.has |= HAS_CONFIDENCE;
		r.confidence = number(w[3]);
	}
	if (given(w[4])) {
		r.has |= HAS_SOURCE;
		r.source = unhex(w[4]);
	}
	if (given(w[5])) {
		r.has |= HAS_SOURCE_CLASS;
		r.source_class = (uint8_t)number(w[5]);
	}
	if (given(w[7])) {
		r.has |= HAS_EPOCH;
		r.epoch = id_word(w[7]);
	}
	pair_claim(&pair, id_word(w[1]), r);
}

static void read_vote(char **w)
{
	struct ballot vote = {.id = id_word(w[1]),
		.timestamp = strtoull(w[3], NULL, 10),
		.weight = number(w[4][0] == '-' ? w[4] + 1 : w[4]),
		.against = w[4][0] == '-',
		.voter = agent_word(w[5])};

	pair_vote(&pair, vote, id_word(w[2]));
}

/* What counts of a claim is not always what it says. */
static void read_count(char **w)
{
	struct id id = id_word(w[1]);

	for (uint32_t i = 0; i < pair.in.claim_count; i++) {
		struct candidate *c = &pair.claims[i];

		if (id_compare(&c->id, &id) != 0)
			continue;
		c->source_class = given(w[2]) ? (uint8_t)number(w[2]) : CLASSES;
		c->lifecycle = (uint8_t)number(w[3]);
		c->hidden = number(w[4]);
	}
}

static void compare(char **w)
{
	BUF_AUTO(out);
	struct slice got = {0};
	int rc;

	if (!pair.tally.own)
		pair_weigh(&pair);
	rc = pair_file(&pair, subject, predicate, w[1], &out);
	CHECK(rc == given(w[2]) && buf_view(&out, &got) == 0);
	if (rc == 1 && !slice_equal(got, unhex(w[2]))) {
		printf("# %s: got %.*s", w[1], SLICE_ARG(got));
		printf("# want %.*s", SLICE_ARG(unhex(w[2])));
		tap_bad = 1;
	}
	checked++;
}

static void obey(char *text)
{
	char *w[WORDS_MAX] = {0};

	for (size_t n = 0; text && n < WORDS_MAX; n++)
		w[n] = strsep(&text, " \n");
	if (strcmp(w[0], "pair") == 0) {
		pair_start(&pair);
		subject = unhex(w[1]);
		predicate = unhex(w[2]);
		pair.in.set = number(w[3]);
		pair.now = strtoull(w[4], NULL, 10);
	} else if (strcmp(w[0], "trust") == 0) {
		pair.voters[agent_word(w[1])].trust = number(w[2]);
	} else if (strcmp(w[0], "claim") == 0) {
		read_claim(w);
	} else if (strcmp(w[0], "counts") == 0) {
		read_count(w);
	} else if (strcmp(w[0], "sign") == 0) {
		pair_sign(&pair, id_word(w[1]), agent_word(w[2]));
	} else if (strcmp(w[0], "vote") == 0) {
		read_vote(w);
	} else {
		compare(w);
	}
}

static void every_file_is_what_the_slow_reference_says(void)
{
	const char *seed = getenv("LENS_SEED"), *cases = getenv("LENS_CASES");
	char command[128], *text = NULL;
	size_t room = 0;
	FILE *in;

	(void)snprintf(command, sizeof(command),
		"python3 tests/oracle/lens_cases.py %u %u", seed ? number(seed) : 1,
		cases ? number(cases) : 200);
	in = popen(command, "r");
	CHECK(in);
	while (in && !tap_bad && getline(&text, &room, in) > 0)
		obey(text);
	free(text);
	CHECK(in && (tap_bad || pclose(in) == 0));
	CHECK(checked > 0);
	printf("# %u files compared\n", checked);
	arena_free(&pair.arena);
}

int main(void)
{
	if (system("python3 -c pass >/dev/null 2>&1") != 0) {
		printf("1..0 # SKIP no python3\n");
		return 0;
	}
	RUN(every_file_is_what_the_slow_reference_says);
	return tap_done();
}

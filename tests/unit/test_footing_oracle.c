/* What stands, against tests/oracle/standing.py, on random pairs.
 *
 * LENS_CASES is how many (default 2000), LENS_SEED the first seed. What the lines mean
 * stands in tests/oracle/footing_cases.py. Skipped where there is no python3. */
#include <stdio.h>
#include <stdlib.h>

#include "core/footing.h"
#include "tests/unit/tap.h"

enum {
	MOST = 2000,
	WORDS_MAX = 12,
};

static struct fact claims[MOST];
static struct signing signings[MOST];
static struct ballot ballots[MOST];
static struct withdrawal withdrawals[MOST];
static struct voter voters[MOST];
static struct facts facts;
static char wanted[MOST][64], found[MOST][64];
static unsigned wanted_count, found_count, compared;
static char seed[32];

static uint32_t number(const char *word)
{
	return (uint32_t)strtoul(word, NULL, 10);
}

static uint8_t class_word(const char *word)
{
	return word[0] == '-' ? CLASSES : (uint8_t)number(word);
}

static struct id id_word(const char *word)
{
	struct id id = {{0}};

	CHECK(hex_parse(slice_str(word), id.b, ID_SIZE) == 0);
	return id;
}

static void start(char **w)
{
	(void)snprintf(seed, sizeof(seed), "%s", w[1]);
	facts = (struct facts){.claims = claims,
		.cluster_count = 2,
		.signings = signings,
		.ballots = ballots,
		.withdrawals = withdrawals,
		.voters = voters,
		.governed = number(w[2])};
	wanted_count = found_count = 0;
}

static void read_voter(char **w)
{
	uint32_t n = facts.voter_count++;
	struct agent key = {{(uint8_t)n}};

	voters[n] = (struct voter){.key = key,
		.steward = number(w[1]),
		.grants = (uint8_t)number(w[2])};
}

static void read_claim(char **w)
{
	struct fact *c = &claims[facts.claim_count++];

	*c = (struct fact){.claim = {.id = id_word(w[1]),
				   .timestamp = number(w[2]),
				   .cluster = number(w[3]),
				   .lifecycle = (uint8_t)number(w[4]),
				   .source_class = class_word(w[5]),
				   .declared = class_word(w[5])},
		.has_parent = w[6][0] != '-'};
	if (c->has_parent)
		c->parent = id_word(w[6]);
}

static void read_withdrawal(char **w)
{
	struct withdrawal *d = &withdrawals[facts.withdrawal_count++];

	*d = (struct withdrawal){.claim = number(w[1]),
		.voter = number(w[2]),
		.timestamp = number(w[3]),
		.id = id_word(w[4]),
		.replaces = w[5][0] != '-'};
	if (d->replaces)
		d->by = id_word(w[5]);
}

static void read_vote(char **w)
{
	ballots[facts.ballot_count++] = (struct ballot){.candidate = number(w[1]),
		.voter = number(w[2]),
		.weight = w[3][0] != '0',
		.against = w[3][0] == '-'};
}

/* The number of a claim, by its id. */
static int number_of(const struct id *id)
{
	for (uint32_t i = 0; i < facts.claim_count; i++)
		if (id_compare(&claims[i].claim.id, id) == 0)
			return (int)i;
	return -1;
}

static void tell_claim(const struct candidates *c, const struct candidate *k)
{
	char *out = found[found_count++];
	int n = sprintf(out, "stands %d %d ", number_of(&k->id), k->lifecycle);

	n += sprintf(
		out + n, k->source_class == CLASSES ? "-" : "%d", k->source_class);
	for (uint32_t i = 0; i < k->signer_count; i++)
		n += sprintf(out + n, " %u", c->signers[k->signer + i]);
}

static void tell(const struct candidates *c)
{
	for (uint32_t i = 0; i < c->claim_count; i++)
		tell_claim(c, &c->claims[i]);
	for (uint32_t i = 0; i < c->ballot_count; i++)
		(void)sprintf(found[found_count++], "counts %d %u %s",
			number_of(&c->claims[c->ballots[i].candidate].id),
			c->ballots[i].voter, c->ballots[i].against ? "-1" : "1");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void compare(void)
{
	ARENA_AUTO(a);
	struct footing footed;
	struct candidates out = {0};
	bool same;

	CHECK(footing(&facts, &a, &footed) == 0);
	CHECK(footing_candidates(&facts, &footed, NULL, NULL, &a, &out) == 0);
	tell(&out);
	qsort(wanted, wanted_count, sizeof(*wanted), by_text);
	qsort(found, found_count, sizeof(*found), by_text);
	same = wanted_count == found_count;
	for (unsigned i = 0; same && i < found_count; i++)
		same = strcmp(wanted[i], found[i]) == 0;
	if (!same) {
		tap_bad = 1;
		printf("# LENS_SEED=%s LENS_CASES=1: got\n", seed);
		for (unsigned i = 0; i < found_count; i++)
			printf("#     %s\n", found[i]);
		printf("# want\n");
		for (unsigned i = 0; i < wanted_count; i++)
			printf("#     %s\n", wanted[i]);
	}
	compared++;
}

static void obey(char *line)
{
	char kept[sizeof(*wanted)], *w[WORDS_MAX] = {0};

	(void)snprintf(kept, sizeof(kept), "%.*s", (int)strcspn(line, "\n"), line);
	for (size_t n = 0; line && n < WORDS_MAX; n++)
		w[n] = strsep(&line, " \n");
	if (strcmp(w[0], "case") == 0)
		start(w);
	else if (strcmp(w[0], "voter") == 0)
		read_voter(w);
	else if (strcmp(w[0], "claim") == 0)
		read_claim(w);
	else if (strcmp(w[0], "sign") == 0)
		signings[facts.signing_count++] = (struct signing){
			.claim = number(w[1]), .voter = number(w[2])};
	else if (strcmp(w[0], "vote") == 0)
		read_vote(w);
	else if (strcmp(w[0], "withdraw") == 0)
		read_withdrawal(w);
	else if (strcmp(w[0], "end") == 0)
		compare();
	else
		memcpy(wanted[wanted_count++], kept, sizeof(kept));
}

static void what_stands_is_what_the_slow_reference_says(void)
{
	const char *first = getenv("LENS_SEED"), *cases = getenv("LENS_CASES");
	char command[128], *line = NULL;
	size_t room = 0;
	FILE *in;

	(void)snprintf(command, sizeof(command),
		"python3 tests/oracle/footing_cases.py %u %u",
		first ? number(first) : 1, cases ? number(cases) : 2000);
	in = popen(command, "r");
	CHECK(in);
	while (in && !tap_bad && getline(&line, &room, in) > 0)
		obey(line);
	free(line);
	CHECK(in && (tap_bad || pclose(in) == 0));
	CHECK(compared > 0);
	printf("# %u pairs compared\n", compared);
}

int main(void)
{
	if (system("python3 -c pass >/dev/null 2>&1") != 0) {
		printf("1..0 # SKIP no python3\n");
		return 0;
	}
	RUN(what_stands_is_what_the_slow_reference_says);
	return tap_done();
}

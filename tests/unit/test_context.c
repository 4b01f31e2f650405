/* What a moment shows never changes: every word that a store said when a record was its last
 * is said again under at/ when many more have come. And it is what a store says that holds
 * no more than the records which are seen. */
#include <errno.h>

#include "tests/unit/tangle.h"

enum {
	ROUNDS = 25,
	MOMENTS = 12,
};

static const char *const predicates[] = {"p", "q"};

/* ---- what a snapshot says ---- */

static void add_hex(struct buf *out, const uint8_t *bytes)
{
	char hex[ID_HEX + 1];

	hex_print(bytes, ID_SIZE, hex);
	buf_printf(out, " %.8s", hex);
}

/* By claim, and by the key of who voted. */
static int by_claim_and_voter(const void *left, const void *right)
{
	const struct ballot *a = left, *b = right;

	if (a->candidate != b->candidate)
		return a->candidate < b->candidate ? -1 : 1;
	return (a->voter > b->voter) - (a->voter < b->voter);
}

static void tell_ballots(
	const struct candidates *c, struct arena *a, struct buf *out)
{
	size_t n = c->ballot_count;
	struct ballot *list = must(arena_alloc(a, (n + 1) * sizeof(*list)));

	if (n)
		memcpy(list, c->ballots, n * sizeof(*list));
	qsort(list, n, sizeof(*list), by_claim_and_voter);
	for (size_t i = 0; i < n; i++) {
		buf_str(out, "\nballot");
		add_hex(out, c->claims[list[i].candidate].id.b);
		add_hex(out, c->voters[list[i].voter].key.b);
		add_hex(out, list[i].id.b);
	}
}

static void tell_candidates(struct snap *s, struct slice predicate, struct buf *out)
{
	ARENA_AUTO(a);
	struct candidates c = {0};

	if (pair_load(s, slice_str("s"), predicate, &a, &c) < 0)
		return;
	for (uint32_t i = 0; i < c.claim_count; i++) {
		const struct candidate *k = &c.claims[i];

		buf_str(out, "\ncandidate");
		add_hex(out, k->id.b);
		buf_printf(out, " %u %u:", k->lifecycle, k->source_class);
		for (uint32_t j = 0; j < k->signer_count; j++)
			add_hex(out, c.voters[c.signers[k->signer + j]].key.b);
	}
	tell_ballots(&c, &a, out);
}

/* log: also what hangs on the order of arrival. */
static void tell_pair(struct snap *s, const char *name, bool log, struct buf *out)
{
	struct slice subject = slice_str("s"), predicate = slice_str(name);
	struct place_info info = {0};
	uint64_t seq = 0;
	int rc = pair_find(s, subject, predicate, &info);

	buf_printf(out, "\n%s %s", name, rc == 0 ? "is there\n" : "is not there");
	if (rc < 0)
		return;
	CHECK(pair_consensus(s, subject, predicate, out, out) == 0);
	tell_candidates(s, predicate, out);
	if (!log)
		return;
	buf_printf(out, "\nchanged %llu\n", (unsigned long long)info.mtime);
	CHECK(pair_history(
		      s, subject, predicate, &seq, UINT64_MAX, SIZE_MAX, out) == 0);
}

static int tell_vote(void *ctx, const struct counted_vote *v)
{
	buf_str(ctx, "\n  vote");
	add_hex(ctx, v->agent.b);
	add_hex(ctx, v->id.b);
	buf_printf(ctx, " %u", v->weight);
	return 0;
}

static void tell_assertion(struct snap *s, const struct id *id, struct buf *out)
{
	ARENA_AUTO(a);
	struct assertion x = {0};
	int rc = assertion_load(s, id, &a, &x);

	buf_str(out, "\nassertion");
	add_hex(out, id->b);
	if (rc < 0)
		return;
	buf_printf(out, " %u %u %u by", x.lifecycle, x.source_class, x.withdrawn);
	add_hex(out, x.by.b);
	for (uint32_t i = 0; i < x.signature_count; i++) {
		buf_str(out, "\n  signed");
		add_hex(out, x.signatures[i].agent.b);
		buf_printf(out, " at %llu",
			(unsigned long long)x.signatures[i].signed_at);
	}
	for (uint32_t i = 0; i < x.signer_count; i++) {
		buf_str(out, "\n  stands");
		add_hex(out, x.signers[i].b);
	}
	CHECK(assertion_votes(s, id, tell_vote, out) == 0);
}

static int count_one(void *ctx, const struct id *id)
{
	(void)id;
	++*(unsigned *)ctx;
	return 0;
}

static void tell_agent(struct snap *s, const struct key *key, struct buf *out)
{
	struct agent agent = key_agent(key);
	struct agent_profile p = {0};
	ARENA_AUTO(a);
	unsigned claims = 0;

	buf_str(out, "\nagent");
	add_hex(out, agent.b);
	if (agent_profile(s, &agent, &a, &p) < 0)
		return;
	CHECK(agent_claims(s, &agent, NULL, count_one, &claims) == 0);
	CHECK(claims == p.claims);
	buf_printf(out, " trust %u %d, %u claims", p.trust, p.steward, claims);
}

static void tell(struct store *store, const struct context *c,
	const struct round *r, bool log, struct buf *out)
{
	SNAP_AUTO(s);

	CHECK(store_snap(store, &s) == 0);
	snap_see(s, c);
	for (int i = 0; i < 2; i++)
		tell_pair(s, predicates[i], log, out);
	for (uint32_t i = 0; i < r->claim_count; i++)
		tell_assertion(s, &r->claims[i], out);
	for (int i = 0; i < AGENTS; i++)
		tell_agent(s, r->keys[i], out);
	buf_byte(out, '\n');
	buf_byte(out, 0);
}

static void compare(const struct buf *was, const struct buf *now, uint64_t round,
	const char *what, uint64_t when)
{
	const char *x = (const char *)was->p, *y = (const char *)now->p;
	size_t i = 0, line = 0;

	for (; x[i] && x[i] == y[i]; i++)
		if (x[i] == '\n')
			line = i + 1;
	if (x[i] == y[i])
		return;
	printf("# SETTLING_SEED=%llu %s %llu: %.*s\n# now: %.*s\n",
		(unsigned long long)round, what, (unsigned long long)when,
		(int)strcspn(x + line, "\n"), x + line,
		(int)strcspn(y + line, "\n"), y + line);
	CHECK(x[i] == y[i]);
}

/* ---- at/ ---- */

static uint64_t last_seq(struct store *s)
{
	struct snap_totals t;
	SNAP_AUTO(snap);

	CHECK(store_snap(s, &snap) == 0);
	snap_totals(snap, &t);
	return t.seq;
}

static void post(struct store *s, struct entry *list, size_t n)
{
	struct submission sub = {.entries = list, .count = n};

	if (store_commit(s, &sub) != 0)
		printf("# %s\n", sub.error.message);
	CHECK(sub.refused == n);
}

/* What was said when, in one round. */
struct moments {
	struct buf said[MOMENTS];
	uint64_t seq[MOMENTS];
};

static void note_moment(
	struct store *s, const struct round *r, struct moments *m, int i)
{
	m->seq[i] = last_seq(s);
	tell(s, NULL, r, true, &m->said[i]);
}

static void check_moments(struct store *s, const struct round *r,
	const struct moments *m, uint64_t round)
{
	for (int i = 0; i < MOMENTS; i++) {
		struct context c = {.cuts = CONTEXT_AT, .seq = m->seq[i]};
		BUF_AUTO(now);

		tell(s, &c, r, true, &now);
		compare(&m->said[i], &now, round, "at seq", m->seq[i]);
	}
}

/* A steward is appointed in the middle, and unmade. */
static void one_round(uint64_t number)
{
	static struct shuffled all;
	struct round r;
	struct moments m = {.seq = {0}};
	struct store_options o = {.sums_from = 0};
	const char *path = path_of("at", number);
	struct store *s;
	size_t part = (RECORDS + REPEATS) / MOMENTS, done = 0;

	seed = number;
	o.sums_from = below(2) ? 1 : UINT32_MAX;
	s = new_store(path, o.sums_from);
	round_begin(&r);
	round_fill(&r);
	shuffle(&r, &all);
	set(s, path, &r, "admit", 0, 5);
	for (int i = 0; i < MOMENTS; i++, done += part) {
		post(s, all.list + done, part);
		if (i == 4 || i == 7)
			set(s, path, &r, i == 4 ? "steward" : "admit", 1, 6);
		note_moment(s, &r, &m, i);
	}
	post(s, all.list + done, RECORDS + REPEATS - done);
	check_moments(s, &r, &m, number);
	store_close(s);
	/* the index is a function of the log */
	o.rebuild = true;
	CHECK(store_open(path, &o, &s, NULL) == 0);
	check_moments(s, &r, &m, number);
	for (int i = 0; i < MOMENTS; i++)
		buf_free(&m.said[i]);
	store_close(s);
	round_end(&r);
}

/* ---- asof/ ---- */

static const struct id *signed_id(const struct entry *e)
{
	return e->record.kind == RECORD_COSIGNATURE ? &e->record.target : &e->id;
}

/* The record that an entry is, or cosigns; NULL: there is none. */
static const struct record *record_of(const struct round *r, const struct entry *e)
{
	for (int i = 0; i < RECORDS; i++)
		if (r->entries[i].record.kind != RECORD_COSIGNATURE &&
			id_compare(&r->entries[i].id, signed_id(e)) == 0)
			return &r->entries[i].record;
	return NULL;
}

/* Leave what had been said by then, by the rules of docs/standing.md: a signature is of the
 * time of what it signs. How many. */
static size_t cut(const struct round *r, uint64_t asof, struct shuffled *all)
{
	size_t kept = 0;

	for (size_t i = 0; i < RECORDS + REPEATS; i++) {
		const struct record *of = record_of(r, &all->list[i]);

		if (of && of->timestamp <= asof)
			all->list[kept++] = all->list[i];
	}
	return kept;
}

static struct store *store_of(
	const struct round *r, const char *name, uint64_t asof, uint64_t number)
{
	static struct shuffled all;
	const char *path = path_of(name, number * 100 + asof);
	struct store *s = new_store(path, below(2) ? 1 : UINT32_MAX);

	shuffle(r, &all);
	set(s, path, r, "admit", 0, 5);
	set(s, path, r, "steward", 1, 5);
	post(s, all.list, cut(r, asof, &all));
	return s;
}

static void one_set(uint64_t number)
{
	struct round r;
	struct store *s;

	seed = number;
	round_begin(&r);
	round_fill(&r);
	s = store_of(&r, "all", UINT64_MAX, number);
	for (uint64_t t = 5; t <= 60; t += 1 + below(20)) {
		struct context c = {.cuts = CONTEXT_ASOF, .asof = t};
		struct store *then = store_of(&r, "then", t, number);
		BUF_AUTO(was);
		BUF_AUTO(now);

		tell(then, NULL, &r, false, &was);
		tell(s, &c, &r, false, &now);
		compare(&was, &now, number, "as of", t);
		store_close(then);
	}
	store_close(s);
	round_end(&r);
}

/* ---- */

static void play(void (*round)(uint64_t number))
{
	const char *from = getenv("SETTLING_SEED"),
		   *count = getenv("SETTLING_COUNT");
	uint64_t first = from ? strtoull(from, NULL, 10) : 1;
	uint64_t rounds = count ? strtoull(count, NULL, 10) : ROUNDS;

	for (uint64_t i = 0; i < rounds; i++)
		round(first + i);
}

static void a_moment_that_is_past_never_changes(void)
{
	play(one_round);
}

static void what_had_been_said_by_then_is_all_that_counts(void)
{
	play(one_set);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	RUN(a_moment_that_is_past_never_changes);
	RUN(what_had_been_said_by_then_is_all_that_counts);
	remove_all();
	return tap_done();
}

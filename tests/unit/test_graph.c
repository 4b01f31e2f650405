/* The graph around the pairs, in every context and after any order of arrival. */
#include "tests/unit/graph.h"

static struct store *whole; /* all records, in the order of the table */

static void everything_said_is_found_from_every_side(void)
{
	BUF_AUTO(told);

	tell(whole, NULL, &told);
	CHECK(says(&told, "$0 there, used $1 $2, succeeded, holds"));
	CHECK(says(&told, "$5, used, succeeded $6, holds $9 $8 $26 $5"));
	CHECK(says(&told, "$14, used, succeeded, holds"));
	CHECK(says(&told, "source b: $1"));
	CHECK(says(&told, "source https://a: $0 $3"));
	CHECK(says(&told, "source long-name/lo1: $19"));
	CHECK(says(&told, "source long-name/lo2: $20"));
	CHECK(says(&told, "name Ann: @1"));
	CHECK(says(&told, "name Anna: @0"));
	CHECK(says(&told, "epoch one: $5 $7"));
	CHECK(says(&told, "epoch two: $6"));
	/* retracted and rejected claims point nowhere; a subject that points twice once */
	CHECK(says(&told, "Elon <- ceo Tesla"));
	CHECK(says(&told, "Elon <- founder X"));
	CHECK(says(&told, "Elon <- owner Twit"));
	CHECK(says(&told, "Zach <- ceo Tesla"));
	CHECK(says(&told, "conflict EUR: name"));
	CHECK(says(&told, "@0 Anna since 300 trust 500000 1 0 grants 2 claims 6:"
			  " $0 $15 $2 $8 $25 $26"));
	CHECK(says(&told, "@1 Ann since 200 trust 10000 0 0 grants 0 claims 8:"
			  " $1 $16 $17 $18 $9 $19 $20 $30"));
	CHECK(says(
		&told, "@2  since 0 trust 10000 0 0 grants 0 claims 3: $0 $17 $3"));
}

static void order_of_arrival_leaves_no_trace(void)
{
	/* between the signatures of $17: by whom it was signed then depends on all of them */
	struct context then = {
		.cuts = CONTEXT_ASOF, .asof = (uint64_t)(T0 + 355) * SECOND};
	BUF_AUTO(want);
	BUF_AUTO(want_then);

	tell(whole, NULL, &want);
	tell(whole, &then, &want_then);
	srand(5);
	for (int round = 0; round < 12; round++) {
		struct context late = {.cuts = CONTEXT_ASOF, .asof = UINT64_MAX};
		int order[RECORDS];
		char name[32];
		struct store *s;
		BUF_AUTO(got);
		BUF_AUTO(got_then);
		BUF_AUTO(resolved);

		sums_from = round % 2 ? 1 : 0;	  /* 0: the default */
		for (int i = 0; i < RECORDS; i++) /* first: backwards */
			order[i] = RECORDS - 1 - i;
		for (int i = RECORDS - 1; i > 0 && round; i--) {
			int j = rand() % (i + 1), t = order[i];

			order[i] = order[j];
			order[j] = t;
		}
		(void)snprintf(name, sizeof(name), "order%d", round);
		s = new_store(name);
		for (int i = 0; i < RECORDS; i++)
			post(s, order[i]);
		tell(s, NULL, &got);
		CHECK(same(&got, &want, "order", round));
		tell(s, &late, &resolved);
		CHECK(same(&resolved, &want, "resolved", round));
		tell(s, &then, &got_then);
		CHECK(same(&got_then, &want_then, "then, order", round));
		store_close(s);
	}
	sums_from = 0;
}

static void a_moment_shows_what_was_known_then(void)
{
	struct store *s = new_store("moment");
	struct context then = {.cuts = CONTEXT_AT};
	struct context late = {.cuts = CONTEXT_ASOF, .asof = UINT64_MAX};

	for (int n = 0; n < RECORDS; n++) {
		BUF_AUTO(want);
		BUF_AUTO(got);
		BUF_AUTO(resolved);

		post(s, n);
		then.seq = (uint64_t)n + 1;
		tell(s, NULL, &want);
		tell(whole, &then, &got);
		CHECK(same(&got, &want, "seq", n + 1));
		tell(s, &late, &resolved);
		CHECK(same(&resolved, &want, "rows and pairs at", n + 1));
	}
	store_close(s);
}

/* Had it been said by that second? What is about nothing that was said says nothing. */
static bool said_by(int n, int second)
{
	if (table[n].agent == STORE_KEY)
		return true;		     /* who is trusted is no claim */
	if (strstr(table[n].json, "cosign")) /* of the time of what it signs */
		n = number_of(&ids[n]);
	return table[n].at <= second;
}

static void a_time_shows_what_had_been_said_by_then(void)
{
	for (int i = 0; i < RECORDS; i++) {
		int second = table[i].at;
		struct context then = {.cuts = CONTEXT_ASOF,
			.asof = (uint64_t)(T0 + second) * SECOND};
		char name[32];
		struct store *s;
		BUF_AUTO(want);
		BUF_AUTO(got);

		(void)snprintf(name, sizeof(name), "time%d", i);
		s = new_store(name);
		for (int n = 0; n < RECORDS; n++)
			if (said_by(n, second))
				post(s, n);
		tell(s, NULL, &want);
		tell(whole, &then, &got);
		CHECK(same(&got, &want, "second", second));
		store_close(s);
	}
}

static void the_index_of_the_graph_is_disposable(void)
{
	struct context half = {.cuts = CONTEXT_AT, .seq = RECORDS / 2};
	BUF_AUTO(want);
	BUF_AUTO(want_half);
	BUF_AUTO(got);
	BUF_AUTO(got_half);

	tell(whole, NULL, &want);
	tell(whole, &half, &want_half);
	store_close(whole);
	whole = open_store_as("whole", true);
	tell(whole, NULL, &got);
	tell(whole, &half, &got_half);
	CHECK(same(&got, &want, "rebuilt", 0));
	CHECK(same(&got_half, &want_half, "rebuilt", RECORDS / 2));
}

static void what_points_is_a_candidate_of_the_context(void)
{
	struct context c = {.cuts = CONTEXT_STAGE, .stage = LIFECYCLE_REJECTED};
	BUF_AUTO(told);
	SNAP_AUTO(s);

	CHECK(store_snap(whole, &s) == 0);
	snap_see(s, &c);
	pointed = slice_str("Elon");
	for_names(s, inbound_list, &told, tell_inbound);
	CHECK_TEXT(slice_of(told.p, told.n), "\nElon <- owner Twitter");
	c = (struct context){.cuts = CONTEXT_EPOCH, .epoch = slice_str("one")};
	snap_see(s, &c);
	buf_reset(&told);
	for_names(s, inbound_list, &told, tell_inbound);
	CHECK_TEXT(slice_of(told.p, told.n), "\nElon <- owner Twit");
}

static void agents_come_in_order_of_appearance(void)
{
	struct context c = {.cuts = CONTEXT_AT, .seq = 3};
	BUF_AUTO(all);
	BUF_AUTO(then);
	SNAP_AUTO(s);

	CHECK(store_snap(whole, &s) == 0);
	CHECK(agent_list(s, 0, note_key, &all) == 0);
	CHECK_TEXT(slice_of(all.p, all.n), " @0 @1 @2 @3");
	snap_see(s, &c);
	CHECK(agent_list(s, 0, note_key, &then) == 0);
	CHECK_TEXT(slice_of(then.p, then.n), " @0 @1");
}

static void what_does_not_exist_is_said_to_be_missing(void)
{
	struct id nothing = {{0}}, found;
	struct agent nobody = {{0}};
	struct agent_profile p;
	char hex[ID_HEX + 1];
	BUF_AUTO(out);
	ARENA_AUTO(a);
	SNAP_AUTO(s);

	CHECK(store_snap(whole, &s) == 0);
	hex_print(ids[0].b, ID_SIZE, hex);
	CHECK(assertion_find(s, slice_of(hex, 7), &found) == -EINVAL);
	CHECK(assertion_find(s, slice_str("0123456x"), &found) == -EINVAL);
	CHECK(assertion_find(s, slice_str("0123456789x"), &found) == -EINVAL);
	hex_print(ids[5].b, ID_SIZE, hex);
	CHECK(assertion_find(s, slice_of(hex, 64), &found) == -ENOENT);
	CHECK(source_find(s, slice_str("https://")) == -ENOENT);
	CHECK(source_find_hash(s, &nothing, &out) == -ENOENT);
	CHECK(agent_find(s, &nobody) == -ENOENT);
	CHECK(agent_profile(s, &nobody, &a, &p) == -ENOENT);
	CHECK(agent_claims(s, &nobody, NULL, note_id, &out) == -ENOENT);
	CHECK(agent_name_keys(s, slice_str("An"), note_agent, &out) == -ENOENT);
	CHECK(epoch_find(s, slice_str("on"), note_id, &out) == -ENOENT);
	CHECK(epoch_find(s, slice_str(""), note_id, &out) == -ENOENT);
	CHECK(conflict_find(s, slice_str("EUR"), slice_str("none")) == -ENOENT);
	CHECK(assertion_users(s, &nothing, note_id, &out) == 0);
	CHECK(out.n == 0);
}

/* Two claims whose ids begin alike: of so many, two do. */
enum {
	BIRTHDAYS = 400000,
};

struct birthday {
	struct id id;
	int n;
};

static int by_id(const void *a, const void *b)
{
	const struct birthday *x = a, *y = b;

	return id_compare(&x->id, &y->id);
}

static struct birthday birthday(int n)
{
	struct record r = {.kind = RECORD_ASSERTION,
		.timestamp = (uint64_t)(T0 + n) * SECOND,
		.subject = slice_str("B"),
		.predicate = slice_str("is"),
		.object = {OBJECT_BOOL, slice_str("true")}};
	BUF_AUTO(bytes);

	canon_encode(&r, &bytes);
	return (struct birthday){id_of(slice_of(bytes.p, bytes.n)), n};
}

static void say_birthday(struct store *s, int n)
{
	const struct signer me = {.uid = 1000, .may_make_key = true};
	struct error err = {0};
	char json[200];
	struct draft d;
	struct entry e = {.outcome = OUTCOME_PENDING};
	ARENA_AUTO(a);
	struct submission sub = {.uid = 1000, .entries = &e, .count = 1};

	(void)snprintf(json, sizeof(json),
		"{\"subject\":\"B\",\"predicate\":\"is\",\"object\":true,"
		"\"timestamp\":%d}",
		T0 + n);
	CHECK(record_parse(slice_str(json), &a, &d, &err) == 0);
	CHECK(store_prepare(s, &me, &d, &a, &e, &err) == 0);
	CHECK(store_commit(s, &sub) == 0);
}

static void an_ambiguous_prefix_is_said_to_be_so(void)
{
	struct birthday *all = calloc(BIRTHDAYS, sizeof(*all));
	struct store *s = new_store("alike");
	struct id found;
	char hex[ID_HEX + 1];
	int i = 1;
	SNAP_AUTO(snap);

	CHECK(all != NULL);
	for (int n = 0; n < BIRTHDAYS; n++)
		all[n] = birthday(n);
	qsort(all, BIRTHDAYS, sizeof(*all), by_id);
	while (i < BIRTHDAYS && memcmp(all[i - 1].id.b, all[i].id.b, 4) != 0)
		i++;
	CHECK(i < BIRTHDAYS);
	say_birthday(s, all[i].n);
	say_birthday(s, all[i - 1].n);
	CHECK(store_snap(s, &snap) == 0);
	hex_print(all[i].id.b, ID_SIZE, hex);
	CHECK(assertion_find(snap, slice_of(hex, 8), &found) == -ENOTUNIQ);
	for (char *p = hex; *p; p++)
		*p = (char)(*p >= 'a' ? *p - 32 : *p);
	CHECK(assertion_find(snap, slice_of(hex, 63), &found) == 0);
	CHECK(id_compare(&found, &all[i].id) == 0);
	snap_end(&snap);
	store_close(s);
	free(all);
}

static void the_feed_goes_on_where_a_line_begins(void)
{
	struct context c = {.cuts = CONTEXT_AT, .seq = 10};
	uint64_t offset, last;
	BUF_AUTO(feed);
	SNAP_AUTO(s);

	CHECK(store_snap(whole, &s) == 0);
	CHECK(events_read(s, 0, 1000000, &feed) == 0);
	CHECK(events_offset(s, 0, &offset) == 0 && offset == 0);
	for (uint64_t seq = 1; seq < RECORDS; seq++) {
		char want[32];

		CHECK(events_offset(s, seq, &offset) == 0);
		(void)snprintf(want, sizeof(want), "\n{\"seq\":%llu,",
			(unsigned long long)seq + 1);
		CHECK(memcmp(feed.p + offset - 1, want, strlen(want)) == 0);
	}
	CHECK(events_offset(s, UINT64_MAX, &offset) == 0 && offset == feed.n);
	CHECK(events_offset(s, 10, &last) == 0);
	snap_see(s, &c);
	CHECK(events_offset(s, UINT64_MAX, &offset) == 0 && offset == last);
}

static void changed(struct snap *s, uint64_t seq, const char *want)
{
	BUF_AUTO(out);

	buf_byte(&out, ':');
	CHECK(changed_pairs(s, seq, 0, note_pair, &out) == 0);
	CHECK_TEXT(slice_of(out.p, out.n), want);
}

static void each_changed_pair_is_named_once_in_order(void)
{
	struct context c = {.cuts = CONTEXT_AT, .seq = 20};
	SNAP_AUTO(s);

	CHECK(store_snap(whole, &s) == 0);
	changed(s, RECORDS, ":");
	changed(s, UINT64_MAX, ":");
	changed(s, RECORDS - 1, ": X founder");
	/* 27 is under a vote on Tesla, 28 under a claim on EUR, 29 takes one back */
	changed(s, 27, ": EUR name EUR rate Tesla ceo X founder");
	changed(s, 25,
		": EUR name EUR rate Tesla ceo Twit owner Twitter owner"
		" X founder");
	/* a setting lies behind it */
	changed(s, 24,
		": CHF rate E is EUR name EUR rate SpaceX founder Tesla ceo"
		" Twit owner Twitter owner X founder");
	snap_see(s, &c);
	changed(s, 19, ": CHF rate");
	changed(s, 13, ": CHF rate EUR name EUR rate SpaceX founder Tesla ceo");
	changed(s, 20, ":");
}

static bool contested(struct store *store, uint64_t *count)
{
	struct snap_totals t;
	SNAP_AUTO(s);
	int rc;

	CHECK(store_snap(store, &s) == 0);
	snap_totals(s, &t);
	*count = t.contested;
	rc = conflict_find(s, slice_str("EUR"), slice_str("rate"));
	CHECK(rc == 0 || rc == -ENOENT);
	return rc == 0;
}

static void whoever_ends_a_conflict_is_counted(void)
{
	struct store *s = new_store("conflict");
	uint64_t before, count;

	CHECK(!contested(s, &before));
	post(s, 15);
	CHECK(!contested(s, &count));
	CHECK(count == before);
	post(s, 16);
	CHECK(contested(s, &count));
	CHECK(count != before);
	before = count;
	post(s, 13); /* elsewhere */
	CHECK(contested(s, &count));
	CHECK(count == before);
	post(s, 21); /* a member outweighs a stranger at once, before the sweep */
	CHECK(!contested(s, &count));
	CHECK(count != before);
	store_close(s);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	make_records();
	whole = new_store("whole");
	for (int i = 0; i < RECORDS; i++)
		post(whole, i);
	RUN(everything_said_is_found_from_every_side);
	RUN(order_of_arrival_leaves_no_trace);
	RUN(a_moment_shows_what_was_known_then);
	RUN(a_time_shows_what_had_been_said_by_then);
	RUN(the_index_of_the_graph_is_disposable);
	RUN(what_points_is_a_candidate_of_the_context);
	RUN(agents_come_in_order_of_appearance);
	RUN(what_does_not_exist_is_said_to_be_missing);
	RUN(an_ambiguous_prefix_is_said_to_be_so);
	RUN(the_feed_goes_on_where_a_line_begins);
	RUN(each_changed_pair_is_named_once_in_order);
	RUN(whoever_ends_a_conflict_is_counted);
	store_close(whole);
	for (int i = 0; i < RECORDS; i++)
		free(records[i]);
	for (int i = 0; i <= AGENTS; i++)
		key_free(keys[i]);
	shell("rm -rf", top, "");
	return tap_done();
}

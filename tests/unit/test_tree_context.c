/* Context prefixes: which names stand behind them, what is below, and that nothing there
 * takes anything. What they make of the answers, tests/e2e/contexts.bats shows. */
#include "core/when.h"
#include "tests/unit/tree.h"

static void prefixes_are_there_and_are_not_listed(void)
{
	static const char *const prefixes[] = {
		"at", "asof", "stage", "tier", "in-epoch", "since"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct listed l;

		CHECK(walk(prefixes[i]) == 0);
		CHECK(!lists("", prefixes[i]));
		l = list(prefixes[i], 0, 64);
		CHECK(l.n == 0);
	}
}

static void behind_a_prefix_stands_the_tree_without_what_is_not_the_graph(void)
{
	CHECK(lists("at/seq-1", "subjects"));
	CHECK(lists("at/seq-1", "README.md"));
	CHECK(lists("at/seq-1", "AGENTS.md"));
	CHECK(lists("at/seq-1", "events.jsonl"));
	CHECK(!lists("at/seq-1", "inbox"));
	CHECK(!lists("at/seq-1", "receipts"));
	CHECK(!lists("at/seq-1", ".stemefs"));
	CHECK(!lists("at/seq-1", "asof"));
	CHECK(walk("at/seq-1/inbox") == -ENOENT);
	CHECK(walk("at/seq-1/receipts") == -ENOENT);
	CHECK(walk("at/seq-1/.stemefs") == -ENOENT);
	CHECK(walk("at/seq-1/README.md") == 0);
	CHECK(!lists("stage/proposed", "events.jsonl"));
	CHECK(walk("asof/2020/events.jsonl") == -ENOENT);
}

static void check_walk(const char *path, int expected)
{
	int rc = walk(path);

	if (rc != expected)
		printf("# %s: %d\n", path, rc);
	CHECK(rc == expected);
}

static void moments_that_are_none_do_not_exist(void)
{
	static const char *const names[] = {"at/seq-999999", "at/seq-01", "at/seq-",
		"at/2553", "at/@9999999999", "at/tomorrow", "at/2020-13", "at/..",
		"asof/2553", "asof/now", "asof/seq-1", "since/2553", "since/now",
		"at/at", "stage/none", "stage/Approved", "tier/0", "tier/expert ",
		"in-epoch/unknown", "in-epoch/%41", "at/-99999d", "since/x"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check_walk(names[i], -ENOENT);
}

static void every_spelling_of_a_past_moment_is_there(void)
{
	static const char *const names[] = {"at/seq-0", "at/seq-1", "at/2020",
		"at/2020-02", "at/2020-02-29", "at/2020-02-29T21:00",
		"at/2020-02-29T2100", "at/2020-02-29T21:00:00+01:00", "at/@0",
		"asof/2020", "asof/@5.5", "since/2020", "since/@0", "since/seq-1",
		"stage/under_review", "tier/anecdotal"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check_walk(names[i], 0);
}

/* A day, a month and a year that have not ended are not past; they have begun. */
static void a_period_that_is_not_over_can_only_be_looked_back_on(void)
{
	BUF_AUTO(text);
	char path[64];

	when_print(store_now(store), &text);
	for (int n = 4; n <= 10; n += 3) {
		(void)snprintf(path, sizeof(path), "at/%.*s", n, (char *)text.p);
		CHECK(walk(path) == -ENOENT);
		(void)snprintf(path, sizeof(path), "asof/%.*s", n, (char *)text.p);
		CHECK(walk(path) == -ENOENT);
		(void)snprintf(path, sizeof(path), "since/%.*s", n, (char *)text.p);
		CHECK(walk(path) == 0);
	}
}

static void a_prefix_stands_once_in_a_path_and_since_ends_it(void)
{
	CHECK(walk("at/seq-1/at") == -ENOENT);
	CHECK(walk("at/seq-1/asof/2020/at/seq-1") == -ENOENT);
	CHECK(walk("stage/approved/stage/approved") == -ENOENT);
	CHECK(walk("at/seq-1/asof/2020/stage/approved/tier/expert") == 0);
	CHECK(walk("tier/expert/stage/approved/asof/2020/at/seq-1") == 0);
	CHECK(walk("at/seq-1/since/2020/changed.jsonl") == 0);
	CHECK(walk("since/2020/at") == -ENOENT);
	CHECK(walk("since/2020/subjects") == -ENOENT);
	CHECK(walk("since/2020/since") == -ENOENT);
	CHECK(walk("stage/approved/since/2020/events.jsonl") == -ENOENT);
}

static bool link_says(const char *path, const char *text)
{
	PLACE_AUTO(p);
	BUF_AUTO(link);

	p = at(path);
	return p && tree_link(tree, p, &me, &link) == 0 &&
	       slice_is(slice_of(link.p, link.n), text);
}

static void now_and_ago_are_links_to_a_moment(void)
{
	uint64_t then = store_now(store) / SECOND - 86400;
	char text[32], next[32];

	(void)snprintf(text, sizeof(text), "@%llu", (unsigned long long)then);
	(void)snprintf(next, sizeof(next), "@%llu", (unsigned long long)then + 1);
	CHECK(S_ISLNK(stat_of("at/now").mode));
	CHECK(link_says("at/now", "seq-32"));
	CHECK(link_says("asof/2020/at/now", "seq-32"));
	CHECK(link_says("at/-24h", text) || link_says("at/-24h", next));
	CHECK(link_says("asof/-1d", text) || link_says("asof/-1d", next));
	CHECK(link_says("since/-1440m", text) || link_says("since/-1440m", next));
}

static int make_in(const char *dir, const char *name, bool directory)
{
	PLACE_AUTO(d);
	PLACE_AUTO(p);

	d = at(dir);
	if (!d)
		return -ENOENT;
	return directory ? tree_mkdir(tree, d, slice_str(name), &me, &p)
			 : tree_create(tree, d, slice_str(name), &me, false, &p);
}

static void nothing_is_taken_under_a_context(void)
{
	static const char *const dirs[] = {"at", "at/seq-32", "at/seq-32/subjects",
		"at/seq-32/subjects/S1", "at/seq-32/subjects/S1/p",
		"stage/proposed", "stage/proposed/subjects",
		"stage/proposed/subjects/S1", "since", "since/2020"};
	PLACE_AUTO(p);
	struct sink *s;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		CHECK(make_in(dirs[i], "x", true) == -EROFS);
		CHECK(make_in(dirs[i], "x", false) == -EROFS);
	}
	CHECK(walk("subjects/S1/p/assert") == 0);
	CHECK(walk("stage/proposed/subjects/S1/p/assert") == -ENOENT);
	CHECK(walk("at/seq-32/subjects/S1/p/vote") == -ENOENT);
	CHECK(!lists("at/seq-32/subjects/S1/p", "assert"));
	p = at("at/seq-32/subjects/S1/p/consensus");
	CHECK(p && tree_open_sink(tree, p, &me, true, &s) == -EROFS);
	CHECK(p && tree_access(tree, p, &me, W_OK) == -EROFS);
	CHECK(p && tree_set_attr(tree, p, &me) == -EROFS);
}

static void what_was_only_made_is_in_no_context(void)
{
	CHECK(make_in("subjects", "Made", true) == 0);
	CHECK(make_in("subjects/Made", "q", true) == 0);
	CHECK(make_in("subjects/S1", "q", true) == 0);
	CHECK(walk("tier/anecdotal/subjects/Made") == -ENOENT);
	CHECK(walk("stage/proposed/subjects/Made") == -ENOENT);
	CHECK(walk("stage/proposed/subjects/S1/q") == -ENOENT);
	CHECK(!lists("stage/proposed/subjects/S1", "q"));
	CHECK(lists("subjects/S1", "q"));
}

static void what_is_past_has_one_version(void)
{
	struct attr before = stat_of("at/seq-32/subjects/S2/p/consensus");
	struct attr dir = stat_of("at/seq-32/subjects");
	BUF_AUTO(old);
	BUF_AUTO(new);
	struct attr after;

	read_into("at/seq-32/subjects/S2/p/claims.jsonl", &old);
	CHECK(put("subjects/S2/p", "assert", "later\n") == 0);
	CHECK(put("inbox", "later",
		      "{\"subject\":\"New\",\"predicate\":\"p\",\"object\":1}") ==
		0);
	after = stat_of("at/seq-32/subjects/S2/p/consensus");
	CHECK(before.version == after.version && before.version != 0);
	CHECK(before.mtime == after.mtime && before.size == after.size);
	CHECK(stat_of("at/seq-32/subjects").mtime == dir.mtime);
	CHECK(walk("at/seq-32/subjects/New") == -ENOENT);
	read_into("at/seq-32/subjects/S2/p/claims.jsonl", &new);
	CHECK(slice_equal(slice_of(old.p, old.n), slice_of(new.p, new.n)));
	CHECK(says("subjects/S2/p/claims.jsonl", "later"));
}

/* What came of a superseded epoch is younger than its pair: also when asked again. */
static void what_is_past_has_one_mtime(void)
{
	static const char *const lines[] = {"{\"epoch\":\"E1\"}",
		"{\"subject\":\"Epo\",\"predicate\":\"p\",\"object\":1,"
		"\"epoch\":\"E1\"}",
		"{\"epoch\":\"E2\",\"supersedes\":\"E1\","
		"\"supersession\":\"replace\"}"};
	char path[64];
	struct attr first, pair;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		CHECK(put("inbox", "epochs", lines[i]) == 0);
	(void)snprintf(path, sizeof(path), "at/@%llu.%09llu/subjects/Epo/p/epoch",
		(unsigned long long)(store_now(store) / SECOND),
		(unsigned long long)(store_now(store) % SECOND));
	first = stat_of(path);
	pair = stat_of("subjects/Epo/p/consensus");
	CHECK(first.mtime > pair.mtime);
	CHECK(stat_of(path).mtime == first.mtime);
	CHECK(stat_of(path).size == first.size);
}

static void a_store_is_filled(void)
{
	fill();
	CHECK(stat_of("at/now").size == 6);
}

int main(void)
{
	if (!start()) {
		printf("Bail out! no store\n");
		return 1;
	}
	RUN(a_store_is_filled);
	RUN(prefixes_are_there_and_are_not_listed);
	RUN(behind_a_prefix_stands_the_tree_without_what_is_not_the_graph);
	RUN(moments_that_are_none_do_not_exist);
	RUN(every_spelling_of_a_past_moment_is_there);
	RUN(a_period_that_is_not_over_can_only_be_looked_back_on);
	RUN(a_prefix_stands_once_in_a_path_and_since_ends_it);
	RUN(now_and_ago_are_links_to_a_moment);
	RUN(nothing_is_taken_under_a_context);
	RUN(what_was_only_made_is_in_no_context);
	RUN(what_is_past_has_one_version);
	RUN(what_is_past_has_one_mtime);
	return stop();
}

/* The table of nodes, on a tree of its own: places here are paths and nothing else. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "fs/node.h"
#include "fs/rendering.h"
#include "tests/unit/tap.h"

struct place {
	char path[64];
	struct pair_mark mark;
};

static struct place root;
static atomic_int places;

struct place *tree_root(struct tree *t)
{
	(void)t;
	return &root;
}

struct slice place_path(const struct place *p)
{
	return slice_str(p->path);
}

struct pair_mark place_mark(const struct place *p)
{
	return p->mark;
}

void place_free(struct place *p)
{
	if (p)
		places--;
	free(p);
}

static struct place *place(const char *path)
{
	struct place *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	(void)snprintf(p->path, sizeof(p->path), "%s", path);
	places++;
	return p;
}

static struct node *add(struct nodes *t, const char *path, struct attr a)
{
	struct look l = {.attr = a};
	struct node *n = NULL;

	CHECK(nodes_add(t, nodes_at(t, NODE_ROOT), place(path), &l, &n) == 0);
	return n;
}

static struct attr file(uint64_t inode, uint64_t version)
{
	return (struct attr){
		.mode = S_IFREG | 0444, .inode = inode, .version = version};
}

static struct attr directory(uint64_t inode, uint64_t version)
{
	return (struct attr){
		.mode = S_IFDIR | 0755, .inode = inode, .version = version};
}

static struct nodes *table(void)
{
	struct nodes *t = NULL;

	places = 0;
	if (nodes_new(NULL, &t) < 0)
		abort();
	return t;
}

static void the_root_is_always_there(void)
{
	struct nodes *t = table();
	struct node *n = nodes_at(t, NODE_ROOT);

	CHECK(n->place == &root);
	CHECK(nodes_id(t, n) == NODE_ROOT);
	nodes_forget(t, n, 1000);
	CHECK(nodes_at(t, NODE_ROOT)->place == &root);
	CHECK(nodes_count(t) == 0);
	nodes_free(t);
}

static void a_version_of_a_path_is_one_node(void)
{
	struct nodes *t = table();
	struct node *a = add(t, "x/consensus", file(7, 1));

	CHECK(add(t, "x/consensus", file(7, 1)) == a);
	CHECK(nodes_at(t, nodes_id(t, a)) == a);
	CHECK(node_fixed(a));
	CHECK(nodes_count(t) == 1);
	CHECK(places == 1);
	nodes_free(t);
	CHECK(places == 0);
}

static void another_version_is_another_node(void)
{
	struct nodes *t = table();
	struct node *a = add(t, "x/consensus", file(7, 1));
	struct node *b = add(t, "x/consensus", file(7, 2));

	CHECK(a != b);
	CHECK(a->attr.inode == b->attr.inode);
	nodes_free(t);
}

static void a_directory_stays_one_node_however_it_changes(void)
{
	struct nodes *t = table();

	CHECK(add(t, "subjects", directory(3, 1)) ==
		add(t, "subjects", directory(3, 2)));
	nodes_free(t);
}

static void a_live_file_stays_one_node(void)
{
	struct nodes *t = table();
	struct attr a = file(5, 1);
	struct node *n;

	a.live = true;
	n = add(t, "events.jsonl", a);
	a.version = 2;
	CHECK(add(t, "events.jsonl", a) == n);
	CHECK(!node_fixed(n));
	nodes_free(t);
}

static void two_paths_with_one_inode_number_are_two_nodes(void)
{
	struct nodes *t = table();

	CHECK(add(t, "subjects/a", directory(9, 1)) !=
		add(t, "subjects/b", directory(9, 1)));
	nodes_free(t);
}

static void a_node_goes_with_its_last_lookup(void)
{
	struct nodes *t = table();
	struct node *n = add(t, "a", file(1, 1));

	(void)add(t, "a", file(1, 1));
	(void)add(t, "a", file(1, 1));
	nodes_forget(t, n, 2);
	CHECK(nodes_count(t) == 1);
	nodes_forget(t, n, 1);
	CHECK(nodes_count(t) == 0);
	CHECK(places == 0);
	nodes_free(t);
}

static void what_was_removed_is_not_found_again_but_lives_on(void)
{
	struct nodes *t = table();
	struct node *n = add(t, "inbox/lane", directory(4, 1));
	struct node *again;

	nodes_retire(t, 4);
	again = add(t, "inbox/lane", directory(4, 1));
	CHECK(again != n);
	CHECK(nodes_count(t) == 2);
	nodes_forget(t, n, 1);
	CHECK(nodes_count(t) == 1);
	CHECK(add(t, "inbox/lane", directory(4, 1)) == again);
	nodes_free(t);
	CHECK(places == 0);
}

static void the_inbox_is_known_by_its_path(void)
{
	struct nodes *t = table();

	CHECK(add(t, "inbox", directory(1, 1))->inbox);
	CHECK(add(t, "inbox/a", file(2, 1))->inbox);
	CHECK(add(t, "inbox/lane/a", file(3, 1))->inbox);
	CHECK(!add(t, "inbox2", directory(4, 1))->inbox);
	CHECK(!add(t, "subjects/inbox", directory(5, 1))->inbox);
	nodes_free(t);
}

static void many_nodes_are_all_found(void)
{
	struct nodes *t = table();
	enum {
		MANY = 10000
	};
	struct node **n = calloc(MANY, sizeof(*n));
	char path[32];

	for (uint64_t i = 0; n && i < MANY; i++) {
		(void)snprintf(path, sizeof(path), "f%u", (unsigned)i);
		n[i] = add(t, path, file(i * 11, 1));
	}
	CHECK(nodes_count(t) == MANY);
	for (uint64_t i = 0; n && i < MANY; i++) {
		(void)snprintf(path, sizeof(path), "f%u", (unsigned)i);
		CHECK(add(t, path, file(i * 11, 1)) == n[i]);
		nodes_forget(t, n[i], 2);
	}
	CHECK(nodes_count(t) == 0);
	free(n);
	nodes_free(t);
}

static void the_oldest_of_too_many_are_asked_back_once(void)
{
	enum {
		SURPLUS = 100
	};
	struct nodes *t = table();
	struct forgetting s;
	char path[32];
	int asked = 0;

	for (unsigned i = 0; i < NODES_SETTLED + NODES_QUEUED; i++) {
		(void)snprintf(path, sizeof(path), "d/f%u", i);
		(void)add(t, path, file(i + 2, 1));
	}
	CHECK(!nodes_surplus(t, &s));
	for (unsigned i = 0; i < SURPLUS; i++) {
		(void)snprintf(path, sizeof(path), "d/late%u", i);
		(void)add(t, path, file(1000000 + i, 1));
	}
	while (nodes_surplus(t, &s)) {
		/* The first of the queue is the first behind the settled ones. */
		(void)snprintf(path, sizeof(path), "f%d", NODES_SETTLED + asked);
		CHECK_TEXT(slice_str(s.name), path);
		CHECK(s.id == NODE_ROOT);
		asked++;
	}
	CHECK(asked == SURPLUS);
	nodes_free(t);
	CHECK(places == 0);
}

/* ---- what the kernel may keep until it is told ---- */

static const struct pair_mark pair_a = {.pair = 11, .subject = 1};
static const struct pair_mark pair_b = {.pair = 12, .subject = 1};
static const struct pair_mark subject = {.pair = 1, .subject = 1};
static const struct pair_mark subjects = {0};

static struct node *add_told(struct nodes *t, const char *path, struct attr a,
	struct pair_mark mark, uint64_t moment)
{
	struct look l = {.attr = a, .moment = moment};
	struct place *p = place(path);
	struct node *n = NULL;

	p->mark = mark;
	l.attr.lasting = LASTS_TOLD;
	CHECK(nodes_add(t, nodes_at(t, NODE_ROOT), p, &l, &n) == 0);
	return n;
}

/* How many names and directories a batch makes old. */
static size_t tell(struct nodes *t, const struct news *news)
{
	BUF_AUTO(b);

	nodes_tell(t, news, &b);
	return b.n / sizeof(struct forgetting);
}

static size_t tell_pair(struct nodes *t, struct pair_mark mark)
{
	struct news news = {.pairs = &mark, .count = 1};

	return tell(t, &news);
}

static void a_batch_makes_its_own_pairs_old_and_no_other(void)
{
	struct nodes *t = table();
	struct node *a = add_told(t, "s/a/recency", file(1, 1), pair_a, 0);
	struct node *b = add_told(t, "s/b/recency", file(2, 1), pair_b, 0);
	struct node *s = add_told(t, "s", directory(3, 1), subject, 0);

	CHECK(a->current && b->current && s->current);
	CHECK(tell_pair(t, pair_a) == 1);
	CHECK(!a->current && b->current && s->current);
	CHECK(tell_pair(t, pair_a) == 0); /* told already */
	nodes_free(t);
	CHECK(places == 0);
}

static void new_names_make_their_directories_old(void)
{
	struct nodes *t = table();
	struct node *s = add_told(t, "s", directory(3, 1), subject, 0);
	struct node *all = add_told(t, "subjects", directory(4, 1), subjects, 0);
	struct news news = {.pairs = &pair_a, .count = 1, .new_pairs = true};

	CHECK(tell(t, &news) == 1);
	CHECK(!s->current && all->current);
	news.new_subjects = true;
	CHECK(tell(t, &news) == 1);
	CHECK(!all->current);
	nodes_free(t);
}

static void a_setting_makes_everything_old(void)
{
	struct nodes *t = table();
	struct news news = {.everything = true};

	(void)add_told(t, "s/a/recency", file(1, 1), pair_a, 0);
	(void)add_told(t, "s/b/recency", file(2, 1), pair_b, 0);
	(void)add(t, "s/b/authority", file(5, 1)); /* which nobody is told of */
	CHECK(tell(t, &news) == 2);
	nodes_free(t);
}

static void what_was_looked_at_before_a_change_is_not_current(void)
{
	struct nodes *t = table();
	uint64_t moment = nodes_moment(t);
	struct node *a;

	CHECK(tell_pair(t, pair_b) == 0); /* any change: nobody knows of which */
	a = add_told(t, "s/a/recency", file(1, 1), pair_a, moment);
	CHECK(!a->current);
	CHECK(tell_pair(t, pair_a) == 0); /* the kernel was not to keep it */
	CHECK(!nodes_renew(t, a, moment));
	CHECK(nodes_renew(t, a, nodes_moment(t)));
	CHECK(tell_pair(t, pair_a) == 1);
	nodes_free(t);
}

static void content_is_given_while_it_is_current(void)
{
	struct nodes *t = table();
	const struct rendering *r = NULL;
	struct attr attr = file(1, 1);
	struct look l = {.attr = attr};
	struct place *p = place("s/a/recency");
	struct node *n = NULL;

	l.attr.lasting = LASTS_TOLD;
	p->mark = pair_a;
	CHECK(rendering_new(slice_str(p->path), &attr, slice_str("4\n"), &r) == 0);
	l.content = r;
	CHECK(nodes_add(t, nodes_at(t, NODE_ROOT), p, &l, &n) == 0);
	rendering_put(r);
	r = nodes_content(t, n);
	CHECK(r && slice_is(r->bytes, "4\n"));
	CHECK(tell_pair(t, pair_a) == 1);
	CHECK(nodes_content(t, n) == NULL);
	nodes_forget(t, n, 1);
	CHECK(tell_pair(t, pair_a) == 0); /* gone from the table */
	CHECK(r && slice_is(r->bytes, "4\n"));
	rendering_put(r);
	nodes_free(t);
}

static void what_lasts_for_ever_is_never_told(void)
{
	struct nodes *t = table();
	struct news news = {.everything = true};
	struct attr a = file(1, 1);
	struct node *n;

	a.lasting = LASTS_EVER;
	n = add(t, "at/seq-1/s/a/recency", a);
	CHECK(tell(t, &news) == 0);
	CHECK(n->current);
	nodes_free(t);
}

static void *churn(void *ctx)
{
	struct nodes *t = ctx;
	char path[32];

	for (uint64_t i = 0; i < 20000; i++) {
		struct node *n = NULL;
		struct look l = {.attr = file(i % 97, i % 3)};

		(void)snprintf(path, sizeof(path), "f%u", (unsigned)(i % 97));
		if (nodes_add(t, nodes_at(t, NODE_ROOT), place(path), &l, &n) < 0)
			abort();
		if (i % 50 == 0)
			nodes_retire(t, i % 97);
		nodes_forget(t, n, 1);
	}
	return NULL;
}

static void many_threads_leave_nothing_behind(void)
{
	struct nodes *t = table();
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, churn, t) != 0)
			abort();
	for (int i = 0; i < 4; i++)
		(void)pthread_join(threads[i], NULL);
	CHECK(nodes_count(t) == 0);
	CHECK(places == 0);
	nodes_free(t);
}

int main(void)
{
	RUN(the_root_is_always_there);
	RUN(a_version_of_a_path_is_one_node);
	RUN(another_version_is_another_node);
	RUN(a_directory_stays_one_node_however_it_changes);
	RUN(a_live_file_stays_one_node);
	RUN(two_paths_with_one_inode_number_are_two_nodes);
	RUN(a_node_goes_with_its_last_lookup);
	RUN(what_was_removed_is_not_found_again_but_lives_on);
	RUN(the_inbox_is_known_by_its_path);
	RUN(many_nodes_are_all_found);
	RUN(the_oldest_of_too_many_are_asked_back_once);
	RUN(a_batch_makes_its_own_pairs_old_and_no_other);
	RUN(new_names_make_their_directories_old);
	RUN(a_setting_makes_everything_old);
	RUN(what_was_looked_at_before_a_change_is_not_current);
	RUN(content_is_given_while_it_is_current);
	RUN(what_lasts_for_ever_is_never_told);
	RUN(many_threads_leave_nothing_behind);
	return tap_done();
}

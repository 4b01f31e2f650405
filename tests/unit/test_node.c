/* The table of nodes, on a tree of its own: places here are paths and nothing else. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "fs/node.h"
#include "tests/unit/tap.h"

struct place {
	char path[64];
};

static struct place root;
static atomic_int places;

struct place *tree_root(struct tree *t)
{
	(void)t;
	return &root;
}

void place_path(const struct place *p, struct buf *out)
{
	buf_str(out, p->path);
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
	struct node *n = NULL;

	CHECK(nodes_add(t, nodes_at(t, NODE_ROOT), place(path), &a, &n) == 0);
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
	struct surplus s;
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
		CHECK(s.parent == NODE_ROOT);
		asked++;
	}
	CHECK(asked == SURPLUS);
	nodes_free(t);
	CHECK(places == 0);
}

static void *churn(void *ctx)
{
	struct nodes *t = ctx;
	char path[32];

	for (uint64_t i = 0; i < 20000; i++) {
		struct node *n = NULL;
		struct attr a = file(i % 97, i % 3);

		(void)snprintf(path, sizeof(path), "f%u", (unsigned)(i % 97));
		if (nodes_add(t, nodes_at(t, NODE_ROOT), place(path), &a, &n) < 0)
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
	RUN(many_threads_leave_nothing_behind);
	return tap_done();
}

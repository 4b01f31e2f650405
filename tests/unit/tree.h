/* A tree on a real store in a directory of its own, and what tests ask of it. */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/place.h"
#include "fs/rendering.h"
#include "fs/tree.h"
#include "tests/unit/tap.h"

enum {
	SUBJECTS = 30,
};

static char tree_dir[] = "/tmp/stemefs-tree-XXXXXX";
static struct store *store;
static struct inbox *inbox;
static struct tree *tree;
static struct caller me, other;

static inline bool may_make_key(void *ctx, uid_t uid)
{
	(void)ctx;
	(void)uid;
	return true;
}

static inline struct place *at(const char *path)
{
	struct place *p = NULL;

	return tree_walk(tree, slice_str(path), &me, &p) == 0 ? p : NULL;
}

/* 0 or -errno of walking there as who. */
static inline int walk_as(const struct caller *who, const char *path)
{
	PLACE_AUTO(p);

	return tree_walk(tree, slice_str(path), who, &p);
}

static inline int walk(const char *path)
{
	return walk_as(&me, path);
}

static atomic_int last_answer;

static inline void take_answer(void *ctx, int error)
{
	(void)ctx;
	last_answer = error;
}

/* The store answers in its own thread: closing waits for all that is owed. */
static inline int put(const char *dir, const char *name, const char *text)
{
	PLACE_AUTO(d);
	PLACE_AUTO(p);
	struct sink *s = NULL;
	int rc;

	d = at(dir);
	rc = d ? tree_create(tree, d, slice_str(name), &me, false, &p) : -ENOENT;
	if (rc == 0)
		rc = tree_open_sink(tree, p, &me, true, &s);
	if (rc < 0)
		return rc;
	last_answer = 1;
	sink_write(s, slice_str(text), 0, take_answer, NULL);
	while (last_answer == 1)
		(void)usleep(100);
	sink_close(s);
	return last_answer;
}

struct listed {
	char names[64][32];
	uint64_t cookies[64];
	size_t n;
	size_t most;
};

static inline int take_name(
	void *ctx, struct slice name, mode_t type, uint64_t inode, uint64_t cookie)
{
	struct listed *l = ctx;

	CHECK(type != 0);
	CHECK(inode > 1);
	CHECK(cookie > 0);
	if (l->n == 64 || name.n >= 32)
		return 1;
	(void)snprintf(l->names[l->n], 32, "%.*s", SLICE_ARG(name));
	l->cookies[l->n++] = cookie;
	return l->n >= l->most;
}

static inline struct listed list(const char *path, uint64_t after, size_t most)
{
	PLACE_AUTO(p);
	struct listed l = {.most = most};

	p = at(path);
	CHECK(p && tree_list(tree, p, &me, after, take_name, &l) == 0);
	return l;
}

static inline bool lists(const char *path, const char *name)
{
	struct listed l = list(path, 0, 64);

	for (size_t i = 0; i < l.n; i++)
		if (strcmp(l.names[i], name) == 0)
			return true;
	return false;
}

static inline struct attr stat_of(const char *path)
{
	PLACE_AUTO(p);
	struct attr a = {0};

	p = at(path);
	CHECK(p && tree_stat(tree, p, &me, &a) == 0);
	return a;
}

static inline void read_into(const char *path, struct buf *out)
{
	PLACE_AUTO(p);
	RENDERING_AUTO(r);

	p = at(path);
	CHECK(p && tree_render(tree, p, &me, &r) == 0);
	if (r)
		buf_slice(out, r->bytes);
}

static inline bool says(const char *path, const char *text)
{
	BUF_AUTO(content);

	read_into(path, &content);
	return content.n > 0 &&
	       memmem(content.p, content.n, text, strlen(text)) != NULL;
}

static inline void fill(void)
{
	BUF_AUTO(all);

	for (int i = 1; i <= SUBJECTS; i++)
		buf_printf(&all,
			"{\"subject\":\"S%d\",\"predicate\":\"p\",\"object\":\"%"
			"s\"}\n",
			i, i == 1 ? "one" : "many");
	buf_str(&all,
		"{\"subject\":\"a/b\",\"predicate\":\"p q\",\"object\":true}\n");
	buf_byte(&all, 0);
	CHECK(put("inbox", "all", (const char *)all.p) == 0);
}

/* A store in a directory of its own, and the tree on it. */
static inline bool start(void)
{
	struct inbox_options inbox_options = {.may_make_key = may_make_key};
	struct tree_options options = {0};
	struct error err = {0};
	char path[64];

	me = (struct caller){.uid = getuid(), .gid = getgid(), .pid = getpid()};
	other = (struct caller){.uid = me.uid + 1, .gid = me.gid, .pid = getpid()};
	if (!mkdtemp(tree_dir))
		return false;
	(void)snprintf(path, sizeof(path), "%s/store", tree_dir);
	if (store_create(path, &err) < 0 ||
		store_open(path, NULL, &store, &err) < 0) {
		printf("# %s\n", err.message);
		return false;
	}
	inbox_options.store = store;
	if (inbox_new(&inbox_options, &inbox) < 0)
		return false;
	options.store = store;
	options.inbox = inbox;
	options.owner = me.uid;
	return tree_new(&options, &tree) == 0;
}

/* Close all, and the exit status of the test. */
static inline int stop(void)
{
	char command[64];

	tree_free(tree);
	inbox_free(inbox);
	store_close(store);
	(void)snprintf(command, sizeof(command), "rm -rf %s", tree_dir);
	return system(command) ? 1 : tap_done(); /* NOLINT(cert-env33-c) */
}

#endif

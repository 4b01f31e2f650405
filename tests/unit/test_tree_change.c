/* Changing the tree: places that are made, and everything that is refused. */
#include "tests/unit/tree.h"

/* ---- places that are made ---- */

static int make(const char *dir, const char *name)
{
	PLACE_AUTO(d);
	PLACE_AUTO(p);

	d = at(dir);
	return d ? tree_mkdir(tree, d, slice_str(name), &me, &p) : -ENOENT;
}

static int rmdir_at(const char *dir, const char *name)
{
	PLACE_AUTO(d);

	d = at(dir);
	return d ? tree_rmdir(tree, d, slice_str(name), &me) : -ENOENT;
}

static void a_made_pair_shows_where_to_write_and_nothing_else(void)
{
	struct listed l;

	CHECK(make("subjects", "Made") == 0);
	CHECK(make("subjects/Made", "p") == 0);
	CHECK(make("subjects/Made", "p") == -EEXIST);
	CHECK(lists("subjects", "Made"));
	l = list("subjects/Made/p", 0, 64);
	CHECK(l.n == 2 && strcmp(l.names[0], "assert") == 0 &&
		strcmp(l.names[1], "vote") == 0);
	CHECK(walk("subjects/Made/p/consensus") == -ENOENT);
	CHECK(walk("subjects/Made/p/value") == -ENOENT);
}

static void a_made_place_can_go_until_something_is_said_there(void)
{
	CHECK(make("subjects/Made", "q") == 0);
	CHECK(rmdir_at("subjects/Made", "q") == 0);
	CHECK(walk("subjects/Made/q") == -ENOENT);
	CHECK(put("subjects/Made/p", "assert", "real\n") == 0);
	CHECK(walk("subjects/Made/p/consensus") == 0);
	CHECK(rmdir_at("subjects/Made", "p") == -EROFS);
	CHECK(rmdir_at("subjects", "Made") == -EROFS);
}

static void a_place_that_became_real_is_listed_once(void)
{
	struct listed l = list("subjects", 0, 64);
	size_t n = 0;

	for (size_t i = 0; i < l.n; i++)
		n += strcmp(l.names[i], "Made") == 0;
	CHECK(n == 1);
}

static void mkdir_explains_how_names_are_spelled(void)
{
	CHECK(make("subjects", "50%") == -EINVAL);
	CHECK(make("subjects", "_x") == -EINVAL);
	CHECK(make("subjects", "\xff") == -EINVAL);
	CHECK(make("subjects", "50%") == -EINVAL);
	CHECK(make("subjects", "50%25") == 0);
	CHECK(make("", "x") == -EROFS);
	CHECK(make("subjects/S1/p", "x") == -EROFS);
}

/* ---- refusals ---- */

static void everything_else_is_read_only(void)
{
	PLACE_AUTO(root);
	PLACE_AUTO(p);
	struct sink *s;

	root = at("");
	CHECK(tree_unlink(tree, root, slice_str("README.md"), &me) == -EROFS);
	CHECK(tree_unlink(tree, root, slice_str("inbox"), &me) == -EISDIR);
	CHECK(tree_rmdir(tree, root, slice_str("inbox"), &me) == -EROFS);
	CHECK(tree_rmdir(tree, root, slice_str("subjects"), &me) == -EROFS);
	p = at("subjects/S1/p/consensus");
	CHECK(tree_open_sink(tree, p, &me, true, &s) == -EROFS);
	CHECK(tree_truncate(tree, p, &me, 0) == -EROFS);
	CHECK(tree_set_attr(tree, p, &me) == -EROFS);
	CHECK(tree_access(tree, p, &me, W_OK) == -EROFS);
	CHECK(tree_access(tree, p, &me, R_OK) == 0);
	CHECK(tree_access(tree, p, &me, X_OK) == -EACCES);
}

static void rename_to(const char *from_dir, const char *from, const char *to_dir)
{
	PLACE_AUTO(f);
	PLACE_AUTO(t);

	f = at(from_dir);
	t = at(to_dir);
	last_answer = 1;
	tree_rename(tree, f, slice_str(from), t, slice_str("x"), false, &me,
		take_answer, NULL);
}

static void only_names_of_the_inbox_are_renamed(void)
{
	rename_to("inbox", "d1", "subjects");
	CHECK(last_answer == -EXDEV);
	rename_to("subjects/S1/p", "consensus", "inbox");
	CHECK(last_answer == -EROFS);
	rename_to("", "README.md", "");
	CHECK(last_answer == -EROFS);
}

static void nobody_reads_what_is_anothers(void)
{
	char mine[64];
	PLACE_AUTO(name);
	RENDERING_AUTO(r);
	struct sink *s;

	(void)snprintf(mine, sizeof(mine), ".stemefs/uid/%u", me.uid);
	CHECK(walk(mine) == 0);
	CHECK(walk_as(&other, mine) == -EACCES);
	CHECK(walk(".stemefs/uid/x") == -ENOENT);
	name = at("inbox/d1");
	CHECK(tree_render(tree, name, &other, &r) == -EACCES);
	CHECK(tree_open_sink(tree, name, &other, true, &s) == -EACCES);
	CHECK(tree_access(tree, name, &other, R_OK) == -EACCES);
	CHECK(tree_set_attr(tree, name, &other) == -EPERM);
	CHECK(tree_set_attr(tree, name, &me) == 0);
}

static void a_refusal_stands_in_last_error(void)
{
	char path[64];

	CHECK(put("inbox", "bad", "{\"subject\":1}\n") == -EINVAL);
	(void)snprintf(path, sizeof(path), ".stemefs/uid/%u/last_error", me.uid);
	CHECK(says(path, "\"path\":\"inbox/bad\""));
	CHECK(says(path, "EINVAL"));
}

static void a_store_is_filled(void)
{
	fill();
	CHECK(put("inbox", "d1",
		      "{\"subject\":\"D\",\"predicate\":\"p\",\"object\":1}") == 0);
}

int main(void)
{
	if (!start()) {
		printf("Bail out! no store\n");
		return 1;
	}
	RUN(a_store_is_filled);
	RUN(a_made_pair_shows_where_to_write_and_nothing_else);
	RUN(a_made_place_can_go_until_something_is_said_there);
	RUN(a_place_that_became_real_is_listed_once);
	RUN(mkdir_explains_how_names_are_spelled);
	RUN(everything_else_is_read_only);
	RUN(only_names_of_the_inbox_are_renamed);
	RUN(nobody_reads_what_is_anothers);
	RUN(a_refusal_stands_in_last_error);
	return stop();
}

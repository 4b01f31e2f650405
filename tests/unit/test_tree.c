/* Looking at the tree: what holds for every place, pairs and lenses, the guide. */
#include "tests/unit/tree.h"

enum {
	README_LINES_MAX = 150,
};

/* ---- what holds for every place ---- */

static void check_file(const char *path, const struct attr *a)
{
	BUF_AUTO(content);

	if (a->live || a->stream)
		return;
	read_into(path, &content);
	CHECK(a->size == content.n);
	CHECK(a->version != 0);
}

static void check_below(const char *dir)
{
	struct listed l = list(dir, 0, 64);

	for (size_t i = 0; i < l.n; i++) {
		char path[512];
		struct attr a;

		(void)snprintf(path, sizeof(path), "%s/%s", dir, l.names[i]);
		CHECK(walk(path) == 0);
		a = stat_of(path);
		CHECK(a.mtime < store_now(store));
		if (S_ISDIR(a.mode))
			check_below(path);
		else if (S_ISREG(a.mode))
			check_file(path, &a);
	}
}

static void what_is_listed_is_there_with_its_exact_size(void)
{
	check_below("");
}

static void a_listing_goes_on_behind_every_cookie(void)
{
	static const char *const dirs[] = {"", "subjects", "subjects/S1",
		"subjects/S1/p", "subjects/S1/p/value", ".stemefs", "inbox",
		".stemefs/uid"};

	for (size_t d = 0; d < sizeof(dirs) / sizeof(dirs[0]); d++) {
		struct listed all = list(dirs[d], 0, 64);

		for (size_t i = 0; i < all.n; i++) {
			struct listed rest = list(dirs[d], all.cookies[i], 1);

			CHECK(rest.n == (i + 1 < all.n ? 1 : 0));
			if (rest.n)
				CHECK(strcmp(rest.names[0], all.names[i + 1]) == 0);
		}
	}
}

static void one_spelling_per_name(void)
{
	CHECK(walk("subjects/a%2Fb") == 0);
	CHECK(walk("subjects/a%2fb") == -ENOENT);
	CHECK(walk("subjects/%53%31") == -ENOENT);
	CHECK(walk("subjects//S1///p") == 0);
	CHECK(walk("subjects/.git") == -ENOENT);
}

static void a_name_too_long_is_told(void)
{
	char path[400] = "subjects/";

	memset(path + 9, 'x', 300);
	CHECK(walk(path) == -ENAMETOOLONG);
	path[9 + 241] = '\0';
	CHECK(walk(path) == -ENOENT);
}

static void a_file_has_nothing_below_it(void)
{
	CHECK(walk("README.md/x") == -ENOTDIR);
	CHECK(walk("subjects/S1/p/consensus/x") == -ENOTDIR);
}

/* ---- pairs ---- */

static void a_disputed_pair_has_no_value_for_the_skeptic(void)
{
	CHECK(put("inbox", "d1",
		      "{\"subject\":\"D\",\"predicate\":\"p\",\"object\":1}") == 0);
	CHECK(walk("subjects/D/p/value/skeptic") == 0);
	other.uid = me.uid + 1;
	{
		struct caller was = me;

		me = other;
		CHECK(put("subjects/D/p", "assert", "2\n") == 0);
		me = was;
	}
	CHECK(says("subjects/D/p/skeptic", "\"status\":\"contested\""));
	CHECK(walk("subjects/D/p/value/skeptic") == -ENOENT);
	CHECK(!lists("subjects/D/p/value", "skeptic"));
	CHECK(walk("subjects/D/p/value/consensus") == 0);
	CHECK(walk("subjects/D/p/value/nonsense") == -ENOENT);
}

static void a_write_gives_another_version(void)
{
	struct attr before = stat_of("subjects/S2/p/consensus");
	struct attr after;

	CHECK(put("subjects/S2/p", "assert", "twice\n") == 0);
	after = stat_of("subjects/S2/p/consensus");
	CHECK(before.version != after.version);
	CHECK(before.inode == after.inode);
	CHECK(before.mtime < after.mtime);
}

static bool xattr_is(const char *path, const char *name, const char *value)
{
	PLACE_AUTO(p);
	BUF_AUTO(got);

	p = at(path);
	CHECK(p && tree_xattr(tree, p, &me, slice_str(name), &got) == 0);
	return slice_is(slice_of(got.p, got.n), value);
}

static int xattr(const char *path, const char *name)
{
	PLACE_AUTO(p);
	BUF_AUTO(got);

	p = at(path);
	return p ? tree_xattr(tree, p, &me, slice_str(name), &got) : -ENOENT;
}

static void lens_files_have_attributes(void)
{
	static const char path[] = "subjects/S1/p/consensus";

	CHECK(xattr_is(path, "user.stemefs.object", "one"));
	CHECK(xattr_is(path, "user.stemefs.confidence", "0.333333"));
	CHECK(xattr_is(path, "user.stemefs.status", "single"));
	CHECK(xattr_is(path, "user.stemefs.candidates", "1"));
	CHECK(xattr(path, "user.other") == -ENODATA);
	CHECK(xattr(path, "user.stemefs.other") == -ENODATA);
	CHECK(xattr(path, "security.selinux") == -EOPNOTSUPP);
	CHECK(xattr("README.md", "user.stemefs.id") == -ENODATA);
	CHECK(xattr("README.md", "trusted.x") == -EOPNOTSUPP);
	CHECK(xattr("subjects/D/p/skeptic", "user.stemefs.object") == -ENODATA);
	CHECK(xattr_is("subjects/D/p/skeptic", "user.stemefs.status", "contested"));
}

/* ---- the guide ---- */

static void the_guide_names_every_lens_and_stays_short(void)
{
	BUF_AUTO(text);
	size_t n = 0;

	read_into("README.md", &text);
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	CHECK(n <= README_LINES_MAX);
	for (size_t i = 0; lenses[i]; i++) {
		char row[64];

		(void)snprintf(row, sizeof(row), "| `%s` |", lenses[i]->name);
		CHECK(says("README.md", row));
	}
}

static void the_tree_opens_on_an_empty_store(void)
{
	struct listed l = list("subjects", 0, 64);

	CHECK(l.n == 0);
	check_below("");
	fill();
}

int main(void)
{
	if (!start()) {
		printf("Bail out! no store\n");
		return 1;
	}
	RUN(the_tree_opens_on_an_empty_store);
	RUN(a_disputed_pair_has_no_value_for_the_skeptic);
	RUN(a_write_gives_another_version);
	RUN(lens_files_have_attributes);
	RUN(what_is_listed_is_there_with_its_exact_size);
	RUN(a_listing_goes_on_behind_every_cookie);
	RUN(one_spelling_per_name);
	RUN(a_name_too_long_is_told);
	RUN(a_file_has_nothing_below_it);
	RUN(the_guide_names_every_lens_and_stays_short);
	return stop();
}

/* The graph in the tree: claims by id, sources, agents, epochs, references, conflicts. */
#include "tests/unit/tree.h"

static char ada_id[ID_HEX + 1];

/* The value of "id" in what is there. */
static void id_in(const char *path, char out[ID_HEX + 1])
{
	static const char key[] = "\"id\":\"";
	BUF_AUTO(content);
	const char *at;

	read_into(path, &content);
	at = content.n ? memmem(content.p, content.n, key, strlen(key)) : NULL;
	CHECK(at);
	out[0] = '\0';
	if (at)
		(void)snprintf(out, ID_HEX + 1, "%.64s", at + strlen(key));
}

static const char *of(const char *id, const char *file)
{
	static char path[160];

	(void)snprintf(path, sizeof(path), "assertions/%s%s%s", id,
		*file ? "/" : "", file);
	return path;
}

static int say(const char *text)
{
	return put("inbox", "say", text);
}

static void fill_graph(void)
{
	CHECK(say("{\"subject\":\"Ada\",\"predicate\":\"knows\",\"object\":{"
		  "\"ref\":"
		  "\"Bob\"},\"source\":\"r\"}") == 0);
	CHECK(say("{\"subject\":\"Bob\",\"predicate\":\"is\",\"object\":\"known\","
		  "\"source\":\"other/source\"}") == 0);
	CHECK(say("{\"epoch\":\"E\"}") == 0);
	CHECK(say("{\"profile\":{\"name\":\"me\"}}") == 0);
	CHECK(say("{\"subject\":\"D\",\"predicate\":\"p\",\"object\":1}") == 0);
	{
		struct caller was = me;

		me = other;
		CHECK(put("subjects/D/p", "assert", "2\n") == 0);
		me = was;
	}
	id_in("subjects/Ada/knows/recency", ada_id);
}

static bool links_to(const char *path, const char *target)
{
	PLACE_AUTO(p);
	BUF_AUTO(link);

	p = at(path);
	return p && tree_link(tree, p, &me, &link) == 0 &&
	       slice_is(slice_of(link.p, link.n), target);
}

static void references_are_links_both_ways(void)
{
	CHECK(links_to("subjects/Ada/knows/target", "../../Bob"));
	CHECK(links_to("subjects/Bob/_in/knows/Ada", "../../../Ada"));
	CHECK(walk("subjects/Bob/is/target") == -ENOENT);
	CHECK(walk("subjects/Ada/_in") == -ENOENT);
	CHECK(walk("subjects/Bob/_in/is") == -ENOENT);
	CHECK(walk("subjects/Bob/_in/knows/Bob") == -ENOENT);
	CHECK(lists("subjects/Bob", "_in"));
	CHECK(!lists("subjects/Ada", "_in"));
	CHECK(lists("subjects/Ada/knows", "target"));
	CHECK(!lists("subjects/Bob/is", "target"));
}

static void a_claim_is_found_by_its_id_and_not_listed(void)
{
	char prefix[9];

	(void)snprintf(prefix, sizeof(prefix), "%.8s", ada_id);
	CHECK(walk(of(ada_id, "")) == 0);
	CHECK(walk(of(prefix, "claim.json")) == 0);
	prefix[7] = '\0';
	CHECK(walk(of(prefix, "")) == -ENOENT);
	CHECK(walk("assertions/nonsense") == -ENOENT);
	CHECK(list("assertions", 0, 64).n == 0);
	CHECK(says(of(ada_id, "claim.json"), "\"state\":\"stands\""));
}

static void the_record_hashes_to_the_id(void)
{
	BUF_AUTO(record);
	char hex[ID_HEX + 1];
	struct id id;

	read_into(of(ada_id, "record"), &record);
	id = id_of(slice_of(record.p, record.n));
	hex_print(id.b, ID_SIZE, hex);
	CHECK(strcmp(hex, ada_id) == 0);
}

static void what_says_something_about_a_claim_is_a_stream(void)
{
	static const char *const files[] = {
		"vote", "cosign", "retract", "supersede"};

	for (size_t i = 0; i < 4; i++) {
		struct attr a = stat_of(of(ada_id, files[i]));

		CHECK(a.stream);
		CHECK(a.size == 0);
		CHECK((a.mode & 0777) == 0666);
	}
	CHECK(!stat_of(of(ada_id, "claim.json")).stream);
}

static int tell(const char *file, const char *text)
{
	char dir[100];

	(void)snprintf(dir, sizeof(dir), "assertions/%s", ada_id);
	return put(dir, file, text);
}

static void a_refusal_is_the_answer_of_the_write(void)
{
	CHECK(tell("retract", "\n") == -EINVAL);
	CHECK(tell("retract", "{\"retract\":1}\n") == -EINVAL);
	CHECK(tell("supersede", "\n") == -EINVAL);
	CHECK(tell("supersede", "ffffffff why\n") == -EINVAL);
	CHECK(tell("supersede", ada_id) == 0); /* no newline yet */
	CHECK(tell("vote", "1.5\n") == -EINVAL);
	CHECK(tell("vote", "\n") == 0);
	CHECK(tell("cosign", "\n") == 0);
	CHECK(says(of(ada_id, "claim.json"), "\"state\":\"stands\""));
}

static void a_vote_and_a_retraction_are_seen(void)
{
	struct attr before = stat_of(of(ada_id, "claim.json"));

	CHECK(!says(of(ada_id, "votes.jsonl"), "weight"));
	CHECK(tell("vote", "-0.5\n") == 0);
	CHECK(says(of(ada_id, "votes.jsonl"), "\"weight\":-0.5,"));
	CHECK(tell("retract", "a typo\n") == 0);
	CHECK(says(of(ada_id, "claim.json"), "\"state\":\"withdrawn\""));
	CHECK(stat_of(of(ada_id, "claim.json")).version != before.version);
	CHECK(says("sources/r/claims.jsonl", ",\"state\":\"withdrawn\"}\n"));
	CHECK(walk("subjects/Bob/_in") == -ENOENT);
	CHECK(!says(of(ada_id, "votes.jsonl"), "weight"));
}

static void sources_agents_and_epochs_are_listed(void)
{
	char path[100];
	char bob[ID_HEX + 1];
	struct agent key;

	CHECK(lists("sources", "r"));
	CHECK(lists("sources", "other%2Fsource"));
	CHECK(walk("sources/other") == -ENOENT);
	CHECK(lists("epochs", "E"));
	CHECK(says("epochs/E/epoch.json", "\"hidden\":false"));
	CHECK(store_agent_of(store, me.uid, &key) == 0);
	hex_print(key.b, ID_SIZE, bob);
	CHECK(links_to("agents/me", bob));
	(void)snprintf(path, sizeof(path), "agents/%s/profile.json", bob);
	CHECK(says(path, "\"name\":\"me\""));
	CHECK(lists("agents/by-name", "me"));
	(void)snprintf(path, sizeof(path), "agents/by-name/me/%s", bob);
	CHECK(walk(path) == 0);
	CHECK(store_agent_of(store, 4242, &key) == -ENOENT);
}

static void what_is_contested_is_linked_and_in_one_file(void)
{
	CHECK(lists("conflicts", "D"));
	CHECK(links_to("conflicts/D/p", "../../subjects/D/p"));
	CHECK(walk("conflicts/Bob") == -ENOENT);
	CHECK(walk("conflicts/D/q") == -ENOENT);
	CHECK(says("conflicts.jsonl", "{\"subject\":\"D\",\"predicate\":\"p\","
				      "\"status\":\"contested\""));
	CHECK(!says("conflicts.jsonl", "Bob"));
}

/* Names that can go away are asked for anew; others the kernel may keep for a day. */
static void what_may_cease_to_be_says_so(void)
{
	CHECK(stat_of("conflicts/D").fleeting);
	CHECK(stat_of(of(ada_id, "")).fleeting);
	CHECK(stat_of("agents/by-name/me").fleeting);
	CHECK(stat_of("subjects/Bob/_in").fleeting);
	CHECK(!stat_of("subjects/Bob").fleeting);
	CHECK(!stat_of("sources/r").fleeting);
}

/* Names here may be longer than those of other tests: cookies alone. */
static int take_cookie(
	void *ctx, struct slice name, mode_t type, uint64_t inode, uint64_t cookie)
{
	struct listed *l = ctx;

	(void)inode;
	CHECK(name.n > 0 && type != 0);
	l->cookies[l->n++] = cookie;
	return l->n >= l->most;
}

static void a_listing_goes_on_behind_every_cookie(void)
{
	static const char *const dirs[] = {"subjects/Bob", "subjects/Bob/_in",
		"subjects/Bob/_in/knows", "subjects/Ada/knows", "sources", "agents",
		"agents/by-name", "agents/by-name/me", "epochs", "conflicts",
		"conflicts/D"};

	for (size_t d = 0; d < sizeof(dirs) / sizeof(dirs[0]); d++) {
		PLACE_AUTO(p);
		struct listed all = {.most = 64};
		uint64_t cookie = 0;
		size_t n = 0;

		p = at(dirs[d]);
		CHECK(p && tree_list(tree, p, &me, 0, take_cookie, &all) == 0);
		CHECK(all.n > 0);
		for (; n <= all.n; n++) {
			struct listed one = {.most = 1};

			(void)tree_list(tree, p, &me, cookie, take_cookie, &one);
			if (!one.n)
				break;
			CHECK(one.cookies[0] == all.cookies[n]);
			cookie = one.cookies[0];
		}
		CHECK(n == all.n);
	}
}

int main(void)
{
	if (!start())
		return 1;
	fill_graph();
	RUN(references_are_links_both_ways);
	RUN(a_claim_is_found_by_its_id_and_not_listed);
	RUN(the_record_hashes_to_the_id);
	RUN(what_says_something_about_a_claim_is_a_stream);
	RUN(sources_agents_and_epochs_are_listed);
	RUN(what_is_contested_is_linked_and_in_one_file);
	RUN(what_may_cease_to_be_says_so);
	RUN(a_listing_goes_on_behind_every_cookie);
	RUN(a_refusal_is_the_answer_of_the_write);
	RUN(a_vote_and_a_retraction_are_seen);
	return stop();
}

/* One set of records for the tests of the graph, and everything that store/snap.h promises
 * about them, told as text: two stores, contexts or orders of arrival that should agree tell
 * the same. */
#ifndef TESTS_GRAPH_H
#define TESTS_GRAPH_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/canon.h"
#include "core/when.h"
#include "store/store.h"
#include "tests/unit/tap.h"

enum {
	T0 = 1700000000, /* seconds; times of the table count from here */
	AGENTS = 3,
	STORE_KEY = AGENTS,
};

/* Signed by this agent at T0 + at. In the text ' stands for ", $n for the id of record n,
 * @n for the key of agent n and %n for a long name that ends in n. The timestamp is T0 + at
 * too, but for cosignatures, which have none. */
static const struct {
	int agent;
	int at;
	const char *json;
} table[] = {
	{0, 100, /* $0 */
		"'subject':'Tesla','predicate':'ceo','object':{'ref':'Elon'},"
		"'source':'https://a'"},
	{1, 200,
		"'subject':'Tesla','predicate':'ceo','object':{'ref':'Elon'},"
		"'source':'b','because':['$0']"},
	{0, 300,
		"'subject':'Tesla','predicate':'ceo','object':{'ref':'Zach'},"
		"'because':['$0','$1']"},
	{2, 400,
		"'subject':'SpaceX','predicate':'founder','object':{'ref':'Elon'},"
		"'source':'https://a'"},
	{2, 150, "'cosign':'$0'"},
	{0, 100, "'epoch':'one'"}, /* $5 */
	{0, 200, "'epoch':'two','supersedes':'$5','supersession':'replace'"},
	{1, 300, "'epoch':'one'"},
	{0, 500, "'subject':'E','predicate':'is','object':1,'epoch':'$5'"},
	{1, 450, "'subject':'E','predicate':'is','object':1,'epoch':'$5'"},
	{0, 100, "'profile':{'name':'Ann'}"}, /* $10 */
	{1, 200, "'profile':{'name':'Ann'}"},
	{0, 300, "'profile':{'name':'Anna'}"},
	{1, 600, "'vote':'$2','weight':-1"},
	{2, 700, "'retract':'$3','reason':'typo'"},
	{0, 100, "'subject':'EUR','predicate':'rate','object':1"}, /* $15 */
	{1, 250, "'subject':'EUR','predicate':'rate','object':2"},
	{2, 350, "'subject':'EUR','predicate':'name','object':'Euro'"},
	{1, 360, "'subject':'EUR','predicate':'name','object':'euro'"},
	{1, 610, "'subject':'CHF','predicate':'rate','object':1,'source':'%1'"},
	{1, 620, "'subject':'CHF','predicate':'rate','object':1,'source':'%2'"},
	{STORE_KEY, 50, "'setting':'admit','agent':'@0','value':true"}, /* $21 */
	{STORE_KEY, 650, "'setting':'admit','agent':'@1','value':true"},
	{STORE_KEY, 800, "'setting':'admit','agent':'@1','value':false"},
	{STORE_KEY, 60, "'setting':'grant','agent':'@0','value':'clinical'"},
	{0, 810, /* $25 */
		"'subject':'Twitter','predicate':'owner','object':{'ref':'Elon'},"
		"'lifecycle':'rejected'"},
	{0, 820,
		"'subject':'Twit','predicate':'owner','object':{'ref':'Elon'},"
		"'epoch':'$5'"},
	{2, 630, "'cosign':'$13'"},
	{1, 90, "'cosign':'$17'"},
	{0, 640, "'retract':'$15','reason':'old'"},
	{1, 830, "'subject':'X','predicate':'founder','object':{'ref':'Elon'}"},
};

enum {
	RECORDS = sizeof(table) / sizeof(table[0]),
};

static char top[] = "/tmp/stemefs-test-XXXXXX";
static struct key *keys[AGENTS + 1];
static char *records[RECORDS];
static struct id ids[RECORDS]; /* of a cosignature: of what it signs */
static char seed[300];	       /* a store whose key signs the settings */
static uint32_t sums_from;     /* of the stores that are opened */

static const char *at(const char *name)
{
	static char path[4][256];
	static int turn;
	char *p = path[turn++ & 3];

	(void)snprintf(p, sizeof(path[0]), "%s/%s", top, name);
	return p;
}

static inline void shell(const char *command, const char *a, const char *b)
{
	char line[700];

	(void)snprintf(line, sizeof(line), "%s %s %s", command, a, b);
	CHECK(system(line) == 0);
}

/* ---- making the records ---- */

static inline void fill_in(const char *json, struct buf *out)
{
	for (; *json; json++) {
		char hex[ID_HEX + 1] = "";

		if (*json == '$' || *json == '@') {
			bool record = *json == '$';
			long n = strtol(json + 1, NULL, 10);
			struct agent key = key_agent(keys[record ? 0 : n]);

			json += strspn(json + 1, "0123456789");
			hex_print(record ? ids[n].b : key.b, ID_SIZE, hex);
			buf_str(out, hex);
		} else if (*json == '%') {
			for (int i = 0; i < 60; i++)
				buf_str(out, "long-name/");
			json++;
			buf_byte(out, (uint8_t)*json);
		} else {
			buf_byte(out, *json == '\'' ? '"' : (uint8_t)*json);
		}
	}
}

static inline void make_record(int n)
{
	ARENA_AUTO(a);
	BUF_AUTO(json);
	BUF_AUTO(bytes);
	BUF_AUTO(out);
	struct slice text = {0}, view = {0};
	struct error err = {0};
	struct signature sig;
	struct draft d;

	buf_byte(&json, '{');
	fill_in(table[n].json, &json);
	if (!strstr(table[n].json, "cosign"))
		buf_printf(&json, ",\"timestamp\":%d", T0 + table[n].at);
	buf_byte(&json, '}');
	(void)buf_view(&json, &text);
	if (record_parse(text, &a, &d, &err) < 0)
		printf("# %d: %s\n", n, err.message);
	canon_encode(&d.record, &bytes);
	(void)buf_view(&bytes, &view);
	ids[n] =
		d.record.kind == RECORD_COSIGNATURE ? d.record.target : id_of(view);
	sig = key_sign(keys[table[n].agent], &ids[n],
		(uint64_t)(T0 + table[n].at) * SECOND);
	buf_byte(&out, '{');
	record_print(&d.record, &out);
	signatures_print(&sig, 1, &out);
	buf_str(&out, "}");
	buf_byte(&out, 0);
	records[n] = strdup((const char *)out.p);
}

static inline void make_records(void)
{
	struct error err = {0};
	BUF_AUTO(path);

	(void)snprintf(seed, sizeof(seed), "%s", at("seed"));
	CHECK(store_create(seed, &err) == 0);
	store_key_path(seed, &path);
	buf_byte(&path, 0);
	CHECK(key_load((const char *)path.p, &keys[STORE_KEY], &err) == 0);
	for (int i = 0; i < AGENTS; i++) {
		uint8_t bytes[ID_SIZE] = {(uint8_t)(i + 1)};

		CHECK(key_from_seed(bytes, &keys[i]) == 0);
	}
	for (int i = 0; i < RECORDS; i++)
		make_record(i);
}

static inline struct store *open_store_as(const char *name, bool rebuild)
{
	struct store *s = NULL;
	struct store_options o = {.sums_from = sums_from, .rebuild = rebuild};
	struct error err = {0};

	if (store_open(at(name), &o, &s, &err) < 0)
		printf("# open %s: %s\n", name, err.message);
	return s;
}

static inline struct store *open_store(const char *name)
{
	return open_store_as(name, false);
}

static inline struct store *new_store(const char *name)
{
	shell("cp -r", seed, at(name));
	return open_store(name);
}

static inline void post(struct store *s, int n)
{
	const struct signer who = {.uid = 1};
	struct error err = {0};
	struct draft d;
	struct entry e = {.outcome = OUTCOME_PENDING};
	ARENA_AUTO(a);
	struct submission sub = {.entries = &e, .count = 1};
	int rc = record_parse(slice_str(records[n]), &a, &d, &err);

	if (rc == 0)
		rc = store_prepare(s, &who, &d, &a, &e, &err);
	if (rc == 0)
		rc = store_commit(s, &sub);
	CHECK(rc == 0);
	if (rc < 0)
		printf("# record %d: %s%s\n", n, err.message, sub.error.message);
}

/* ---- asking ---- */

/* The record with that id, of those that are no cosignatures. */
static inline int number_of(const struct id *id)
{
	for (int i = 0; i < RECORDS; i++)
		if (id_compare(&ids[i], id) == 0 &&
			!strstr(table[i].json, "cosign"))
			return i;
	return -1;
}

static inline int note_id(void *ctx, const struct id *id)
{
	buf_printf(ctx, " $%d", number_of(id));
	return 0;
}

static inline int note_agent(void *ctx, const struct agent *a)
{
	for (int i = 0; i <= AGENTS; i++) {
		struct agent key = key_agent(keys[i]);

		if (agent_compare(&key, a) == 0)
			buf_printf(ctx, " @%d", i);
	}
	return 0;
}

static inline int note_key(void *ctx, struct slice name, uint64_t cookie)
{
	struct agent a;

	(void)cookie;
	memcpy(a.b, name.p, ID_SIZE);
	return note_agent(ctx, &a);
}

static inline void note_name(struct buf *out, struct slice name)
{
	buf_printf(
		out, " %.*s", name.n > 12 ? 12 : (int)name.n, (const char *)name.p);
	if (name.n > 12)
		buf_byte(out, name.p[name.n - 1]);
}

static inline int note_pair(
	void *ctx, struct slice subject, struct slice predicate, uint64_t cookie)
{
	(void)cookie;
	note_name(ctx, subject);
	note_name(ctx, predicate);
	return 0;
}

/* One page of a listing. */
struct page {
	struct buf names; /* each with a zero byte */
	uint64_t cookie;
};

static inline int turn(void *ctx, struct slice name, uint64_t cookie)
{
	struct page *p = ctx;

	buf_slice(&p->names, name);
	buf_byte(&p->names, 0);
	p->cookie = cookie;
	return 1;
}

typedef int list(struct snap *s, uint64_t after, name_visit *visit, void *ctx);

/* All names of a listing, page by page of one name each, so that every cookie is used. */
static inline void all_names(struct snap *s, list *of, struct buf *names)
{
	struct page p = {.cookie = 0};
	size_t before;

	do {
		before = p.names.n;
		CHECK(of(s, p.cookie, turn, &p) == 0);
	} while (p.names.n > before && p.names.n < 100000);
	CHECK(p.names.n < 100000);
	buf_add(names, p.names.p, p.names.n);
	buf_free(&p.names);
}

/* Call `each` for every name of a listing. */
static inline void for_names(struct snap *s, list *of, struct buf *out,
	void (*each)(struct snap *s, struct slice name, struct buf *out))
{
	BUF_AUTO(names);

	all_names(s, of, &names);
	for (size_t i = 0; i < names.n;) {
		struct slice name = slice_str((const char *)names.p + i);

		each(s, name, out);
		i += name.n + 1;
	}
}

static inline void tell_source(struct snap *s, struct slice name, struct buf *out)
{
	struct id hash = id_of(name);
	BUF_AUTO(again);

	CHECK(source_find(s, name) == 0);
	CHECK(source_find_hash(s, &hash, &again) == 0);
	CHECK(slice_equal(slice_of(again.p, again.n), name));
	buf_str(out, "\nsource");
	note_name(out, name);
	buf_byte(out, ':');
	CHECK(source_claims(s, name, NULL, note_id, out) == 0);
}

static inline void tell_name(struct snap *s, struct slice name, struct buf *out)
{
	buf_str(out, "\nname");
	note_name(out, name);
	buf_byte(out, ':');
	CHECK(agent_name_keys(s, name, note_agent, out) == 0);
}

static inline void tell_epoch(struct snap *s, struct slice name, struct buf *out)
{
	buf_str(out, "\nepoch");
	note_name(out, name);
	buf_byte(out, ':');
	CHECK(epoch_find(s, name, note_id, out) == 0);
}

static struct slice pointed; /* the lists below are of one subject, */
static struct slice by;	     /* and one predicate */

static inline int inbound_list(
	struct snap *s, uint64_t after, name_visit *v, void *ctx)
{
	return inbound_predicates(s, pointed, after, v, ctx);
}

static inline int inbound_by_list(
	struct snap *s, uint64_t after, name_visit *v, void *ctx)
{
	return inbound_subjects(s, pointed, by, after, v, ctx);
}

static inline void tell_only_name(
	struct snap *s, struct slice name, struct buf *out)
{
	(void)s;
	note_name(out, name);
}

static inline void tell_inbound(struct snap *s, struct slice name, struct buf *out)
{
	buf_printf(out, "\n%.*s <-", SLICE_ARG(pointed));
	note_name(out, name);
	by = name;
	for_names(s, inbound_by_list, out, tell_only_name);
}

static inline int contested_list(
	struct snap *s, uint64_t after, name_visit *v, void *ctx)
{
	return conflict_predicates(s, pointed, after, v, ctx);
}

static inline void tell_conflict(struct snap *s, struct slice name, struct buf *out)
{
	buf_printf(out, "\nconflict %.*s:", SLICE_ARG(name));
	pointed = name;
	for_names(s, contested_list, out, tell_only_name);
}

static inline void tell_record(struct snap *s, int n, struct buf *out)
{
	char hex[ID_HEX + 1];
	struct id found;
	int rc;

	hex_print(ids[n].b, ID_SIZE, hex);
	buf_printf(out, "\n$%d", n);
	rc = assertion_find(s, slice_of(hex, 9), &found);
	CHECK(rc == -ENOENT || (rc == 0 && id_compare(&found, &ids[n]) == 0));
	CHECK(assertion_find(s, slice_of(hex, ID_HEX), &found) == rc);
	buf_str(out, rc == 0 ? " there, used" : ", used");
	CHECK(assertion_users(s, &ids[n], note_id, out) == 0);
	buf_str(out, ", succeeded");
	CHECK(epoch_successors(s, &ids[n], note_id, out) == 0);
	buf_str(out, ", holds");
	CHECK(epoch_claims(s, &ids[n], 1, NULL, note_id, out) == 0);
	rc = epoch_find(s, slice_of(hex, ID_HEX), note_id, out);
	CHECK(rc == 0 || rc == -ENOENT);
}

static inline void tell_agent(struct snap *s, int n, struct buf *out)
{
	struct agent key = key_agent(keys[n]);
	struct agent_profile p = {.since = 0};
	ARENA_AUTO(a);
	int rc = agent_profile(s, &key, &a, &p);

	CHECK(rc == agent_find(s, &key));
	if (rc == -ENOENT)
		return;
	buf_printf(out,
		"\n@%d %.*s since %llu trust %u %d %d grants %u claims %llu:", n,
		SLICE_ARG(p.name),
		p.since ? (unsigned long long)(p.since / SECOND - T0) : 0, p.trust,
		p.admitted, p.steward, p.grants, (unsigned long long)p.claims);
	CHECK(agent_claims(s, &key, NULL, note_id, out) == 0);
}

/* Everything that does not depend on the log. */
static inline void tell(
	struct store *store, const struct context *c, struct buf *out)
{
	static const char *const subjects[] = {"Elon", "Zach", "Tesla"};
	SNAP_AUTO(s);

	CHECK(store_snap(store, &s) == 0);
	snap_see(s, c);
	for (int i = 0; i < RECORDS; i++)
		tell_record(s, i, out);
	for (int i = 0; i <= AGENTS; i++)
		tell_agent(s, i, out);
	for_names(s, source_list, out, tell_source);
	for_names(s, agent_name_list, out, tell_name);
	for_names(s, epoch_list, out, tell_epoch);
	for (int i = 0; i < 3; i++) {
		pointed = slice_str(subjects[i]);
		for_names(s, inbound_list, out, tell_inbound);
	}
	for_names(s, conflict_subjects, out, tell_conflict);
	buf_str(out, "\nall:");
	CHECK(changed_pairs(s, 0, 0, note_pair, out) == 0);
	buf_byte(out, '\n');
	buf_byte(out, 0);
}

/* The same words? Says which line differs. */
static inline bool same(
	const struct buf *a, const struct buf *b, const char *what, long n)
{
	const char *x = (const char *)a->p, *y = (const char *)b->p;
	size_t i = 0, line = 0;

	for (; x[i] && x[i] == y[i]; i++)
		if (x[i] == '\n')
			line = i + 1;
	if (x[i] != y[i])
		printf("# %s %ld: %.*s, not %.*s\n", what, n,
			(int)strcspn(x + line, "\n"), x + line,
			(int)strcspn(y + line, "\n"), y + line);
	return x[i] == y[i];
}

static inline bool says(const struct buf *told, const char *line)
{
	BUF_AUTO(want);
	bool there;

	buf_printf(&want, "\n%s\n", line);
	there = memmem(told->p, told->n, want.p, want.n) != NULL;
	if (!there)
		printf("# no line: %s in\n%s\n", line, (const char *)told->p);
	return there;
}

#endif

/* The store through its face: real files in a temporary directory, real signatures. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/when.h"
#include "store/store.h"
#include "tests/unit/tap.h"

static char top[] = "/tmp/stemefs-test-XXXXXX";
static const struct signer me = {.uid = 1000, .may_make_key = true};

static const char *at(const char *name)
{
	static char path[4][256];
	static int turn;
	char *p = path[turn++ & 3];

	(void)snprintf(p, sizeof(path[0]), "%s/%s", top, name);
	return p;
}

static struct store *open_store_as(
	const char *name, uint32_t sums_from, bool rebuild)
{
	struct store_options o = {.sums_from = sums_from, .rebuild = rebuild};
	struct store *s = NULL;
	struct error err = {0};

	if (store_open(at(name), &o, &s, &err) < 0)
		printf("# open %s: %s\n", name, err.message);
	return s;
}

static struct store *open_store(const char *name, uint32_t sums_from)
{
	return open_store_as(name, sums_from, false);
}

static struct store *new_store(const char *name, uint32_t sums_from)
{
	struct error err = {0};

	if (store_create(at(name), &err) < 0)
		printf("# create %s: %s\n", name, err.message);
	return open_store(name, sums_from);
}

/* Write JSON records, each a draft; returns 0 or the error. */
static int post(struct store *s, const struct signer *who, const char *json,
	struct entry *out, struct error *err)
{
	ARENA_AUTO(a);
	struct draft d;
	struct entry e;
	int rc = record_parse(slice_str(json), &a, &d, err);

	if (rc == 0)
		rc = store_prepare(s, who, &d, &a, &e, err);
	if (rc < 0)
		return rc;
	struct submission sub = {.uid = who->uid, .entries = &e, .count = 1};

	rc = store_commit(s, &sub);
	if (rc < 0 && err)
		*err = sub.error;
	if (out)
		*out = e;
	return rc;
}

static int say(struct store *s, const char *json)
{
	struct error err = {0};
	int rc = post(s, &me, json, NULL, &err);

	if (rc < 0)
		printf("# %s: %s\n", json, err.message);
	return rc;
}

static void consensus(struct store *s, const char *subject, const char *predicate,
	struct buf *line, struct buf *value)
{
	SNAP_AUTO(snap);

	buf_reset(line);
	buf_reset(value);
	CHECK(store_snap(s, &snap) == 0);
	CHECK(pair_consensus(snap, slice_str(subject), slice_str(predicate), line,
		      value) == 0);
}

static bool holds(const struct buf *b, const char *text)
{
	return memmem(b->p, b->n, text, strlen(text)) != NULL;
}

static void a_claim_is_there_when_the_commit_returns(void)
{
	struct store *s = new_store("one", 0);
	BUF_AUTO(line);
	BUF_AUTO(value);

	CHECK(say(s, "{\"subject\":\"Tesla_Inc\",\"predicate\":\"has_revenue\","
		     "\"object\":96.70}") == 0);
	consensus(s, "Tesla_Inc", "has_revenue", &line, &value);
	CHECK_TEXT(slice_of(value.p, value.n), "96.7\n");
	CHECK(holds(&line, "\"confidence\":0.333333"));
	CHECK(holds(&line, "\"status\":\"single\""));
	store_close(s);
	s = open_store("one", 0);
	consensus(s, "Tesla_Inc", "has_revenue", &line, &value);
	CHECK_TEXT(slice_of(value.p, value.n), "96.7\n");
	store_close(s);
}

static void the_index_is_disposable(void)
{
	struct store *s;
	BUF_AUTO(before);
	BUF_AUTO(after);
	BUF_AUTO(value);

	s = open_store("one", 0);
	consensus(s, "Tesla_Inc", "has_revenue", &before, &value);
	store_close(s);
	s = open_store_as("one", 0, true);
	consensus(s, "Tesla_Inc", "has_revenue", &after, &value);
	CHECK(before.n == after.n && memcmp(before.p, after.p, after.n) == 0);
	store_close(s);
}

static void a_second_daemon_is_refused_with_the_pid(void)
{
	struct store *s = open_store("one", 0);
	struct store *second = NULL;
	struct error err = {0};
	char pid[32];

	CHECK(store_open(at("one"), NULL, &second, &err) == -EBUSY);
	(void)snprintf(pid, sizeof(pid), "process %d", getpid());
	CHECK(strstr(err.message, pid) != NULL);
	store_close(s);
}

static void an_unsigned_repeat_is_a_duplicate(void)
{
	struct store *s = open_store("one", 0);
	struct entry e;

	CHECK(post(s, &me,
		      "{\"subject\":\"a\",\"predicate\":\"b\",\"object\":\"c\"}",
		      &e, NULL) == 0);
	CHECK(e.outcome == OUTCOME_ACCEPTED);
	CHECK(post(s, &me,
		      "{\"subject\":\"a\",\"predicate\":\"b\",\"object\":\"c\"}",
		      &e, NULL) == 0);
	CHECK(e.outcome == OUTCOME_DUPLICATE);
	CHECK(post(s, &me,
		      "{\"subject\":\"a\",\"predicate\":\"b\",\"object\":\"d\"}",
		      &e, NULL) == 0);
	CHECK(e.outcome == OUTCOME_ACCEPTED);
	/* not the newest anymore: said again, it is a new claim */
	CHECK(post(s, &me,
		      "{\"subject\":\"a\",\"predicate\":\"b\",\"object\":\"c\"}",
		      &e, NULL) == 0);
	CHECK(e.outcome == OUTCOME_ACCEPTED);
	store_close(s);
}

static void bad_records_leave_nothing(void)
{
	struct store *s = open_store("one", 0);
	struct signer stranger = {.uid = 4242};
	struct error err = {0};
	struct snap_totals before, after;
	{
		SNAP_AUTO(snap);
		CHECK(store_snap(s, &snap) == 0);
		snap_totals(snap, &before);
	}
	CHECK(post(s, &me,
		      "{\"vote\":"
		      "\"00000000000000000000000000000000000000000000000000000000"
		      "00000000\",\"weight\":1}",
		      NULL, &err) == -EINVAL);
	CHECK(post(s, &stranger,
		      "{\"subject\":\"a\",\"predicate\":\"b\",\"object\":1}", NULL,
		      &err) == -EACCES);
	CHECK(post(s, &me,
		      "{\"subject\":\"a\",\"predicate\":\"b\",\"object\":1,"
		      "\"timestamp\":\"2199-01-01T00:00:00Z\"}",
		      NULL, &err) == -EINVAL);
	CHECK(post(s, &me, "{\"setting\":\"min_trust\",\"value\":0.1}", NULL,
		      &err) == -EPERM);
	{
		SNAP_AUTO(snap);
		CHECK(store_snap(s, &snap) == 0);
		snap_totals(snap, &after);
	}
	CHECK(before.seq == after.seq);
	store_close(s);
}

/* ---- sets of signed records in any order ---- */

enum {
	AGENTS = 12,
	RECORDS = 1500,
};

static char *records[RECORDS];
static struct key *keys[AGENTS];

/* A signed record as JSON, by agent a; appended to what was made before. */
static char *signed_json(const struct draft *d, int a)
{
	BUF_AUTO(bytes);
	BUF_AUTO(out);
	struct slice view = {0};
	struct signature sig;
	struct id id;

	extern void canon_encode(const struct record *r, struct buf *o);
	canon_encode(&d->record, &bytes);
	(void)buf_view(&bytes, &view);
	id = id_of(view);
	sig = key_sign(keys[a], &id, d->record.timestamp);
	buf_byte(&out, '{');
	record_print(&d->record, &out);
	signatures_print(&sig, 1, &out);
	buf_str(&out, "}");
	buf_byte(&out, 0);
	char *text = strdup((const char *)out.p);
	return text;
}

static void id_of_json(const char *json, struct id *out)
{
	ARENA_AUTO(a);
	struct draft d;
	BUF_AUTO(bytes);
	struct slice view = {0};

	extern void canon_encode(const struct record *r, struct buf *o);
	CHECK(record_parse(slice_str(json), &a, &d, NULL) == 0);
	canon_encode(&d.record, &bytes);
	(void)buf_view(&bytes, &view);
	*out = id_of(view);
}

static void make_records(unsigned seed)
{
	srand(seed);
	for (int i = 0; i < AGENTS; i++) {
		uint8_t bytes[ID_SIZE] = {(uint8_t)(i + 1), (uint8_t)seed};

		CHECK(key_from_seed(bytes, &keys[i]) == 0);
	}
	for (int i = 0; i < RECORDS; i++) {
		ARENA_AUTO(a);
		struct draft d;
		char json[512];
		int agent = rand() % AGENTS;

		if (i > 20 && rand() % 3 == 0) {
			struct id target;
			char hex[ID_HEX + 1];

			id_of_json(records[rand() % i], &target);
			hex_print(target.b, ID_SIZE, hex);
			(void)snprintf(json, sizeof(json),
				"{\"vote\":\"%s\",\"weight\":%.1f,\"timestamp\":%"
				"d}",
				hex, (rand() % 21 - 10) / 10.0,
				1700000000 + rand() % 50);
		} else {
			(void)snprintf(json, sizeof(json),
				"{\"subject\":\"s%d\",\"predicate\":\"p\","
				"\"object\":%d,"
				"\"confidence\":%.1f,\"timestamp\":%d%s}",
				rand() % 3, rand() % 25, (rand() % 11) / 10.0,
				1700000000 + rand() % 50,
				rand() % 2 ? ",\"source\":\"x\"" : "");
		}
		CHECK(record_parse(slice_str(json), &a, &d, NULL) == 0);
		records[i] = signed_json(&d, agent);
	}
}

static void ingest(struct store *s, int *order, int n, int batch)
{
	for (int i = 0; i < n; i += batch) {
		ARENA_AUTO(a);
		int m = n - i < batch ? n - i : batch;
		struct entry *e = calloc((size_t)m, sizeof(*e));
		struct error err = {0};

		for (int j = 0; j < m; j++) {
			struct draft d;

			CHECK(record_parse(slice_str(records[order[i + j]]), &a, &d,
				      &err) == 0);
			CHECK(store_prepare(s, &me, &d, &a, &e[j], &err) == 0);
		}
		struct submission sub = {.entries = e, .count = (size_t)m};

		CHECK(store_commit(s, &sub) == 0);
		if (sub.refused < sub.count)
			printf("# refused: %s\n", sub.error.message);
		free(e);
	}
}

static void shuffle(int *order, int n)
{
	for (int i = n - 1; i > 0; i--) {
		int j = rand() % (i + 1), t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
}

static void admit_some(struct store *s, const char *name)
{
	BUF_AUTO(path);
	struct key *k;
	struct error err = {0};

	store_key_path(at(name), &path);
	buf_byte(&path, 0);
	CHECK(key_load((const char *)path.p, &k, &err) == 0);
	for (int i = 0; i < 4; i++) {
		ARENA_AUTO(a);
		struct agent agent = key_agent(keys[i]);
		char hex[ID_HEX + 1], json[256];
		struct key *mine = keys[0];
		struct draft d;
		char *text;

		hex_print(agent.b, ID_SIZE, hex);
		(void)snprintf(json, sizeof(json),
			"{\"setting\":\"admit\",\"agent\":\"%s\",\"timestamp\":"
			"1600000000}",
			hex);
		CHECK(record_parse(slice_str(json), &a, &d, &err) == 0);
		keys[0] = k;
		text = signed_json(&d, 0);
		keys[0] = mine;
		CHECK(say(s, text) == 0);
		free(text);
	}
	key_free(k);
}

static void all_lines(struct store *s, struct buf *out)
{
	for (int i = 0; i < 3; i++) {
		char subject[16];
		BUF_AUTO(line);
		BUF_AUTO(value);

		(void)snprintf(subject, sizeof(subject), "s%d", i);
		consensus(s, subject, "p", &line, &value);
		buf_add(out, line.p, line.n);
		buf_add(out, value.p, value.n);
	}
}

static void order_batches_duplicates_and_sums_leave_no_trace(void)
{
	static const struct {
		int batch;
		uint32_t sums;
		int admit_at; /* 0: first, 1: last */
	} ways[] = {{1500, 1000000, 0}, {37, 1, 0}, {200, 1, 1}, {501, 64, 1},
		{90, 16, 0}};
	BUF_AUTO(want);

	make_records(7);
	for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
		char name[16];
		int order[RECORDS + 300];
		struct store *s;
		struct store_check check;
		BUF_AUTO(got);

		(void)snprintf(name, sizeof(name), "w%zu", w);
		s = new_store(name, ways[w].sums);
		for (int i = 0; i < RECORDS + 300; i++)
			order[i] = i < RECORDS ? i : rand() % RECORDS;
		if (w)
			shuffle(order, RECORDS + 300);
		if (!ways[w].admit_at)
			admit_some(s, name);
		ingest(s, order, RECORDS + 300, ways[w].batch);
		if (ways[w].admit_at)
			admit_some(s, name);
		all_lines(s, &got);
		if (w == 0)
			buf_add(&want, got.p, got.n);
		CHECK(got.n == want.n && memcmp(got.p, want.p, got.n) == 0);
		if (got.n != want.n || memcmp(got.p, want.p, got.n) != 0)
			printf("# way %zu\n# %.*s\n# %.*s\n", w, (int)want.n,
				(char *)want.p, (int)got.n, (char *)got.p);
		CHECK(store_check(s, NULL, &check, NULL) == 0);
		CHECK(check.bad == 0);
		if (check.bad)
			printf("# %s\n", check.first);
		store_close(s);
	}
}

static void the_feed_reads_the_same_in_any_pieces(void)
{
	struct store *s = open_store("w1", 0);
	SNAP_AUTO(snap);
	struct snap_totals t;
	BUF_AUTO(whole);
	BUF_AUTO(pieces);

	CHECK(store_snap(s, &snap) == 0);
	snap_totals(snap, &t);
	CHECK(events_read(snap, 0, t.events_size + 100, &whole) == 0);
	CHECK(whole.n == t.events_size);
	for (uint64_t at_byte = 0; at_byte < whole.n;) {
		size_t n = 1 + (size_t)rand() % 5000, before = pieces.n;

		CHECK(events_read(snap, at_byte, n, &pieces) == 0);
		CHECK(pieces.n > before);
		if (pieces.n == before)
			break;
		at_byte += pieces.n - before;
	}
	CHECK(pieces.n == whole.n && memcmp(pieces.p, whole.p, whole.n) == 0);
	snap_end(&snap);
	store_close(s);
}

static struct place_info place(struct store *s, const char *subject)
{
	struct place_info info = {0};
	SNAP_AUTO(snap);

	CHECK(store_snap(s, &snap) == 0);
	CHECK(pair_find(snap, slice_str(subject), slice_str("is"), &info) == 0);
	return info;
}

/* A rebuild puts into one transaction what came in many. */
static void a_rebuilt_index_has_the_same_times(void)
{
	static const char *const subjects[] = {"First", "Second", "Third"};
	struct store *s = new_store("times", 0);
	struct place_info before[3];
	char json[100];

	for (int i = 0; i < 3; i++) {
		(void)snprintf(json, sizeof(json),
			"{\"subject\":\"%s\",\"predicate\":\"is\",\"object\":1}",
			subjects[i]);
		CHECK(say(s, json) == 0);
	}
	for (int i = 0; i < 3; i++)
		before[i] = place(s, subjects[i]);
	store_close(s);
	s = open_store_as("times", 0, true);
	for (int i = 0; i < 3; i++) {
		struct place_info after = place(s, subjects[i]);

		CHECK(after.mtime == before[i].mtime);
		CHECK(after.generation == before[i].generation);
	}
	store_close(s);
}

/* The agent's newest live claim is what an unsigned one may repeat, whether or not the
 * pair keeps sums. */
static void a_rejected_claim_does_not_hide_a_repeat(void)
{
	static const char live[] =
		"{\"subject\":\"R\",\"predicate\":\"is\",\"object\":1}";

	for (uint32_t sums_from = 1; sums_from < 100; sums_from += 98) {
		struct store *s =
			new_store(sums_from == 1 ? "rs" : "rr", sums_from);
		struct entry e = {0};
		struct error err = {0};

		CHECK(say(s, live) == 0);
		CHECK(say(s, "{\"subject\":\"R\",\"predicate\":\"is\","
			     "\"object\":2,\"lifecycle\":\"rejected\"}") == 0);
		CHECK(post(s, &me, live, &e, &err) == 0);
		CHECK(e.outcome == OUTCOME_DUPLICATE);
		store_close(s);
	}
}

/* Agent 0 stands behind an id from this second on. */
static enum outcome cosign(struct store *s, const struct id *id, uint64_t second)
{
	struct signature sig = key_sign(keys[0], id, second * SECOND);
	struct record r = {.kind = RECORD_COSIGNATURE, .target = *id};
	struct entry e = {.outcome = OUTCOME_PENDING};
	struct error err = {0};
	BUF_AUTO(json);

	buf_byte(&json, '{');
	record_print(&r, &json);
	signatures_print(&sig, 1, &json);
	buf_str(&json, "}");
	buf_byte(&json, 0);
	CHECK(post(s, &me, (const char *)json.p, &e, &err) == 0);
	return e.outcome;
}

static void the_earliest_signature_stands_whichever_came_first(void)
{
	struct store *s = new_store("stands", 0);
	ARENA_AUTO(a);
	struct draft d;
	struct id id;
	char *json;

	CHECK(record_parse(slice_str("{\"subject\":\"s\",\"predicate\":\"p\","
				     "\"object\":1,\"timestamp\":1700000000}"),
		      &a, &d, NULL) == 0);
	json = signed_json(&d, 0);
	id_of_json(json, &id);
	CHECK(cosign(s, &id, 1700000010) == OUTCOME_ACCEPTED);
	CHECK(say(s, json) == 0);
	CHECK(cosign(s, &id, 1700000005) == OUTCOME_DUPLICATE);
	CHECK(cosign(s, &id, 1699999999) == OUTCOME_ACCEPTED);
	free(json);
	store_close(s);
}

/* In a container each start of the daemon has the same pid. */
static void what_a_crash_left_does_not_bar_a_key(void)
{
	struct error err = {0};
	struct key *k = NULL;
	char left[300];
	FILE *f;

	(void)snprintf(left, sizeof(left), "%s.tmp.%d", at("left.key"), getpid());
	f = fopen(left, "w");
	CHECK(f != NULL);
	(void)fclose(f);
	CHECK(key_create(at("left.key"), &k, &err) == 0);
	CHECK(access(left, F_OK) < 0);
	key_free(k);
}

int main(void)
{
	char command[128];

	if (!mkdtemp(top))
		return 1;
	RUN(a_claim_is_there_when_the_commit_returns);
	RUN(the_index_is_disposable);
	RUN(a_second_daemon_is_refused_with_the_pid);
	RUN(an_unsigned_repeat_is_a_duplicate);
	RUN(bad_records_leave_nothing);
	RUN(order_batches_duplicates_and_sums_leave_no_trace);
	RUN(the_feed_reads_the_same_in_any_pieces);
	RUN(a_rebuilt_index_has_the_same_times);
	RUN(a_rejected_claim_does_not_hide_a_repeat);
	RUN(the_earliest_signature_stands_whichever_came_first);
	RUN(what_a_crash_left_does_not_bar_a_key);
	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command) ? 1 : tap_done();
}

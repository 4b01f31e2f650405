/* Sinks on a real store in a temporary directory: what is accepted, what is refused, what
 * the receipts say, who ends a stream. */
#include "fs/sink.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/record_json.h"
#include "fs/inbox.h"
#include "tests/unit/tap.h"

static struct store *store;
static struct inbox *in;
static struct caller me; /* this process */

static struct slice at(const char *text)
{
	return slice_str(text);
}

static bool may_make_key(void *ctx, uid_t uid)
{
	(void)ctx;
	return uid != 4242;
}

/* ---- calls that wait for their answer ---- */

struct waiter {
	sem_t answered;
	int error;
};

static void answered(void *ctx, int error)
{
	struct waiter *w = ctx;

	w->error = error;
	(void)sem_post(&w->answered);
}

static int wait_for(struct waiter *w)
{
	(void)sem_wait(&w->answered);
	(void)sem_destroy(&w->answered);
	return w->error;
}

static int put_bytes(struct sink *s, struct slice bytes)
{
	struct waiter w;

	(void)sem_init(&w.answered, 0, 0);
	sink_write(s, bytes, 1, answered, &w);
	return wait_for(&w);
}

static int put(struct sink *s, const char *text)
{
	return put_bytes(s, at(text));
}

static int flush_as(struct sink *s, pid_t pid, uint64_t lock_owner)
{
	struct caller who = {.uid = me.uid, .pid = pid};
	struct waiter w;

	(void)sem_init(&w.answered, 0, 0);
	sink_flush(s, &who, lock_owner, answered, &w);
	return wait_for(&w);
}

static int flush(struct sink *s)
{
	return flush_as(s, me.pid, 1);
}

static int mv(const char *from, const char *to)
{
	struct waiter w;

	(void)sem_init(&w.answered, 0, 0);
	inbox_rename(
		in, &me, at(""), at(from), at(""), at(to), false, answered, &w);
	return wait_for(&w);
}

/* ---- opening ---- */

static struct sink *open_name_as(
	const struct caller *who, const char *name, bool truncate)
{
	struct sink_target t = {
		.form = SINK_RECORDS, .lane = at(""), .name = at(name)};
	struct sink *s = NULL;
	char path[64];

	(void)snprintf(path, sizeof(path), "inbox/%s", name);
	t.path = at(path);
	CHECK(inbox_create(in, who, t.lane, t.name, false) == 0);
	CHECK(sink_open(in, &t, who, truncate, &s) == 0);
	return s;
}

static struct sink *open_name(const char *name)
{
	return open_name_as(&me, name, true);
}

static struct sink *open_pair(enum sink_form form, const char *subject)
{
	struct sink_target t = {.form = form, .path = at("subjects/S/p/assert")};
	struct sink *s = NULL;

	t.subject = at(subject);
	t.predicate = at("p");
	CHECK(sink_open(in, &t, &me, true, &s) == 0);
	return s;
}

/* Write, flush and close: what echo does. Returns the first error. */
static int echo(struct sink *s, const char *text)
{
	int rc = put(s, text);

	if (rc == 0)
		rc = flush(s);
	sink_close(s);
	return rc;
}

static const char *receipt(const char *name)
{
	static struct buf b;
	uint64_t version, mtime;

	buf_reset(&b);
	if (inbox_receipt_read(in, me.uid, at(name), &b, &version, &mtime) < 0)
		return "";
	buf_byte(&b, '\0');
	return (const char *)b.p;
}

static const char *log_of(enum inbox_log which)
{
	static struct buf b;
	uint64_t version, mtime;

	buf_reset(&b);
	(void)inbox_log_read(in, me.uid, which, &b, &version, &mtime);
	buf_byte(&b, '\0');
	return (const char *)b.p;
}

static const char *read_back(const char *name)
{
	static struct buf b;

	buf_reset(&b);
	(void)inbox_read_back(in, &me, at(""), at(name), &b);
	buf_byte(&b, '\0');
	return (const char *)b.p;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = strstr(text, what); p; p = strstr(p + 1, what))
		n++;
	return n;
}

static uint64_t claims(void)
{
	SNAP_AUTO(snap);
	struct snap_totals t = {0};

	if (store_snap(store, &snap) == 0)
		snap_totals(snap, &t);
	return t.claims;
}

static uint32_t claims_on(const char *subject)
{
	SNAP_AUTO(snap);
	ARENA_AUTO(a);
	struct candidates c = {0};

	if (store_snap(store, &snap) == 0)
		(void)pair_load(snap, at(subject), at("p"), &a, &c);
	return c.claim_count;
}

static const char *value_of(const char *subject)
{
	SNAP_AUTO(snap);
	static struct buf value;
	BUF_AUTO(line);

	buf_reset(&value);
	if (store_snap(store, &snap) == 0)
		(void)pair_consensus(snap, at(subject), at("p"), &line, &value);
	buf_byte(&value, '\0');
	return (const char *)value.p;
}

/* ---- records ---- */

static void a_record_is_accepted_when_its_write_returns(void)
{
	struct sink *s = open_name("a");

	CHECK(put(s, "{\"subject\":\"A\",\"predicate\":\"p\",\"object\":96.7}") ==
		0);
	CHECK_TEXT(at(value_of("A")), "96.7\n");
	CHECK(strncmp(receipt("a"), "{\"status\":\"accepted\",\"id\":\"", 26) == 0);
	CHECK(strstr(receipt("a"), "\"object_kind\":\"number\"}\n"));
	CHECK(strncmp(log_of(INBOX_LAST_RECEIPT),
		      "{\"path\":\"inbox/a\",\"status\":\"accepted\"", 37) == 0);
	CHECK(strstr(read_back("a"), "96.7}"));
	CHECK(flush(s) == 0);
	sink_close(s);
}

static void the_same_again_is_a_duplicate(void)
{
	const char *text =
		"{\"subject\":\"D\",\"predicate\":\"p\",\"object\":true}\n";

	CHECK(echo(open_name("d"), text) == 0);
	CHECK(strstr(receipt("d"), "\"object_kind\":\"bool\""));
	CHECK(echo(open_name_as(&me, "d", false), text) == 0);
	CHECK(count(receipt("d"), "\n") == 2);
	CHECK(strstr(receipt("d"), "{\"status\":\"duplicate\",\"id\":\""));
	CHECK(echo(open_name("d"), text) == 0);
	CHECK(count(receipt("d"), "\n") == 1);
}

static void an_early_flush_and_blanks_are_fine(void)
{
	struct sink *s = open_name("e");

	CHECK(flush(s) == 0);
	CHECK(put(s, "\n \n") == 0);
	CHECK(flush(s) == 0);
	CHECK(put(s, "") == 0);
	CHECK(flush(s) == 0);
	sink_close(s);
	CHECK_TEXT(at(receipt("e")), "");
}

/* Does the text say "offset":n? */
static bool says_offset(const char *text, ptrdiff_t n)
{
	char want[40];

	(void)snprintf(want, sizeof(want), "\"offset\":%td", n);
	return strstr(text, want) != NULL;
}

/* Four records on a subject of their own, of which the third is bad. */
static void check_cut(size_t size)
{
	char subject[16], text[300];
	struct sink *s = open_name("m");
	int rc = 0;

	(void)snprintf(subject, sizeof(subject), "M%zu", size);
	(void)snprintf(text, sizeof(text),
		"{\"subject\":\"%s\",\"predicate\":\"p\",\"object\":1}\n"
		"{\"subject\":\"%s\",\"predicate\":\"p\",\n\"object\":\"two\"}"
		" {\"subject\":\"%s\",\"predicate\":\"p\",\"confidence\":1.5,"
		"\"object\":3}\n"
		"{\"subject\":\"%s\",\"predicate\":\"p\",\"object\":4}\n",
		subject, subject, subject, subject);
	for (size_t i = 0; rc == 0 && i < strlen(text); i += size)
		rc = put_bytes(s, slice_sub(at(text), i, size));
	CHECK(rc == -EINVAL);
	CHECK(put(s, "{}") == -EINVAL);
	CHECK(count(receipt("m"), "\n") == 3);
	CHECK(count(receipt("m"), "\"status\":\"refused\"") == 1);
	CHECK(strstr(receipt("m"), "\"record\":2,"));
	CHECK(says_offset(receipt("m"), strstr(text, "1.5") - text));
	CHECK(says_offset(log_of(INBOX_LAST_ERROR), strstr(text, "1.5") - text));
	CHECK(strstr(log_of(INBOX_LAST_ERROR), "\"path\":\"inbox/m\""));
	CHECK(flush(s) == 0);
	sink_close(s);
	CHECK(claims_on(subject) == 2);
}

static void what_is_bad_ends_the_stream_however_it_is_cut(void)
{
	for (size_t size = 1; size < 300; size += size < 4 ? 1 : 29)
		check_cut(size);
}

static void a_missing_brace_is_seen_in_the_write(void)
{
	struct sink *s = open_name("b");

	CHECK(put(s, "{\"subject\":\"B\",\"predicate\":\"p\",\"object\":1\n") ==
		-EINVAL);
	sink_close(s);
	CHECK(strstr(receipt("b"), "missing brace?"));
	CHECK(claims_on("B") == 0);
}

static void what_only_the_committer_knows_is_refused_in_order(void)
{
	static const char text[] =
		"{\"subject\":\"C\",\"predicate\":\"p\",\"object\":1}\n"
		"{\"vote\":\"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff\",\"weight\":1}\n"
		"{\"subject\":\"C\",\"predicate\":\"p\",\"object\":2}\n[]";
	struct sink *s = open_name("c");

	CHECK(put(s, text) == -EINVAL);
	sink_close(s);
	CHECK(claims_on("C") == 1);
	CHECK(count(receipt("c"), "\n") == 2);
	CHECK(strstr(receipt("c"), "\"record\":1,"));
	CHECK(says_offset(receipt("c"), strstr(text, "{\"vote") - text));
}

static void one_write_may_complete_thousands(void)
{
	enum {
		N = TAP_STRIDE > 1 ? 4500 : 9000 /* more than one submission */
	};
	struct sink *s = open_name("n");
	uint64_t before = claims();
	char want[32];
	BUF_AUTO(b);

	for (int i = 0; i < N; i++)
		buf_printf(&b,
			"{\"subject\":\"N%d\",\"predicate\":\"p\",\"object\":%d}\n",
			i % 100, i);
	CHECK(put_bytes(s, slice_of(b.p, b.n)) == 0);
	CHECK(claims() == before + N);
	CHECK(count(receipt("n"), "\"accepted\"") == N);
	buf_reset(&b);
	for (int i = 0; i < N; i++)
		buf_printf(&b,
			"{\"subject\":\"N%d\",\"predicate\":\"p\",\"object\":%d.5}"
			"\n",
			i % 100, i);
	buf_str(&b, "nonsense");
	CHECK(put_bytes(s, slice_of(b.p, b.n)) == -EINVAL);
	CHECK(claims() == before + 2 * N);
	(void)snprintf(want, sizeof(want), "\"record\":%d,", 2 * N);
	CHECK(strstr(receipt("n"), want));
	sink_close(s);
}

static void no_key_means_no_entry(void)
{
	struct caller other = {.uid = 4242, .pid = me.pid};
	struct sink *s = open_name_as(&other, "k", true);

	CHECK(put(s, "{\"subject\":\"K\",\"predicate\":\"p\",\"object\":1}\n") ==
		-EACCES);
	sink_close(s);
	CHECK(inbox_unlink(in, &other, at(""), at("k")) == 0);
}

/* ---- who ends a stream ---- */

static void only_the_opener_ends_the_stream(void)
{
	struct sink *s = open_name("o");
	pid_t child = fork();

	if (child == 0) {
		(void)pause();
		_exit(0);
	}
	CHECK(put(s, "{\"subject\":\"O\",\n\"predicate\":") == 0);
	CHECK(flush_as(s, child, 1) == 0);
	CHECK(put(s, "\"p\",\"object\":1}\n{") == 0);
	CHECK(claims_on("O") == 1);
	CHECK(flush(s) == -EINVAL);
	CHECK(strstr(receipt("o"), "\"record\":1,\"offset\":44"));
	CHECK(flush(s) == 0);
	CHECK(put(s, "{}") == -EINVAL);
	sink_close(s);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
}

static void the_lock_owner_decides_where_processes_cannot_be_told(void)
{
	struct sink *s = open_name("l");

	CHECK(put(s, "{") == 0);
	CHECK(flush_as(s, 0, 2) == 0);
	CHECK(flush_as(s, 0, 1) == -EINVAL);
	sink_close(s);
}

static void what_nobody_ended_is_noted(void)
{
	struct sink *s = open_name("w");

	CHECK(put(s, "  {\"subject\":") == 0);
	sink_close(s);
	CHECK(strstr(log_of(INBOX_LAST_ERROR), "left incomplete"));
	CHECK(strstr(log_of(INBOX_LAST_ERROR), "\"offset\":2"));
}

static void truncating_to_nothing_drops_what_is_incomplete(void)
{
	struct sink *s = open_name("t");

	CHECK(put(s, "{\"subject\":\"T") == 0);
	CHECK(inbox_truncate(in, &me, at(""), at("t"), 0) == 0);
	CHECK(put(s, "{\"subject\":\"T\",\"predicate\":\"p\",\"object\":1}\n") ==
		0);
	CHECK(put(s, "{") == 0);
	CHECK(inbox_truncate(in, &me, at(""), at("t"), 0) == 0);
	CHECK(flush(s) == 0);
	sink_close(s);
	CHECK(claims_on("T") == 1);
}

static void writers_that_share_a_name_do_not_mix(void)
{
	struct sink *one = open_name("s");
	struct sink *two;

	CHECK(put(one, "{\"subject\":\"W\",\n") == 0);
	two = open_name("s");
	CHECK(put(two, "{\"subject\":\"W\",\n") == 0);
	CHECK(put(one, "\"predicate\":\"p\",\"object\":1}\n") == 0);
	CHECK(put(two, "\"predicate\":\"p\",\"object\":2}\n") == 0);
	sink_close(one);
	sink_close(two);
	CHECK(claims_on("W") == 2);
	CHECK(count(receipt("s"), "accepted") == 2);
}

/* ---- scratch ---- */

static void scratch_is_inert_until_it_gets_a_normal_name(void)
{
	struct sink *s = open_name(".f.XYZ");

	CHECK(put(s, "{\"subject\":\"F\",\"predicate\":\"p\",") == 0);
	CHECK(put(s, "\"object\":{\"ref\":\"A\"}}\n") == 0);
	CHECK(flush(s) == 0);
	sink_close(s);
	CHECK(claims_on("F") == 0);
	CHECK(strstr(read_back(".f.XYZ"), "{\"ref\":\"A\"}}"));
	CHECK(mv(".f.XYZ", "f") == 0);
	CHECK(claims_on("F") == 1);
	CHECK(strstr(receipt("f"), "\"object_kind\":\"ref\""));
	CHECK(strstr(read_back("f"), "{\"ref\":\"A\"}}"));
	CHECK_TEXT(at(read_back(".f.XYZ")), "");
}

static void a_rename_that_is_refused_leaves_the_scratch_name(void)
{
	CHECK(echo(open_name("g"),
		      "{\"subject\":\"G\",\"predicate\":\"p\",\"object\":1}") == 0);
	CHECK(echo(open_name("g~"), "{\"subject\":\"G\"") == 0);
	CHECK(mv("g~", "g") == -EINVAL);
	CHECK_TEXT(at(read_back("g~")), "{\"subject\":\"G\"");
	CHECK(strstr(read_back("g"), "\"object\":1"));
	CHECK(strstr(receipt("g"), "{\"status\":\"refused\""));
	CHECK(strstr(log_of(INBOX_LAST_ERROR), "\"path\":\"inbox/g\""));
}

static void much_scratch_is_submitted_piece_by_piece(void)
{
	enum {
		N = 6000
	};
	struct sink *s = open_name(".big");
	BUF_AUTO(b);

	for (int i = 0; i < N; i++) {
		buf_reset(&b);
		buf_printf(&b,
			"{\"subject\":\"Big\",\"predicate\":\"p\",\"object\":%d}\n",
			i);
		CHECK(put_bytes(s, slice_of(b.p, b.n)) == 0);
	}
	sink_close(s);
	CHECK(mv(".big", "big") == 0);
	CHECK(claims_on("Big") == N);
	CHECK(count(receipt("big"), "accepted") == N);
}

/* ---- assert ---- */

static void each_line_of_assert_is_a_value(void)
{
	CHECK(echo(open_pair(SINK_VALUES, "V1"), "96.70\n") == 0);
	CHECK_TEXT(at(value_of("V1")), "96.7\n");
	CHECK(echo(open_pair(SINK_VALUES, "V2"), "some text") == 0);
	CHECK_TEXT(at(value_of("V2")), "some text\n");
	CHECK(echo(open_pair(SINK_VALUES, "V3"), "{\"ref\":\"A\"}\n") == 0);
	CHECK(strstr(log_of(INBOX_LAST_RECEIPT), "\"object_kind\":\"ref\""));
	CHECK(echo(open_pair(SINK_VALUES, "V4"),
		      " {\"object\":\"x\",\"confidence\":0.9}\r\n\n") == 0);
	CHECK_TEXT(at(value_of("V4")), "x\n");
	CHECK(echo(open_pair(SINK_VALUES, "V5"), "1\n2\n3\n") == 0);
	CHECK(claims_on("V5") == 3);
	CHECK(echo(open_pair(SINK_VALUES, "V\"6"),
		      "{\"subject\":\"V\\\"6\",\"object\":1}\n") == 0);
	CHECK(claims_on("V\"6") == 1);
}

static void a_bad_value_says_where(void)
{
	static const struct {
		const char *line;
		const char *says;
	} table[] = {
		{"007\n", "\"offset\":0"},
		{"1\n  007\n", "\"offset\":4"},
		{"1\n {\"object\":1,\"confidence\":7}\n", "\"offset\":28"},
		{"{\"object\":1,\n\"confidence\":1}\n", "\"offset\":12"},
		{"{\"object\":1,\"subject\":\"Other\"}\n", "the subject is Other"},
		{"{\"object\":1,\"predicate\":\"q\"}\n", "the predicate is q"},
		{"{\"vote\":\"\"}\n", "vote"},
		{"{}\n", "no key"},
		{"\xef\xbb\xbf"
		 "1\n",
			"byte-order mark"},
		{"null\n", "quote"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CHECK(echo(open_pair(SINK_VALUES, "Bad"), table[i].line) ==
			-EINVAL);
		CHECK(strstr(log_of(INBOX_LAST_ERROR), table[i].says));
		if (!strstr(log_of(INBOX_LAST_ERROR), table[i].says))
			printf("# %s# %s", table[i].line, log_of(INBOX_LAST_ERROR));
	}
}

static void a_last_line_ends_with_its_stream(void)
{
	struct sink *s = open_pair(SINK_VALUES, "Last");

	CHECK(put(s, "no new") == 0);
	CHECK(put(s, "line") == 0);
	CHECK(claims_on("Last") == 0);
	CHECK(flush(s) == 0);
	CHECK_TEXT(at(value_of("Last")), "no newline\n");
	CHECK(flush(s) == 0);
	sink_close(s);
	CHECK(echo(open_pair(SINK_VALUES, "Last"), "+359") == -EINVAL);
}

/* ---- vote ---- */

static void claim_id(const char *subject, uint32_t which, char *hex)
{
	SNAP_AUTO(snap);
	ARENA_AUTO(a);
	struct candidates c = {0};

	hex[0] = '\0';
	if (store_snap(store, &snap) == 0)
		(void)pair_load(snap, at(subject), at("p"), &a, &c);
	if (which < c.claim_count)
		hex_print(c.claims[which].id.b, ID_SIZE, hex);
}

static void a_vote_names_a_claim_or_a_value(void)
{
	char hex[ID_HEX + 1], line[200];

	CHECK(echo(open_pair(SINK_VALUES, "Vote"), "EUR\nNew York\n") == 0);
	claim_id("Vote", 0, hex);
	(void)snprintf(line, sizeof(line), "%s 0.8\n", hex);
	CHECK(echo(open_pair(SINK_VOTES, "Vote"), line) == 0);
	CHECK(strstr(log_of(INBOX_LAST_RECEIPT), "\"kind\":\"vote\"}"));
	(void)snprintf(line, sizeof(line), "%.10s -1", hex);
	CHECK(echo(open_pair(SINK_VOTES, "Vote"), line) == 0);
	CHECK(echo(open_pair(SINK_VOTES, "Vote"), "=New York  +1\n=EUR -1\n") == 0);
	CHECK_TEXT(at(value_of("Vote")), "New York\n");
	(void)snprintf(line, sizeof(line), "{\"vote\":\"%s\",\"weight\":0}\n", hex);
	CHECK(echo(open_pair(SINK_VOTES, "Vote"), line) == 0);
}

static void a_bad_vote_says_why(void)
{
	static const struct {
		const char *line;
		const char *says;
	} table[] = {
		{"=BGN 1\n", "\\\"EUR\\\""},
		{"=BGN 1\n", "nobody claims this value"},
		{"=EUR\n", "the weight is missing"},
		{"=EUR 1.5\n", "1.5 is no weight"},
		{"=EUR much\n", "much is no weight"},
		{"=EUR 1.5\n", "\"offset\":5"},
		{"= 1\n", "blank"},
		{"abc 1\n", "no id"},
		{"0123456789 1\n", "no claim here"},
		{"{\"subject\":\"Bad\",\"predicate\":\"p\",\"object\":1}\n",
			"only votes"},
	};
	char hex[ID_HEX + 1], line[200];

	CHECK(echo(open_pair(SINK_VALUES, "Bad"), "EUR\n") == 0);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CHECK(echo(open_pair(SINK_VOTES, "Bad"), table[i].line) == -EINVAL);
		CHECK(strstr(log_of(INBOX_LAST_ERROR), table[i].says));
		if (!strstr(log_of(INBOX_LAST_ERROR), table[i].says))
			printf("# %s# %s", table[i].line, log_of(INBOX_LAST_ERROR));
	}
	claim_id("A", 0, hex);
	(void)snprintf(line, sizeof(line), "%s 1\n", hex);
	CHECK(echo(open_pair(SINK_VOTES, "Bad"), line) == -EINVAL);
	(void)snprintf(line, sizeof(line), "{\"vote\":\"%s\",\"weight\":1}\n", hex);
	CHECK(echo(open_pair(SINK_VOTES, "Bad"), line) == -EINVAL);
	CHECK(strstr(log_of(INBOX_LAST_ERROR), "no claim here"));
	CHECK(echo(open_pair(SINK_VOTES, "Nobody"), "=EUR 1\n") == -EINVAL);
}

/* ---- many at once ---- */

struct writer {
	const char *name, *subject;
};

static void *write_many(void *arg)
{
	const struct writer *w = arg;
	char text[100];

	for (int i = 0; i < 40; i++) {
		struct sink *s = open_name(w->name);

		(void)snprintf(text, sizeof(text),
			"{\"subject\":\"%s\",\"predicate\":\"p\",\"object\":%d}\n",
			w->subject, i);
		CHECK(echo(s, text) == 0);
	}
	return NULL;
}

static void writers_go_on_together(void)
{
	static struct writer writers[] = {
		{"p0", "P0"}, {"p1", "P1"}, {"shared", "P2"}, {"shared", "P3"}};
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		(void)pthread_create(&t[i], NULL, write_many, &writers[i]);
	for (int i = 0; i < 4; i++)
		(void)pthread_join(t[i], NULL);
	for (int i = 0; i < 4; i++)
		CHECK(claims_on(writers[i].subject) == 40);
}

static int start(const char *dir)
{
	struct store_options o = {0};
	struct inbox_options i = {.may_make_key = may_make_key};
	struct error err = {0};

	me = (struct caller){.uid = 1000, .gid = 100, .pid = getpid()};
	if (store_create(dir, &err) < 0 || store_open(dir, &o, &store, &err) < 0) {
		printf("Bail out! %s\n", err.message);
		return -1;
	}
	i.store = store;
	return inbox_new(&i, &in);
}

static void stop(const char *dir)
{
	char command[300];

	inbox_free(in);
	store_close(store);
	(void)snprintf(command, sizeof(command), "rm -r '%s'", dir);
	CHECK(system(command) == 0);
}

int main(void)
{
	char dir[] = "/tmp/stemefs-test-XXXXXX";

	if (!mkdtemp(dir) || start(dir) < 0)
		return 1;
	RUN(a_record_is_accepted_when_its_write_returns);
	RUN(the_same_again_is_a_duplicate);
	RUN(an_early_flush_and_blanks_are_fine);
	RUN(what_is_bad_ends_the_stream_however_it_is_cut);
	RUN(a_missing_brace_is_seen_in_the_write);
	RUN(what_only_the_committer_knows_is_refused_in_order);
	RUN(one_write_may_complete_thousands);
	RUN(no_key_means_no_entry);
	RUN(only_the_opener_ends_the_stream);
	RUN(the_lock_owner_decides_where_processes_cannot_be_told);
	RUN(what_nobody_ended_is_noted);
	RUN(truncating_to_nothing_drops_what_is_incomplete);
	RUN(writers_that_share_a_name_do_not_mix);
	RUN(scratch_is_inert_until_it_gets_a_normal_name);
	RUN(a_rename_that_is_refused_leaves_the_scratch_name);
	RUN(much_scratch_is_submitted_piece_by_piece);
	RUN(each_line_of_assert_is_a_value);
	RUN(a_bad_value_says_where);
	RUN(a_last_line_ends_with_its_stream);
	RUN(a_vote_names_a_claim_or_a_value);
	RUN(a_bad_vote_says_why);
	RUN(writers_go_on_together);
	stop(dir);
	return tap_done();
}

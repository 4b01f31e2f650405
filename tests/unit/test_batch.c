/* A batch that failed is tried again record by record. What the first try had decided, it
 * had decided beside records that are not there now: nothing of it may be left. The disk
 * fails on purpose: this program's pwrite() stands before the one of the system. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "store/store.h"
#include "tests/unit/tap.h"

static char top[] = "/tmp/stemefs-batch-XXXXXX";
static const struct signer me = {.uid = 1000};

/* ---- a disk that fails when it is told to ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool holding, held; /* the next write of the log waits; it does */
static int writes;	   /* of the log since then, and which of them fail: */
static int fail_from, fail_to;

static bool is_log(int fd)
{
	char link[64], path[512];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return strstr(path, "/wal/") != NULL;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	bool fails = false;

	/* zeros are no batch: they stand ahead of it, or take it back */
	if (*(const char *)p && is_log(fd)) {
		(void)pthread_mutex_lock(&lock);
		held = holding;
		(void)pthread_cond_broadcast(&changed);
		while (holding)
			(void)pthread_cond_wait(&changed, &lock);
		writes++;
		fails = writes >= fail_from && writes <= fail_to;
		(void)pthread_mutex_unlock(&lock);
	}
	if (fails) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, p, n, at);
}

/* The next write waits; it is the first, and those from..to fail. */
static void hold(int from, int to)
{
	(void)pthread_mutex_lock(&lock);
	holding = true;
	held = false;
	writes = 0;
	fail_from = from;
	fail_to = to;
	(void)pthread_mutex_unlock(&lock);
}

static void wait_until_held(void)
{
	(void)pthread_mutex_lock(&lock);
	while (!held)
		(void)pthread_cond_wait(&changed, &lock);
	(void)pthread_mutex_unlock(&lock);
}

static void let_go(void)
{
	(void)pthread_mutex_lock(&lock);
	holding = false;
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&lock);
}

/* ---- records ---- */

enum {
	WRITERS = 3,
};

struct writer {
	struct arena arena;
	struct entry entry;
	struct submission sub;
	bool answered;
};

static void answered(struct submission *sub)
{
	struct writer *w = sub->ctx;

	(void)pthread_mutex_lock(&lock);
	w->answered = true;
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&lock);
}

static void wait_for(const struct writer *w)
{
	(void)pthread_mutex_lock(&lock);
	while (!w->answered)
		(void)pthread_cond_wait(&changed, &lock);
	(void)pthread_mutex_unlock(&lock);
}

/* A claim, signed with the keys of these seeds. */
static void sign_claim(struct store *s, int object, const uint8_t *seeds, size_t n,
	struct writer *w)
{
	struct signature v[4];
	struct draft d;
	char json[128];
	BUF_AUTO(text);
	struct error err = {0};
	BUF_AUTO(bytes);
	struct id id;

	extern void canon_encode(const struct record *r, struct buf *o);
	*w = (struct writer){.answered = false};
	(void)snprintf(json, sizeof(json),
		"{\"subject\":\"s\",\"predicate\":\"p\",\"object\":%d,"
		"\"timestamp\":1700000000}",
		object);
	CHECK(record_parse(slice_str(json), &w->arena, &d, &err) == 0);
	canon_encode(&d.record, &bytes);
	id = id_of(slice_of(bytes.p, bytes.n));
	for (size_t i = 0; i < n; i++) {
		uint8_t seed[ID_SIZE] = {seeds[i]};
		struct key *k = NULL;

		CHECK(key_from_seed(seed, &k) == 0);
		v[i] = key_sign(k, &id, 1700000000);
		key_free(k);
	}
	buf_byte(&text, '{');
	record_print(&d.record, &text);
	signatures_print(v, n, &text);
	buf_str(&text, "}");
	CHECK(record_parse(slice_of(text.p, text.n), &w->arena, &d, &err) == 0);
	CHECK(store_prepare(s, &me, &d, &w->arena, &w->entry, &err) == 0);
	if (err.code)
		printf("# %s\n", err.message);
	w->sub = (struct submission){
		.entries = &w->entry, .count = 1, .done = answered, .ctx = w};
}

static struct store *open_store(void)
{
	struct error err = {0};
	struct store *s = NULL;

	if (store_open(top, NULL, &s, &err) < 0)
		printf("# %s\n", err.message);
	CHECK(s != NULL);
	return s;
}

static uint64_t findings(struct store *s)
{
	struct store_check c = {0};
	struct error err = {0};

	CHECK(store_check(s, NULL, &c, &err) == 0);
	if (c.bad)
		printf("# %s\n", c.first);
	return c.bad;
}

/* The first writer keeps the committer busy while two others, who say the same with the
 * same signatures, come to wait; their batch fails, and so does the first of them when it
 * is tried alone. The other one is then the first to say it. */
static void what_was_known_in_a_batch_that_failed_is_not_known(void)
{
	static const uint8_t two[] = {1, 2};
	struct store *s = open_store();
	struct writer w[WRITERS];

	sign_claim(s, 1, two, 1, &w[0]);
	sign_claim(s, 2, two, 2, &w[1]);
	sign_claim(s, 2, two, 2, &w[2]);
	hold(2, 3);
	store_submit(s, &w[0].sub);
	wait_until_held();
	store_submit(s, &w[1].sub);
	store_submit(s, &w[2].sub);
	let_go();
	wait_for(&w[0]);
	wait_for(&w[1]);
	wait_for(&w[2]);
	CHECK(w[0].entry.outcome == OUTCOME_ACCEPTED);
	CHECK(w[1].entry.outcome == OUTCOME_REFUSED && w[1].sub.error.code == EIO);
	CHECK(w[2].entry.outcome == OUTCOME_ACCEPTED);
	CHECK(w[2].entry.signature_count == 2);
	CHECK(findings(s) == 0);
	store_close(s);
	for (int i = 0; i < WRITERS; i++)
		arena_free(&w[i].arena);
}

int main(void)
{
	char command[128];
	struct error err = {0};

	if (!mkdtemp(top) || store_create(top, &err) < 0)
		return 1;
	RUN(what_was_known_in_a_batch_that_failed_is_not_known);
	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command) ? 1 : tap_done();
}

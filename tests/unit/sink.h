/* Sinks on a real store in a temporary directory, for the tests of them.
 *
 *	int main(void)
 *	{
 *		char dir[] = SINK_DIR;
 *
 *		if (sinks_start(dir) < 0)
 *			return 1;
 *		RUN(...);
 *		return sinks_stop(dir);
 *	} */
#ifndef TESTS_SINK_H
#define TESTS_SINK_H

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/record_json.h"
#include "fs/inbox.h"
#include "fs/sink.h"
#include "tests/unit/tap.h"

static struct store *store;
static struct inbox *in;
static struct caller me; /* this process */

static inline struct slice at(const char *text)
{
	return slice_str(text);
}

static inline bool may_make_key(void *ctx, uid_t uid)
{
	(void)ctx;
	return uid != 4242;
}

/* ---- calls that wait for their answer ---- */

struct waiter {
	sem_t answered;
	int error;
};

static inline void answered(void *ctx, int error)
{
	struct waiter *w = ctx;

	w->error = error;
	(void)sem_post(&w->answered);
}

static inline int wait_for(struct waiter *w)
{
	(void)sem_wait(&w->answered);
	(void)sem_destroy(&w->answered);
	return w->error;
}

static inline int put_bytes(struct sink *s, struct slice bytes)
{
	struct waiter w;

	(void)sem_init(&w.answered, 0, 0);
	sink_write(s, bytes, 1, answered, &w);
	return wait_for(&w);
}

static inline int put(struct sink *s, const char *text)
{
	return put_bytes(s, at(text));
}

static inline int flush_as(struct sink *s, pid_t pid, uint64_t lock_owner)
{
	struct caller who = {.uid = me.uid, .pid = pid};
	struct waiter w;

	(void)sem_init(&w.answered, 0, 0);
	sink_flush(s, &who, lock_owner, answered, &w);
	return wait_for(&w);
}

static inline int flush(struct sink *s)
{
	return flush_as(s, me.pid, 1);
}

static inline int mv(const char *from, const char *to)
{
	struct waiter w;

	(void)sem_init(&w.answered, 0, 0);
	inbox_rename(
		in, &me, at(""), at(from), at(""), at(to), false, answered, &w);
	return wait_for(&w);
}

/* ---- opening ---- */

static inline struct sink *open_name_as(
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

static inline struct sink *open_name(const char *name)
{
	return open_name_as(&me, name, true);
}

static inline struct sink *open_pair(enum sink_form form, const char *subject)
{
	struct sink_target t = {.form = form, .path = at("subjects/S/p/assert")};
	struct sink *s = NULL;

	t.subject = at(subject);
	t.predicate = at("p");
	CHECK(sink_open(in, &t, &me, true, &s) == 0);
	return s;
}

/* Write, flush and close: what echo does. Returns the first error. */
static inline int echo(struct sink *s, const char *text)
{
	int rc = put(s, text);

	if (rc == 0)
		rc = flush(s);
	sink_close(s);
	return rc;
}

static inline const char *receipt(const char *name)
{
	static struct buf b;
	uint64_t version, mtime;

	buf_reset(&b);
	if (inbox_receipt_read(in, me.uid, at(name), &b, &version, &mtime) < 0)
		return "";
	buf_byte(&b, '\0');
	return (const char *)b.p;
}

static inline const char *log_of(enum inbox_log which)
{
	static struct buf b;
	uint64_t version, mtime;

	buf_reset(&b);
	(void)inbox_log_read(in, me.uid, which, &b, &version, &mtime);
	buf_byte(&b, '\0');
	return (const char *)b.p;
}

static inline const char *read_back(const char *name)
{
	static struct buf b;

	buf_reset(&b);
	(void)inbox_read_back(in, &me, at(""), at(name), &b);
	buf_byte(&b, '\0');
	return (const char *)b.p;
}

static inline size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = strstr(text, what); p; p = strstr(p + 1, what))
		n++;
	return n;
}

static inline uint64_t claims(void)
{
	SNAP_AUTO(snap);
	struct snap_totals t = {0};

	if (store_snap(store, &snap) == 0)
		snap_totals(snap, &t);
	return t.claims;
}

static inline uint32_t claims_on(const char *subject)
{
	SNAP_AUTO(snap);
	ARENA_AUTO(a);
	struct candidates c = {0};

	if (store_snap(store, &snap) == 0)
		(void)pair_load(snap, at(subject), at("p"), &a, &c);
	return c.claim_count;
}

static inline const char *value_of(const char *subject)
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

#define SINK_DIR "/tmp/stemefs-test-XXXXXX"

/* dir: SINK_DIR, which becomes the name of the store. */
static inline int sinks_start(char *dir)
{
	struct store_options o = {0};
	struct inbox_options i = {.may_make_key = may_make_key};
	struct error err = {0};

	if (!mkdtemp(dir))
		return -1;
	me = (struct caller){.uid = 1000, .gid = 100, .pid = getpid()};
	if (store_create(dir, &err) < 0 || store_open(dir, &o, &store, &err) < 0) {
		printf("Bail out! %s\n", err.message);
		return -1;
	}
	i.store = store;
	return inbox_new(&i, &in);
}

static inline int sinks_stop(const char *dir)
{
	char command[300];

	inbox_free(in);
	store_close(store);
	(void)snprintf(command, sizeof(command), "rm -r '%s'", dir);
	CHECK(system(command) == 0);
	return tap_done();
}

#endif

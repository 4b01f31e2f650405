/* An inbox without a store and with a clock of its own, for the tests of it. */
#ifndef TESTS_INBOX_H
#define TESTS_INBOX_H

#include <errno.h>
#include <stdlib.h>

#include "core/when.h"
#include "fs/inbox.h"
#include "fs/inbox_internal.h"
#include "tests/unit/tap.h"

static const struct caller ann = {.uid = 1000, .gid = 100};
static const struct caller bob = {.uid = 1001, .gid = 100};
static uint64_t clock_ns;

static inline uint64_t fake_now(void *ctx)
{
	(void)ctx;
	return clock_ns;
}

static inline struct inbox *new_inbox(void)
{
	struct inbox_options o = {.now = fake_now};
	struct inbox *in = NULL;

	clock_ns = 1767225600 * SECOND;
	CHECK(inbox_new(&o, &in) == 0);
	return in;
}

static inline void free_inbox(struct inbox **in)
{
	inbox_free(*in);
}
#define INBOX_AUTO(name)                                                           \
	__attribute__((cleanup(free_inbox))) struct inbox *name = new_inbox()

static inline struct slice at(const char *text)
{
	return slice_str(text);
}

static inline int create(
	struct inbox *in, const struct caller *who, const char *name)
{
	return inbox_create(in, who, at(""), at(name), false);
}

/* Add bytes as a sink does. */
static inline int add(struct inbox *in, const struct caller *who, const char *name,
	struct slice bytes)
{
	uint8_t room[INBOX_KEY_MAX];
	struct slice key;
	struct item *it;
	INBOX_HELD(in);
	int rc = item_key(at(""), at(name), room, &key);

	if (rc == 0)
		rc = item_own_locked(in, who, key, &it);
	return rc < 0 ? rc : item_add_locked(in, it, bytes, clock_ns);
}

static inline void open_anew(struct inbox *in, const char *name)
{
	uint8_t room[INBOX_KEY_MAX];
	struct slice key;
	INBOX_HELD(in);

	(void)item_key(at(""), at(name), room, &key);
	item_find_locked(in, key)->since_open = 0;
}

static inline void add_receipt(struct inbox *in, const struct caller *who,
	const char *name, const char *line)
{
	struct receipt_lines lines = {who->uid, at("inbox/x"), at(line), 1};
	INBOX_HELD(in);

	receipts_add_locked(in, at(name), &lines, clock_ns);
}

static inline bool reads(struct inbox *in, const char *name, const char *want)
{
	BUF_AUTO(b);

	if (inbox_read_back(in, &ann, at(""), at(name), &b) < 0)
		return false;
	return b.n == strlen(want) && (b.n == 0 || memcmp(b.p, want, b.n) == 0);
}

static inline bool receipt_is(struct inbox *in, const char *name, const char *want)
{
	BUF_AUTO(b);
	uint64_t version, mtime;

	if (inbox_receipt_read(in, ann.uid, at(name), &b, &version, &mtime) < 0)
		return false;
	return b.n == strlen(want) && memcmp(b.p, want, b.n) == 0;
}

static inline void keep_error(void *ctx, int error)
{
	*(int *)ctx = error;
}

/* A rename that submits nothing is answered before it returns. */
static inline int mv(struct inbox *in, const struct caller *who, const char *from,
	const char *to, bool no_replace)
{
	int rc = 1;

	inbox_rename(in, who, at(""), at(from), at(""), at(to), no_replace,
		keep_error, &rc);
	return rc;
}

static inline int append_name(
	void *ctx, struct slice name, bool lane, uint64_t cookie)
{
	(void)cookie;
	buf_slice(ctx, name);
	buf_str(ctx, lane ? "/ " : " ");
	return 0;
}

static inline bool lists(struct inbox *in, const struct caller *who,
	const char *lane, const char *want)
{
	BUF_AUTO(b);

	CHECK(inbox_list(in, who, at(lane), 0, append_name, &b) == 0);
	return b.n == strlen(want) && (b.n == 0 || memcmp(b.p, want, b.n) == 0);
}

static inline int count(void *ctx, struct slice name, bool lane, uint64_t cookie)
{
	(void)name;
	(void)lane;
	(void)cookie;
	++*(size_t *)ctx;
	return 0;
}

#endif

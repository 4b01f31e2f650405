/* What became of the caller's writes: receipts by name, the newest of them, and errors.
 *
 * A log that is full loses an eighth of itself at once, so that a line that is added
 * costs little however full it is; what was lost is counted. */
#include <errno.h>
#include <stdlib.h>

#include "core/json.h"
#include "core/utf8.h"
#include "core/when.h"
#include "fs/inbox_internal.h"

void log_free(struct log *l)
{
	buf_free(&l->text);
	*l = (struct log){0};
}

/* Drop whole lines from the front: at least so many, of at least so many bytes. */
static void drop_lines(struct log *l, size_t lines, size_t bytes)
{
	size_t at = 0, dropped = 0;

	while (at < l->text.n && (dropped < lines || at < bytes)) {
		const uint8_t *end = memchr(l->text.p + at, '\n', l->text.n - at);

		at = end ? (size_t)(end - l->text.p) + 1 : l->text.n;
		dropped++;
	}
	buf_drop(&l->text, at);
	l->lines -= dropped;
	l->forgotten += dropped;
}

/* Add count whole lines. When there is no memory the log starts anew. */
static void log_add(struct log *l, struct slice text, size_t count, uint64_t now)
{
	buf_slice(&l->text, text);
	l->lines += count;
	if (l->text.failed) {
		buf_free(&l->text);
		l->forgotten += l->lines;
		l->lines = 0;
	}
	l->mtime = now;
}

static void log_set(
	struct inbox *in, struct log *l, struct slice line, uint64_t now)
{
	buf_reset(&l->text);
	l->lines = 0;
	log_add(l, line, 1, now);
	l->version = ++in->versions;
}

/* ---- receipts ---- */

static int compare_receipts(const void *a, const void *b)
{
	return slice_compare(((const struct receipt *)a)->name,
		((const struct receipt *)b)->name);
}

void owner_logs_init(struct owner *o)
{
	TAILQ_INIT(&o->receipts);
	TAILQ_INIT(&o->used);
	o->by_name.compare = compare_receipts;
}

static struct receipt *receipt_find(const struct owner *o, struct slice name)
{
	struct receipt probe = {.name = name};

	return set_find(&o->by_name, &probe);
}

static void receipt_remove(struct owner *o, struct receipt *r)
{
	set_remove(&o->by_name, r);
	TAILQ_REMOVE(&o->receipts, r, by_cookie);
	TAILQ_REMOVE(&o->used, r, by_use);
	o->receipt_count--;
	o->receipt_bytes -= r->log.text.n;
	log_free(&r->log);
	name_free(r->name);
	free(r);
}

void owner_logs_free(struct owner *o)
{
	while (!TAILQ_EMPTY(&o->receipts))
		receipt_remove(o, TAILQ_FIRST(&o->receipts));
	log_free(&o->errors);
	log_free(&o->last_error);
	log_free(&o->last_receipt);
}

/* NULL: no memory, and then the receipt is not kept. */
static struct receipt *receipt_make(
	struct inbox *in, struct owner *o, struct slice name)
{
	struct receipt *r = receipt_find(o, name);

	if (r)
		return r;
	if (o->receipt_count == INBOX_NAMES_MAX)
		receipt_remove(o, TAILQ_FIRST(&o->used));
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->name = name_copy(name);
	r->cookie = ++in->cookies;
	if (!r->name.p || !set_place(&o->by_name, r)) {
		name_free(r->name);
		free(r);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&o->receipts, r, by_cookie);
	TAILQ_INSERT_TAIL(&o->used, r, by_use);
	o->receipt_count++;
	return r;
}

struct slice receipt_name(struct slice key, uint8_t room[RECEIPT_NAME_MAX])
{
	static const char slash[] = "%2F";
	const uint8_t *at = memchr(key.p, '/', key.n);
	size_t lane_n = (size_t)(at - key.p), n = lane_n + sizeof(slash) - 1;
	struct slice name = slice_sub(key, lane_n + 1, key.n);

	if (lane_n == 0)
		n = 0; /* a plain name */
	memcpy(room, key.p, lane_n);
	memcpy(room + lane_n, slash, n - lane_n);
	memcpy(room + n, name.p, name.n);
	return slice_of(room, n + name.n);
}

void receipt_drop_locked(struct owner *o, struct slice name)
{
	struct receipt *r = receipt_find(o, name);

	if (r)
		receipt_remove(o, r);
}

void receipt_move_locked(
	struct inbox *in, struct owner *o, struct slice from, struct slice to)
{
	struct receipt *r;
	struct receipt *old = receipt_find(o, from);

	receipt_drop_locked(o, to);
	r = old ? receipt_make(in, o, to) : NULL;
	old = receipt_find(
		o, from); /* room for the new one may have been made of it */
	if (r && old) {
		r->log = old->log; /* its bytes stay counted */
		r->log.version = ++in->versions;
		old->log = (struct log){0};
	}
	if (old)
		receipt_remove(o, old);
}

static void keep_receipts(struct inbox *in, struct owner *o, struct slice name,
	const struct receipt_lines *lines, uint64_t now)
{
	struct receipt *r = receipt_make(in, o, name);

	if (!r)
		return;
	o->receipt_bytes -= r->log.text.n;
	log_add(&r->log, lines->text, lines->count, now);
	if (r->log.text.n > INBOX_RECEIPTS_MAX)
		drop_lines(&r->log, 0,
			r->log.text.n - INBOX_RECEIPTS_MAX +
				INBOX_RECEIPTS_MAX / 8);
	r->log.version = ++in->versions;
	o->receipt_bytes += r->log.text.n;
	TAILQ_REMOVE(&o->used, r, by_use);
	TAILQ_INSERT_TAIL(&o->used, r, by_use);
	while (o->receipt_bytes > INBOX_RECEIPTS_TOTAL)
		receipt_remove(o, TAILQ_FIRST(&o->used));
}

/* The last of some lines, with its newline. */
static struct slice last_line(struct slice lines)
{
	const uint8_t *before = memrchr(lines.p, '\n', lines.n - 1);
	size_t at = before ? (size_t)(before - lines.p) + 1 : 0;

	return slice_sub(lines, at, lines.n);
}

/* Names may be any bytes, messages quote any bytes; a file of JSON is UTF-8. */
static void print_text(struct slice s, struct buf *out)
{
	BUF_AUTO(clean);

	while (s.n > 0) {
		size_t n = utf8_check(s);

		buf_slice(&clean, slice_sub(s, 0, n));
		if (n < s.n)
			buf_str(&clean, "\xef\xbf\xbd"); /* U+FFFD */
		s = slice_sub(s, n + 1, s.n);
	}
	json_print_string(slice_of(clean.p, clean.n), out);
}

void receipts_add_locked(struct inbox *in, struct slice name,
	const struct receipt_lines *lines, uint64_t now)
{
	struct owner *o = owner_locked(in, lines->uid);
	struct slice last;
	BUF_AUTO(line);

	if (!o || lines->count == 0)
		return;
	if (name.n > 0)
		keep_receipts(in, o, name, lines, now);
	last = last_line(lines->text);
	buf_str(&line, "{\"path\":");
	print_text(lines->path, &line);
	buf_byte(&line, ',');
	buf_slice(&line, slice_sub(last, 1, last.n));
	log_set(in, &o->last_receipt, slice_of(line.p, line.n), now);
}

/* ---- errors ---- */

/* ,"offset":12,"hint":"…"} and a newline: what both kinds of line end in. */
static void print_rest(const struct error *err, struct buf *out)
{
	if (err->offset >= 0)
		buf_printf(out, ",\"offset\":%lld", (long long)err->offset);
	if (err->hint[0]) {
		buf_str(out, ",\"hint\":");
		print_text(slice_str(err->hint), out);
	}
	buf_str(out, "}\n");
}

void refusal_print(const struct error *err, uint64_t record, struct buf *out)
{
	buf_printf(out, "{\"status\":\"refused\",\"error\":\"%s\",\"message\":",
		errno_name(err->code));
	print_text(slice_str(err->message), out);
	buf_printf(out, ",\"record\":%llu", (unsigned long long)record);
	print_rest(err, out);
}

static void print_error(const struct caller *who, struct slice path,
	const struct error *err, uint64_t now, struct buf *out)
{
	buf_str(out, "{\"time\":\"");
	when_print(now, out);
	buf_printf(out, "\",\"pid\":%ld,\"path\":", (long)who->pid);
	print_text(path, out);
	buf_printf(out, ",\"errno\":%d,\"code\":\"%s\",\"message\":", err->code,
		errno_name(err->code));
	print_text(slice_str(err->message), out);
	print_rest(err, out);
}

void inbox_note_error(struct inbox *in, const struct caller *who, struct slice path,
	const struct error *err)
{
	uint64_t now = inbox_now(in);
	struct slice line;
	struct owner *o;
	BUF_AUTO(text);

	print_error(who, path, err, now, &text);
	if (buf_view(&text, &line) < 0)
		return;
	INBOX_HELD(in);
	o = owner_locked(in, who->uid);
	if (!o)
		return;
	log_set(in, &o->last_error, line, now);
	if (o->errors.lines == INBOX_ERRORS_MAX)
		drop_lines(&o->errors, INBOX_ERRORS_MAX / 8, 0);
	log_add(&o->errors, line, 1, now);
	o->errors.version = ++in->versions;
}

/* ---- reading ---- */

static int log_read(
	const struct log *l, struct buf *out, uint64_t *version, uint64_t *mtime)
{
	struct slice all;

	if (l->forgotten > 0)
		buf_printf(out, "{\"status\":\"forgotten\",\"lines\":%llu}\n",
			(unsigned long long)l->forgotten);
	buf_slice(out, slice_of(l->text.p, l->text.n));
	*version = l->version;
	*mtime = l->mtime;
	return buf_view(out, &all);
}

int inbox_log_read(struct inbox *in, uid_t uid, enum inbox_log which,
	struct buf *out, uint64_t *version, uint64_t *mtime)
{
	static const struct log empty;
	INBOX_HELD(in);
	const struct owner *o = owner_find_locked(in, uid);

	if (!o)
		return log_read(&empty, out, version, mtime);
	switch (which) {
	case INBOX_LAST_ERROR:
		return log_read(&o->last_error, out, version, mtime);
	case INBOX_LAST_RECEIPT:
		return log_read(&o->last_receipt, out, version, mtime);
	default:
		return log_read(&o->errors, out, version, mtime);
	}
}

int inbox_receipt_read(struct inbox *in, uid_t uid, struct slice name,
	struct buf *out, uint64_t *version, uint64_t *mtime)
{
	INBOX_HELD(in);
	const struct owner *o = owner_find_locked(in, uid);
	const struct receipt *r = o ? receipt_find(o, name) : NULL;

	return r ? log_read(&r->log, out, version, mtime) : -ENOENT;
}

struct listing {
	struct inbox *in;
	uid_t uid;
};

static int fill(void *ctx, uint64_t after, struct page *p)
{
	const struct listing *l = ctx;
	INBOX_HELD(l->in);
	const struct owner *o = owner_find_locked(l->in, l->uid);
	const struct receipt *r;

	if (!o)
		return 0;
	TAILQ_FOREACH(r, &o->receipts, by_cookie)
	if (r->cookie > after && !page_add(p, r->name, false, r->cookie))
		break;
	return 0;
}

int inbox_receipt_list(
	struct inbox *in, uid_t uid, uint64_t after, inbox_visit *visit, void *ctx)
{
	struct listing l = {.in = in, .uid = uid};

	return page_visit(fill, &l, after, visit, ctx);
}

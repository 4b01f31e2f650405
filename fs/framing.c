/* The framer keeps a position in the stream and the bytes of at most one value.
 *
 * What must hold for the outcome not to depend on cuts: every decision is made at one
 * byte, from state that does not know where the pieces ended. So objects are scanned in
 * steps that end at the newline of their first line and at the size limit, wherever those
 * stand in the piece at hand. */
#include "fs/framing.h"

#include <assert.h>
#include <errno.h>

#include "core/record.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool all_blank(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_blank(s.p[i]))
			return false;
	return true;
}

/* Move n bytes from the front of *in into the past. */
static void take(struct framer *f, struct slice *in, size_t n)
{
	*in = slice_sub(*in, n, in->n);
	f->offset += n;
}

static int too_long(const struct framer *f, struct error *err)
{
	(void)fail_at(err, EMSGSIZE, f->start, "the value is longer than %d bytes",
		RECORD_JSON_MAX);
	return fail_hint(err, "put large evidence elsewhere and cite it in source");
}

/* Keep what is there of a value that goes on, or complete it from what was kept. */
static int keep(struct framer *f, struct slice part, struct error *err)
{
	struct slice all;

	buf_slice(&f->kept, part);
	if (buf_view(&f->kept, &all) < 0)
		return fail(err, ENOMEM, "out of memory");
	return 0;
}

/* The value ends with part. The common case, a value within one piece, copies nothing. */
static int hand_out(
	struct framer *f, struct slice part, struct framed *out, struct error *err)
{
	f->inside = false;
	out->offset = f->start;
	out->bytes = part;
	if (f->kept.n == 0)
		return 1;
	if (keep(f, part, err) < 0)
		return -ENOMEM;
	out->bytes = slice_of(f->kept.p, f->kept.n);
	f->handed = true;
	return 1;
}

static void begin(struct framer *f)
{
	f->start = f->offset;
	f->scan = (struct json_scan){0};
	f->inside = true;
	f->below = false;
	f->last = 0;
}

/* What stands between values cannot start one. */
static int refuse_start(const struct framer *f, uint8_t c, struct error *err)
{
	int rc;

	if (c == '[') {
		(void)fail_at(err, EINVAL, f->offset, "an array is no record");
		return fail_hint(err, "send one object per line: jq -c '.[]'");
	}
	if (c > ' ' && c < 0x7f)
		rc = fail_at(err, EINVAL, f->offset,
			"not a JSON object: it starts with '%c'", c);
	else
		rc = fail_at(err, EINVAL, f->offset,
			"not a JSON object: it starts with byte 0x%02X", c);
	if (c == 0xef)
		return fail_hint(
			err, "if this is a byte-order mark, save without it");
	return rc;
}

/* How far the scanner may go before something other than JSON is to be decided. */
static struct slice next_step(const struct framer *f, struct slice rest)
{
	size_t room = RECORD_JSON_MAX - (size_t)f->scan.offset;
	const uint8_t *newline;

	rest = slice_sub(rest, 0, room);
	newline = f->below || !rest.p ? NULL : memchr(rest.p, '\n', rest.n);
	return newline ? slice_of(rest.p, (size_t)(newline - rest.p) + 1) : rest;
}

/* These bytes of the value's first line were scanned and the value goes on. */
static int check_line(struct framer *f, struct slice step, struct error *err)
{
	size_t n = step.n;
	bool ends;

	assert(step.p && n > 0);
	ends = step.p[n - 1] == '\n';
	if (ends)
		n--;
	while (n > 0 && is_blank(step.p[n - 1]))
		n--;
	if (n > 0)
		f->last = step.p[n - 1];
	if (!ends)
		return 0;
	f->below = true;
	if (strchr("{,:[", f->last))
		return 0;
	(void)fail_at(err, EINVAL, f->start + f->scan.offset - 1,
		"the value's first line leaves it incomplete: missing brace?");
	return fail_hint(
		err, "a value that goes on has a first line ending in { , : or [");
}

/* What the scanner refused, in words that do not depend on cuts: the key is looked for in
 * all of the value before that byte, and offsets count from the start of the stream. */
static int refuse_json(struct framer *f, struct slice part, struct error *err)
{
	size_t before, here;

	if (!err)
		return -EINVAL;
	before = (size_t)err->offset;
	here = before > f->kept.n ? before - f->kept.n : 0;
	if (keep(f, slice_sub(part, 0, here), err) < 0)
		return -ENOMEM;
	json_name_key(slice_of(f->kept.p, before), err);
	err->offset += (int64_t)f->start;
	return -EINVAL;
}

/* Scan a step of part from `at` on: 1 complete, 0 it goes on, -errno; *used bytes belong to
 * it. part begins where the kept bytes end. */
static int scan_step(struct framer *f, struct slice part, size_t at, size_t *used,
	struct error *err)
{
	struct slice step = next_step(f, slice_sub(part, at, part.n));
	int rc = json_scan(&f->scan, step, used, err);

	if (rc < 0)
		return refuse_json(f, part, err);
	if (rc == JSON_COMPLETE)
		return 1;
	if (!f->below)
		rc = check_line(f, step, err);
	if (rc == 0 && f->scan.offset >= RECORD_JSON_MAX)
		rc = too_long(f, err);
	return rc;
}

static int next_object(
	struct framer *f, struct slice *in, struct framed *out, struct error *err)
{
	struct slice part = *in;
	size_t n = 0, used;
	int rc = 0;

	if (!f->inside) {
		while (n < in->n && (is_blank(in->p[n]) || in->p[n] == '\n'))
			n++;
		take(f, in, n);
		if (in->n == 0)
			return 0;
		if (in->p[0] != '{')
			return refuse_start(f, in->p[0], err);
		begin(f);
		part = *in;
	}
	for (n = 0; rc == 0 && n < part.n; n += used)
		rc = scan_step(f, part, n, &used, err);
	if (rc < 0)
		return rc;
	take(f, in, n);
	part = slice_sub(part, 0, n);
	return rc == 1 ? hand_out(f, part, out, err) : keep(f, part, err);
}

/* A line's bytes without what an editor on another system left at its end. */
static bool trim_line(struct framed *line)
{
	if (line->bytes.n > 0 && line->bytes.p[line->bytes.n - 1] == '\r')
		line->bytes.n--;
	return !all_blank(line->bytes);
}

static int next_line(
	struct framer *f, struct slice *in, struct framed *out, struct error *err)
{
	while (in->n > 0) {
		const uint8_t *newline = memchr(in->p, '\n', in->n);
		size_t n = newline ? (size_t)(newline - in->p) : in->n;
		struct slice part = slice_of(in->p, n);

		if (!f->inside)
			begin(f);
		if (f->kept.n + n > RECORD_JSON_MAX)
			return too_long(f, err);
		take(f, in, newline ? n + 1 : n);
		if (!newline)
			return keep(f, part, err);
		if (hand_out(f, part, out, err) < 0)
			return -ENOMEM;
		if (trim_line(out) || f->blanks)
			return 1;
		buf_reset(&f->kept);
		f->handed = false;
	}
	return 0;
}

static void forget_handed(struct framer *f)
{
	if (f->handed)
		buf_reset(&f->kept);
	f->handed = false;
}

int framer_next(
	struct framer *f, struct slice *in, struct framed *out, struct error *err)
{
	forget_handed(f);
	return f->form == FRAMING_JSON ? next_object(f, in, out, err)
				       : next_line(f, in, out, err);
}

int framer_end(struct framer *f, struct framed *out, struct error *err)
{
	forget_handed(f);
	if (!f->inside)
		return 0;
	if (f->form == FRAMING_JSON) {
		(void)fail_at(err, EINVAL, f->start,
			"the stream ends inside a value: missing brace?");
		framer_drop(f);
		return -EINVAL;
	}
	(void)hand_out(f, slice_of(NULL, 0), out, err);
	return trim_line(out);
}

bool framer_pending(const struct framer *f)
{
	if (!f->inside)
		return false;
	return f->form == FRAMING_JSON ||
	       !all_blank(slice_of(f->kept.p, f->kept.n));
}

void framer_drop(struct framer *f)
{
	buf_free(&f->kept);
	f->inside = false;
	f->handed = false;
}

void framer_free(struct framer *f)
{
	framer_drop(f);
}

/* What people say of one claim: a weight, their signature, that it is taken back, that
 * another one takes its place. The path says which claim it is, so a line holds nothing
 * but words; records as JSON have their place in the inbox. */
#include <errno.h>

#include "core/quote.h"
#include "fs/sink_internal.h"

static int draft_weight(const struct sink *s, struct slice line, struct record *r,
	struct error *err)
{
	r->kind = RECORD_VOTE;
	r->target = s->id;
	if (sink_read_weight(line, line, r, err) < 0)
		return fail_hint(err, "like 0.8, or -1 against it");
	return 0;
}

/* The reason as a record would take it; at is where it stands in the line. */
static int check_reason(const struct record *r, size_t at, struct error *err)
{
	int rc;

	if (r->reason.n == 0) {
		(void)fail_at(err, EINVAL, at, "the reason is missing");
		return r->has & HAS_BY
			       ? fail_hint(err, "<id> and why that one is better")
			       : fail_hint(err, "like: echo 'a typo' > retract");
	}
	rc = record_check(r, err);
	if (rc < 0 && err->offset < 0)
		err->offset = (int64_t)at;
	return rc;
}

static int draft_retraction(const struct sink *s, struct slice line,
	struct record *r, struct error *err)
{
	r->kind = RECORD_SUPERSESSION;
	r->target = s->id;
	r->reason = line;
	return check_reason(r, 0, err);
}

static const char successor_hint[] = "<id of what takes its place> and the reason";

/* The claim that is to take the place of the sink's. */
static int find_successor(
	const struct sink *s, struct slice word, struct id *out, struct error *err)
{
	SNAP_AUTO(snap);
	int rc = store_snap(s->in->options.store, &snap);

	if (rc == 0)
		rc = assertion_find(snap, word, out);
	switch (rc) {
	case 0:
		return 0;
	case -EINVAL:
		(void)fail_at(err, EINVAL, 0,
			"%s is no id and no prefix of 8 digits", quote(word).text);
		return fail_hint(err, successor_hint);
	case -ENOENT:
		return fail_at(
			err, EINVAL, 0, "no claim has the id %s", quote(word).text);
	case -ENOTUNIQ:
		(void)fail_at(err, EINVAL, 0, "%s is not unique", quote(word).text);
		return fail_hint(err, "give more digits");
	default:
		return fail(err, -rc, "the store cannot be read");
	}
}

static int draft_supersession(const struct sink *s, struct slice line,
	struct record *r, struct error *err)
{
	size_t n = 0;
	int rc;

	while (n < line.n && line.p[n] != ' ' && line.p[n] != '\t')
		n++;
	if (n == 0) {
		(void)fail_at(err, EINVAL, 0, "the id is missing");
		return fail_hint(err, successor_hint);
	}
	rc = find_successor(s, slice_sub(line, 0, n), &r->by, err);
	if (rc < 0)
		return rc;
	r->kind = RECORD_SUPERSESSION;
	r->has = HAS_BY;
	r->target = s->id;
	r->reason = sink_trim(slice_sub(line, n, line.n));
	return check_reason(r, n, err);
}

static int draft(const struct sink *s, struct slice line, struct record *r,
	struct error *err)
{
	switch (s->form) {
	case SINK_WEIGHTS:
		return draft_weight(s, line, r, err);
	case SINK_COSIGN:
		r->kind = RECORD_COSIGNATURE;
		r->target = s->id;
		return 0;
	case SINK_RETRACT:
		return draft_retraction(s, line, r, err);
	default: /* SINK_SUPERSEDE */
		return draft_supersession(s, line, r, err);
	}
}

int sink_draft_about(const struct sink *s, struct slice line, struct arena *a,
	struct draft *out, struct error *err)
{
	struct draft d = {.timestamp_implied = true};
	struct slice text = arena_copy(a, line);
	int rc;

	if (!text.p)
		return fail(err, ENOMEM, "out of memory");
	if (line.n > 0 && line.p[0] == '{') {
		(void)fail_at(
			err, EINVAL, 0, "a record is not what is written here");
		return fail_hint(err, "records go to inbox/");
	}
	rc = draft(s, text, &d.record, err);
	if (rc == 0)
		*out = d;
	return rc;
}

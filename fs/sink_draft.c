/* What a value of a stream says: a record, or a value asserted on the sink's pair. */
#include <errno.h>

#include "core/json.h"
#include "core/quote.h"
#include "fs/sink_internal.h"

struct slice sink_trim(struct slice s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\r'))
		s = slice_sub(s, 1, s.n);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' ||
				  s.p[s.n - 1] == '\r'))
		s.n--;
	return s;
}

static int draft_value(const struct sink *s, struct slice line, struct arena *a,
	struct draft *out, struct error *err)
{
	struct draft d = {
		.record = {.kind = RECORD_ASSERTION,
			.subject = s->subject,
			.predicate = s->predicate},
		.timestamp_implied = true,
	};
	int rc = object_parse(line, a, &d.record.object, err);

	if (rc == 0)
		rc = record_check(&d.record, err);
	if (rc == 0)
		*out = d;
	return rc;
}

static void print_name(const char *key, struct slice name, struct buf *out)
{
	json_print_key(key, out);
	json_print_string(name, out);
}

/* An object may leave out what the path says, and must not contradict it. */
static int check_pair(
	const struct sink *s, const struct record *r, struct error *err)
{
	if (r->kind != RECORD_ASSERTION)
		return fail_at(
			err, EINVAL, 0, "only assertions can be written here");
	if (!slice_equal(r->subject, s->subject))
		return fail_at(err, EINVAL, 0,
			"the subject is %s, but the path says %s",
			quote(r->subject).text, quote(s->subject).text);
	if (!slice_equal(r->predicate, s->predicate))
		return fail_at(err, EINVAL, 0,
			"the predicate is %s, but the path says %s",
			quote(r->predicate).text, quote(s->predicate).text);
	return 0;
}

/* Read an object with the pair of the path put in front of its keys where they are
 * missing; offsets of errors are those in the text as it was written. */
static int draft_merged(const struct sink *s, const struct json_doc *doc,
	struct arena *a, struct draft *out, struct error *err)
{
	size_t added;
	struct slice all;
	BUF_AUTO(text);
	int rc;

	buf_byte(&text, '{');
	if (!cJSON_GetObjectItemCaseSensitive(doc->root, "subject"))
		print_name("subject", s->subject, &text);
	if (!cJSON_GetObjectItemCaseSensitive(doc->root, "predicate"))
		print_name("predicate", s->predicate, &text);
	if (text.n > 1)
		buf_byte(&text, ',');
	added = text.n - 1;
	buf_slice(&text, slice_sub(doc->text, 1, doc->text.n));
	if (buf_view(&text, &all) < 0)
		return fail(err, ENOMEM, "out of memory");
	rc = record_parse(all, a, out, err);
	if (rc < 0) {
		if (err->offset >= 0)
			err->offset -= err->offset > (int64_t)added ? (int64_t)added
								    : err->offset;
		return rc;
	}
	return check_pair(s, &out->record, err);
}

static int draft_object(const struct sink *s, struct slice text, struct arena *a,
	struct draft *out, struct error *err)
{
	JSON_AUTO(doc);
	int rc = json_parse(text, &doc, err);

	if (rc < 0)
		return rc;
	if (cJSON_GetObjectItemCaseSensitive(doc.root, "ref"))
		return draft_value(s, text, a, out, err);
	if (!doc.root->child) {
		(void)fail_at(err, EINVAL, 0, "the object has no key");
		return fail_hint(err, "like {\"object\":96.7,\"confidence\":0.9}");
	}
	return draft_merged(s, &doc, a, out, err);
}

static int draft_line(const struct sink *s, struct slice line, struct arena *a,
	struct draft *out, struct error *err)
{
	struct slice text = sink_trim(line);
	int rc;

	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0) {
		(void)fail_at(
			err, EINVAL, 0, "the line starts with a byte-order mark");
		return fail_hint(err, "save without it");
	}
	if (s->form >= SINK_WEIGHTS)
		rc = sink_draft_about(s, text, a, out, err);
	else if (s->form == SINK_VOTES)
		rc = sink_draft_vote(s, text, a, out, err);
	else if (text.p[0] == '{')
		rc = draft_object(s, text, a, out, err);
	else
		rc = draft_value(s, text, a, out, err);
	if (rc < 0 && err->offset >= 0)
		err->offset += text.p - line.p;
	return rc;
}

bool sink_asks(const struct sink *s, struct slice value, const struct draft *d)
{
	struct slice text = sink_trim(value);

	if (s->form == SINK_VOTES)
		return text.n > 0 && text.p[0] == '='; /* for who leads there */
	return d->epoch_name.p != NULL;
}

bool sink_changes(const struct sink *s, const struct record *r)
{
	if (s->form == SINK_VOTES)
		return true;
	return r->kind != RECORD_ASSERTION && r->kind != RECORD_VOTE &&
	       r->kind != RECORD_PROFILE;
}

int sink_draft(const struct sink *s, struct slice value, struct arena *a,
	struct draft *out, struct error *err)
{
	if (s->form == SINK_RECORDS)
		return record_parse(value, a, out, err);
	return draft_line(s, value, a, out, err);
}

/* Subjects, and predicates of one, in the order of their names. The cookie of a name is the
 * log offset of the record that brought it: it stands as long as the store does. */
#include <errno.h>

#include "store/read.h"

static int name_at(
	struct snap *s, uint64_t offset, struct buf *scratch, struct record *out)
{
	struct locator at = {.offset = offset};
	struct frame f = {0};
	int rc = source_record(&s->source, &at, NULL, scratch, &f, out);

	return rc < 0 ? rc : out->kind == RECORD_ASSERTION ? 0 : -EBADMSG;
}

static int sees_name(struct snap *s, const struct slice *subject, struct slice name,
	uint64_t first, bool *out)
{
	struct pair_key p;

	if (!subject)
		return sees_subject(s, name, first, out);
	p = pair_key(*subject, name);
	return sees_pair(s, &p, first, out);
}

/* Visit the keys behind `prefix`, from the first one behind `from`: subjects, or the
 * predicates of one. */
static int list_names(struct snap *s, const struct slice *subject,
	const struct row_key *prefix, const struct row_key *from, name_visit *visit,
	void *ctx)
{
	WALK_AUTO(w);
	int rc = walk_from(&w, s->source.txn, prefix, from);

	for (; rc == 0; rc = walk_next(&w)) {
		struct slice name = name_behind(&w);
		uint64_t cookie;
		bool seen;

		if (name.n == 0 || w.value.mv_size < sizeof(cookie))
			return -EBADMSG;
		/* both kinds of row begin with it */
		memcpy(&cookie, w.value.mv_data, sizeof(cookie));
		rc = sees_name(s, subject, name, cookie, &seen);
		if (rc < 0)
			return rc;
		if (seen && visit(ctx, name, cookie))
			return 0;
	}
	return rc == -ENOENT ? 0 : rc;
}

static_assert(
	offsetof(struct subject_row, first) == 0, "list_names reads it there");
static_assert(
	offsetof(struct predicate_row, first) == 0, "list_names reads it there");

int subject_list(struct snap *s, uint64_t after, name_visit *visit, void *ctx)
{
	struct row_key prefix = row_key_tag(KEY_NAME);
	struct row_key from = prefix;
	BUF_AUTO(scratch);

	if (after) {
		struct record r = {0};
		int rc = name_at(s, after, &scratch, &r);

		if (rc < 0)
			return rc;
		row_key_add(&from, r.subject.p, r.subject.n);
		row_key_byte(&from, 0); /* the next key behind it */
	}
	return list_names(s, NULL, &prefix, &from, visit, ctx);
}

int predicate_list(struct snap *s, struct slice subject, uint64_t after,
	name_visit *visit, void *ctx)
{
	struct row_key prefix;
	struct row_key from;
	BUF_AUTO(scratch);

	if (subject.n > SUBJECT_MAX)
		return 0;
	prefix = row_key_predicate(subject, slice_of(NULL, 0));
	from = prefix;
	if (after) {
		struct record r = {0};
		int rc = name_at(s, after, &scratch, &r);

		if (rc < 0)
			return rc;
		row_key_add(&from, r.predicate.p, r.predicate.n);
		row_key_byte(&from, 0);
	}
	return list_names(s, &subject, &prefix, &from, visit, ctx);
}

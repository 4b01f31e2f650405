/* Every view against a fresh resolution from all candidates. */
#include <errno.h>

#include "core/sets.h"
#include "store/check.h"
#include "store/pair.h"
#include "store/sums.h"

struct viewing {
	struct checking *c;
	const struct source *source;
	uint64_t total;
	bool lossy;
};

/* What the file of a pair holds, against what the lens says: 0, or 1 where they differ. */
static int compare_lines(const struct source *source, const struct pair_key *key,
	const struct pair_view *view, struct slice subject, struct slice predicate)
{
	BUF_AUTO(printed);
	BUF_AUTO(fresh);
	struct slice a = {0}, b = {0};
	int rc = pair_print(source, key, subject, predicate, view, &printed, NULL);

	if (rc == 0)
		rc = pair_resolve(source, key, subject, predicate, &fresh, NULL);
	if (rc == 0)
		rc = buf_view(&printed, &a);
	if (rc == 0)
		rc = buf_view(&fresh, &b);
	return rc < 0 ? rc : !slice_equal(a, b);
}

/* The columns of a pair, and the line that is printed from them, against those from
 * nothing but its claims: 0, or 1 where they differ. */
static int compare_view(const struct source *source, const struct pair_key *key,
	const struct pair_view *view, struct slice subject, struct slice predicate,
	struct pair_view *fresh)
{
	ARENA_AUTO(a);
	int rc = pair_decide(source, key, predicate, &a, fresh, NULL);

	if (rc < 0)
		return rc;
	if (!pair_view_equal(view, fresh))
		return 1;
	return predicate_is_set(predicate)
		       ? 0
		       : compare_lines(source, key, view, subject, predicate);
}

/* Is the pair listed among those that are contested? */
static bool is_listed(
	const struct source *source, struct slice subject, struct slice predicate)
{
	struct row_key k = row_key_bearing(KEY_CONTESTED, subject);
	MDB_val v;

	row_key_add(&k, predicate.p, predicate.n);
	return row_get(source->txn, &k, &v) == 0;
}

/* What is wrong with a pair; NULL: nothing. */
static const char *judge(
	struct viewing *v, struct slice subject, struct slice predicate, int *error)
{
	struct pair_key key = pair_key(subject, predicate);
	struct pair_row row = {0};
	struct pair_view fresh = {0};
	int rc = pair_row_read(v->source->txn, &key, &row);

	if (rc == 0)
		rc = compare_view(
			v->source, &key, &row.view, subject, predicate, &fresh);
	*error = rc == -ENOMEM ? rc : 0;
	if (rc == -EBADMSG && v->lossy)
		return NULL;
	if (rc < 0)
		return rc == -EBADMSG ? "cannot be resolved: rows or records of it "
					"do not verify"
				      : strerror(-rc);
	if (rc > 0)
		return "the view differs from a fresh resolution";
	if (is_listed(v->source, subject, predicate) !=
		(fresh.status == STATUS_CONTESTED))
		return "is listed as contested and is not, or is and is not listed";
	return NULL;
}

static int check_pair(
	struct viewing *v, struct slice subject, struct slice predicate)
{
	int rc;
	const char *wrong = judge(v, subject, predicate, &rc);

	if (rc < 0)
		return rc;
	v->c->out->pairs++;
	check_progress(v->c, "resolving pairs", v->c->out->pairs, v->total);
	if (wrong)
		check_found(v->c,
			&(struct store_finding){.kind = "view",
				.subject = subject,
				.predicate = predicate,
				.in_index = true},
			"%.*s/%.*s: %s", SLICE_ARG(subject), SLICE_ARG(predicate),
			wrong);
	return 0;
}

/* What follows the prefix in the key that a walk is at. */
static struct slice rest_of(const struct walk *w)
{
	return slice_of((const uint8_t *)w->key.mv_data + w->prefix.n,
		w->key.mv_size - w->prefix.n);
}

/* The end of a walk; a row that does not verify is one too, and was reported as a row. */
static int ended(int rc)
{
	return rc == -ENOENT || rc == -EBADMSG ? 0 : rc;
}

static int check_subject(struct viewing *v, struct slice subject)
{
	struct row_key below = row_key_predicate(subject, slice_of(NULL, 0));
	WALK_AUTO(w);
	int rc = walk_start(&w, v->source->txn, &below);

	for (; rc == 0; rc = walk_next(&w)) {
		rc = check_pair(v, subject, rest_of(&w));
		if (rc < 0)
			return rc;
	}
	return ended(rc);
}

int check_views(struct checking *c, const struct source *source, bool lossy)
{
	struct viewing v = {.c = c, .source = source, .lossy = lossy};
	struct row_key prefix = row_key_tag(KEY_NAME);
	struct meta_row meta = {0};
	WALK_AUTO(w);
	int rc = meta_read(source->txn, &meta);

	v.total = meta.pairs;
	if (rc == 0)
		rc = walk_start(&w, source->txn, &prefix);
	for (; rc == 0; rc = walk_next(&w)) {
		rc = check_subject(&v, rest_of(&w));
		if (rc < 0)
			return rc;
	}
	return ended(rc);
}

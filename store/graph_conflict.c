/* Pairs whose claims contradict each other.
 *
 * Where nothing is cut and settings owe nothing, rows name them. Else every pair is asked:
 * exact in each context and at each moment, at the price of resolving them all. */
#include <errno.h>

#include "store/graph_walk.h"
#include "store/read.h"

/* Do the rows say what this reader would see? */
static bool rows_hold(const struct snap *s)
{
	return sees_all(s) && !s->meta.sweeps;
}

/* 0 or -ENOENT. */
static int resolves_contested(
	struct snap *s, struct slice subject, struct slice predicate)
{
	ARENA_AUTO(a);
	struct pair_view v = {0};
	struct pair_key p = pair_key(subject, predicate);
	int rc = snap_ready(s);

	if (rc == 0)
		rc = pair_decide(&s->source, &p, predicate, &a, &v, NULL);
	return rc < 0 ? rc : v.status == STATUS_CONTESTED ? 0 : -ENOENT;
}

int conflict_find(struct snap *s, struct slice subject, struct slice predicate)
{
	struct row_key k;
	MDB_val v;

	if (subject.n == 0 || subject.n > SUBJECT_MAX || predicate.n == 0 ||
		predicate.n > PREDICATE_MAX)
		return -ENOENT;
	if (!rows_hold(s))
		return resolves_contested(s, subject, predicate);
	k = row_key_bearing(KEY_CONTESTED, subject);
	row_key_add(&k, predicate.p, predicate.n);
	return row_get(s->source.txn, &k, &v);
}

/* ---- lists: rows whose key ends in a name and whose value begins with its cookie ---- */

struct ends {
	struct row_key prefix;
	struct slice behind;
	/* Is the name to be listed? 0 or -ENOENT. NULL: all are. */
	int (*contested)(struct snap *s, void *of, struct slice name);
	void *of;
};

static int list_ends(
	struct snap *s, const struct ends *e, name_visit *visit, void *ctx)
{
	struct row_key from = e->prefix;
	WALK_AUTO(w);
	int rc;

	row_key_add(&from, e->behind.p, e->behind.n);
	if (e->behind.n)
		row_key_byte(&from, 0); /* the next key behind it */
	rc = snap_ready(s);
	if (rc == 0)
		rc = walk_from(&w, s->source.txn, &e->prefix, &from);
	for (; rc == 0; rc = walk_next(&w)) {
		struct slice name = name_behind(&w);
		uint64_t cookie;

		if (name.n == 0 || w.value.mv_size < sizeof(cookie))
			return -EBADMSG;
		memcpy(&cookie, w.value.mv_data, sizeof(cookie));
		if (!sees_offset(s, cookie))
			continue; /* nobody had named it yet */
		rc = e->contested ? e->contested(s, e->of, name) : 0;
		if (rc == 0 && visit(ctx, name, cookie))
			return 0;
		if (rc < 0 && rc != -ENOENT)
			return rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

static_assert(offsetof(struct subject_row, first) == 0, "list_ends reads it there");
static_assert(
	offsetof(struct predicate_row, first) == 0, "list_ends reads it there");

/* of: the subject. */
static int predicate_contested(struct snap *s, void *of, struct slice name)
{
	return resolves_contested(s, *(const struct slice *)of, name);
}

static int found(void *ctx, struct slice name, uint64_t cookie)
{
	(void)name;
	(void)cookie;
	*(bool *)ctx = true;
	return 1;
}

/* Does any pair of the subject turn out to be contested? */
static int subject_contested(struct snap *s, void *of, struct slice name)
{
	struct ends predicates = {
		.prefix = row_key_predicate(name, slice_of(NULL, 0)),
		.contested = predicate_contested,
		.of = &name,
	};
	bool any = false;
	int rc = list_ends(s, &predicates, found, &any);

	(void)of;
	return rc < 0 ? rc : any ? 0 : -ENOENT;
}

/* The first row of a subject names the pair whose record is its cookie. */
static int subject_listed(struct snap *s, void *of, struct slice name,
	const struct row_key *below, uint64_t *cookie)
{
	WALK_AUTO(w);
	int rc = walk_start(&w, s->source.txn, below);

	(void)of;
	(void)name;
	if (rc == 0 && w.value.mv_size != sizeof(*cookie))
		return -EBADMSG;
	if (rc == 0)
		memcpy(cookie, w.value.mv_data, sizeof(*cookie));
	return rc;
}

int conflict_subjects(struct snap *s, uint64_t after, name_visit *visit, void *ctx)
{
	struct names listed = {
		.prefix = row_key_tag(KEY_CONTESTED), .seen = subject_listed};
	struct ends all = {
		.prefix = row_key_tag(KEY_NAME), .contested = subject_contested};
	struct record r = {0};
	BUF_AUTO(scratch);
	int rc = cookie_record(s, after, RECORD_ASSERTION, &scratch, &r);
	if (rc < 0)
		return rc;
	listed.behind = all.behind = r.subject;
	return rows_hold(s) ? list_named(s, &listed, visit, ctx)
			    : list_ends(s, &all, visit, ctx);
}

int conflict_predicates(struct snap *s, struct slice subject, uint64_t after,
	name_visit *visit, void *ctx)
{
	struct ends e = {.of = &subject};
	struct record r = {0};
	BUF_AUTO(scratch);
	int rc;

	if (subject.n == 0 || subject.n > SUBJECT_MAX)
		return 0;
	rc = cookie_record(s, after, RECORD_ASSERTION, &scratch, &r);
	if (rc < 0)
		return rc;
	e.behind = r.predicate;
	if (rows_hold(s)) {
		e.prefix = row_key_bearing(KEY_CONTESTED, subject);
	} else {
		e.prefix = row_key_predicate(subject, slice_of(NULL, 0));
		e.contested = predicate_contested;
	}
	return list_ends(s, &e, visit, ctx);
}

/* ---- pairs ---- */

struct pairs {
	struct snap *s;
	pair_visit *visit;
	void *ctx;
	struct slice subject; /* of the predicates that are listed */
	int rc;
	bool stopped;
};

static int visit_predicate(void *ctx, struct slice name, uint64_t cookie)
{
	struct pairs *p = ctx;

	p->stopped = p->visit(p->ctx, p->subject, name, cookie) != 0;
	return p->stopped;
}

static int list_predicates(struct pairs *p, struct slice subject, uint64_t after)
{
	p->subject = subject;
	return rows_hold(p->s)
		       ? conflict_predicates(
				 p->s, subject, after, visit_predicate, p)
		       : predicate_list(p->s, subject, after, visit_predicate, p);
}

static int visit_subject(void *ctx, struct slice name, uint64_t cookie)
{
	struct pairs *p = ctx;

	(void)cookie;
	p->rc = list_predicates(p, name, 0);
	return p->rc < 0 || p->stopped;
}

int conflict_pairs(struct snap *s, uint64_t after, pair_visit *visit, void *ctx)
{
	struct pairs p = {.s = s, .visit = visit, .ctx = ctx};
	struct record r = {0};
	BUF_AUTO(scratch);
	int rc = cookie_record(s, after, RECORD_ASSERTION, &scratch, &r);

	if (rc == 0 && after)
		rc = list_predicates(&p, r.subject, after);
	if (rc < 0 || p.stopped)
		return rc;
	rc = rows_hold(s) ? conflict_subjects(s, after, visit_subject, &p)
			  : subject_list(s, after, visit_subject, &p);
	return rc < 0 ? rc : p.rc;
}

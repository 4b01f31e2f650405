/* subjects/<S>/<P>: which there are, and how old. Those of the store, and those that
 * somebody made since nobody has mentioned them yet (fs/tree_made.c). */
#include <errno.h>
#include <sys/stat.h>

#include "core/name.h"
#include "fs/listing.h"

static const struct slice none;

/* The name behind a file name, if a record could hold it. */
static int decode(
	struct slice file, size_t max, struct buf *scratch, struct slice *out)
{
	int rc = name_decode(file, scratch);

	if (rc < 0)
		return rc;
	*out = slice_of(scratch->p, scratch->n);
	return out->n <= max ? 0 : -ENOENT;
}

/* Has somebody made this place? Under a context only what was said is shown. */
static bool is_made(
	struct request *rq, struct slice subject, struct slice predicate)
{
	return !rq->context &&
	       inbox_place_made(rq->tree->inbox, subject, predicate);
}

/* In the store, or made by somebody; or spoken of: then there is nothing to list but who
 * does, and references lead somewhere. */
static int subject_there(struct request *rq, struct slice subject)
{
	struct place_info info;
	int rc = request_snap(rq);

	if (rc == 0)
		rc = subject_find(rq->snap, subject, &info);
	if (rc == -ENOENT && is_made(rq, subject, none))
		rc = 0;
	return rc == -ENOENT ? pointed_at(rq->snap, subject) : rc;
}

int subject_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	int rc = decode(name, SUBJECT_MAX, scratch, &place->subject);

	(void)dir;
	return rc < 0 ? rc : subject_there(rq, place->subject);
}

int predicate_row_find(struct request *rq, const struct place *dir,
	struct slice name, struct buf *scratch, struct place *place)
{
	int rc = decode(name, PREDICATE_MAX, scratch, &place->predicate);

	if (rc < 0)
		return rc;
	rc = pair_exists(rq, place);
	if (rc == -ENOENT && is_made(rq, dir->subject, place->predicate))
		rc = 0;
	return rc;
}

/* A listing of names, first those of the store, then those that were only made. */
struct naming {
	struct name_adder add;
	struct request *rq;
	struct slice subject; /* whose predicates; p NULL: subjects */
};

static int add_made(void *ctx, struct slice name, bool lane, uint64_t cookie)
{
	struct naming *n = ctx;
	struct place_info info;
	int rc = n->subject.p ? pair_find(n->rq->snap, n->subject, name, &info)
			      : subject_find(n->rq->snap, name, &info);

	(void)lane;
	if (rc == 0)
		return 0; /* no longer only made: listed already */
	if (rc != -ENOENT) {
		n->add.rc = rc;
		return 1;
	}
	return name_adder_visit(&n->add, name, cookie);
}

/* Cookies of made names have this bit, those of the store do not. */
#define MADE_COOKIES (UINT64_C(1) << 62)

static int list_names(struct request *rq, struct slice subject, uint64_t after,
	struct listing *to)
{
	struct naming n = {
		.add = {.to = to, .type = S_IFDIR}, .rq = rq, .subject = subject};
	int rc = request_snap(rq);

	if (rc == 0 && after < MADE_COOKIES)
		rc = subject.p ? predicate_list(rq->snap, subject, after,
					 name_adder_visit, &n.add)
			       : subject_list(
					 rq->snap, after, name_adder_visit, &n.add);
	rc = name_adder_end(&n.add, rc); /* of a subject that was only made, too */
	if (rc == 0 && !n.add.full && !rq->context)
		rc = name_adder_end(&n.add, inbox_place_list(rq->tree->inbox,
						    subject, after, add_made, &n));
	return rc;
}

int subject_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	(void)dir;
	return list_names(rq, none, after, to);
}

int predicate_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	return list_names(rq, dir->subject, after, to);
}

int subjects_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	struct snap_totals totals;

	(void)p;
	snap_totals(rq->snap, &totals);
	attr->mtime = totals.subjects_mtime;
	attr->version = totals.subjects;
	attr->lasting = LASTS_TOLD;
	return 0;
}

/* What the store knows of a place; one that was only made stays ordinary. */
static int stat_info(int rc, const struct place_info *info, struct attr *attr)
{
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	attr->mtime = info->mtime;
	attr->version = info->generation;
	attr->lasting = LASTS_TOLD;
	return 0;
}

int subject_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	struct place_info info;
	int rc = subject_find(rq->snap, p->subject, &info);

	attr->fleeting = rc == -ENOENT;
	return stat_info(rc, &info, attr);
}

int pair_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	struct place_info info;
	int rc = pair_find(rq->snap, p->subject, p->predicate, &info);

	return stat_info(rc, &info, attr);
}

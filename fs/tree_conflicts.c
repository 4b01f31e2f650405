/* conflicts/<S>/<P>, conflicts.jsonl: what is contested now. Links for who looks around,
 * and one file for who searches: programs that search do not follow links. */
#include <errno.h>
#include <sys/stat.h>

#include "core/name.h"
#include "core/render.h"
#include "fs/listing.h"
#include "fs/pair_look.h"

int conflict_subject_row_find(struct request *rq, const struct place *dir,
	struct slice name, struct buf *scratch, struct place *place)
{
	bool any = false;
	int rc = name_decode(name, scratch);

	(void)dir;
	if (rc == 0)
		rc = request_snap(rq);
	if (rc == 0)
		rc = buf_view(scratch, &place->subject);
	if (rc == 0)
		rc = conflict_predicates(
			rq->snap, place->subject, 0, any_name, &any);
	return rc < 0 ? rc : any ? 0 : -ENOENT;
}

int conflict_subject_row_list(struct request *rq, const struct place *dir,
	uint64_t after, struct listing *to)
{
	struct name_adder n = {.to = to, .type = S_IFDIR};
	int rc = request_snap(rq);

	(void)dir;
	if (rc == 0)
		rc = conflict_subjects(rq->snap, after, name_adder_visit, &n);
	return name_adder_end(&n, rc);
}

int conflict_row_find(struct request *rq, const struct place *dir,
	struct slice name, struct buf *scratch, struct place *place)
{
	int rc = name_decode(name, scratch);

	if (rc == 0)
		rc = request_snap(rq);
	if (rc == 0)
		rc = buf_view(scratch, &place->predicate);
	return rc < 0 ? rc
		      : conflict_find(rq->snap, dir->subject, place->predicate);
}

int conflict_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	struct name_adder n = {.to = to, .type = S_IFLNK};
	int rc = request_snap(rq);

	if (rc == 0)
		rc = conflict_predicates(
			rq->snap, dir->subject, after, name_adder_visit, &n);
	return name_adder_end(&n, rc);
}

int conflict_link(struct request *rq, const struct place *p, struct buf *out)
{
	(void)rq;
	buf_str(out, "../../subjects/");
	name_encode(p->subject, out);
	buf_byte(out, '/');
	name_encode(p->predicate, out);
	return 0;
}

/* ---- conflicts.jsonl ---- */

static int print_conflict(
	struct request *rq, const struct place *pair, struct buf *out)
{
	PAIR_LOOK_AUTO(l);
	int rc = pair_look(rq, pair, &l);

	return rc < 0 ? rc : lens_print_conflict(&l.view, out);
}

static int print_subject(struct request *rq, const struct place *p,
	struct slice subject, struct buf *out)
{
	ARENA_AUTO(arena);
	struct name_list predicates = {.arena = &arena};
	struct place pair = *p;
	int rc = conflict_predicates(
		rq->snap, subject, 0, name_list_add, &predicates);

	if (rc == 0 && predicates.failed)
		rc = -ENOMEM;
	pair.subject = subject;
	pair.lens = lens_find(slice_str("skeptic"));
	for (size_t i = 0; rc == 0 && i < predicates.n; i++) {
		pair.predicate = predicates.names[i];
		rc = print_conflict(rq, &pair, out);
	}
	return rc;
}

int conflicts_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	ARENA_AUTO(arena);
	struct name_list subjects = {.arena = &arena};
	int rc = conflict_subjects(rq->snap, 0, name_list_add, &subjects);

	(void)attr;
	if (rc == 0 && subjects.failed)
		rc = -ENOMEM;
	for (size_t i = 0; rc == 0 && i < subjects.n; i++)
		rc = print_subject(rq, p, subjects.names[i], out);
	return rc;
}

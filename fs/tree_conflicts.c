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
	int rc = name_asked(rq, name, scratch, &place->subject);

	(void)dir;
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
	int rc = name_asked(rq, name, scratch, &place->predicate);

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

struct conflicts_print {
	struct request *rq;
	struct place pair;
	struct mark *at;
	size_t full; /* bytes in out at which it stops */
	struct buf *out;
	int rc;
};

static int print_conflict(
	void *ctx, struct slice subject, struct slice predicate, uint64_t cookie)
{
	struct conflicts_print *c = ctx;
	PAIR_LOOK_AUTO(l);

	c->pair.subject = subject;
	c->pair.predicate = predicate;
	c->rc = pair_look(c->rq, &c->pair, &l);
	if (c->rc == 0 && l.view.r.status == STATUS_CONTESTED)
		c->rc = lens_print_conflict(&l.view, c->out);
	if (c->rc == -ENOENT)
		c->rc = 0; /* not seen there */
	c->at->number = cookie;
	return c->rc < 0 || c->out->failed || c->out->n >= c->full;
}

static int print_lines(struct request *rq, const struct place *p, struct mark *at,
	const struct mark *until, size_t enough, struct buf *out)
{
	struct conflicts_print c = {.rq = rq,
		.pair = *p,
		.at = at,
		.full = out->n + enough,
		.out = out};
	int rc;

	(void)until; /* what has changed is not known */
	c.pair.lens = lens_find(slice_str("skeptic"));
	rc = conflict_pairs(rq->snap, at->number, print_conflict, &c);
	return rc < 0 ? rc : c.rc;
}

const struct lines conflicts_lines = {.print = print_lines, .present = true};

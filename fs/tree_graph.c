/* The graph, walked with cd: `target` of a pair leads to the subject that its consensus
 * refers to; `_in` of a subject to those that refer to it, by the predicate they do it
 * with. Nobody's claim can be called `_in`: encoded names never start with `_`. */
#include <errno.h>
#include <sys/stat.h>

#include "core/name.h"
#include "fs/listing.h"

/* ---- subjects/<S>/<P>/target ---- */

/* In a line that a lens printed, an unescaped `,"object":` is the key of the object and
 * nothing else: within texts, quotes are escaped. */
static bool is_reference(struct slice line)
{
	static const char key[] = ",\"object\":{\"ref\":";

	return line.n && memmem(line.p, line.n, key, sizeof(key) - 1);
}

/* The subject that the consensus refers to; -ENOENT: it is none. */
static int target_of(struct request *rq, const struct place *p, struct buf *subject)
{
	BUF_AUTO(line);
	struct slice text = {0};
	int rc = request_snap(rq);

	if (rc == 0)
		rc = pair_consensus(
			rq->snap, p->subject, p->predicate, &line, subject);
	if (rc == 0)
		rc = buf_view(&line, &text);
	if (rc < 0)
		return rc;
	if (!is_reference(text) || subject->n < 2)
		return -ENOENT;
	subject->n--; /* the newline */
	return 0;
}

int target_exists(struct request *rq, const struct place *p)
{
	BUF_AUTO(subject);

	return target_of(rq, p, &subject);
}

int target_link(struct request *rq, const struct place *p, struct buf *out)
{
	BUF_AUTO(subject);
	int rc = target_of(rq, p, &subject);

	if (rc < 0)
		return rc;
	buf_str(out, "../../");
	name_encode(slice_of(subject.p, subject.n), out);
	return 0;
}

/* ---- subjects/<S>/_in/<P>/<S2> ---- */

int pointed_at(struct snap *s, struct slice subject)
{
	bool any = false;
	int rc = inbound_predicates(s, subject, 0, any_name, &any);

	return rc < 0 ? rc : any ? 0 : -ENOENT;
}

int in_exists(struct request *rq, const struct place *p)
{
	int rc = request_snap(rq);

	return rc < 0 ? rc : pointed_at(rq->snap, p->subject);
}

int in_predicate_row_find(struct request *rq, const struct place *dir,
	struct slice name, struct buf *scratch, struct place *place)
{
	bool any = false;
	int rc = name_asked(rq, name, scratch, &place->predicate);

	if (rc == 0)
		rc = inbound_subjects(rq->snap, dir->subject, place->predicate, 0,
			any_name, &any);
	return rc < 0 ? rc : any ? 0 : -ENOENT;
}

int in_predicate_row_list(struct request *rq, const struct place *dir,
	uint64_t after, struct listing *to)
{
	struct name_adder n = {.to = to, .type = S_IFDIR};
	int rc = request_snap(rq);

	if (rc == 0)
		rc = inbound_predicates(
			rq->snap, dir->subject, after, name_adder_visit, &n);
	return name_adder_end(&n, rc);
}

/* Does a live claim of the pair refer to the subject? Asked of the pair itself: those who
 * point at a subject may be many, the claims on one pair are few. */
static int points_at(
	struct snap *s, struct slice from, struct slice predicate, struct slice to)
{
	ARENA_AUTO(arena);
	BUF_AUTO(body);
	struct candidates in;
	int rc = pair_load(s, from, predicate, &arena, &in);

	for (uint32_t i = 0; rc == 0 && i < in.claim_count; i++) {
		struct record r;

		buf_reset(&body);
		rc = claim_read(s, &in.claims[i], &body, &r);
		if (rc == 0 && r.object.kind == OBJECT_REF &&
			slice_equal(r.object.text, to))
			return 0;
	}
	return rc < 0 ? rc : -ENOENT;
}

int in_subject_row_find(struct request *rq, const struct place *dir,
	struct slice name, struct buf *scratch, struct place *place)
{
	int rc = name_asked(rq, name, scratch, &place->name);

	return rc < 0 ? rc
		      : points_at(rq->snap, place->name, dir->predicate,
				dir->subject);
}

int in_subject_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	struct name_adder n = {.to = to, .type = S_IFLNK};
	int rc = request_snap(rq);

	if (rc == 0)
		rc = inbound_subjects(rq->snap, dir->subject, dir->predicate, after,
			name_adder_visit, &n);
	return name_adder_end(&n, rc);
}

int in_subject_link(struct request *rq, const struct place *p, struct buf *out)
{
	(void)rq;
	buf_str(out, "../../../");
	buf_slice(out, place_leaf(p));
	return 0;
}

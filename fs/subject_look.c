#include "fs/subject_look.h"

#include <errno.h>

#include "core/bytes.h"
#include "fs/pair_look.h"

void subject_look_end(struct subject_look *l)
{
	arena_free(&l->arena);
}

/* The visitor of predicates; what it runs out of, the lists remember. */
static int look_at(void *ctx, struct slice name, uint64_t cookie)
{
	struct subject_look *l = ctx;
	struct slice topic;
	bool rule = constraint_of(name, &topic) != CONSTRAINTS;

	l->predicates++;
	if (l->shown.n < l->shown_most)
		(void)name_list_add(&l->shown, name, cookie);
	if (rule && l->rules.n == l->rules_most)
		l->more_rules = true;
	else if (rule)
		(void)name_list_add(&l->rules, name, cookie);
	return l->shown.failed || l->rules.failed;
}

int subject_look(
	struct request *rq, const struct place *p, struct subject_look *out)
{
	int rc = request_snap(rq);

	out->shown.arena = out->rules.arena = &out->arena;
	if (rc == 0)
		rc = predicate_list(rq->snap, p->subject, 0, look_at, out);
	if (rc < 0)
		return rc;
	return out->shown.failed || out->rules.failed ? -ENOMEM : 0;
}

/* ---- age and version ---- */

static int add_pair(struct request *rq, struct slice subject,
	struct slice predicate, struct attr *attr, struct buf *state)
{
	struct place_info info;
	int rc = pair_find(rq->snap, subject, predicate, &info);

	if (rc < 0)
		return rc;
	if (info.mtime > attr->mtime)
		attr->mtime = info.mtime;
	buf_u64(state, predicate.n);
	buf_slice(state, predicate);
	buf_u64(state, info.generation);
	return 0;
}

static int add_pairs(struct request *rq, struct slice subject,
	const struct name_list *l, struct attr *attr, struct buf *state)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < l->n; i++)
		rc = add_pair(rq, subject, l->names[i], attr, state);
	return rc;
}

int subject_look_stat(struct request *rq, const struct place *p,
	const struct subject_look *l, struct attr *attr)
{
	struct place_info info;
	BUF_AUTO(state);
	struct id hash;
	int rc = subject_find(rq->snap, p->subject, &info);

	if (rc < 0)
		return rc;
	attr->mtime = info.mtime;
	buf_u64(&state, l->predicates);
	rc = add_pairs(rq, p->subject, &l->shown, attr, &state);
	if (rc == 0)
		rc = add_pairs(rq, p->subject, &l->rules, attr, &state);
	if (rc < 0)
		return rc;
	if (state.failed)
		return -ENOMEM;
	hash = id_of(slice_of(state.p, state.n));
	attr->version = u64_at(hash.b);
	return 0;
}

/* ---- rules ---- */

static int add_rules(struct request *rq, const struct place *p,
	struct slice predicate, struct arena *a, struct buf *out)
{
	PAIR_LOOK_AUTO(pair);
	struct place like = *p;
	struct slice topic;
	enum constraint_rule rule = constraint_of(predicate, &topic);
	int rc;

	like.predicate = predicate;
	rc = pair_weigh(rq, &like, &pair);
	return rc < 0 ? rc
		      : constraints_add(
				rule, topic, &pair.input, &pair.bodies, a, out);
}

int subject_look_rules(struct request *rq, const struct place *p,
	struct subject_look *l, struct buf *out)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < l->rules.n; i++)
		rc = add_rules(rq, p, l->rules.names[i], &l->arena, out);
	if (rc == 0)
		rc = constraints_compare((struct constraint *)(void *)out->p,
			out->n / sizeof(struct constraint));
	return rc;
}

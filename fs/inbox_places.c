/* Places that exist because somebody made them, until something is asserted there.
 *
 * A subject node stands here when it was made itself or for one of its predicates, whose
 * subject the store may know already. */
#include <errno.h>
#include <stdlib.h>

#include "fs/inbox_internal.h"

/* Made places are listed behind what the store lists, whose cookies are small. */
#define PLACE_COOKIE (UINT64_C(1) << 62)

static int compare_subjects(const void *a, const void *b)
{
	return slice_compare(((const struct made_subject *)a)->name,
		((const struct made_subject *)b)->name);
}

static int compare_predicates(const void *a, const void *b)
{
	return slice_compare(((const struct made_predicate *)a)->name,
		((const struct made_predicate *)b)->name);
}

void places_init(struct inbox *in)
{
	TAILQ_INIT(&in->subject_list);
	in->subjects.compare = compare_subjects;
}

static struct made_subject *find_subject(const struct inbox *in, struct slice name)
{
	struct made_subject probe = {.name = name};

	return set_find(&in->subjects, &probe);
}

static struct made_predicate *find_predicate(
	const struct made_subject *s, struct slice name)
{
	struct made_predicate probe = {.name = name};

	return s ? set_find(&s->by_name, &probe) : NULL;
}

/* ---- making ---- */

static struct made_subject *add_subject(struct inbox *in, struct slice name)
{
	struct made_subject *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->name = name_copy(name);
	s->cookie = PLACE_COOKIE | ++in->cookies;
	s->by_name.compare = compare_predicates;
	TAILQ_INIT(&s->predicates);
	if (!s->name.p || !set_place(&in->subjects, s)) {
		name_free(s->name);
		free(s);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&in->subject_list, s, by_cookie);
	return s;
}

static struct made_predicate *add_predicate(
	struct inbox *in, struct made_subject *s, struct slice name)
{
	struct made_predicate *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->name = name_copy(name);
	p->cookie = PLACE_COOKIE | ++in->cookies;
	if (!p->name.p || !set_place(&s->by_name, p)) {
		name_free(p->name);
		free(p);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&s->predicates, p, by_cookie);
	return p;
}

static void remove_subject(struct inbox *in, struct made_subject *s)
{
	set_remove(&in->subjects, s);
	TAILQ_REMOVE(&in->subject_list, s, by_cookie);
	name_free(s->name);
	free(s);
}

static void remove_predicate(struct made_subject *s, struct made_predicate *p)
{
	set_remove(&s->by_name, p);
	TAILQ_REMOVE(&s->predicates, p, by_cookie);
	name_free(p->name);
	free(p);
}

void places_free(struct inbox *in)
{
	struct made_subject *s;
	struct made_predicate *p;

	while ((s = TAILQ_FIRST(&in->subject_list)) != NULL) {
		while ((p = TAILQ_FIRST(&s->predicates)) != NULL)
			remove_predicate(s, p);
		remove_subject(in, s);
	}
}

static void count(struct inbox *in, uid_t uid, bool more)
{
	struct owner *o = owner_find_locked(in, uid);

	in->place_count = more ? in->place_count + 1 : in->place_count - 1;
	if (o)
		o->place_count = more ? o->place_count + 1 : o->place_count - 1;
}

/* A subject that stands for nothing any more. */
static void prune(struct inbox *in, struct made_subject *s)
{
	if (!s->made && TAILQ_EMPTY(&s->predicates))
		remove_subject(in, s);
}

static int make_subject(struct inbox *in, uid_t uid, struct slice name)
{
	struct made_subject *s = find_subject(in, name);

	if (s && s->made)
		return -EEXIST;
	if (!s)
		s = add_subject(in, name);
	if (!s)
		return -ENOMEM;
	s->made = true;
	s->uid = uid;
	return 0;
}

static int make_predicate(
	struct inbox *in, uid_t uid, struct slice subject, struct slice name)
{
	struct made_subject *s = find_subject(in, subject);
	struct made_predicate *p;

	if (find_predicate(s, name))
		return -EEXIST;
	if (!s)
		s = add_subject(in, subject);
	if (!s)
		return -ENOMEM;
	p = add_predicate(in, s, name);
	if (!p) {
		prune(in, s);
		return -ENOMEM;
	}
	p->uid = uid;
	return 0;
}

int inbox_place_make(struct inbox *in, const struct caller *who,
	struct slice subject, struct slice predicate)
{
	INBOX_HELD(in);
	const struct owner *o = owner_locked(in, who->uid);
	int rc;

	if (!o)
		return -ENOMEM;
	if (o->place_count >= INBOX_PLACES_UID)
		return -EDQUOT;
	if (in->place_count >= INBOX_PLACES_MAX)
		return -ENOSPC;
	rc = predicate.p ? make_predicate(in, who->uid, subject, predicate)
			 : make_subject(in, who->uid, subject);
	if (rc == 0)
		count(in, who->uid, true);
	return rc;
}

/* ---- looking, removing ---- */

bool inbox_place_made(
	struct inbox *in, struct slice subject, struct slice predicate)
{
	INBOX_HELD(in);
	const struct made_subject *s = find_subject(in, subject);

	if (predicate.p)
		return find_predicate(s, predicate) != NULL;
	return s && s->made;
}

static int unmake_subject(struct inbox *in, uid_t uid, struct made_subject *s)
{
	if (!s->made)
		return -ENOENT;
	if (s->uid != uid)
		return -EPERM;
	if (!TAILQ_EMPTY(&s->predicates))
		return -ENOTEMPTY;
	remove_subject(in, s);
	return 0;
}

static int unmake_predicate(
	struct inbox *in, uid_t uid, struct made_subject *s, struct slice name)
{
	struct made_predicate *p = find_predicate(s, name);

	if (!p)
		return -ENOENT;
	if (p->uid != uid)
		return -EPERM;
	remove_predicate(s, p);
	prune(in, s);
	return 0;
}

int inbox_place_remove(struct inbox *in, const struct caller *who,
	struct slice subject, struct slice predicate)
{
	INBOX_HELD(in);
	struct made_subject *s = find_subject(in, subject);
	int rc;

	if (!s)
		return -ENOENT;
	rc = predicate.p ? unmake_predicate(in, who->uid, s, predicate)
			 : unmake_subject(in, who->uid, s);
	if (rc == 0)
		count(in, who->uid, false);
	return rc;
}

struct listing {
	struct inbox *in;
	struct slice subject;
};

static int fill_subjects(void *ctx, uint64_t after, struct page *page)
{
	const struct listing *l = ctx;
	INBOX_HELD(l->in);
	const struct made_subject *s;

	TAILQ_FOREACH(s, &l->in->subject_list, by_cookie)
	if (s->made && s->cookie > after &&
		!page_add(page, s->name, true, s->cookie))
		break;
	return 0;
}

static int fill_predicates(void *ctx, uint64_t after, struct page *page)
{
	const struct listing *l = ctx;
	INBOX_HELD(l->in);
	const struct made_subject *s = find_subject(l->in, l->subject);
	const struct made_predicate *p;

	if (!s)
		return 0;
	TAILQ_FOREACH(p, &s->predicates, by_cookie)
	if (p->cookie > after && !page_add(page, p->name, true, p->cookie))
		break;
	return 0;
}

int inbox_place_list(struct inbox *in, struct slice subject, uint64_t after,
	inbox_visit *visit, void *ctx)
{
	struct listing l = {.in = in, .subject = subject};

	return page_visit(
		subject.p ? fill_predicates : fill_subjects, &l, after, visit, ctx);
}

/* A tree that is one moment of the store: its root is the place at/<moment>.
 *
 * So every file below it is the one that stands below at/<moment> in the whole tree, by the
 * same code. What can still move there is little: links that say how long ago something
 * was, names of moments that are not past yet, and who the caller is. */
#include <errno.h>

#include "core/moment.h"
#include "core/when.h"
#include "fs/kind.h"

/* The name below at/: one that always means the same. */
static int fix_name(struct request *rq, struct slice moment, struct buf *name)
{
	uint64_t then;

	if (slice_is(moment, "now"))
		return now_link(rq, &rq->tree->root, name);
	if (moment_parse_ago(moment, store_now(rq->tree->store), &then) == 0)
		when_print(then * SECOND, name);
	else
		buf_slice(name, moment);
	return name->failed ? -ENOMEM : 0;
}

static int no_such_moment(struct request *rq, struct slice name, struct error *err)
{
	struct snap_totals totals = {0};
	uint64_t seq;

	if (moment_parse_seq(name, &seq) < 0)
		return fail(
			err, ENOENT, "at=%.*s is not past yet", SLICE_ARG(name));
	if (request_snap(rq) == 0)
		snap_totals(rq->snap, &totals);
	(void)fail(err, ENOENT, "there is no record of that number");
	return fail_hint(
		err, "at=seq-%llu, the last", (unsigned long long)totals.seq);
}

int tree_freeze(
	struct tree *t, struct slice moment, struct buf *name, struct error *err)
{
	static const struct caller nobody;
	REQUEST_AUTO(rq, t, &nobody);
	struct place root = t->root;
	struct slice fixed = {0};
	int rc = fix_name(&rq, moment, name);

	if (rc == 0)
		rc = buf_view(name, &fixed);
	if (rc == 0)
		rc = at_row_find(&rq, &t->root, fixed, NULL, &root);
	if (rc == -ENOENT)
		return no_such_moment(&rq, fixed, err);
	if (rc < 0)
		return fail(err, -errno_of(rc), "the moment cannot be read: %s",
			strerror(-errno_of(rc)));
	request_drop(&rq);
	rc = store_keep_to(t->store, root.context.seq, err);
	if (rc == 0)
		t->root = root;
	return rc;
}

bool tree_moves(const struct place *p)
{
	return p->kind->moving && S_ISLNK(p->kind->mode);
}

bool tree_closed(const struct place *dir)
{
	for (const struct kind *row = dir->kind->entries; row && row->mode; row++)
		if (row->moving)
			return false;
	return true;
}

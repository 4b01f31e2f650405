/* Taking: what may be made, written and moved, and what is told EROFS. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/kind.h"

static const struct taking takes_nothing;

/* Under a context nothing is taken: it shows what was said, and one cannot say anything
 * then, or as something else. */
static const struct taking *taking_of(const struct place *p)
{
	return p->kind->taking && !p->context.cuts ? p->kind->taking
						   : &takes_nothing;
}

static bool takes_entries(const struct place *p)
{
	return taking_of(p)->create || taking_of(p)->mkdir;
}

int tree_open_sink(struct tree *t, const struct place *p, const struct caller *who,
	bool truncate, struct sink **out)
{
	REQUEST_AUTO(rq, t, who);
	struct sink_target target = {.path = p->path};
	int rc;

	if (S_ISDIR(p->kind->mode))
		return -EISDIR;
	if (!taking_of(p)->target)
		return -EROFS;
	rc = request_allowed(&rq, p);
	if (rc < 0)
		return rc;
	taking_of(p)->target(p, &target);
	return sink_open(t->inbox, &target, who, truncate, out);
}

int tree_create(struct tree *t, const struct place *dir, struct slice name,
	const struct caller *who, bool exclusive, struct place **out)
{
	REQUEST_AUTO(rq, t, who);
	PLACE_AUTO(there);
	int rc = tree_find(t, dir, name, who, &there);

	if (rc == 0 && exclusive)
		return -EEXIST;
	if (rc == 0) {
		*out = there;
		there = NULL; /* handed over */
		return 0;
	}
	if (rc != -ENOENT)
		return rc;
	if (!taking_of(dir)->create)
		return -EROFS;
	rc = taking_of(dir)->create(&rq, dir, name, exclusive);
	return rc < 0 ? rc : tree_find(t, dir, name, who, out);
}

int tree_mkdir(struct tree *t, const struct place *dir, struct slice name,
	const struct caller *who, struct place **out)
{
	REQUEST_AUTO(rq, t, who);
	PLACE_AUTO(there);
	int rc = tree_find(t, dir, name, who, &there);

	if (rc == 0)
		return -EEXIST;
	if (rc != -ENOENT)
		return rc;
	if (!taking_of(dir)->mkdir)
		return -EROFS;
	rc = taking_of(dir)->mkdir(&rq, dir, name);
	return rc < 0 ? rc : tree_find(t, dir, name, who, out);
}

int tree_unlink(struct tree *t, const struct place *dir, struct slice name,
	const struct caller *who)
{
	REQUEST_AUTO(rq, t, who);
	PLACE_AUTO(p);
	int rc = tree_find(t, dir, name, who, &p);

	if (rc < 0)
		return rc;
	if (S_ISDIR(p->kind->mode))
		return -EISDIR;
	return taking_of(p)->unlink ? taking_of(p)->unlink(&rq, p) : -EROFS;
}

int tree_rmdir(struct tree *t, const struct place *dir, struct slice name,
	const struct caller *who)
{
	REQUEST_AUTO(rq, t, who);
	PLACE_AUTO(p);
	int rc = tree_find(t, dir, name, who, &p);

	if (rc < 0)
		return rc;
	if (!S_ISDIR(p->kind->mode))
		return -ENOTDIR;
	return taking_of(p)->rmdir ? taking_of(p)->rmdir(&rq, p) : -EROFS;
}

int tree_truncate(struct tree *t, const struct place *p, const struct caller *who,
	uint64_t size)
{
	REQUEST_AUTO(rq, t, who);

	if (S_ISDIR(p->kind->mode))
		return -EISDIR;
	return taking_of(p)->truncate ? taking_of(p)->truncate(&rq, p, size)
				      : -EROFS;
}

int tree_set_attr(struct tree *t, const struct place *p, const struct caller *who)
{
	REQUEST_AUTO(rq, t, who);

	return taking_of(p)->set_attr ? taking_of(p)->set_attr(&rq, p) : -EROFS;
}

static int may_rename(struct request *rq, const struct place *from_dir,
	struct slice from, const struct place *to_dir, struct slice to)
{
	int rc;

	if (!taking_of(from_dir)->renames)
		return -EROFS;
	if (!taking_of(to_dir)->renames)
		return -EXDEV; /* mv then copies, and is told there what is wrong */
	if (from.n > PLACE_NAME_MAX || to.n > PLACE_NAME_MAX)
		return -ENAMETOOLONG;
	rc = request_allowed(rq, from_dir);
	return rc < 0 ? rc : request_allowed(rq, to_dir);
}

void tree_rename(struct tree *t, const struct place *from_dir, struct slice from,
	const struct place *to_dir, struct slice to, bool no_replace,
	const struct caller *who, sink_done *done, void *ctx)
{
	REQUEST_AUTO(rq, t, who);
	int rc = may_rename(&rq, from_dir, from, to_dir, to);

	if (rc < 0) {
		done(ctx, rc);
		return;
	}
	inbox_rename(t->inbox, who, from_dir->lane, from, to_dir->lane, to,
		no_replace, done, ctx);
}

int tree_access(
	struct tree *t, const struct place *p, const struct caller *who, int mask)
{
	REQUEST_AUTO(rq, t, who);
	bool dir = S_ISDIR(p->kind->mode);
	int rc = mask == F_OK ? 0 : request_allowed(&rq, p);

	if (rc < 0)
		return rc;
	if ((mask & X_OK) && !dir)
		return -EACCES;
	if ((mask & W_OK) &&
		!(dir ? takes_entries(p) : taking_of(p)->target != NULL))
		return -EROFS;
	return 0;
}

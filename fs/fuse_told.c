/* Telling the kernel what changed, before the writer is answered.
 *
 * A name of a file is invalidated, so that the next use of it looks it up and finds the node
 * of the new version; of a directory that changed the attributes alone. The kernel takes the
 * lock of the directory to forget a name in it, and so waits for lookups in it that are on
 * their way: what they were answered from before the change it forgets as well. That is why
 * this is done in a thread that nobody waits for but the writers of the batch, and holding
 * no lock of ours (store/watch.h).
 *
 * A name that is expired only, and not forgotten, would not do: a lookup that was answered
 * before the change, and is taken note of behind it, would make it valid again. */
#include <errno.h>
#include <stdlib.h>

#include "fs/fuse_impl.h"
#include "store/store.h"

struct telling {
	size_t count;
	struct forgetting what[];
};

static void *changed(void *ctx, const struct news *news)
{
	struct door *d = ctx;
	struct telling *work;
	struct slice found;
	BUF_AUTO(b);

	nodes_tell(d->nodes, news, &b);
	if (buf_view(&b, &found) < 0 || found.n == 0)
		return NULL; /* where memory is short, opens still ask */
	work = malloc(sizeof(*work) + found.n);
	if (!work)
		return NULL;
	work->count = found.n / sizeof(work->what[0]);
	memcpy(work->what, found.p, found.n);
	return work;
}

static void tell(void *ctx, void *todo)
{
	struct door *d = ctx;
	struct telling *work = todo;

	for (size_t i = 0; i < work->count; i++) {
		const struct forgetting *f = &work->what[i];

		/* An error says that the kernel does not know it. */
		if (*f->name)
			(void)fuse_lowlevel_notify_inval_entry(
				d->session, f->id, f->name, strlen(f->name));
		else
			(void)fuse_lowlevel_notify_inval_inode(
				d->session, f->id, -1, 0);
	}
	free(work);
}

void told_start(struct door *d, struct store *s)
{
	const struct watcher w = {.changed = changed, .tell = tell, .ctx = d};

	d->watched = s;
	if (s)
		store_watch(s, &w);
}

void told_stop(struct door *d)
{
	if (d->watched)
		store_watch(d->watched, NULL);
	d->watched = NULL;
}

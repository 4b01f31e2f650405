/* Keeping memory bounded by what is in use, not by what a `find` has walked over.
 *
 * The kernel keeps every name it has ever looked up until it is short of memory, and a
 * node of ours with each. A thread tells it to forget the oldest names that are too many
 * (fs/node.h); what nobody uses then comes back as FORGET. A thread of its own, since the
 * kernel takes the directory's lock for it, and whoever holds that may wait for us. */
#include "fs/fuse_impl.h"

static void *shed(void *ctx)
{
	struct door *d = ctx;
	struct forgetting s;

	while (!atomic_load(&d->shed_enough)) {
		nodes_wait(d->nodes);
		while (!atomic_load(&d->shed_enough) && nodes_surplus(d->nodes, &s))
			/* An error says that the kernel has forgotten it already. */
			(void)fuse_lowlevel_notify_inval_entry(
				d->session, s.id, s.name, strlen(s.name));
	}
	return NULL;
}

void shed_start(struct door *d)
{
	/* Without it we only need more memory. */
	d->shedding = pthread_create(&d->shedder, NULL, shed, d) == 0;
}

void shed_stop(struct door *d)
{
	if (!d->shedding)
		return;
	atomic_store(&d->shed_enough, true);
	nodes_wake(d->nodes);
	(void)pthread_join(d->shedder, NULL);
	d->shedding = false;
}

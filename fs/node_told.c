/* Which nodes the kernel may keep without asking, and which a batch makes old.
 *
 * Nodes that last until told stand in chains by the number of their pair, so that a batch
 * finds its own without a walk over all. What the kernel was told to forget is not found
 * again until somebody looks it up anew: under load one notification serves many batches. */
#include <errno.h>
#include <stdlib.h>

#include "fs/node_impl.h"

enum {
	TOLD_CHAINS = 1 << 14,	/* 128 KiB; nodes are bounded by NODES_QUEUED */
	CONTENTS_MAX = 8 << 20, /* of all */
};

int told_init(struct nodes *t)
{
	t->told = calloc(TOLD_CHAINS, sizeof(struct node *));
	return t->told ? 0 : -ENOMEM;
}

void told_end(struct nodes *t)
{
	free(t->told);
}

static struct node **chain_of(struct nodes *t, uint64_t mark)
{
	return &t->told[mark % TOLD_CHAINS];
}

static void enter(struct nodes *t, struct node *n, const struct pair_mark *mark)
{
	struct node **chain = chain_of(t, mark->pair);

	n->mark = *mark;
	n->next_told = *chain;
	n->told = chain;
	if (n->next_told)
		n->next_told->told = &n->next_told;
	*chain = n;
	t->told_count++;
}

void told_leave(struct nodes *t, struct node *n)
{
	if (n->content)
		t->content_bytes -= n->content->attr.size;
	if (!n->told)
		return;
	*n->told = n->next_told;
	if (n->next_told)
		n->next_told->told = n->told;
	n->told = NULL;
	t->told_count--;
}

static void keep_content(struct nodes *t, struct node *n, const struct rendering *r)
{
	if (!r || n->content || r->attr.size > NODE_CONTENT_MAX ||
		t->content_bytes + r->attr.size > CONTENTS_MAX)
		return;
	n->content = rendering_ref(r);
	t->content_bytes += r->attr.size;
}

void told_note(struct nodes *t, struct node *n, const struct look *l,
	const struct pair_mark *mark)
{
	const struct attr *a = &l->attr;

	if (a->lasting == LASTS_UNKNOWN || a->stream || a->live)
		return;
	if (a->lasting == LASTS_TOLD && !n->told)
		enter(t, n, mark);
	if (a->lasting == LASTS_EVER || l->moment == t->moment)
		atomic_store(&n->current, true);
	keep_content(t, n, l->content);
}

uint64_t nodes_moment(struct nodes *t)
{
	return atomic_load(&t->moment);
}

bool nodes_renew(struct nodes *t, struct node *n, uint64_t moment)
{
	bool right;

	(void)pthread_mutex_lock(&t->lock);
	right = n->told && moment == t->moment;
	if (right)
		atomic_store(&n->current, true);
	(void)pthread_mutex_unlock(&t->lock);
	return right;
}

const struct rendering *nodes_content(struct nodes *t, const struct node *n)
{
	const struct rendering *r = NULL;

	(void)pthread_mutex_lock(&t->lock);
	if (n->content && atomic_load(&n->current))
		r = rendering_ref(n->content);
	(void)pthread_mutex_unlock(&t->lock);
	return r;
}

/* The last component of a node's path. */
static bool name_of(const struct node *n, char name[256])
{
	struct slice path = place_path(n->place);
	const uint8_t *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

	if (slash)
		path = slice_of(slash + 1, path.n - (size_t)(slash + 1 - path.p));
	if (path.n == 0 || path.n > 255)
		return false;
	memcpy(name, path.p, path.n);
	name[path.n] = '\0';
	return true;
}

bool forgetting_of(const struct node *n, struct forgetting *out)
{
	out->id = n->parent;
	return name_of(n, out->name);
}

static void tell_node(struct nodes *t, struct node *n, struct buf *out)
{
	struct forgetting f = {.id = nodes_id(t, n)};

	if (!atomic_exchange(&n->current, false))
		return;
	if (S_ISDIR(n->attr.mode) || forgetting_of(n, &f))
		buf_add(out, &f, sizeof(f));
}

static void tell_marked(
	struct nodes *t, uint64_t pair, uint64_t subject, struct buf *out)
{
	for (struct node *n = *chain_of(t, pair); n; n = n->next_told)
		if (n->mark.pair == pair && n->mark.subject == subject)
			tell_node(t, n, out);
}

static void tell_everything(struct nodes *t, struct buf *out)
{
	for (size_t i = 0; i < TOLD_CHAINS; i++)
		for (struct node *n = t->told[i]; n; n = n->next_told)
			tell_node(t, n, out);
}

void nodes_tell(struct nodes *t, const struct news *news, struct buf *out)
{
	(void)pthread_mutex_lock(&t->lock);
	atomic_fetch_add(&t->moment, 1);
	if (news->everything) {
		tell_everything(t, out);
	} else if (t->told_count) {
		for (size_t i = 0; i < news->count; i++) {
			const struct pair_mark *m = &news->pairs[i];

			tell_marked(t, m->pair, m->subject, out);
			if (news->new_pairs)
				tell_marked(t, m->subject, m->subject, out);
		}
		if (news->new_subjects)
			tell_marked(t, 0, 0, out);
	}
	(void)pthread_mutex_unlock(&t->lock);
}

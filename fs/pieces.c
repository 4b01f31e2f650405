/* So few that each question looks at all of them. */
#include "fs/pieces.h"

#include <pthread.h>
#include <stdlib.h>

struct piece {
	uint64_t file;
	uint64_t offset;
	struct mark end;
	struct buf bytes; /* none: free */
	uint64_t used;
};

struct pieces {
	pthread_mutex_t lock;
	uint64_t clock;
	size_t bytes;
	struct piece items[PIECES_MAX];
};

int pieces_new(struct pieces **out)
{
	struct pieces *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	(void)pthread_mutex_init(&k->lock, NULL);
	*out = k;
	return 0;
}

void pieces_free(struct pieces *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < PIECES_MAX; i++)
		buf_free(&k->items[i].bytes);
	(void)pthread_mutex_destroy(&k->lock);
	free(k);
}

/* From here on: with the lock held. */

static struct piece *oldest(struct pieces *k)
{
	struct piece *p = &k->items[0];

	for (size_t i = 1; i < PIECES_MAX; i++)
		if (k->items[i].used < p->used)
			p = &k->items[i];
	return p;
}

/* The oldest with bytes in it. */
static struct piece *oldest_kept(struct pieces *k)
{
	struct piece *p = NULL;

	for (size_t i = 0; i < PIECES_MAX; i++)
		if (k->items[i].bytes.cap && (!p || k->items[i].used < p->used))
			p = &k->items[i];
	return p;
}

static void empty(struct pieces *k, struct piece *p)
{
	k->bytes -= p->bytes.cap;
	buf_free(&p->bytes);
	*p = (struct piece){.file = 0};
}

static bool holds(const struct piece *p, uint64_t file, uint64_t offset)
{
	return p->bytes.n && p->file == file && p->offset <= offset &&
	       offset < p->offset + p->bytes.n;
}

/* From here on: without. */

void pieces_put(struct pieces *k, uint64_t file, uint64_t offset,
	const struct mark *end, struct buf *bytes)
{
	struct piece *p;

	if (bytes->failed || bytes->n == 0 || bytes->cap > PIECES_BYTES) {
		buf_free(bytes);
		return;
	}
	(void)pthread_mutex_lock(&k->lock);
	while (k->bytes + bytes->cap > PIECES_BYTES)
		empty(k, oldest_kept(k));
	p = oldest(k);
	empty(k, p);
	*p = (struct piece){.file = file,
		.offset = offset,
		.end = *end,
		.bytes = *bytes,
		.used = ++k->clock};
	k->bytes += bytes->cap;
	(void)pthread_mutex_unlock(&k->lock);
	*bytes = (struct buf){0};
}

size_t pieces_copy(
	struct pieces *k, uint64_t file, uint64_t offset, size_t n, struct buf *out)
{
	size_t before = out->n;

	(void)pthread_mutex_lock(&k->lock);
	for (size_t i = 0; i < PIECES_MAX; i++) {
		struct piece *p = &k->items[i];

		if (!holds(p, file, offset))
			continue;
		p->used = ++k->clock;
		buf_slice(out, slice_sub(slice_of(p->bytes.p, p->bytes.n),
				       (size_t)(offset - p->offset), n));
		break;
	}
	(void)pthread_mutex_unlock(&k->lock);
	return out->n - before;
}

bool pieces_end_before(struct pieces *k, uint64_t file, uint64_t offset,
	uint64_t *at, struct mark *mark)
{
	bool found = false;

	(void)pthread_mutex_lock(&k->lock);
	for (size_t i = 0; i < PIECES_MAX; i++) {
		const struct piece *p = &k->items[i];
		uint64_t end = p->offset + p->bytes.n;

		if (p->file != file || end > offset || end <= *at)
			continue;
		found = true;
		*at = end;
		*mark = p->end;
	}
	(void)pthread_mutex_unlock(&k->lock);
	return found;
}

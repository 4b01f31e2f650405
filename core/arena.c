#include "core/arena.h"

#include <stdalign.h>
#include <stdlib.h>

enum {
	ARENA_BLOCK = 4096 - 64, /* a page, less what malloc and the header take; */
	ARENA_MOST =
		(64 << 10) - 64, /* each block is twice the one before, to here */
};

struct arena_block {
	struct arena_block *before;
	size_t used;
	size_t size;
	alignas(max_align_t) uint8_t bytes[];
};

void arena_free(struct arena *a)
{
	while (a->last) {
		struct arena_block *before = a->last->before;

		free(a->last);
		a->last = before;
	}
}

void arena_reset(struct arena *a)
{
	struct arena_block *last = a->last;

	if (!last || last->size > ARENA_MOST) {
		arena_free(a);
		return;
	}
	a->last = last->before;
	arena_free(a);
	last->before = NULL;
	last->used = 0;
	a->last = last;
}

static struct arena_block *new_block(struct arena *a, size_t n)
{
	size_t size = a->last ? 2 * a->last->size : ARENA_BLOCK;
	struct arena_block *b;

	if (size > ARENA_MOST)
		size = ARENA_MOST;
	if (size < n)
		size = n;
	b = malloc(sizeof(*b) + size);
	if (!b)
		return NULL;
	*b = (struct arena_block){.before = a->last, .size = size};
	a->last = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *b = a->last;
	void *p;

	if (n > SIZE_MAX / 2)
		return NULL;
	n = (n + alignof(max_align_t) - 1) / alignof(max_align_t) *
	    alignof(max_align_t);
	if (!b || b->size - b->used < n)
		b = new_block(a, n);
	if (!b)
		return NULL;
	p = b->bytes + b->used;
	b->used += n;
	memset(p, 0, n);
	return p;
}

struct slice arena_copy(struct arena *a, struct slice s)
{
	uint8_t *p = arena_alloc(a, s.n + 1);

	if (!p)
		return slice_of(NULL, 0);
	if (s.n)
		memcpy(p, s.p, s.n);
	return slice_of(p, s.n);
}

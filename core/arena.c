#include "core/arena.h"

#include <stdalign.h>
#include <stdlib.h>

enum {
	ARENA_BLOCK = 4096 - 64, /* a page, less what malloc and the header take */
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

static struct arena_block *new_block(struct arena *a, size_t n)
{
	size_t size = n > ARENA_BLOCK ? n : ARENA_BLOCK;
	struct arena_block *b = malloc(sizeof(*b) + size);

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

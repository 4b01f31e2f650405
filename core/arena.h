/* Memory that goes all at once: what one request needs comes from that request's arena.
 *
 *	ARENA_AUTO(a);
 *	struct signature *s = arena_alloc(&a, n * sizeof(*s));
 *
 * Nothing is freed by itself. A zeroed struct is an empty arena. Not thread-safe. */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include "core/slice.h"

struct arena {
	struct arena_block *last;
};

void arena_free(struct arena *a);

/* Forget what is in it and keep some of its memory, for who fills it again and again. */
void arena_reset(struct arena *a);

#define ARENA_AUTO(name)                                                           \
	__attribute__((cleanup(arena_free))) struct arena name = {0}

/* n zeroed bytes, aligned for any type; NULL when there is no memory. */
void *arena_alloc(struct arena *a, size_t n);

/* A copy of s with a zero byte behind it that is not counted; p is NULL when there is
 * no memory (never for an empty s). */
struct slice arena_copy(struct arena *a, struct slice s);

#endif

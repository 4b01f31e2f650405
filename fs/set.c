#include "fs/set.h"

#include <search.h>
#include <stddef.h>

void *set_find(const struct set *s, const void *key)
{
	void *node = tfind(key, &s->root, s->compare);

	return node ? *(void **)node : NULL;
}

void **set_place(struct set *s, void *thing)
{
	return tsearch(thing, &s->root, s->compare);
}

void set_remove(struct set *s, const void *key)
{
	(void)tdelete(key, &s->root, s->compare);
}

void *set_any(const struct set *s)
{
	return s->root ? *(void **)s->root : NULL;
}

/* A set of things in the order of a comparison: tsearch(3), balanced, so that no choice of
 * names makes it slow. This face exists since <search.h> takes the name `struct entry`,
 * which is the store's. Not thread-safe; things are borrowed. */
#ifndef FS_SET_H
#define FS_SET_H

struct set {
	int (*compare)(const void *a, const void *b);
	void *root; /* NULL: empty */
};

/* The thing equal to key, or NULL. */
void *set_find(const struct set *s, const void *key);

/* Put a thing in, unless an equal one is there. Returns the place that holds the one or
 * the other, until the set changes; NULL when there is no memory. */
void **set_place(struct set *s, void *thing);

void set_remove(struct set *s, const void *key);

/* Any thing, NULL when the set is empty. */
void *set_any(const struct set *s);

#endif

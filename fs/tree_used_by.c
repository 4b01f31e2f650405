/* assertions/<id>/used-by.jsonl: what rests on a claim through `because`, directly or
 * through others, so that whoever withdraws one sees what falls with it.
 *
 * Breadth first, a level at a time in the order of (timestamp, id): so each user stands
 * once, at its least depth, and the order is that of the file. An id is the hash of what
 * it names, premises included, so there is no honest cycle; a set of those seen ends any. */
#include <errno.h>
#include <stdlib.h>

#include "core/render.h"
#include "fs/claims.h"

enum {
	SLOTS_FIRST = 256,
};

/* One user: where it stands in the order, and through what it was met. */
struct use {
	struct id id;
	struct id via;
	uint64_t timestamp;
};

/* The walk. All memory is the arena's. */
struct walk {
	struct snap *snap;
	struct arena *arena;
	struct id *seen; /* open addressing; zeroed: free */
	size_t slots, count;
	struct use *next; /* the level being gathered */
	size_t next_n, next_room;
	bool more;
};

/* ---- the ids that were met ---- */

static bool is_free(const struct id *slot)
{
	static const struct id zero;

	return id_compare(slot, &zero) == 0;
}

static struct id *slot_of(struct id *seen, size_t slots, const struct id *id)
{
	size_t i = id->b[0] | (size_t)id->b[1] << 8 | (size_t)id->b[2] << 16;

	for (i &= slots - 1; !is_free(&seen[i]) && id_compare(&seen[i], id) != 0;)
		i = (i + 1) & (slots - 1);
	return &seen[i];
}

static int grow_seen(struct walk *w)
{
	size_t slots = w->slots ? w->slots * 2 : SLOTS_FIRST;
	struct id *seen = arena_alloc(w->arena, slots * sizeof(*seen));

	if (!seen)
		return -ENOMEM;
	for (size_t i = 0; i < w->slots; i++)
		if (!is_free(&w->seen[i]))
			*slot_of(seen, slots, &w->seen[i]) = w->seen[i];
	w->seen = seen;
	w->slots = slots;
	return 0;
}

/* 1: met for the first time; 0: known; -ENOMEM. */
static int meet(struct walk *w, const struct id *id)
{
	struct id *slot;

	if (w->count * 2 >= w->slots && grow_seen(w) < 0)
		return -ENOMEM;
	slot = slot_of(w->seen, w->slots, id);
	if (!is_free(slot))
		return 0;
	*slot = *id;
	w->count++;
	return 1;
}

/* ---- one level after another ---- */

static int add_use(struct walk *w, const struct use *u)
{
	if (w->next_n == w->next_room) {
		size_t room = w->next_room ? w->next_room * 2 : 16;
		struct use *next = arena_alloc(w->arena, room * sizeof(*next));

		if (!next)
			return -ENOMEM;
		if (w->next_n)
			memcpy(next, w->next, w->next_n * sizeof(*next));
		w->next = next;
		w->next_room = room;
	}
	w->next[w->next_n++] = *u;
	return 0;
}

static int timestamp_of(struct snap *s, const struct id *id, uint64_t *out)
{
	ARENA_AUTO(arena);
	struct assertion a;
	int rc = assertion_load(s, id, &arena, &a);

	if (rc == 0)
		*out = a.record.timestamp;
	return rc;
}

/* The users of one premise that were not met yet. */
static int gather(struct walk *w, const struct id *premise)
{
	struct id_list users = {.arena = w->arena, .max = USED_BY_MAX};
	int rc = assertion_users(w->snap, premise, id_list_add, &users);

	if (rc == 0 && users.failed)
		rc = -ENOMEM;
	w->more = w->more || users.more;
	for (size_t i = 0; rc >= 0 && i < users.n; i++) {
		struct use u = {.id = users.ids[i], .via = *premise};

		rc = meet(w, &u.id);
		if (rc <= 0)
			continue;
		if (w->count >
			USED_BY_MAX + 1) { /* the claim itself was met first */
			w->more = true;
			return 0;
		}
		rc = timestamp_of(w->snap, &u.id, &u.timestamp);
		if (rc == 0)
			rc = add_use(w, &u);
	}
	return rc < 0 ? rc : 0;
}

static int by_time(const void *left, const void *right)
{
	const struct use *a = left, *b = right;

	if (a->timestamp != b->timestamp)
		return a->timestamp < b->timestamp ? -1 : 1;
	return id_compare(&a->id, &b->id);
}

/* ---- printing ---- */

/* Those of its premises that do not stand; what is not known says nothing. */
static int withdrawn_premises(struct walk *w, const struct record *r,
	struct id out[BECAUSE_MAX], uint32_t *n)
{
	*n = 0;
	for (size_t at = 0; at + ID_SIZE <= r->because.n; at += ID_SIZE) {
		ARENA_AUTO(arena);
		struct assertion premise;
		struct id id;
		int rc;

		memcpy(id.b, r->because.p + at, ID_SIZE);
		rc = assertion_load(w->snap, &id, &arena, &premise);
		if (rc < 0 && rc != -ENOENT)
			return rc;
		if (rc == 0 && premise.withdrawn)
			out[(*n)++] = id;
	}
	return 0;
}

static int print_use(
	struct walk *w, const struct use *u, uint32_t depth, struct buf *out)
{
	ARENA_AUTO(arena);
	struct id withdrawn[BECAUSE_MAX];
	struct claim_use use = {
		.depth = depth, .via = u->via, .withdrawn = withdrawn};
	struct assertion a;
	int rc = assertion_load(w->snap, &u->id, &arena, &a);

	if (rc == 0)
		rc = withdrawn_premises(
			w, &a.record, withdrawn, &use.withdrawn_count);
	if (rc < 0)
		return rc;
	use.user = claim_of(&a);
	claim_print_use(&use, out);
	return 0;
}

/* Print a level and gather the one behind it. */
static int take_level(struct walk *w, uint32_t depth, struct buf *out)
{
	struct use *level = w->next;
	size_t n = w->next_n;
	int rc = 0;

	qsort(level, n, sizeof(*level), by_time);
	w->next = NULL;
	w->next_n = w->next_room = 0;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = print_use(w, &level[i], depth, out);
	for (size_t i = 0; rc == 0 && i < n && !w->more; i++)
		rc = gather(w, &level[i].id);
	return rc;
}

int used_by_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	ARENA_AUTO(arena);
	struct walk w = {.snap = rq->snap, .arena = &arena};
	int rc = meet(&w, &p->id);

	(void)attr;
	if (rc > 0)
		rc = gather(&w, &p->id);
	for (uint32_t depth = 1; rc == 0 && w.next_n > 0; depth++)
		rc = take_level(&w, depth, out);
	if (rc == 0 && w.more)
		buf_str(out, "{\"more\":true}\n");
	return rc;
}

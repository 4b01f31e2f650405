#include "fs/listing.h"

#include <errno.h>

#include "core/name.h"

enum {
	NAMES_FIRST = 16,
};

/* -ENOMEM, or what listing_add() said. */
static int add_name(
	struct listing *to, struct slice name, mode_t type, uint64_t cookie)
{
	BUF_AUTO(file);

	if (name_is_plain(name)) /* most are, and there may be a million */
		return listing_add(to, name, type, cookie);
	name_encode(name, &file);
	if (file.failed)
		return -ENOMEM;
	return listing_add(to, slice_of(file.p, file.n), type, cookie);
}

int name_adder_visit(void *ctx, struct slice name, uint64_t cookie)
{
	struct name_adder *n = ctx;
	int rc = add_name(n->to, name, n->type, cookie);

	n->rc = rc < 0 ? rc : 0;
	n->full = rc > 0;
	return rc;
}

int name_adder_end(const struct name_adder *n, int rc)
{
	return rc == -ENOENT ? 0 : rc < 0 ? rc : n->rc;
}

int name_asked(struct request *rq, struct slice file, struct buf *scratch,
	struct slice *out)
{
	int rc = name_decode(file, scratch);

	if (rc == 0)
		rc = request_snap(rq);
	return rc < 0 ? rc : buf_view(scratch, out);
}

static int grow(struct name_list *l)
{
	size_t room = l->room ? l->room * 2 : NAMES_FIRST;
	struct slice *names = arena_alloc(l->arena, room * sizeof(*names));

	if (!names)
		return -ENOMEM;
	if (l->n)
		memcpy(names, l->names, l->n * sizeof(*names));
	l->names = names;
	l->room = room;
	return 0;
}

int name_list_add(void *ctx, struct slice name, uint64_t cookie)
{
	struct name_list *l = ctx;

	(void)cookie;
	name = arena_copy(l->arena, name);
	l->failed = !name.p || (l->n == l->room && grow(l) < 0);
	if (!l->failed)
		l->names[l->n++] = name;
	return l->failed;
}

int any_name(void *ctx, struct slice name, uint64_t cookie)
{
	(void)name;
	(void)cookie;
	*(bool *)ctx = true;
	return 1;
}

int any_id(void *ctx, const struct id *id)
{
	(void)id;
	*(bool *)ctx = true;
	return 1;
}

/* user.stemefs.*: what a script wants of a lens file without parsing JSON.
 *
 *	id object confidence seq  of the winner; none where there is none
 *	conflict status candidates
 *
 * Resolved anew, from the same snapshot: two of them are asked together, if at all. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/decimal.h"
#include "core/render.h"
#include "fs/pair_look.h"

#define USER "user."
#define PREFIX USER "stemefs."

static void print_id(const struct pair_look *l, struct buf *out)
{
	char hex[ID_HEX + 1];

	hex_print(l->view.r.id.b, ID_SIZE, hex);
	buf_str(out, hex);
}

static void print_object(const struct pair_look *l, struct buf *out)
{
	object_print_bare(&l->view.r.winner->object, out);
}

static void print_confidence(const struct pair_look *l, struct buf *out)
{
	millionths_print(
		ratio(l->view.r.support, l->view.r.total + TALLY_PRIOR), out);
}

static void print_conflict(const struct pair_look *l, struct buf *out)
{
	millionths_print(
		(uint64_t)l->view.r.conflict * (MILLION / CONFLICT_ONE), out);
}

static void print_status(const struct pair_look *l, struct buf *out)
{
	buf_str(out, status_name(l->view.r.status));
}

static void print_candidates(const struct pair_look *l, struct buf *out)
{
	buf_printf(out, "%" PRIu32, l->view.r.candidates);
}

static void print_seq(const struct pair_look *l, struct buf *out)
{
	uint64_t seq;

	if (record_seq(l->snap, &l->view.r.id, &seq) == 0)
		buf_printf(out, "%" PRIu64, seq);
}

static const struct {
	const char *name; /* behind the prefix */
	bool of_winner;
	void (*print)(const struct pair_look *l, struct buf *out);
} xattrs[] = {
	{"id", true, print_id},
	{"object", true, print_object},
	{"confidence", true, print_confidence},
	{"conflict", false, print_conflict},
	{"status", false, print_status},
	{"candidates", false, print_candidates},
	{"seq", true, print_seq},
};

enum {
	XATTRS = sizeof(xattrs) / sizeof(xattrs[0]),
	/* What is listed is copied along (cp -a, shutil.copytree), and ext4 has 4 KiB for
	 * all attributes of a file. A longer one is answered to who asks for it by name. */
	LISTED_MAX = 1024,
};

/* Which one a full name means; XATTRS: none of ours. */
static size_t xattr_index(struct slice name)
{
	size_t n = strlen(PREFIX), i = 0;

	if (name.n < n || memcmp(name.p, PREFIX, n) != 0)
		return XATTRS;
	name = slice_of(name.p + n, name.n - n);
	while (i < XATTRS && !slice_is(name, xattrs[i].name))
		i++;
	return i;
}

int tree_xattr(struct tree *t, const struct place *p, const struct caller *who,
	struct slice name, struct buf *out)
{
	REQUEST_AUTO(rq, t, who);
	PAIR_LOOK_AUTO(l);
	size_t i = xattr_index(name);
	int rc;

	/* Not ENODATA: the kernel then asks for each file anew, twice in `ls -l`. */
	if (name.n < strlen(USER) || memcmp(name.p, USER, strlen(USER)) != 0)
		return -EOPNOTSUPP;
	if (i == XATTRS || !p->kind->resolves)
		return -ENODATA;
	rc = pair_look(&rq, p, &l);
	if (rc < 0)
		return rc == -EBADMSG ? -EIO : rc;
	if (xattrs[i].of_winner && !l.view.r.has_winner)
		return -ENODATA;
	xattrs[i].print(&l, out);
	return 0;
}

static bool is_listed(const struct pair_look *l, size_t i)
{
	BUF_AUTO(value);

	if (xattrs[i].of_winner && !l->view.r.has_winner)
		return false;
	xattrs[i].print(l, &value);
	return value.n <= LISTED_MAX;
}

int tree_xattr_list(struct tree *t, const struct place *p, const struct caller *who,
	struct buf *out)
{
	REQUEST_AUTO(rq, t, who);
	PAIR_LOOK_AUTO(l);
	int rc;

	if (!p->kind->resolves)
		return 0;
	rc = pair_look(&rq, p, &l);
	if (rc < 0)
		return rc == -EBADMSG ? -EIO : rc;
	for (size_t i = 0; i < XATTRS; i++) {
		if (!is_listed(&l, i))
			continue;
		buf_str(out, PREFIX);
		buf_str(out, xattrs[i].name);
		buf_byte(out, 0);
	}
	return 0;
}

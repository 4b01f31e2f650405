/* The format, as LMDB 0.9 lays it out where a pointer has 8 bytes:
 *
 *	page    0 number u64 | 8 pad u16 | 10 flags u16 | 12 lower u16, upper u16 (of an
 *	        overflow page: how many there are, u32) | 16 ...
 *	branch, leaf: from 16 to lower the offsets of the nodes, u16; from upper the nodes
 *	node    0 low u16, high u16, flags u16 | 6 key size u16 | 8 key, then the value
 *	        leaf: low and high are the size of the value; where it is big the node has
 *	        the number of its overflow page, u64. branch: low, high and flags are the
 *	        number of the page
 *	meta    pages 0 and 1, from 16: magic u32, version u32, address u64, map size u64,
 *	        the tree of free pages 48, the main tree 48, last page u64, transaction u64
 *	tree    pad u32 (of the free one: the page size), flags u16, depth u16, branch
 *	        pages, leaf pages, overflow pages, entries, root: u64 each
 *	free    key: transaction u64; value: count u64, so many page numbers, descending
 */
#include "store/index_verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/bytes.h"
#include "store/row.h"

enum {
	HEADER = 16, /* of a page */
	NODE = 8,    /* of a node, before its key */
	BRANCH = 1,
	LEAF = 2,
	OVERFLOW = 4,
	META = 8,
	BIG = 1, /* flag of a node */
	META_MAGIC = 0,
	META_VERSION = 4,
	META_FREE = 24,
	META_MAIN = META_FREE + 48,
	META_LAST = META_MAIN + 48,
	META_TXN = META_LAST + 8,
	META_SIZE = META_TXN + 8,
	TREE_FLAGS_INTEGER = 8, /* what the tree of free pages has */
	DEPTH_MAX = 32,		/* LMDB's */
};
#define MAGIC 0xBEEFC0DEu
#define NO_PAGE UINT64_MAX

struct tree_head {
	uint16_t flags, depth;
	uint64_t branches, leaves, overflows, entries, root;
};

struct verifying {
	int fd;
	size_t psize;
	uint64_t pages; /* of the file */
	uint64_t last;
	uint8_t *used;	/* a bit for each page */
	uint8_t *level; /* a page for each depth */
	uint8_t *big;	/* an overflow value */
	size_t big_size;
	bool free_tree;	       /* else the main one */
	struct tree_head seen; /* counted */
	char *why;
};

static int bad(struct verifying *v, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int bad(struct verifying *v, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(v->why, INDEX_WHY, format, args);
	va_end(args);
	return -EBADMSG;
}

static int read_at(struct verifying *v, uint64_t page, void *p, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(v->fd, (uint8_t *)p + done, n - done,
			(off_t)(page * v->psize + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return bad(v, "page %" PRIu64 " cannot be read: %s", page,
				strerror(errno));
		if (got == 0)
			return bad(v, "page %" PRIu64 " lies behind its end", page);
		done += (size_t)got;
	}
	return 0;
}

/* Each page has one use. */
static int use(struct verifying *v, uint64_t page, uint64_t n)
{
	if (page < 2 || page > v->last || n > v->last - page + 1)
		return bad(v, "page %" PRIu64 " is none of its pages", page);
	for (uint64_t i = page; i < page + n; i++) {
		uint8_t bit = (uint8_t)(1 << i % 8);

		if (v->used[i / 8] & bit)
			return bad(v, "page %" PRIu64 " is used twice", i);
		v->used[i / 8] |= bit;
	}
	return 0;
}

/* ---- values ---- */

static int read_big(struct verifying *v, uint64_t page, size_t size)
{
	uint64_t n = (HEADER - 1 + size) / v->psize + 1;
	uint8_t *more = v->big;
	int rc = use(v, page, n);

	if (rc == 0 && n > v->pages)
		rc = bad(v, "page %" PRIu64 " lies behind its end", page);
	if (rc == 0 && v->big_size < n * v->psize) {
		more = realloc(v->big, n * v->psize);
		if (!more)
			return -ENOMEM;
		v->big = more;
		v->big_size = n * v->psize;
	}
	if (rc == 0)
		rc = read_at(v, page, v->big, HEADER + size);
	if (rc < 0)
		return rc;
	v->seen.overflows += n;
	if (u64_at(v->big) != page || u16_at(v->big + 10) != OVERFLOW ||
		u32_at(v->big + 12) != n)
		return bad(v, "page %" PRIu64 " is no overflow page of that size",
			page);
	return 0;
}

static int free_pages(struct verifying *v, struct slice list)
{
	uint64_t n = list.n >= 8 ? u64_at(list.p) : 0, before = NO_PAGE;

	if (list.n < 8 || n > list.n / 8 - 1)
		return bad(v, "a list of free pages is too long");
	for (uint64_t i = 1; i <= n; i++) {
		uint64_t page = u64_at(list.p + 8 * i);

		if (page >= before)
			return bad(v, "a list of free pages is out of order");
		if (use(v, page, 1) < 0)
			return -EBADMSG;
		before = page;
	}
	return 0;
}

static int value(struct verifying *v, struct slice key, struct slice stored)
{
	v->seen.entries++;
	if (v->free_tree)
		return free_pages(v, stored);
	if (row_verify(key, stored))
		return 0;
	return bad(v, "a row of kind '%c' does not verify, or is of another layout",
		key.p[0] >= ' ' && key.p[0] < 127 ? key.p[0] : '?');
}

/* ---- nodes ---- */

struct node {
	struct slice key;
	uint64_t child; /* branch */
	struct slice value;
	uint64_t big; /* page; 0: none */
	size_t value_size;
	size_t size;
};

static int read_node(
	struct verifying *v, const uint8_t *page, unsigned i, struct node *out)
{
	bool leaf = u16_at(page + 10) == LEAF;
	size_t at = u16_at(page + HEADER + 2 * (size_t)i), end = at + NODE;
	const uint8_t *p = page + at;
	unsigned flags;

	*out = (struct node){0};
	if (at < u16_at(page + 14) || at % 2 || end > v->psize)
		return bad(v, "page %" PRIu64 " has a node outside", u64_at(page));
	flags = u16_at(p + 4);
	out->key = slice_of(p + NODE, u16_at(p + 6));
	end += out->key.n;
	if (leaf) {
		out->value_size = u32_at(p);
		end += flags == BIG ? 8 : out->value_size;
	} else {
		out->child = u32_at(p) | (uint64_t)flags << 32;
	}
	if (end > v->psize || out->key.n > KEY_MAX || (leaf && flags > BIG) ||
		(leaf && out->key.n == 0) ||
		(leaf && v->free_tree && out->key.n != 8))
		return bad(v, "page %" PRIu64 " has a node that cannot be",
			u64_at(page));
	if (leaf && flags == BIG)
		out->big = u64_at(p + NODE + out->key.n);
	else if (leaf)
		out->value = slice_of(p + NODE + out->key.n, out->value_size);
	out->size = end - at + (end - at) % 2;
	return 0;
}

/* As LMDB orders the keys of that tree. */
static int compare(const struct verifying *v, struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order;

	if (v->free_tree && a.n == 8 && b.n == 8)
		return u64_at(a.p) < u64_at(b.p) ? -1 : u64_at(a.p) > u64_at(b.p);
	order = n ? memcmp(a.p, b.p, n) : 0;
	return order ? order : a.n < b.n ? -1 : a.n > b.n;
}

/* ---- pages ---- */

/* What a page must keep to: keys from `from` on, below `below` (n 0: no bound). */
struct bounds {
	struct slice from, below;
};

static int check_page(
	struct verifying *v, const uint8_t *page, uint64_t number, unsigned depth)
{
	unsigned lower = u16_at(page + 12), upper = u16_at(page + 14);
	unsigned want = depth == 1 ? LEAF : BRANCH;

	if (u64_at(page) != number || u16_at(page + 10) != want)
		return bad(v, "page %" PRIu64 " is not the page that it should be",
			number);
	if (lower <= HEADER || lower % 2 || lower > upper || upper > v->psize)
		return bad(
			v, "page %" PRIu64 " has a header that cannot be", number);
	return 0;
}

static int check_order(struct verifying *v, uint64_t number, struct slice key,
	struct slice *last, const struct bounds *b)
{
	if ((last->n && compare(v, *last, key) >= 0) ||
		(b->from.n && compare(v, key, b->from) < 0) ||
		(b->below.n && compare(v, key, b->below) >= 0))
		return bad(v, "page %" PRIu64 " has a key out of order", number);
	*last = key;
	return 0;
}

static int check_value(struct verifying *v, const struct node *n)
{
	int rc;

	if (!n->big)
		return value(v, n->key, n->value);
	rc = read_big(v, n->big, n->value_size);
	return rc < 0 ? rc
		      : value(v, n->key, slice_of(v->big + HEADER, n->value_size));
}

/* As deep as the tree, which is at most 32 pages. NOLINTBEGIN(misc-no-recursion) */
static int check_tree(struct verifying *v, uint64_t number, unsigned depth,
	const struct bounds *b);

/* The child of node i, whose keys end where those of the next begin. */
static int check_child(struct verifying *v, const uint8_t *page, unsigned i,
	unsigned count, unsigned depth, const struct bounds *b, struct slice *last)
{
	struct bounds below = *b;
	struct node n, next;
	int rc = read_node(v, page, i, &n);

	if (rc == 0 && i + 1 < count) {
		rc = read_node(v, page, i + 1, &next);
		below.below = next.key;
	}
	/* the first key of a branch is not looked at */
	if (rc == 0 && i > 0) {
		rc = check_order(v, u64_at(page), n.key, last, b);
		below.from = n.key;
	}
	return rc < 0 ? rc : check_tree(v, n.child, depth - 1, &below);
}

static int check_nodes(struct verifying *v, const uint8_t *page, unsigned depth,
	const struct bounds *b)
{
	unsigned count = (u16_at(page + 12) - (unsigned)HEADER) / 2;
	size_t filled = 0;
	struct slice last = {0};
	int rc = 0;

	for (unsigned i = 0; i < count && rc == 0; i++) {
		struct node n;

		rc = read_node(v, page, i, &n);
		filled += n.size;
		if (rc == 0 && depth > 1)
			rc = check_child(v, page, i, count, depth, b, &last);
		else if (rc == 0)
			rc = check_order(v, u64_at(page), n.key, &last, b);
		if (rc == 0 && depth == 1)
			rc = check_value(v, &n);
	}
	if (rc == 0 && filled != v->psize - u16_at(page + 14))
		rc = bad(v, "page %" PRIu64 " is not filled by its nodes",
			u64_at(page));
	return rc;
}

static int check_tree(struct verifying *v, uint64_t number, unsigned depth,
	const struct bounds *b)
{
	uint8_t *page = v->level + (depth - 1) * v->psize;
	int rc = use(v, number, 1);

	if (rc == 0)
		rc = read_at(v, number, page, v->psize);
	if (rc == 0)
		rc = check_page(v, page, number, depth);
	if (rc < 0)
		return rc;
	if (depth > 1)
		v->seen.branches++;
	else
		v->seen.leaves++;
	return check_nodes(v, page, depth, b);
}

/* NOLINTEND(misc-no-recursion) */

static struct tree_head head_at(const uint8_t *p)
{
	return (struct tree_head){
		.flags = u16_at(p + 4),
		.depth = u16_at(p + 6),
		.branches = u64_at(p + 8),
		.leaves = u64_at(p + 16),
		.overflows = u64_at(p + 24),
		.entries = u64_at(p + 32),
		.root = u64_at(p + 40),
	};
}

static int check_root(struct verifying *v, const uint8_t *p, bool free_tree)
{
	static const struct bounds none;
	struct tree_head h = head_at(p);
	int rc = 0;

	v->free_tree = free_tree;
	v->seen = (struct tree_head){0};
	if (h.flags != (free_tree ? TREE_FLAGS_INTEGER : 0) ||
		h.depth > DEPTH_MAX || (h.depth == 0) != (h.root == NO_PAGE))
		return bad(v, "a tree cannot be of that kind");
	if (h.depth)
		rc = check_tree(v, h.root, h.depth, &none);
	if (rc < 0)
		return rc;
	if (h.branches != v->seen.branches || h.leaves != v->seen.leaves ||
		h.overflows != v->seen.overflows || h.entries != v->seen.entries)
		return bad(v,
			"a tree has other numbers of pages or rows than it says");
	return 0;
}

/* ---- the file ---- */

static int check_meta(struct verifying *v, uint64_t number, uint8_t meta[META_SIZE])
{
	uint8_t page[HEADER + META_SIZE];
	int rc = read_at(v, number, page, sizeof(page));

	if (rc < 0)
		return rc;
	memcpy(meta, page + HEADER, META_SIZE);
	if (u64_at(page) != number || u16_at(page + 10) != META ||
		u32_at(meta + META_MAGIC) != MAGIC ||
		u32_at(meta + META_VERSION) != 1 ||
		u32_at(meta + META_FREE) != v->psize)
		return bad(v, "meta page %" PRIu64 " does not verify", number);
	return 0;
}

/* A file of another kind of machine LMDB refuses by itself. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && SIZE_MAX == UINT64_MAX
static const bool is_readable = true;
#else
static const bool is_readable = false;
#endif

static int check_file(struct verifying *v)
{
	uint8_t meta[2][META_SIZE];
	const uint8_t *newest;
	int rc = check_meta(v, 0, meta[0]);

	if (rc == 0)
		rc = check_meta(v, 1, meta[1]);
	if (rc < 0)
		return rc;
	/* as LMDB chooses */
	newest = meta[u64_at(meta[0] + META_TXN) < u64_at(meta[1] + META_TXN)];
	v->last = u64_at(newest + META_LAST);
	/* pages at the end that were free again before they were ever written are not
	 * in the file: one transaction cannot have so many that the file is doubled */
	if (v->last < 1 || v->last / 2 > v->pages + (1 << 20))
		return bad(v, "its last page cannot be %" PRIu64, v->last);
	v->used = calloc(v->last / 8 + 1, 1);
	v->level = malloc(DEPTH_MAX * v->psize);
	if (!v->used || !v->level)
		return -ENOMEM;
	rc = check_root(v, newest + META_MAIN, false);
	return rc < 0 ? rc : check_root(v, newest + META_FREE, true);
}

int index_verify(int store_dir, const char *name, char why[INDEX_WHY])
{
	struct verifying v = {
		.psize = (size_t)sysconf(_SC_PAGESIZE),
		.why = why,
	};
	char file[64];
	struct stat st;
	int rc = 0;

	(void)snprintf(file, sizeof(file), "%s/data.mdb", name);
	why[0] = '\0';
	v.fd = openat(store_dir, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (v.fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (v.fd < 0 || fstat(v.fd, &st) < 0 || !S_ISREG(st.st_mode))
		rc = bad(&v, "%s is no file that can be read", file);
	else if (st.st_size == 0)
		rc = -ENOENT;
	else
		v.pages = (uint64_t)st.st_size / v.psize;
	if (rc == 0 && is_readable)
		rc = check_file(&v);
	free(v.used);
	free(v.level);
	free(v.big);
	if (v.fd >= 0)
		(void)close(v.fd);
	return rc;
}

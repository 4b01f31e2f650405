/* The list is behind one read-write lock. A reader holds it during its pread, so a
 * descriptor is never closed, nor its number used again, under a read. */
#include "store/shelf.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SHELF_OPEN_MAX =
		256, /* a quarter of the usual limit of 1,024 descriptors */
};

/* Beyond this a base is no offset that a log reaches, and sums would overflow. */
#define SHELF_BASE_MAX (UINT64_C(1) << 62)

struct shelf {
	pthread_rwlock_t lock;
	int dir; /* borrowed */
	struct shelf_segment *v;
	size_t n;
	size_t cap;
	size_t open;
	size_t hand; /* where the search for a descriptor to close goes on */
};

static void shelf_freep(struct shelf **s)
{
	shelf_free(*s);
}

static void free_bases(uint64_t **bases)
{
	free(*bases);
}

static struct shelf *shelf_new(int dir)
{
	struct shelf *s = malloc(sizeof(*s));
	pthread_rwlockattr_t attr;

	if (!s)
		return NULL;
	*s = (struct shelf){.dir = dir};
	pthread_rwlockattr_init(&attr);
	/* Readers never end; the committer must still get its turn. */
	pthread_rwlockattr_setkind_np(
		&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&s->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	return s;
}

void shelf_free(struct shelf *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].fd >= 0)
			close(s->v[i].fd);
	pthread_rwlock_destroy(&s->lock);
	free(s->v);
	free(s);
}

static bool is_ours(const struct segment_header *h, const struct wal_identity *who)
{
	return memcmp(h->store_id, who->store_id, WAL_STORE_ID) == 0 &&
	       agent_compare(&h->store_key, &who->store_key) == 0;
}

/* The header of a file with a segment's name. What is no file, or cannot be opened, is a
 * stray: it must not keep the others from being read. */
static int look(int dir, struct shelf_segment *g, struct segment_header *h)
{
	struct stat st = {0};
	int fd = segment_open(dir, g->base, false, NULL);
	int rc = -EBADMSG;

	if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM)
		return fd;
	g->stray = fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode);
	if (!g->stray) {
		g->length = (uint64_t)st.st_size;
		rc = segment_read_header(fd, h);
	}
	if (fd >= 0)
		close(fd);
	return rc == -EIO ? -EBADMSG : rc;
}

/* Fill one item from its file. *foreign counts headers of other stores. */
static int inspect(struct shelf *s, uint64_t base, const struct wal_identity *who,
	size_t *foreign, struct error *err)
{
	struct shelf_segment *g = &s->v[s->n];
	struct segment_header h = {0};
	int rc;

	*g = (struct shelf_segment){.base = base, .fd = -1};
	rc = look(s->dir, g, &h);
	if (rc == -EPROTONOSUPPORT)
		return fail(err, EPROTONOSUPPORT,
			"wal/%016" PRIx64 ".wal was written by a newer version of "
			"stemefs",
			base);
	if (rc < 0 && rc != -EBADMSG)
		return fail(err, -rc, "wal/%016" PRIx64 ".wal: cannot read: %s",
			base, strerror(-rc));
	g->header = rc == 0 && h.base == base && is_ours(&h, who);
	if (g->header)
		g->chain = h.chain;
	*foreign += rc == 0 && !is_ours(&h, who);
	s->n++;
	return 0;
}

/* A file without a header of its own is believed about its place only where no
 * other file has that place already. */
static void mark_strays(struct shelf *s)
{
	uint64_t end = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct shelf_segment *g = &s->v[i];

		g->stray |= (!g->header && g->base < end) ||
			    g->base > SHELF_BASE_MAX || g->base % 8 != 0;
		if (!g->stray)
			end = g->base + g->length;
	}
}

static size_t last_index(const struct shelf *s)
{
	size_t i = s->n;

	while (i > 0 && s->v[i - 1].stray)
		i--;
	return i - 1; /* SIZE_MAX: all are strays */
}

static int load(struct shelf *s, const struct wal_identity *who, struct error *err)
{
	__attribute__((cleanup(free_bases))) uint64_t *bases = NULL;
	size_t n = 0, foreign = 0, ours = 0;
	int rc = segment_list(s->dir, &bases, &n, err);

	if (rc < 0)
		return rc;
	s->v = calloc(n + 1, sizeof(*s->v));
	if (!s->v)
		return fail(err, ENOMEM, "wal: out of memory");
	s->cap = n + 1;
	for (size_t i = 0; i < n; i++) {
		rc = inspect(s, bases[i], who, &foreign, err);
		if (rc < 0)
			return rc;
		ours += s->v[i].header;
	}
	if (foreign && !ours)
		return fail(err, EBADMSG, "wal: the log belongs to another store");
	mark_strays(s);
	if (last_index(s) == SIZE_MAX)
		return fail(err, EBADMSG, "wal: there is no segment of the log");
	return 0;
}

int shelf_open(int dir, const struct wal_identity *who, bool read_only,
	struct shelf **out, struct error *err)
{
	__attribute__((cleanup(shelf_freep))) struct shelf *s = shelf_new(dir);
	struct shelf_segment *last;
	int rc;

	if (!s)
		return fail(err, ENOMEM, "wal: out of memory");
	rc = load(s, who, err);
	if (rc < 0)
		return rc;
	last = &s->v[last_index(s)];
	rc = segment_open(dir, last->base, !read_only, err);
	if (rc < 0)
		return rc;
	last->fd = rc;
	s->open = 1;
	*out = s;
	s = NULL; /* handed over */
	return 0;
}

size_t shelf_count(const struct shelf *s)
{
	return s->n;
}

const struct shelf_segment *shelf_at(const struct shelf *s, size_t i)
{
	return &s->v[i];
}

const struct shelf_segment *shelf_last(const struct shelf *s)
{
	return &s->v[last_index(s)];
}

bool shelf_has(const struct shelf *s, uint64_t base)
{
	for (size_t i = s->n; i > 0 && s->v[i - 1].base >= base; i--)
		if (s->v[i - 1].base == base)
			return true;
	return false;
}

/* The segment that holds this offset, if any does; the lock is held. */
static struct shelf_segment *find(struct shelf *s, uint64_t offset)
{
	size_t low = 0, high = s->n;

	while (low < high) { /* the first whose base is greater */
		size_t middle = low + (high - low) / 2;

		if (s->v[middle].base > offset)
			high = middle;
		else
			low = middle + 1;
	}
	while (low > 0 && s->v[low - 1].stray)
		low--;
	return low ? &s->v[low - 1] : NULL;
}

static void close_one(struct shelf *s)
{
	for (size_t tries = 0; tries < s->n; tries++) {
		struct shelf_segment *g = &s->v[s->hand++ % s->n];

		if (g->fd < 0 || g == &s->v[last_index(s)])
			continue;
		close(g->fd);
		g->fd = -1;
		s->open--;
		return;
	}
}

/* Open the segment that holds this offset, unless another thread was faster. */
static int open_for(struct shelf *s, uint64_t offset)
{
	struct shelf_segment *g;
	int fd = 0;

	pthread_rwlock_wrlock(&s->lock);
	g = find(s, offset);
	if (g && g->fd < 0) {
		if (s->open >= SHELF_OPEN_MAX)
			close_one(s);
		fd = segment_open(s->dir, g->base, false, NULL);
		if (fd >= 0) {
			g->fd = fd;
			s->open++;
		}
	}
	pthread_rwlock_unlock(&s->lock);
	return fd < 0 ? fd : 0;
}

ssize_t shelf_pread(struct shelf *s, uint64_t offset, void *p, size_t n)
{
	for (;;) {
		const struct shelf_segment *g;
		ssize_t got = -EBADMSG;
		bool closed;
		int rc;

		pthread_rwlock_rdlock(&s->lock);
		g = find(s, offset);
		closed = g && g->fd < 0;
		if (g && !closed)
			got = segment_pread(g->fd, p, n, offset - g->base);
		pthread_rwlock_unlock(&s->lock);
		if (!closed)
			return got;
		rc = open_for(s, offset);
		if (rc < 0)
			return rc;
	}
}

int shelf_prepare(struct shelf *s)
{
	struct shelf_segment *more;

	if (s->n < s->cap)
		return 0;
	pthread_rwlock_wrlock(&s->lock);
	more = reallocarray(s->v, 2 * s->cap, sizeof(*s->v));
	if (more) {
		s->v = more;
		s->cap *= 2;
	}
	pthread_rwlock_unlock(&s->lock);
	return more ? 0 : -ENOMEM;
}

void shelf_add(struct shelf *s, uint64_t base, const struct id *chain, int fd)
{
	size_t at;

	pthread_rwlock_wrlock(&s->lock);
	if (s->open >= SHELF_OPEN_MAX)
		close_one(s);
	/* Strays may stand behind the newest segment; the order of bases stays. */
	for (at = s->n; at > 0 && s->v[at - 1].base > base; at--)
		s->v[at] = s->v[at - 1];
	s->v[at] = (struct shelf_segment){
		.base = base,
		.length = WAL_SEGMENT_HEADER,
		.chain = *chain,
		.header = true,
		.fd = fd,
	};
	s->n++;
	s->open++;
	pthread_rwlock_unlock(&s->lock);
}

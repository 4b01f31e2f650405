/* The segment files of one log, in order: which file holds which stretch.
 *
 * The list only ever grows, at its end, and only the committer adds to it; any
 * thread reads through shelf_pread() meanwhile. Descriptors of older segments are
 * opened when they are first read and closed when too many are open, so a log of
 * any size fits into the usual limit; that of the newest segment stays.
 *
 * A file that overlaps the one before, or whose name and header disagree, must not
 * hide what its neighbours hold: those are strays, listed for the report and never
 * read. */
#ifndef STORE_SHELF_H
#define STORE_SHELF_H

#include "store/segment.h"

struct shelf_segment {
	uint64_t base;
	uint64_t length; /* of the file, when it was opened */
	struct id chain; /* from the header */
	bool header;	 /* verifies, and names this base */
	bool stray;
	int fd; /* -1: not open now */
};

struct shelf;

/* List and check the segments below this directory (borrowed). The newest that is
 * no stray is opened for writing unless read_only. -EBADMSG when there is none, or
 * when headers verify and none is of this store; -EPROTONOSUPPORT for a version
 * that we do not know. */
int shelf_open(int dir, const struct wal_identity *who, bool read_only,
	struct shelf **out, struct error *err);
void shelf_free(struct shelf *s);

/* Read n bytes from this log offset, fewer at the end of a file; bytes read, or
 * -errno
 * (-EBADMSG: no segment holds it). Any thread. */
ssize_t shelf_pread(struct shelf *s, uint64_t offset, void *p, size_t n);

/* The rest is for the committer's thread. */
size_t shelf_count(const struct shelf *s);
const struct shelf_segment *shelf_at(const struct shelf *s, size_t i);

/* The newest segment that is no stray. */
const struct shelf_segment *shelf_last(const struct shelf *s);

/* Is there a file of that base, be it a stray? */
bool shelf_has(const struct shelf *s, uint64_t base);

/* Room for one more, so that shelf_add() cannot fail; 0 or -ENOMEM. */
int shelf_prepare(struct shelf *s);

/* A new last segment, whose descriptor it takes over. */
void shelf_add(struct shelf *s, uint64_t base, const struct id *chain, int fd);

#endif

/* One file of the log: its name, its header, its space. The layout is in
 * store/wal.h.
 *
 * Nothing here knows about frames or keeps state; a segment is a descriptor and a
 * base. */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include <sys/types.h>

#include "store/wal.h"

enum {
	SEGMENT_NAME = 16 + sizeof(".wal"),
	SEGMENT_STEP_MIN = 256 << 10, /* first preallocation */
	SEGMENT_STEP_MAX =
		8 << 20, /* what a crash or a small disk may lose to it */
};

struct segment_header {
	uint64_t base;
	uint8_t store_id[WAL_STORE_ID];
	struct agent store_key;
	struct id chain; /* of the last frame of the segment before */
};

void segment_encode(
	const struct segment_header *h, uint8_t out[WAL_SEGMENT_HEADER]);

/* 0; -EBADMSG when magic or hash do not hold; -EPROTONOSUPPORT when they do, but
 * the version is one that we do not know. */
int segment_decode(
	const uint8_t bytes[WAL_SEGMENT_HEADER], struct segment_header *out);

/* The name of the segment that starts there, and back (false: no segment's name).
 */
void segment_name(uint64_t base, char out[SEGMENT_NAME]);
bool segment_base(const char *name, uint64_t *base);

/* Every base that has a file in this directory, ascending, in memory that the
 * caller frees. 0 or -errno with err. */
int segment_list(int dir, uint64_t **bases, size_t *n, struct error *err);

/* An open descriptor, or -errno with err. */
int segment_open(int dir, uint64_t base, bool writing, struct error *err);

/* Read and decode the header. As segment_decode(), or -errno; a file that is too
 * short has no header. */
int segment_read_header(int fd, struct segment_header *out);

/* Make the file under a temporary name, fsync, rename, fsync the directory: a
 * segment that has its name is whole. Returns a descriptor for reading and writing.
 * -EIO also when the file has its name but the directory could not be synced. */
int segment_create(int dir, const struct segment_header *h, struct error *err);

/* Remove what a crash left of segment_create(). */
void segment_sweep(int dir);

/* Have the file reach to byte `need` at least. Asks for *step more than *size, up
 * to byte `most`, and for half of that and half again where the disk is full; then
 * *size is the new size and *step twice what was had, SEGMENT_STEP_MAX at most. 0,
 * -ENOSPC or -errno with nothing changed; no message. */
int segment_reserve(
	int fd, uint64_t need, uint64_t most, uint64_t *size, uint64_t *step);

/* Write all of it at this byte of the file; *done says how many bytes were written
 * when it fails (-errno; no message). */
int segment_write(int fd, struct slice bytes, uint64_t at, size_t *done);

/* Read n bytes, fewer only at the end of the file; bytes read or -errno. */
ssize_t segment_pread(int fd, void *p, size_t n, uint64_t at);

#endif

/* A window that moves over one segment file: what recovery reads through, in
 * constant memory whatever the size of the log. All places are log offsets.
 *
 * A disk that cannot read a page must not stop recovery: such a page reads as 0xff
 * throughout, which is no header, no proven payload and, above all, not zero, so
 * that it never passes for a write that did not happen. */
#ifndef STORE_SCAN_H
#define STORE_SCAN_H

#include "store/frame.h"

enum {
	SCAN_SECTOR = 512, /* what a disk writes whole or not at all */
};

struct scan {
	int fd; /* owned */
	uint64_t base;
	uint64_t limit; /* nothing is read from here on */
	const uint8_t *key;
	uint8_t *window;
	uint64_t at; /* log offset of the window's first byte */
	size_t n;
	bool failed; /* some page of the window could not be read */
};

/* Takes over fd, also when it fails (-ENOMEM). */
int scan_open(
	struct scan *s, int fd, uint64_t base, uint64_t limit, const uint8_t *key);
void scan_close(struct scan *s);

/* Up to n bytes (at most a whole frame) at this offset, fewer at the limit;
 * borrowed until the next call. */
struct slice scan_peek(struct scan *s, uint64_t offset, size_t n);

/* frame_decode() of what stands there; its slices are borrowed likewise. */
enum frame_fault scan_frame(struct scan *s, uint64_t offset,
	const struct id *before, struct frame *out);

/* Does a header that verifies stand there? */
bool scan_header(struct scan *s, uint64_t offset, struct frame *out);

/* The first 8-aligned place from here on where one does; false: none up to the
 * limit. */
bool scan_next(struct scan *s, uint64_t from, struct frame *out);

bool scan_is_zero(struct slice bytes);

/* Behind the last byte that is not zero, from here to the limit; `from` if all are.
 */
uint64_t scan_data_end(struct scan *s, uint64_t from);

#endif

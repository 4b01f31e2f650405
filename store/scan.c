#include "store/scan.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/bytes.h"
#include "store/segment.h"

enum {
	SCAN_WINDOW = 1 << 20,
	SCAN_PAGE = 4096,
};

static_assert(
	(int)SCAN_WINDOW > FRAME_HEADER + FRAME_PAYLOAD_MAX + 8 + (int)SCAN_PAGE,
	"a frame fits into the window, wherever in a page it starts");

int scan_open(
	struct scan *s, int fd, uint64_t base, uint64_t limit, const uint8_t *key)
{
	*s = (struct scan){
		.fd = fd, .base = base, .limit = limit, .key = key, .at = base};
	s->window = malloc(SCAN_WINDOW);
	return s->window ? 0 : -ENOMEM;
}

void scan_close(struct scan *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->window);
	*s = (struct scan){.fd = -1};
}

/* Page by page, to lose no more than the pages that cannot be read. */
static void fill_slowly(struct scan *s, size_t want)
{
	for (size_t i = 0; i < want; i += SCAN_PAGE) {
		size_t n = want - i < SCAN_PAGE ? want - i : SCAN_PAGE;
		ssize_t got =
			segment_pread(s->fd, s->window + i, n, s->at - s->base + i);

		if (got < 0) {
			memset(s->window + i, 0xff, n);
			s->failed = true;
			got = (ssize_t)n;
		}
		s->n += (size_t)got;
		if ((size_t)got < n)
			return;
	}
}

static void fill(struct scan *s, uint64_t offset)
{
	uint64_t left;
	ssize_t got;
	size_t want;

	s->at = offset - (offset - s->base) % SCAN_PAGE;
	left = s->limit - s->at;
	want = left < SCAN_WINDOW ? (size_t)left : SCAN_WINDOW;
	s->n = 0;
	s->failed = false;
	got = segment_pread(s->fd, s->window, want, s->at - s->base);
	if (got < 0)
		fill_slowly(s, want);
	else
		s->n = (size_t)got;
}

struct slice scan_peek(struct scan *s, uint64_t offset, size_t n)
{
	if (offset < s->base || offset >= s->limit)
		return slice_of(s->window, 0);
	if (n > s->limit - offset)
		n = (size_t)(s->limit - offset);
	if (offset < s->at || offset + n > s->at + s->n)
		fill(s, offset);
	/* still fewer if the file shrank while we read */
	return slice_sub(slice_of(s->window, s->n), (size_t)(offset - s->at), n);
}

enum frame_fault scan_frame(
	struct scan *s, uint64_t offset, const struct id *before, struct frame *out)
{
	struct slice bytes = scan_peek(s, offset, FRAME_HEADER);
	struct frame header;

	if (bytes.n == FRAME_HEADER &&
		frame_header(bytes.p, offset, s->key, &header))
		bytes = scan_peek(s, offset, (size_t)frame_size(header.length));
	return frame_decode(bytes, offset, before, s->key, out);
}

bool scan_header(struct scan *s, uint64_t offset, struct frame *out)
{
	struct slice bytes = scan_peek(s, offset, FRAME_HEADER);

	return bytes.n == FRAME_HEADER &&
	       frame_header(bytes.p, offset, s->key, out);
}

bool scan_next(struct scan *s, uint64_t from, struct frame *out)
{
	uint64_t offset = from + (8 - from % 8) % 8;

	for (; offset + FRAME_HEADER <= s->limit; offset += 8)
		if (scan_header(s, offset, out))
			return true;
	return false;
}

bool scan_is_zero(struct slice bytes)
{
	if (!bytes.p || bytes.n == 0)
		return true;
	return bytes.p[0] == 0 && memcmp(bytes.p, bytes.p + 1, bytes.n - 1) == 0;
}

uint64_t scan_data_end(struct scan *s, uint64_t from)
{
	uint64_t end = from, offset = from;

	while (offset < s->limit) {
		struct slice bytes = scan_peek(s, offset, SCAN_PAGE);

		if (bytes.n == 0)
			break;
		if (!scan_is_zero(bytes)) {
			size_t i = bytes.n;

			while (!bytes.p[i - 1])
				i--;
			end = offset + i;
		}
		offset += bytes.n;
	}
	return end;
}

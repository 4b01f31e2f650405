/* Pieces of long files that were printed a moment ago: who reads on, or turns back, finds
 * the next bytes here, or the place at which to go on printing. The least recently used go
 * first; bounded. Thread-safe. */
#ifndef FS_PIECES_H
#define FS_PIECES_H

#include "fs/kind.h"

struct pieces;

enum {
	PIECES_MAX = 32,
	PIECES_BYTES = 4 << 20,
};

int pieces_new(struct pieces **out);
/* NULL is fine. */
void pieces_free(struct pieces *k);

/* Keep bytes, which begin at an offset of a file and end with the line of `end`. Of a file
 * there is no other number. Takes the bytes' memory, also where it does not keep them. */
void pieces_put(struct pieces *k, uint64_t file, uint64_t offset,
	const struct mark *end, struct buf *bytes);

/* Append what is kept from an offset on, at most n bytes; how many. */
size_t pieces_copy(struct pieces *k, uint64_t file, uint64_t offset, size_t n,
	struct buf *out);

/* The last place at or before an offset, and behind *at, at which a piece ends: then true,
 * with *at and the mark. */
bool pieces_end_before(struct pieces *k, uint64_t file, uint64_t offset,
	uint64_t *at, struct mark *mark);

#endif

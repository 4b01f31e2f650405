/* What opening a store at one moment (store/frozen_open.c) and reading on while its index is
 * replaced (store/frozen.c) share; nobody else's. */
#ifndef STORE_FROZEN_H
#define STORE_FROZEN_H

#include "core/buf.h"
#include "store/index.h"

struct store;

/* Of a file in the store; 0 where there is none. */
uint64_t frozen_inode(const struct store *s, const char *path);

/* Is somebody bringing the index up? A start is counted before it touches the index, until
 * that is there (store/suspect.h). */
bool frozen_is_starting(const struct store *s);

/* The text in path, or NULL where memory is short. */
const char *frozen_index_path(const struct store *s, struct buf *path);
int frozen_open_index(struct store *s, struct index *out, struct error *err);

/* Which files are open now. */
void frozen_note_files(struct store *s);

#endif

/* Small files that must be whole or not there: made under another name, synced,
 * renamed, and their directory synced, before anybody relies on them. */
#ifndef STORE_FILES_H
#define STORE_FILES_H

#include "core/buf.h"
#include "core/error.h"

/* Make a file of mode 0600 that must not exist (-EEXIST). dir may be AT_FDCWD. */
int file_create(int dir, const char *path, struct slice bytes, struct error *err);

/* All of the bytes, from where fd is: 0 or -errno. Not synced. */
int file_write(int fd, struct slice bytes);

/* Write zeros ahead of what will stand there, and return how far they came: where blocks
 * have been written before, a sync of the file has nothing to note down but the bytes. What
 * stands there is zeros already; no promise, and nothing is lost where it fails. */
uint64_t file_zero(int fd, uint64_t from, uint64_t to);

/* Have the disk begin to write these bytes, while the caller has other work. No promise:
 * that is the sync's, which then has less to wait for. */
void file_push(int fd, uint64_t from, uint64_t n);

/* Write a note that nobody misses when the power takes it, or a part of it: not synced. */
void file_note(int dir, const char *path, struct slice bytes);

/* Append a whole file of at most max bytes; -ENOENT, -EFBIG, -errno. */
int file_read(int dir, const char *path, size_t max, struct buf *out);

/* Make a directory of this mode and sync its parent; an existing one is fine. */
int dir_create(int dir, const char *name, unsigned mode, struct error *err);

#endif

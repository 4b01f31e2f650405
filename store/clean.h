/* The mark of a clean stop: nobody has touched the log or the index since.
 *
 * STORE/clean lists the files of log and index with size, inode and times, as they were
 * when the store was closed. A start takes it away first; where it fits, nothing need be
 * verified, so a clean store mounts at once whatever its size. Where it is missing or
 * does not fit (SIGKILL, a power cut, a copy, an editor, a bit flipped by a test) the
 * index and the whole log prove themselves before anything is served. What rots without
 * leaving a trace in the times of a file is for readers, the scrub and `stemefs check` to
 * find. */
#ifndef STORE_CLEAN_H
#define STORE_CLEAN_H

#include <stdbool.h>

/* Leave the mark. Everything is closed and synced; without a mark nothing is lost. */
void clean_mark(int store_dir);

/* Does the mark fit? It is gone afterwards, durably. */
bool clean_take(int store_dir);

/* Does it fit? It stays: for those who only read. */
bool clean_fits(int store_dir);

#endif

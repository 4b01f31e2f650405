/* One group commit. The committer's thread only. */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "store/internal.h"

/* The most bytes that a submission can take in the log. */
uint64_t submission_bound(const struct submission *sub);

/* Decide, make durable and visible, and answer every submission of the list (through
 * done(), which may free it). What fails below fails all of them alike; where the disk
 * cannot be read, each is tried by itself. */
void batch_process(struct store *s, struct submission *list);

/* Note in each that it is refused, and why. */
void batch_refuse(struct submission *list, const struct error *why);

/* Something of the index failed: it may have to be opened again before it answers
 * anybody. */
void batch_after_failure(struct store *s);

#endif

/* Telling a watcher what a batch changed, before anybody in it is answered.
 *
 * A batch that concerns nobody's caches is answered by the committer at once. Any other, and
 * one of many writers while more of them wait, is handed to a thread of its own, which tells
 * the watcher and then answers: that may take a while, and the next batch is committed
 * meanwhile. Answers keep the order of the batches
 * as long as anything is to be told, since what one batch left untold another may rely on.
 * But nobody waits for it longer than a second or two (store/watch.c says why).
 *
 * Thread-safe. */
#ifndef STORE_WATCH_H
#define STORE_WATCH_H

#include "store/store.h"

struct watch;

/* 0 or -ENOMEM, -EAGAIN (no thread). */
int watch_new(struct watch **out);
/* Everything has been answered when this returns. NULL is fine. */
void watch_free(struct watch *w);

/* See store_watch(). */
void watch_set(struct watch *w, const struct watcher *by);

/* Answer every submission of the list, when what changed has been told. more: others wait
 * for the committer already. The committer's thread only. */
void watch_answer(
	struct watch *w, const struct news *c, struct submission *list, bool more);

/* The pair's number, as struct pair_mark has it. */
struct pair_key;
struct pair_mark pair_mark(const struct pair_key *p);

#endif

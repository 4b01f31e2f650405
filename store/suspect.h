/* Doubt about what is on disk.
 *
 * Whoever reads bytes that do not prove themselves raises it, once is enough. It stands
 * as a file in the store, so the next start knows, also after SIGKILL: it looks at the
 * whole log and makes the index anew, without what is damaged. Until then readers get
 * EIO for what cannot be read, and `status` says so.
 *
 *	STORE/doubt     the sentence that was said first
 *	STORE/starting  how often a start began and did not come to its end: bytes that
 *	                are damaged in a way that kills whoever reads them
 */
#ifndef STORE_SUSPECT_H
#define STORE_SUSPECT_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/error.h"

enum {
	SUSPECT_TEXT = 400,
	SUSPECT_STARTS =
		2, /* crashed starts after which the index is not believed */
};

struct suspect {
	int dir;	    /* of the store, borrowed; set before anybody raises */
	atomic_bool raised; /* since this start */
	pthread_mutex_t lock;
	char text[SUSPECT_TEXT]; /* what was said first; under lock */
};

void suspect_init(struct suspect *s);
void suspect_free(struct suspect *s);

/* Say that something does not verify. Any thread; only the first says anything. */
void suspect_raise(struct suspect *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What was raised was about an index that has been put aside: from here on it is about the
 * new one. What stands on disk stays there until it is settled. */
void suspect_lower(struct suspect *s);

/* What was raised since this start; "" when nothing was. */
void suspect_text(struct suspect *s, char out[SUSPECT_TEXT]);

/* What an earlier daemon left: why its index is not to be believed, as a sentence; "". */
void suspect_left(int store_dir, char out[SUSPECT_TEXT]);

/* Forget it: the log was read whole and the index was made from it. */
int suspect_settle(int store_dir);

/* A start begins, and is counted before the index is touched; returns how many before it
 * never came to their end. suspect_progress(): this one gets on; suspect_started(): it is
 * there. */
unsigned suspect_starting(int store_dir);
void suspect_progress(int store_dir);
void suspect_started(int store_dir);

#endif

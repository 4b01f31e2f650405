/* One pair, loaded, weighed and seen through one lens, for the length of one request. */
#ifndef FS_PAIR_LOOK_H
#define FS_PAIR_LOOK_H

#include "fs/kind.h"

struct body;

/* Points into itself: made in place by pair_weigh(), never copied. A zeroed one is
 * ended in vain. */
struct pair_look {
	struct snap *snap; /* the request's */
	struct arena arena;
	struct body *bodies_held; /* what the slices of records point into */
	struct candidates in;
	struct tally tally;
	struct lens_input input;
	struct bodies bodies;
	struct lens_view view;
};

void pair_look_end(struct pair_look *l);
#define PAIR_LOOK_AUTO(name)                                                       \
	__attribute__((cleanup(pair_look_end))) struct pair_look name = {0}

/* Load and weigh the pair of p: all but the view. -ENOENT, -EIO, -ENOMEM. */
int pair_weigh(struct request *rq, const struct place *p, struct pair_look *out);

/* The same, and look at it through p's lens. */
int pair_look(struct request *rq, const struct place *p, struct pair_look *out);

#endif

/* The objects of a pair as points on a line, where all of them are numbers. */
#ifndef CORE_SPREAD_H
#define CORE_SPREAD_H

#include "core/lens.h"

/* A number somebody asserted, and how much its cluster counts. */
struct point {
	struct slice number;
	uint64_t support;
	const struct cluster *cluster;
};

struct spread {
	struct point *points; /* smallest number first; in the arena */
	uint32_t n;	      /* 0: no clusters, or one whose object is no number */
};

/* Of the clusters that v sees: one body is read of each, and none after the first that
 * is no number. 0, -ENOMEM, or what bodies->read said. */
int spread_read(const struct lens_view *v, struct arena *a, struct spread *out);

/* The first point, from the smallest on, at which half of all support is reached: always
 * a number that somebody asserted, and the lower of two on a tie. There is support. */
uint32_t spread_median(const struct spread *s, uint64_t total);

#endif

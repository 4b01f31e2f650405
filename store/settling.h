/* A change to a pair that keeps running sums: what it takes out of them, and what it puts
 * in.
 *
 * What a word does to a claim may move others: a retraction lets what was replaced come
 * back, a supersession takes votes along. So what the claims that hang together with it
 * give to the sums is found out before and after the rows change, and the sums are moved
 * by the difference. Most claims hang on nothing: then a vote or a signature changes what
 * its own agents give and nothing else is looked at.
 *
 *	rc = settling_begin(&s, c, &pair, &row, &about);
 *	if (rc == 0)
 *		rc = ... write rows ...;
 *	rc = settling_end(&s, rc);       always, with what came of it
 *
 * Nothing at all happens for a pair that keeps no sums. */
#ifndef STORE_SETTLING_H
#define STORE_SETTLING_H

#include "store/change.h"
#include "store/gather.h"

/* What a change is about. */
struct settling_about {
	struct claim_ref claim;
	/* The other claim that it ties this one to: its parent, or what replaces it; zero:
	 * none. It need not be known. */
	struct id other;
	/* A vote or a signature says nothing but for these agents (numbers, borrowed until
	 * the end); 0: it may do more. */
	const uint32_t *agents;
	uint16_t agent_count;
};

struct settling {
	struct change *change;
	const struct pair_key *pair;
	const struct settling_about *about;
	bool sums;   /* the pair keeps any */
	bool simple; /* only the agents' own words can change */
	struct buf
		claims; /* struct claim_ref: all that can change, if not simple */
	struct buf before; /* struct part, sorted: what was in the sums */
};

/* row is the pair's; where its sums were made under other rights they are dropped. */
int settling_begin(struct settling *s, struct change *c, const struct pair_key *p,
	struct pair_row *row, const struct settling_about *about);

/* The rows are written, if rc is 0. Returns rc, or what went wrong. */
int settling_end(struct settling *s, int rc);

#endif

/* What an agent said last. */
#ifndef STORE_SAID_H
#define STORE_SAID_H

#include "store/change.h"
#include "store/gather.h"

/* The newest claim that an agent stands behind, for the pair and source of r, live by
 * its stage. -ENOENT. */
int newest_said(struct change *c, const struct record *r, const struct agent *agent,
	struct claim_ref *out);

#endif

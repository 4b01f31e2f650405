/* What an agent said last. */
#ifndef STORE_SAID_H
#define STORE_SAID_H

#include "store/change.h"
#include "store/gather.h"

/* Does r say once more, but for its time, what an agent has said since then: the newest
 * claim that it stands behind, for that pair and source, live by its stage? 1, with the id
 * of that claim; 0; -errno. */
int said_again(struct change *c, const struct record *r, const struct agent *agent,
	uint64_t since, struct id *out);

#endif

/* What is not the caller's to say: refused where the caller can still be told.
 *
 * Only records that the wallet signs are asked about. One that comes signed is kept
 * whatever came before it, and has no effect where it had no right: whether it is taken
 * must not depend on what has arrived. */
#ifndef STORE_PERMIT_H
#define STORE_PERMIT_H

#include "store/change.h"
#include "store/store.h"

/* 0; -EINVAL, -EPERM: err says why; -EEXIST: the same epoch is there, *known says which;
 * another -errno: the index failed. */
int permit(struct change *c, const struct entry *e, struct id *known,
	struct error *err);

#endif

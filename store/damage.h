/* What is known to be damaged in the log.
 *
 * A start reads only what the index has not applied yet, so what it finds is kept in the
 * index (rows D) and named until the log is read whole again: by a rebuild. The bytes
 * stay where they are; a copy of them goes to STORE/quarantine/<offset>.damaged. */
#ifndef STORE_DAMAGE_H
#define STORE_DAMAGE_H

#include "store/internal.h"

/* Did the index leave this out when it was made? */
bool damage_is_known(struct index *ix, const struct wal_damage *d);

/* Keep what the recovery of this start has found, and load all that is known. 0 or
 * -errno with err. */
int damage_keep(struct store *s, struct error *err);

#endif

/* What is known to be damaged in the log.
 *
 * A start after a clean stop reads nothing of the log, so what was found is kept in the
 * index (rows D) and named until the index is made anew. The bytes
 * stay where they are; a copy of them goes to STORE/quarantine/<offset>.damaged. */
#ifndef STORE_DAMAGE_H
#define STORE_DAMAGE_H

#include "store/internal.h"

/* Hold what the index knows against a report of the whole log. *lost: damage before
 * `applied` that it does not know, so it holds what the log has lost; *again: what it left
 * out and the log has again, since a disk, or somebody, has put it back. to 0: none. 0 or
 * -errno. */
int damage_compare(struct index *ix, const struct wal_report *r, uint64_t applied,
	struct wal_damage *lost, struct wal_damage *again);

/* Keep what the recovery of this start has found, and load all that is known. 0 or
 * -errno with err. */
int damage_keep(struct store *s, struct error *err);

#endif

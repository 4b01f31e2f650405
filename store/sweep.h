/* Sweeps: what a change of trust owes to the pairs it reaches, paid in small parts.
 *
 * A setting takes effect at once, however many pairs it reaches: it only leaves a note.
 * While a note is there, every view and every running sum may be out of date, and readers
 * resolve from the candidates instead; between batches the committer works the note off,
 * some records at a time. Notes are rows of the index, so a sweep outlives a restart. */
#ifndef STORE_SWEEP_H
#define STORE_SWEEP_H

#include "store/change.h"

#define SWEEP_ALL UINT32_MAX /* every agent: what makes a member has changed */

/* Note that the trust of an agent changed with the record now being applied. */
int sweep_note(struct change *c, uint32_t agent);

/* Work off at most `budget` records of the oldest note; c->meta.sweeps says how many
 * notes are left. */
int sweep_step(struct change *c, unsigned budget);

#endif

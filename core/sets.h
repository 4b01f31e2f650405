/* Predicates that hold many values: tags[], must_use:…, forbidden:…, prefer:…
 *
 * Their values do not compete. Each cluster of such a pair is judged alone: it is held
 * when more is given for it than against it, in the standing that counts on the pair.
 * A lens answers with all that is held and that it may see, and there is no conflict. */
#ifndef CORE_SETS_H
#define CORE_SETS_H

#include "core/arena.h"
#include "core/slice.h"

struct lens_view;

/* Ends in "[]", or starts with "must_use:", "forbidden:" or "prefer:". */
bool predicate_is_set(struct slice predicate);

/* Choose what of a set the lens of v answers with: held and held_count, in its order,
 * and rule. 0 or -ENOMEM. */
int set_look(struct lens_view *v, struct arena *a);

/* Read the objects of what is held into v's resolution. 0, -ENOMEM, or what
 * bodies->read said. */
int set_read(struct lens_view *v, struct arena *a);

#endif

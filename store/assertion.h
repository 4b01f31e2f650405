/* One assertion, found by its id, as it stands among those it hangs together with. */
#ifndef STORE_ASSERTION_H
#define STORE_ASSERTION_H

#include "store/gather.h"

struct found_assertion {
	struct id_row row;
	struct pair_key pair;
	struct record record; /* borrows from the arena */
	struct slice canonical;
	struct gathered around;
	struct footing footing;
	uint32_t claim; /* its number there */
};

/* Everything in the arena; votes are left out unless asked for. -ENOENT: no such assertion
 * is seen (another kind of record neither). */
int assertion_around(const struct source *s, const struct id *id, bool votes,
	struct arena *a, struct found_assertion *out);

/* Did the agent sign it, and does it still stand behind it? */
enum backing {
	BACKING_NONE, /* it never signed it */
	BACKING_GONE,
	BACKING_STANDS,
};
enum backing assertion_backing(
	const struct found_assertion *f, const struct agent *agent);

#endif

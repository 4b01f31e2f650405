/* Opening a store as every command and the daemon do: with progress on stderr, and
 * patiently.
 *
 * A daemon that was unmounted holds its store a moment longer than its mount, and two
 * commands in one pipe meet at a store: who comes second waits some seconds before it
 * says by whom the store is held. */
#ifndef FS_OPENING_H
#define FS_OPENING_H

#include "store/store.h"

/* store_open(); progress in o is set here. */
int open_patiently(const char *path, const struct store_options *o,
	struct store **out, struct error *err);

/* store_open_reading() for a moment as the option `at` has it; likewise. */
int open_frozen(const char *path, const char *moment, struct store **out,
	struct error *err);

#endif

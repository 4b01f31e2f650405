/* Bytes that the log gives up are kept for whoever wants to look at them:
 * STORE/quarantine/<16 hex digits of their log offset>.torn; and so is a copy of those that
 * are damaged: <offset>.damaged. */
#ifndef STORE_QUARANTINE_H
#define STORE_QUARANTINE_H

#include <stdbool.h>

#include "core/error.h"

/* Copy n bytes of fd, from this byte of the file on, into a new file <log offset>.<kind>
 * (.2, .3 … before the kind where there is one already), and fsync it with its
 * directories. 0 or -errno with err. */
int quarantine(int store_dir, int fd, uint64_t at, uint64_t n, uint64_t log_offset,
	const char *kind, struct error *err);

/* Is there such a file? */
bool is_quarantined(int store_dir, uint64_t log_offset, const char *kind);

#endif

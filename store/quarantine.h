/* Bytes that the log gives up are kept for whoever wants to look at them:
 * STORE/quarantine/<16 hex digits of their log offset>.torn. */
#ifndef STORE_QUARANTINE_H
#define STORE_QUARANTINE_H

#include "core/error.h"

/* Copy n bytes of fd, from this byte of the file on, into a new file of that name
 * (with .2, .3 … before .torn where there is one already), and fsync it with its
 * directories. 0 or -errno with err. */
int quarantine(int store_dir, int fd, uint64_t at, uint64_t n, uint64_t log_offset,
	struct error *err);

#endif

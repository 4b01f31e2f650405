/* What the parts of a backup share; no other layer's.
 *
 *	backup.c      the moment, and everything but the log
 *	backup_log.c  the log, proved while it is copied
 *	restore.c     the way back */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "store/archive.h"
#include "store/store.h"
#include "store/wal.h"

struct copying {
	const char *path; /* of the store */
	int dir;
	const struct store_moment *moment;
	const struct store_copying *o;
	struct store_copied *copied;
	struct archive_out out;
	uint64_t done, total; /* bytes of the log, for the progress */
};

/* A sentence for whoever wanted the copy. */
void copying_bad(struct store_copied *copied, const struct store_copying *o,
	const char *format, ...) __attribute__((format(printf, 3, 4)));
void copying_note(const struct store_copying *o, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Enter a file into the archive, with the owner and the time that it has. */
void copying_enter(struct copying *c, const char *name, int fd, uint64_t size);

/* The segments, up to the moment. 0, or -errno with err; an error of the archive sticks
 * there and ends the copying early. */
int backup_log(
	struct copying *c, const struct wal_identity *who, struct error *err);

/* Is it the name of a file that a store can have in wallet/ or quarantine/: letters, digits,
 * dots, no dot first, and none that is being made? */
bool backup_plain_name(const char *name);

#endif

/* A tar archive (POSIX ustar) as backups are: written and read as a stream.
 *
 * Any tar unpacks it. Entries are directories and plain files with short names; nothing
 * else is ever written, and nothing else is read. Before the last entry stands a global
 * header, the seal, which every tar passes over (before the last one: some tars do not
 * expect it at the end):
 *
 *	comment=stemefs backup 1 seq=<n> blake3=<64 hex digits>
 *
 * with the BLAKE3 of all bytes before it. Where that is missing the archive is not whole;
 * where it differs somebody has changed it.
 *
 * (Written by hand: 17 fields of text, where a program to call would need a copy of the
 * store to read, which holds its private keys and stays behind when it is killed, and could
 * not prove what it read while it reads.) */
#ifndef STORE_ARCHIVE_H
#define STORE_ARCHIVE_H

#include <blake3.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/id.h"

enum {
	ARCHIVE_BLOCK = 512,
	ARCHIVE_NAME = 100, /* with a final zero */
	ARCHIVE_MODE_FILE = 0600,
	ARCHIVE_MODE_DIRECTORY = 0700,
	ARCHIVE_BUFFER = 256 << 10,
	ARCHIVE_SEAL_MAX = 200, /* its text; within one block */
};

/* The text of the seal: the length of the line, this, the seq, that, the hash. */
#define ARCHIVE_SEAL " comment=stemefs backup 1 seq="
#define ARCHIVE_SEAL_HASH " blake3="

struct archive_entry {
	char name[ARCHIVE_NAME]; /* a directory's ends in a slash */
	bool directory;
	bool global; /* a global header */
	uint64_t size;
	uint64_t mtime; /* s */
	uint32_t uid, gid;
};

/* Zeros that follow a file of that size. */
static inline uint32_t archive_padding(uint64_t size)
{
	return (uint32_t)(-size % ARCHIVE_BLOCK);
}

/* One header. Names of users are left out: they mean something else elsewhere. */
void archive_encode(const struct archive_entry *e, uint8_t out[ARCHIVE_BLOCK]);

/* 0; -ENODATA: a block of zeros, the end; -EBADMSG with err: no header that we write. */
int archive_decode(const uint8_t in[ARCHIVE_BLOCK], struct archive_entry *out,
	struct error *err);

/* ---- writing; an error sticks, and archive_finish() tells it ---- */

struct archive_out {
	int fd; /* borrowed */
	blake3_hasher hash;
	struct buf pending;
	uint64_t left; /* of the file that is being written */
	uint64_t size;
	int rc;
};

void archive_start(struct archive_out *a, int fd);
/* Wipes what passed through: there were private keys. */
void archive_free(struct archive_out *a);

/* An entry; then archive_add() exactly e->size bytes. */
void archive_enter(struct archive_out *a, const struct archive_entry *e);
void archive_add(struct archive_out *a, struct slice bytes);

/* The seal; then one more entry; then the end: 0, or the -errno of the first write that
 * failed. */
void archive_seal(struct archive_out *a, uint64_t seq);
int archive_finish(struct archive_out *a);

/* ---- reading ---- */

struct archive_in {
	int fd; /* borrowed */
	blake3_hasher hash;
	uint8_t *buffer;
	size_t at, n;  /* what of the buffer is not read yet */
	uint64_t left; /* of the file that is being read, and its padding */
	uint32_t padding;
	bool sealed; /* the seal was met, and holds */
};

int archive_open(struct archive_in *a, int fd); /* 0 or -ENOMEM */
void archive_close(struct archive_in *a);

/* The next entry, after what is left of the one before: 1; 0 at the end, where the seal has
 * been met; -EBADMSG, -errno with err. */
int archive_next(
	struct archive_in *a, struct archive_entry *out, struct error *err);

/* More of the file: borrowed until the next call, empty at its end. 0 or -errno with err. */
int archive_read(struct archive_in *a, struct slice *out, struct error *err);

#endif

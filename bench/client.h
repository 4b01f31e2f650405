/* What the client can do again and again; see the top of client.c. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stdatomic.h>
#include <stddef.h>

/* One of the things that are compared: lines to work on, in turn, and from the front again. */
struct side {
	const char *dir; /* of a write */
	char **lines;
	size_t n;
	atomic_size_t next;
	atomic_ulong entries;
};

/* Do it once, with one line; number counts the operations of this side. Ends the program
 * where it fails: a figure of something else is no figure. */
typedef void op_fn(struct side *s, char *line, size_t number);

/* The one of that name; ends the program where there is none. */
op_fn *op_named(const char *name);

#endif

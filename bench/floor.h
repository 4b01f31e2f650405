/* The floor: what the smallest FUSE server that could do the work would cost here.
 *
 * It shows a tree of the shape of a stemefs mount, made up from names and numbers:
 *
 *	subjects/s0000000/p/consensus     about 200 bytes, for as many subjects as asked
 *	inbox/<any name>                  takes bytes and forgets them, or makes them durable
 *
 * and answers as fast as libfuse lets it: endless timeouts, nothing looked up. Ratios to it
 * say what a filesystem adds to the way through the kernel. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	OPCODES = 64, /* of the FUSE protocol; counted in a file of so many u64 */
};

/* Opcodes as the protocol numbers them, for the counts. */
enum opcode {
	OP_LOOKUP = 1,
	OP_FORGET = 2,
	OP_GETATTR = 3,
	OP_OPEN = 14,
	OP_READ = 15,
	OP_WRITE = 16,
	OP_RELEASE = 18,
	OP_FLUSH = 25,
	OP_CREATE = 35,
	OP_BATCH_FORGET = 42,
};

/* A log that many writers share: each batch is one write and one fdatasync; with an index,
 * one more of each after it. */
struct sink;

/**
 * Start the thread that makes bytes durable in a new file log and, unless it is NULL, in
 * index. Their space is written beforehand, so that a sync has no metadata to write. Ends
 * the program where it cannot.
 */
struct sink *sink_new(const char *log, const char *index);

/* Keep size bytes of data, and answer req when they are on the disk. Any thread. */
void sink_take(struct sink *s, fuse_req_t req, const char *data, size_t size);

#endif

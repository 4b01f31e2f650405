/* One slow reading of the log from the disk, beside whoever appends to it. */
#ifndef STORE_SCRUB_LOG_H
#define STORE_SCRUB_LOG_H

#include "store/frame.h"

enum {
	SCRUB_STEP = 256 << 10, /* bytes read between two pauses; a frame fits in */
};

struct scrub_log_options {
	int store_dir;
	const uint8_t *tag_key;
	uint64_t end; /* what is acknowledged: all before it is on disk */
	/* After each step: where it is, and how much it read. false: no further. */
	bool (*step)(void *ctx, uint64_t position, uint64_t bytes);
	/* A stretch that does not verify; what is static text. */
	void (*found)(void *ctx, uint64_t from, uint64_t to, const char *what);
	void *ctx;
};

/* 0; -ECANCELED when step said so; -errno when it cannot read on, which is found too. */
int scrub_log(const struct scrub_log_options *o);

#endif

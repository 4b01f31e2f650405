/* A log that is spoiled and opened again, many times over: what it held is kept here.
 *
 * Frames in kept[], the bytes of its first file in image[]; the log under test is l. */
#ifndef TESTS_LOG_KEPT_H
#define TESTS_LOG_KEPT_H

#include "tests/unit/log.h"

static struct log l;
static struct log_frame kept[LOG_FRAMES];
static size_t kept_n;
static uint8_t image[LOG_FILE_MAX];
static size_t image_n;

/* Note the log as it is: its frames and the bytes of its first file. */
static inline void keep(void)
{
	struct slice s = log_load(log_file(&l, 0));

	memcpy(kept, l.frames, sizeof(kept));
	kept_n = l.n;
	memcpy(image, s.p, s.n);
	image_n = s.n;
}

static inline uint64_t frame_end(const struct log_frame *f)
{
	return f->offset + frame_size(f->length);
}

/* The kept log without preallocated zeros. */
static inline size_t used(void)
{
	return (size_t)frame_end(&kept[kept_n - 1]);
}

static inline bool damaged_at(uint64_t offset)
{
	for (size_t i = 0; i < l.report.damage_count; i++)
		if (offset >= l.report.damage[i].from &&
			offset < l.report.damage[i].to)
			return true;
	return false;
}

/* A frame can be appended, and is then there with all that were seen before. */
static inline void takes_one_more(void)
{
	struct log_frame all[LOG_FRAMES];
	size_t n;

	CHECK(log_append(&l, 1, NULL, 0) == 0);
	n = l.n;
	memcpy(all, l.frames, n * sizeof(*all));
	CHECK(log_reopen(&l) == 0);
	CHECK(log_is(&l, all, n));
	CHECK(l.report.torn_from == 0);
}

/* Three batches: 3 frames, 1, then 2. */
static inline void small_log(void)
{
	static const size_t sizes[] = {40, 200, 8};

	log_new(&l);
	CHECK(log_append(&l, 3, sizes, 3) == 0);
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	CHECK(log_append(&l, 2, sizes, 3) == 0);
	keep();
}

#endif

/* The end of the log: what is cut, what is reported, and that nothing else is lost.
 *
 * Most tests make a small log, spoil its bytes in every possible way of one kind,
 * and open it again: the frames that must be seen are exactly those seen, and the
 * log takes a new one. */
#include "tests/unit/log_kept.h"

enum {
	SECTOR = 512,
};

static bool has_quarantine(uint64_t offset, struct slice want)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/quarantine/%016llx.torn", l.path,
		(unsigned long long)offset);
	return slice_equal(log_load(path), want);
}

static void a_new_log_is_empty_and_takes_a_frame(void)
{
	log_new(&l);
	CHECK(l.n == 0 && l.report.damage_count == 0 && l.report.torn_from == 0);
	CHECK(wal_end(l.w).offset == WAL_SEGMENT_HEADER && wal_end(l.w).seq == 0);
	takes_one_more();
	CHECK(l.n == 1 && l.frames[0].seq == 1);
	log_free(&l);
}

static void a_log_cut_at_any_byte_keeps_every_whole_frame(void)
{
	small_log();
	for (size_t cut = (size_t)kept[kept_n - 2].offset; cut <= used();
		cut += TAP_STRIDE) {
		size_t whole = kept_n - 2;

		while (whole < kept_n && frame_end(&kept[whole]) <= cut)
			whole++;
		log_restore(&l, slice_of(image, cut));
		CHECK(log_reopen(&l) == 0);
		CHECK(log_is(&l, kept, whole));
		CHECK(l.report.damage_count == 0);
		if (cut > frame_end(&kept[whole - 1])) {
			uint64_t from = frame_end(&kept[whole - 1]), to = cut;

			while (image[to - 1] == 0) /* zeros are not kept */
				to--;
			CHECK(l.report.torn_from == from && l.report.torn_to == to);
			CHECK(has_quarantine(
				from, slice_of(image + from, to - from)));
		} else {
			CHECK(l.report.torn_from == 0);
		}
		takes_one_more();
		CHECK(l.report.damage_count == 0);
	}
	log_free(&l);
}

/* Spoil one bit of the kept log, at this byte of n. */
static void check_flip(size_t n, size_t byte, uint8_t bit)
{
	struct log_frame want[LOG_FRAMES];
	size_t want_n = 0;
	struct slice after;

	image[byte] ^= bit;
	log_restore(&l, slice_of(image, n));
	for (size_t i = 0; i < kept_n; i++)
		if (byte < kept[i].offset || byte >= frame_end(&kept[i]))
			want[want_n++] = kept[i];
	CHECK(log_reopen(&l) == 0);
	CHECK(log_is(&l, want, want_n));
	if (byte < used() || n == used())
		CHECK(damaged_at(byte) && l.report.torn_from == 0);
	else /* a frame that lost its beginning, as far as anybody can tell */
		CHECK(damaged_at(byte) || l.report.torn_from == used());
	takes_one_more();
	if (l.report.damage_count) {
		after = log_load(log_file(&l, 0)); /* nothing was written over it */
		CHECK(damaged_at(byte) && after.n > byte &&
			after.p[byte] == image[byte]);
	}
	image[byte] ^= bit;
}

static void a_flipped_bit_costs_one_frame_and_is_reported(void)
{
	small_log();
	for (size_t byte = 0; byte < used(); byte += TAP_STRIDE)
		for (unsigned bit = 0; bit < 8; bit++)
			check_flip(used(), byte, (uint8_t)(1u << bit));
	log_free(&l);
}

static void so_it_does_with_preallocated_zeros_behind(void)
{
	small_log();
	CHECK(image_n > used() + 2048);
	for (size_t byte = 0; byte < used() + 2048; byte += TAP_STRIDE)
		check_flip(used() + 4096, byte, (uint8_t)(1u << byte % 8));
	log_free(&l);
}

/* Leave out some sectors of the last batch. Bit i: the i-th that it touches. */
static void check_torn(uint64_t start, unsigned missing)
{
	static uint8_t torn[LOG_FILE_MAX];
	size_t whole = 0;

	memcpy(torn, image, image_n);
	for (unsigned i = 0; start / SECTOR + i <= (used() - 1) / SECTOR; i++) {
		size_t from = (start / SECTOR + i) * SECTOR, to = from + SECTOR;

		if (from < start)
			from = start;
		if (missing & 1u << i)
			memset(torn + from, 0, to - from);
	}
	while (whole < kept_n &&
		memcmp(torn + kept[whole].offset, image + kept[whole].offset,
			frame_size(kept[whole].length)) == 0)
		whole++;
	log_restore(&l, slice_of(torn, used() + 4096));
	CHECK(log_reopen(&l) == 0);
	CHECK(log_is(&l, kept, whole));
	CHECK(l.report.damage_count == 0);
	takes_one_more();
	CHECK(l.report.damage_count == 0);
}

static void a_batch_torn_in_any_sectors_is_cut(void)
{
	static const size_t sizes[] = {48, 1000, 8, 8, 256, 16};

	for (size_t shift = 0; shift < SECTOR; shift += 8 * TAP_STRIDE) {
		size_t first = 64 + shift;
		uint64_t start;
		unsigned sectors;

		log_new(&l);
		CHECK(log_append(&l, 1, &first, 1) == 0);
		start = wal_end(l.w).offset;
		CHECK(log_append(&l, 6, sizes, 6) == 0);
		keep();
		sectors = (unsigned)((used() - 1) / SECTOR - start / SECTOR + 1);
		for (unsigned missing = 0; missing < 1u << sectors; missing++)
			check_torn(start, missing);
		log_free(&l);
	}
}

static void a_sector_lost_before_a_later_batch_is_damage(void)
{
	static const size_t big = 2000;

	log_new(&l);
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	CHECK(log_append(&l, 1, &big, 1) == 0);
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	keep();
	memset(image + 1024, 0, SECTOR);
	log_restore(&l, slice_of(image, image_n));
	CHECK(log_reopen(&l) == 0);
	CHECK(l.n == 2 && l.frames[0].seq == 1 && l.frames[1].seq == 3);
	CHECK(l.report.torn_from == 0 && l.report.damage_count == 1);
	CHECK(l.report.damage[0].from == kept[1].offset);
	CHECK(l.report.damage[0].to == kept[2].offset);
	takes_one_more();
	log_free(&l);
}

static void a_torn_batch_behind_old_damage_is_still_cut(void)
{
	small_log();
	image[kept[1].offset + 100] ^= 1;
	log_restore(&l, slice_of(image, used() - 20));
	CHECK(log_reopen(&l) == 0);
	CHECK(l.n == kept_n - 2 && damaged_at(kept[1].offset));
	CHECK(l.report.torn_from == kept[kept_n - 1].offset);
	takes_one_more();
	log_free(&l);
}

static void what_was_applied_is_not_scanned_again(void)
{
	struct wal_position at, end;
	size_t n;

	small_log();
	at = wal_end(l.w);
	CHECK(log_reopen_as(&l, &at, false) == 0);
	CHECK(l.n == 0);
	end = wal_end(l.w);
	CHECK(memcmp(&end, &at, sizeof(at)) == 0);
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	CHECK(log_reopen_as(&l, &at, false) == 0);
	CHECK(l.n == 1 && l.frames[0].offset == at.offset &&
		l.frames[0].seq == at.seq + 1);
	n = kept_n + 1;
	CHECK(log_reopen(&l) == 0);
	CHECK(l.n == n && l.report.damage_count == 0);
	log_free(&l);
}

static void a_log_that_ends_before_what_was_applied_is_damage(void)
{
	struct wal_position at;
	uint64_t seq;

	small_log();
	at = wal_end(l.w);
	log_restore(&l, slice_of(image, (size_t)kept[kept_n - 1].offset + 8));
	CHECK(log_reopen_as(&l, &at, false) == 0);
	CHECK(l.n == 0 && l.report.torn_from == 0 && damaged_at(at.offset - 8));
	seq = at.seq;
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	/* what the index has seen is named by no other record */
	CHECK(l.frames[0].offset > at.offset && l.frames[0].seq == seq + 1);
	CHECK(log_reopen_as(&l, &at, false) == 0);
	CHECK(l.n == 1 && l.frames[0].seq == seq + 1);
	log_free(&l);
}

static void what_a_lost_index_had_applied_is_damage_and_is_not_cut(void)
{
	small_log();
	for (size_t cut = (size_t)kept[kept_n - 2].offset; cut < used();
		cut += TAP_STRIDE) {
		size_t whole = kept_n - 2;

		while (whole < kept_n && frame_end(&kept[whole]) <= cut)
			whole++;
		log_restore(&l, slice_of(image, cut));
		l.reached = used();
		CHECK(log_reopen(&l) == 0);
		CHECK(log_is(&l, kept, whole) && l.report.torn_from == 0);
		CHECK(damaged_at(cut) && damaged_at(used() - 1));
		CHECK(slice_equal(slice_sub(log_load(log_file(&l, 0)), 0, cut),
			slice_of(image, cut)));
		takes_one_more();
		CHECK(l.frames[whole].offset > used());
		CHECK(l.frames[whole].seq > kept[kept_n - 1].seq);
		l.reached = 0;
	}
	log_free(&l);
}

static void a_page_that_cannot_be_read_is_damage_and_is_not_cut(void)
{
	static const size_t sizes[] = {3000, 3000, 3000};
	struct stat was, is;

	log_new(&l);
	CHECK(log_append(&l, 3, sizes, 3) == 0);
	keep();
	for (off_t page = 4096; page < 12288; page += 4096) {
		CHECK(stat(log_file(&l, 0), &was) == 0);
		fault.unreadable = page;
		CHECK(log_reopen(&l) == 0);
		fault.unreadable = 0;
		CHECK(l.report.torn_from == 0 && l.report.damage_count > 0);
		CHECK(damaged_at((uint64_t)page));
		CHECK(strstr(l.report.damage[0].what, "cannot read") != NULL);
		CHECK(stat(log_file(&l, 0), &is) == 0 && is.st_size == was.st_size);
	}
	CHECK(log_reopen(&l) == 0); /* the disk has been mended */
	CHECK(log_is(&l, kept, kept_n));
	log_free(&l);
}

static void what_is_visited_was_synced_first(void)
{
	small_log();
	fault_trace();
	CHECK(log_reopen(&l) == 0);
	CHECK_TEXT(slice_str(fault.trace), "df");
	log_restore(&l, slice_of(image, used() - 10));
	fault_trace();
	CHECK(log_reopen(&l) == 0);
	/* the zeros off; the copy, its directory, the store's; the cut */
	CHECK_TEXT(slice_str(fault.trace), "dftwffftf");
	log_free(&l);
}

static void read_only_changes_nothing(void)
{
	struct slice after;
	struct stat st;
	size_t n;

	small_log();
	n = used() - 10;
	log_restore(&l, slice_of(image, n));
	CHECK(log_reopen_as(&l, &log_start, true) == 0);
	CHECK(log_is(&l, kept, kept_n - 1));
	CHECK(l.report.torn_from == kept[kept_n - 1].offset &&
		l.report.torn_to == n);
	CHECK(wal_end(l.w).offset == kept[kept_n - 1].offset);
	CHECK(wal_begin(l.w, 100, &l.err) == -EROFS);
	after = log_load(log_file(&l, 0));
	CHECK(slice_equal(after, slice_of(image, n)));
	CHECK(fstatat(l.dir, "quarantine", &st, 0) < 0);
	log_free(&l);
}

static void a_second_torn_end_at_one_place_keeps_the_first(void)
{
	uint64_t from;

	small_log();
	from = kept[kept_n - 1].offset;
	log_restore(&l, slice_of(image, used() - 10));
	CHECK(log_reopen(&l) == 0);
	log_store(log_file(&l, 0), slice_of(image, used() - 50));
	CHECK(log_reopen(&l) == 0);
	CHECK(l.report.torn_from == from);
	CHECK(has_quarantine(from, slice_of(image + from, used() - 10 - from)));
	log_free(&l);
}

static void a_failing_disk_fails_recovery_and_loses_nothing(void)
{
	for (int at = 1; at < 12; at++) {
		int rc;

		small_log();
		log_restore(&l, slice_of(image, used() - 10));
		fault.at = at;
		fault.code = EIO;
		rc = log_reopen(&l);
		fault.at = 0;
		CHECK(rc == 0 || rc == -EIO);
		CHECK(log_reopen(&l) == 0);
		CHECK(log_is(&l, kept, kept_n - 1));
		takes_one_more();
		log_free(&l);
	}
}

static int stop_at_two(void *ctx, const struct frame *f)
{
	(void)ctx;
	return f->seq == 2 ? -ENOSPC : 0;
}

static void a_visitor_can_stop_the_scan(void)
{
	struct wal_identity who = log_identity();

	small_log();
	wal_close(l.w);
	CHECK(wal_open(l.dir, &who, false, &l.w, &l.err) == 0);
	CHECK(wal_recover(l.w, &log_start, stop_at_two, NULL, &l.report, &l.err) ==
		-ENOSPC);
	CHECK(strstr(l.err.message, "could not be applied") != NULL);
	log_free(&l);
}

int main(void)
{
	RUN(a_new_log_is_empty_and_takes_a_frame);
	RUN(a_log_cut_at_any_byte_keeps_every_whole_frame);
	RUN(a_flipped_bit_costs_one_frame_and_is_reported);
	RUN(so_it_does_with_preallocated_zeros_behind);
	RUN(a_batch_torn_in_any_sectors_is_cut);
	RUN(a_sector_lost_before_a_later_batch_is_damage);
	RUN(a_torn_batch_behind_old_damage_is_still_cut);
	RUN(what_was_applied_is_not_scanned_again);
	RUN(a_log_that_ends_before_what_was_applied_is_damage);
	RUN(what_a_lost_index_had_applied_is_damage_and_is_not_cut);
	RUN(a_page_that_cannot_be_read_is_damage_and_is_not_cut);
	RUN(what_is_visited_was_synced_first);
	RUN(read_only_changes_nothing);
	RUN(a_second_torn_end_at_one_place_keeps_the_first);
	RUN(a_failing_disk_fails_recovery_and_loses_nothing);
	RUN(a_visitor_can_stop_the_scan);
	return tap_done();
}

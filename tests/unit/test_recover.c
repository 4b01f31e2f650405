/* The end of the log: what is cut, what is reported, and that nothing else is lost.
 *
 * Most tests make a small log, spoil its bytes in every possible way of one kind,
 * and open it again: the frames that must be seen are exactly those seen, and the
 * log takes a new one. */
#include "tests/unit/log.h"

#include "store/segment.h"

enum {
	SECTOR = 512,
};

static struct log l;
static struct log_frame kept[LOG_FRAMES];
static size_t kept_n;
static uint8_t image[LOG_FILE_MAX];
static size_t image_n;

/* Note the log as it is: its frames and the bytes of its first file. */
static void keep(void)
{
	struct slice s = log_load(log_file(&l, 0));

	memcpy(kept, l.frames, sizeof(kept));
	kept_n = l.n;
	memcpy(image, s.p, s.n);
	image_n = s.n;
}

static uint64_t frame_end(const struct log_frame *f)
{
	return f->offset + frame_size(f->length);
}

/* The kept log without preallocated zeros. */
static size_t used(void)
{
	return (size_t)frame_end(&kept[kept_n - 1]);
}

static bool damaged_at(uint64_t offset)
{
	for (size_t i = 0; i < l.report.damage_count; i++)
		if (offset >= l.report.damage[i].from &&
			offset < l.report.damage[i].to)
			return true;
	return false;
}

static bool has_quarantine(uint64_t offset, struct slice want)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/quarantine/%016llx.torn", l.path,
		(unsigned long long)offset);
	return slice_equal(log_load(path), want);
}

/* A frame can be appended, and is then there with all that were seen before. */
static void takes_one_more(void)
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
static void small_log(void)
{
	static const size_t sizes[] = {40, 200, 8};

	log_new(&l);
	CHECK(log_append(&l, 3, sizes, 3) == 0);
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	CHECK(log_append(&l, 2, sizes, 3) == 0);
	keep();
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
	for (size_t cut = (size_t)kept[kept_n - 2].offset; cut <= used(); cut++) {
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
	for (size_t byte = 0; byte < used(); byte++)
		for (unsigned bit = 0; bit < 8; bit++)
			check_flip(used(), byte, (uint8_t)(1u << bit));
	log_free(&l);
}

static void so_it_does_with_preallocated_zeros_behind(void)
{
	small_log();
	CHECK(image_n > used() + 2048);
	for (size_t byte = 0; byte < used() + 2048; byte++)
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

	for (size_t shift = 0; shift < SECTOR; shift += 8) {
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

static void segments_of_four_batches(size_t batches)
{
	log_new(&l);
	l.segment_max = 1100;
	CHECK(log_reopen(&l) == 0);
	for (size_t i = 0; i < batches; i++)
		CHECK(log_append(&l, 1, NULL, 0) == 0);
	memcpy(kept, l.frames, sizeof(kept));
	kept_n = l.n;
}

/* Bases of the log's files. */
static size_t list(uint64_t *bases, size_t max)
{
	int dir = openat(l.dir, "wal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t *v = NULL;
	size_t n = 0;

	CHECK(segment_list(dir, &v, &n, NULL) == 0);
	CHECK(n <= max);
	memcpy(bases, v, n * sizeof(*v));
	free(v);
	close(dir);
	return n;
}

static void a_log_rolls_over_many_segments(void)
{
	uint64_t bases[64];
	size_t n;

	segments_of_four_batches(60);
	n = list(bases, 64);
	CHECK(n >= 15);
	for (size_t i = 0; i + 1 < n; i++) {
		struct stat st;

		CHECK(stat(log_file(&l, bases[i]), &st) == 0);
		CHECK(bases[i] + (uint64_t)st.st_size == bases[i + 1]);
	}
	CHECK(log_reopen(&l) == 0);
	CHECK(log_is(&l, kept, kept_n));
	CHECK(l.report.damage_count == 0);
	takes_one_more();
	log_free(&l);
}

static void each_position_between_segments_is_a_place_to_start(void)
{
	segments_of_four_batches(12);
	for (size_t i = 0; i < kept_n; i++) {
		struct wal_position at = {0};

		CHECK(log_reopen(&l) == 0);
		/* as the index would have noted it after that frame */
		at.offset = frame_end(&kept[i]);
		at.seq = kept[i].seq;
		{
			BUF_AUTO(scratch);
			struct frame f;

			CHECK(wal_read(l.w, kept[i].offset, kept[i].length,
				      &scratch, &f) == 0);
			at.chain = f.chain;
		}
		CHECK(log_reopen_as(&l, &at, false) == 0);
		CHECK(log_is(&l, kept + i + 1, kept_n - i - 1));
		CHECK(l.report.damage_count == 0);
	}
	log_free(&l);
}

/* All frames but those of one segment are seen, and its range is reported. */
static void only_that_one_is_lost(uint64_t from, uint64_t to)
{
	struct log_frame want[LOG_FRAMES];
	size_t n = 0;

	for (size_t i = 0; i < kept_n; i++)
		if (kept[i].offset < from || kept[i].offset >= to)
			want[n++] = kept[i];
	CHECK(log_reopen(&l) == 0);
	CHECK(log_is(&l, want, n));
	CHECK(damaged_at(from) && damaged_at(to - 1) && l.report.torn_from == 0);
	takes_one_more();
	CHECK(damaged_at(from) && damaged_at(to - 1));
}

static void a_missing_segment_is_damage(void)
{
	uint64_t bases[64];

	for (size_t i = 0; i < 4; i++) {
		segments_of_four_batches(14);
		CHECK(list(bases, 64) == 5);
		unlink(log_file(&l, bases[i]));
		only_that_one_is_lost(bases[i], bases[i + 1]);
		log_free(&l);
	}
}

static void an_emptied_segment_is_damage(void)
{
	uint64_t bases[64];
	struct stat st;

	for (size_t i = 0; i < 4; i++) {
		segments_of_four_batches(14);
		CHECK(list(bases, 64) == 5);
		log_store(log_file(&l, bases[i]), slice_of("", 0));
		only_that_one_is_lost(bases[i], bases[i + 1]);
		CHECK(stat(log_file(&l, bases[i]), &st) == 0 && st.st_size == 0);
		log_free(&l);
	}
}

static void an_emptied_last_segment_is_damage_and_stays(void)
{
	uint64_t bases[64];
	struct stat st;
	size_t n, before;

	segments_of_four_batches(14);
	n = list(bases, 64);
	log_store(log_file(&l, bases[n - 1]), slice_of("", 0));
	CHECK(log_reopen(&l) == 0);
	for (before = 0; kept[before].offset < bases[n - 1];)
		before++;
	CHECK(log_is(&l, kept, before));
	CHECK(damaged_at(bases[n - 1]));
	takes_one_more();
	CHECK(damaged_at(bases[n - 1]));
	CHECK(stat(log_file(&l, bases[n - 1]), &st) == 0 && st.st_size == 0);
	log_free(&l);
}

static void swapped_segments_are_damage(void)
{
	uint64_t bases[64];
	char a[128], b[128], c[128];

	segments_of_four_batches(14);
	CHECK(list(bases, 64) == 5);
	snprintf(a, sizeof(a), "%s", log_file(&l, bases[1]));
	snprintf(b, sizeof(b), "%s", log_file(&l, bases[2]));
	snprintf(c, sizeof(c), "%s/c", l.path);
	CHECK(rename(a, c) == 0 && rename(b, a) == 0 && rename(c, b) == 0);
	only_that_one_is_lost(bases[1], bases[3]);
	log_free(&l);
}

static void a_copy_under_another_name_hides_nothing(void)
{
	uint64_t bases[64];
	struct log_frame want[LOG_FRAMES];

	segments_of_four_batches(14);
	memcpy(want, kept, sizeof(want));
	CHECK(list(bases, 64) == 5);
	log_store(log_file(&l, bases[1] + 256), log_load(log_file(&l, bases[1])));
	log_store(log_file(&l, bases[2] + 3), log_load(log_file(&l, bases[2])));
	CHECK(log_reopen(&l) == 0);
	CHECK(log_is(&l, want, kept_n));
	CHECK(damaged_at(bases[1] + 256));
	for (size_t i = 0; i < l.n; i++) {
		BUF_AUTO(scratch);
		struct frame f;

		CHECK(wal_read(l.w, want[i].offset, want[i].length, &scratch, &f) ==
			0);
	}
	takes_one_more();
	log_free(&l);
}

static void a_sealed_segment_that_lost_its_end_is_damage(void)
{
	uint64_t bases[64];

	for (off_t less = 1; less < 40; less += 13) {
		struct stat st;
		size_t i;

		segments_of_four_batches(14);
		CHECK(list(bases, 64) == 5);
		stat(log_file(&l, bases[2]), &st);
		CHECK(truncate(log_file(&l, bases[2]), st.st_size - less) == 0);
		for (i = 0; frame_end(&kept[i]) < bases[3];)
			i++;
		only_that_one_is_lost(kept[i].offset, bases[3]);
		log_free(&l);
	}
}

static void every_state_of_a_crash_while_rolling_opens(void)
{
	uint64_t bases[64];
	char tmp[128];
	size_t n;

	segments_of_four_batches(14);
	n = list(bases, 64);
	snprintf(tmp, sizeof(tmp), "%s/wal/new.tmp", l.path);

	/* the old one is not cut yet, on a disk that keeps no order */
	CHECK(truncate(log_file(&l, bases[n - 2]), 300000) == 0);
	CHECK(log_reopen(&l) == 0);
	CHECK(log_is(&l, kept, kept_n) && l.report.damage_count == 0);

	/* half a new one under its temporary name */
	log_store(tmp, slice_of("SWAL", 4));
	CHECK(log_reopen_as(&l, &log_start, true) == 0);
	CHECK(access(tmp, F_OK) == 0);
	CHECK(log_reopen(&l) == 0);
	CHECK(access(tmp, F_OK) != 0);
	CHECK(log_is(&l, kept, kept_n) && l.report.damage_count == 0);

	/* the old one is cut, the new one has no name; or has one and no frame */
	for (int named = 0; named < 2; named++) {
		struct slice header =
			slice_sub(log_load(log_file(&l, bases[n - 1])), 0,
				WAL_SEGMENT_HEADER);
		size_t before = 0;

		if (named)
			log_store(log_file(&l, bases[n - 1]), header);
		else
			unlink(log_file(&l, bases[n - 1]));
		CHECK(log_reopen(&l) == 0);
		while (kept[before].offset < bases[n - 1])
			before++;
		CHECK(log_is(&l, kept, before) && l.report.damage_count == 0);
		takes_one_more();
		CHECK(l.report.damage_count == 0);
	}
	log_free(&l);
}

static void behind_damage_a_new_segment_and_new_numbers_begin(void)
{
	uint64_t bases[4];

	small_log();
	image[kept[kept_n - 1].offset + 80] ^= 1;
	log_restore(&l, slice_of(image, image_n));
	CHECK(log_reopen(&l) == 0);
	CHECK(l.n == kept_n - 1 && list(bases, 4) == 1);
	takes_one_more();
	CHECK(list(bases, 4) == 2 && bases[1] == used());
	/* the record that was lost had a number, and people may have seen it */
	CHECK(l.frames[l.n - 1].seq > kept[kept_n - 1].seq);
	log_free(&l);
}

/* Spoil one byte of a file in place. */
static void spoil(uint64_t base, uint64_t offset)
{
	struct slice s = log_load(log_file(&l, base));

	memcpy(image, s.p, s.n);
	image[offset - base] ^= 0x10;
	log_store(log_file(&l, base), slice_of(image, s.n));
}

static void a_segment_header_takes_the_chain_over_damage(void)
{
	uint64_t bases[64];
	size_t first = 0;

	segments_of_four_batches(14);
	CHECK(list(bases, 64) == 5);
	while (kept[first].offset < bases[2])
		first++;
	spoil(bases[1], kept[first - 1].offset + 90);
	spoil(bases[2], kept[first].offset + 50); /* in its chain value */
	CHECK(log_reopen(&l) == 0);
	CHECK(l.n == kept_n - 2 && l.report.damage_count == 2);
	CHECK(damaged_at(kept[first - 1].offset) && damaged_at(kept[first].offset));
	log_free(&l);
}

static void a_file_in_the_way_of_a_new_segment_is_not_written_over(void)
{
	struct slice junk = slice_str("somebody's notes");

	small_log();
	log_store(log_file(&l, used()), junk);
	l.segment_max = 1000;
	CHECK(log_reopen(&l) == 0);
	CHECK(log_is(&l, kept, kept_n) && damaged_at(used()));
	takes_one_more();
	CHECK(slice_equal(log_load(log_file(&l, used())), junk));
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

static void the_log_of_another_store_is_refused(void)
{
	struct wal_identity who = log_identity();
	struct wal *w = NULL;

	small_log();
	who.store_id[0] ^= 1;
	CHECK(wal_open(l.dir, &who, false, &w, &l.err) == -EBADMSG && !w);
	CHECK(strstr(l.err.message, "another store") != NULL);
	log_free(&l);
}

static void a_newer_version_is_refused(void)
{
	struct id hash;

	small_log();
	image[4] = 2;
	hash = id_of(slice_of(image, 96));
	memcpy(image + 96, hash.b, ID_SIZE);
	log_restore(&l, slice_of(image, image_n));
	CHECK(log_reopen(&l) == -EPROTONOSUPPORT);
	CHECK(strstr(l.err.message, "newer version") != NULL);
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
	RUN(a_log_rolls_over_many_segments);
	RUN(each_position_between_segments_is_a_place_to_start);
	RUN(a_missing_segment_is_damage);
	RUN(an_emptied_segment_is_damage);
	RUN(an_emptied_last_segment_is_damage_and_stays);
	RUN(swapped_segments_are_damage);
	RUN(a_copy_under_another_name_hides_nothing);
	RUN(a_sealed_segment_that_lost_its_end_is_damage);
	RUN(every_state_of_a_crash_while_rolling_opens);
	RUN(behind_damage_a_new_segment_and_new_numbers_begin);
	RUN(a_segment_header_takes_the_chain_over_damage);
	RUN(a_file_in_the_way_of_a_new_segment_is_not_written_over);
	RUN(a_page_that_cannot_be_read_is_damage_and_is_not_cut);
	RUN(what_is_visited_was_synced_first);
	RUN(the_log_of_another_store_is_refused);
	RUN(a_newer_version_is_refused);
	RUN(read_only_changes_nothing);
	RUN(a_second_torn_end_at_one_place_keeps_the_first);
	RUN(a_failing_disk_fails_recovery_and_loses_nothing);
	RUN(a_visitor_can_stop_the_scan);
	return tap_done();
}

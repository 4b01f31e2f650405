/* A log of many files: rolling over, and files that are missing, empty, swapped, copied
 * or of somebody else. */
#include "tests/unit/log_kept.h"

#include "store/segment.h"

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
	struct slice copy;

	segments_of_four_batches(14);
	memcpy(want, kept, sizeof(want));
	CHECK(list(bases, 64) == 5);
	copy = log_load(log_file(&l, bases[1]));
	log_store(log_file(&l, bases[1] + 256), copy);
	log_store(log_file(&l, bases[2] + 3), copy);
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

static void bytes_behind_the_start_of_the_next_segment_are_reported(void)
{
	uint64_t bases[64];
	struct slice s;

	segments_of_four_batches(14);
	CHECK(list(bases, 64) == 5);
	s = log_load(log_file(&l, bases[1]));
	memcpy(image, s.p, s.n);
	memset(image + s.n, 0, 100);
	image[s.n + 60] = 1;
	log_store(log_file(&l, bases[1]), slice_of(image, s.n + 100));
	CHECK(log_reopen(&l) == 0);
	CHECK(log_is(&l, kept, kept_n));
	CHECK(l.report.damage_count == 1 && damaged_at(bases[2] + 60));
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

int main(void)
{
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
	RUN(bytes_behind_the_start_of_the_next_segment_are_reported);
	RUN(the_log_of_another_store_is_refused);
	RUN(a_newer_version_is_refused);
	return tap_done();
}

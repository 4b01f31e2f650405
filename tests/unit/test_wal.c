/* Appending, taking back and reading: what is promised while disks fill up and
 * fail. */
#include "tests/unit/log.h"

#include <pthread.h>
#include <sys/mount.h>

static struct log l;

static void heal(void)
{
	fault.at = 0;
	fault.rest = fault.syncs_only = false;
	fault.partly = 0;
}

/* All that frames[] has, and nothing else, is there after another start. */
static void holds_what_was_acknowledged(void)
{
	static struct log_frame all[LOG_FRAMES];
	size_t n = l.n;

	memcpy(all, l.frames, n * sizeof(*all));
	CHECK(log_reopen(&l) == 0);
	CHECK(log_is(&l, all, n));
	CHECK(l.report.damage_count == 0);
}

static bool can_read(size_t i)
{
	BUF_AUTO(scratch);
	struct frame f;

	return wal_read(l.w, l.frames[i].offset, l.frames[i].length, &scratch,
		       &f) == 0 &&
	       f.seq == l.frames[i].seq;
}

static void a_batch_is_one_write_and_one_fdatasync(void)
{
	static const size_t sizes[] = {8, 100, 3000};
	long calls;

	log_new(&l);
	CHECK(log_append(&l, 1, NULL, 0) == 0); /* it has room now */
	calls = fault.calls;
	fault.datasyncs = 0;
	CHECK(log_append(&l, 3, sizes, 3) == 0);
	CHECK(fault.calls - calls == 2 && fault.datasyncs == 1);
	CHECK(l.frames[1].batch == l.frames[1].offset);
	CHECK(l.frames[2].batch == l.frames[1].offset && l.frames[3].seq == 4);
	holds_what_was_acknowledged();
	log_free(&l);
}

static void a_dropped_or_empty_batch_leaves_no_trace(void)
{
	struct wal_position at;
	struct frame f = {.canonical = slice_str("12345678")};
	struct signature s = log_signature(1);

	log_new(&l);
	at = wal_end(l.w);
	CHECK(wal_begin(l.w, 1000, &l.err) == 0 && wal_add(l.w, &f, &s, 1) == 0);
	wal_drop(l.w);
	CHECK(wal_write(l.w, &l.err) == 0);
	CHECK(wal_end(l.w).offset == at.offset && wal_end(l.w).seq == 0);
	CHECK(log_append(&l, 2, NULL, 0) == 0);
	holds_what_was_acknowledged();
	log_free(&l);
}

static void a_record_that_no_frame_can_hold_is_refused(void)
{
	static const uint8_t big[FRAME_PAYLOAD_MAX];
	struct frame f = {.canonical = slice_of(big, sizeof(big))};

	log_new(&l);
	CHECK(wal_begin(l.w, 2 * sizeof(big), &l.err) == 0);
	CHECK(wal_add(l.w, &f, NULL, 0) == -EMSGSIZE);
	f.canonical.n -= FRAME_PREFIX;
	CHECK(wal_add(l.w, &f, NULL, 0) == 0);
	CHECK(wal_write(l.w, &l.err) == 0);
	{
		BUF_AUTO(scratch);
		struct frame got;

		CHECK(wal_read(l.w, f.offset, f.length, &scratch, &got) == 0);
		CHECK(slice_equal(got.canonical, f.canonical));
	}
	log_free(&l);
}

static void a_pending_batch_can_be_read_by_its_builder(void)
{
	struct frame f = {.canonical = slice_str("12345678"), .uid = 3}, g = f, got;
	struct signature s = log_signature(1);
	struct wal_position at;
	BUF_AUTO(scratch);

	log_new(&l);
	at = wal_end(l.w);
	CHECK(wal_begin(l.w, 1000, &l.err) == 0);
	CHECK(wal_add(l.w, &f, &s, 1) == 0 && wal_add(l.w, &g, &s, 1) == 0);
	CHECK(wal_peek(l.w, g.offset, &got) && got.seq == g.seq && got.uid == 3);
	CHECK(wal_peek(l.w, f.offset, &got) &&
		slice_equal(got.canonical, f.canonical));
	CHECK(!wal_peek(l.w, f.offset + 8, &got));
	CHECK(!wal_peek(l.w, g.offset + frame_size(g.length), &got));
	CHECK(wal_end(l.w).offset == g.offset + frame_size(g.length));
	CHECK(wal_end(l.w).seq == 2 &&
		wal_read(l.w, f.offset, f.length, &scratch, &got) < 0);
	wal_drop(l.w);
	CHECK(!wal_peek(l.w, f.offset, &got) && wal_end(l.w).offset == at.offset);
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	CHECK(!wal_peek(l.w, f.offset, &got)); /* it is in the log now */
	holds_what_was_acknowledged();
	log_free(&l);
}

static void an_undone_batch_leaves_no_trace(void)
{
	struct wal_position at, end;

	log_new(&l);
	CHECK(log_append(&l, 3, NULL, 0) == 0);
	at = wal_end(l.w);
	for (int i = 0; i < 3; i++) {
		size_t n = l.n;

		CHECK(log_append(&l, 2, NULL, 0) == 0 && can_read(n));
		fault.datasyncs = 0;
		CHECK(wal_undo(l.w, &l.err) == 0);
		CHECK(fault.datasyncs == 1); /* nor after a power cut */
		end = wal_end(l.w);
		CHECK(memcmp(&at, &end, sizeof(at)) == 0);
		CHECK(!can_read(n));
		l.n = n;
	}
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	CHECK(l.frames[3].seq == 4 && l.frames[3].offset == at.offset);
	holds_what_was_acknowledged();
	log_free(&l);
}

/* One frame is added and the disk has begun to write it; nothing is synced. */
static void begin_to_write(struct frame *f)
{
	struct signature s = log_signature(1);

	*f = (struct frame){.canonical = slice_str("12345678")};
	CHECK(wal_begin(l.w, 1000, &l.err) == 0 && wal_add(l.w, f, &s, 1) == 0);
	fault.datasyncs = 0;
	CHECK(wal_start(l.w, &l.err) == 0 && fault.datasyncs == 0);
}

static void a_batch_that_is_being_written_is_synced_or_taken_back(void)
{
	struct wal_position at, end;
	struct frame f, got;

	log_new(&l);
	CHECK(log_append(&l, 2, NULL, 0) == 0);
	at = wal_end(l.w);
	begin_to_write(&f);
	fault_trace();
	CHECK(wal_start(l.w, &l.err) == 0 && wal_peek(l.w, f.offset, &got));
	CHECK(wal_write(l.w, &l.err) == 0);
	CHECK_TEXT(slice_str(fault.trace), "d"); /* it was written before */
	CHECK(wal_undo(l.w, &l.err) == 0);
	begin_to_write(&f);
	fault_trace();
	CHECK(wal_undo(l.w, &l.err) == 0);
	CHECK_TEXT(slice_str(fault.trace), "wd");
	end = wal_end(l.w);
	CHECK(memcmp(&at, &end, sizeof(at)) == 0);
	holds_what_was_acknowledged();
	log_free(&l);
}

static void a_started_batch_that_cannot_be_taken_back_is_final(void)
{
	struct frame f;

	log_new(&l);
	begin_to_write(&f);
	fault.at = 1;
	fault.code = EIO;
	CHECK(wal_undo(l.w, &l.err) == -EIO && wal_failed(l.w));
	CHECK(strstr(l.err.message, "after the next start") != NULL);
	heal();
	CHECK(log_append(&l, 1, NULL, 0) == -EROFS);
	log_free(&l);
}

/* The first write of each batch fails. Mostly that is the batch; where zeros were due
 * ahead of it, that is no failure. */
static void zeros_that_cannot_be_written_ahead_are_done_without(void)
{
	static const size_t size[] = {1000};
	int done_without = 0;

	log_new(&l);
	CHECK(log_append(&l, 1, size, 1) == 0);
	for (int i = 0; i < 300; i++) {
		fault_trace();
		fault.at = 1;
		fault.code = EIO;
		if (log_append(&l, 1, size, 1) == 0) {
			CHECK_TEXT(slice_str(fault.trace), "wwd");
			done_without++;
		} else {
			CHECK(strlen(fault.trace) == 1); /* or its space */
			heal();
			CHECK(log_append(&l, 1, size, 1) == 0);
		}
		heal();
	}
	CHECK(done_without > 0 && done_without < 300 && l.n == 301);
	holds_what_was_acknowledged();
	log_free(&l);
}

static void only_locators_of_frames_can_be_read(void)
{
	BUF_AUTO(scratch);
	struct log_frame f;
	struct frame got;

	log_new(&l);
	CHECK(log_append(&l, 2, NULL, 0) == 0);
	f = l.frames[0];
	CHECK(can_read(0) && can_read(1));
	CHECK(wal_read(l.w, f.offset, 0, &scratch, &got) == 0 &&
		got.length == f.length);
	CHECK(wal_read(l.w, f.offset + 8, 0, &scratch, &got) == -EBADMSG);
	CHECK(wal_read(l.w, f.offset + 8, f.length, &scratch, &got) == -EBADMSG);
	CHECK(wal_read(l.w, f.offset, f.length + 8, &scratch, &got) == -EBADMSG);
	CHECK(wal_read(l.w, f.offset, f.length - 8, &scratch, &got) == -EBADMSG);
	CHECK(wal_read(l.w, f.offset, UINT32_MAX, &scratch, &got) == -EBADMSG);
	CHECK(wal_read(l.w, 0, f.length, &scratch, &got) == -EBADMSG);
	CHECK(wal_read(l.w, UINT64_C(1) << 50, f.length, &scratch, &got) ==
		-EBADMSG);
	CHECK(wal_read(l.w, wal_end(l.w).offset, f.length, &scratch, &got) ==
		-EBADMSG);
	log_free(&l);
}

static void a_failed_sync_is_final(void)
{
	size_t n;

	log_new(&l);
	CHECK(log_append(&l, 3, NULL, 0) == 0);
	n = l.n;
	fault.at = 1;
	fault.code = EIO;
	fault.syncs_only = true;
	CHECK(log_append(&l, 1, NULL, 0) == -EIO);
	CHECK(strstr(l.err.message, "after the next start") != NULL);
	CHECK(wal_failed(l.w));
	heal(); /* the disk says that all is well again */
	fault.datasyncs = fault.calls = 0;
	CHECK(log_append(&l, 1, NULL, 0) == -EROFS);
	CHECK(wal_write(l.w, &l.err) < 0);
	CHECK(wal_undo(l.w, &l.err) == 0); /* there is nothing of that kind */
	CHECK(fault.datasyncs == 0 && fault.calls == 0);
	CHECK(l.n == n && can_read(0) && can_read(2));

	CHECK(log_reopen(&l) == 0);
	CHECK(!wal_failed(l.w) && (l.n == n || l.n == n + 1));
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	holds_what_was_acknowledged();
	log_free(&l);
}

static void a_write_that_stops_at_any_byte_is_taken_back(void)
{
	static const size_t sizes[] = {24, 64};

	log_new(&l);
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	for (size_t partly = 0; partly < 400; partly++) {
		struct wal_position at = wal_end(l.w);

		CHECK(wal_begin(l.w, 1000, &l.err) ==
			0); /* so that the write is next */
		fault.at = 1;
		fault.code = partly % 2 ? ENOSPC : EIO;
		fault.partly = partly;
		CHECK(log_append(&l, 2, sizes, 2) == -fault.code);
		CHECK(strstr(l.err.message, ".wal: cannot write") != NULL);
		heal();
		CHECK(!wal_failed(l.w) && wal_end(l.w).offset == at.offset);
		if (partly % 8 == 0)
			CHECK(log_append(&l, 1, NULL, 0) == 0);
		if (partly % 16 < 2)
			holds_what_was_acknowledged();
	}
	log_free(&l);
}

static void taking_back_that_fails_is_final(void)
{
	log_new(&l);
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	fault.at = 1;
	fault.code = EIO;
	CHECK(wal_undo(l.w, &l.err) == -EIO);
	heal();
	CHECK(wal_failed(l.w));
	CHECK(strstr(l.err.message, "after the next start") != NULL);
	CHECK(log_append(&l, 1, NULL, 0) == -EROFS);
	CHECK(log_reopen(&l) == 0);
	CHECK(l.n == 2 && l.report.damage_count == 0);
	log_free(&l);
}

/* A little of everything; each batch that was acknowledged is in frames[]. */
static void some_work(void)
{
	static const size_t sizes[] = {300, 8, 80};

	for (int i = 0; i < 12; i++) {
		size_t n = l.n;

		if (log_append(&l, 3, sizes, 3) == 0 && i % 4 == 3) {
			(void)wal_undo(l.w, &l.err);
			l.n = n; /* nobody was told that it was kept */
		}
	}
}

/* What was acknowledged is there; what was not may be there only behind it, since
 * each of the failed batches came after the log had stopped. */
static void nothing_acknowledged_is_lost(void)
{
	static struct log_frame all[LOG_FRAMES];
	size_t n = l.n;

	memcpy(all, l.frames, n * sizeof(*all));
	CHECK(log_reopen(&l) == 0);
	CHECK(!l.wrong && l.n >= n && l.n <= n + 3);
	CHECK(memcmp(l.frames, all, n * sizeof(*all)) == 0);
	CHECK(l.report.damage_count == 0);
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	holds_what_was_acknowledged();
}

static void whatever_call_fails_nothing_acknowledged_is_lost(void)
{
	static const int codes[] = {EIO, ENOSPC};
	long calls;

	log_new(&l);
	l.segment_max = 2000;
	CHECK(log_reopen(&l) == 0);
	calls = fault.calls;
	some_work();
	calls = fault.calls - calls;
	CHECK(calls > 40 && l.n == 27);
	log_free(&l);
	for (int at = 1; at <= calls; at++) {
		for (int i = 0; i < 4; i++) {
			log_new(&l);
			l.segment_max = 2000;
			CHECK(log_reopen(&l) == 0);
			fault.at = at;
			fault.code = codes[i % 2];
			fault.rest = i / 2;
			some_work();
			heal();
			nothing_acknowledged_is_lost();
			log_free(&l);
		}
	}
}

static void a_new_segment_is_on_disk_before_it_is_used(void)
{
	log_new(&l);
	l.segment_max = 500;
	CHECK(log_reopen(&l) == 0);
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	fault_trace();
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	/* the old one cut and synced; the new one written, synced, named, its directory
	 * synced; its space; zeros; the batch */
	CHECK_TEXT(slice_str(fault.trace), "tfwfrfawwd");
	log_free(&l);
}

static void a_disk_that_is_nearly_full_gives_smaller_steps(void)
{
	struct stat st;

	log_new(&l);
	fault.at = 1; /* the first preallocation */
	fault.code = ENOSPC;
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	CHECK(stat(log_file(&l, 0), &st) == 0);
	CHECK(st.st_size > 64 << 10 && st.st_size < 256 << 10);
	holds_what_was_acknowledged();
	log_free(&l);
}

static void preallocation_doubles_up_to_eight_megabytes(void)
{
	off_t was = WAL_SEGMENT_HEADER, step = 256 << 10;
	struct stat st;

	log_new(&l);
	for (int i = 0; i < 9; i++) {
		CHECK(wal_begin(l.w, (uint64_t)was, &l.err) == 0);
		CHECK(stat(log_file(&l, 0), &st) == 0);
		if (st.st_size == was)
			continue;
		CHECK(st.st_size - was == step);
		was = st.st_size;
		step = step < 8 << 20 ? 2 * step : step;
	}
	CHECK(was > 16 << 20);
	log_free(&l);
}

/* A small file system below the log's directory; false when we may not mount. */
static bool mount_small(void)
{
	struct wal_identity who = log_identity();

	log_make_dir(&l);
	if (mount("none", l.path, "tmpfs", 0, "size=1m") < 0) {
		rmdir(l.path);
		return false;
	}
	close(l.dir); /* what lies under the mount */
	l.dir = open(l.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fault.real_space = true;
	CHECK(wal_create(l.dir, &who, &l.err) == 0);
	CHECK(log_reopen(&l) == 0);
	return true;
}

static void unmount_small(void)
{
	fault.real_space = false;
	wal_close(l.w);
	wal_report_free(&l.report);
	close(l.dir);
	CHECK(umount(l.path) == 0);
	rmdir(l.path);
}

static void a_full_disk_refuses_and_writing_resumes_when_there_is_room(void)
{
	static const size_t big[] = {4000};
	char filler[128];
	size_t n;
	int rc, fd;

	if (!mount_small()) {
		printf("# SKIP: no right to mount\n");
		return;
	}
	snprintf(filler, sizeof(filler), "%s/filler", l.path);
	fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && posix_fallocate(fd, 0, 300 << 10) == 0);
	close(fd);
	do
		rc = log_append(&l, 5, big, 1);
	while (rc == 0 && l.n < LOG_FRAMES);
	CHECK(rc == -ENOSPC && !wal_failed(l.w));
	CHECK(strstr(l.err.message, "no room") != NULL);
	n = l.n;
	CHECK(n > 120);
	holds_what_was_acknowledged();
	CHECK(log_append(&l, 5, big, 1) == -ENOSPC);
	CHECK(unlink(filler) == 0);
	CHECK(log_append(&l, 5, big, 1) == 0);
	holds_what_was_acknowledged();
	unmount_small();
}

static void a_torn_end_is_cut_on_a_full_disk(void)
{
	static const size_t big[] = {4000};
	char filler[128];
	struct stat st;
	size_t n;
	int fd;

	if (!mount_small()) {
		printf("# SKIP: no right to mount\n");
		return;
	}
	CHECK(log_append(&l, 3, big, 1) == 0);
	n = l.n;
	CHECK(log_append(&l, 3, big, 1) == 0);
	fd = open(log_file(&l, 0), O_WRONLY | O_CLOEXEC);
	CHECK(pwrite(fd, (char[1024]){0}, 1024, (off_t)l.frames[n].offset + 500) ==
		1024);
	close(fd);
	snprintf(filler, sizeof(filler), "%s/filler", l.path);
	fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	for (off_t at = 0; syscall(SYS_fallocate, fd, 0, at, 4096) == 0;)
		at += 4096;
	close(fd);
	CHECK(log_reopen(&l) == 0);
	CHECK(l.n == n && l.report.torn_from != 0);
	CHECK(fstatat(l.dir, "quarantine", &st, 0) == 0);
	unmount_small();
}

static void opening_at_the_end_of_a_long_log_reads_only_its_tail(void)
{
	static const size_t big[] = {4000};
	struct wal_position at;

	log_new(&l);
	for (int i = 0; i < 150; i++)
		CHECK(log_append(&l, 20, big, 1) == 0);
	at = wal_end(l.w);
	CHECK(at.offset > 12 << 20);
	fault.bytes_read = 0;
	CHECK(log_reopen_as(&l, &at, false) == 0);
	CHECK(l.n == 0 &&
		fault.bytes_read < 9 << 20); /* preallocated zeros, no more */
	CHECK(log_append(&l, 1, NULL, 0) == 0);
	CHECK(l.frames[0].seq == at.seq + 1);
	log_free(&l);
}

static void a_store_is_known_by_its_log(void)
{
	struct wal_identity who = log_identity(), got = {0};
	bool proved;

	log_new(&l);
	CHECK(wal_create(l.dir, &who, &l.err) == -EEXIST);
	CHECK(wal_read_identity(l.dir, &got, &proved, &l.err) == 0);
	CHECK(memcmp(got.store_id, who.store_id, WAL_STORE_ID) == 0);
	CHECK(agent_compare(&got.store_key, &who.store_key) == 0);
	CHECK(truncate(log_file(&l, 0), 100) == 0);
	CHECK(wal_read_identity(l.dir, &got, &proved, &l.err) == -EBADMSG);
	log_free(&l);
}

/* Frames that readers may ask for; the count is published after the frame is. */
static struct {
	struct log_frame v[LOG_FRAMES];
	size_t n;
	bool stop;
	size_t bad;
} shared;

static void *read_at_random(void *arg)
{
	unsigned seed = *(unsigned *)arg;
	BUF_AUTO(scratch);

	while (!__atomic_load_n(&shared.stop, __ATOMIC_ACQUIRE)) {
		size_t n = __atomic_load_n(&shared.n, __ATOMIC_ACQUIRE);
		struct log_frame *want;
		struct frame f;

		if (n == 0)
			continue;
		want = &shared.v[(size_t)rand_r(&seed) % n];
		if (wal_read(l.w, want->offset, want->length, &scratch, &f) < 0 ||
			f.seq != want->seq)
			__atomic_fetch_add(&shared.bad, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static size_t open_descriptors(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void readers_see_every_frame_while_the_log_grows_and_rolls(void)
{
	pthread_t threads[3];
	unsigned seeds[3] = {1, 2, 3};

	log_new(&l);
	l.segment_max = 1100; /* more segments than descriptors are kept */
	CHECK(log_reopen(&l) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(
			      &threads[i], NULL, read_at_random, &seeds[i]) == 0);
	for (size_t i = 0; i < 1600; i++) {
		CHECK(log_append(&l, 1, NULL, 0) == 0);
		shared.v[i] = l.frames[i];
		__atomic_store_n(&shared.n, i + 1, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&shared.stop, true, __ATOMIC_RELEASE);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	CHECK(shared.bad == 0);
	CHECK(open_descriptors() < 300);
	holds_what_was_acknowledged();
	log_free(&l);
}

int main(void)
{
	RUN(a_batch_is_one_write_and_one_fdatasync);
	RUN(a_dropped_or_empty_batch_leaves_no_trace);
	RUN(a_record_that_no_frame_can_hold_is_refused);
	RUN(a_pending_batch_can_be_read_by_its_builder);
	RUN(an_undone_batch_leaves_no_trace);
	RUN(a_batch_that_is_being_written_is_synced_or_taken_back);
	RUN(a_started_batch_that_cannot_be_taken_back_is_final);
	RUN(zeros_that_cannot_be_written_ahead_are_done_without);
	RUN(only_locators_of_frames_can_be_read);
	RUN(a_failed_sync_is_final);
	RUN(a_write_that_stops_at_any_byte_is_taken_back);
	RUN(taking_back_that_fails_is_final);
	RUN(whatever_call_fails_nothing_acknowledged_is_lost);
	RUN(a_new_segment_is_on_disk_before_it_is_used);
	RUN(a_disk_that_is_nearly_full_gives_smaller_steps);
	RUN(preallocation_doubles_up_to_eight_megabytes);
	RUN(a_full_disk_refuses_and_writing_resumes_when_there_is_room);
	RUN(a_torn_end_is_cut_on_a_full_disk);
	RUN(opening_at_the_end_of_a_long_log_reads_only_its_tail);
	RUN(a_store_is_known_by_its_log);
	RUN(readers_see_every_frame_while_the_log_grows_and_rolls);
	return tap_done();
}

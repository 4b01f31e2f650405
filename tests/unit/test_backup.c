/* Copies of a store whose log has many segments: a copy holds what lies before its moment,
 * to the byte, whatever was written since and whatever is damaged. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/internal.h"
#include "store/segment.h"
#include "tests/unit/tap.h"

enum {
	SEGMENT = 1200, /* bytes: a few records */
	RECORDS = 24,
	SEGMENTS_MAX = 64,
};

static char top[] = "/tmp/stemefs-backup-XXXXXX";
static const struct signer me = {.uid = 1000, .may_make_key = true};
static struct store_moment moments[RECORDS + 1];
static struct id heads[RECORDS + 1]; /* of the log at that moment */
static uint64_t seqs[RECORDS + 1];

static const char *at(const char *name)
{
	static char path[4][256];
	static int turn;
	char *p = path[turn++ & 3];

	(void)snprintf(p, sizeof(path[0]), "%s/%s", top, name);
	return p;
}

static void clear(const char *name)
{
	char command[300];

	(void)snprintf(command, sizeof(command), "rm -rf %s", at(name));
	CHECK(system(command) == 0); /* NOLINT(cert-env33-c) */
}

static struct store *open_store(const char *name)
{
	struct store_options o = {0};
	struct store *s = NULL;
	struct error err = {0};

	if (store_open(at(name), &o, &s, &err) < 0)
		printf("# open %s: %s\n", name, err.message);
	return s;
}

static void post(struct store *s, int n)
{
	struct error err = {0};
	struct draft d;
	struct entry e;
	struct submission sub = {.uid = 1000, .entries = &e, .count = 1};
	ARENA_AUTO(a);
	char json[100];

	(void)snprintf(json, sizeof(json),
		"{\"subject\":\"s%d\",\"predicate\":\"p\",\"object\":%d}", n % 5,
		n);
	CHECK(record_parse(slice_str(json), &a, &d, &err) == 0);
	CHECK(store_prepare(s, &me, &d, &a, &e, &err) == 0);
	CHECK(store_commit(s, &sub) == 0);
}

static void note_moment(struct store *s, int n)
{
	CHECK(store_moment(at("store"), s, &moments[n], NULL) == 0);
	heads[n] = wal_end(s->wal).chain;
	seqs[n] = wal_end(s->wal).seq;
}

/* The index of an open store, as another process sees it. */
static void another_process_sees_the_same_moment(int n)
{
	pid_t child = fork();
	int status = 1;

	if (child == 0) {
		struct store_moment m = {0};
		int rc = store_moment(at("store"), NULL, &m, NULL);

		_exit(rc == 0 && m.log_end == moments[n].log_end &&
					m.seq == moments[n].seq
				? 0
				: 1);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

/* A store of RECORDS claims, with a moment noted after each. */
static void make_store(void)
{
	struct store *s;

	clear("store");
	CHECK(store_create(at("store"), NULL) == 0);
	s = open_store("store");
	wal_set_segment_max(s->wal, SEGMENT);
	note_moment(s, 0);
	for (int i = 1; i <= RECORDS; i++) {
		post(s, i);
		note_moment(s, i);
		if (i % 8 == 0)
			another_process_sees_the_same_moment(i);
	}
	store_close(s);
}

static int backup(const struct store_moment *m, struct store_copied *out)
{
	int fd = open(at("tar"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc = store_backup(at("store"), m, fd, NULL, out, NULL);

	(void)close(fd);
	return rc;
}

static int restore(struct store_copied *out)
{
	struct error err = {0};
	int fd = open(at("tar"), O_RDONLY | O_CLOEXEC);
	int rc;

	clear("copy");
	rc = store_restore(fd, at("copy"), NULL, out, &err);
	if (rc < 0)
		printf("# restore: %s\n", err.message);
	(void)close(fd);
	return rc;
}

/* Where the log of a store ends, read anew. */
static struct wal_position end_of(const char *name)
{
	struct store *s = open_store(name);
	struct wal_position end = {0};

	CHECK(s && s->recovered.damage_count == 0);
	if (s)
		end = wal_end(s->wal);
	store_close(s);
	return end;
}

static void a_copy_ends_at_its_moment(void)
{
	make_store();
	for (int i = 0; i <= RECORDS; i++) {
		struct store_copied copied, again;
		struct wal_position end;

		CHECK(backup(&moments[i], &copied) == 0);
		CHECK(copied.bad == 0 && copied.seq == seqs[i]);
		CHECK(copied.records == seqs[i]);
		CHECK(restore(&again) == 0);
		CHECK(again.bad == 0 && again.records == seqs[i]);
		end = end_of("copy");
		CHECK(end.seq == seqs[i]);
		CHECK(id_compare(&end.chain, &heads[i]) == 0);
	}
}

static size_t segments(const char *name, uint64_t bases[SEGMENTS_MAX])
{
	char wal[64];
	uint64_t *v = NULL;
	size_t n = 0;
	int dir;

	(void)snprintf(wal, sizeof(wal), "%s/wal", name);
	dir = open(at(wal), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(segment_list(dir, &v, &n, NULL) == 0 && n <= SEGMENTS_MAX);
	memcpy(bases, v, n * sizeof(*v));
	free(v);
	(void)close(dir);
	return n;
}

static const char *file_of(const char *name, uint64_t base)
{
	char path[100], file[SEGMENT_NAME];

	segment_name(base, file);
	(void)snprintf(path, sizeof(path), "%s/wal/%s", name, file);
	return at(path);
}

static size_t content(const char *path, uint8_t *out, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : segment_pread(fd, out, max, 0);

	if (fd >= 0)
		(void)close(fd);
	return n < 0 ? 0 : (size_t)n;
}

/* Each file of the copy's log is that of the store, as far as it goes. */
static void the_copy_has_the_same_bytes(size_t n)
{
	static uint8_t a[1 << 20], b[1 << 20];
	uint64_t bases[SEGMENTS_MAX];

	CHECK(segments("copy", bases) == n);
	for (size_t i = 0; i < n; i++) {
		size_t k = content(file_of("copy", bases[i]), a, sizeof(a));

		CHECK(content(file_of("store", bases[i]), b, sizeof(b)) >= k);
		CHECK(k > 0 && memcmp(a, b, k) == 0);
	}
}

static void flip(const char *path, off_t offset)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	uint8_t c = 0;

	CHECK(pread(fd, &c, 1, offset) == 1);
	c ^= 0x55;
	CHECK(pwrite(fd, &c, 1, offset) == 1);
	(void)close(fd);
}

/* Damaged, copied, restored: named both times, and nothing else is lost. */
static void damage_goes_along(size_t files, uint64_t at_least)
{
	struct store_copied copied, again;

	CHECK(backup(&moments[RECORDS], &copied) == 0);
	CHECK(copied.bad >= 1 && copied.records >= at_least &&
		copied.records < seqs[RECORDS] + 1);
	CHECK(restore(&again) == 0);
	CHECK(again.bad >= 1 && again.records == copied.records);
	the_copy_has_the_same_bytes(files);
}

static void a_damaged_frame_or_header_goes_along(void)
{
	uint64_t bases[SEGMENTS_MAX];
	size_t n;

	make_store();
	n = segments("store", bases);
	CHECK(n >= 6);
	for (size_t i = 0; i < n; i++) {
		/* a header of a segment; one of a frame; the payload of a frame */
		static const off_t places[] = {40, WAL_SEGMENT_HEADER + 10,
			WAL_SEGMENT_HEADER + FRAME_HEADER + 30};

		for (int k = 0; k < 3; k++) {
			flip(file_of("store", bases[i]), places[k]);
			damage_goes_along(n, seqs[RECORDS] - 1);
			flip(file_of("store", bases[i]), places[k]);
		}
	}
}

static void a_missing_segment_is_missing_in_the_copy(void)
{
	uint64_t bases[SEGMENTS_MAX];
	size_t n;

	make_store();
	n = segments("store", bases);
	CHECK(unlink(file_of("store", bases[2])) == 0);
	damage_goes_along(n - 1, seqs[RECORDS] / 2);
	CHECK(unlink(file_of("store", bases[0])) == 0);
	damage_goes_along(n - 2, seqs[RECORDS] / 2);
	/* the last: what it held had been acknowledged, and the moment knows */
	CHECK(unlink(file_of("store", bases[n - 1])) == 0);
	{
		struct store_copied copied;

		CHECK(backup(&moments[RECORDS], &copied) == 0);
		CHECK(copied.bad == 3);
	}
}

static void space_that_was_not_given_back_is_no_damage(void)
{
	struct store_copied copied;
	uint64_t bases[SEGMENTS_MAX];

	make_store();
	(void)segments("store", bases);
	CHECK(truncate(file_of("store", bases[1]), 100000) == 0);
	CHECK(backup(&moments[RECORDS], &copied) == 0);
	CHECK(copied.bad == 0 && copied.records == seqs[RECORDS]);
	CHECK(restore(&copied) == 0);
	CHECK(copied.bad == 0 && copied.records == seqs[RECORDS]);
}

static void a_file_that_is_no_segment_of_ours_goes_along(void)
{
	uint64_t bases[SEGMENTS_MAX];
	size_t n;
	int fd;

	make_store();
	n = segments("store", bases);
	fd = open(file_of("store", bases[1] + 64), O_WRONLY | O_CREAT | O_CLOEXEC,
		0600);
	CHECK(write(fd, "stray", 5) == 5);
	(void)close(fd);
	damage_goes_along(n + 1, seqs[RECORDS]);
}

static void a_link_in_the_place_of_a_segment_is_not_followed(void)
{
	uint64_t bases[SEGMENTS_MAX];
	size_t n;

	make_store();
	n = segments("store", bases);
	CHECK(rename(file_of("store", bases[1]), at("elsewhere")) == 0);
	CHECK(symlink(at("elsewhere"), file_of("store", bases[1])) == 0);
	damage_goes_along(n - 1, seqs[RECORDS] / 2);
	CHECK(unlink(file_of("store", bases[1])) == 0);
	CHECK(mkdir(file_of("store", bases[1]), 0700) == 0);
	damage_goes_along(n - 1, seqs[RECORDS] / 2);
}

/* What stands behind a moment, be it half a frame or nonsense, is not looked at. */
static void what_stands_behind_is_nobodys(void)
{
	struct store_copied copied;
	uint64_t bases[SEGMENTS_MAX];
	size_t n;
	int fd;

	make_store();
	n = segments("store", bases);
	fd = open(file_of("store", bases[n - 1]), O_WRONLY | O_CLOEXEC);
	CHECK(pwrite(fd, "SFRMnonsense", 12,
		      (off_t)(moments[RECORDS].log_end - bases[n - 1])) == 12);
	(void)close(fd);
	CHECK(backup(&moments[RECORDS], &copied) == 0);
	CHECK(copied.bad == 0 && copied.records == seqs[RECORDS]);
	CHECK(restore(&copied) == 0 && copied.bad == 0);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	RUN(a_copy_ends_at_its_moment);
	RUN(a_damaged_frame_or_header_goes_along);
	RUN(a_missing_segment_is_missing_in_the_copy);
	RUN(space_that_was_not_given_back_is_no_damage);
	RUN(a_file_that_is_no_segment_of_ours_goes_along);
	RUN(a_link_in_the_place_of_a_segment_is_not_followed);
	RUN(what_stands_behind_is_nobodys);
	clear("");
	return tap_done();
}

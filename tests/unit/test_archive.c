/* Headers of archives, and that reading takes nothing that writing does not give. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/archive.h"
#include "tests/unit/tap.h"

/* What GNU tar 1.34 makes of a file of 5 bytes, `tar --format=ustar --owner=:1000
 * --group=:1000 --numeric-owner --mode=600 --mtime=@1700000000 -c format`: bytes 100 to 156
 */
static const char gnu[] = "0000600\0"
			  "0001750\0"
			  "0001750\0"
			  "00000000005\0"
			  "14524770400\0"
			  "010477\0 "
			  "0";

static void a_header_is_that_of_gnu_tar(void)
{
	struct archive_entry e = {
		.name = "format",
		.size = 5,
		.mtime = 1700000000,
		.uid = 1000,
		.gid = 1000,
	};
	uint8_t h[ARCHIVE_BLOCK];

	archive_encode(&e, h);
	CHECK(memcmp(h, "format\0\0", 8) == 0);
	CHECK(memcmp(h + 100, gnu, 48) == 0);
	CHECK(memcmp(h + 257,
		      "ustar\000"
		      "00",
		      8) == 0);
	CHECK(h[156] == '0');
}

static void what_was_encoded_is_decoded(void)
{
	static const struct archive_entry list[] = {
		{.name = "a"},
		{.name = "wal/", .directory = true},
		{.name = "pax_global_header", .global = true, .size = 107},
		{.name = "wal/0000000000000000.wal", .size = UINT64_C(7) << 30},
		{.name = "a", .uid = UINT32_MAX, .gid = 2097152, .mtime = 1},
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct archive_entry out;
		uint8_t h[ARCHIVE_BLOCK];

		archive_encode(&list[i], h);
		CHECK(archive_decode(h, &out, NULL) == 0);
		CHECK(strcmp(out.name, list[i].name) == 0);
		CHECK(out.size == list[i].size && out.mtime == list[i].mtime);
		CHECK(out.directory == list[i].directory &&
			out.global == list[i].global);
	}
}

static void no_byte_of_a_header_can_be_changed(void)
{
	struct archive_entry e = {.name = "wal/0000000000000000.wal", .size = 5};
	struct archive_entry out;
	uint8_t h[ARCHIVE_BLOCK];

	archive_encode(&e, h);
	for (int i = 0; i < ARCHIVE_BLOCK; i++)
		for (int bit = 0; bit < 8; bit++) {
			h[i] ^= (uint8_t)(1 << bit);
			CHECK(archive_decode(h, &out, NULL) == -EBADMSG);
			h[i] ^= (uint8_t)(1 << bit);
		}
	memset(h, 0, sizeof(h));
	CHECK(archive_decode(h, &out, NULL) == -ENODATA);
}

/* An archive of files of these sizes in a temporary file. */
static int make(const size_t *sizes, size_t n)
{
	char path[] = "/tmp/stemefs-archive-XXXXXX";
	struct archive_out a;
	int fd = mkstemp(path);

	(void)unlink(path);
	archive_start(&a, fd);
	for (size_t i = 0; i < n; i++) {
		struct archive_entry e = {.name = "x", .size = sizes[i]};
		uint8_t *bytes = malloc(sizes[i] + 1);

		memset(bytes, (int)('a' + i), sizes[i]);
		if (i + 1 == n)
			archive_seal(&a, 7);
		archive_enter(&a, &e);
		/* in two parts, neither a whole block */
		archive_add(&a, slice_of(bytes, sizes[i] / 3));
		archive_add(&a, slice_of(bytes, sizes[i] - sizes[i] / 3));
		free(bytes);
	}
	CHECK(archive_finish(&a) == 0);
	CHECK(a.size % ARCHIVE_BLOCK == 0);
	archive_free(&a);
	return fd;
}

static void files_of_any_size_come_back(void)
{
	static const size_t sizes[] = {
		0, 1, 511, 512, 513, 262144, 262143 - 512, 1000000, 0, 16};
	enum {
		N = sizeof(sizes) / sizeof(sizes[0])
	};
	int fd = make(sizes, N);
	struct archive_entry e;
	struct archive_in a;

	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK(archive_open(&a, fd) == 0);
	for (size_t i = 0; i < N; i++) {
		struct slice s = {0};
		size_t n = 0;

		CHECK(archive_next(&a, &e, NULL) == 1);
		CHECK(e.size == sizes[i] && a.sealed == (i + 1 == N));
		while (archive_read(&a, &s, NULL) == 0 && s.n) {
			for (size_t k = 0; k < s.n; k++)
				CHECK(s.p[k] == 'a' + (int)i);
			n += s.n;
		}
		CHECK(n == sizes[i]);
	}
	CHECK(archive_next(&a, &e, NULL) == 0);
	archive_close(&a);
	(void)close(fd);
}

/* Entries that nobody reads are passed over, and proved all the same. */
static int read_all(int fd)
{
	struct archive_entry e;
	struct archive_in a;
	int rc;

	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK(archive_open(&a, fd) == 0);
	while ((rc = archive_next(&a, &e, NULL)) > 0)
		;
	archive_close(&a);
	return rc;
}

static void an_archive_that_is_cut_anywhere_is_refused(void)
{
	static const size_t sizes[] = {3, 600, 16};
	int fd = make(sizes, 3);
	off_t size = lseek(fd, 0, SEEK_END);

	CHECK(read_all(fd) == 0);
	for (off_t n = size - 1; n >= 0; n -= TAP_STRIDE) {
		CHECK(ftruncate(fd, n) == 0);
		CHECK(read_all(fd) == -EBADMSG);
	}
	(void)close(fd);
}

static void no_byte_before_the_seal_can_be_changed(void)
{
	static const size_t sizes[] = {3, 600, 16};
	int fd = make(sizes, 3);
	off_t sealed = lseek(fd, 0, SEEK_END) - 3072;

	for (off_t i = 0; i < sealed; i += TAP_STRIDE) {
		uint8_t c, d;

		CHECK(pread(fd, &c, 1, i) == 1);
		d = c ^ 1;
		CHECK(pwrite(fd, &d, 1, i) == 1);
		CHECK(read_all(fd) == -EBADMSG);
		CHECK(pwrite(fd, &c, 1, i) == 1);
	}
	CHECK(read_all(fd) == 0);
	(void)close(fd);
}

static void a_failed_write_is_told_at_the_end(void)
{
	static const uint8_t bytes[5000];
	struct archive_entry e = {.name = "x", .size = sizeof(bytes)};
	struct archive_out a;

	archive_start(&a, -1);
	archive_enter(&a, &e);
	archive_add(&a, slice_of(bytes, sizeof(bytes)));
	archive_seal(&a, 1);
	CHECK(archive_finish(&a) == -EBADF);
	archive_free(&a);
}

int main(void)
{
	RUN(a_header_is_that_of_gnu_tar);
	RUN(what_was_encoded_is_decoded);
	RUN(no_byte_of_a_header_can_be_changed);
	RUN(files_of_any_size_come_back);
	RUN(an_archive_that_is_cut_anywhere_is_refused);
	RUN(no_byte_before_the_seal_can_be_changed);
	RUN(a_failed_write_is_told_at_the_end);
	return tap_done();
}

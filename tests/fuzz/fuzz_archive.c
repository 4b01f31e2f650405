/* Archives from outside. What acceptance promises:
 * - a header names a directory, a plain file or a seal, with a name that ends, and says the
 * same when it is written again;
 * - no more of a file is handed out than its header says, and nothing is accepted without a
 * seal. */
#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/archive.h"

/* With a sum that holds, or hardly any input would pass. */
static void check_header(const uint8_t *data)
{
	struct archive_entry e, again;
	uint8_t block[ARCHIVE_BLOCK];
	unsigned sum = 0;

	memcpy(block, data, sizeof(block));
	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(block); i++)
		sum += block[i];
	(void)snprintf((char *)block + 148, 7, "%06o", sum);
	if (archive_decode(block, &e, NULL) < 0)
		return;
	assert(strnlen(e.name, ARCHIVE_NAME) < ARCHIVE_NAME && e.name[0]);
	assert(!(e.directory && (e.size || e.global)));
	archive_encode(&e, block);
	assert(archive_decode(block, &again, NULL) == 0);
	assert(strcmp(e.name, again.name) == 0 && e.size == again.size);
	assert(e.directory == again.directory && e.global == again.global);
}

static void check_stream(struct slice in)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);
	struct archive_entry e;
	struct archive_in a;
	int rc;

	assert(write(fd, in.p, in.n) == (ssize_t)in.n);
	assert(lseek(fd, 0, SEEK_SET) == 0);
	assert(archive_open(&a, fd) == 0);
	while ((rc = archive_next(&a, &e, NULL)) > 0) {
		struct slice s;
		uint64_t n = 0;

		while (archive_read(&a, &s, NULL) == 0 && s.n)
			n += s.n;
		assert(n <= e.size);
	}
	assert(rc < 0 || a.sealed);
	archive_close(&a);
	(void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= ARCHIVE_BLOCK)
		check_header(data);
	check_stream(slice_of(data, size));
	return 0;
}

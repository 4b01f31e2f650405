/* Who writes, who follows, who races. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/visible/visible.h"

/* ---- writing ---- */

static void put(const char *path, int flags, const char *text, size_t n)
{
	int fd = open(path, flags | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		wrong("%s: open was answered %s", path, strerror(errno));
	if (write(fd, text, n) != (ssize_t)n)
		wrong("%s: write was answered %s", path, strerror(errno));
	(void)close(fd);
}

static void write_inbox(int *fd, unsigned lane, const char *text, size_t n)
{
	char path[PATH_BYTES];

	(void)snprintf(
		path, sizeof(path), "%s/inbox/lane%02u", common->roots[0], lane);
	if (*fd < 0)
		*fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0 || write(*fd, text, n) != (ssize_t)n)
		wrong("%s: write was answered %s", path, strerror(errno));
}

static void write_renamed(unsigned lane, const char *text, size_t n)
{
	char from[PATH_BYTES], to[PATH_BYTES];

	(void)snprintf(from, sizeof(from), "%s/inbox/.lane%02u.tmp",
		common->roots[0], lane);
	(void)snprintf(to, sizeof(to), "%s/inbox/lane%02u", common->roots[0], lane);
	put(from, O_CREAT | O_TRUNC, text, n);
	if (rename(from, to) < 0)
		wrong("%s: rename was answered %s", to, strerror(errno));
}

static void make_place(unsigned lane, uint64_t version)
{
	char path[PATH_BYTES], *slash;
	size_t n = (size_t)snprintf(path, sizeof(path), "%s/", common->roots[0]);

	(void)pair_path(lane, pair_of(version), path + n, sizeof(path) - n);
	slash = strrchr(path, '/');
	*slash = 0;
	(void)mkdir(path, 0777);
	*slash = '/';
	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		wrong("%s: mkdir was answered %s", path, strerror(errno));
}

static void write_asserted(
	unsigned lane, uint64_t version, const char *text, size_t n)
{
	char path[PATH_BYTES];
	size_t at = (size_t)snprintf(path, sizeof(path), "%s/", common->roots[0]);

	if (version % SPAN == 1)
		make_place(lane, version);
	at += pair_path(lane, pair_of(version), path + at, sizeof(path) - at);
	(void)snprintf(path + at, sizeof(path) - at, "/%s",
		version % 2 ? "assert" : "vote");
	put(path, 0, text, n);
}

static void write_version(int *fd, unsigned lane, uint64_t version)
{
	char text[TEXT_MAX + 512];
	size_t n = said(lane, version, text, sizeof(text));

	switch (common->lanes[lane].door) {
	case BY_RENAME:
		write_renamed(lane, text, n);
		break;
	case BY_ASSERT:
		write_asserted(lane, version, text, n);
		break;
	case BY_INBOX:
	default:
		write_inbox(fd, lane, text, n);
	}
}

void writer_run(unsigned n, int to, int from)
{
	struct lane *lane = &common->lanes[n];
	char byte = 0;
	int fd = -1;

	for (uint64_t v = 1; atomic_fetch_add(&common->taken, 1) < common->pairs;
		v++) {
		if (v % SPAN == 1)
			for (unsigned k = 0; k <= SPAN; k++)
				atomic_store(
					&lane->mtime[(pair_of(v) + RECENT / 4) %
						     RECENT][k],
					0);
		atomic_store(&lane->begun, v);
		write_version(&fd, n, v);
		atomic_store(&lane->stored, v);
		if (write(to, &byte, 1) != 1 || read(from, &byte, 1) != 1 ||
			atomic_load(&common->failed))
			break; /* somebody has said why */
		atomic_fetch_add(&common->done, 1);
	}
	if (fd >= 0)
		(void)close(fd);
}

/* ---- reading ---- */

/* Nothing is being written to its lane meanwhile: one answer alone is right. */
void follower_run(unsigned lane, int from, int to)
{
	struct reader *r;
	char name[32], byte;
	uint64_t n = 0;

	(void)snprintf(name, sizeof(name), "follower %u", lane);
	r = reader_new(common->seed * 1000 + lane, name);
	while (read(from, &byte, 1) == 1) {
		look(r, lane, pair_of(atomic_load(&common->lanes[lane].stored)));
		if (++n % 8 == 0)
			look_back(r);
		if (write(to, &byte, 1) != 1)
			break;
	}
	reader_free(r);
}

/* Mostly at what is being written, sometimes at what is not there yet or was finished. */
void racer_run(unsigned n)
{
	uint64_t random = common->seed * 1000 + 500 + n;
	struct reader *r;
	char name[32];

	(void)snprintf(name, sizeof(name), "racer %u", n);
	r = reader_new(random, name);
	while (!atomic_load(&common->over) && !atomic_load(&common->failed)) {
		uint64_t bits = random_next(&random);
		unsigned lane = (unsigned)(bits >> 32) % common->lanes_n;
		uint64_t pair = atomic_load(&common->lanes[lane].stored) / SPAN;

		if (bits % 16 == 0)
			look_back(r);
		else if (bits % 16 == 1)
			look(r, lane, pair + 1);
		else if (bits % 16 == 2 && pair)
			look(r, lane, pair - 1);
		else
			look(r, lane, pair);
	}
	reader_free(r);
}

/* ---- learning ---- */

static uint64_t size_of(unsigned lane, enum file f)
{
	char path[PATH_BYTES], content[CONTENT_MAX];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s/", common->roots[0]);
	ssize_t got;
	int fd;

	n += pair_path(lane, 0, path + n, sizeof(path) - n);
	(void)snprintf(path + n, sizeof(path) - n, "/%s", file_name(f));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, content, sizeof(content));
	if (got < 0)
		wrong("%s: open and read were answered %s", path, strerror(errno));
	(void)close(fd);
	return (uint64_t)got;
}

void calibrate(void)
{
	unsigned lane = common->lanes_n; /* nobody's */
	char text[TEXT_MAX];
	int fd = -1;

	write_version(&fd, lane, 1);
	(void)close(fd);
	for (enum file f = 0; f < FILES; f++)
		common->overhead[f] = size_of(lane, f) - text_of(lane, 1, text);
}

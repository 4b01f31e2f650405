/* Looks at a pair, in all the ways in which a program can, and what each must find. */
#include "tests/visible/look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static bool failed_but_for_absence(const struct look *l, const char *how)
{
	if (errno != ENOENT)
		wrong("%s: %s was answered %s", l->shown, how, strerror(errno));
	return true;
}

/* ---- each way: what was seen ---- */

static void by_stat(struct look *l)
{
	struct stat st;

	if (fstatat(l->at, l->path, &st, 0) == 0)
		judge_stat(l, &st, "stat");
	else if (failed_but_for_absence(l, "stat"))
		judge_absent(l, "stat");
}

static void by_access(struct look *l)
{
	if (faccessat(l->at, l->path, R_OK, 0) == 0)
		judge_present(l, "access");
	else if (failed_but_for_absence(l, "access"))
		judge_absent(l, "access");
}

/* All of an open file, in pieces of some size. */
static size_t read_all(struct look *l, int fd)
{
	static const size_t pieces[] = {300, 4096, CONTENT_MAX, CONTENT_MAX};
	size_t piece = pieces[random_next(&l->reader->random) % 4], n = 0;
	ssize_t got;

	do {
		size_t room = CONTENT_MAX - n;

		got = read(fd, l->reader->content + n, piece < room ? piece : room);
		if (got < 0)
			wrong("%s: read was answered %s", l->shown,
				strerror(errno));
		n += (size_t)got;
	} while (got > 0);
	l->reader->content[n] = 0;
	return n;
}

static void keep(struct look *l, int fd, uint64_t version, const struct stat *st);

/* What was opened has one version, one size and one time. */
static void by_open(struct look *l)
{
	int fd = openat(l->at, l->path, O_RDONLY | O_CLOEXEC);
	struct stat before, after;
	uint64_t version;
	size_t n;

	if (fd < 0 && failed_but_for_absence(l, "open")) {
		judge_absent(l, "open");
		return;
	}
	(void)fstat(fd, &before);
	n = read_all(l, fd);
	(void)fstat(fd, &after);
	version = version_in(
		l->file, l->lane, l->pair, l->reader->content, n, "open and read");
	judge_version(l, version, "open and read");
	if ((size_t)before.st_size != n || (size_t)after.st_size != n)
		wrong("%s: fstat of what was opened gave %lld bytes, and %lld when "
		      "it "
		      "had been read; there were %zu",
			l->shown, (long long)before.st_size,
			(long long)after.st_size, n);
	judge_time(l, version, &before, "fstat");
	keep(l, fd, version, &after);
}

static void by_mapping(struct look *l)
{
	int fd = openat(l->at, l->path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint64_t version;
	void *map;

	if (fd < 0 && failed_but_for_absence(l, "open")) {
		judge_absent(l, "open");
		return;
	}
	(void)fstat(fd, &st);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		wrong("%s: mmap was answered %s", l->shown, strerror(errno));
	memcpy(l->reader->content, map, (size_t)st.st_size);
	l->reader->content[st.st_size] = 0;
	(void)munmap(map, (size_t)st.st_size);
	version = version_in(l->file, l->lane, l->pair, l->reader->content,
		(size_t)st.st_size, "mmap");
	judge_version(l, version, "mmap");
	keep(l, fd, version, &st);
}

/* The name is there, or not; and what stands there is what stat(2) says: `ls -l`. */
static void by_listing(struct look *l)
{
	const char *slash = strchr(file_name(l->file), '/');
	const char *name = slash ? slash + 1 : file_name(l->file);
	size_t directory = strlen(l->path) - strlen(name);
	char path[PATH_BYTES];
	struct dirent *e;
	struct stat st;
	bool found = false;
	DIR *d;
	int fd;

	(void)snprintf(path, sizeof(path), "%.*s.", (int)directory, l->path);
	fd = openat(l->at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	while (d && (e = readdir(d))) {
		bool is = strcmp(e->d_name, name) == 0;

		if (fstatat(fd, e->d_name, &st, 0) == 0 && is)
			judge_stat(l, &st, "stat of what was listed");
		found |= is;
	}
	if (d)
		(void)closedir(d);
	else if (failed_but_for_absence(l, "opendir"))
		found = false;
	l->ahead = true;
	if (found)
		judge_present(l, "readdir");
	else
		judge_absent(l, "readdir");
}

/* A new subject is listed. */
static void by_subjects(struct look *l)
{
	char path[PATH_BYTES], name[SUBJECT_BYTES];
	struct dirent *e;
	bool found = false;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/subjects", l->root);
	(void)subject_of(l->lane, l->pair, name, sizeof(name));
	d = opendir(path);
	if (!d)
		wrong("%s: opendir was answered %s", path, strerror(errno));
	while (!found && (e = readdir(d)))
		found = strcmp(e->d_name, name) == 0;
	(void)closedir(d);
	l->ahead = true;
	if (found)
		judge_present(l, "readdir of subjects");
	else
		judge_absent(l, "readdir of subjects");
}

static void by_xattr(struct look *l)
{
	char path[PATH_BYTES], value[TEXT_MAX + 1], text[TEXT_MAX];
	uint64_t version;
	ssize_t n;

	pair_file(l, path);
	l->ahead = true;
	n = getxattr(path, "user.stemefs.object", value, TEXT_MAX);
	if (n < 0 && failed_but_for_absence(l, "getxattr")) {
		judge_absent(l, "getxattr");
		return;
	}
	value[n] = 0;
	version = strtoull(value, NULL, 10);
	if (!version || pair_of(version) != l->pair ||
		text_of(l->lane, version, text) != (size_t)n ||
		memcmp(text, value, (size_t)n) != 0)
		wrong("%s: getxattr gave a value that no version has: %.60s",
			l->shown, value);
	judge_version(l, version, "getxattr");
}

/* ---- what was opened before ---- */

static void kept_free(struct kept *k)
{
	if (!k->bytes)
		return;
	if (k->map)
		(void)munmap(k->map, k->n);
	(void)close(k->fd);
	free(k->bytes);
	k->bytes = NULL;
}

/* Some of what was opened stays open, and some of that mapped; fd is taken. */
static void keep(struct look *l, int fd, uint64_t version, const struct stat *st)
{
	struct kept *k = &l->reader->kept[random_next(&l->reader->random) % KEPT];
	void *map;

	if (random_next(&l->reader->random) % 4 || st->st_size == 0) {
		(void)close(fd);
		return;
	}
	kept_free(k);
	*k = (struct kept){.fd = fd,
		.file = l->file,
		.lane = l->lane,
		.version = version,
		.pair = l->pair,
		.n = (size_t)st->st_size,
		.mtime = st->st_mtim,
		.bytes = malloc((size_t)st->st_size)};
	if (!k->bytes)
		wrong("out of memory");
	memcpy(k->bytes, l->reader->content, k->n);
	map = mmap(NULL, k->n, PROT_READ, MAP_SHARED, fd, 0);
	k->map = map == MAP_FAILED ? NULL : map;
}

static void look_kept(struct look *l, const struct kept *k)
{
	struct stat st;
	size_t n;

	if (lseek(k->fd, 0, SEEK_SET) < 0 || fstat(k->fd, &st) < 0)
		wrong("%s: an open file was answered %s", l->shown,
			strerror(errno));
	n = read_all(l, k->fd);
	if (n != k->n || memcmp(l->reader->content, k->bytes, n) != 0)
		wrong("%s: what was open at version %llu (%zu bytes) reads "
		      "otherwise now (%zu bytes)",
			l->shown, (unsigned long long)k->version, k->n, n);
	if ((size_t)st.st_size != n || st.st_mtim.tv_sec != k->mtime.tv_sec ||
		st.st_mtim.tv_nsec != k->mtime.tv_nsec)
		wrong("%s: fstat of what was open at version %llu changed",
			l->shown, (unsigned long long)k->version);
	if (k->map && memcmp(k->map, k->bytes, n) != 0)
		wrong("%s: what was mapped at version %llu changed", l->shown,
			(unsigned long long)k->version);
}

/* Opened again by its descriptor: no name is looked up, so that the open alone must find
 * that there is a newer version. (Its size is another matter: the kernel keeps that of what
 * it had looked up.) */
static void look_again(struct look *l, const struct kept *k)
{
	char path[64];
	uint64_t version;
	size_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", k->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && common->lanes[l->lane].door == BY_ASSERT)
		return;
	if (fd < 0)
		wrong("%s: open of /proc/self/fd/N was answered %s", l->shown,
			strerror(errno));
	n = read_all(l, fd);
	(void)close(fd);
	version = version_in(l->file, l->lane, l->pair, l->reader->content, n,
		"open of /proc/self/fd/N");
	l->ahead = true;
	judge_version(l, version, "open of /proc/self/fd/N");
}

void look_back(struct reader *r)
{
	const struct kept *k = &r->kept[random_next(&r->random) % KEPT];
	struct look l;

	if (!k->bytes)
		return;
	look_at(&l, r, k->lane, k->pair, k->file);
	if (random_next(&r->random) % 4)
		look_kept(&l, k);
	else
		look_again(&l, k);
	atomic_fetch_add(&common->looks, 1);
}

/* ---- a look ---- */

static enum file some_file(struct reader *r, unsigned lane)
{
	static const enum file files[] = {VALUE_RECENCY, VALUE_RECENCY,
		VALUE_RECENCY, VALUE_CONSENSUS, VALUE_CONSENSUS, VALUE_SKEPTIC,
		RECENCY, RECENCY, RECENCY, CONSENSUS, CONSENSUS, CONFIDENCE,
		SKEPTIC, WHY, CLAIMS, HISTORY};

	if (common->lanes[lane].door == BY_ASSERT)
		return VALUE_CONSENSUS;
	return files[random_next(&r->random) % 16];
}

static void (*some_way(struct reader *r, const struct look *l))(struct look *)
{
	static void (*const ways[])(struct look *) = {by_stat, by_stat, by_stat,
		by_stat, by_open, by_open, by_open, by_open, by_open, by_open,
		by_mapping, by_access, by_access, by_listing, by_xattr,
		by_subjects};
	void (*way)(struct look *) = ways[random_next(&r->random) % 16];

	if (way == by_xattr && (l->file < RECENCY || l->file > SKEPTIC))
		return by_stat;
	/* All subjects are many: only near the beginning of one. */
	if (way == by_subjects && (common->lanes[l->lane].door == BY_ASSERT ||
					  l->least > l->pair * SPAN + 1))
		return by_open;
	if (way == by_listing && l->file < RECENCY &&
		random_next(&r->random) % 2) /* it stats all lenses */
		return by_open;
	return way;
}

void look(struct reader *r, unsigned lane, uint64_t pair)
{
	struct look l;

	look_at(&l, r, lane, pair, some_file(r, lane));
	if (look_from_somewhere(&l))
		some_way(r, &l)(&l);
	else
		judge_absent(&l, "open of its directory");
	atomic_fetch_add(&common->looks, 1);
}

struct reader *reader_new(uint64_t seed, const char *name)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (!r)
		wrong("out of memory");
	r->random = seed;
	(void)snprintf(r->name, sizeof(r->name), "%s", name);
	for (unsigned i = 0; i < LANES_MAX; i++)
		r->directory[i].fd = -1;
	return r;
}

void reader_free(struct reader *r)
{
	for (unsigned i = 0; i < KEPT; i++)
		kept_free(&r->kept[i]);
	for (unsigned i = 0; i < LANES_MAX; i++)
		if (r->directory[i].fd >= 0)
			(void)close(r->directory[i].fd);
	free(r);
}

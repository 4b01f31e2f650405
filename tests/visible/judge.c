/* What may be seen, given what has been written. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/visible/look.h"

/* A version of a lane as one of this pair: pair * SPAN where it has none yet. */
static uint64_t within(uint64_t pair, uint64_t version)
{
	uint64_t none = pair * SPAN, last = none + SPAN;

	return version < none ? none : version > last ? last : version;
}

static struct seen *seen_of(const struct look *l)
{
	struct reader *r = l->reader;
	unsigned i = l->pair % PAIRS_SEEN;

	if (r->seen[l->lane][i].pair != l->pair)
		memset(&r->seen[l->lane][i], 0, sizeof(r->seen[l->lane][i]));
	r->seen[l->lane][i].pair = l->pair;
	/* strict: what one file shows is a promise about the others */
	return &r->seen[l->lane][i].file[common->strict ? 0 : l->file];
}

void look_at(struct look *l, struct reader *r, unsigned lane, uint64_t pair,
	enum file file)
{
	*l = (struct look){.reader = r, .lane = lane, .pair = pair, .file = file};
	l->root = common->roots[random_next(&r->random) % common->roots_n];
	l->at = AT_FDCWD;
	pair_file(l, l->path);
	(void)snprintf(l->shown, sizeof(l->shown), "%s", l->path);
	l->seen = *seen_of(l);
	l->seen.version = within(pair, l->seen.version);
	l->stored = within(pair, atomic_load(&common->lanes[lane].stored));
	l->least = l->stored > l->seen.version ? l->stored : l->seen.version;
}

void pair_file(const struct look *l, char path[PATH_BYTES])
{
	size_t n = (size_t)snprintf(path, PATH_BYTES, "%s/", l->root);

	n += pair_path(l->lane, l->pair, path + n, PATH_BYTES - n);
	(void)snprintf(path + n, PATH_BYTES - n, "/%s", file_name(l->file));
}

/* An O_PATH descriptor of the pair's directory, kept for as long as it is looked at. */
static int directory_of(struct look *l)
{
	struct reader *r = l->reader;
	int *fd = &r->directory[l->lane].fd;
	char path[PATH_BYTES];

	if (*fd >= 0 && r->directory[l->lane].pair == l->pair)
		return *fd;
	if (*fd >= 0)
		(void)close(*fd);
	pair_file(l, path);
	path[strlen(path) - strlen(file_name(l->file))] = 0;
	*fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0 && errno != ENOENT)
		wrong("%s: open was answered %s", path, strerror(errno));
	r->directory[l->lane].pair = l->pair;
	return *fd;
}

bool look_from_somewhere(struct look *l)
{
	unsigned how = (unsigned)(random_next(&l->reader->random) % 4);
	int fd;

	if (how < 2)
		return true;
	fd = directory_of(l);
	if (fd < 0)
		return false;
	if (how == 2)
		l->at = fd;
	else if (fchdir(fd) < 0)
		wrong("%s: fchdir was answered %s", l->shown, strerror(errno));
	(void)snprintf(l->path, sizeof(l->path), "%s", file_name(l->file));
	(void)snprintf(l->shown + strlen(l->shown),
		sizeof(l->shown) - strlen(l->shown), " (%s)",
		how == 2 ? "below a descriptor" : "below the working directory");
	return true;
}

/* ---- */

static bool blinks(const struct look *l)
{
	return common->lanes[l->lane].door == BY_ASSERT;
}

/* The newest version that can be seen now. */
static uint64_t most(const struct look *l)
{
	return within(l->pair, atomic_load(&common->lanes[l->lane].begun));
}

static void note(const struct look *l, uint64_t version, const char *how)
{
	struct seen *seen = seen_of(l);

	if (version > seen->version && (!l->ahead || common->strict))
		*seen = (struct seen){version, how};
}

_Noreturn static void stale(const struct look *l, const char *how, const char *what)
{
	unsigned long long first = l->pair * SPAN;
	bool own = l->seen.version > l->stored;

	wrong("stale: %s: %s by %s gave %s, when version %llu of %llu..%llu %s%s%s",
		l->shown, how, l->reader->name, what, (unsigned long long)l->least,
		first + 1, first + SPAN,
		own ? "had been seen there by it (" : "had been stored",
		own ? l->seen.how : "", own ? ")" : "");
}

void judge_version(struct look *l, uint64_t version, const char *how)
{
	char what[64];

	(void)snprintf(
		what, sizeof(what), "version %llu", (unsigned long long)version);
	if (version < l->least)
		stale(l, how, what);
	if (version > most(l))
		wrong("%s: %s gave version %llu, which nobody has written",
			l->shown, how, (unsigned long long)version);
	note(l, version, how);
}

void judge_absent(struct look *l, const char *how)
{
	bool absent = blinks(l) ? l->least % 2 == 0 : l->least == l->pair * SPAN;

	if (!absent && !(blinks(l) && most(l) > l->least))
		stale(l, how, "nothing");
	if (blinks(l))
		note(l, l->least + l->least % 2, how);
}

void judge_present(struct look *l, const char *how)
{
	bool there = blinks(l) ? l->least % 2 == 1 : l->least > l->pair * SPAN;

	if (!there && most(l) == l->least)
		stale(l, how, "something that is not there");
	if (blinks(l))
		note(l, l->least + !(l->least % 2), how);
	else
		note(l, l->pair * SPAN + 1, how);
}

void judge_time(
	struct look *l, uint64_t version, const struct stat *st, const char *how)
{
	struct lane *lane = &common->lanes[l->lane];
	uint64_t time = (uint64_t)st->st_mtim.tv_sec * 1000000000 +
			(uint64_t)st->st_mtim.tv_nsec;
	uint64_t k = version - l->pair * SPAN, known = 0, before;

	/* others may be writing over what is long past */
	if (l->pair + RECENT / 2 < pair_of(atomic_load(&lane->begun)))
		return;
	before = atomic_load(&lane->mtime[l->pair % RECENT][k - 1]);
	if (time <= before)
		wrong("stale: %s: %s by %s gave the mtime %llu with version %llu, "
		      "but "
		      "that of the version before was %llu",
			l->shown, how, l->reader->name, (unsigned long long)time,
			(unsigned long long)version, (unsigned long long)before);
	if (!atomic_compare_exchange_strong(
		    &lane->mtime[l->pair % RECENT][k], &known, time) &&
		known != time)
		wrong("%s: %s by %s gave the mtime %llu with version %llu, which "
		      "was "
		      "%llu before",
			l->shown, how, l->reader->name, (unsigned long long)time,
			(unsigned long long)version, (unsigned long long)known);
}

/* The size tells the version; 0: it does not. */
static uint64_t version_of_size(
	const struct look *l, uint64_t size, const char *how)
{
	uint64_t none = l->pair * SPAN;

	if (size_at(l->file, l->lane, none + 1) == 0)
		return 0;
	for (uint64_t v = none + 1; v <= none + SPAN; v++)
		if (size_at(l->file, l->lane, v) == size)
			return v;
	wrong("%s: %s gave %llu bytes, which no version has", l->shown, how,
		(unsigned long long)size);
}

void judge_stat(struct look *l, const struct stat *st, const char *how)
{
	uint64_t version = version_of_size(l, (uint64_t)st->st_size, how);

	if (version) {
		judge_version(l, version, how);
		judge_time(l, version, st, how);
		return;
	}
	judge_present(l, how);
	if (l->file == HISTORY && l->least > l->pair * SPAN &&
		(uint64_t)st->st_size < size_least(l->file, l->lane, l->least))
		stale(l, how, "too few bytes");
}

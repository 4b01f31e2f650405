#include "fs/mountpoint.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/command.h"

int mountpoint_store(const char *store, char out[PATH_MAX], struct error *err)
{
	char format[PATH_MAX];
	struct stat st;
	int n;

	if (!realpath(store, out) || stat(out, &st) < 0) {
		int r = fail(err, errno, "%s", strerror(errno));

		return r == -ENOENT ? fail_hint(err, "stemefs init %s", store) : r;
	}
	if (!S_ISDIR(st.st_mode))
		return fail(err, ENOTDIR, "is not a directory, so not a store");
	n = snprintf(format, sizeof(format), "%s/format", out);
	if (n < 0 || (size_t)n >= sizeof(format))
		return fail(err, ENAMETOOLONG, "%s", strerror(ENAMETOOLONG));
	if (stat(format, &st) == 0)
		return 0;
	if (errno != ENOENT)
		return fail(err, errno, "%s", strerror(errno));
	/* a store that has lost that file: who opens it says what to do */
	(void)snprintf(format, sizeof(format), "%s/wal", out);
	if (stat(format, &st) == 0)
		return 0;
	(void)fail(err, EINVAL, "is not a store");
	return fail_hint(err, "stemefs init %s", store);
}

/* ---- the mount point ---- */

static bool is_descriptor(const char *dir)
{
	return strncmp(dir, "/dev/fd/", strlen("/dev/fd/")) == 0;
}

/* realpath(3) looks at the last component, and a dead mount answers nobody: resolve what
 * stands before it. */
static char *resolve_dead(const char *dir, char out[PATH_MAX])
{
	char copy[PATH_MAX], parent[PATH_MAX];
	size_t n = strlen(dir);
	char *slash;
	int length;

	if (n >= sizeof(copy))
		return NULL;
	memcpy(copy, dir, n + 1);
	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = '\0';
	slash = strrchr(copy, '/');
	if (slash)
		*slash = '\0';
	if (!realpath(!slash ? "." : slash == copy ? "/" : copy, parent))
		return NULL;
	length = snprintf(out, PATH_MAX, "%s/%s",
		strcmp(parent, "/") == 0 ? "" : parent, slash ? slash + 1 : copy);
	return length > 0 && length < PATH_MAX ? out : NULL;
}

int mountpoint_resolve(const char *dir, char out[PATH_MAX], struct error *err)
{
	int r;

	if (is_descriptor(dir) && strlen(dir) < PATH_MAX) {
		memcpy(out, dir, strlen(dir) + 1);
		return 0;
	}
	if (realpath(dir, out))
		return 0;
	r = errno;
	if (r == ENOTCONN && resolve_dead(dir, out))
		return 0;
	(void)fail(err, r, "%s", strerror(r));
	return r == ENOENT ? fail_hint(err, "mkdir %s", dir) : -r;
}

/* ---- what is mounted: /proc/self/mountinfo, proc(5) ---- */

/* Blanks stand there as \040. In place. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' &&
			s[2] <= '7' && s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 |
				       (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

/* `36 35 98:0 / /mnt rw,… master:1 - fuse.stemefs /store rw,…`: is this ours, on dir?
 * Then its source, in the line. Of a moment the type is fuse.stemefs@seq-42. */
static char *ours_on(char *line, const char *dir, bool *frozen)
{
	static const char ours[] = "fuse.stemefs";
	const size_t n = sizeof(ours) - 1;
	char *rest = NULL, *place = NULL, *type, *source;
	char *tail = strstr(line, " - ");

	if (!tail)
		return NULL;
	*tail = '\0';
	for (int i = 0; i < 5; i++)
		place = strtok_r(i ? NULL : line, " ", &rest);
	type = strtok_r(tail + 3, " ", &rest);
	source = strtok_r(NULL, " ", &rest);
	if (!place || !type || !source || strncmp(type, ours, n) != 0 ||
		(type[n] && type[n] != '@'))
		return NULL;
	*frozen = type[n] == '@';
	unescape(place);
	unescape(source);
	return strcmp(place, dir) == 0 ? source : NULL;
}

bool mountpoint_source(const char *dir, char *out, size_t size, bool *frozen)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t capacity = 0;
	bool found = false, moment = false;

	if (!f)
		return false;
	/* The last line wins: it lies on top. */
	while (getline(&line, &capacity, f) > 0) {
		const char *source = ours_on(line, dir, &moment);

		if (source && strlen(source) < size) {
			memcpy(out, source, strlen(source) + 1);
			found = true;
			if (frozen)
				*frozen = moment;
		}
	}
	free(line);
	(void)fclose(f);
	return found;
}

/* ---- checks ---- */

static int detach_dead(const char *dir, struct error *err)
{
	char source[PATH_MAX];

	if (!mountpoint_source(dir, source, sizeof(source), NULL)) {
		(void)fail(err, ENOTCONN,
			"a dead mount of another filesystem is there");
		return fail_hint(err, "umount -l %s", dir);
	}
	return mountpoint_unmount(dir, true, err);
}

static int check_empty(const char *dir, struct error *err)
{
	const struct dirent *e;
	DIR *d = opendir(dir);
	int r = 0;

	if (!d)
		return fail(err, errno, "%s", strerror(errno));
	while (r == 0 && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = -ENOTEMPTY;
	(void)closedir(d);
	if (r < 0) {
		(void)fail(err, ENOTEMPTY,
			"the directory is not empty, and mounting "
			"would hide what is in it");
		return fail_hint(err, "an empty directory");
	}
	return 0;
}

/* Is path the directory, or in it? */
static bool within(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1) /* "/" */
		return true;
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* The kernel answers stat(2) from memory for a while after a daemon has died; statfs(2)
 * always asks it. */
static int look_at(const char *dir, struct stat *st)
{
	struct statfs figures;

	if (statfs(dir, &figures) < 0 || stat(dir, st) < 0)
		return -errno;
	return 0;
}

int mountpoint_check(
	const char *dir, const char *store, bool *detached, struct error *err)
{
	char there[PATH_MAX];
	struct stat st = {0};
	int r;

	if (detached)
		*detached = false;
	if (is_descriptor(dir))
		return 0;
	if (within(store, dir))
		return fail(
			err, EINVAL, "the store lies in it, and would be hidden");
	if (within(dir, store))
		return fail(err, EINVAL, "lies in the store");
	r = look_at(dir, &st);
	if (r == -ENOTCONN) {
		if (!detached)
			return 0;
		r = detach_dead(dir, err);
		if (r < 0)
			return r;
		*detached = true;
		r = look_at(dir, &st);
	}
	if (r < 0)
		return fail(err, -r, "%s", strerror(-r));
	if (!S_ISDIR(st.st_mode))
		return fail(err, ENOTDIR, "is not a directory");
	if (mountpoint_source(dir, there, sizeof(there), NULL))
		return fail(
			err, EBUSY, "the store %s is mounted there already", there);
	return check_empty(dir, err);
}

/* ---- unmount ---- */

/* For those who may not by themselves. It writes its own sentence to stderr. */
static int run_fusermount(const char *dir, bool lazy)
{
	const char *flags = lazy ? "-uz" : "-u";
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)execlp("fusermount3", "fusermount3", flags, "--", dir,
			(char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

int mountpoint_unmount(const char *dir, bool lazy, struct error *err)
{
	int r = umount2(dir, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)) < 0 ? -errno
									    : 0;

	if (r == -EPERM)
		r = run_fusermount(dir, lazy);
	if (r == -EBUSY) {
		(void)fail(err, EBUSY, "is in use");
		return fail_hint(err, "`fuser -vm %s` to see by whom", dir);
	}
	return r < 0 ? fail(err, -r, "cannot be unmounted: %s", strerror(-r)) : 0;
}

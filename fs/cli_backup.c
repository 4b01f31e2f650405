/* backup and restore: a copy of a store, and a store from one.
 *
 * The copy is written under another name beside FILE and gets its own when it is whole and
 * on disk. The other name is FILE.part: locked while it is written, so that the next backup
 * knows one that was killed from one that is at work, and takes its place. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/json.h"
#include "fs/cli.h"
#include "fs/entrance.h"
#include "fs/opening.h"
#include "fs/progress.h"

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}
#define FD_AUTO(name) __attribute__((cleanup(close_fd))) int name

/* ---- what there is to say ---- */

static void report(void *ctx, bool bad, const char *sentence)
{
	progress_end(ctx);
	(void)fprintf(stderr, "stemefs: %s%s\n", bad ? "damaged: " : "", sentence);
}

static struct store_copying telling(struct progress *p)
{
	return (struct store_copying){
		.report = report,
		.report_ctx = p,
		.progress = progress_show,
		.progress_ctx = p,
	};
}

static bool is_stream(const char *file)
{
	return strcmp(file, "-") == 0;
}

/* ---- the file ---- */

struct output {
	const char *name;
	bool force;
	int fd;
};

/* Of the file that is being written; "": there is none. For the signal handler, too. */
static char part[PATH_MAX];

static void drop_part(void)
{
	if (part[0])
		(void)unlink(part);
	part[0] = '\0';
}

/* Ctrl-C leaves nothing behind either. */
static void stopped(int number)
{
	drop_part();
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static void catch_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (signal(numbers[i], stopped) == SIG_IGN)
			(void)signal(numbers[i], SIG_IGN); /* nohup */
	(void)signal(SIGXFSZ, SIG_IGN);			   /* that is a full disk */
}

static int says(const char *name, int code, struct error *err)
{
	return fail(err, code, "%s: %s", name, strerror(code));
}

/* A file that is ours, under the name in `path`. What a killed backup left is removed. */
static int open_part(const char *path, struct error *err)
{
	for (int tries = 0; tries < 3; tries++) {
		int fd = open(path,
			O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		FD_AUTO(old) = -1;

		if (fd >= 0) {
			(void)flock(fd, LOCK_EX | LOCK_NB);
			return fd;
		}
		if (errno != EEXIST)
			break;
		old = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (old >= 0 && flock(old, LOCK_EX | LOCK_NB) < 0)
			return fail(err, EBUSY,
				"%s: another backup is writing there", path);
		(void)unlink(path);
	}
	return says(path, errno, err);
}

static int open_output(struct output *o, struct error *err)
{
	struct stat st;
	int n;

	if (is_stream(o->name)) {
		o->fd = STDOUT_FILENO;
		return isatty(o->fd) ? fail(err, EINVAL,
					       "standard output is a terminal, "
					       "and a backup is no text")
				     : 0;
	}
	if (lstat(o->name, &st) == 0 && !S_ISREG(st.st_mode))
		return fail(err, EEXIST,
			"%s: there is one already, and it is no plain file, so it "
			"is not replaced",
			o->name);
	if (!o->force && lstat(o->name, &st) == 0) {
		(void)fail(err, EEXIST, "%s: there is one already", o->name);
		return fail_hint(err, "--force");
	}
	n = snprintf(part, sizeof(part), "%s.part", o->name);
	if (n < 0 || (size_t)n >= sizeof(part)) {
		part[0] = '\0';
		return says(o->name, ENAMETOOLONG, err);
	}
	o->fd = open_part(part, err);
	if (o->fd < 0)
		part[0] = '\0'; /* somebody else's */
	return o->fd < 0 ? o->fd : 0;
}

static int sync_directory_of(const char *name)
{
	char copy[PATH_MAX];
	int rc;

	(void)snprintf(copy, sizeof(copy), "%s", name);
	FD_AUTO(fd) = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = fsync(fd);
	return rc < 0 ? -errno : 0;
}

/* Its own name, which must not take that of another file unless that was wanted. Some file
 * systems know no such rename; some of these have links. */
static int give_name(const struct output *o)
{
	if (renameat2(AT_FDCWD, part, AT_FDCWD, o->name,
		    o->force ? 0 : RENAME_NOREPLACE) == 0)
		return 0;
	if (o->force || (errno != EINVAL && errno != ENOSYS))
		return -errno;
	if (link(part, o->name) < 0)
		return -errno;
	return unlink(part) < 0 ? -errno : 0;
}

static int keep_output(struct output *o, struct error *err)
{
	int rc = 0;

	if (is_stream(o->name))
		return 0;
	if (fsync(o->fd) < 0)
		rc = -errno;
	if (rc == 0)
		rc = give_name(o);
	if (rc == 0) {
		part[0] = '\0'; /* it has its name now */
		rc = sync_directory_of(o->name);
	}
	return rc < 0 ? says(o->name, -rc, err) : 0;
}

static void close_output(struct output *o)
{
	drop_part();
	if (o->fd > STDERR_FILENO)
		(void)close(o->fd);
}

/* ---- backup ---- */

/* Where nobody has the store it is opened, which recovers it as a mount would; it is held
 * no longer than that. */
static int moment_unmounted(
	const char *store, struct store_moment *m, struct error *err)
{
	static const struct store_options options = {
		.accept_clock = true, /* nothing is written */
	};
	struct store *s = NULL;
	int rc = open_patiently(store, &options, &s, err);

	if (rc == 0)
		rc = store_moment(store, s, m, err);
	store_close(s);
	return rc;
}

static int find_moment(
	const char *store, struct store_moment *m, bool *mounted, struct error *err)
{
	char mount[ENTRANCE_PATH_MAX];
	int rc = -EBUSY;

	*mounted = find_mount(store, mount, sizeof(mount));
	if (!*mounted)
		rc = moment_unmounted(store, m, err);
	if (rc != -EBUSY)
		return rc;
	/* by a daemon that was starting, maybe */
	*mounted = find_mount(store, mount, sizeof(mount));
	return *mounted ? store_moment(store, NULL, m, err) : rc;
}

/* A daemon that found damage when it started knows what may lie behind all that it has
 * applied, where a copy ends. */
static uint64_t ask_daemon(const char *store, struct error *err)
{
	ENTRANCE_AUTO(e);
	JSON_AUTO(doc);
	BUF_AUTO(text);
	const cJSON *damaged, *damage;

	if (entrance_open(store, &e, NULL) < 0 || !e.mounted ||
		entrance_read(&e, ".stemefs/status", entrance_take_buf, &text,
			NULL) < 0 ||
		json_parse(slice_of(text.p, text.n), &doc, NULL) < 0)
		return 0;
	damaged = cJSON_GetObjectItemCaseSensitive(doc.root, "damaged");
	damage = cJSON_GetObjectItemCaseSensitive(doc.root, "damage");
	if (!cJSON_IsNumber(damaged) || damaged->valuedouble <= 0)
		return 0;
	(void)fail(err, EBADMSG, "%s",
		cJSON_IsString(damage) ? damage->valuestring
				       : "the log is damaged");
	return 1;
}

static int explain_full(const struct output *o, int rc,
	const struct store_copied *copied, struct error *err)
{
	if (rc != -ENOSPC && rc != -EDQUOT && rc != -EFBIG)
		return rc;
	if (is_stream(o->name))
		return fail(err, ENOSPC,
			"standard output: the disk is full after %" PRIu64
			" MiB; what is there is not whole",
			copied->bytes >> 20);
	return fail(err, ENOSPC,
		"%s: the disk is full after %" PRIu64
		" MiB; nothing was left there",
		o->name, copied->bytes >> 20);
}

static int write_backup(const char *store, struct output *out, struct error *err)
{
	struct store_copied copied = {0};
	struct progress progress = {0};
	struct store_copying o = telling(&progress);
	struct store_moment moment;
	bool mounted;
	int rc = find_moment(store, &moment, &mounted, err);

	if (rc < 0)
		return rc;
	rc = store_backup(store, &moment, out->fd, &o, &copied, err);
	progress_end(&progress);
	if (rc == 0)
		rc = keep_output(out, err);
	if (rc < 0)
		return explain_full(out, rc, &copied, err);
	if (copied.bad == 0 && mounted && ask_daemon(store, err)) {
		report(&progress, true, err->message);
		copied.bad++;
	}
	return copied.bad ? CHECK_DAMAGED : CHECK_CLEAN;
}

static int run_backup(int argc, char **argv)
{
	struct output out = {.fd = -1};
	const struct option_row options[] = {
		{.name = "force", .short_name = "f", .set = &out.force}, {0}};
	struct error err = {0};
	int rc;

	if (wants_help(&command_backup, argc, argv))
		return EXIT_OK;
	if (take_options(&command_backup, argc, argv, options, 2, 2) < 0)
		return CHECK_CANNOT;
	out.name = argv[2];
	catch_signals();
	rc = open_output(&out, &err);
	if (rc == 0)
		rc = write_backup(argv[1], &out, &err);
	close_output(&out);
	return rc < 0 ? complain(CHECK_CANNOT, NULL, &err) : rc;
}

/* ---- restore ---- */

static int open_input(const char *file, struct error *err)
{
	int fd;

	if (is_stream(file))
		return isatty(STDIN_FILENO)
			       ? fail(err, EINVAL,
					 "standard input is a terminal, and a "
					 "backup is no text")
			       : STDIN_FILENO;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? says(file, errno, err) : fd;
}

static int run_restore(int argc, char **argv)
{
	static const struct option_row options[] = {{0}};
	struct progress progress = {0};
	struct store_copying o = telling(&progress);
	struct store_copied copied;
	struct error err = {0};
	const char *file;
	int fd, rc;

	if (wants_help(&command_restore, argc, argv))
		return EXIT_OK;
	if (take_options(&command_restore, argc, argv, options, 2, 2) < 0)
		return CHECK_CANNOT;
	(void)signal(SIGXFSZ, SIG_IGN); /* that is a full disk */
	file = is_stream(argv[1]) ? "standard input" : argv[1];
	fd = open_input(argv[1], &err);
	if (fd < 0)
		return complain(CHECK_CANNOT, NULL, &err);
	rc = store_restore(fd, argv[2], &o, &copied, &err);
	progress_end(&progress);
	if (fd != STDIN_FILENO)
		(void)close(fd);
	if (rc == -EBADMSG)
		return complain(CHECK_CANNOT, file, &err);
	if (rc == -ENOSPC || rc == -EDQUOT || rc == -EFBIG)
		(void)fail(&err, ENOSPC, "%s: %s; nothing was left there", argv[2],
			strerror(ENOSPC));
	if (rc < 0)
		return complain(CHECK_CANNOT, NULL, &err);
	return copied.bad ? CHECK_DAMAGED : CHECK_CLEAN;
}

const struct command command_backup = {
	.name = "backup",
	.run = run_backup,
	.arguments = "STORE FILE [--force]",
	.summary = "Copy a store, mounted or not, into a tar archive.",
	.help = "The copy is of one moment: all that was acknowledged before the "
		"command was\n"
		"called, whole group commits, nothing after. Nobody is kept from "
		"writing. FILE\n"
		"has mode 0600: it holds the private keys. It gets its name when "
		"it "
		"is whole\n"
		"and on disk. - is standard output.\n\n"
		"  -f, --force   replace FILE where there is one\n\n"
		"`stemefs restore FILE STORE` makes the store again; so does "
		"mkdir STORE &&\n"
		"tar xf FILE -C STORE, without a check. It is the same store, with "
		"the same id\n"
		"and keys. Never write to both: they would be two histories under "
		"one id.\n\n"
		"Exit status: 0 copied, 4 copied with damage that the log has, 8 "
		"not copied.\n",
};

const struct command command_restore = {
	.name = "restore",
	.run = run_restore,
	.arguments = "FILE STORE",
	.summary = "Make a store again from what backup wrote.",
	.help = "STORE is a directory that does not exist or is empty. FILE is "
		"refused, and\n"
		"nothing is left, when it is not whole or is not what was written. "
		"Every frame\n"
		"of the log is verified and the index is built. - is standard "
		"input.\n\n"
		"This is the store that was copied, with its id and its keys. "
		"Never "
		"go on\n"
		"writing to both: they would be two histories under one id.\n\n"
		"Exit status: 0 restored, 4 restored with damage that the log had, "
		"8 "
		"not restored.\n",
};

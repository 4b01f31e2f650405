/* stemefs mount, umount; and mount.stemefs, which differs in its flags: to mount(8) -f is
 * "fake" and -s "sloppy", to the tools of FUSE filesystems -f is "foreground". */
#include "fs/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fs/command.h"
#include "fs/daemon.h"
#include "fs/mountpoint.h"

enum {
	WAIT_SECONDS = 10, /* for a daemon that drains its last commits */
	WAIT_STEP_NS = 10000000,
};

/* What was asked for. */
struct request {
	const char *store, *dir;
	struct options options;
	bool foreground, fake, sloppy, verbose;
	const char *namespace;
	/* resolved */
	char store_path[PATH_MAX], dir_path[PATH_MAX];
};

/* ---- arguments ---- */

static int usage(const char *message)
{
	struct error err;

	(void)fail(&err, EINVAL, "%s", message);
	(void)fail_hint(&err, "stemefs mount --help");
	return complain(EXIT_USAGE, "mount", &err);
}

static void add_option(struct buf *options, const char *text)
{
	if (options->n)
		buf_byte(options, ',');
	buf_str(options, text);
}

/* One flag; the texts of all -o are put together, since mount(8) gives -s in any place. */
static int take_flag(int flag, bool helper, struct request *q, struct buf *options)
{
	static const char ignored_by_helper[] = "nt";
	char message[32];

	switch (flag) {
	case 'o':
		add_option(options, optarg);
		return EXIT_OK;
	case 'f':
		*(helper ? &q->fake : &q->foreground) = true;
		return EXIT_OK;
	case 'v':
		q->verbose = true;
		return EXIT_OK;
	case 's':
		q->sloppy = true;
		return EXIT_OK;
	case 'd':
		q->foreground = true;
		q->options.debug = true;
		return EXIT_OK;
	case 'N':
		q->namespace = optarg;
		return EXIT_OK;
	default:
		break;
	}
	if (helper && strchr(ignored_by_helper, flag))
		return EXIT_OK;
	(void)snprintf(message, sizeof(message),
		flag == ':' ? "flag -%c needs a value" : "unknown flag -%c",
		optopt);
	return usage(message);
}

static int parse_options(const struct buf *options, struct request *q)
{
	struct error err = {0};
	struct slice text;
	int r = buf_view(options, &text);

	if (r == 0)
		r = options_parse(text, q->sloppy, &q->options, &err);
	else
		(void)fail(&err, -r, "%s", strerror(-r));
	if (r == 0)
		r = options_settle(&q->options, &err);
	if (r == 0)
		return EXIT_OK;
	return complain(r == -EOPNOTSUPP ? EXIT_MOUNT : EXIT_USAGE, "mount", &err);
}

static int parse(int argc, char **argv, bool helper, struct request *q)
{
	const char *flags = helper ? ":o:fvsnN:t:" : ":o:fvd";
	int flag, status = EXIT_OK;
	BUF_AUTO(options);

	*q = (struct request){.options = OPTIONS_DEFAULT};
	opterr = 0;
	optind = 0; /* getopt(3) starts anew */
	while (status == EXIT_OK && (flag = getopt(argc, argv, flags)) != -1)
		status = take_flag(flag, helper, q, &options);
	if (status == EXIT_OK)
		status = parse_options(&options, q);
	if (status != EXIT_OK)
		return status;
	if (argc - optind > 2)
		return usage("too many arguments: STORE and DIR are expected");
	q->store = optind < argc ? argv[optind] : NULL;
	q->dir = optind + 1 < argc ? argv[optind + 1] : NULL;
	return EXIT_OK;
}

/* ---- mount ---- */

static int enter_namespace(const char *name, struct error *err)
{
	char path[64];
	int fd, r;

	if (strspn(name, "0123456789") == strlen(name)) {
		(void)snprintf(path, sizeof(path), "/proc/%.20s/ns/mnt", name);
		name = path;
	}
	fd = open(name, O_RDONLY | O_CLOEXEC);
	r = fd < 0 || setns(fd, CLONE_NEWNS) < 0 ? -errno : 0;
	if (fd >= 0)
		(void)close(fd);
	return r < 0 ? fail(err, -r, "namespace: %s", strerror(-r)) : 0;
}

/* Everything that can be known before there is a daemon. */
static int check(struct request *q)
{
	char elsewhere[PATH_MAX];
	bool detached = false;
	struct error err;

	if (!q->store)
		return usage("STORE and DIR are missing");
	if (q->namespace && enter_namespace(q->namespace, &err) < 0)
		return complain(EXIT_MOUNT, q->namespace, &err);
	if (mountpoint_store(q->store, q->store_path, &err) < 0)
		return complain(EXIT_MOUNT, q->store, &err);
	if (!q->dir)
		return usage("DIR is missing: where the tree is to appear");
	if (mountpoint_resolve(q->dir, q->dir_path, &err) < 0)
		return complain(EXIT_MOUNT, q->dir, &err);
	if (mountpoint_check(q->dir_path, q->store_path, q->fake ? NULL : &detached,
		    &err) < 0)
		return complain(EXIT_MOUNT, q->dir, &err);
	if (detached)
		(void)fprintf(stderr,
			"stemefs: %s: a dead mount was there; detached\n", q->dir);
	if (!q->options.at[0] &&
		find_mount(q->store_path, elsewhere, sizeof(elsewhere))) {
		(void)fail(&err, EBUSY, "is mounted already, on %s", elsewhere);
		(void)fail_hint(&err, "stemefs umount %s", elsewhere);
		return complain(EXIT_MOUNT, q->store, &err);
	}
	return EXIT_OK;
}

static int start(struct request *q)
{
	struct daemon_options o = {.store = q->store_path,
		.mountpoint = q->dir_path,
		.options = &q->options};
	struct error err = {0};
	pid_t pid;
	int r;

	if (q->foreground)
		r = daemon_run(&o, &err);
	else
		r = daemon_start(&o, &pid, &err);
	if (r < 0)
		return complain(EXIT_MOUNT, q->store, &err);
	if (q->verbose)
		(void)printf(
			"stemefs: %s mounted on %s\n", q->store_path, q->dir_path);
	return EXIT_OK;
}

static int mount_as(int argc, char **argv, bool helper)
{
	struct request *q = malloc(sizeof(*q));
	int status;

	if (!q)
		return EXIT_SYSTEM;
	status = parse(argc, argv, helper, q);
	if (status == EXIT_OK)
		status = check(q);
	if (status == EXIT_OK && !q->fake)
		status = start(q);
	free(q);
	return status;
}

static bool wants_mount_help(int argc, char **argv)
{
	struct slice text;
	BUF_AUTO(b);

	if (!wants_help(&command_mount, argc, argv))
		return false;
	options_help(&b);
	if (buf_view(&b, &text) == 0)
		(void)printf("%.*s", SLICE_ARG(text));
	return true;
}

int mount_helper(int argc, char **argv)
{
	return wants_mount_help(argc, argv) ? EXIT_OK : mount_as(argc, argv, true);
}

static int run_mount(int argc, char **argv)
{
	return wants_mount_help(argc, argv) ? EXIT_OK : mount_as(argc, argv, false);
}

const struct command command_mount = {
	.name = "mount",
	.run = run_mount,
	.arguments = "STORE DIR [-o OPTIONS] [-f] [-d] [-v]",
	.summary = "Show a store as files on an empty directory.",
	.help = "Returns when the mount answers; a daemon serves it then. `stemefs "
		"STORE DIR`\n"
		"and `mount -t stemefs STORE DIR` do the same.\n"
		"\n"
		"With -o at=MOMENT it shows that moment alone, read-only, beside a "
		"mount that goes\n"
		"on; what was read once the kernel then reads by itself.\n"
		"\n"
		"  -o OPTIONS  mount options, separated by commas\n"
		"  -f          stay in the foreground, log to stderr\n"
		"  -d          the same, and log every request\n"
		"  -v          say what was mounted\n"
		"\n"
		"Options:\n",
};

/* ---- umount ---- */

/* Does a daemon still hold the store? Its lock belongs to an open file, so asking from
 * here counts as anybody else. */
static bool store_is_held(const char *store)
{
	struct flock probe = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[PATH_MAX];
	int fd, n = snprintf(path, sizeof(path), "%s/lock", store);
	bool held;

	if (n < 0 || (size_t)n >= sizeof(path))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) /* not ours to look into: the mount being gone must do */
		return false;
	held = fcntl(fd, F_OFD_GETLK, &probe) == 0 && probe.l_type != F_UNLCK;
	(void)close(fd);
	return held;
}

/* Until the store can be mounted again. */
static int wait_for_release(const char *store, bool for_ever)
{
	const struct timespec step = {.tv_nsec = WAIT_STEP_NS};
	struct timespec now, start;
	struct error err;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	while (store_is_held(store)) {
		(void)nanosleep(&step, NULL);
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		if (for_ever || now.tv_sec - start.tv_sec < WAIT_SECONDS)
			continue;
		(void)fail(&err, ETIMEDOUT,
			"unmounted, but the daemon has not let go of "
			"the store after %d s",
			WAIT_SECONDS);
		(void)fail_hint(&err, "--wait");
		return complain(EXIT_SYSTEM, store, &err);
	}
	return EXIT_OK;
}

static int unmount(const char *dir, bool lazy, bool for_ever)
{
	char path[PATH_MAX], store[PATH_MAX];
	struct error err;
	bool frozen;

	if (mountpoint_resolve(dir, path, &err) < 0)
		return complain(EXIT_MOUNT, dir, &err);
	if (!mountpoint_source(path, store, sizeof(store), &frozen)) {
		(void)fail(&err, EINVAL, "no store is mounted there");
		return complain(EXIT_MOUNT, dir, &err);
	}
	if (mountpoint_unmount(path, lazy, &err) < 0)
		return complain(EXIT_MOUNT, dir, &err);
	/* Detached while in use, it lives on until its last user has gone; and that of a
	 * moment holds nothing that could be waited for. */
	return lazy || frozen ? EXIT_OK : wait_for_release(store, for_ever);
}

static int run_umount(int argc, char **argv)
{
	bool lazy = false, for_ever = false;
	const char *dir = NULL;

	if (wants_help(&command_umount, argc, argv))
		return EXIT_OK;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--wait") == 0)
			for_ever = true;
		else if (strcmp(argv[i], "-l") == 0)
			lazy = true;
		else if (argv[i][0] == '-' || dir)
			dir = "";
		else
			dir = argv[i];
	}
	if (!dir || !*dir) {
		struct error err;

		(void)fail(&err, EINVAL, "one DIR is expected");
		(void)fail_hint(&err, "stemefs umount --help");
		return complain(EXIT_USAGE, "umount", &err);
	}
	return unmount(dir, lazy, for_ever);
}

const struct command command_umount = {
	.name = "umount",
	.run = run_umount,
	.arguments = "DIR [--wait] [-l]",
	.summary = "Unmount, and wait until the store is free.",
	.help = "Returns when the daemon has ended, so that the store can be "
		"mounted or copied\n"
		"at once; gives up waiting after 10 seconds.\n"
		"\n"
		"  --wait  wait as long as it takes\n"
		"  -l      detach now, although it is in use; do not wait\n",
};

/* stemefs run STORE -- CMD: the store as files for one command alone.
 *
 * The mount lives in a mount namespace of its own, which ends with the command: nothing of
 * it is seen outside, and no privilege is needed where user namespaces are allowed. The
 * caller keeps its uid in there, so records are signed with the same key as elsewhere. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/command.h"
#include "fs/daemon.h"
#include "fs/mountpoint.h"

enum {
	EXIT_CANNOT_RUN = 126, /* as shells have it */
	EXIT_NOT_FOUND = 127,
	EXIT_BY_SIGNAL = 128,
};

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	(void)close(fd);
	return r;
}

/* In a user namespace we may mount; our ids stay what they are. */
static int keep_ids(uid_t uid, gid_t gid)
{
	char map[64];
	int r = write_file("/proc/self/setgroups", "deny");

	(void)snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	if (r == 0 || r == -ENOENT)
		r = write_file("/proc/self/uid_map", map);
	(void)snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	return r < 0 ? r : write_file("/proc/self/gid_map", map);
}

static int enter_own_namespace(struct error *err)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int r = unshare(CLONE_NEWNS) < 0 ? -errno : 0;

	if (r == -EPERM) {
		r = unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ? -errno : 0;
		if (r == 0)
			r = keep_ids(uid, gid);
	}
	if (r == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		r = -errno;
	return r < 0 ? fail(err, -r, "no namespace of its own: %s", strerror(-r))
		     : 0;
}

/* In the child: does not return. */
static void become(char **command, const char *dir)
{
	struct error err;
	int status;

	if (setenv("STEMEFS_MNT", dir, 1) < 0 || chdir(dir) < 0) {
		(void)fail(&err, errno, "%s", strerror(errno));
		_exit(complain(EXIT_CANNOT_RUN, dir, &err));
	}
	(void)execvp(command[0], command);
	status = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
	(void)fail(&err, errno, "%s", strerror(errno));
	_exit(complain(status, command[0], &err));
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_SYSTEM;
	return WIFSIGNALED(status) ? EXIT_BY_SIGNAL + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

/* The terminal's signals are the command's, as under any shell: we must be there after it
 * to unmount. */
static int run_command(char **command, const char *dir)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;
	int status = EXIT_SYSTEM;
	pid_t pid;

	(void)sigaction(SIGINT, &ignore, &interrupt);
	(void)sigaction(SIGQUIT, &ignore, &quit);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		(void)sigaction(SIGINT, &interrupt, NULL);
		(void)sigaction(SIGQUIT, &quit, NULL);
		become(command, dir);
	}
	if (pid > 0)
		status = wait_for(pid);
	(void)sigaction(SIGINT, &interrupt, NULL);
	(void)sigaction(SIGQUIT, &quit, NULL);
	return status;
}

static int run_mounted(
	const char *store, const struct options *options, char **command)
{
	char dir[] = "/tmp/stemefs.XXXXXX";
	struct daemon_options o = {.store = store,
		.mountpoint = dir,
		.options = options,
		.die_with_parent = true};
	struct error err = {0};
	pid_t daemon;
	int status;

	if (enter_own_namespace(&err) < 0)
		return complain(EXIT_MOUNT, store, &err);
	if (!mkdtemp(dir)) {
		(void)fail(&err, errno, "%s", strerror(errno));
		return complain(EXIT_SYSTEM, dir, &err);
	}
	if (daemon_start(&o, &daemon, &err) < 0) {
		(void)rmdir(dir);
		return complain(EXIT_MOUNT, store, &err);
	}
	status = run_command(command, dir);
	(void)kill(daemon, SIGTERM);
	(void)wait_for(daemon);
	(void)rmdir(dir);
	return status;
}

static int usage(const char *message)
{
	struct error err;

	(void)fail(&err, EINVAL, "%s", message);
	(void)fail_hint(&err, "stemefs run --help");
	return complain(EXIT_USAGE, "run", &err);
}

/* argv: STORE [--] COMMAND... */
static int run_in(int argc, char **argv, const struct options *options)
{
	char store[PATH_MAX];
	struct error err;
	char **command = argv + 1;

	if (argc > 1 && strcmp(argv[1], "--") == 0)
		command++;
	if (argc < 2 || !*command)
		return usage("STORE and a command are expected");
	if (mountpoint_store(argv[0], store, &err) < 0)
		return complain(EXIT_MOUNT, argv[0], &err);
	return run_mounted(store, options, command);
}

static int run_run(int argc, char **argv)
{
	struct options *options;
	struct error err = {0};
	int flag, status, r = 0;

	if (wants_help(&command_run, argc, argv))
		return EXIT_OK;
	options = malloc(sizeof(*options));
	if (!options)
		return EXIT_SYSTEM;
	*options = OPTIONS_DEFAULT;
	opterr = 0;
	optind = 0;
	/* '+': the command's own flags are not ours. */
	while (r == 0 && (flag = getopt(argc, argv, "+o:")) == 'o')
		r = options_parse(slice_str(optarg), false, options, &err);
	if (r == 0 && flag == -1)
		r = options_settle(options, &err);
	if (r < 0)
		status = complain(EXIT_USAGE, "run", &err);
	else if (flag != -1)
		status = usage("unknown flag");
	else
		status = run_in(argc - optind, argv + optind, options);
	free(options);
	return status;
}

const struct command command_run = {
	.name = "run",
	.run = run_run,
	.arguments = "[-o OPTIONS] STORE -- COMMAND [ARGUMENT...]",
	.summary = "Run a command that alone sees the store as files.",
	.help = "The command starts in the mount, whose path is also in "
		"$STEMEFS_MNT, and its\n"
		"exit status is returned: 128 + n when it was killed by signal n, "
		"126 and 127 as\n"
		"in a shell. Nothing is mounted outside, and no privilege is "
		"needed.\n",
};

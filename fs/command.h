/* The command line: one row per command in fs/main.c, one function each.
 *
 * A command returns its exit status: 0 done; 1 usage or permission; 2 system error; 32
 * mount failed; check uses those of fsck(8). Messages go to stderr as
 * `stemefs: object: reason; try …`. */
#ifndef FS_COMMAND_H
#define FS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

enum exit_status {
	EXIT_OK = 0,
	EXIT_USAGE = 1,
	EXIT_SYSTEM = 2,
	EXIT_MOUNT = 32,
	CHECK_CLEAN = 0, /* fsck(8) */
	CHECK_REPAIRED = 1,
	CHECK_DAMAGED = 4,
	CHECK_CANNOT = 8,
};

struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
	const char *arguments;		   /* "STORE PATH" */
	const char *summary;		   /* one line for `stemefs --help` */
	const char *help;		   /* the rest of `stemefs <name> --help` */
};

/* cli_store.c: init status; cli_check.c: check rebuild; cli_tree.c: cat ls put; cli_key.c:
 * key; cli_setting.c: admit set; cli_sign.c: sign; mount.c: mount umount run; main.c:
 * version. */
extern const struct command command_init, command_status, command_check,
	command_rebuild;
extern const struct command command_backup, command_restore; /* cli_backup.c */
extern const struct command command_cat, command_ls, command_put;
extern const struct command command_key, command_sign, command_admit, command_set;
extern const struct command command_mount, command_umount, command_run;

/* Print `stemefs: <object>: <message>; try <hint>` and return status. */
int complain(int status, const char *object, const struct error *err);

/* Print the command's own help to stdout when argv has --help or -h before a "--"; true
 * when it did. */
bool wants_help(const struct command *c, int argc, char **argv);

/* Where a store is mounted live by a daemon: the mount point from /proc/self/mountinfo
 * (type fuse.stemefs, source the store's real path); false when it is not. */
bool find_mount(const char *store, char *out, size_t size);

#endif

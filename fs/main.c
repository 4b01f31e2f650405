/* Which command was meant. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/command.h"
#include "fs/mount.h"
#include "fs/nearest.h"

static int run_version(int argc, char **argv);

static const struct command command_version = {
	.name = "version",
	.run = run_version,
	.arguments = "",
	.summary = "Say which version this is.",
	.help = "",
};

static const struct command *const commands[] = {
	&command_init,
	&command_mount,
	&command_umount,
	&command_run,
	&command_status,
	&command_check,
	&command_rebuild,
	&command_backup,
	&command_restore,
	&command_cat,
	&command_ls,
	&command_put,
	&command_key,
	&command_sign,
	&command_admit,
	&command_set,
	&command_version,
};

enum {
	COMMANDS = sizeof(commands) / sizeof(commands[0]),
	TYPO_MAX =
		2, /* so far from a command a word can be and still be one mistyped */
};

static int run_version(int argc, char **argv)
{
	if (!wants_help(&command_version, argc, argv))
		(void)printf("stemefs %s\n", STEMEFS_VERSION);
	return EXIT_OK;
}

static void print_help(FILE *out)
{
	(void)fprintf(out, "stemefs: a signed knowledge graph as plain files\n"
			   "\n"
			   "usage: stemefs COMMAND [ARGUMENT...]\n"
			   "       stemefs STORE DIR [-o OPTIONS]\n"
			   "\n");
	for (size_t i = 0; i < COMMANDS; i++)
		(void)fprintf(out, "  %-9s %s\n", commands[i]->name,
			commands[i]->summary);
	(void)fprintf(out, "\n`stemefs COMMAND --help` says more.\n");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* A word that is no command, and does not look like a store either. */
static int unknown_command(const char *word)
{
	size_t distance = TYPO_MAX + 1;
	const char *best = NULL;
	struct error err;

	for (size_t i = 0; i < COMMANDS; i++) {
		size_t n = edit_distance(
			slice_str(word), slice_str(commands[i]->name));

		if (n < distance) {
			distance = n;
			best = commands[i]->name;
		}
	}
	(void)fail(&err, EINVAL, "is neither a command nor a store");
	if (best)
		(void)fail_hint(&err, "stemefs %s, or stemefs --help", best);
	else
		(void)fail_hint(&err, "stemefs --help");
	return complain(EXIT_USAGE, word, &err);
}

static bool is_helper(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return strcmp(name, "mount.stemefs") == 0 ||
	       strcmp(name, "mount.fuse.stemefs") == 0;
}

/* `stemefs STORE DIR`, as mount -t fuse.stemefs calls it. */
static bool is_store_and_dir(int argc, char **argv)
{
	struct stat st;

	if (argv[1][0] == '-')
		return argc > 3; /* -o … STORE DIR */
	return strchr(argv[1], '/') ||
	       (stat(argv[1], &st) == 0 && S_ISDIR(st.st_mode));
}

static bool is_version(const char *word)
{
	return strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0;
}

int main(int argc, char **argv)
{
	const struct command *c;

	/* `stemefs -V`, and after any command. */
	if ((argc > 1 && is_version(argv[1])) || (argc > 2 && is_version(argv[2])))
		return run_version(1, argv);
	if (argc > 0 && is_helper(argv[0]))
		return mount_helper(argc, argv);
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (is_helper(argv[1])) /* from a script, which cannot choose argv[0] */
		return mount_helper(argc - 1, argv + 1);
	c = find_command(argv[1]);
	if (c)
		return c->run(argc - 1, argv + 1);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_help(stdout);
		return EXIT_OK;
	}
	if (!is_store_and_dir(argc, argv))
		return unknown_command(argv[1]);
	return command_mount.run(argc, argv);
}

/* cat, ls, put: the files of a store without, or through, its mount. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/when.h"
#include "fs/cli.h"
#include "fs/entrance.h"

/* ---- cat ---- */

static int take_to_stdout(void *ctx, struct slice bytes)
{
	(void)ctx;
	if (fwrite(bytes.p, 1, bytes.n, stdout) == bytes.n)
		return 0;
	return errno ? -errno : -EIO;
}

static int run_cat(int argc, char **argv)
{
	static const struct option_row options[] = {{0}};
	ENTRANCE_AUTO(e);
	struct error err;
	int status = EXIT_OK;
	int n;

	if (wants_help(&command_cat, argc, argv))
		return EXIT_OK;
	n = take_options(&command_cat, argc, argv, options, 2, argc);
	if (n < 0)
		return EXIT_USAGE;
	if (entrance_open(argv[1], &e, &err) < 0)
		return complain_of(&err);
	for (int i = 2; i <= n; i++)
		if (entrance_read(&e, argv[i], take_to_stdout, NULL, &err) < 0)
			status = complain_of(&err);
	if (fflush(stdout) != 0) {
		(void)fail(&err, errno, "standard output: %s", strerror(errno));
		return complain(EXIT_SYSTEM, NULL, &err);
	}
	return status;
}

/* ---- ls ---- */

static void mode_text(mode_t mode, char out[11])
{
	static const char letters[] = "rwxrwxrwx";

	memcpy(out + 1, letters, sizeof(letters));
	out[0] = S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : '-';
	for (int i = 0; i < 9; i++)
		if (!(mode & (0400U >> i)))
			out[i + 1] = '-';
	if (mode & S_ISVTX)
		out[9] = 't';
}

/* Names in the inbox may be any bytes; a terminal is not to be driven by them. */
static void print_name(struct slice name)
{
	bool terminal = isatty(STDOUT_FILENO);

	for (size_t i = 0; i < name.n; i++) {
		int c = name.p[i];

		(void)putchar(terminal && (c < ' ' || c == 0x7f) ? '?' : c);
	}
}

static void print_details(const struct shown *s)
{
	BUF_AUTO(when);
	char mode[11];

	mode_text(s->mode, mode);
	when_print(s->mtime, &when);
	(void)printf("%s %5" PRIu32 " %10" PRIu64 " %-30.*s ", mode, s->uid,
		s->size, (int)when.n, (const char *)when.p);
}

static void print_entry(void *ctx, const struct shown *s)
{
	const bool *details = ctx;

	if (*details)
		print_details(s);
	print_name(s->name);
	if (s->link.n) {
		(void)fputs(" -> ", stdout);
		print_name(s->link);
	}
	(void)putchar('\n');
}

static int run_ls(int argc, char **argv)
{
	bool details = false;
	const struct option_row options[] = {
		{.name = "long", .short_name = "l", .set = &details}, {0}};
	ENTRANCE_AUTO(e);
	struct error err;
	int n;

	if (wants_help(&command_ls, argc, argv))
		return EXIT_OK;
	n = take_options(&command_ls, argc, argv, options, 1, 2);
	if (n < 0)
		return EXIT_USAGE;
	if (entrance_open(argv[1], &e, &err) < 0 ||
		entrance_list(&e, n > 1 ? argv[2] : "", details, print_entry,
			&details, &err) < 0)
		return complain_of(&err);
	if (fflush(stdout) != 0) {
		(void)fail(&err, errno, "standard output: %s", strerror(errno));
		return complain(EXIT_SYSTEM, NULL, &err);
	}
	return EXIT_OK;
}

/* ---- put ---- */

static int give_from_stdin(void *ctx, struct buf *out)
{
	uint8_t *room = buf_room(out, ENTRANCE_CHUNK);
	ssize_t n;

	(void)ctx;
	if (!room)
		return -ENOMEM;
	do
		n = read(STDIN_FILENO, room, ENTRANCE_CHUNK);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	out->n += (size_t)n;
	return 0;
}

static int run_put(int argc, char **argv)
{
	static const struct option_row options[] = {{0}};
	ENTRANCE_AUTO(e);
	struct error err;

	if (wants_help(&command_put, argc, argv))
		return EXIT_OK;
	if (take_options(&command_put, argc, argv, options, 2, 2) < 0)
		return EXIT_USAGE;
	if (entrance_open(argv[1], &e, &err) < 0)
		return complain_of(&err);
	if (entrance_write(&e, argv[2], give_from_stdin, NULL, &err) < 0)
		return complain(EXIT_USAGE, NULL, &err);
	return EXIT_OK;
}

const struct command command_cat = {
	.name = "cat",
	.run = run_cat,
	.arguments = "STORE PATH...",
	.summary = "Print files of a store, mounted or not.",
	.help = "PATH is from the mount root, like "
		"subjects/Tesla_Inc/ceo/consensus.\n"
		"Links are followed. What a mount shows and what this prints are "
		"the same\n"
		"bytes; where the store is mounted, they come through the mount.\n",
};

const struct command command_ls = {
	.name = "ls",
	.run = run_ls,
	.arguments = "STORE [PATH] [-l]",
	.summary = "List a directory of a store, mounted or not.",
	.help = "  -l, --long   mode, owner, size and time as well\n",
};

const struct command command_put = {
	.name = "put",
	.run = run_put,
	.arguments = "STORE PATH < FILE",
	.summary = "Write records to a store, mounted or not.",
	.help = "PATH is a place that is written to: inbox/NAME for JSON records, "
		"or\n"
		"subjects/S/P/assert and vote. Returns when all is durable and "
		"visible, or\n"
		"with status 1 and a sentence when something is refused; what "
		"stands before\n"
		"that is kept.\n",
};

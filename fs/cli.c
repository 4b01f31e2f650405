#include "fs/cli.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "core/when.h"

/* ---- sentences ---- */

/* Many messages name their object themselves: "/store: is in use by process 7". */
static bool names_itself(const char *message, const char *object)
{
	size_t n = strlen(object);

	return strncmp(message, object, n) == 0 && message[n] == ':';
}

int complain(int status, const char *object, const struct error *err)
{
	const char *message = err->message[0] ? err->message : strerror(err->code);

	(void)fputs("stemefs: ", stderr);
	if (object && !names_itself(message, object))
		(void)fprintf(stderr, "%s: ", object);
	(void)fputs(message, stderr);
	if (err->hint[0])
		(void)fprintf(stderr, "; try %s", err->hint);
	(void)fputc('\n', stderr);
	return status;
}

int complain_of(const struct error *err)
{
	switch (err->code) {
	case EIO:
	case ENOMEM:
	case ENOSPC:
	case EMFILE:
	case ENFILE:
		return complain(EXIT_SYSTEM, NULL, err);
	default:
		return complain(EXIT_USAGE, NULL, err);
	}
}

int print_out(const struct buf *out)
{
	struct error err = {0};
	struct slice s;

	if (buf_view(out, &s) < 0)
		(void)fail(&err, ENOMEM, "out of memory");
	else if ((s.n && fwrite(s.p, 1, s.n, stdout) != s.n) || fflush(stdout) != 0)
		(void)fail(&err, EIO, "standard output: %s", strerror(errno));
	return err.code ? complain_of(&err) : 0;
}

/* ---- arguments ---- */

int usage(const struct command *c)
{
	(void)fprintf(stderr, "usage: stemefs %s %s\n", c->name, c->arguments);
	return EXIT_USAGE;
}

bool wants_help(const struct command *c, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") != 0 && strcmp(argv[i], "-h") != 0)
			continue;
		(void)printf("usage: stemefs %s %s\n%s\n\n%s", c->name,
			c->arguments, c->summary, c->help);
		return true;
	}
	return false;
}

/* The row of an option; *value is what follows "=", or NULL. */
static const struct option_row *find_row(
	const struct option_row *rows, const char *arg, const char **value)
{
	size_t n = strcspn(arg, "=");

	*value = arg[n] ? arg + n + 1 : NULL;
	for (; rows->name; rows++) {
		if (n > 2 && strncmp(arg, "--", 2) == 0 &&
			strlen(rows->name) == n - 2 &&
			strncmp(arg + 2, rows->name, n - 2) == 0)
			return rows;
		if (rows->short_name && arg[1] != '-' &&
			strcmp(arg + 1, rows->short_name) == 0)
			return rows;
	}
	return NULL;
}

/* Take the option at argv[*i], and its value behind it. */
static int take_option(const struct option_row *rows, int argc, char **argv, int *i,
	struct error *err)
{
	const char *value;
	const struct option_row *row = find_row(rows, argv[*i], &value);

	if (!row)
		return fail(err, EINVAL, "%s: unknown option", argv[*i]);
	if (!row->value && value)
		return fail(err, EINVAL, "--%s: takes no value", row->name);
	if (row->value && !value && *i + 1 == argc)
		return fail(err, EINVAL, "--%s: needs a value", row->name);
	if (row->value)
		*row->value = value ? value : argv[++*i];
	if (row->set)
		*row->set = true;
	return 0;
}

int take_options(const struct command *c, int argc, char **argv,
	const struct option_row *rows, int least, int most)
{
	bool options = true;
	int n = 0;

	for (int i = 1; i < argc; i++) {
		struct error err;

		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (!options || argv[i][0] != '-' || !argv[i][1]) {
			argv[++n] = argv[i];
		} else if (take_option(rows, argc, argv, &i, &err) < 0) {
			(void)complain(EXIT_USAGE, c->name, &err);
			(void)usage(c);
			return -1;
		}
	}
	if (n >= least && n <= most)
		return n;
	(void)usage(c);
	return -1;
}

/* ---- time ---- */

uint64_t wall_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

int read_time(const char *text, uint64_t *out, struct error *err)
{
	struct slice s = slice_str(text);

	if (strchr(text, '-') || strchr(text, ':'))
		return when_parse(s, out, err);
	return when_parse_seconds(s, out, err);
}

/* ---- mounts ---- */

/* The kernel writes blanks and backslashes of paths as \ooo. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 |
				       (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

/* The mount point in a line of mountinfo that is a mount of this store, or NULL.
 *
 *	36 35 0:51 / /mnt rw,nosuid shared:1 - fuse.stemefs /path/of/store rw,…
 */
static char *mount_point_in(char *line, const char *store)
{
	char *behind = strstr(line, " - fuse.stemefs ");
	char *field = line, *source;

	if (!behind)
		return NULL;
	source = behind + strlen(" - fuse.stemefs ");
	*behind = '\0';
	source[strcspn(source, " \n")] = '\0';
	unescape(source);
	if (strcmp(source, store) != 0)
		return NULL;
	for (int i = 0; i < 3 && field; i++)
		field = strchr(field, ' ') ? strchr(field, ' ') + 1 : NULL;
	if (!field || strncmp(field, "/ ", 2) != 0)
		return NULL; /* a file or a directory of it, bound elsewhere */
	field += 2;
	field[strcspn(field, " ")] = '\0';
	unescape(field);
	return field;
}

/* A daemon that was killed leaves a mount on which everything is ENOTCONN; but not what the
 * kernel has kept, as it does with the attributes of the root. */
static bool answers(const char *mount)
{
	struct statfs st;

	return statfs(mount, &st) == 0 || errno != ENOTCONN;
}

static void close_file(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

static void free_text(char **s)
{
	free(*s);
}

bool find_mount(const char *store, char *out, size_t size)
{
	__attribute__((cleanup(free_text))) char *real = realpath(store, NULL);
	__attribute__((cleanup(free_text))) char *line = NULL;
	__attribute__((cleanup(close_file))) FILE *f =
		real ? fopen("/proc/self/mountinfo", "re") : NULL;
	size_t room = 0;
	bool found = false;

	while (f && getline(&line, &room, f) >= 0) {
		char *mount = mount_point_in(line, real);

		if (!mount || strlen(mount) >= size || !answers(mount))
			continue;
		(void)snprintf(out, size, "%s", mount);
		found = true; /* the last one wins: it is on top */
	}
	return found;
}

/* The operations of the client. */
#include "bench/client.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	WORDS_MAX = 32,
	PIECE = 1 << 16,
};

static void do_read(struct side *s, char *line, size_t number)
{
	static _Thread_local char piece[PIECE];
	int fd = open(line, O_RDONLY | O_CLOEXEC);
	ssize_t got = PIECE;

	(void)s;
	(void)number;
	if (fd < 0)
		err(1, "open %s", line);
	while (got == PIECE)
		got = read(fd, piece, PIECE);
	if (got < 0 || close(fd) < 0)
		err(1, "read %s", line);
}

static void do_stat(struct side *s, char *line, size_t number)
{
	struct stat st;

	(void)s;
	(void)number;
	if (lstat(line, &st) < 0)
		err(1, "stat %s", line);
}

/* The newline that ended the line is written, too: it ends the record. */
static void do_write(struct side *s, char *line, size_t number)
{
	char path[512];
	size_t n = strlen(line);
	int fd = -1;

	(void)snprintf(
		path, sizeof(path), "%s/%d-%zu", s->dir, (int)getpid(), number);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		err(1, "create %s", path);
	line[n] = '\n';
	if (write(fd, line, n + 1) != (ssize_t)(n + 1) || close(fd) < 0)
		err(1, "write %s: %.*s", path, (int)n, line);
}

static void do_list(struct side *s, char *line, size_t number)
{
	DIR *dir = opendir(line);
	unsigned long n = 0;

	(void)number;
	if (!dir)
		err(1, "opendir %s", line);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	(void)atomic_fetch_add(&s->entries, n);
}

static void do_run(struct side *s, char *line, size_t number)
{
	char *words[WORDS_MAX + 1] = {NULL}, *copy = strdup(line), *rest = copy;
	posix_spawn_file_actions_t a;
	pid_t child = 0;
	int status = 0;

	(void)s;
	(void)number;
	if (!copy)
		err(1, "client");
	words[0] = strsep(&rest, "	");
	for (size_t n = 1; rest && n < WORDS_MAX; n++)
		words[n] = strsep(&rest, "	");
	(void)posix_spawn_file_actions_init(&a);
	(void)posix_spawn_file_actions_addopen(&a, 1, "/dev/null", O_WRONLY, 0);
	errno = posix_spawnp(&child, copy, &a, NULL, words, environ);
	if (errno || waitpid(child, &status, 0) != child || status != 0)
		err(1, "%s: status %d", line, status);
	(void)posix_spawn_file_actions_destroy(&a);
	free(copy);
}

op_fn *op_named(const char *name)
{
	static const struct {
		const char *name;
		op_fn *op;
	} ops[] = {{"read", do_read}, {"stat", do_stat}, {"write", do_write},
		{"list", do_list}, {"run", do_run}};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strcmp(name, ops[i].name) == 0)
			return ops[i].op;
	errx(1, "client: no operation %s", name);
}

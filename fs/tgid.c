#include "fs/tgid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	STATUS_HEAD =
		512, /* Name, Umask, State come before Tgid: some 120 bytes at most */
};

int tgid_open(void)
{
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

pid_t tgid_read(int proc, pid_t pid)
{
	char name[32], text[STATUS_HEAD];
	const char *line;
	ssize_t n;

	if (proc < 0 || pid <= 0)
		return 0;
	(void)snprintf(name, sizeof(name), "%ld/status", (long)pid);
	__attribute__((cleanup(close_fd))) int fd =
		openat(proc, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* A thread's name cannot fake this line: newlines are escaped there. */
	line = strstr(text, "\nTgid:");
	return line ? (pid_t)strtol(line + strlen("\nTgid:"), NULL, 10) : 0;
}

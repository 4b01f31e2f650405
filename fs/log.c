#include "fs/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum {
	LINE_MAX_BYTES = 1024,
};

static struct {
	int fd; /* -1: syslog */
	bool dated;
} out = {.fd = STDERR_FILENO};

int log_open(const char *file, bool to_stderr, struct error *err)
{
	int fd = STDERR_FILENO;

	if (file && *file) {
		fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
		if (fd < 0)
			return fail(
				err, errno, "log: %s: %s", file, strerror(errno));
		out.dated = true;
	} else if (!to_stderr) {
		openlog("stemefs", LOG_PID | LOG_NDELAY, LOG_DAEMON);
		fd = -1;
	}
	out.fd = fd;
	return 0;
}

void log_take_stderr(void)
{
	if (out.fd > STDERR_FILENO)
		(void)dup2(out.fd, STDERR_FILENO);
}

/* "2026-03-01T21:00:00Z stemefs[123]: " in a file, "stemefs: " on a terminal. */
static size_t prefix(char *line, size_t size)
{
	char date[32] = "";
	struct timespec now;
	struct tm tm;
	int n;

	if (!out.dated) {
		n = snprintf(line, size, "stemefs: ");
		return (size_t)n;
	}
	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &tm))
		(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	n = snprintf(line, size, "%s stemefs[%d]: ", date, (int)getpid());
	return (size_t)n;
}

void log_line(const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	size_t head = prefix(line, sizeof(line)), n;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line + head, sizeof(line) - head - 1, format, args);
	va_end(args);
	n = strlen(line);
	while (n > head && line[n - 1] == '\n')
		n--;
	for (size_t i = head; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[n] = '\0';
	if (out.fd < 0) {
		syslog(LOG_WARNING, "%s", line + head);
		return;
	}
	line[n++] = '\n';
	/* One write per line: lines of several threads do not mix. */
	if (write(out.fd, line, n) < 0)
		return; /* nowhere left to say it */
}

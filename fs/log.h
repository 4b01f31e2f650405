/* Where the daemon's sentences go: stderr in the foreground, else syslog, or a file.
 *
 * Process-wide, as syslog(3) is: libfuse logs through a function without context. Opened
 * once, before there are threads; log_line() then is thread-safe. */
#ifndef FS_LOG_H
#define FS_LOG_H

#include <stdbool.h>

#include "core/error.h"

/* Append to a file (0640, made when missing) where there is one, else to syslog, else,
 * to_stderr, to stderr. 0 or -errno. Until then lines go to stderr. */
int log_open(const char *file, bool to_stderr, struct error *err);

/* Once nobody reads stderr any more: send there what libraries write to it, where the log
 * is a file. */
void log_take_stderr(void);

/* One sentence, without a final newline; control characters become '?'. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

/* Mount options: the text behind -o, and what it means.
 *
 * One table says what is accepted, what is accepted and ignored (mount(8) and fstab bring
 * options that are not ours), and what --help prints. Options are separated by commas; a
 * backslash takes the next byte as it is. Of an option given twice the last one counts. */
#ifndef FS_OPTIONS_H
#define FS_OPTIONS_H

#include "core/buf.h"
#include "core/error.h"

enum {
	OPTION_TEXT_MAX = 4096, /* a path */
	OPTION_MOMENT_MAX = 64, /* a time with zone and nanoseconds has 36 bytes */
};

/* Which callers get a key of their own on their first write. */
enum autokey {
	AUTOKEY_NONE,
	AUTOKEY_OWNER, /* who mounted */
	AUTOKEY_ALL,
};

enum clock_check {
	CLOCK_STRICT,
	CLOCK_ACCEPT, /* mount although the clock is far behind the log */
};

struct options {
	bool allow_other;
	bool read_only;
	bool debug;
	unsigned autokey;	   /* enum autokey */
	unsigned clock;		   /* enum clock_check */
	unsigned cache;		   /* MiB of kept renderings; 0: default */
	unsigned sums_from;	   /* 0: default */
	unsigned scrub;		   /* MiB per second; 0: none */
	char log[OPTION_TEXT_MAX]; /* "": none */
	char at[OPTION_MOMENT_MAX]; /* show this moment alone; "": what is known now */
	const char *writers; /* the last option given that only a mount that takes
				writes has a use for; NULL: none */
};

#define OPTIONS_DEFAULT ((struct options){.autokey = AUTOKEY_OWNER})

/**
 * Read the text of one -o into o, on top of what is there.
 *
 * sloppy passes over unknown options. 0; -EINVAL with err naming the option, and in the
 * hint the nearest known one; -EOPNOTSUPP for what mount(8) may ask and we cannot do
 * (remount). o is then half filled.
 */
int options_parse(
	struct slice text, bool sloppy, struct options *o, struct error *err);

/* When all are read: do they go together? A mount with `at` is read-only from then on.
 * 0, or -EINVAL with err naming what does not. */
int options_settle(struct options *o, struct error *err);

/* Append the table as text: one option a line, then what is ignored. */
void options_help(struct buf *out);

#endif

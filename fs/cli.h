/* What the commands of the command line share. */
#ifndef FS_CLI_H
#define FS_CLI_H

#include "core/buf.h"
#include "fs/command.h"
#include "store/store.h"

/* An option of a command: `--name`, or `--name VALUE` and `--name=VALUE` where value is not
 * NULL. short_name: "l" for `-l`; NULL: none. */
struct option_row {
	const char *name;
	const char *short_name;
	bool *set;
	const char **value;
};

/**
 * Take the options out of argv: what is left stands in argv[1..n].
 *
 * rows ends with a zeroed one. Returns n; -1, after a sentence and the usage on stderr, when
 * an option is unknown or n is not within least and most.
 */
int take_options(const struct command *c, int argc, char **argv,
	const struct option_row *rows, int least, int most);

/* The same as a sentence of our own: 'usage: stemefs …' on stderr. Returns EXIT_USAGE. */
int usage(const struct command *c);

/* complain() with the exit status that the error deserves: 1 for what the caller can mend,
 * 2 for what the system cannot do. */
int complain_of(const struct error *err);

/* Print to stdout; 0, or the exit status after having complained. */
int print_out(const struct buf *out);

/* cli_key.c: a key that is wiped when its variable goes. */
void free_key(struct key **k);
#define KEY_AUTO __attribute__((cleanup(free_key))) struct key *

/* ns since 1970, by the wall clock. */
uint64_t wall_now(void);

/* A time as --at has it: RFC 3339, or seconds since 1970. 0 or -EINVAL. */
int read_time(const char *text, uint64_t *out, struct error *err);

/* cli_sign.c: append the record as one line of JSON with these signatures and one of the
 * key's own, if it has none there yet. The record is complete. 0 or -ENOMEM. */
int print_signed(const struct record *r, const struct signature *have, size_t count,
	const struct key *key, uint64_t at, struct buf *out);

#endif

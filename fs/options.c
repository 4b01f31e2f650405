#include "fs/options.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "core/moment.h"
#include "fs/nearest.h"

enum kind {
	FLAG_ON,
	FLAG_OFF,
	NUMBER,
	WORD, /* the argument's words, from 0 on */
	TEXT,
	MOMENT,
	REFUSED,
};

struct row {
	const char *name;
	enum kind kind;
	unsigned at;	      /* the field in struct options */
	const char *argument; /* NULL: none */
	unsigned low, high;   /* of a NUMBER */
	const char *help;
	bool writers; /* of no use to who takes no writes */
};

#define AT(field) offsetof(struct options, field)

static const struct row rows[] = {
	{"autokey", WORD, AT(autokey), "none|owner|all", 0, 0,
		"who gets a signing key on the first write (owner: who mounts)",
		true},
	{"ro", FLAG_ON, AT(read_only), NULL, 0, 0, "take no writes"},
	{"rw", FLAG_OFF, AT(read_only), NULL, 0, 0, "take writes (default)"},
	{"at", MOMENT, AT(at), "TIME|seq-N|now", 0, 0,
		"show this moment alone, frozen, beside any other mount"},
	{"allow_other", FLAG_ON, AT(allow_other), NULL, 0, 0,
		"let other users in (see /etc/fuse.conf)"},
	{"clock", WORD, AT(clock), "strict|accept", 0, 0,
		"accept: mount although the clock is far behind the log", true},
	{"log", TEXT, AT(log), "FILE", 0, 0, "log there instead of to syslog"},
	{"cache", NUMBER, AT(cache), "MIB", 1, 65536,
		"how much rendered text is kept in memory"},
	{"sums-from", NUMBER, AT(sums_from), "N", 1, 1000000000,
		"claims on a pair from which running sums are kept", true},
	{"scrub", NUMBER, AT(scrub), "MIB", 1, 65536,
		"read what is stored again and again, so many MiB a second", true},
	{"debug", FLAG_ON, AT(debug), NULL, 0, 0, "log every request"},
	{"remount", REFUSED},
};

static const char *const ignored[] = {
	/* Always so, whatever is asked. */
	"default_permissions", "suid", "nosuid", "dev", "nodev", "exec", "noexec",
	"sync", "async", "dirsync",
	/* Without meaning here: reading moves no time. */
	"atime", "noatime", "relatime", "norelatime", "strictatime",
	"nostrictatime", "lazytime", "nolazytime", "diratime", "nodiratime", "mand",
	"nomand", "silent", "loud", "iversion", "noiversion",
	/* Words of fstab, for mount(8) and systemd. */
	"auto", "noauto", "defaults", "comment", "user", "nouser", "users",
	"nousers", "owner", "noowner", "group", "nogroup", "nofail", "fail",
	"_netdev", "helper", "uhelper"};

enum {
	ROWS = sizeof(rows) / sizeof(rows[0]),
	IGNORED = sizeof(ignored) / sizeof(ignored[0]),
	ITEM_MAX = OPTION_TEXT_MAX + 64, /* a name, '=' and a value */
};

/* ---- one option ---- */

static void *field(struct options *o, const struct row *row)
{
	return (char *)o + row->at;
}

static int bad_value(const struct row *row, struct slice value, struct error *err)
{
	(void)fail(err, EINVAL, "%s cannot be \"%.*s\"", row->name,
		SLICE_ARG(slice_sub(value, 0, 40)));
	if (row->kind == NUMBER)
		return fail_hint(err, "%s=%s, a number from %u to %u", row->name,
			row->argument, row->low, row->high);
	return fail_hint(err, "%s=%s", row->name, row->argument);
}

static int take_number(const struct row *row, struct slice value, struct options *o,
	struct error *err)
{
	unsigned *to = field(o, row);
	uint64_t n = 0;

	if (value.n == 0 || value.n > 10)
		return bad_value(row, value, err);
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return bad_value(row, value, err);
		n = n * 10 + (unsigned)(value.p[i] - '0');
	}
	if (n < row->low || n > row->high)
		return bad_value(row, value, err);
	*to = (unsigned)n;
	return 0;
}

static int take_word(const struct row *row, struct slice value, struct options *o,
	struct error *err)
{
	const char *word = row->argument;
	unsigned *to = field(o, row);

	for (unsigned i = 0;; i++) {
		size_t n = strcspn(word, "|");

		if (slice_equal(value, slice_of(word, n))) {
			*to = i;
			return 0;
		}
		if (!word[n])
			return bad_value(row, value, err);
		word += n + 1;
	}
}

static int take_text(const struct row *row, struct slice value, struct options *o,
	struct error *err)
{
	char *to = field(o, row);

	if (value.n == 0 || value.n >= OPTION_TEXT_MAX ||
		memchr(value.p, 0, value.n))
		return bad_value(row, slice_sub(value, 0, 40), err);
	memcpy(to, value.p, value.n);
	to[value.n] = '\0';
	return 0;
}

/* Does it say when? Whether there is such a moment, the store knows. */
static bool is_moment(struct slice text)
{
	uint64_t n;

	return slice_is(text, "now") || moment_parse_seq(text, &n) == 0 ||
	       moment_parse(text, MOMENT_END, &n) == 0 ||
	       moment_parse_ago(text, INT64_MAX, &n) == 0;
}

static int take_moment(const struct row *row, struct slice value, struct options *o,
	struct error *err)
{
	char *to = field(o, row);

	if (value.n >= OPTION_MOMENT_MAX || !is_moment(value))
		return bad_value(row, value, err);
	memcpy(to, value.p, value.n);
	to[value.n] = '\0';
	return 0;
}

static int take_value(const struct row *row, struct slice value, struct options *o,
	struct error *err)
{
	if (row->writers)
		o->writers = row->name;
	switch (row->kind) {
	case MOMENT:
		return take_moment(row, value, o, err);
	case NUMBER:
		return take_number(row, value, o, err);
	case WORD:
		return take_word(row, value, o, err);
	default:
		return take_text(row, value, o, err);
	}
}

/* value.p is NULL where there was no '='. */
static int take(const struct row *row, struct slice value, struct options *o,
	struct error *err)
{
	if (row->kind == REFUSED) {
		(void)fail(err, EOPNOTSUPP, "%s is not possible", row->name);
		return fail_hint(
			err, "unmounting, then mounting with the new options");
	}
	if (!row->argument && value.p)
		return fail(err, EINVAL, "option %s takes no value", row->name);
	if (row->argument && !value.p) {
		(void)fail(err, EINVAL, "option %s needs a value", row->name);
		return fail_hint(err, "%s=%s", row->name, row->argument);
	}
	if (row->argument)
		return take_value(row, value, o, err);
	*(bool *)field(o, row) = row->kind == FLAG_ON;
	return 0;
}

/* ---- the list ---- */

static int unknown(struct slice name, struct error *err)
{
	const struct row *best = &rows[0];
	size_t distance = SIZE_MAX;

	for (size_t i = 0; i < ROWS && rows[i].help; i++) {
		size_t n = edit_distance(name, slice_str(rows[i].name));

		if (n < distance) {
			distance = n;
			best = &rows[i];
		}
	}
	(void)fail(err, EINVAL, "unknown option \"%.*s\"",
		SLICE_ARG(slice_sub(name, 0, 80)));
	return fail_hint(err, "%s%s%s", best->name, best->argument ? "=" : "",
		best->argument ? best->argument : "");
}

static bool is_ignored(struct slice name)
{
	/* Notes of userspace tools: x-systemd.automount and the like. */
	if (name.n > 2 && (name.p[0] == 'x' || name.p[0] == 'X') &&
		name.p[1] == '-')
		return true;
	for (size_t i = 0; i < IGNORED; i++)
		if (slice_is(name, ignored[i]))
			return true;
	return false;
}

static int parse_item(
	struct slice item, bool sloppy, struct options *o, struct error *err)
{
	const uint8_t *equals = item.n ? memchr(item.p, '=', item.n) : NULL;
	struct slice name = item, value = {0};

	if (equals) {
		name.n = (size_t)(equals - item.p);
		value = slice_of(equals + 1, item.n - name.n - 1);
	}
	for (size_t i = 0; i < ROWS; i++)
		if (slice_is(name, rows[i].name))
			return take(&rows[i], value, o, err);
	return sloppy || is_ignored(name) ? 0 : unknown(name, err);
}

/* The next item without its backslashes; false when it is longer than any can be. */
static bool next_item(struct slice *text, uint8_t item[ITEM_MAX], size_t *n)
{
	size_t i = 0;

	for (*n = 0; i < text->n && text->p[i] != ','; i++) {
		if (text->p[i] == '\\' && i + 1 < text->n)
			i++;
		if (*n == ITEM_MAX)
			return false;
		item[(*n)++] = text->p[i];
	}
	*text = slice_sub(*text, i + 1, SIZE_MAX);
	return true;
}

int options_parse(
	struct slice text, bool sloppy, struct options *o, struct error *err)
{
	uint8_t item[ITEM_MAX];
	size_t n;

	while (text.n) {
		int r;

		if (!next_item(&text, item, &n))
			return fail(err, EINVAL,
				"an option is longer than %d bytes", ITEM_MAX);
		if (n == 0)
			continue;
		r = parse_item(slice_of(item, n), sloppy, o, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int options_settle(struct options *o, struct error *err)
{
	if (!o->at[0])
		return 0;
	if (o->writers) {
		(void)fail(err, EINVAL,
			"%s is for mounts that take writes, and at=%s shows what "
			"is "
			"past",
			o->writers, o->at);
		return fail_hint(err, "one of the two");
	}
	o->read_only = true;
	return 0;
}

void options_help(struct buf *out)
{
	size_t column = 0;

	for (size_t i = 0; i < ROWS; i++) {
		char left[64];

		if (!rows[i].help)
			continue;
		(void)snprintf(left, sizeof(left), "%s%s%s", rows[i].name,
			rows[i].argument ? "=" : "",
			rows[i].argument ? rows[i].argument : "");
		buf_printf(out, "  %-24s %s\n", left, rows[i].help);
	}
	buf_str(out, "Accepted without effect:");
	for (size_t i = 0; i < IGNORED; i++) {
		buf_printf(out, "%s%s", column ? " " : "\n  ", ignored[i]);
		column += strlen(ignored[i]) + 1;
		if (column > 64)
			column = 0;
	}
	buf_str(out, column ? " x-*\n" : "\n  x-*\n");
}

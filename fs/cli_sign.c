/* sign: records on stdin become signed records on stdout, one line each. Needs no store:
 * what is signed here can be put into any. */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/canon.h"
#include "core/json.h"
#include "core/record_json.h"
#include "core/sign.h"
#include "fs/cli.h"

enum {
	READ_BYTES = 65536,
	WRITE_BYTES = 65536,
};

struct signing {
	const struct key *key;
	uint64_t at;	 /* 0: now, anew for each record */
	uint64_t record; /* number of the one at hand, from 1 */
	struct buf out;
};

/* ---- one record ---- */

static bool has_agent(
	const struct signature *have, size_t n, const struct agent *agent)
{
	for (size_t i = 0; i < n; i++)
		if (agent_compare(&have[i].agent, agent) == 0)
			return true;
	return false;
}

/* A cosignature has no word of its own: it signs its target. */
static struct id signed_id(const struct record *r)
{
	BUF_AUTO(canonical);

	if (r->kind == RECORD_COSIGNATURE)
		return r->target;
	canon_encode(r, &canonical);
	return id_of(slice_of(canonical.p, canonical.n));
}

/* Entries stand sorted, one per agent. */
static size_t add_entry(
	struct signature *entries, size_t n, const struct signature *new)
{
	size_t i = n;

	for (; i > 0 && signature_compare(&entries[i - 1], new) > 0; i--)
		entries[i] = entries[i - 1];
	entries[i] = *new;
	return n + 1;
}

int print_signed(const struct record *r, const struct signature *have, size_t count,
	const struct key *key, uint64_t at, struct buf *out)
{
	ARENA_AUTO(arena);
	struct signature *entries =
		arena_alloc(&arena, (count + 1) * sizeof(*entries));
	struct agent agent = key_agent(key);

	if (!entries)
		return -ENOMEM;
	if (count)
		memcpy(entries, have, count * sizeof(*entries));
	if (!has_agent(have, count, &agent)) {
		struct id id = signed_id(r);
		struct signature mine = key_sign(key, &id, at);

		count = add_entry(entries, count, &mine);
	}
	buf_byte(out, '{');
	record_print(r, out);
	signatures_print(entries, count, out);
	buf_str(out, "}\n");
	return out->failed ? -ENOMEM : 0;
}

static int sign_record(struct signing *s, struct slice json, struct error *err)
{
	ARENA_AUTO(arena);
	uint64_t at = s->at ? s->at : wall_now();
	struct draft d;
	int rc = record_parse(json, &arena, &d, err);

	if (rc < 0)
		return rc;
	if (d.epoch_name.p) {
		(void)fail(err, EINVAL,
			"an epoch is named, but there is no store to "
			"look it up in");
		return fail_hint(err, "the epoch's id");
	}
	if (d.timestamp_implied && d.record.kind != RECORD_COSIGNATURE)
		d.record.timestamp = at;
	rc = print_signed(
		&d.record, d.signatures, d.signature_count, s->key, at, &s->out);
	return rc < 0 ? fail(err, -rc, "out of memory") : 0;
}

/* ---- the stream ---- */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int flush(struct signing *s, size_t least, struct error *err)
{
	if (s->out.failed)
		return fail(err, ENOMEM, "out of memory");
	if (s->out.n < least || s->out.n == 0)
		return 0;
	if (fwrite(s->out.p, 1, s->out.n, stdout) != s->out.n ||
		fflush(stdout) != 0)
		return fail(err, EIO, "standard output: %s", strerror(errno));
	buf_reset(&s->out);
	return 0;
}

/* Sign every whole value at the start of in, and drop them; a part of one stays. */
static int sign_values(struct signing *s, struct buf *in, struct error *err)
{
	size_t at = 0;

	for (;;) {
		struct json_scan scan = {0};
		size_t used = 0;
		int rc;

		while (at < in->n && is_blank(in->p[at]))
			at++;
		if (at == in->n)
			break;
		rc = json_scan(&scan, slice_of(in->p + at, in->n - at), &used, err);
		if (rc == JSON_MORE && used <= RECORD_JSON_MAX)
			break;
		s->record++;
		if (rc == JSON_MORE)
			return fail(
				err, EMSGSIZE, "is over %d bytes", RECORD_JSON_MAX);
		if (rc == JSON_COMPLETE)
			rc = sign_record(s, slice_of(in->p + at, used), err);
		if (rc == 0)
			rc = flush(s, WRITE_BYTES, err);
		if (rc < 0)
			return rc;
		at += used;
	}
	buf_drop(in, at);
	return 0;
}

static int sign_stream(struct signing *s, struct error *err)
{
	BUF_AUTO(in);
	ssize_t n = 1;
	int rc = 0;

	while (rc == 0 && n > 0) {
		uint8_t *room = buf_room(&in, READ_BYTES);

		if (!room)
			return fail(err, ENOMEM, "out of memory");
		n = read(STDIN_FILENO, room, READ_BYTES);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return fail(
				err, errno, "standard input: %s", strerror(errno));
		else if (n > 0)
			in.n += (size_t)n;
		else
			buf_byte(&in, '\n'); /* ends what has no end of its own */
		rc = sign_values(s, &in, err);
	}
	if (rc == 0 && in.n > 0) {
		s->record++;
		rc = fail(err, EINVAL, "is incomplete: the input ends inside it");
	}
	return rc;
}

/* ---- the command ---- */

static int get_key(
	const char *file, const char *seed, struct key **out, struct error *err)
{
	uint8_t bytes[ID_SIZE];
	int rc;

	if (file)
		return key_load(file, out, err);
	if (hex_parse(slice_str(seed), bytes, sizeof(bytes)) < 0)
		return fail(err, EINVAL, "--seed: wants 64 hex digits");
	rc = key_from_seed(bytes, out);
	sodium_memzero(bytes, sizeof(bytes));
	return rc < 0 ? fail(err, -rc, "--seed: %s", strerror(-rc)) : 0;
}

static int sign_input(struct signing *s, struct error *err)
{
	struct error bad;
	int rc = sign_stream(s, err);

	/* What was signed before a bad one is good. */
	if (flush(s, 0, rc < 0 ? NULL : err) < 0 && rc == 0)
		return complain_of(err);
	if (rc == 0)
		return EXIT_OK;
	(void)fail(&bad, -rc, "record %" PRIu64 ": %s%s%s%s", s->record,
		err->message, err->hint[0] ? " (" : "", err->hint,
		err->hint[0] ? ")" : "");
	return complain_of(&bad);
}

static int run_sign(int argc, char **argv)
{
	const char *file = NULL, *seed = NULL, *at = NULL;
	const struct option_row options[] = {
		{.name = "key", .short_name = "k", .value = &file},
		{.name = "seed", .value = &seed},
		{.name = "at", .value = &at},
		{0},
	};
	struct signing s = {0};
	struct key *key = NULL;
	struct error err;
	int status;

	if (wants_help(&command_sign, argc, argv))
		return EXIT_OK;
	if (take_options(&command_sign, argc, argv, options, 0, 0) < 0)
		return EXIT_USAGE;
	if (!file == !seed)
		return usage(&command_sign);
	if (at && read_time(at, &s.at, &err) < 0)
		return complain(EXIT_USAGE, "--at", &err);
	if (get_key(file, seed, &key, &err) < 0)
		return complain_of(&err);
	s.key = key;
	status = sign_input(&s, &err);
	buf_free(&s.out);
	key_free(key);
	return status;
}

const struct command command_sign = {
	.name = "sign",
	.run = run_sign,
	.arguments = "--key FILE|--seed HEX [--at TIME] < RECORDS",
	.summary = "Sign JSON records, one or many, and print them one per line.",
	.help = "The output can be written to the inbox of any store. A record "
		"without a\n"
		"timestamp gets one; one that is signed already gets one more "
		"signature.\n\n"
		"  -k, --key FILE   a key made by `stemefs key new`\n"
		"  --seed HEX       a key by its 32-byte seed; others can see it "
		"in ps\n"
		"  --at TIME        sign as of this time, RFC 3339 or seconds "
		"(now)\n",
};

/* check and rebuild: is a store as it must be, and if its index is not, make it so. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json.h"
#include "core/render.h"
#include "fs/cli.h"
#include "fs/entrance.h"
#include "fs/opening.h"
#include "fs/progress.h"

enum {
	KEPT_MAX = 50000, /* findings in one JSON object; all are counted */
};

struct findings {
	bool as_json;
	bool repair;
	bool again; /* the second look: what the log has lost was told in the first */
	struct progress progress;
	struct buf list; /* of JSON objects */
	uint64_t kept, omitted;
	struct buf repaired; /* of JSON strings, or lines for people */
	uint64_t repairs;
};

static void free_findings(struct findings *f)
{
	buf_free(&f->list);
	buf_free(&f->repaired);
}

/* ---- what is found ---- */

static void print_text(const char *name, struct slice value, struct buf *out)
{
	json_print_key(name, out);
	json_print_string(value, out);
}

static void print_finding(const struct store_finding *f, struct buf *out)
{
	buf_byte(out, '{');
	json_print_key("kind", out);
	json_print_string(slice_str(f->kind), out);
	if (f->to)
		buf_printf(out, ",\"from\":%" PRIu64 ",\"to\":%" PRIu64, f->from,
			f->to);
	if (f->seq)
		buf_printf(out, ",\"seq\":%" PRIu64, f->seq);
	if (f->id) {
		buf_str(out, ",\"id\":");
		print_hex(f->id->b, out);
	}
	if (f->subject.n)
		print_text("subject", f->subject, out);
	if (f->predicate.n)
		print_text("predicate", f->predicate, out);
	buf_printf(out, ",\"in_index\":%s", f->in_index ? "true" : "false");
	print_text("text", slice_str(f->text), out);
	buf_byte(out, '}');
}

static void report(void *ctx, const struct store_finding *finding)
{
	struct findings *f = ctx;

	if (f->again && !finding->in_index)
		return;
	if (!f->as_json) {
		progress_end(&f->progress);
		(void)printf("%s\n", finding->text);
		(void)fflush(stdout);
	} else if (f->kept == KEPT_MAX) {
		f->omitted++;
	} else {
		if (f->kept++)
			buf_byte(&f->list, ',');
		print_finding(finding, &f->list);
	}
}

/* ---- what was put right ---- */

static void note_repair(struct findings *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note_repair(struct findings *f, const char *format, ...)
{
	char text[ERROR_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!f->as_json)
		(void)printf("repaired: %s\n", text);
	else if (f->repairs)
		buf_byte(&f->repaired, ',');
	if (f->as_json)
		json_print_string(slice_str(text), &f->repaired);
	f->repairs++;
}

/* Opening a store puts some things right by itself. */
static void note_opening(struct findings *f, const struct store_status *s)
{
	if (s->torn_bytes)
		note_repair(f,
			"%" PRIu64
			" bytes of an unfinished write were moved to quarantine",
			s->torn_bytes);
	if (*s->tag)
		note_repair(f, "%s", s->tag);
	if (*s->index)
		note_repair(f, "the index was built anew: %s", s->index);
}

/* ---- check ---- */

static int print_result(
	struct findings *f, const struct store_check *c, uint64_t torn_bytes)
{
	int status = c->bad	  ? CHECK_DAMAGED
		     : f->repairs ? CHECK_REPAIRED
				  : CHECK_CLEAN;
	const char *result = c->bad ? "damaged" : f->repairs ? "repaired" : "clean";
	BUF_AUTO(out);

	if (!f->as_json) {
		buf_printf(&out,
			"%s: %" PRIu64 " records, %" PRIu64 " signatures, %" PRIu64
			" rows, %" PRIu64 " pairs, %" PRIu64 " finding%s%s\n",
			result, c->frames, c->signatures, c->rows, c->pairs, c->bad,
			c->bad == 1 ? "" : "s",
			c->in_index && !f->repair ? "; try --repair" : "");
		return print_out(&out) ? CHECK_CANNOT : status;
	}
	buf_printf(&out,
		"{\"result\":\"%s\",\"frames\":%" PRIu64 ",\"signatures\":%" PRIu64
		",\"rows\":%" PRIu64 ",\"pairs\":%" PRIu64
		",\"torn_bytes\":%" PRIu64 ",\"bad\":%" PRIu64 ",\"repaired\":[",
		result, c->frames, c->signatures, c->rows, c->pairs, torn_bytes,
		c->bad);
	buf_add(&out, f->repaired.p, f->repaired.n);
	buf_str(&out, "],\"findings\":[");
	buf_add(&out, f->list.p, f->list.n);
	buf_printf(&out, "],\"omitted\":%" PRIu64 "}\n", f->omitted);
	return print_out(&out) ? CHECK_CANNOT : status;
}

/* Open, look, close. */
static int look(const char *path, bool rebuild, struct findings *f,
	struct store_check *out, struct store_status *state, struct error *err)
{
	const struct store_options opening = {
		.accept_clock = true, /* no record is written */
		.rebuild = rebuild,
		.verify_index = true,
	};
	const struct store_check_options o = {
		.report = report,
		.report_ctx = f,
		.progress = progress_show,
		.progress_ctx = &f->progress,
		.temporary = getenv("TMPDIR"),
	};
	struct store *s;
	int rc = open_patiently(path, &opening, &s, err);

	if (rc < 0)
		return rc;
	store_status(s, state);
	if (rebuild)
		note_repair(f, "the index was built anew from the log");
	else
		note_opening(f, state);
	rc = store_check(s, &o, out, err);
	store_close(s);
	progress_end(&f->progress);
	return rc;
}

static int check_store(
	const char *path, bool as_json, bool repair, struct error *err)
{
	__attribute__((cleanup(free_findings))) struct findings f = {
		.as_json = as_json, .repair = repair};
	struct store_status state, after;
	struct store_check found;
	int rc = look(path, false, &f, &found, &state, err);

	if (rc == 0 && repair && found.in_index) {
		f.again = true;
		rc = look(path, true, &f, &found, &after, err);
	}
	return rc < 0 ? rc : print_result(&f, &found, state.torn_bytes);
}

/* fsck(8) never looks at what is mounted, and neither does this: what is being written
 * while it is read would look like damage. */
static int refuse_mounted(const char *store, int status)
{
	char mount[ENTRANCE_PATH_MAX];
	struct error err;

	if (!find_mount(store, mount, sizeof(mount)))
		return 0;
	(void)fail(&err, EBUSY, "%s: is mounted on %s", store, mount);
	(void)fail_hint(&err, "stemefs umount %s", mount);
	return complain(status, NULL, &err);
}

static int run_check(int argc, char **argv)
{
	bool as_json = false, repair = false;
	const struct option_row options[] = {
		{.name = "json", .set = &as_json},
		{.name = "repair", .set = &repair},
		{0},
	};
	struct error err;
	int rc;

	if (wants_help(&command_check, argc, argv))
		return EXIT_OK;
	if (take_options(&command_check, argc, argv, options, 1, 1) < 0)
		return CHECK_CANNOT;
	rc = refuse_mounted(argv[1], CHECK_CANNOT);
	if (rc)
		return rc;
	rc = check_store(argv[1], as_json, repair, &err);
	return rc < 0 ? complain(CHECK_CANNOT, NULL, &err) : rc;
}

/* ---- rebuild ---- */

/* What does not verify is left out of an index: whoever wanted a new one is told so. */
static int tell_damage(struct store *s)
{
	struct store_status state;
	struct error err;

	store_status(s, &state);
	if (!state.damaged)
		return EXIT_OK;
	(void)fail(&err, EBADMSG, "%s: the log is damaged: %s", state.path,
		state.damage);
	return complain(CHECK_DAMAGED, NULL, &err);
}

static int run_rebuild(int argc, char **argv)
{
	static const struct option_row options[] = {{0}};
	static const struct store_options opening = {
		.rebuild = true, .accept_clock = true, /* no record is written */
	};
	struct store *s = NULL;
	struct error err;
	int rc;

	if (wants_help(&command_rebuild, argc, argv))
		return EXIT_OK;
	if (take_options(&command_rebuild, argc, argv, options, 1, 1) < 0)
		return EXIT_USAGE;
	rc = refuse_mounted(argv[1], EXIT_USAGE);
	if (rc)
		return rc;
	rc = open_patiently(argv[1], &opening, &s, &err);
	if (rc < 0)
		return complain_of(&err);
	rc = tell_damage(s);
	store_close(s);
	return rc;
}

const struct command command_check = {
	.name = "check",
	.run = run_check,
	.arguments = "STORE [--repair] [--json]",
	.summary = "Verify the log, its signatures, the index and every view.",
	.help = "The store must not be mounted. Prints a sentence for each "
		"finding. The index\n"
		"is held against a second one that is built from the log in "
		"STORE/index.check,\n"
		"or below $TMPDIR where the store's disk has no room for it.\n\n"
		"  --repair   build the index anew where it is not what the log "
		"gives; the log\n"
		"             itself is never changed\n"
		"  --json     {result, frames, signatures, rows, pairs, "
		"torn_bytes, "
		"bad,\n"
		"             repaired: [sentence…], findings: [{kind, from, to, "
		"seq, id,\n"
		"             subject, predicate, in_index, text}…], omitted}\n\n"
		"Exit status, as for fsck(8): 0 clean, 1 repaired (by --repair, or "
		"by what every\n"
		"start does: an unfinished write is moved to STORE/quarantine, a "
		"damaged index is\n"
		"built anew, a lost copy of the tag key is made again), 4 damage "
		"is "
		"left, 8 could\n"
		"not check.\n",
};

const struct command command_rebuild = {
	.name = "rebuild",
	.run = run_rebuild,
	.arguments = "STORE",
	.summary = "Build the index anew from the log.",
	.help = "The store must not be mounted. The index holds nothing that is "
		"not in the\n"
		"log: every file has the same bytes afterwards. Where the log has "
		"damage, check\n"
		"first: it names what was lost from the index that this puts "
		"aside, or drops.\n\n"
		"Exit status 4: done, but without what in the log does not "
		"verify.\n",
};

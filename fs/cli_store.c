/* init, status, check, rebuild: looking after a store. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/json.h"
#include "fs/cli.h"
#include "fs/entrance.h"
#include "fs/opening.h"

/* ---- init ---- */

static int run_init(int argc, char **argv)
{
	static const struct option_row options[] = {{0}};
	struct error err;

	if (wants_help(&command_init, argc, argv))
		return EXIT_OK;
	if (take_options(&command_init, argc, argv, options, 1, 1) < 0)
		return EXIT_USAGE;
	return store_create(argv[1], &err) < 0 ? complain_of(&err) : EXIT_OK;
}

/* ---- status ---- */

/* The JSON as lines for people: "key   value". */
static int print_table(struct slice json, struct buf *out)
{
	JSON_AUTO(doc);
	const cJSON *node;
	int rc = json_parse(json, &doc, NULL);

	if (rc < 0)
		return rc;
	cJSON_ArrayForEach(node, doc.root)
	{
		buf_printf(out, "%-12s ", node->string);
		if (cJSON_IsString(node))
			buf_str(out, node->valuestring);
		else
			buf_slice(out, json_source(&doc, node));
		buf_byte(out, '\n');
	}
	return 0;
}

static int run_status(int argc, char **argv)
{
	bool as_json = false;
	const struct option_row options[] = {
		{.name = "json", .set = &as_json}, {0}};
	ENTRANCE_AUTO(e);
	BUF_AUTO(json);
	BUF_AUTO(table);
	struct error err;

	if (wants_help(&command_status, argc, argv))
		return EXIT_OK;
	if (take_options(&command_status, argc, argv, options, 1, 1) < 0)
		return EXIT_USAGE;
	if (entrance_open(argv[1], &e, &err) < 0 ||
		entrance_read(
			&e, ".stemefs/status", entrance_take_buf, &json, &err) < 0)
		return complain_of(&err);
	if (as_json)
		return print_out(&json);
	if (e.mounted)
		buf_printf(&table, "%-12s %s\n", "mounted", e.mount);
	if (print_table(slice_of(json.p, json.n), &table) < 0) {
		(void)fail(&err, EIO, ".stemefs/status is no JSON");
		return complain_of(&err);
	}
	return print_out(&table);
}

/* ---- check ---- */

struct findings {
	bool as_json;
	struct buf list; /* of JSON strings */
};

static void free_findings(struct findings *f)
{
	buf_free(&f->list);
}

static void report(void *ctx, const char *finding)
{
	struct findings *f = ctx;

	if (!f->as_json) {
		(void)printf("%s\n", finding);
		return;
	}
	if (f->list.n > 0)
		buf_byte(&f->list, ',');
	json_print_string(slice_str(finding), &f->list);
}

static int print_check(const struct findings *f, const struct store_check *c,
	const struct store_status *s, int status)
{
	BUF_AUTO(out);
	static const char format[] =
		"{\"result\":\"%s\",\"frames\":%" PRIu64 ",\"signatures\":%" PRIu64
		",\"pairs\":%" PRIu64 ",\"torn_bytes\":%" PRIu64 ",\"bad\":%" PRIu64
		",\"findings\":[";
	const char *result = status == CHECK_CLEAN	? "clean"
			     : status == CHECK_REPAIRED ? "repaired"
							: "damaged";

	if (f->as_json) {
		buf_printf(&out, format, result, c->frames, c->signatures, c->pairs,
			s->torn_bytes, c->bad);
		buf_add(&out, f->list.p, f->list.n);
		buf_str(&out, "]}\n");
	} else {
		buf_printf(&out,
			"%s: %" PRIu64 " records, %" PRIu64 " signatures, %" PRIu64
			" pairs, %" PRIu64 " findings\n",
			result, c->frames, c->signatures, c->pairs, c->bad);
		if (s->torn_bytes)
			buf_printf(&out,
				"%" PRIu64 " bytes of an unfinished write were "
				"moved to quarantine\n",
				s->torn_bytes);
	}
	return print_out(&out) ? CHECK_CANNOT : status;
}

static int check_store(const char *path, bool as_json, struct error *err)
{
	__attribute__((cleanup(free_findings))) struct findings f = {
		.as_json = as_json};
	static const struct store_options options;
	struct store_check found;
	struct store_status state;
	struct store *s;
	int rc = open_patiently(path, &options, &s, err);

	if (rc < 0)
		return rc;
	rc = store_check(s, report, &f, &found);
	store_status(s, &state);
	store_close(s);
	if (rc < 0)
		return fail(err, -rc, "%s: %s", path, strerror(-rc));
	return print_check(&f, &found, &state,
		found.bad	   ? CHECK_DAMAGED
		: state.torn_bytes ? CHECK_REPAIRED
				   : CHECK_CLEAN);
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
	bool as_json = false;
	const struct option_row options[] = {
		{.name = "json", .set = &as_json}, {0}};
	struct error err;
	int rc;

	if (wants_help(&command_check, argc, argv))
		return EXIT_OK;
	if (take_options(&command_check, argc, argv, options, 1, 1) < 0)
		return CHECK_CANNOT;
	rc = refuse_mounted(argv[1], CHECK_CANNOT);
	if (rc)
		return rc;
	rc = check_store(argv[1], as_json, &err);
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
	static const struct store_options opening = {.rebuild = true};
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

const struct command command_init = {
	.name = "init",
	.run = run_init,
	.arguments = "STORE",
	.summary = "Make an empty store.",
	.help = "STORE is a directory that does not exist or is empty. It gets a "
		"key of its\n"
		"own, STORE/wallet/store.key, which signs settings: keep a copy.\n",
};

const struct command command_status = {
	.name = "status",
	.run = run_status,
	.arguments = "STORE [--json]",
	.summary = "Say how a store is.",
	.help = "Through its mount where it is mounted; else the store is opened, "
		"which\n"
		"recovers it where needed.\n\n"
		"  --json   as .stemefs/status has it\n",
};

const struct command command_check = {
	.name = "check",
	.run = run_check,
	.arguments = "STORE [--json]",
	.summary = "Verify the log, its signatures and every view.",
	.help = "The store must not be mounted. Prints a sentence for each "
		"finding.\n\n"
		"  --json   {result, frames, signatures, pairs, torn_bytes, bad, "
		"findings}\n\n"
		"Exit status, as for fsck(8): 0 clean, 1 repaired (an unfinished "
		"write was cut\n"
		"off and kept in STORE/quarantine), 4 damaged, 8 could not "
		"check.\n",
};

const struct command command_rebuild = {
	.name = "rebuild",
	.run = run_rebuild,
	.arguments = "STORE",
	.summary = "Build the index anew from the log.",
	.help = "The store must not be mounted. The index holds nothing that is "
		"not in the\n"
		"log: every file has the same bytes afterwards.\n\n"
		"Exit status 4: done, but without what in the log does not "
		"verify.\n",
};

/* init and status: making a store, and how it is. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "core/json.h"
#include "fs/cli.h"
#include "fs/entrance.h"

/* ---- init ---- */

static int run_init(int argc, char **argv)
{
	static const struct option_row options[] = {{0}};
	struct error err;

	if (wants_help(&command_init, argc, argv))
		return EXIT_OK;
	if (take_options(&command_init, argc, argv, options, 1, 1) < 0)
		return EXIT_USAGE;
	(void)signal(
		SIGXFSZ, SIG_IGN); /* that is a full disk, as in open_patiently() */
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
		buf_printf(out, "%-17s ", node->string);
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
		buf_printf(&table, "%-17s %s\n", "mounted", e.mount);
	if (print_table(slice_of(json.p, json.n), &table) < 0) {
		(void)fail(&err, EIO, ".stemefs/status is no JSON");
		return complain_of(&err);
	}
	return print_out(&table);
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
		"recovers it where needed. `writing` is yes, or why nothing is "
		"taken; "
		"`damaged`\n"
		"counts stretches of the log that do not verify; `doubt` is there "
		"when something\n"
		"that was read since the start does not: unmount and check.\n\n"
		"  --json   as .stemefs/status has it\n",
};

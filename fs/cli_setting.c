/* admit, set: settings, signed by the store's own key and written through the same door
 * as any record. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/record_json.h"
#include "fs/cli.h"
#include "fs/entrance.h"

/* ---- signing and writing ---- */

static int load_store_key(const char *store, struct key **out, struct error *err)
{
	BUF_AUTO(path);
	int rc;

	store_key_path(store, &path);
	buf_byte(&path, 0);
	if (path.failed)
		return fail(err, ENOMEM, "out of memory");
	rc = key_load((const char *)path.p, out, err);
	if (rc != -ENOENT)
		return rc;
	return fail_hint(err,
		"putting it back from a copy: it signs what admit and "
		"set say");
}

/* One setting as a signed line: what is written to the inbox. */
static int print_setting(const struct key *store_key, const struct record *r,
	struct buf *out, struct error *err)
{
	int rc = record_check(r, err);

	if (rc < 0)
		return rc;
	if (print_signed(r, NULL, 0, store_key, r->timestamp, out) < 0)
		return fail(err, ENOMEM, "out of memory");
	return 0;
}

/* What is left of a buf that was prepared before. */
static int give_rest(void *ctx, struct buf *out)
{
	struct slice *rest = ctx;

	buf_slice(out, slice_sub(*rest, 0, ENTRANCE_CHUNK));
	*rest = slice_sub(*rest, ENTRANCE_CHUNK, rest->n);
	return 0;
}

/* A name of its own for this content: another setting is not in its way. */
static int deliver(const char *store, struct slice settings, struct error *err)
{
	ENTRANCE_AUTO(e);
	struct id id = id_of(settings);
	char name[9], path[32];

	hex_print(id.b, 4, name);
	(void)snprintf(path, sizeof(path), "inbox/setting-%s", name);
	if (entrance_open(store, &e, err) < 0)
		return -err->code;
	return entrance_write(&e, path, give_rest, &settings, err);
}

/* ---- admit ---- */

/* What is to be said about each of the agents. */
struct rights {
	bool steward;
	bool revoke;
	const char *grant; /* a source class; NULL: none is meant */
};

/* A grant cannot be taken back alone: the setting that does takes them all. */
static int check_grant(const struct rights *r, struct error *err)
{
	if (!r->grant)
		return 0;
	if (r->revoke && strcmp(r->grant, "all") == 0)
		return 0;
	if (r->revoke) {
		(void)fail(err, EINVAL, "grants are taken back together");
		return fail_hint(err, "--revoke --grant all");
	}
	for (int tier = 0; tier < CLASSES; tier++)
		if (strcmp(r->grant, source_class_name((uint8_t)tier)) == 0)
			return 0;
	(void)fail(err, EINVAL, "--grant: %s is no source class", r->grant);
	return fail_hint(err, "regulatory, clinical, observational, expert, "
			      "community or anecdotal");
}

/* Who is given more is admitted by that; who loses it stays. */
static int print_rights(const struct key *store_key, const struct agent *agent,
	const struct rights *rights, uint64_t now, struct buf *out,
	struct error *err)
{
	const char *yes = rights->revoke ? "false" : "true";
	const struct {
		bool said;
		const char *name, *value;
	} settings[] = {
		{!rights->revoke || (!rights->steward && !rights->grant), "admit",
			yes},
		{rights->steward, "steward", yes},
		{rights->grant, "grant", rights->revoke ? yes : rights->grant},
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		struct record r = {
			.kind = RECORD_SETTING,
			.has = HAS_AGENT | HAS_VALUE,
			.timestamp = now,
			.name = slice_str(settings[i].name),
			.subject_agent = *agent,
		};

		if (!settings[i].said)
			continue;
		r.value = slice_str(settings[i].value);
		if (print_setting(store_key, &r, out, err) < 0)
			return -err->code;
	}
	return 0;
}

static int admit(const char *store, char **keys, int n, const struct rights *rights,
	struct error *err)
{
	KEY_AUTO key = NULL;
	BUF_AUTO(settings);
	uint64_t now = wall_now();

	if (check_grant(rights, err) < 0 || load_store_key(store, &key, err) < 0)
		return -err->code;
	for (int i = 0; i < n; i++) {
		struct agent agent;

		if (hex_parse(slice_str(keys[i]), agent.b, ID_SIZE) < 0) {
			(void)fail(err, EINVAL, "%s: is no agent's key", keys[i]);
			return fail_hint(
				err, "the 64 hex digits of `stemefs key show`");
		}
		if (print_rights(key, &agent, rights, now, &settings, err) < 0)
			return -err->code;
	}
	return deliver(store, slice_of(settings.p, settings.n), err);
}

static int run_admit(int argc, char **argv)
{
	struct rights rights = {0};
	const struct option_row options[] = {
		{.name = "steward", .set = &rights.steward},
		{.name = "grant", .value = &rights.grant},
		{.name = "revoke", .set = &rights.revoke},
		{0},
	};
	struct error err;
	int n;

	if (wants_help(&command_admit, argc, argv))
		return EXIT_OK;
	n = take_options(&command_admit, argc, argv, options, 2, argc);
	if (n < 0)
		return EXIT_USAGE;
	if (admit(argv[1], argv + 2, n - 1, &rights, &err) < 0)
		return complain_of(&err);
	return EXIT_OK;
}

/* ---- set ---- */

static int set(
	const char *store, const char *name, const char *value, struct error *err)
{
	ARENA_AUTO(arena);
	KEY_AUTO key = NULL;
	BUF_AUTO(setting);
	struct object object;
	struct record r = {
		.kind = RECORD_SETTING,
		.has = HAS_VALUE,
		.timestamp = wall_now(),
		.name = slice_str(name),
	};

	if (object_parse(slice_str(value), &arena, &object, err) < 0)
		return -err->code;
	r.value = object.text;
	if (load_store_key(store, &key, err) < 0 ||
		print_setting(key, &r, &setting, err) < 0)
		return -err->code;
	return deliver(store, slice_of(setting.p, setting.n), err);
}

/* These have a command of their own. */
static bool is_about_an_agent(const char *name)
{
	return strcmp(name, "admit") == 0 || strcmp(name, "steward") == 0 ||
	       strcmp(name, "grant") == 0;
}

static int run_set(int argc, char **argv)
{
	static const struct option_row options[] = {{0}};
	struct error err;

	if (wants_help(&command_set, argc, argv))
		return EXIT_OK;
	if (take_options(&command_set, argc, argv, options, 3, 3) < 0)
		return EXIT_USAGE;
	if (is_about_an_agent(argv[2])) {
		(void)fail(&err, EINVAL, "%s: is about an agent", argv[2]);
		(void)fail_hint(&err, "stemefs admit --help");
		return complain_of(&err);
	}
	if (set(argv[1], argv[2], argv[3], &err) < 0)
		return complain_of(&err);
	return EXIT_OK;
}

const struct command command_admit = {
	.name = "admit",
	.run = run_admit,
	.arguments = "STORE AGENT... [--steward] [--grant CLASS] [--revoke]",
	.summary = "Let the word of agents count as that of members, or more.",
	.help = "Writes settings, signed with the store's own key "
		"(STORE/wallet/store.key),\n"
		"through the mount where the store is mounted. Agents with a key "
		"in the\n"
		"wallet are members already. Admitting twice changes nothing.\n\n"
		"  --steward       appoint them, too: stewards may retract and "
		"replace what\n"
		"                  others said, and set stages. Once a store has "
		"had one,\n"
		"                  stages above proposed and the classes "
		"regulatory "
		"and\n"
		"                  clinical count only from who may set them\n"
		"  --grant CLASS   let them claim this source class, too\n"
		"  --revoke        make them strangers again; with --steward, "
		"stewards no\n"
		"                  longer; with --grant all, take all their grants "
		"back\n",
};

const struct command command_set = {
	.name = "set",
	.run = run_set,
	.arguments = "STORE NAME VALUE",
	.summary = "Change a rule of the store.",
	.help = "Writes a setting, signed with the store's own key, as admit "
		"does.\n\n"
		"  min_trust   how much trust (0 to 1) makes an agent a member "
		"(0.3)\n",
};

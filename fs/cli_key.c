/* key: make and show keys. admit: let an agent's word count as a member's. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/cli.h"
#include "fs/entrance.h"

static void free_key(struct key **k)
{
	key_free(*k);
}
#define KEY_AUTO __attribute__((cleanup(free_key))) struct key *

/* ---- key ---- */

static void key_hex(const struct key *k, char out[ID_HEX + 1])
{
	struct agent a = key_agent(k);

	hex_print(a.b, ID_SIZE, out);
}

static int key_new_or_show(bool new, const char *path)
{
	KEY_AUTO k = NULL;
	BUF_AUTO(out);
	char hex[ID_HEX + 1];
	struct error err;
	int rc = new ? key_create(path, &k, &err) : key_load(path, &k, &err);

	if (rc < 0)
		return complain_of(&err);
	key_hex(k, hex);
	buf_printf(&out, "%s\n", hex);
	return print_out(&out);
}

/* "1000.key" and "store.key" are keys; other files are none. */
static int is_key_file(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');

	return dot && dot != e->d_name && strcmp(dot, ".key") == 0;
}

static int list_key(
	const char *wallet, const char *file, struct buf *out, struct error *err)
{
	KEY_AUTO k = NULL;
	BUF_AUTO(path);
	char hex[ID_HEX + 1];
	int rc;

	buf_printf(&path, "%s/%s", wallet, file);
	buf_byte(&path, 0);
	if (path.failed)
		return fail(err, ENOMEM, "out of memory");
	rc = key_load((const char *)path.p, &k, err);
	if (rc < 0)
		return rc;
	key_hex(k, hex);
	buf_printf(out, "%-10.*s %s\n", (int)(strlen(file) - strlen(".key")), file,
		hex);
	return 0;
}

/* The directory of the store's own key is the wallet. */
static int wallet_path(const char *store, struct buf *out, struct error *err)
{
	store_key_path(store, out);
	while (out->n > 0 && out->p[out->n - 1] != '/')
		out->n--;
	buf_byte(out, 0);
	return out->failed ? fail(err, ENOMEM, "out of memory") : 0;
}

static int list_keys(const char *store, struct buf *out, struct error *err)
{
	BUF_AUTO(wallet);
	struct dirent **files;
	int rc = wallet_path(store, &wallet, err);
	int n;

	if (rc < 0)
		return rc;
	wallet.p[wallet.n - 2] = '\0'; /* its last slash */
	n = scandir((const char *)wallet.p, &files, is_key_file, versionsort);
	if (n < 0)
		return fail(err, errno, "%s: %s", (const char *)wallet.p,
			strerror(errno));
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = list_key(
				(const char *)wallet.p, files[i]->d_name, out, err);
		free(files[i]);
	}
	free(files);
	return rc;
}

static int key_list(const char *store)
{
	BUF_AUTO(out);
	struct error err;

	if (list_keys(store, &out, &err) < 0)
		return complain_of(&err);
	return print_out(&out);
}

static int run_key(int argc, char **argv)
{
	static const struct option_row options[] = {{0}};

	if (wants_help(&command_key, argc, argv))
		return EXIT_OK;
	if (take_options(&command_key, argc, argv, options, 2, 2) < 0)
		return EXIT_USAGE;
	if (strcmp(argv[1], "new") == 0)
		return key_new_or_show(true, argv[2]);
	if (strcmp(argv[1], "show") == 0)
		return key_new_or_show(false, argv[2]);
	if (strcmp(argv[1], "list") == 0)
		return key_list(argv[2]);
	return usage(&command_key);
}

/* ---- admit ---- */

static int load_store_key(const char *store, struct key **out, struct error *err)
{
	BUF_AUTO(path);

	store_key_path(store, &path);
	buf_byte(&path, 0);
	if (path.failed)
		return fail(err, ENOMEM, "out of memory");
	return key_load((const char *)path.p, out, err);
}

/* The settings as signed lines: what is written to the inbox. */
static int print_settings(const struct key *store_key, char **keys, int n,
	bool admit, struct buf *out, struct error *err)
{
	uint64_t now = wall_now();

	for (int i = 0; i < n; i++) {
		struct record r = {
			.kind = RECORD_SETTING,
			.has = HAS_AGENT | HAS_VALUE,
			.timestamp = now,
			.name = slice_str("admit"),
			.value = slice_str(admit ? "true" : "false"),
		};

		if (hex_parse(slice_str(keys[i]), r.subject_agent.b, ID_SIZE) < 0) {
			(void)fail(err, EINVAL, "%s: is no agent's key", keys[i]);
			return fail_hint(
				err, "the 64 hex digits of `stemefs key show`");
		}
		if (print_signed(&r, NULL, 0, store_key, now, out) < 0)
			return fail(err, ENOMEM, "out of memory");
	}
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

/* A name of its own for this content: another admission is not in its way. */
static int deliver(const char *store, struct slice settings, struct error *err)
{
	ENTRANCE_AUTO(e);
	struct id id = id_of(settings);
	char name[9], path[32];

	hex_print(id.b, 4, name);
	(void)snprintf(path, sizeof(path), "inbox/admit-%s", name);
	if (entrance_open(store, &e, err) < 0)
		return -err->code;
	return entrance_write(&e, path, give_rest, &settings, err);
}

static int run_admit(int argc, char **argv)
{
	bool revoke = false;
	const struct option_row options[] = {
		{.name = "revoke", .set = &revoke}, {0}};
	KEY_AUTO key = NULL;
	BUF_AUTO(settings);
	struct error err;
	int n;

	if (wants_help(&command_admit, argc, argv))
		return EXIT_OK;
	n = take_options(&command_admit, argc, argv, options, 2, argc);
	if (n < 0)
		return EXIT_USAGE;
	if (load_store_key(argv[1], &key, &err) < 0 ||
		print_settings(key, argv + 2, n - 1, !revoke, &settings, &err) <
			0 ||
		deliver(argv[1], slice_of(settings.p, settings.n), &err) < 0)
		return complain_of(&err);
	return EXIT_OK;
}

const struct command command_key = {
	.name = "key",
	.run = run_key,
	.arguments = "new FILE | show FILE | list STORE",
	.summary = "Make a signing key, or show agents.",
	.help = "  new FILE     make a key in a file that does not exist; print "
		"its agent\n"
		"  show FILE    print the agent (64 hex digits) of a key\n"
		"  list STORE   the uids that have a key in the store's wallet, "
		"and their\n"
		"               agents; \"store\" signs settings\n\n"
		"An agent is the public half. A key file is 0600 and goes to "
		"nobody.\n",
};

const struct command command_admit = {
	.name = "admit",
	.run = run_admit,
	.arguments = "STORE AGENT... [--revoke]",
	.summary = "Let the word of agents count as that of members.",
	.help = "Writes a setting, signed with the store's own key "
		"(STORE/wallet/store.key),\n"
		"through the mount where the store is mounted. Agents with a key "
		"in the\n"
		"wallet are members already. Admitting twice changes nothing.\n\n"
		"  --revoke   make them strangers again\n",
};

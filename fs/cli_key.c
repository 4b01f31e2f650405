/* key: make and show keys. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/cli.h"

void free_key(struct key **k)
{
	key_free(*k);
}

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

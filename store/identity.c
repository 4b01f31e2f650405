#include "store/identity.h"

#include <errno.h>

#include "store/index.h"
#include "store/index_verify.h"
#include "store/store.h"
#include "store/tag.h"

/* The public half of the key in this wallet. */
static bool key_of_wallet(const char *path, struct agent *out)
{
	struct key *key = NULL;
	BUF_AUTO(name);
	int rc;

	store_key_path(path, &name);
	buf_byte(&name, 0);
	rc = name.failed ? -ENOMEM : key_load((const char *)name.p, &key, NULL);
	if (rc < 0)
		return false;
	*out = key_agent(key);
	key_free(key);
	return true;
}

static bool id_of_index(int dir, const char *path, uint8_t out[WAL_STORE_ID])
{
	char why[INDEX_WHY];
	BUF_AUTO(name);

	buf_printf(&name, "%s/index", path);
	buf_byte(&name, 0);
	return !name.failed && index_verify(dir, "index", why) == 0 &&
	       index_store_id((const char *)name.p, out) == 0;
}

int identity_load(
	int dir, const char *path, struct wal_identity *who, struct error *err)
{
	struct agent key;
	bool proved = false, known;
	int rc = tag_load(dir, path, who->tag_key, err);

	if (rc < 0)
		return rc;
	rc = wal_read_identity(dir, who, &proved, err);
	if (rc == -EPROTONOSUPPORT || (rc == 0 && proved))
		return rc;
	known = key_of_wallet(path, &key);
	if (rc == 0 && (!known || agent_compare(&key, &who->store_key) == 0))
		return 0; /* a log without records */
	if (known && id_of_index(dir, path, who->store_id)) {
		who->store_key = key;
		return 0;
	}
	if (rc == 0)
		return fail(
			err, EBADMSG, "%s: the log belongs to another store", path);
	return fail_hint(err, "stemefs restore FILE STORE, from a backup");
}

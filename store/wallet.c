#include "store/wallet.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "store/internal.h"

struct held {
	struct held *next;
	uint32_t uid;
	struct key *key;
};

struct wallet {
	pthread_mutex_t lock;
	struct held *keys;
	struct key *store_key;
	char *path; /* of the store */
};

int wallet_open(const char *store, struct wallet **out, struct error *err)
{
	struct wallet *w = calloc(1, sizeof(*w));

	if (w)
		w->path = strdup(store);
	if (!w || !w->path) {
		free(w);
		return fail(err, ENOMEM, "wallet: out of memory");
	}
	(void)pthread_mutex_init(&w->lock, NULL);
	*out = w;
	return 0;
}

void wallet_free(struct wallet *w)
{
	if (!w)
		return;
	while (w->keys) {
		struct held *next = w->keys->next;

		key_free(w->keys->key);
		free(w->keys);
		w->keys = next;
	}
	key_free(w->store_key);
	(void)pthread_mutex_destroy(&w->lock);
	free(w->path);
	free(w);
}

static int key_path(const struct wallet *w, uint32_t uid, struct buf *out)
{
	buf_printf(out, "%s/wallet/%u.key", w->path, uid);
	buf_byte(out, 0);
	return out->failed ? -ENOMEM : 0;
}

static const struct key *held(const struct wallet *w, uint32_t uid)
{
	for (const struct held *h = w->keys; h; h = h->next)
		if (h->uid == uid)
			return h->key;
	return NULL;
}

static int keep(
	struct wallet *w, uint32_t uid, struct key *key, const struct key **out)
{
	struct held *h = malloc(sizeof(*h));

	if (!h) {
		key_free(key);
		return -ENOMEM;
	}
	*h = (struct held){.next = w->keys, .uid = uid, .key = key};
	w->keys = h;
	*out = key;
	return 0;
}

/* With the lock held: from memory, else from its file, else (make) a new one. */
static int find(struct wallet *w, uint32_t uid, bool make, const struct key **out,
	struct error *err)
{
	BUF_AUTO(path);
	struct key *key;
	int rc;

	*out = held(w, uid);
	if (*out)
		return 0;
	rc = key_path(w, uid, &path);
	if (rc == 0)
		rc = key_load((const char *)path.p, &key, err);
	if (rc == -ENOENT && make)
		rc = key_create((const char *)path.p, &key, err);
	return rc < 0 ? rc : keep(w, uid, key, out);
}

int wallet_find(
	struct wallet *w, uint32_t uid, const struct key **out, struct error *err)
{
	int rc;

	(void)pthread_mutex_lock(&w->lock);
	rc = find(w, uid, false, out, err);
	(void)pthread_mutex_unlock(&w->lock);
	return rc;
}

int wallet_make(
	struct wallet *w, uint32_t uid, const struct key **out, struct error *err)
{
	int rc;

	(void)pthread_mutex_lock(&w->lock);
	rc = find(w, uid, true, out, err);
	(void)pthread_mutex_unlock(&w->lock);
	return rc;
}

int wallet_store_key(struct wallet *w, const struct key **out, struct error *err)
{
	BUF_AUTO(path);
	int rc = 0;

	(void)pthread_mutex_lock(&w->lock);
	if (!w->store_key) {
		store_key_path(w->path, &path);
		buf_byte(&path, 0);
		rc = path.failed
			     ? -ENOMEM
			     : key_load((const char *)path.p, &w->store_key, err);
	}
	(void)pthread_mutex_unlock(&w->lock);
	*out = w->store_key;
	return rc;
}

int store_agent_of(struct store *s, uint32_t uid, struct agent *out)
{
	const struct key *key;
	int rc = wallet_find(s->wallet, uid, &key, NULL);

	if (rc == 0)
		*out = key_agent(key);
	return rc;
}

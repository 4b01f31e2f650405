#include "store/wallet.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "store/files.h"
#include "store/internal.h"

struct held {
	struct held *next;
	uint32_t uid;
	struct key *key;
	atomic_bool admitted;
};

struct wallet {
	pthread_mutex_t lock;
	_Atomic(struct held *)
		keys; /* grows at its head, under the lock; read by all */
	struct key *store_key;
	struct agent store_agent;
	char *path; /* of the store */
};

int wallet_open(const char *store, const struct agent *store_key,
	struct wallet **out, struct error *err)
{
	struct wallet *w = calloc(1, sizeof(*w));

	if (w) {
		w->path = strdup(store);
		w->store_agent = *store_key;
	}
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
	for (struct held *h = w->keys, *next; h; h = next) {
		next = h->next;
		key_free(h->key);
		free(h);
	}
	key_free(w->store_key);
	(void)pthread_mutex_destroy(&w->lock);
	free(w->path);
	free(w);
}

/* <uid>.key and <uid>.agent, whole paths. */
struct paths {
	struct buf key, agent;
};

static void paths_free(struct paths *p)
{
	buf_free(&p->key);
	buf_free(&p->agent);
}

static int paths_of(
	const struct wallet *w, uint32_t uid, struct paths *out, struct error *err)
{
	buf_printf(&out->key, "%s/wallet/%u.key", w->path, uid);
	buf_byte(&out->key, 0);
	buf_printf(&out->agent, "%s/wallet/%u.agent", w->path, uid);
	buf_byte(&out->agent, 0);
	return out->key.failed || out->agent.failed
		       ? fail(err, ENOMEM, "wallet: out of memory")
		       : 0;
}

static const char *text(const struct buf *b)
{
	return (const char *)b->p;
}

/* What a writer is told: that it may not, or what is wrong with the disk. */
static int answer(int rc, struct error *err)
{
	int code = -rc;

	if (rc == 0)
		return 0;
	if (code == EDQUOT || code == EFBIG)
		code = ENOSPC;
	else if (code == EBADMSG || code == ENOENT || code == ENOTDIR)
		code = EACCES;
	else if (code != EACCES && code != ENOSPC && code != EROFS &&
		 code != ENOMEM)
		code = EIO;
	if (err)
		err->code = code;
	return -code;
}

/* Who may enter may put another key in the place of one. */
static int check_directory(const struct wallet *w, struct error *err)
{
	BUF_AUTO(path);
	struct stat st;

	buf_printf(&path, "%s/wallet", w->path);
	buf_byte(&path, 0);
	if (path.failed)
		return fail(err, ENOMEM, "wallet: out of memory");
	if (lstat(text(&path), &st) < 0 && errno != ENOENT)
		return fail(err, errno, "%s: %s", text(&path), strerror(errno));
	if (lstat(text(&path), &st) < 0 || !S_ISDIR(st.st_mode)) {
		(void)fail(err, EACCES, "%s: the keys of this store are lost",
			text(&path));
		return fail_hint(err, "putting %s back from a copy", text(&path));
	}
	if (!(st.st_mode & 077))
		return 0;
	(void)fail(err, EACCES, "%s: others may enter it (mode %03o)", text(&path),
		(unsigned)(st.st_mode & 0777));
	return fail_hint(err, "chmod 700 %s", text(&path));
}

static struct held *held(const struct wallet *w, uint32_t uid)
{
	struct held *h = atomic_load(&w->keys);

	while (h && h->uid != uid)
		h = h->next;
	return h;
}

const struct key *wallet_admitted(const struct wallet *w, uint32_t uid)
{
	const struct held *h = held(w, uid);

	return h && atomic_load(&h->admitted) ? h->key : NULL;
}

void wallet_admit(struct wallet *w, uint32_t uid)
{
	struct held *h = held(w, uid);

	if (h)
		atomic_store(&h->admitted, true);
}

static int keep(
	struct wallet *w, uint32_t uid, struct key *key, const struct key **out)
{
	struct held *h = malloc(sizeof(*h));

	if (!h) {
		key_free(key);
		return -ENOMEM;
	}
	*h = (struct held){.next = atomic_load(&w->keys), .uid = uid, .key = key};
	atomic_store(&w->keys, h);
	*out = key;
	return 0;
}

/* Where a key is not what it was there are two ways on; the message has the path, which
 * could be too long for a hint, and half a command is worse than none. */
static int ways_on(uint32_t uid, bool key_too, struct error *err)
{
	char key[32] = "";

	if (key_too)
		(void)snprintf(key, sizeof(key), " and %u.key", uid);
	return fail_hint(err,
		"putting %u.key back from a copy; or removing %u.agent%s beside "
		"it, to "
		"sign as another agent from now on",
		uid, uid, key);
}

/* Who this uid has been until now: 0, or -ENOENT where it has signed nothing yet. */
static int read_agent(const struct paths *p, struct agent *out, struct error *err)
{
	BUF_AUTO(line);
	int rc = file_read(AT_FDCWD, text(&p->agent), ID_HEX + 1, &line);

	if (rc == 0 && line.n == ID_HEX + 1 && line.p[ID_HEX] == '\n' &&
		hex_parse(slice_of(line.p, ID_HEX), out->b, ID_SIZE) == 0)
		return 0;
	if (rc == -ENOENT)
		return rc;
	if (rc < 0 && rc != -EFBIG)
		return fail(err, -rc, "%s: %s", text(&p->agent), strerror(-rc));
	(void)fail(err, EACCES, "%s: is no agent: 64 hex digits and a newline",
		text(&p->agent));
	return fail_hint(
		err, "stemefs key show %s > %s", text(&p->key), text(&p->agent));
}

/* Where it cannot be written the key does: it says the same. */
static void write_agent(const struct paths *p, const struct agent *a)
{
	char line[ID_HEX + 2];

	hex_print(a->b, ID_SIZE, line);
	line[ID_HEX] = '\n';
	(void)file_create(
		AT_FDCWD, text(&p->agent), slice_of(line, ID_HEX + 1), NULL);
}

/* A key from its file, which has to be the one that this uid always had. */
static int load(
	const struct paths *p, uint32_t uid, struct key **out, struct error *err)
{
	struct agent known, now;
	struct key *key = NULL;
	int has = read_agent(p, &known, err);
	int rc = has < 0 && has != -ENOENT ? has
					   : key_load(text(&p->key), &key, err);

	if (rc == -ENOENT && has == 0) {
		(void)fail(err, EACCES,
			"%s: the key with which uid %u has signed is lost",
			text(&p->key), uid);
		return ways_on(uid, false, err);
	}
	if (rc == -EBADMSG)
		(void)ways_on(uid, true, err);
	if (rc < 0)
		return rc;
	now = key_agent(key);
	if (has == 0 && agent_compare(&known, &now) != 0) {
		key_free(key);
		(void)fail(err, EACCES,
			"%s: is not the key with which uid %u has signed",
			text(&p->key), uid);
		return ways_on(uid, false, err);
	}
	if (has < 0)
		write_agent(p, &now);
	*out = key;
	return 0;
}

/* With the lock held. */
static int load_store_key(struct wallet *w, struct error *err)
{
	BUF_AUTO(path);
	struct agent found;
	struct key *key = NULL;
	int rc;

	if (w->store_key)
		return 0;
	store_key_path(w->path, &path);
	buf_byte(&path, 0);
	if (path.failed)
		return fail(err, ENOMEM, "wallet: out of memory");
	rc = check_directory(w, err);
	if (rc == 0)
		rc = key_load(text(&path), &key, err);
	if (rc == -ENOENT)
		(void)fail(err, EACCES, "%s: the store's own key is lost",
			text(&path));
	if (rc == -ENOENT || rc == -EBADMSG)
		(void)fail_hint(err, "putting %s back from a copy", text(&path));
	if (rc < 0)
		return rc;
	found = key_agent(key);
	if (agent_compare(&found, &w->store_agent) != 0) {
		key_free(key);
		(void)fail(err, EACCES, "%s: is the key of another store",
			text(&path));
		return fail_hint(err, "putting %s back from a copy", text(&path));
	}
	w->store_key = key;
	return 0;
}

static int create(struct wallet *w, const struct paths *p, struct key **out,
	struct error *err)
{
	int rc = load_store_key(w, err);

	if (rc == 0)
		rc = key_create(text(&p->key), out, err);
	if (rc == 0) {
		struct agent a = key_agent(*out);

		write_agent(p, &a);
	}
	return rc;
}

/* With the lock held: from memory, else from its file, else (make) a new one. */
static int find(struct wallet *w, uint32_t uid, bool make, const struct key **out,
	struct error *err)
{
	__attribute__((cleanup(paths_free))) struct paths p = {0};
	const struct held *h = held(w, uid);
	struct key *key = NULL;
	int rc;

	*out = h ? h->key : NULL;
	if (h)
		return 0;
	rc = paths_of(w, uid, &p, err);
	if (rc == 0)
		rc = check_directory(w, err);
	if (rc == 0)
		rc = load(&p, uid, &key, err);
	if (rc == -ENOENT && !make)
		return rc;
	if (rc == -ENOENT)
		rc = create(w, &p, &key, err);
	return rc < 0 ? answer(rc, err) : keep(w, uid, key, out);
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
	int rc;

	(void)pthread_mutex_lock(&w->lock);
	rc = load_store_key(w, err);
	(void)pthread_mutex_unlock(&w->lock);
	*out = w->store_key;
	return answer(rc, err);
}

int wallet_agent(struct wallet *w, uint32_t uid, struct agent *out)
{
	__attribute__((cleanup(paths_free))) struct paths p = {0};
	int rc = paths_of(w, uid, &p, NULL);

	return rc < 0 ? rc : read_agent(&p, out, NULL);
}

int store_agent_of(struct store *s, uint32_t uid, struct agent *out)
{
	const struct key *key;
	int rc;

	if (s->frozen.on)
		return wallet_agent(s->wallet, uid, out);
	rc = wallet_find(s->wallet, uid, &key, NULL);
	if (rc == 0)
		*out = key_agent(key);
	return rc;
}

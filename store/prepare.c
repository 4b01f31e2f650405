/* From a draft to an entry: everything that needs no order among writers, done in
 * any thread. Signing and verifying are nearly all of the work. */
#include <errno.h>

#include "core/canon.h"
#include "core/quote.h"
#include "core/sign.h"
#include "store/epochs.h"
#include "store/internal.h"

/* What changes everybody's answers is said by the store itself. */
static int check_setting(
	const struct store *s, const struct draft *d, struct error *err)
{
	if (d->record.kind != RECORD_SETTING ||
		(d->signature_count == 1 && agent_compare(&d->signatures[0].agent,
						    &s->who.store_key) == 0))
		return 0;
	(void)fail(err, EPERM, "a setting must be signed by the store's own key");
	return fail_hint(err, "stemefs admit STORE KEY");
}

/* The ids that a name has: those of members alone, where there are any. */
struct meanings {
	const struct source *source;
	bool of_members;
	struct id first;
	size_t count;
	struct buf list; /* as text, for who has to choose */
	int rc;
};

static void meanings_free(struct meanings *m)
{
	buf_free(&m->list);
}

static int add_meaning(void *ctx, const struct id *id)
{
	struct meanings *m = ctx;
	char hex[ID_HEX + 1];
	bool of_member = false;

	m->rc = epoch_of_member(m->source, id, &of_member);
	if (m->rc < 0)
		return 1;
	if (of_member != m->of_members) {
		if (m->of_members)
			return 0;
		m->of_members = true; /* the others are not meant */
		m->count = 0;
		buf_reset(&m->list);
	}
	if (m->count++ == 0)
		m->first = *id;
	hex_print(id->b, ID_SIZE, hex);
	buf_printf(&m->list, "%s%s", m->list.n ? ", " : "", hex);
	return 0;
}

/* An epoch by its name becomes its id, which is what is signed. */
static int find_epoch(
	struct store *s, const struct draft *d, struct record *r, struct error *err)
{
	__attribute__((cleanup(meanings_free))) struct meanings m = {.count = 0};
	SNAP_AUTO(snap);
	int rc = store_snap(s, &snap);

	if (rc == 0) {
		m.source = &snap->source;
		rc = epoch_find(snap, d->epoch_name, add_meaning, &m);
	}
	if (rc == 0)
		rc = m.rc;
	if (rc == -ENOENT || (rc == 0 && m.count == 0)) {
		(void)fail(err, EINVAL, "epoch %s is not known",
			quote(d->epoch_name).text);
		return fail_hint(err, "write {\"epoch\":…} to make it first");
	}
	if (rc < 0)
		return fail(err, -rc, "epoch: %s", strerror(-rc));
	if (m.count > 1) {
		(void)fail(err, EINVAL, "epoch %s means %zu epochs: %.*s",
			quote(d->epoch_name).text, m.count,
			SLICE_ARG(slice_of(m.list.p, m.list.n)));
		return fail_hint(err, "name it by its id");
	}
	if (r->kind == RECORD_EPOCH)
		r->target = m.first;
	else
		r->epoch = m.first;
	return 0;
}

static int encode(struct entry *e, struct arena *a)
{
	size_t bound = canon_bound(&e->record);
	uint8_t *room = arena_alloc(a, bound);
	struct buf bytes = buf_lent(room, bound);

	if (!room)
		return -ENOMEM;
	canon_encode(&e->record, &bytes);
	if (buf_view(&bytes, &e->canonical) < 0)
		return -ENOMEM;
	e->id = id_of(e->canonical);
	return 0;
}

/* What the entries of a record sign: its id; those of a cosignature the target's.
 */
static const struct id *signed_id(const struct entry *e)
{
	return e->record.kind == RECORD_COSIGNATURE ? &e->record.target : &e->id;
}

static int verify(struct entry *e, const struct draft *d, struct error *err)
{
	for (size_t i = 0; i < d->signature_count; i++) {
		char hex[ID_HEX + 1];

		if (sign_verify(&d->signatures[i], signed_id(e)))
			continue;
		hex_print(d->signatures[i].agent.b, ID_SIZE, hex);
		return fail(err, EACCES,
			"the signature of agent %s does not verify", hex);
	}
	e->signatures = d->signatures;
	e->signature_count = (uint16_t)d->signature_count;
	return 0;
}

/* A wallet key is admitted when it is made. The key file comes first, so a crash
 * between the two leaves a key without a word about it: then the word is said now.
 */
static int admit(struct store *s, const struct key *k, struct error *err)
{
	const struct key *store_key;
	struct agent agent = key_agent(k);
	ARENA_AUTO(a);
	struct entry e = {
		.record =
			{
				.kind = RECORD_SETTING,
				.has = HAS_AGENT | HAS_VALUE,
				.timestamp = store_now(s),
				.name = slice_str("admit"),
				.value = slice_str("true"),
				.subject_agent = agent,
			},
	};
	struct submission sub = {.entries = &e, .count = 1};
	struct signature sig;
	int rc = wallet_store_key(s->wallet, &store_key, err);

	if (rc == 0)
		rc = encode(&e, &a);
	if (rc < 0)
		return rc;
	sig = key_sign(store_key, &e.id, e.record.timestamp);
	e.signatures = &sig;
	e.signature_count = 1;
	rc = store_commit(s, &sub);
	if (rc < 0 && err)
		*err = sub.error;
	return rc;
}

/* Has a setting ever said anything about this agent? */
static int admission_known(struct store *s, const struct agent *agent)
{
	SNAP_AUTO(snap);
	int rc = store_snap(s, &snap);

	return rc < 0 ? rc : setting_known(&snap->source, "admit", agent);
}

/* Writers may meet a new key at the same time; one of them says the word. */
static int admit_once(struct store *s, const struct key *k, struct error *err)
{
	struct agent agent = key_agent(k);
	int rc;

	(void)pthread_mutex_lock(&s->admitting);
	rc = admission_known(s, &agent);
	if (rc == -ENOENT)
		rc = admit(s, k, err);
	(void)pthread_mutex_unlock(&s->admitting);
	return rc;
}

static int no_key(const struct signer *who, struct error *err)
{
	(void)fail(
		err, EACCES, "uid %u has no key in this store's wallet", who->uid);
	return fail_hint(err, "send records that are signed already, or mount with "
			      "-o autokey=all");
}

/* The key of a uid, made where that is allowed, and admitted. */
static int signing_key(struct store *s, const struct signer *who,
	const struct key **out, struct error *err)
{
	struct agent agent;
	int rc;

	*out = wallet_admitted(s->wallet, who->uid);
	if (*out)
		return 0;
	rc = wallet_find(s->wallet, who->uid, out, err);
	if (rc == -ENOENT && !who->may_make_key)
		return no_key(who, err);
	if (rc == -ENOENT)
		rc = wallet_make(s->wallet, who->uid, out, err);
	if (rc < 0)
		return rc;
	agent = key_agent(*out);
	rc = admission_known(s, &agent);
	if (rc == -ENOENT)
		rc = admit_once(s, *out, err);
	if (rc == 0)
		wallet_admit(s->wallet, who->uid);
	return rc;
}

bool store_signs(struct store *s, uint32_t uid)
{
	return wallet_admitted(s->wallet, uid) != NULL;
}

/* When a draft was taken. */
static uint64_t taken_at(struct store *s, const struct signer *who)
{
	return who->now ? who->now : store_now(s);
}

static int sign(struct store *s, const struct signer *who, struct entry *e,
	struct arena *a, struct error *err)
{
	const struct key *k;
	int rc = signing_key(s, who, &k, err);

	if (rc < 0)
		return rc;
	e->signatures = arena_alloc(a, sizeof(*e->signatures));
	if (!e->signatures)
		return fail(err, ENOMEM, "out of memory");
	e->signatures[0] = key_sign(k, signed_id(e), taken_at(s, who));
	e->signature_count = 1;
	e->wallet_signed = true;
	return 0;
}

int store_prepare(struct store *s, const struct signer *who, const struct draft *d,
	struct arena *a, struct entry *out, struct error *err)
{
	struct entry e = {
		.record = d->record, .timestamp_implied = d->timestamp_implied};
	int rc = check_setting(s, d, err);

	if (rc == 0 && d->epoch_name.p)
		rc = find_epoch(s, d, &e.record, err);
	if (rc < 0)
		return rc;
	if (d->timestamp_implied && d->record.kind != RECORD_COSIGNATURE)
		e.record.timestamp = taken_at(s, who);
	if (encode(&e, a) < 0)
		return fail(err, ENOMEM, "out of memory");
	rc = d->signature_count ? verify(&e, d, err) : sign(s, who, &e, a, err);
	if (rc < 0)
		return rc;
	*out = e;
	return 0;
}

/* Agents: who is known, what they signed, what they call themselves. */
#include <errno.h>

#include "store/graph_walk.h"
#include "store/signed.h"

/* ---- what an agent signed ---- */

static int list_spoken(struct snap *s, uint32_t number,
	const struct claim_ref *behind, id_visit *visit, void *ctx)
{
	struct row_key prefix = row_key_having(KEY_SPOKEN, number);

	return list_ids(s, &prefix, behind, visit, ctx);
}

static int count_one(void *ctx, const struct id *id)
{
	(void)id;
	++*(uint64_t *)ctx;
	return 0;
}

static int count_spoken(struct snap *s, uint32_t number, uint64_t *out)
{
	struct row_key k = row_key_having(KEY_SPOKEN_COUNT, number);
	int rc;

	*out = 0;
	if (cuts_records(s))
		return list_spoken(s, number, NULL, count_one, out);
	rc = row_read(s->source.txn, &k, out, sizeof(*out));
	return rc == -ENOENT ? 0 : rc;
}

/* ---- who is known ---- */

/* Is the record of that seq seen, or what it cosigns? Assertions are the same to an agent,
 * whether it signed first or later, and not asked for here. 0 or -ENOENT. */
static int record_seen(struct snap *s, uint64_t seq)
{
	const struct context *c = &s->source.context;
	struct event_row e = {0};
	struct id_row row = {0};
	struct record r = {0};
	struct frame f = {0};
	struct id id;
	BUF_AUTO(scratch);
	int rc = source_event(&s->source, seq, &e);

	if (rc == 0)
		rc = source_record(&s->source, &e.at, NULL, &scratch, &f, &r);
	if (rc < 0)
		return rc;
	if (r.kind == RECORD_SETTING)
		return context_sees_setting(c, seq) ? 0 : -ENOENT;
	id = r.kind == RECORD_COSIGNATURE ? r.target : id_of(f.canonical);
	rc = source_id(&s->source, &id, &row);
	if (rc < 0 || row.kind == RECORD_ASSERTION)
		return rc < 0 ? rc : -ENOENT;
	return context_sees(c, seq, 0) && context_sees(c, row.seq, row.timestamp)
		       ? 0
		       : -ENOENT;
}

static int stop_at_one(void *ctx, const struct id *id)
{
	(void)id;
	*(bool *)ctx = true;
	return 1;
}

/* Of a time: has it signed anything that had been said by then? */
static int signed_by_then(struct snap *s, uint32_t number)
{
	bool found = false;
	uint64_t seq = 0;
	int rc = list_spoken(s, number, NULL, stop_at_one, &found);

	if (rc < 0 || found)
		return rc;
	while ((rc = signed_from(s->source.txn, number, &seq)) == 0) {
		rc = record_seen(s, seq++);
		if (rc != -ENOENT)
			return rc;
	}
	return rc;
}

/* Had it signed anything when that seq was the last? */
static int signed_before(struct snap *s, uint32_t number, uint64_t last)
{
	uint64_t seq = 0;
	int rc = signed_from(s->source.txn, number, &seq);

	return rc == 0 && seq > last ? -ENOENT : rc;
}

/* 0 or -ENOENT. */
static int agent_seen(struct snap *s, uint32_t number)
{
	const struct context *c = &s->source.context;

	if (c->cuts & CONTEXT_ASOF)
		return signed_by_then(s, number);
	return c->cuts & CONTEXT_AT ? signed_before(s, number, c->seq) : 0;
}

static int find_agent(struct snap *s, const struct agent *a, uint32_t *number)
{
	int rc = agent_number(s->source.txn, a, number);

	return rc < 0 ? rc : agent_seen(s, *number);
}

int agent_find(struct snap *s, const struct agent *a)
{
	uint32_t number;

	return find_agent(s, a, &number);
}

/* Numbers are given in order of appearance: the cookie is the next one. */
int agent_list(struct snap *s, uint64_t after, name_visit *visit, void *ctx)
{
	for (uint64_t n = after; n < s->meta.agents; n++) {
		struct agent a;
		int rc = agent_by_number(s->source.txn, (uint32_t)n, &a);

		if (rc < 0)
			return rc == -ENOENT ? -EBADMSG : rc;
		rc = agent_seen(s, (uint32_t)n);
		if (rc == 0 && visit(ctx, slice_of(a.b, ID_SIZE), n + 1))
			return 0;
		if (rc < 0 && rc != -ENOENT)
			return rc;
	}
	return 0;
}

int agent_claims(struct snap *s, const struct agent *a,
	const struct claim_ref *behind, id_visit *visit, void *ctx)
{
	uint32_t number;
	int rc = find_agent(s, a, &number);

	return rc < 0 ? rc : list_spoken(s, number, behind, visit, ctx);
}

int agent_has(struct snap *s, const struct agent *a, const struct claim_ref *claim)
{
	uint32_t number;
	int rc = agent_number(s->source.txn, a, &number);

	return rc < 0 ? rc : list_has(s, row_key_having(KEY_SPOKEN, number), claim);
}

/* ---- what it calls itself ---- */

/* The newest profile that is seen; its time stands in the key. */
static int newest_profile(struct snap *s, uint32_t number, struct profile_row *out,
	uint64_t *timestamp)
{
	struct row_key prefix = row_key_having(KEY_PROFILE, number);
	WALK_AUTO(w);
	int rc = walk_start(&w, s->source.txn, &prefix);

	for (; rc == 0; rc = walk_next(&w)) {
		if (w.key.mv_size != prefix.n + 8 + ID_SIZE ||
			w.value.mv_size != sizeof(*out))
			return -EBADMSG;
		memcpy(out, w.value.mv_data, sizeof(*out));
		*timestamp = ~be64_at((const uint8_t *)w.key.mv_data + prefix.n);
		if (context_sees(&s->source.context, out->seq, *timestamp))
			return 0;
	}
	return rc;
}

static int profile_name(struct snap *s, uint32_t number, struct arena *arena,
	struct agent_profile *out)
{
	struct profile_row row = {0};
	struct record r = {0};
	struct frame f = {0};
	struct locator at;
	BUF_AUTO(scratch);
	int rc = newest_profile(s, number, &row, &out->since);

	at = locator_unpack(row.at);
	if (rc == 0)
		rc = source_record(&s->source, &at, NULL, &scratch, &f, &r);
	if (rc < 0)
		return rc;
	out->name = arena_copy(arena, r.name);
	return out->name.p ? 0 : -ENOMEM;
}

int agent_profile(struct snap *s, const struct agent *a, struct arena *arena,
	struct agent_profile *out)
{
	struct agent_profile p = {.since = 0};
	struct rights rights;
	uint32_t number;
	int rc = find_agent(s, a, &number);

	if (rc < 0)
		return rc;
	rc = profile_name(s, number, arena, &p);
	if (rc == -ENOENT)
		p.since = 0; /* none, or none that is seen */
	if (rc == 0 || rc == -ENOENT)
		rc = rights_of(&s->source, a, &rights);
	if (rc == 0)
		rc = count_spoken(s, number, &p.claims);
	if (rc < 0)
		return rc;
	p.trust = rights.trust;
	p.admitted = rights.admitted;
	p.steward = rights.steward;
	p.grants = rights.grants;
	*out = p;
	return 0;
}

/* ---- who is called what ---- */

/* Is that its name now? 0 or -ENOENT. */
static int called_now(
	struct snap *s, const struct agent *a, const struct cluster_hash *name)
{
	struct profile_row row = {0};
	uint64_t timestamp;
	uint32_t number;
	int rc = agent_number(s->source.txn, a, &number);

	if (rc == 0)
		rc = newest_profile(s, number, &row, &timestamp);
	if (rc < 0)
		return rc;
	return memcmp(&row.name, name, sizeof(*name)) == 0 ? 0 : -ENOENT;
}

/* The agents of one name, as a walk over all that ever had it. */
struct bearers {
	struct walk walk;
	struct cluster_hash name;
	struct agent agent; /* the one it stands at */
	uint64_t first;
};

static void bearers_end(struct bearers *b)
{
	walk_end(&b->walk);
}

static int next_bearer(
	struct snap *s, const struct row_key *below, struct bearers *b)
{
	int rc = b->walk.cursor ? walk_next(&b->walk)
				: walk_start(&b->walk, s->source.txn, below);

	for (; rc == 0; rc = walk_next(&b->walk)) {
		const struct walk *w = &b->walk;

		if (w->key.mv_size != below->n + ID_SIZE ||
			w->value.mv_size != sizeof(struct listed_row))
			return -EBADMSG;
		memcpy(b->agent.b, (const uint8_t *)w->key.mv_data + below->n,
			ID_SIZE);
		memcpy(&b->first, w->value.mv_data, sizeof(b->first));
		rc = called_now(s, &b->agent, &b->name);
		if (rc != -ENOENT)
			return rc;
	}
	return rc;
}

static_assert(
	offsetof(struct listed_row, first) == 0, "next_bearer reads it there");

static int name_seen(struct snap *s, void *of, struct slice name,
	const struct row_key *below, uint64_t *cookie)
{
	__attribute__((cleanup(bearers_end))) struct bearers b = {
		.name = name_hash(name)};
	int rc = next_bearer(s, below, &b);

	(void)of;
	if (rc == 0)
		*cookie = b.first;
	return rc;
}

int agent_name_list(struct snap *s, uint64_t after, name_visit *visit, void *ctx)
{
	struct names names = {.prefix = row_key_tag(KEY_CALLED), .seen = name_seen};
	struct record r = {0};
	BUF_AUTO(scratch);
	int rc = cookie_record(s, after, RECORD_PROFILE, &scratch, &r);
	if (rc < 0)
		return rc;
	names.behind = r.name;
	return list_named(s, &names, visit, ctx);
}

int agent_name_keys(struct snap *s, struct slice name,
	int (*visit)(void *ctx, const struct agent *a), void *ctx)
{
	__attribute__((cleanup(bearers_end))) struct bearers b = {
		.name = name_hash(name)};
	struct row_key below;
	bool any = false;
	int rc;

	if (name.n == 0 || name.n > NAME_MAX_BYTES)
		return -ENOENT;
	below = row_key_bearing(KEY_CALLED, name);
	while ((rc = next_bearer(s, &below, &b)) == 0) {
		any = true;
		if (visit(ctx, &b.agent))
			return 0;
	}
	return rc == -ENOENT && any ? 0 : rc;
}

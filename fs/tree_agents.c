/* agents/: who speaks here, by key; whose key the caller's is; who claims which name. A
 * name is a claim like any other, so it leads to a directory of all who claim it. */
#include <errno.h>
#include <sys/stat.h>

#include "core/render.h"
#include "fs/claims.h"
#include "fs/listing.h"

/* A key as a file name: 64 lower-case digits. -ENOENT: is none. */
static int read_key(struct slice name, struct agent *out)
{
	char hex[ID_HEX + 1];

	if (hex_parse(name, out->b, ID_SIZE) < 0)
		return -ENOENT;
	hex_print(out->b, ID_SIZE, hex);
	return slice_is(name, hex) ? 0 : -ENOENT;
}

static int list_key(
	struct listing *to, const struct agent *a, mode_t type, uint64_t cookie)
{
	char hex[ID_HEX + 1];

	hex_print(a->b, ID_SIZE, hex);
	return listing_add(to, slice_of(hex, ID_HEX), type, cookie);
}

/* ---- agents/<key>/ ---- */

int agent_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	int rc = read_key(name, &place->agent);

	(void)dir;
	(void)scratch;
	if (rc == 0)
		rc = request_snap(rq);
	return rc < 0 ? rc : agent_find(rq->snap, &place->agent);
}

static int add_agent(void *ctx, struct slice key, uint64_t cookie)
{
	struct agent a;

	if (key.n != ID_SIZE)
		return 0;
	memcpy(a.b, key.p, ID_SIZE);
	return list_key(ctx, &a, S_IFDIR, cookie);
}

int agent_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	int rc = request_snap(rq);

	(void)dir;
	return rc < 0 ? rc : agent_list(rq->snap, after, add_agent, to);
}

static void print_grants(uint8_t grants, struct buf *out)
{
	json_print_key("grants", out);
	buf_byte(out, '[');
	for (int i = 0; i < CLASSES; i++) {
		if (!(grants >> i & 1))
			continue;
		list_next(out);
		json_print_string(slice_str(source_class_name((uint8_t)i)), out);
	}
	buf_byte(out, ']');
}

int profile_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	ARENA_AUTO(arena);
	struct agent_profile profile;
	int rc = agent_profile(rq->snap, &p->agent, &arena, &profile);

	(void)attr;
	if (rc < 0)
		return rc;
	buf_byte(out, '{');
	json_print_key("agent", out);
	print_hex(p->agent.b, out);
	if (profile.name.p) {
		field_text("name", profile.name, out);
		field_when("since", profile.since, out);
	}
	field_millionths("trust", profile.trust, out);
	field_bool("admitted", profile.admitted, out);
	field_bool("steward", profile.steward, out);
	print_grants(profile.grants, out);
	field_count("claims", profile.claims, out);
	buf_str(out, "}\n");
	return 0;
}

/* ---- agents/<key>/claims.jsonl ---- */

static int print_lines(struct request *rq, const struct place *p, struct mark *at,
	const struct mark *until, size_t enough, struct buf *out)
{
	struct claim_ref behind = claim_at(at);
	struct claims_printer c = {rq->snap, at, until, out->n + enough, out, 0};

	return claims_printer_end(&c, agent_claims(rq->snap, &p->agent, &behind,
					      claims_printer_visit, &c));
}

static int lists(
	struct request *rq, const struct place *p, const struct claim_ref *claim)
{
	return agent_has(rq->snap, &p->agent, claim);
}

static int changed(struct request *rq, const struct place *p, uint64_t seq,
	void (*note)(void *ctx, const struct mark *m), void *ctx)
{
	return claims_changed(rq, p, seq, lists, note, ctx);
}

const struct lines agent_lines = {.print = print_lines, .changed = changed};

/* ---- agents/me ---- */

/* A key that cannot be read must not hide all the others from a listing. */
int me_exists(struct request *rq, const struct place *p)
{
	struct agent a;

	(void)p;
	return store_agent_of(rq->tree->store, rq->who->uid, &a) < 0 ? -ENOENT : 0;
}

int me_link(struct request *rq, const struct place *p, struct buf *out)
{
	char hex[ID_HEX + 1];
	struct agent a;
	int rc = store_agent_of(rq->tree->store, rq->who->uid, &a);

	(void)p;
	if (rc < 0)
		return rc;
	hex_print(a.b, ID_SIZE, hex);
	buf_str(out, hex);
	return 0;
}

/* ---- agents/by-name/<name>/<key> ---- */

static int any_agent(void *ctx, const struct agent *a)
{
	(void)a;
	*(bool *)ctx = true;
	return 1;
}

int by_name_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	bool any = false;
	int rc = name_asked(rq, name, scratch, &place->name);

	(void)dir;
	if (rc == 0)
		rc = agent_name_keys(rq->snap, place->name, any_agent, &any);
	return rc < 0 ? rc : any ? 0 : -ENOENT;
}

int by_name_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	struct name_adder n = {.to = to, .type = S_IFDIR};
	int rc = request_snap(rq);

	(void)dir;
	if (rc == 0)
		rc = agent_name_list(rq->snap, after, name_adder_visit, &n);
	return name_adder_end(&n, rc);
}

/* Looking for one of the keys that bear a name, or listing them all: cookies count. */
struct bearers {
	const struct agent *wanted;
	bool found;
	struct listing *to;
	uint64_t after, at;
};

static int find_bearer(void *ctx, const struct agent *a)
{
	struct bearers *b = ctx;

	b->found = agent_compare(a, b->wanted) == 0;
	return b->found;
}

static int list_bearer(void *ctx, const struct agent *a)
{
	struct bearers *b = ctx;

	if (++b->at <= b->after)
		return 0;
	return list_key(b->to, a, S_IFLNK, b->at);
}

int bearer_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place)
{
	struct bearers b = {.wanted = &place->agent};
	int rc = read_key(name, &place->agent);

	(void)scratch;
	if (rc == 0)
		rc = request_snap(rq);
	if (rc == 0)
		rc = agent_name_keys(rq->snap, dir->name, find_bearer, &b);
	return rc < 0 ? rc : b.found ? 0 : -ENOENT;
}

int bearer_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to)
{
	struct bearers b = {.to = to, .after = after};
	int rc = request_snap(rq);

	if (rc == 0)
		rc = agent_name_keys(rq->snap, dir->name, list_bearer, &b);
	return rc == -ENOENT ? 0 : rc;
}

int bearer_link(struct request *rq, const struct place *p, struct buf *out)
{
	(void)rq;
	buf_str(out, "../../");
	buf_slice(out, place_leaf(p));
	return 0;
}

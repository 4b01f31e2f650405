#include "store/permit.h"

#include <errno.h>

#include "core/quote.h"
#include "store/assertion.h"
#include "store/epochs.h"
#include "store/list.h"

static const struct agent *author(const struct entry *e)
{
	return &e->signatures[0].agent;
}

struct hex {
	char text[ID_HEX + 1];
};

static struct hex hex_of(const struct id *id)
{
	struct hex h;

	hex_print(id->b, ID_SIZE, h.text);
	return h;
}

static int is_steward(struct change *c, const struct entry *e, bool *out)
{
	struct rights r;
	int rc = rights_of(&c->source, author(e), &r);

	*out = rc == 0 && r.steward;
	return rc;
}

/* ---- assertions ---- */

/* It was said and taken back: the same record cannot be said again. */
static int permit_again(struct change *c, const struct entry *e,
	const struct id *id, struct error *err)
{
	ARENA_AUTO(a);
	struct found_assertion f = {0};
	int rc = assertion_around(&c->source, id, false, &a, &f);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	if (assertion_backing(&f, author(e)) != BACKING_GONE)
		return 0;
	(void)fail(err, EINVAL, "you have withdrawn %s", hex_of(id).text);
	return fail_hint(err, "assert it again with a timestamp of its own");
}

static int permit_assertion(
	struct change *c, const struct entry *e, struct error *err)
{
	uint8_t stage = e->record.lifecycle;
	bool governed = false, steward = false;
	int rc = permit_again(c, e, &e->id, err);

	if (rc < 0 ||
		(stage != LIFECYCLE_APPROVED && stage != LIFECYCLE_UNDER_REVIEW))
		return rc;
	rc = is_governed(&c->source, &governed);
	if (rc < 0 || !governed)
		return rc;
	rc = is_steward(c, e, &steward);
	if (rc < 0 || steward)
		return rc;
	(void)fail(err, EPERM, "only a steward can set the stage %s here",
		lifecycle_name(stage));
	return fail_hint(err, "assert it as proposed, and ask a steward");
}

/* ---- retractions and supersessions ---- */

static int find_assertion(struct change *c, const struct id *id, struct arena *a,
	struct found_assertion *out, struct error *err)
{
	int rc = assertion_around(&c->source, id, false, a, out);

	if (rc != -ENOENT)
		return rc;
	return fail(err, EINVAL, "no assertion has the id %s", hex_of(id).text);
}

static int permit_author(struct change *c, const struct entry *e,
	const struct found_assertion *target, struct error *err)
{
	const char *verb = e->record.has & HAS_BY ? "supersede" : "retract";
	enum backing backing = assertion_backing(target, author(e));
	struct hex hex = hex_of(&e->record.target);
	bool steward = false;
	int rc = is_steward(c, e, &steward);

	if (rc < 0 || steward || backing == BACKING_STANDS)
		return rc;
	if (backing == BACKING_GONE)
		return fail(err, EINVAL, "you have withdrawn %s already", hex.text);
	(void)fail(err, EPERM, "only who signed %s, or a steward, can %s it",
		hex.text, verb);
	return fail_hint(err, "vote against it: a weight of -1");
}

/* What takes a place is there, stands, and is about the same. */
static int permit_replacement(struct change *c, const struct entry *e,
	const struct found_assertion *target, struct error *err)
{
	ARENA_AUTO(a);
	struct found_assertion by = {0};
	struct hex hex = hex_of(&e->record.by);
	int rc = find_assertion(c, &e->record.by, &a, &by, err);

	if (rc < 0)
		return rc;
	if (memcmp(&by.pair, &target->pair, sizeof(by.pair)) != 0)
		return fail(err, EINVAL,
			"%s is about %s of %s: it cannot take the place", hex.text,
			quote(by.record.predicate).text,
			quote(by.record.subject).text);
	if (!by.footing.stands[by.claim])
		return fail(err, EINVAL, "%s is withdrawn itself", hex.text);
	return 0;
}

static int permit_supersession(
	struct change *c, const struct entry *e, struct error *err)
{
	ARENA_AUTO(a);
	struct found_assertion target = {0};
	int rc = find_assertion(c, &e->record.target, &a, &target, err);

	if (rc == 0)
		rc = permit_author(c, e, &target, err);
	if (rc == 0 && e->record.has & HAS_BY)
		rc = permit_replacement(c, e, &target, err);
	return rc;
}

/* ---- epochs ---- */

/* An epoch that has a name. */
struct bearer {
	struct id id;
	bool own, of_member;
};

static int look_at_bearer(struct change *c, const struct entry *e,
	const struct id *id, struct bearer *best)
{
	struct bearer b = {.id = *id};
	int rc = source_has_signed(&c->source, &b.id, author(e), &b.own);
	if (rc == 0)
		rc = epoch_of_member(&c->source, &b.id, &b.of_member);
	if (rc == 0 && (b.own || !best->of_member))
		*best = b;
	return rc;
}

/* The author's own where there is one, else one of members, else any. -ENOENT. */
static int find_bearer(struct change *c, const struct entry *e, struct bearer *best)
{
	struct row_key prefix = row_key_bearing(KEY_EPOCH, e->record.name);
	bool found = false;
	LIST_WALK_AUTO(w);
	int rc = list_first(&w, c->source.txn, &prefix);

	for (; rc == 0 && !best->own; rc = list_next(&w)) {
		rc = look_at_bearer(c, e, &w.at.id, best);
		if (rc < 0)
			return rc == -ENOENT ? -EBADMSG : rc;
		found = true;
	}
	return rc < 0 && rc != -ENOENT ? rc : found ? 0 : -ENOENT;
}

static bool same_epoch(const struct record *a, const struct record *b)
{
	return a->has == b->has && a->supersession == b->supersession &&
	       (!(a->has & HAS_TARGET) || id_compare(&a->target, &b->target) == 0);
}

static int is_member(struct change *c, const struct entry *e, bool *out)
{
	struct rights r = {.trust = 0};
	uint32_t min_trust = 0;
	int rc = rights_of(&c->source, author(e), &r);

	if (rc == 0)
		rc = min_trust_of(&c->source, &min_trust);
	*out = rc == 0 && r.trust >= min_trust;
	return rc;
}

static int read_epoch(struct change *c, const struct id *id, struct buf *scratch,
	struct record *out)
{
	struct frame frame = {0};
	struct id_row row = {0};
	int rc = source_id(&c->source, id, &row);

	return rc < 0 ? rc
		      : source_record(
				&c->source, &row.at, id, scratch, &frame, out);
}

/* A name means one epoch, and is its author's; what strangers call so is not in a member's
 * way. */
static int permit_name(struct change *c, const struct entry *e, struct id *known,
	struct error *err)
{
	struct bearer b = {.own = false};
	struct record old = {0};
	BUF_AUTO(scratch);
	bool member = false;
	int rc = find_bearer(c, e, &b);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	rc = is_member(c, e, &member);
	if (rc < 0 || id_compare(&b.id, &e->id) == 0 ||
		(member && !b.own && !b.of_member))
		return rc;
	rc = read_epoch(c, &b.id, &scratch, &old);
	if (rc < 0)
		return rc;
	*known = b.id;
	if (b.own && e->timestamp_implied && same_epoch(&old, &e->record))
		return -EEXIST;
	(void)fail(err, b.own ? EINVAL : EPERM, "the epoch %s is there already: %s",
		quote(e->record.name).text, hex_of(&b.id).text);
	return fail_hint(err, "choose another name");
}

static int permit_epoch(struct change *c, const struct entry *e, struct id *known,
	struct error *err)
{
	const struct id *target = &e->record.target;
	struct id_row row = {0};
	bool may = false;
	int rc = permit_name(c, e, known, err);

	if (rc < 0 || !(e->record.has & HAS_TARGET))
		return rc;
	rc = source_id(&c->source, target, &row);
	if (rc == -ENOENT || (rc == 0 && row.kind != RECORD_EPOCH))
		return fail(
			err, EINVAL, "no epoch has the id %s", hex_of(target).text);
	if (rc == 0)
		rc = source_has_signed(&c->source, target, author(e), &may);
	if (rc == 0 && !may)
		rc = is_steward(c, e, &may);
	if (rc < 0 || may)
		return rc;
	return fail(err, EPERM,
		"only who signed the epoch %s, or a steward, can supersede it",
		hex_of(target).text);
}

int permit(struct change *c, const struct entry *e, struct id *known,
	struct error *err)
{
	switch (e->record.kind) {
	case RECORD_ASSERTION:
		return permit_assertion(c, e, err);
	case RECORD_COSIGNATURE:
		return permit_again(c, e, &e->record.target, err);
	case RECORD_SUPERSESSION:
		return permit_supersession(c, e, err);
	case RECORD_EPOCH:
		return permit_epoch(c, e, known, err);
	default:
		return 0;
	}
}

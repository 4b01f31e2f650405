/* Settings, and what follows from them for the pairs they reach. */
#include <errno.h>

#include "core/decimal.h"
#include "store/change.h"
#include "store/pair.h"
#include "store/sums.h"

/* The assertion that a record is, or is about: what a vote or a cosignature
 * targets, at most two steps on. -ENOENT: it is not known (yet). */
static int follow(struct change *c, struct record *r, struct buf *scratch)
{
	struct frame f;

	while (r->kind == RECORD_VOTE || r->kind == RECORD_COSIGNATURE) {
		struct id target = r->target;
		struct id_row row;
		int rc = source_id(&c->source, &target, &row);

		if (rc == 0)
			rc = source_record(
				&c->source, &row.at, &target, scratch, &f, r);
		if (rc < 0)
			return rc;
	}
	return r->kind == RECORD_ASSERTION ? 0 : -ENOENT;
}

/* The pair of one record of an agent whose trust has changed. */
static int touch_record(struct change *c, uint32_t agent, uint64_t seq)
{
	struct event_row e;
	struct pair_key p;
	struct pair_row row;
	struct frame f;
	struct record r;
	BUF_AUTO(scratch);
	int rc = source_event(&c->source, seq, &e);

	if (rc == 0)
		rc = source_record(&c->source, &e.at, NULL, &scratch, &f, &r);
	if (rc == 0)
		rc = follow(c, &r, &scratch);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	p = pair_key(r.subject, r.predicate);
	rc = pair_row_read(c->source.txn, &p, &row, NULL);
	if (rc == 0)
		rc = change_touch(c, r.subject, r.predicate);
	return rc < 0 || !row.sums ? rc : sums_trust(c, &p, agent);
}

/* Every pair that an agent's records touch. */
static int touch_agent(struct change *c, uint32_t agent)
{
	struct row_key prefix = row_key_tag(KEY_SIGNED);
	uint64_t seq = 0;

	row_key_be32(&prefix, agent);
	/* found anew each time: a cursor does not outlive a write */
	for (;; seq++) {
		struct row_key from = row_key_signed(agent, seq);
		int rc;
		{
			WALK_AUTO(w);

			rc = walk_from(&w, c->source.txn, &prefix, &from);
			if (rc < 0)
				return rc == -ENOENT ? 0 : rc;
			seq = be64_at((const uint8_t *)w.key.mv_data + prefix.n);
		}
		rc = touch_record(c, agent, seq);
		if (rc < 0)
			return rc;
	}
}

static int touch_pair(
	struct change *c, struct slice subject, struct slice predicate)
{
	struct pair_key p = pair_key(subject, predicate);
	struct pair_row row;
	int rc = pair_row_read(c->source.txn, &p, &row, NULL);

	if (rc == 0)
		rc = change_touch(c, subject, predicate);
	return rc < 0 || !row.sums ? rc : sums_trust_all(c, &p);
}

/* Touch the pairs of a subject, name by name. */
static int touch_subject(struct change *c, struct slice subject)
{
	struct row_key prefix = row_key_predicate(subject, slice_of(NULL, 0));
	struct row_key at = prefix;

	for (;; row_key_byte(&at, 0)) {
		int rc;
		{
			WALK_AUTO(w);

			rc = walk_from(&w, c->source.txn, &prefix, &at);
			if (rc < 0)
				return rc == -ENOENT ? 0 : rc;
			at.n = 0;
			row_key_add(&at, w.key.mv_data, w.key.mv_size);
		}
		rc = touch_pair(
			c, subject, slice_of(at.b + prefix.n, at.n - prefix.n));
		if (rc < 0)
			return rc;
	}
}

/* Every pair there is: what counts as a member has changed. */
static int touch_all(struct change *c)
{
	struct row_key prefix = row_key_tag(KEY_NAME);
	struct row_key at = prefix;

	for (;; row_key_byte(&at, 0)) {
		int rc;
		{
			WALK_AUTO(w);

			rc = walk_from(&w, c->source.txn, &prefix, &at);
			if (rc < 0)
				return rc == -ENOENT ? 0 : rc;
			at.n = 0;
			row_key_add(&at, w.key.mv_data, w.key.mv_size);
		}
		rc = touch_subject(c, slice_of(at.b + 1, at.n - 1));
		if (rc < 0)
			return rc;
	}
}

/* In millionths: numbers as they are, words as 1,000,000 for anything but false. */
static uint32_t setting_value(const struct record *r)
{
	int32_t v;

	if (!(r->has & HAS_VALUE))
		return MILLION;
	if (slice_is(r->value, "false"))
		return 0;
	if (decimal_millionths(r->value, &v) == 0 && v >= 0)
		return (uint32_t)v;
	return MILLION;
}

int apply_setting(struct change *c, const struct record *r, const struct id *id)
{
	struct row_key k = row_key_setting(r->name, &r->subject_agent);
	struct setting_row row = {
		.timestamp = r->timestamp,
		.id = *id,
		.value = setting_value(r),
	};
	struct setting_row old;
	uint32_t number;
	int rc = row_read(c->source.txn, &k, &old, sizeof(old));

	if (rc == 0 && (old.timestamp > row.timestamp ||
			       (old.timestamp == row.timestamp &&
				       id_compare(&old.id, id) >= 0)))
		return 0;
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = row_put(c->source.txn, &k, &row, sizeof(row));
	if (rc < 0)
		return rc;
	c->meta.settings_mtime = c->meta.received_at;
	if (slice_is(r->name, "min_trust")) {
		c->meta.min_trust = row.value ? row.value : 1; /* 0 is "unset" */
		return touch_all(c);
	}
	rc = agent_number(c->source.txn, &r->subject_agent, &number);
	return rc == -ENOENT ? 0 : rc < 0 ? rc : touch_agent(c, number);
}

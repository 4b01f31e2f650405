#include "store/sweep.h"

#include <errno.h>

#include "store/pair.h"
#include "store/signed.h"
#include "store/sums.h"

static struct row_key sweep_key(uint64_t seq)
{
	struct row_key k = row_key_tag(KEY_SWEEP);

	row_key_be64(&k, seq);
	return k;
}

int sweep_note(struct change *c, uint32_t agent)
{
	struct row_key k = row_key_setting_seq(c->meta.seq);
	struct sweep_row row = {.next = 0, .until = c->meta.seq, .agent = agent};
	int rc = row_put(c->source.txn, &k, NULL, 0);

	if (rc < 0)
		return rc;
	k = sweep_key(c->meta.seq);
	c->meta.sweeps++;
	c->meta.settings_seq = c->meta.seq;
	c->meta.settings_mtime = c->meta.received_at;
	return row_put(c->source.txn, &k, &row, sizeof(row));
}

/* The assertion that a record is, or is about: what a vote or a cosignature targets, at
 * most two steps on. -ENOENT: it is not known (yet), and counts when it comes. */
static int follow(
	struct change *c, struct record *r, struct frame *f, struct buf *scratch)
{
	while (r->kind == RECORD_VOTE || r->kind == RECORD_COSIGNATURE ||
		r->kind == RECORD_SUPERSESSION) {
		bool word = r->kind != RECORD_COSIGNATURE;
		struct id target = r->target;
		struct id_row row = {0};
		int rc = source_id(&c->source, &target, &row);

		if (rc == 0)
			rc = source_record(
				&c->source, &row.at, &target, scratch, f, r);
		if (rc < 0)
			return rc;
		if (word && r->kind != RECORD_ASSERTION)
			return -ENOENT; /* it says nothing, however long its chain */
	}
	return r->kind == RECORD_ASSERTION ? 0 : -ENOENT;
}

static int renew_sums(struct change *c, const struct pair_key *p, uint32_t agent)
{
	return agent == SWEEP_ALL ? sums_trust_all(c, p) : sums_trust(c, p, agent);
}

/* The pair of one record. With SWEEP_ALL each pair once: with the record that brought it. */
static int sweep_record(struct change *c, uint32_t agent, uint64_t seq)
{
	struct event_row e = {0};
	struct pair_row row = {0};
	uint64_t first = 0;
	struct pair_key p;
	struct record r = {0};
	struct frame f = {0};
	BUF_AUTO(scratch);
	int rc = source_event(&c->source, seq, &e);

	if (rc == 0)
		rc = source_record(&c->source, &e.at, NULL, &scratch, &f, &r);
	if (rc == 0)
		rc = follow(c, &r, &f, &scratch);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	p = pair_key(r.subject, r.predicate);
	rc = change_pair(c, &p, &row);
	if (rc == 0)
		rc = pair_first(c->source.txn, r.subject, r.predicate, &first);
	if (rc < 0 || (agent == SWEEP_ALL && first != e.at.offset))
		return rc;
	rc = change_touch(c, &p, r.subject, r.predicate);
	if (rc == 0)
		rc = sums_current(c, &p, &row);
	return rc < 0 || row.sums != SUMS_KEPT ? rc : renew_sums(c, &p, agent);
}

/* The next record at or behind *seq that the note is about. -ENOENT: no more. Found anew
 * each time, since a cursor does not outlive a write. */
static int next_record(
	struct change *c, const struct sweep_row *note, uint64_t *seq)
{
	struct event_row e;
	int rc = note->agent == SWEEP_ALL
			 ? events_from(c->source.txn, seq, &e)
			 : signed_from(c->source.txn, note->agent, seq);

	return rc == 0 && *seq > note->until ? -ENOENT : rc;
}

static int oldest_note(
	struct change *c, struct row_key *key, struct sweep_row *note)
{
	struct row_key prefix = row_key_tag(KEY_SWEEP);
	WALK_AUTO(w);
	int rc = walk_start(&w, c->source.txn, &prefix);

	if (rc < 0)
		return rc;
	if (w.value.mv_size != sizeof(*note))
		return -EBADMSG;
	memcpy(note, w.value.mv_data, sizeof(*note));
	*key = (struct row_key){.n = 0};
	row_key_add(key, w.key.mv_data, w.key.mv_size);
	return 0;
}

int sweep_step(struct change *c, unsigned budget)
{
	struct sweep_row note;
	struct row_key key;
	int rc = oldest_note(c, &key, &note);

	c->sweeping = true;
	for (; rc == 0 && budget > 0; budget--, note.next++) {
		rc = next_record(c, &note, &note.next);
		if (rc == -ENOENT) {
			c->meta.sweeps--;
			return row_del(c->source.txn, &key);
		}
		if (rc == 0)
			rc = sweep_record(c, note.agent, note.next);
	}
	return rc < 0 ? rc : row_put(c->source.txn, &key, &note, sizeof(note));
}

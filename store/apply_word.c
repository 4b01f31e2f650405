/* Votes, supersessions and cosignatures: the rows below the claim that they are about.
 *
 * One whose target is not known yet waits under that. The cosignature of a vote or of a
 * supersession is that word said by another agent, from when both are known. */
#include <errno.h>

#include "store/apply_impl.h"
#include "store/pair.h"
#include "store/settling.h"

/* A record found by id; of an assertion its pair. */
struct target {
	struct record record;
	uint64_t seq;
	struct claim_ref claim;
	struct pair_key pair;
	struct pair_row row;
	struct frame frame;
};

static int touch_target(struct change *c, const struct target *t, uint64_t seq)
{
	int rc = change_history(c, &t->pair, seq);

	return rc < 0 ? rc
		      : change_touch(c, &t->pair, t->record.subject,
				t->record.predicate);
}

/* A record about another is seen where both are. */
static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What one agent says in `word`, whose id this is. */
struct said_word {
	const struct record *record;
	const struct id *id;
	uint32_t agent;
	uint64_t seq; /* from when on it is seen */
};

static int put_vote(
	struct change *c, const struct target *t, const struct said_word *w)
{
	struct row_key k = row_key_claim_sub(
		&t->pair, t->claim.timestamp, &t->claim.id, KEY_VOTE, w->agent);
	struct vote_row row = {
		.weight = w->record->weight,
		.against = w->record->against,
	};

	row_key_moment_down(&k, w->record->timestamp, w->id);
	row_key_be64(&k, w->seq);
	return row_put(c->source.txn, &k, &row, sizeof(row));
}

static int put_withdrawal(
	struct change *c, const struct target *t, const struct said_word *w)
{
	struct row_key k = row_key_claim_sub(&t->pair, t->claim.timestamp,
		&t->claim.id, KEY_WITHDRAWAL, w->agent);
	struct withdrawal_row row = {
		.timestamp = w->record->timestamp,
		.id = *w->id,
		.by = w->record->by,
		.replaces = (w->record->has & HAS_BY) != 0,
	};
	int rc;

	row_key_be64(&k, w->seq);
	rc = row_put(c->source.txn, &k, &row, sizeof(row));
	if (rc < 0 || !row.replaces)
		return rc;
	return put_link(
		c, &t->pair, &w->record->by, t->claim.timestamp, &t->claim.id);
}

static int put_cosigner(struct change *c, const struct target *t,
	const struct applied *a, uint16_t i)
{
	struct row_key k = row_key_claim_sub(&t->pair, t->claim.timestamp,
		&t->claim.id, KEY_COSIGNER, a->agents[i]);
	struct cosigner_row row = {
		.at = locator_pack(a->at),
	};

	row_key_be64(&k, a->seq);
	return row_put(c->source.txn, &k, &row, sizeof(row));
}

/* The rows of a word that agent number i of a said about t: a vote or supersession, or a
 * cosignature under the claim itself. */
static int put_word(struct change *c, const struct applied *a,
	const struct target *t, const struct record *word, const struct id *id,
	uint64_t seq, uint16_t i)
{
	struct said_word w = {
		.record = word,
		.id = id,
		.agent = a->agents[i],
		.seq = seq,
	};

	switch (word->kind) {
	case RECORD_VOTE:
		return put_vote(c, t, &w);
	case RECORD_SUPERSESSION:
		return put_withdrawal(c, t, &w);
	default:
		return put_cosigner(c, t, a, i);
	}
}

static int say(struct change *c, const struct applied *a, struct target *t,
	const struct record *word, const struct id *id, uint64_t seq)
{
	struct settling_about about = {.claim = t->claim};
	struct settling s;
	int rc;

	if (word->kind == RECORD_SUPERSESSION) {
		about.other = word->by;
	} else {
		about.agents = a->agents;
		about.agent_count = a->count;
	}
	rc = settling_begin(&s, c, &t->pair, &t->row, &about);
	for (uint16_t i = 0; rc == 0 && i < a->count; i++)
		rc = put_word(c, a, t, word, id, seq, i);
	rc = settling_end(&s, rc);
	return rc < 0 ? rc : touch_target(c, t, a->seq);
}

int put_cosigned(struct change *c, const struct applied *a)
{
	for (uint16_t i = 0; i < a->count; i++) {
		struct row_key k = row_key_cosigned(&a->record->target);
		struct cosigner_row row = {
			.at = locator_pack(a->at),
		};
		int rc;

		row_key_be32(&k, a->agents[i]);
		row_key_be64(&k, a->seq);
		rc = row_put(c->source.txn, &k, &row, sizeof(row));
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int wait_for(struct change *c, const struct id *target, uint64_t seq)
{
	struct row_key k = row_key_waiting(target, seq);

	c->none_waits = false;
	return row_put(c->source.txn, &k, NULL, 0);
}

/* Find a record by id; an assertion's pair too. -ENOENT. */
static int find_target(struct change *c, const struct id *id, struct buf *scratch,
	struct target *out)
{
	struct id_row row = {0};
	int rc = source_id(&c->source, id, &row);

	if (rc == 0)
		rc = source_record(&c->source, &row.at, id, scratch, &out->frame,
			&out->record);
	if (rc < 0)
		return rc;
	out->seq = row.seq;
	if (out->record.kind != RECORD_ASSERTION)
		return 0;
	out->claim =
		(struct claim_ref){.timestamp = out->record.timestamp, .id = *id};
	out->pair = pair_key(out->record.subject, out->record.predicate);
	return change_pair(c, &out->pair, &out->row);
}

/* A vote or supersession, or the cosignature of one: it counts for a's agents, from when
 * both are seen. */
static int apply_word(struct change *c, const struct applied *a,
	const struct record *word, const struct id *id, uint64_t seq)
{
	BUF_AUTO(scratch);
	struct target t = {.seq = 0};
	int rc = find_target(c, &word->target, &scratch, &t);

	if (rc == -ENOENT)
		return wait_for(c, &word->target, a->seq);
	if (rc < 0 || t.record.kind != RECORD_ASSERTION)
		return rc; /* about anything else it says nothing */
	return say(c, a, &t, word, id, seq);
}

static int apply_cosignature(struct change *c, const struct applied *a)
{
	BUF_AUTO(scratch);
	struct target t = {.seq = 0};
	int rc = find_target(c, &a->record->target, &scratch, &t);

	if (rc == -ENOENT)
		return wait_for(c, &a->record->target, a->seq);
	if (rc < 0)
		return rc;
	switch (t.record.kind) {
	case RECORD_ASSERTION:
		return say(c, a, &t, a->record, a->id, a->seq);
	case RECORD_VOTE:
	case RECORD_SUPERSESSION:
		return apply_word(
			c, a, &t.record, &a->record->target, later(a->seq, t.seq));
	default:
		return 0;
	}
}

int apply_targeted(struct change *c, const struct applied *a)
{
	return a->record->kind == RECORD_COSIGNATURE
		       ? apply_cosignature(c, a)
		       : apply_word(c, a, a->record, a->id, a->seq);
}

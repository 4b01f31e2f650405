/* What each kind of record does to the rows of the index.
 *
 * Nothing here decides whether a record is allowed: what stands in the log has been
 * accepted. A record whose target is not known yet waits under the target's id and
 * takes effect when that arrives, so the order of arrival leaves no trace in the
 * answers. */
#include <errno.h>

#include "store/change.h"
#include "store/graph.h"
#include "store/pair.h"
#include "store/settling.h"

/* A record with where it stands: the one being applied, or one that waited. */
struct applied {
	const struct record *record;
	const struct id *id;
	const struct frame *frame;
	struct locator at;
	uint64_t seq;
	const uint32_t *agents; /* numbers of the frame's signers */
	uint16_t count;
};

static int apply_targeted(struct change *c, const struct applied *a);

static int put_history(struct change *c, const struct pair_key *p, uint64_t seq)
{
	struct row_key k = row_key_history(p, seq);

	return row_put(c->source.txn, &k, NULL, 0);
}

/* The subject's row, and a new predicate in it. */
static int add_predicate(struct change *c, const struct applied *a)
{
	struct slice subject = a->record->subject;
	struct predicate_row p = {.first = a->at.offset};
	struct row_key k = row_key_name(subject);
	struct subject_row s;
	int rc = row_read(c->source.txn, &k, &s, sizeof(s));

	if (rc == -ENOENT) {
		s = (struct subject_row){.first = a->at.offset};
		c->meta.subjects++;
		c->meta.subjects_mtime = c->meta.received_at;
	} else if (rc < 0) {
		return rc;
	}
	s.predicates++;
	s.mtime = c->meta.received_at;
	rc = row_put(c->source.txn, &k, &s, sizeof(s));
	if (rc < 0)
		return rc;
	k = row_key_predicate(subject, a->record->predicate);
	return row_put(c->source.txn, &k, &p, sizeof(p));
}

static int ensure_pair(struct change *c, const struct applied *a,
	const struct pair_key *p, struct pair_row *row)
{
	int rc = pair_row_read(c->source.txn, p, row, NULL);

	if (rc != -ENOENT)
		return rc;
	*row = (struct pair_row){.first = a->at.offset};
	c->meta.pairs++;
	rc = pair_row_write(c->source.txn, p, row, slice_of(NULL, 0));
	return rc < 0 ? rc : add_predicate(c, a);
}

static void add_ids(const struct record *r, struct buf *out)
{
	if (r->has & HAS_PARENT)
		buf_add(out, r->parent.b, ID_SIZE);
	if (r->has & HAS_EPOCH)
		buf_add(out, r->epoch.b, ID_SIZE);
}

static int put_claim(
	struct change *c, const struct applied *a, const struct pair_key *p)
{
	const struct record *r = a->record;
	struct claim_row row = {
		.at = a->at,
		.seq = a->seq,
		.source = source_hash(r),
		.confidence = r->has & HAS_CONFIDENCE ? r->confidence
						      : CONFIDENCE_UNSTATED,
		.stated = (r->has & HAS_CONFIDENCE) != 0,
		.lifecycle = r->lifecycle,
		.source_class =
			r->has & HAS_SOURCE_CLASS ? r->source_class : CLASSES,
		.has = (uint8_t)((r->has & HAS_PARENT ? CLAIM_PARENT : 0) |
				 (r->has & HAS_EPOCH ? CLAIM_EPOCH : 0)),
		.cluster = cluster_hash(&r->object),
		.signers = a->count,
	};
	struct row_key k = row_key_claim(p, r->timestamp, a->id);
	BUF_AUTO(value);
	struct slice v = {0};

	buf_add(&value, &row, sizeof(row));
	for (uint16_t i = 0; i < a->count; i++) {
		struct claim_signer signer = {
			.signed_at = frame_signature(a->frame, i).signed_at,
			.number = a->agents[i],
		};

		buf_add(&value, &signer, sizeof(signer));
	}
	add_ids(r, &value);
	if (buf_view(&value, &v) < 0)
		return -ENOMEM;
	return row_put(c->source.txn, &k, v.p, v.n);
}

/* The claim hangs on that id. */
static int put_link(struct change *c, const struct pair_key *p, const struct id *on,
	uint64_t timestamp, const struct id *claim)
{
	struct row_key k = row_key_links(p, on);

	row_key_be64(&k, timestamp);
	row_key_add(&k, claim->b, ID_SIZE);
	return row_put(c->source.txn, &k, NULL, 0);
}

/* What came before its target takes effect now. */
static int wake_waiting(struct change *c, const struct id *target)
{
	struct row_key prefix = row_key_tag(KEY_WAITING);

	row_key_add(&prefix, target->b, ID_SIZE);
	for (;;) {
		struct row_key k;
		uint64_t seq;
		{
			WALK_AUTO(w);
			int rc = walk_start(&w, c->source.txn, &prefix);

			if (rc == -ENOENT)
				return 0;
			if (rc < 0)
				return rc;
			if (w.key.mv_size != prefix.n + 8)
				return -EBADMSG;
			seq = be64_at((const uint8_t *)w.key.mv_data + prefix.n);
		}
		struct event_row e = {0};
		struct frame f = {0};
		struct record r = {0};
		struct id id;
		uint32_t agents[SIGNATURES_MAX] = {0};
		BUF_AUTO(scratch);
		int rc;

		k = row_key_waiting(target, seq);
		rc = row_del(c->source.txn, &k);
		if (rc == 0)
			rc = source_event(&c->source, seq, &e);
		if (rc == 0)
			rc = source_record(
				&c->source, &e.at, NULL, &scratch, &f, &r);
		for (uint16_t i = 0; rc == 0 && i < f.signature_count; i++) {
			struct agent agent = frame_signature(&f, i).agent;

			rc = change_agent(c, &agent, &agents[i]);
		}
		if (rc < 0)
			return rc;
		id = id_of(f.canonical);
		rc = apply_targeted(c, &(struct applied){
					       .record = &r,
					       .id = &id,
					       .frame = &f,
					       .at = e.at,
					       .seq = seq,
					       .agents = agents,
					       .count = f.signature_count,
				       });
		if (rc < 0)
			return rc;
	}
}

static int apply_assertion(struct change *c, const struct applied *a)
{
	const struct record *r = a->record;
	struct settling_about about = {
		.claim = {.timestamp = r->timestamp, .id = *a->id},
		.other = r->parent, /* zero where it has none */
	};
	struct pair_key p = pair_key(r->subject, r->predicate);
	struct pair_row row = {0};
	struct settling s;
	int rc = ensure_pair(c, a, &p, &row);

	if (rc < 0)
		return rc;
	rc = settling_begin(&s, c, &p, &row, &about);
	if (rc == 0)
		rc = put_claim(c, a, &p);
	if (rc == 0 && r->has & HAS_PARENT)
		rc = put_link(c, &p, &r->parent, r->timestamp, a->id);
	rc = settling_end(&s, rc);
	if (rc == 0)
		rc = put_history(c, &p, a->seq);
	if (rc == 0)
		rc = change_touch(c, r->subject, r->predicate);
	if (rc < 0)
		return rc;
	c->meta.claims++;
	return 0;
}

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
	int rc = put_history(c, &t->pair, seq);

	return rc < 0 ? rc
		      : change_touch(c, t->record.subject, t->record.predicate);
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
	uint64_t signed_at;
};

static int put_vote(
	struct change *c, const struct target *t, const struct said_word *w)
{
	struct row_key k = row_key_claim_sub(
		&t->pair, t->claim.timestamp, &t->claim.id, KEY_VOTE, w->agent);
	struct vote_row row = {
		.signed_at = w->signed_at,
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
		.signed_at = w->signed_at,
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
		.at = a->at,
		.signed_at = frame_signature(a->frame, i).signed_at,
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
		.signed_at = frame_signature(a->frame, i).signed_at,
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

/* Where the entries of agents on an id are, whether or not the record is known. */
static int put_cosigned(struct change *c, const struct applied *a)
{
	for (uint16_t i = 0; i < a->count; i++) {
		struct row_key k = row_key_cosigned(&a->record->target);
		struct cosigner_row row = {
			.at = a->at,
			.signed_at = frame_signature(a->frame, i).signed_at,
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
	return pair_row_read(c->source.txn, &out->pair, &out->row, NULL);
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

static int apply_targeted(struct change *c, const struct applied *a)
{
	return a->record->kind == RECORD_COSIGNATURE
		       ? apply_cosignature(c, a)
		       : apply_word(c, a, a->record, a->id, a->seq);
}

static int put_id(struct change *c, const struct applied *a)
{
	struct row_key k = row_key_id(a->id);
	struct id_row row = {
		.seq = a->seq,
		.at = a->at,
		.timestamp = a->record->timestamp,
		.kind = a->record->kind,
	};

	return row_put(c->source.txn, &k, &row, sizeof(row));
}

/* What the record does besides being known. */
static int apply_kind(struct change *c, const struct applied *a)
{
	switch (a->record->kind) {
	case RECORD_ASSERTION:
		return apply_assertion(c, a);
	case RECORD_VOTE:
		c->meta.votes++;
		return apply_targeted(c, a);
	case RECORD_SUPERSESSION:
		return apply_targeted(c, a);
	case RECORD_SETTING:
		return apply_setting(c, a->record, a->id);
	default:
		return 0;
	}
}

int apply_record(struct change *c, const struct frame *f, const struct record *r,
	const struct id *id, const uint32_t *agents, uint16_t count)
{
	struct applied a = {
		.record = r,
		.id = id,
		.frame = f,
		.at = {.offset = f->offset, .length = f->length},
		.seq = f->seq,
		.agents = agents,
		.count = count,
	};
	int rc;

	if (r->kind == RECORD_COSIGNATURE) {
		rc = put_cosigned(c, &a);
		if (rc == 0)
			rc = apply_cosignature(c, &a);
		return rc < 0 ? rc : graph_apply(c, f, r, id, agents);
	}
	rc = put_id(c, &a);
	if (rc == 0)
		rc = apply_kind(c, &a);
	if (rc == 0)
		rc = graph_apply(c, f, r, id, agents);
	return rc < 0 ? rc : wake_waiting(c, id);
}

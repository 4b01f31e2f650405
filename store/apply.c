/* What each kind of record does to the rows of the index.
 *
 * Nothing here decides whether a record is allowed: what stands in the log has been
 * accepted. A record whose target is not known yet waits under the target's id and
 * takes effect when that arrives, so the order of arrival leaves no trace in the
 * answers. */
#include <errno.h>

#include "store/change.h"
#include "store/pair.h"
#include "store/sums.h"

/* A record with where it stands: the one being applied, or one that waited. */
struct applied {
	const struct record *record;
	const struct id *id;
	struct locator at;
	uint64_t seq;
	const uint32_t *agents;
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

static int put_claim(
	struct change *c, const struct applied *a, const struct pair_key *p)
{
	const struct record *r = a->record;
	struct claim_row row = {
		.at = a->at,
		.source = source_hash(r),
		.confidence = r->has & HAS_CONFIDENCE ? r->confidence
						      : CONFIDENCE_UNSTATED,
		.stated = (r->has & HAS_CONFIDENCE) != 0,
		.lifecycle = r->lifecycle,
		.source_class =
			r->has & HAS_SOURCE_CLASS ? r->source_class : CLASSES,
		.cluster = cluster_hash(&r->object),
		.signers = a->count,
	};
	struct row_key k = row_key_claim(p, r->timestamp, a->id);
	uint8_t value[sizeof(row) + sizeof(uint32_t) * SIGNATURES_MAX];

	memcpy(value, &row, sizeof(row));
	for (uint16_t i = 0; i < a->count; i++)
		put_be32(value + sizeof(row) + 4 * (size_t)i, a->agents[i]);
	return row_put(
		c->source.txn, &k, value, sizeof(row) + 4 * (size_t)a->count);
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
					       .at = e.at,
					       .seq = seq,
					       .agents = agents,
					       .count = f.signature_count,
				       });
		if (rc < 0)
			return rc;
	}
}

/* A claim as the running sums want it. */
static struct sums_claim sums_claim(const struct record *r, const struct id *id)
{
	return (struct sums_claim){
		.id = *id,
		.timestamp = r->timestamp,
		.source = source_hash(r),
		.cluster = cluster_hash(&r->object),
		.confidence = r->has & HAS_CONFIDENCE ? r->confidence
						      : CONFIDENCE_UNSTATED,
		.lifecycle = r->lifecycle,
	};
}

static bool keeps_sums(const struct pair_row *row, uint8_t lifecycle)
{
	return row->sums && lifecycle_is_live(lifecycle);
}

static int sum_claim(
	struct change *c, const struct applied *a, const struct pair_key *p)
{
	struct sums_claim claim = sums_claim(a->record, a->id);
	int rc = sums_add_claim(c, p, &claim);

	for (uint16_t i = 0; rc == 0 && i < a->count; i++)
		rc = sums_add_signer(c, p, &claim, a->agents[i]);
	return rc;
}

static int apply_assertion(struct change *c, const struct applied *a)
{
	const struct record *r = a->record;
	struct pair_key p = pair_key(r->subject, r->predicate);
	struct pair_row row = {0};
	int rc = ensure_pair(c, a, &p, &row);

	if (rc == 0)
		rc = put_claim(c, a, &p);
	if (rc == 0 && keeps_sums(&row, r->lifecycle))
		rc = sum_claim(c, a, &p);
	if (rc == 0)
		rc = put_history(c, &p, a->seq);
	if (rc == 0)
		rc = change_touch(c, r->subject, r->predicate);
	if (rc < 0)
		return rc;
	c->meta.claims++;
	return 0;
}

/* A claim found by id: its pair and key. */
struct target {
	struct record record;
	struct pair_key pair;
	struct pair_row row;
	struct frame frame;
};

/* The newest word of an agent on one assertion counts; ties go to the larger id. */
static int put_vote(struct change *c, const struct target *t,
	const struct id *claim, uint32_t agent, const struct record *vote,
	const struct id *id)
{
	struct row_key k = row_key_claim_sub(
		&t->pair, t->record.timestamp, claim, KEY_VOTE, agent);
	struct vote_row row = {
		.timestamp = vote->timestamp,
		.id = *id,
		.weight = vote->weight,
		.against = vote->against,
	};
	struct sums_claim sums = sums_claim(&t->record, claim);
	struct vote_row old;
	int rc = row_read(c->source.txn, &k, &old, sizeof(old));
	bool had = rc == 0;

	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (had && (old.timestamp > row.timestamp ||
			   (old.timestamp == row.timestamp &&
				   id_compare(&old.id, id) >= 0)))
		return 0;
	rc = row_put(c->source.txn, &k, &row, sizeof(row));
	if (rc < 0 || !keeps_sums(&t->row, t->record.lifecycle))
		return rc;
	return sums_vote(c, &t->pair, &sums, agent, had ? &old : NULL, &row);
}

static int touch_target(struct change *c, const struct target *t, uint64_t seq)
{
	int rc = put_history(c, &t->pair, seq);

	return rc < 0 ? rc
		      : change_touch(c, t->record.subject, t->record.predicate);
}

static int vote_on(struct change *c, const struct applied *a,
	const struct target *t, const struct record *vote, const struct id *id)
{
	for (uint16_t i = 0; i < a->count; i++) {
		int rc = put_vote(c, t, &vote->target, a->agents[i], vote, id);

		if (rc < 0)
			return rc;
	}
	return touch_target(c, t, a->seq);
}

static int cosign_claim(
	struct change *c, const struct applied *a, const struct target *t)
{
	struct sums_claim claim = sums_claim(&t->record, &a->record->target);

	for (uint16_t i = 0; i < a->count; i++) {
		struct row_key k = row_key_claim_sub(&t->pair, t->record.timestamp,
			&a->record->target, KEY_COSIGNER, a->agents[i]);
		int rc = row_put(c->source.txn, &k, NULL, 0);

		if (rc == 0 && keeps_sums(&t->row, t->record.lifecycle))
			rc = sums_add_signer(c, &t->pair, &claim, a->agents[i]);
		if (rc < 0)
			return rc;
	}
	return touch_target(c, t, a->seq);
}

/* Where the entry that stands for (id, agent) is, whether or not the target is
 * known. */
static int put_cosigned(struct change *c, const struct applied *a)
{
	for (uint16_t i = 0; i < a->count; i++) {
		struct row_key k =
			row_key_cosigned(&a->record->target, a->agents[i]);
		struct cosigner_row row = {.at = a->at};
		int rc = row_put(c->source.txn, &k, &row, sizeof(row));

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
	if (rc < 0 || out->record.kind != RECORD_ASSERTION)
		return rc;
	out->pair = pair_key(out->record.subject, out->record.predicate);
	return pair_row_read(c->source.txn, &out->pair, &out->row, NULL);
}

/* A vote, or the cosignature of one: a counts for its agents, on vote->target. */
static int apply_vote(struct change *c, const struct applied *a,
	const struct record *vote, const struct id *id)
{
	BUF_AUTO(scratch);
	struct target t = {0};
	int rc = find_target(c, &vote->target, &scratch, &t);

	if (rc == -ENOENT)
		return wait_for(c, &vote->target, a->seq);
	if (rc < 0 || t.record.kind != RECORD_ASSERTION)
		return rc; /* a vote on anything else says nothing */
	return vote_on(c, a, &t, vote, id);
}

static int apply_cosignature(struct change *c, const struct applied *a)
{
	BUF_AUTO(scratch);
	struct target t = {0};
	int rc = find_target(c, &a->record->target, &scratch, &t);

	if (rc == -ENOENT)
		return wait_for(c, &a->record->target, a->seq);
	if (rc < 0)
		return rc;
	if (t.record.kind == RECORD_ASSERTION)
		return cosign_claim(c, a, &t);
	if (t.record.kind == RECORD_VOTE)
		return apply_vote(c, a, &t.record, &a->record->target);
	return 0;
}

static int apply_targeted(struct change *c, const struct applied *a)
{
	return a->record->kind == RECORD_VOTE ? apply_vote(c, a, a->record, a->id)
					      : apply_cosignature(c, a);
}

static int put_id(struct change *c, const struct applied *a)
{
	struct row_key k = row_key_id(a->id);
	struct id_row row = {.seq = a->seq, .at = a->at, .kind = a->record->kind};

	return row_put(c->source.txn, &k, &row, sizeof(row));
}

int apply_record(struct change *c, const struct frame *f, const struct record *r,
	const struct id *id, const uint32_t *agents, uint16_t count)
{
	struct applied a = {
		.record = r,
		.id = id,
		.at = {.offset = f->offset, .length = f->length},
		.seq = f->seq,
		.agents = agents,
		.count = count,
	};
	int rc;

	if (r->kind == RECORD_COSIGNATURE) {
		rc = put_cosigned(c, &a);
		return rc < 0 ? rc : apply_cosignature(c, &a);
	}
	rc = put_id(c, &a);
	if (rc < 0)
		return rc;
	if (r->kind == RECORD_ASSERTION)
		rc = apply_assertion(c, &a);
	else if (r->kind == RECORD_VOTE) {
		c->meta.votes++;
		rc = apply_vote(c, &a, r, id);
	} else if (r->kind == RECORD_SETTING) {
		rc = apply_setting(c, r, id);
	}
	return rc < 0 ? rc : wake_waiting(c, id);
}

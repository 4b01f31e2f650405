/* What each kind of record does to the rows of the index.
 *
 * Nothing here decides whether a record is allowed: what stands in the log has been
 * accepted. A record whose target is not known yet waits under the target's id and
 * takes effect when that arrives, so the order of arrival leaves no trace in the
 * answers. */
#include <errno.h>

#include "store/apply_impl.h"
#include "store/gather.h"
#include "store/graph.h"
#include "store/packed.h"
#include "store/pair.h"
#include "store/settling.h"

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
	int rc = change_pair(c, p, row);

	if (rc != -ENOENT)
		return rc;
	*row = (struct pair_row){0};
	c->meta.pairs++;
	rc = change_pair_set(c, p, row);
	return rc < 0 ? rc : add_predicate(c, a);
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
	struct slice v = {0};

	buf_reset(&c->line);
	claim_columns_write(&row, a->agents, &r->parent, &r->epoch, &c->line);
	if (buf_view(&c->line, &v) < 0)
		return -ENOMEM;
	return row_put(c->source.txn, &k, v.p, v.n);
}

int put_link(struct change *c, const struct pair_key *p, const struct id *on,
	uint64_t timestamp, const struct id *claim)
{
	struct row_key k = row_key_links(p, on);

	row_key_be64(&k, timestamp);
	row_key_add(&k, claim->b, ID_SIZE);
	return row_put(c->source.txn, &k, NULL, 0);
}

/* The first record that waits under the prefix; -ENOENT. */
static int first_waiting(
	struct change *c, const struct row_key *prefix, uint64_t *seq)
{
	WALK_AUTO(w);
	int rc = walk_start(&w, c->source.txn, prefix);

	if (rc < 0)
		return rc;
	if (w.key.mv_size != prefix->n + 8)
		return -EBADMSG;
	*seq = be64_at((const uint8_t *)w.key.mv_data + prefix->n);
	return 0;
}

/* Does any record wait for this one? */
static int find_awaited(struct change *c, const struct id *id)
{
	struct row_key all = row_key_tag(KEY_WAITING), prefix = all;
	WALK_AUTO(w);
	int rc;

	c->awaited = false;
	if (c->none_waits)
		return 0;
	row_key_add(&prefix, id->b, ID_SIZE);
	rc = walk_start(&w, c->source.txn, &prefix);
	c->awaited = rc == 0;
	if (rc != -ENOENT)
		return rc;
	walk_end(&w);
	rc = walk_start(&w, c->source.txn, &all);
	c->none_waits = rc == -ENOENT;
	return c->none_waits ? 0 : rc;
}

/* It waits no more. */
static int wake(struct change *c, uint64_t seq)
{
	uint32_t agents[SIGNATURES_MAX] = {0};
	struct event_row e = {0};
	struct frame f = {0};
	struct record r = {0};
	struct id id;
	BUF_AUTO(scratch);
	int rc = source_event(&c->source, seq, &e);

	if (rc == 0)
		rc = source_record(&c->source, &e.at, NULL, &scratch, &f, &r);
	if (rc == 0 && f.signature_count > SIGNATURES_MAX)
		rc = -EBADMSG;
	for (uint16_t i = 0; rc == 0 && i < f.signature_count; i++) {
		struct agent agent = frame_signature(&f, i).agent;

		rc = change_agent(c, &agent, &agents[i]);
	}
	if (rc < 0)
		return rc == -ENOENT ? -EBADMSG : rc;
	id = id_of(f.canonical);
	return apply_targeted(c, &(struct applied){
					 .record = &r,
					 .id = &id,
					 .frame = &f,
					 .at = e.at,
					 .seq = seq,
					 .agents = agents,
					 .count = f.signature_count,
				 });
}

/* What came before its target takes effect now. */
static int wake_waiting(struct change *c, const struct id *target)
{
	struct row_key prefix = row_key_tag(KEY_WAITING);
	uint64_t seq;
	int rc;

	row_key_add(&prefix, target->b, ID_SIZE);
	while ((rc = first_waiting(c, &prefix, &seq)) == 0) {
		struct row_key k = row_key_waiting(target, seq);

		rc = row_del(c->source.txn, &k);
		if (rc == 0)
			rc = wake(c, seq);
		if (rc < 0)
			return rc;
	}
	return rc == -ENOENT ? 0 : rc;
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
		rc = change_history(c, &p, a->seq);
	if (rc == 0)
		rc = change_touch(c, &p, r->subject, r->predicate);
	if (rc < 0)
		return rc;
	c->meta.claims++;
	return 0;
}

static int put_id(struct change *c, const struct applied *a)
{
	struct row_key k = row_key_id(a->id);
	uint8_t seq[PACKED_MAX];

	return row_put(c->source.txn, &k, seq, pack_into(seq, a->seq));
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
			rc = apply_targeted(c, &a);
		return rc < 0 ? rc : graph_apply(c, f, r, id, agents);
	}
	rc = find_awaited(c, id);
	if (rc == 0)
		rc = put_id(c, &a);
	if (rc == 0)
		rc = apply_kind(c, &a);
	if (rc == 0)
		rc = graph_apply(c, f, r, id, agents);
	return rc < 0 || !c->awaited ? rc : wake_waiting(c, id);
}

#include "store/graph.h"

#include <errno.h>
#include <stdlib.h>

static_assert(
	1 + HASH_SIZE + 1 + PREDICATE_MAX + 1 + SUBJECT_MAX + 1 + 8 + ID_SIZE + 1 <=
		KEY_MAX,
	"an inbound row has room for both names");
static_assert(1 + SOURCE_KEY_NAME + 1 + HASH_SIZE <= KEY_MAX,
	"a source's row has room for its name");

/* A record as its lists have it. */
struct listing {
	struct change *c;
	const struct record *record;
	const struct id *id;
	struct listed_row row;
};

static int list_put(const struct listing *l, const struct row_key *k)
{
	return row_put(l->c->source.txn, k, &l->row, sizeof(l->row));
}

/* Under a prefix. Who decides about the next record may ask for it. */
static int list_under(const struct listing *l, struct row_key k)
{
	struct listed item = {
		.timestamp = l->record->timestamp, .id = *l->id, .row = l->row};
	MDB_txn *txn = l->c->source.txn;
	struct list_hand hand;
	int rc;

	hand.open = false;
	rc = list_add(txn, &hand, &k, &item);
	return rc < 0 && rc != -EEXIST ? rc : list_flush(txn, &hand);
}

/* The first to have a name brings it. */
static int list_name(const struct listing *l, const struct row_key *k)
{
	MDB_val v;
	int rc = row_get(l->c->source.txn, k, &v);

	return rc == -ENOENT ? list_put(l, k) : rc;
}

static int list_source(const struct listing *l)
{
	struct id hash = id_of(l->record->source);
	struct row_key name = row_key_source(l->record->source);
	int rc = list_name(l, &name);

	return rc < 0 ? rc : list_under(l, row_key_cited(&hash));
}

static int list_premises(const struct listing *l)
{
	struct slice because = l->record->because;

	for (size_t i = 0; i + ID_SIZE <= because.n; i += ID_SIZE) {
		struct id premise;
		int rc;

		memcpy(premise.b, because.p + i, ID_SIZE);
		rc = list_under(l, row_key_hanging(KEY_USED, &premise));
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int list_inbound(const struct listing *l)
{
	struct row_key k = row_key_inbound(l->record->object.text);

	row_key_whole(&k, l->record->predicate);
	row_key_whole(&k, l->record->subject);
	return list_under(l, k);
}

/* n of the noted are of this agent. */
static int count_spoken(struct change *c, uint32_t agent, size_t n)
{
	struct row_key k = row_key_having(KEY_SPOKEN_COUNT, agent);
	uint64_t count = 0;
	int rc = row_read(c->source.txn, &k, &count, sizeof(count));

	if (rc < 0 && rc != -ENOENT)
		return rc;
	count += n;
	return row_put(c->source.txn, &k, &count, sizeof(count));
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int graph_flush(struct change *c)
{
	uint32_t *list = (void *)c->spoke.p;
	size_t n = c->spoke.n / sizeof(*list), end;
	int rc = c->spoke.failed ? -ENOMEM : list_flush(c->source.txn, &c->spoken);

	if (n)
		qsort(list, n, sizeof(*list), by_number);
	for (size_t i = 0; rc == 0 && i < n; i = end) {
		for (end = i + 1; end < n && list[end] == list[i];)
			end++;
		rc = count_spoken(c, list[i], end - i);
	}
	buf_reset(&c->spoke);
	return rc;
}

/* An agent has signed an assertion, and both are there. */
static int list_spoken(
	struct change *c, uint32_t agent, const struct id *id, uint64_t timestamp)
{
	struct row_key k = row_key_having(KEY_SPOKEN, agent);
	struct listed item = {
		.timestamp = timestamp, .id = *id, .row = {.seq = c->meta.seq}};
	int rc = list_add(c->source.txn, &c->spoken, &k, &item);

	if (rc == 0)
		buf_add(&c->spoke, &agent, sizeof(agent));
	return rc == -EEXIST ? 0 : rc; /* signed once more */
}

/* Append the number of everybody whose cosignature came before the record. */
static int cosigned_before(struct change *c, const struct id *id, struct buf *out)
{
	struct row_key prefix = row_key_cosigned(id);
	WALK_AUTO(w);
	int rc = walk_start(&w, c->source.txn, &prefix);

	for (; rc == 0; rc = walk_next(&w)) {
		uint32_t agent;

		if (w.key.mv_size < prefix.n + sizeof(agent))
			return -EBADMSG;
		agent = be32_at((const uint8_t *)w.key.mv_data + prefix.n);
		buf_add(out, &agent, sizeof(agent));
	}
	return rc != -ENOENT ? rc : out->failed ? -ENOMEM : 0;
}

/* A name an agent has had; whether it still is its name is seen from its profiles. */
static int list_called(const struct listing *l, uint32_t agent)
{
	struct row_key k = row_key_bearing(KEY_CALLED, l->record->name);
	struct agent key;
	int rc = agent_by_number(l->c->source.txn, agent, &key);

	if (rc < 0)
		return rc;
	row_key_add(&k, key.b, ID_SIZE);
	return list_name(l, &k);
}

/* The agent says that this is its name; l: of the profile that says so. */
static int list_profile(
	const struct listing *l, uint32_t agent, const struct locator *at)
{
	struct profile_row row = {
		.at = locator_pack(*at),
		.seq = l->c->meta.seq,
		.name = name_hash(l->record->name),
	};
	struct row_key k = row_key_having(KEY_PROFILE, agent);
	MDB_val v;
	int rc;

	row_key_moment_down(&k, l->record->timestamp, l->id);
	rc = row_get(l->c->source.txn, &k, &v);
	if (rc != -ENOENT)
		return rc; /* signed once more */
	rc = row_put(l->c->source.txn, &k, &row, sizeof(row));
	return rc < 0 ? rc : list_called(l, agent);
}

/* A record and the signature of an agent are both there. */
static int list_signer(
	const struct listing *l, uint32_t agent, const struct locator *at)
{
	return l->record->kind == RECORD_PROFILE
		       ? list_profile(l, agent, at)
		       : list_spoken(l->c, agent, l->id, l->record->timestamp);
}

static int list_signers(
	const struct listing *l, const struct frame *f, const uint32_t *agents)
{
	struct locator at = {.offset = f->offset, .length = f->length};
	BUF_AUTO(all);
	int rc;

	buf_add(&all, agents, f->signature_count * sizeof(*agents));
	/* a cosignature that came before the record waits for it */
	rc = l->c->awaited ? cosigned_before(l->c, l->id, &all) : 0;
	if (all.failed)
		rc = -ENOMEM;
	for (size_t i = 0; rc == 0 && i < all.n; i += sizeof(*agents)) {
		uint32_t agent;

		memcpy(&agent, all.p + i, sizeof(agent));
		rc = list_signer(l, agent, &at);
	}
	return rc;
}

static int graph_assertion(
	const struct listing *l, const struct frame *f, const uint32_t *agents)
{
	const struct record *r = l->record;
	int rc = list_signers(l, f, agents);

	if (rc == 0 && (r->has & HAS_SOURCE))
		rc = list_source(l);
	if (rc == 0 && (r->has & HAS_BECAUSE))
		rc = list_premises(l);
	if (rc == 0 && (r->has & HAS_EPOCH))
		rc = list_under(l, row_key_hanging(KEY_EPOCH_CLAIM, &r->epoch));
	if (rc == 0 && r->object.kind == OBJECT_REF)
		rc = list_inbound(l);
	return rc;
}

/* Where the record is not there yet, list_signers() does this when it comes. */
static int graph_cosignature(
	const struct listing *l, const uint32_t *agents, uint16_t count)
{
	struct listing of = *l;
	struct record record = {0};
	struct frame frame = {0};
	struct id_row row = {0};
	BUF_AUTO(scratch);
	int rc = source_id(&l->c->source, &l->record->target, &row);

	if (rc == -ENOENT || (rc == 0 && row.kind != RECORD_ASSERTION &&
				     row.kind != RECORD_PROFILE))
		return 0;
	if (rc == 0)
		rc = source_record(&l->c->source, &row.at, &l->record->target,
			&scratch, &frame, &record);
	of.record = &record;
	of.id = &l->record->target;
	for (uint16_t i = 0; rc == 0 && i < count; i++)
		rc = list_signer(&of, agents[i], &row.at);
	return rc;
}

static int graph_epoch(const struct listing *l)
{
	const struct record *r = l->record;
	int rc = list_under(l, row_key_bearing(KEY_EPOCH, r->name));

	if (rc < 0 || !(r->has & HAS_TARGET))
		return rc;
	return list_under(l, row_key_hanging(KEY_SUCCESSOR, &r->target));
}

int graph_apply(struct change *c, const struct frame *f, const struct record *r,
	const struct id *id, const uint32_t *agents)
{
	struct listing l = {
		.c = c,
		.record = r,
		.id = id,
		.row = {.first = f->offset, .seq = f->seq},
	};

	switch (r->kind) {
	case RECORD_ASSERTION:
		return graph_assertion(&l, f, agents);
	case RECORD_COSIGNATURE:
		return graph_cosignature(&l, agents, f->signature_count);
	case RECORD_EPOCH:
		return graph_epoch(&l);
	case RECORD_PROFILE:
		return list_signers(&l, f, agents);
	default:
		return 0; /* the rest says something of pairs or of agents' rights */
	}
}

int graph_contested(struct change *c, struct slice subject, struct slice predicate,
	uint64_t first, bool was, bool is)
{
	struct row_key k = row_key_bearing(KEY_CONTESTED, subject);

	if (was == is)
		return 0;
	row_key_add(&k, predicate.p, predicate.n);
	c->meta.contested++;
	return is ? row_put(c->source.txn, &k, &first, sizeof(first))
		  : row_del(c->source.txn, &k);
}

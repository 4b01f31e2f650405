#include "store/source.h"

#include <errno.h>

#include "core/canon.h"
#include "store/packed.h"

int source_frame(const struct source *s, const struct locator *at,
	struct buf *scratch, struct frame *out)
{
	struct suspect *suspect;
	int rc;

	if (s->building && wal_peek(s->wal, at->offset, out))
		return 0;
	rc = wal_read(s->wal, at->offset, at->length, scratch, out);
	suspect = mdb_env_get_userctx(mdb_txn_env(s->txn));
	if (suspect && (rc == -EBADMSG || rc == -EIO))
		suspect_raise(suspect,
			"log offset %llu: a record cannot be read back",
			(unsigned long long)at->offset);
	return rc;
}

int source_record(const struct source *s, const struct locator *at,
	const struct id *want, struct buf *scratch, struct frame *frame,
	struct record *out)
{
	int rc = source_frame(s, at, scratch, frame);

	if (rc < 0)
		return rc;
	if (want) {
		struct id id = id_of(frame->canonical);

		if (id_compare(&id, want) != 0)
			return -EBADMSG;
	}
	return canon_decode(frame->canonical, out, NULL);
}

static int check_head(const struct source *s)
{
	struct event_row e = {0};
	struct meta_row m = {0};
	struct frame f = {0};
	BUF_AUTO(scratch);
	int rc = meta_read(s->txn, &m);

	if (rc < 0 || m.seq == 0)
		return rc;
	rc = source_event(s, m.seq, &e);
	if (rc == 0)
		rc = source_frame(s, &e.at, &scratch, &f);
	if (rc < 0)
		return rc;
	return id_compare(&f.chain, &m.head) == 0 &&
			       f.offset + frame_size(f.length) <= m.log_end
		       ? 0
		       : -EBADMSG;
}

int index_check_log(struct index *ix, const struct wal *wal)
{
	struct source s = {.wal = wal};
	int rc = index_begin(ix, MDB_RDONLY, &s.txn);

	if (rc < 0)
		return rc;
	rc = check_head(&s);
	mdb_txn_abort(s.txn);
	return rc < 0 ? -EBADMSG : 0;
}

uint64_t index_reached(struct index *ix)
{
	struct source s = {0};
	struct event_row e = {0};
	struct meta_row m = {0};
	uint64_t end = 0;

	if (index_begin(ix, MDB_RDONLY, &s.txn) < 0)
		return 0;
	if (meta_read(s.txn, &m) == 0 && source_event(&s, m.seq, &e) == 0)
		end = e.at.offset + frame_size(e.at.length);
	mdb_txn_abort(s.txn);
	if (end > m.log_end)
		return 0;
	return end > m.reached ? end : m.reached;
}

int id_row_read(const MDB_val *value, uint64_t *seq)
{
	struct unpacking u = {.rest = slice_of(value->mv_data, value->mv_size)};

	*seq = unpack(&u);
	return unpacked_all(&u) ? 0 : -EBADMSG;
}

int source_event(const struct source *s, uint64_t seq, struct event_row *out)
{
	return events_find(s->txn, s->tail, seq, out);
}

int source_id(const struct source *s, const struct id *id, struct id_row *out)
{
	struct row_key k = row_key_id(id);
	struct event_row e = {0};
	MDB_val v;
	int rc = row_get(s->txn, &k, &v);

	if (rc < 0)
		return rc;
	rc = id_row_read(&v, &out->seq);
	if (rc == 0)
		rc = source_event(s, out->seq, &e);
	if (rc < 0)
		return rc == -ENOENT ? -EBADMSG : rc;
	out->at = e.at;
	out->timestamp = e.timestamp;
	out->kind = e.kind;
	return 0;
}

int agent_number(MDB_txn *txn, const struct agent *a, uint32_t *out)
{
	struct row_key k = row_key_agent(a);

	return row_read(txn, &k, out, sizeof(*out));
}

int agent_by_number(MDB_txn *txn, uint32_t number, struct agent *out)
{
	struct row_key k = row_key_agent_number(number);

	return row_read(txn, &k, out->b, ID_SIZE);
}

/* One row of an agent's settings: its name, and whether it is the newest seen of that
 * name, as the walk meets them newest first. */
struct setting_walk {
	struct walk walk;
	struct slice name; /* of the row that the walk is at */
	uint8_t before[NAME_MAX_BYTES];
	size_t before_n;
	struct setting_row row;
	bool newest;
};

static void setting_walk_end(struct setting_walk *w)
{
	walk_end(&w->walk);
}

static int read_setting(struct setting_walk *w)
{
	const uint8_t *key = w->walk.key.mv_data;
	size_t from = w->walk.prefix.n, tail = 1 + 8 + ID_SIZE;

	if (w->walk.key.mv_size < from + tail ||
		w->walk.key.mv_size > from + tail + NAME_MAX_BYTES ||
		w->walk.value.mv_size != sizeof(w->row))
		return -EBADMSG;
	w->name = slice_of(key + from, w->walk.key.mv_size - from - tail);
	memcpy(&w->row, w->walk.value.mv_data, sizeof(w->row));
	return 0;
}

/* The next setting about the agent that is seen; -ENOENT: no more. */
static int next_setting(
	const struct source *s, const struct agent *a, struct setting_walk *w)
{
	struct row_key prefix = row_key_settings(a);
	int rc = w->walk.cursor ? walk_next(&w->walk)
				: walk_start(&w->walk, s->txn, &prefix);

	for (; rc == 0; rc = walk_next(&w->walk)) {
		rc = read_setting(w);
		if (rc < 0)
			return rc;
		if (context_sees_setting(&s->context, w->row.seq))
			break;
	}
	if (rc < 0)
		return rc;
	w->newest = !slice_equal(w->name, slice_of(w->before, w->before_n));
	memcpy(w->before, w->name.p, w->name.n);
	w->before_n = w->name.n;
	return 0;
}

int rights_of(const struct source *s, const struct agent *a, struct rights *out)
{
	__attribute__((cleanup(setting_walk_end))) struct setting_walk w = {
		.newest = false};
	struct rights r = {.trust = TRUST_STRANGER};
	bool granting = true; /* until a grant took back all older ones */
	int rc;

	while ((rc = next_setting(s, a, &w)) == 0) {
		bool yes = w.row.value != 0;

		if (w.newest && slice_is(w.name, "admit"))
			r.admitted = yes;
		if (w.newest && slice_is(w.name, "steward"))
			r.steward = yes;
		if (!slice_is(w.name, "grant"))
			continue;
		granting = granting && yes;
		if (granting)
			r.grants |= (uint8_t)(1U << (w.row.value - 1));
	}
	if (rc != -ENOENT)
		return rc;
	if (r.admitted)
		r.trust = TRUST_ADMITTED;
	*out = r;
	return 0;
}

static int read_rights(const struct source *s, uint32_t number, struct agent *key,
	struct rights *out)
{
	int rc = agent_by_number(s->txn, number, key);

	return rc < 0 ? rc : rights_of(s, key, out);
}

int rights_by_number(const struct source *s, uint32_t number, struct agent *key,
	struct rights *out)
{
	struct remembered *r;
	int rc = 0;

	if (!s->memory)
		return read_rights(s, number, key, out);
	r = &s->memory->agents[number % RIGHTS_REMEMBERED];
	if (!r->known || r->number != number) {
		rc = read_rights(s, number, &r->key, &r->rights);
		r->known = rc == 0;
		r->number = number;
	}
	if (rc < 0)
		return rc;
	*key = r->key;
	*out = r->rights;
	return 0;
}

static int newest_setting(const struct source *s, const char *name,
	const struct agent *a, struct setting_row *out)
{
	__attribute__((cleanup(setting_walk_end))) struct setting_walk w = {
		.newest = false};
	int rc;

	while ((rc = next_setting(s, a, &w)) == 0)
		if (slice_is(w.name, name)) {
			*out = w.row;
			return 0;
		}
	return rc;
}

int setting_known(const struct source *s, const char *name, const struct agent *a)
{
	struct setting_row row;

	return newest_setting(s, name, a, &row);
}

static int read_min_trust(const struct source *s, uint32_t *out)
{
	static const struct agent nobody;
	struct setting_row row;
	int rc = newest_setting(s, "min_trust", &nobody, &row);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	*out = rc == 0 ? row.value : MIN_TRUST_DEFAULT;
	return 0;
}

int min_trust_of(const struct source *s, uint32_t *out)
{
	struct rights_memory *m = s->memory;
	int rc = 0;

	if (!m)
		return read_min_trust(s, out);
	if (!m->knows_min_trust)
		rc = read_min_trust(s, &m->min_trust);
	m->knows_min_trust = rc == 0;
	*out = m->min_trust;
	return rc;
}

static int read_governed(const struct source *s, bool *out)
{
	struct row_key prefix = row_key_tag(KEY_GOVERNED);
	WALK_AUTO(w);
	int rc = walk_start(&w, s->txn, &prefix);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (rc == 0 && w.key.mv_size != prefix.n + 8)
		return -EBADMSG;
	*out = rc == 0 && context_sees_setting(&s->context,
				  be64_at((const uint8_t *)w.key.mv_data + 1));
	return 0;
}

int is_governed(const struct source *s, bool *out)
{
	struct rights_memory *m = s->memory;
	int rc = 0;

	if (!m)
		return read_governed(s, out);
	if (!m->knows_governed)
		rc = read_governed(s, &m->governed);
	m->knows_governed = rc == 0;
	*out = m->governed;
	return rc;
}

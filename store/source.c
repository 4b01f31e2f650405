#include "store/source.h"

#include <errno.h>

#include "core/canon.h"

int source_frame(const struct source *s, const struct locator *at,
	struct buf *scratch, struct frame *out)
{
	if (s->building && wal_peek(s->wal, at->offset, out))
		return 0;
	return wal_read(s->wal, at->offset, at->length, scratch, out);
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
	int rc = index_errno(mdb_txn_begin(ix->env, NULL, MDB_RDONLY, &s.txn));

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

	if (mdb_txn_begin(ix->env, NULL, MDB_RDONLY, &s.txn))
		return 0;
	if (meta_read(s.txn, &m) == 0 && source_event(&s, m.seq, &e) == 0)
		end = e.at.offset + frame_size(e.at.length);
	mdb_txn_abort(s.txn);
	if (end > m.log_end)
		return 0;
	return end > m.reached ? end : m.reached;
}

int source_event(const struct source *s, uint64_t seq, struct event_row *out)
{
	struct row_key k = row_key_event(seq);

	return row_read(s->txn, &k, out, sizeof(*out));
}

int source_id(const struct source *s, const struct id *id, struct id_row *out)
{
	struct row_key k = row_key_id(id);

	return row_read(s->txn, &k, out, sizeof(*out));
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

int setting_of(MDB_txn *txn, const char *name, const struct agent *agent,
	struct setting_row *out)
{
	static const struct agent nobody;
	struct row_key k =
		row_key_setting(slice_str(name), agent ? agent : &nobody);

	return row_read(txn, &k, out, sizeof(*out));
}

int trust_of(MDB_txn *txn, const struct agent *a, uint32_t *out)
{
	struct setting_row s;
	int rc = setting_of(txn, "admit", a, &s);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	*out = rc == 0 && s.value ? TRUST_ADMITTED : TRUST_STRANGER;
	return 0;
}

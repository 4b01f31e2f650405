/* The names behind the hashes in keys: looked up in the record that brought the pair. */
#include <errno.h>

#include "core/canon.h"
#include "store/check.h"

static bool is_hash(struct slice name, const uint8_t hash[HASH_SIZE])
{
	struct cluster_hash h = name_hash(name);

	return memcmp(h.b, hash, HASH_SIZE) == 0;
}

/* The name in a list whose hash this is, by a search through it. */
static int search_name(MDB_txn *txn, const struct row_key *list,
	const uint8_t hash[HASH_SIZE], struct buf *out)
{
	WALK_AUTO(w);
	int rc = walk_start(&w, txn, list);

	for (; rc == 0; rc = walk_next(&w)) {
		struct slice name =
			slice_of((const uint8_t *)w.key.mv_data + w.prefix.n,
				w.key.mv_size - w.prefix.n);

		if (!is_hash(name, hash))
			continue;
		buf_slice(out, name);
		return out->failed ? -ENOMEM : 0;
	}
	return rc;
}

/* The subject of the assertion at that log offset. Doubt is not raised: the log was looked
 * at. */
static int subject_in_log(const struct wal *wal, uint64_t offset,
	const uint8_t hash[HASH_SIZE], struct buf *out)
{
	struct frame frame = {0};
	struct record r = {0};
	BUF_AUTO(scratch);
	int rc = wal_read(wal, offset, 0, &scratch, &frame);

	if (rc == 0)
		rc = canon_decode(frame.canonical, &r, NULL);
	if (rc < 0)
		return rc;
	if (r.kind != RECORD_ASSERTION || !is_hash(r.subject, hash))
		return -EBADMSG;
	buf_slice(out, r.subject);
	return out->failed ? -ENOMEM : 0;
}

/* The subject of a row of its predicates, from the log or, where that has lost it, from the
 * list of subjects. */
static int subject_of(struct checking *c, MDB_txn *txn, const struct walk *w,
	const uint8_t *hash, struct buf *out)
{
	struct row_key subjects = row_key_tag(KEY_NAME);
	struct predicate_row row = {0};
	int rc;

	if (w->value.mv_size == sizeof(row))
		memcpy(&row, w->value.mv_data, sizeof(row));
	rc = subject_in_log(c->s->wal, row.first, hash, out);
	if (rc == 0 || rc == -ENOMEM)
		return rc;
	if (c->searches++ >= SEARCHES_MAX)
		return -ENOENT;
	return search_name(txn, &subjects, hash, out);
}

int check_pair_names(struct checking *c, MDB_txn *txn, const struct pair_key *p,
	struct buf *subject, struct buf *predicate)
{
	struct row_key prefix = row_key_tag(KEY_SUBJECT);
	const size_t tag = 1 + HASH_SIZE;
	struct cluster_hash last = {.b = {0}};
	BUF_AUTO(name);
	WALK_AUTO(w);
	int rc;

	row_key_add(&prefix, p->b + 1, NEARBY_SIZE);
	rc = walk_start(&w, txn, &prefix);
	for (int i = 0; rc == 0 && i < NEIGHBOURS_MAX; rc = walk_next(&w), i++) {
		struct slice key = slice_of(w.key.mv_data, w.key.mv_size);
		struct slice rest = slice_sub(key, tag + 1, SIZE_MAX);
		struct pair_key of;

		if (key.n <= tag || key.p[tag] != KEY_PREDICATE)
			continue;
		if (name.n == 0 || memcmp(last.b, key.p + 1, HASH_SIZE) != 0) {
			memcpy(last.b, key.p + 1, HASH_SIZE);
			buf_reset(&name);
			if (subject_of(c, txn, &w, last.b, &name) < 0)
				continue;
		}
		of = pair_key(slice_of(name.p, name.n), rest);
		if (memcmp(of.b, p->b, PAIR_KEY) != 0)
			continue;
		buf_add(subject, name.p, name.n);
		buf_slice(predicate, rest);
		return subject->failed || predicate->failed ? -ENOMEM : 0;
	}
	return rc < 0 ? rc : -ENOENT;
}

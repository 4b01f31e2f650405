/* Assertions by their id, by what they cite and by what rests on them. */
#include <errno.h>
#include <strings.h>

#include "store/graph_walk.h"

/* The bytes of a key that begins with these hex digits; the last may be half a byte. */
static int prefix_key(struct slice digits, struct row_key *whole)
{
	uint8_t bytes[ID_SIZE];
	size_t n = digits.n / 2;
	uint8_t half[2] = {'0', '0'};

	if (digits.n < 8 || digits.n > ID_HEX ||
		hex_parse(slice_sub(digits, 0, 2 * n), bytes, n) < 0)
		return -EINVAL;
	*whole = row_key_tag(KEY_ID);
	row_key_add(whole, bytes, n);
	if (digits.n % 2 == 0)
		return 0;
	half[0] = digits.p[2 * n];
	return hex_parse(slice_of(half, sizeof(half)), bytes, 1);
}

static bool id_begins(const uint8_t *id, struct slice digits)
{
	char hex[ID_HEX + 1];

	hex_print(id, ID_SIZE, hex);
	return strncasecmp(hex, (const char *)digits.p, digits.n) == 0;
}

int assertion_find(struct snap *s, struct slice prefix, struct id *out)
{
	struct row_key rows;
	bool found = false;
	WALK_AUTO(w);
	int rc = prefix_key(prefix, &rows);

	if (rc < 0)
		return rc;
	rc = walk_start(&w, s->source.txn, &rows);
	for (; rc == 0; rc = walk_next(&w)) {
		struct id_row row = {0};
		struct id id;

		if (w.key.mv_size != 1 + ID_SIZE)
			return -EBADMSG;
		memcpy(id.b, (const uint8_t *)w.key.mv_data + 1, ID_SIZE);
		if (!id_begins(id.b, prefix))
			continue;
		rc = source_id(&s->source, &id, &row);
		if (rc < 0)
			return rc == -ENOENT ? -EBADMSG : rc;
		if (row.kind != RECORD_ASSERTION ||
			!context_sees(&s->source.context, row.seq, row.timestamp))
			continue;
		if (found)
			return -ENOTUNIQ;
		found = true;
		*out = id;
	}
	return rc != -ENOENT ? rc : found ? 0 : -ENOENT;
}

int assertion_users(struct snap *s, const struct id *id, id_visit *visit, void *ctx)
{
	struct row_key prefix = row_key_hanging(KEY_USED, id);

	return list_ids(s, &prefix, NULL, visit, ctx);
}

/* ---- sources ---- */

static int source_seen(struct snap *s, struct slice source, uint64_t *cookie)
{
	struct id hash = id_of(source);
	struct row_key cited = row_key_cited(&hash);

	return list_seen(s, &cited, cookie);
}

int source_find(struct snap *s, struct slice source)
{
	uint64_t cookie;

	return source_seen(s, source, &cookie);
}

int source_find_hash(struct snap *s, const struct id *hash, struct buf *name)
{
	struct row_key cited = row_key_cited(hash);
	struct record r = {0};
	struct id whole;
	uint64_t cookie;
	BUF_AUTO(scratch);
	int rc = list_seen(s, &cited, &cookie);

	if (rc == 0)
		rc = cookie_record(s, cookie, RECORD_ASSERTION, &scratch, &r);
	if (rc < 0)
		return rc;
	whole = id_of(r.source);
	if (id_compare(&whole, hash) != 0)
		return -ENOENT; /* the key holds half of it */
	buf_slice(name, r.source);
	return name->failed ? -ENOMEM : 0;
}

/* The name of the row that the walk stands at, from the record where the key has no room
 * for all of it. */
static int source_name(struct snap *s, const struct walk *w, struct buf *scratch,
	struct listed_row *row, struct slice *out)
{
	const uint8_t *tail = (const uint8_t *)w->key.mv_data + 1;
	struct record r = {0};
	size_t n;
	int rc;

	if (w->key.mv_size < 1 + 1 + HASH_SIZE || w->value.mv_size != sizeof(*row))
		return -EBADMSG;
	memcpy(row, w->value.mv_data, sizeof(*row));
	n = w->key.mv_size - 1 - 1 - HASH_SIZE;
	*out = slice_of(tail, n);
	if (tail[n] == 0)
		return 0;
	rc = cookie_record(s, row->first, RECORD_ASSERTION, scratch, &r);
	*out = r.source;
	return rc;
}

int source_list(struct snap *s, uint64_t after, name_visit *visit, void *ctx)
{
	struct row_key prefix = row_key_tag(KEY_SOURCE);
	struct row_key from = prefix;
	WALK_AUTO(w);
	int rc;

	if (after) {
		struct record r = {0};
		BUF_AUTO(scratch);

		rc = cookie_record(s, after, RECORD_ASSERTION, &scratch, &r);
		if (rc < 0)
			return rc;
		from = row_key_source(r.source);
		row_key_byte(&from, 0); /* the next key behind it */
	}
	rc = walk_from(&w, s->source.txn, &prefix, &from);
	for (; rc == 0; rc = walk_next(&w)) {
		struct listed_row row;
		struct slice name = {0};
		uint64_t cookie;
		BUF_AUTO(scratch);

		rc = source_name(s, &w, &scratch, &row, &name);
		if (rc == 0 && cuts_records(s))
			rc = source_seen(s, name, &cookie);
		if (rc == 0 && visit(ctx, name, row.first))
			return 0;
		if (rc < 0 && rc != -ENOENT)
			return rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

int source_claims(struct snap *s, struct slice source,
	const struct claim_ref *behind, id_visit *visit, void *ctx)
{
	struct id hash = id_of(source);
	struct row_key cited = row_key_cited(&hash);

	return list_ids(s, &cited, behind, visit, ctx);
}

int source_has(struct snap *s, struct slice source, const struct claim_ref *claim)
{
	struct id hash = id_of(source);

	return list_has(s, row_key_cited(&hash), claim);
}

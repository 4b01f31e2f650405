/* One pair: what is materialized where nothing is cut, and what its rows say. */
#include <errno.h>
#include <strings.h>

#include "core/sets.h"
#include "store/read.h"
#include "store/sums.h"

/* Are the columns the answer? Not those that a sweep may owe something; and of a set there
 * is only how many there are. */
static bool is_answer(struct snap *s, struct slice predicate)
{
	return sees_all(s) && s->meta.sweeps == 0 && !predicate_is_set(predicate);
}

int pair_consensus(struct snap *s, struct slice subject, struct slice predicate,
	struct buf *line, struct buf *value)
{
	struct pair_key key;
	struct pair_row row = {0};
	int rc = see_pair(s, subject, predicate, &key, &row);

	if (rc < 0)
		return rc;
	rc = -EBADMSG;
	if (is_answer(s, predicate))
		rc = pair_print(&s->source, &key, subject, predicate, &row.view,
			line, value);
	if (rc == -EBADMSG)
		rc = pair_resolve(
			&s->source, &key, subject, predicate, line, value);
	if (rc < 0)
		return rc;
	return line->failed || (value && value->failed) ? -ENOMEM : 0;
}

int pair_load(struct snap *s, struct slice subject, struct slice predicate,
	struct arena *a, struct candidates *out)
{
	struct pair_key key;
	struct pair_row row = {0};
	int rc = see_pair(s, subject, predicate, &key, &row);

	if (rc == 0)
		rc = pair_candidates(&s->source, &key, true, a, out);
	if (rc == 0)
		out->set = predicate_is_set(predicate);
	return rc;
}

int claim_read(struct snap *s, const struct candidate *c, struct buf *scratch,
	struct record *out)
{
	struct locator at = claim_locator(c);
	struct frame f = {0};

	return source_record(&s->source, &at, &c->id, scratch, &f, out);
}

int record_seq(struct snap *s, const struct id *id, uint64_t *out)
{
	struct id_row row = {0};
	int rc = source_id(&s->source, id, &row);

	if (rc == 0 && !context_sees(&s->source.context, row.seq, row.timestamp))
		rc = -ENOENT;
	if (rc == 0)
		*out = row.seq;
	return rc;
}

int pair_claim_by_prefix(struct snap *s, struct slice subject,
	struct slice predicate, struct slice prefix, struct id *out)
{
	struct pair_key key;
	struct pair_row row = {0};
	struct row_key below;
	size_t found = 0;
	WALK_AUTO(w);
	int rc = see_pair(s, subject, predicate, &key, &row);

	if (rc < 0)
		return rc;
	if (prefix.n < 8 || prefix.n > ID_HEX)
		return -EINVAL;
	below = row_key_below(&key, KEY_CLAIM);
	rc = walk_start(&w, s->source.txn, &below);
	for (; rc == 0; rc = walk_next(&w)) {
		char hex[ID_HEX + 1];

		if (w.key.mv_size != CLAIM_KEY)
			continue;
		hex_print((const uint8_t *)w.key.mv_data + CLAIM_KEY - ID_SIZE,
			ID_SIZE, hex);
		if (strncasecmp(hex, (const char *)prefix.p, prefix.n) != 0)
			continue;
		if (++found > 1)
			return -ENOTUNIQ;
		memcpy(out->b, (const uint8_t *)w.key.mv_data + CLAIM_KEY - ID_SIZE,
			ID_SIZE);
	}
	return rc != -ENOENT ? rc : found ? 0 : -ENOENT;
}

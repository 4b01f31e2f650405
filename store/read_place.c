/* Subjects and pairs as places: is there such a one for this reader, and which are there.
 *
 * Rows know the log offset of the record that brought them: so at/ alone costs nothing.
 * Any other cut asks the claims. */
#include <errno.h>

#include "store/gather.h"
#include "store/history.h"
#include "store/read.h"

static uint64_t newer(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* ---- pairs ---- */

int find_pair(struct snap *s, struct slice subject, struct slice predicate,
	struct pair_key *key, struct pair_row *row, uint64_t *first)
{
	int rc;

	if (subject.n == 0 || subject.n > SUBJECT_MAX || predicate.n == 0 ||
		predicate.n > PREDICATE_MAX)
		return -ENOENT;
	rc = pair_first(s->source.txn, subject, predicate, first);
	if (rc < 0)
		return rc;
	*key = pair_key(subject, predicate);
	return pair_row_read(s->source.txn, key, row);
}

/* A rejected claim is history where no stage is asked for. */
static bool admits_standing_or_not(struct snap *s, const struct candidate *claim)
{
	struct candidate c = *claim;

	if (!(s->source.context.cuts & CONTEXT_STAGE))
		c.lifecycle = LIFECYCLE_PROPOSED;
	return pair_admits(&s->source, &c);
}

/* Does the context admit the claim as its row has it? */
static int admits_row(struct snap *s, const struct walk *w, bool *out)
{
	struct claim_columns c;
	struct candidate claim = {0};
	int rc = claim_columns_read(
		slice_of(w->value.mv_data, w->value.mv_size), &c);

	*out = false;
	if (rc < 0)
		return rc;
	claim.timestamp = be64_at((const uint8_t *)w->key.mv_data + PAIR_KEY + 1);
	claim.lifecycle = c.row.lifecycle;
	claim.source_class = c.row.source_class;
	claim.has_epoch = (c.row.has & CLAIM_EPOCH) != 0;
	claim.epoch = c.epoch;
	*out = context_sees(&s->source.context, c.row.seq, claim.timestamp) &&
	       admits_standing_or_not(s, &claim);
	return 0;
}

/* Does the reader see a claim of this pair, whether or not it stands? The first row that
 * fits is enough, while stages and classes are what the claims say. */
static int sees_row(struct snap *s, const struct pair_key *p, bool *out)
{
	struct row_key prefix = row_key_below(p, KEY_CLAIM);
	WALK_AUTO(w);
	int rc = walk_start(&w, s->source.txn, &prefix);

	*out = false;
	for (; rc == 0 && !*out; rc = claims_next(&w)) {
		rc = admits_row(s, &w, out);
		if (rc < 0 || *out)
			return rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

/* The same where they are what stewards gave. */
static int sees_given(struct snap *s, const struct pair_key *p, bool *out)
{
	ARENA_AUTO(a);
	struct gathered g = {0};
	struct footing f = {0};
	int rc = gather_pair(&s->source, p, &a, &g);

	if (rc == 0)
		rc = footing(&g.facts, &a, &f);
	*out = false;
	for (uint32_t i = 0; rc == 0 && !*out && i < g.facts.claim_count; i++) {
		struct candidate c = g.claims[i].claim;

		c.lifecycle = f.lifecycle[i];
		c.source_class = f.source_class[i];
		*out = admits_standing_or_not(s, &c);
	}
	return rc;
}

static int sees_claim(struct snap *s, const struct pair_key *p, bool *out)
{
	bool governed = false;
	int rc = is_governed(&s->source, &governed);

	if (rc < 0)
		return rc;
	return governed && s->source.context.cuts & (CONTEXT_STAGE | CONTEXT_TIER)
		       ? sees_given(s, p, out)
		       : sees_row(s, p, out);
}

/* Is there anything of the pair for this reader? first: offset of what brought it. */
int sees_pair(struct snap *s, const struct pair_key *p, uint64_t first, bool *out)
{
	int rc = snap_ready(s);

	*out = sees_offset(s, first);
	if (rc < 0 || !*out || !(s->source.context.cuts & ~(unsigned)CONTEXT_AT))
		return rc;
	return sees_claim(s, p, out);
}

int see_pair(struct snap *s, struct slice subject, struct slice predicate,
	struct pair_key *key, struct pair_row *row)
{
	uint64_t first = 0;
	bool seen = false;
	int rc = find_pair(s, subject, predicate, key, row, &first);

	if (rc == 0)
		rc = sees_pair(s, key, first, &seen);
	return rc < 0 ? rc : seen ? 0 : -ENOENT;
}

/* When the last setting that is seen was received. */
static int last_setting(struct snap *s, uint64_t *out)
{
	struct row_key prefix = row_key_tag(KEY_SETTING_SEQ);
	struct row_key before = row_key_setting_seq(s->source.context.seq + 1);
	WALK_AUTO(w);
	int rc = walk_before(&w, s->source.txn, &prefix, &before);

	if (rc < 0)
		return rc;
	if (w.key.mv_size != before.n)
		return -EBADMSG;
	return seq_time(s, be64_at((const uint8_t *)w.key.mv_data + prefix.n), out);
}

/* When the last record of the pair that is seen was received; one that waited for its
 * target is seen with that. */
static int last_touch(struct snap *s, const struct pair_key *p,
	const struct pair_row *row, uint64_t *out)
{
	struct touch last = {.seq = 0};
	int rc = history_last(s->source.txn, p, row, s->source.context.seq, &last);

	return rc < 0 ? rc : seq_time(s, last.seq, out);
}

/* At a moment: the newest record of the pair, or setting, by then. */
static int mtime_at(struct snap *s, const struct pair_key *p,
	const struct pair_row *row, uint64_t *out)
{
	uint64_t setting = 0;
	int rc = last_touch(s, p, row, out);

	if (rc == 0)
		rc = last_setting(s, &setting);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	*out = newer(*out, setting);
	return 0;
}

static int mtime_now(struct snap *s, const struct pair_row *row, uint64_t *out)
{
	int rc = seq_time(s, row->generation, out);

	*out = newer(*out, s->meta.settings_mtime);
	return rc == -ENOENT ? -EBADMSG : rc;
}

int pair_find(struct snap *s, struct slice subject, struct slice predicate,
	struct place_info *out)
{
	struct pair_key key;
	struct pair_row row = {0};
	uint64_t mtime = 0;
	int rc = see_pair(s, subject, predicate, &key, &row);

	if (rc == 0)
		rc = s->source.context.cuts & CONTEXT_AT
			     ? mtime_at(s, &key, &row, &mtime)
			     : mtime_now(s, &row, &mtime);
	if (rc < 0)
		return rc;
	*out = (struct place_info){
		.generation = newer(row.generation, s->meta.settings_seq),
		.mtime = mtime,
		.candidates = row.view.candidates,
	};
	return 0;
}

/* ---- subjects ---- */

static int first_at(const struct walk *w, uint64_t *out)
{
	struct predicate_row row;

	if (w->value.mv_size != sizeof(row))
		return -EBADMSG;
	memcpy(&row, w->value.mv_data, sizeof(row));
	*out = row.first;
	return 0;
}

static int received_at(struct snap *s, uint64_t offset, uint64_t *out)
{
	struct locator at = {.offset = offset};
	struct frame f = {0};
	BUF_AUTO(scratch);
	int rc = source_frame(&s->source, &at, &scratch, &f);

	if (rc == 0)
		*out = f.received_at;
	return rc;
}

/* Is one of the predicates there for the reader? newest (NULL: not wanted): the offset of
 * what brought the last of those that had come by then. */
static int sees_predicate(
	struct snap *s, struct slice subject, bool *out, uint64_t *newest)
{
	struct row_key prefix = row_key_predicate(subject, slice_of(NULL, 0));
	WALK_AUTO(w);
	int rc = walk_start(&w, s->source.txn, &prefix);

	*out = false;
	for (; rc == 0; rc = walk_next(&w)) {
		struct pair_key p = pair_key(subject, name_behind(&w));
		uint64_t first;

		rc = first_at(&w, &first);
		if (rc == 0 && !*out)
			rc = sees_pair(s, &p, first, out);
		if (rc < 0 || (*out && !newest))
			return rc;
		if (newest && sees_offset(s, first))
			*newest = newer(*newest, first);
	}
	return rc == -ENOENT ? 0 : rc;
}

/* In a context that cuts something. */
static int see_subject(
	struct snap *s, struct slice subject, struct place_info *info)
{
	bool seen = false;
	uint64_t newest = 0;
	int rc = snap_ready(s);

	if (rc == 0)
		rc = sees_predicate(s, subject, &seen, &newest);
	if (rc < 0)
		return rc;
	return seen ? received_at(s, newest, &info->mtime) : -ENOENT;
}

int subject_find(struct snap *s, struct slice subject, struct place_info *out)
{
	struct row_key k;
	struct subject_row row;
	int rc;

	if (subject.n == 0 || subject.n > SUBJECT_MAX)
		return -ENOENT;
	k = row_key_name(subject);
	rc = row_read(s->source.txn, &k, &row, sizeof(row));
	if (rc < 0)
		return rc;
	*out = (struct place_info){
		.generation = row.mtime,
		.mtime = row.mtime,
		.candidates = row.predicates,
	};
	return sees_all(s) ? 0 : see_subject(s, subject, out);
}

/* Is a subject whose row begins with this offset there for the reader? */
int sees_subject(struct snap *s, struct slice subject, uint64_t first, bool *out)
{
	int rc = snap_ready(s);

	*out = sees_offset(s, first);
	if (rc < 0 || !*out || !(s->source.context.cuts & ~(unsigned)CONTEXT_AT))
		return rc;
	return sees_predicate(s, subject, out, NULL);
}

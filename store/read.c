/* Snapshots: one read transaction of the index each, and the log behind it. */
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "core/canon.h"
#include "core/event.h"
#include "store/internal.h"
#include "store/pair.h"

int store_snap(struct store *s, struct snap **out)
{
	struct snap *snap = calloc(1, sizeof(*snap));
	int rc;

	if (!snap)
		return -ENOMEM;
	snap->store = s;
	snap->source.wal = s->wal;
	rc = index_errno(
		mdb_txn_begin(s->index.env, NULL, MDB_RDONLY, &snap->source.txn));
	if (rc == 0)
		rc = meta_read(snap->source.txn, &snap->meta);
	if (rc < 0) {
		snap_end(&snap);
		return rc;
	}
	*out = snap;
	return 0;
}

void snap_end(struct snap **p)
{
	struct snap *s = *p;

	if (!s)
		return;
	if (s->source.txn)
		mdb_txn_abort(s->source.txn);
	free(s);
	*p = NULL;
}

uint32_t snap_min_trust(const struct snap *s)
{
	return s->meta.min_trust ? s->meta.min_trust : MIN_TRUST_DEFAULT;
}

void snap_totals(struct snap *s, struct snap_totals *out)
{
	const struct meta_row *m = &s->meta;

	*out = (struct snap_totals){
		.seq = m->seq,
		.received_at = m->received_at,
		.head = m->head,
		.log_end = m->log_end,
		.subjects = m->subjects,
		.pairs = m->pairs,
		.claims = m->claims,
		.votes = m->votes,
		.agents = m->agents,
		.subjects_mtime = m->subjects_mtime,
		.events_size = m->events_size,
	};
}

/* ---- places ---- */

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
	return 0;
}

/* The row and the view of a pair whose names are really these. */
static int find_pair(struct snap *s, struct slice subject, struct slice predicate,
	struct pair_key *key, struct pair_row *row, struct slice *view)
{
	int rc;

	if (subject.n == 0 || subject.n > SUBJECT_MAX || predicate.n == 0 ||
		predicate.n > PREDICATE_MAX)
		return -ENOENT;
	*key = pair_key(subject, predicate);
	rc = pair_row_read(s->source.txn, key, row, view);
	if (rc < 0)
		return rc;
	/* a damaged view is resolved anew by whoever wants it: it says nothing of
	 * names */
	if (pair_view_intact(row, *view) &&
		!pair_view_is(*view, subject, predicate))
		return -ENOENT;
	return 0;
}

static uint64_t newer(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

int pair_find(struct snap *s, struct slice subject, struct slice predicate,
	struct place_info *out)
{
	struct pair_key key;
	struct pair_row row = {0};
	struct slice view = {0};
	int rc = find_pair(s, subject, predicate, &key, &row, &view);

	if (rc < 0)
		return rc;
	*out = (struct place_info){
		.generation = newer(row.generation, s->meta.settings_seq),
		.mtime = newer(row.mtime, s->meta.settings_mtime),
		.candidates = row.candidates,
	};
	return 0;
}

/* ---- lists: the cookie is the log offset of the record that brought the name ----
 */

static int name_at(
	struct snap *s, uint64_t offset, struct buf *scratch, struct record *out)
{
	struct locator at = {.offset = offset};
	struct frame f = {0};
	int rc = source_record(&s->source, &at, NULL, scratch, &f, out);

	return rc < 0 ? rc : out->kind == RECORD_ASSERTION ? 0 : -EBADMSG;
}

/* Visit the keys behind `prefix`, from the first one behind `from`. */
static int list_names(struct snap *s, const struct row_key *prefix,
	const struct row_key *from, name_visit *visit, void *ctx)
{
	WALK_AUTO(w);
	int rc = walk_from(&w, s->source.txn, prefix, from);

	for (; rc == 0; rc = walk_next(&w)) {
		uint64_t cookie;

		if (w.value.mv_size < sizeof(cookie))
			return -EBADMSG;
		/* both kinds of row begin with it */
		memcpy(&cookie, w.value.mv_data, sizeof(cookie));
		if (visit(ctx,
			    slice_of((const uint8_t *)w.key.mv_data + prefix->n,
				    w.key.mv_size - prefix->n),
			    cookie))
			return 0;
	}
	return rc == -ENOENT ? 0 : rc;
}

static_assert(
	offsetof(struct subject_row, first) == 0, "list_names reads it there");
static_assert(
	offsetof(struct predicate_row, first) == 0, "list_names reads it there");

int subject_list(struct snap *s, uint64_t after, name_visit *visit, void *ctx)
{
	struct row_key prefix = row_key_tag(KEY_NAME);
	struct row_key from = prefix;
	BUF_AUTO(scratch);

	if (after) {
		struct record r = {0};
		int rc = name_at(s, after, &scratch, &r);

		if (rc < 0)
			return rc;
		row_key_add(&from, r.subject.p, r.subject.n);
		row_key_byte(&from, 0); /* the next key behind it */
	}
	return list_names(s, &prefix, &from, visit, ctx);
}

int predicate_list(struct snap *s, struct slice subject, uint64_t after,
	name_visit *visit, void *ctx)
{
	struct row_key prefix;
	struct row_key from;
	BUF_AUTO(scratch);

	if (subject.n > SUBJECT_MAX)
		return 0;
	prefix = row_key_predicate(subject, slice_of(NULL, 0));
	from = prefix;
	if (after) {
		struct record r = {0};
		int rc = name_at(s, after, &scratch, &r);

		if (rc < 0)
			return rc;
		row_key_add(&from, r.predicate.p, r.predicate.n);
		row_key_byte(&from, 0);
	}
	return list_names(s, &prefix, &from, visit, ctx);
}

/* ---- a pair ---- */

static void free_view(struct pair_view *v)
{
	buf_free(&v->line);
}

static int winner_value(
	struct snap *s, const struct locator *winner, struct buf *value)
{
	struct record r = {0};
	struct frame f = {0};
	BUF_AUTO(scratch);
	int rc = source_record(&s->source, winner, NULL, &scratch, &f, &r);

	if (rc < 0)
		return rc;
	if (r.kind != RECORD_ASSERTION)
		return -EBADMSG;
	object_print_bare(&r.object, value);
	buf_byte(value, '\n');
	return value->failed ? -ENOMEM : 0;
}

int pair_consensus(struct snap *s, struct slice subject, struct slice predicate,
	struct buf *line, struct buf *value)
{
	__attribute__((cleanup(free_view))) struct pair_view fresh = {0};
	struct pair_key key;
	struct pair_row row = {0};
	struct slice view = {0};
	int rc = find_pair(s, subject, predicate, &key, &row, &view);

	/* a view that is damaged, or that a sweep may owe something, is made anew */
	if (rc == 0 && (s->meta.sweeps || !pair_view_intact(&row, view))) {
		rc = pair_resolve(&s->source, &key, subject, predicate,
			snap_min_trust(s), &fresh);
		row.winner = fresh.winner;
		if (rc == 0)
			rc = buf_view(&fresh.line, &view);
	}
	if (rc < 0)
		return rc;
	buf_slice(line, view);
	if (value && row.winner.length) {
		rc = winner_value(s, &row.winner, value);
		if (rc < 0)
			return rc;
	}
	return line->failed ? -ENOMEM : 0;
}

int pair_load(struct snap *s, struct slice subject, struct slice predicate,
	struct arena *a, struct candidates *out)
{
	struct pair_key key;
	struct pair_row row = {0};
	struct slice view = {0};
	int rc = find_pair(s, subject, predicate, &key, &row, &view);

	return rc < 0 ? rc
		      : pair_candidates(
				&s->source, &key, snap_min_trust(s), a, out);
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

	if (rc == 0)
		*out = row.seq;
	return rc;
}

int pair_claim_by_prefix(struct snap *s, struct slice subject,
	struct slice predicate, struct slice prefix, struct id *out)
{
	struct pair_key key;
	struct pair_row row = {0};
	struct slice view = {0};
	struct row_key below;
	size_t found = 0;
	WALK_AUTO(w);
	int rc = find_pair(s, subject, predicate, &key, &row, &view);

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

/* ---- the feed ---- */

/* The line of one record, as change_apply() counted it. */
static int event_line(struct snap *s, const struct event_row *e, struct buf *out)
{
	struct agent agents[SIGNATURES_MAX];
	struct record r = {0};
	struct frame f = {0};
	struct id id;
	BUF_AUTO(scratch);
	int rc = source_record(&s->source, &e->at, NULL, &scratch, &f, &r);

	if (rc < 0)
		return rc;
	if (f.signature_count > SIGNATURES_MAX)
		return -EBADMSG;
	for (uint16_t i = 0; i < f.signature_count; i++)
		agents[i] = frame_signature(&f, i).agent;
	id = id_of(f.canonical);
	event_print(f.seq, f.received_at, &id, &r, agents, f.signature_count, out);
	return out->failed ? -ENOMEM : 0;
}

int pair_history(struct snap *s, struct slice subject, struct slice predicate,
	struct buf *out)
{
	struct pair_key key;
	struct pair_row row = {0};
	struct slice view = {0};
	struct row_key below;
	WALK_AUTO(w);
	int rc = find_pair(s, subject, predicate, &key, &row, &view);

	if (rc < 0)
		return rc;
	below = row_key_below(&key, KEY_HISTORY);
	rc = walk_start(&w, s->source.txn, &below);
	for (; rc == 0; rc = walk_next(&w)) {
		struct event_row e = {0};

		if (w.key.mv_size != below.n + 8)
			return -EBADMSG;
		rc = source_event(&s->source,
			be64_at((const uint8_t *)w.key.mv_data + below.n), &e);
		if (rc == 0)
			rc = event_line(s, &e, out);
		if (rc < 0)
			return rc == -ENOENT ? -EBADMSG : rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

/* The first record at or behind a seq: damage may have left gaps. -ENOENT. */
static int event_from(struct snap *s, uint64_t *seq, struct event_row *out)
{
	struct row_key prefix = row_key_tag(KEY_EVENT);
	struct row_key from = row_key_event(*seq);
	WALK_AUTO(w);
	int rc = walk_from(&w, s->source.txn, &prefix, &from);

	if (rc < 0)
		return rc;
	if (w.key.mv_size != from.n || w.value.mv_size != sizeof(*out))
		return -EBADMSG;
	*seq = be64_at((const uint8_t *)w.key.mv_data + prefix.n);
	memcpy(out, w.value.mv_data, sizeof(*out));
	return 0;
}

/* The first record whose line ends behind byte `offset` of the feed; -ENOENT. Lines
 * end in the order of seq, so their ends can be searched by halves. */
static int event_at(
	struct snap *s, uint64_t offset, uint64_t *seq, struct event_row *out)
{
	uint64_t low = 1, high = s->meta.seq;

	if (offset >= s->meta.events_size)
		return -ENOENT;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		uint64_t at = middle;
		int rc = event_from(s, &at, out);

		if (rc < 0)
			return rc;
		if (out->end > offset)
			high = middle;
		else
			low = at + 1;
	}
	*seq = low;
	return event_from(s, seq, out);
}

int events_read(struct snap *s, uint64_t offset, size_t n, struct buf *out)
{
	size_t start = out->n;
	struct event_row e = {0};
	uint64_t seq;
	int rc = event_at(s, offset, &seq, &e);

	while (rc == 0 && out->n - start < n) {
		BUF_AUTO(line);
		uint64_t skip;

		rc = event_line(s, &e, &line);
		if (rc < 0)
			return rc;
		skip = out->n == start ? offset - (e.end - line.n) : 0;
		buf_slice(out, slice_sub(slice_of(line.p, line.n), skip,
				       n - (out->n - start)));
		if (out->failed)
			return -ENOMEM;
		seq++;
		rc = event_from(s, &seq, &e);
	}
	return rc == -ENOENT ? 0 : rc;
}

/* The store's index against one that was built from the log just now, key by key.
 *
 * Both are walked side by side, so nothing is kept but two keys. What may differ:
 *
 *	META   `reached`, which is about the indexes before this one; `contested`, which
 *	       counts changes, and these depend on how records came in batches: only its
 *	       parity is a function of the log, and that it is not too small
 *	pairs  `rights_seq`, where no sums are kept that were made under these rights
 *	damage that was met at some start: it is damaged still
 *	voices of agents that had a word on a pair and have none any more: sums that are
 *	       kept as words come and go still have the row, sums made anew do not
 *
 * Everything else is the same, byte for byte: see second_align() about sums. */
#include <errno.h>

#include "store/check.h"
#include "store/sums.h"

enum {
	SINGLY_MAX = 1000, /* differences that are told one by one */
};

/* One of the two. A row that does not verify stands there with its key. */
struct side {
	struct walk walk;
	int rc; /* 0, -EBADMSG at a row that does not verify, -ENOENT at the end */
	uint8_t last[KEY_MAX]; /* the key before */
	size_t last_n;
	bool lost; /* the index cannot be read on */
};

struct comparing {
	struct checking *c;
	MDB_txn *txn, *built;
	struct side ours, theirs;
	struct meta_row meta; /* of the second */
	bool stale;
	uint64_t contested; /* rows of pairs that are */
	uint64_t total, seen;
	uint64_t unsaid;
};

static struct slice key_of(const struct side *s)
{
	return slice_of(s->walk.key.mv_data, s->walk.key.mv_size);
}

static bool there(const struct side *s)
{
	return s->rc == 0 || s->rc == -EBADMSG;
}

/* Damage in the pages of the index is -EBADMSG without an end: only a key behind the last
 * one shows that the walk got on. */
static void arrive(struct side *s, int rc)
{
	struct slice key = key_of(s);

	s->rc = rc;
	if (rc == -EBADMSG &&
		(!key.p || key.n == 0 || key.n > KEY_MAX ||
			slice_compare(key, slice_of(s->last, s->last_n)) <= 0)) {
		s->lost = true;
		s->rc = -ENOENT;
		return;
	}
	if (!there(s))
		return;
	s->last_n = key.n <= KEY_MAX ? key.n : 0;
	memcpy(s->last, key.p, s->last_n);
}

static void start(struct side *s, MDB_txn *txn)
{
	static const struct row_key all, first = {.n = 1};

	arrive(s, walk_from(&s->walk, txn, &all, &first));
}

static void step(struct side *s)
{
	s->walk.key = (MDB_val){0};
	arrive(s, walk_next(&s->walk));
}

/* ---- telling ---- */

/* Is it to be told by itself? */
static bool count_difference(struct comparing *p)
{
	if (p->c->out->differences++ < SINGLY_MAX)
		return true;
	p->unsaid++;
	p->c->out->bad++;
	p->c->out->in_index++;
	return false;
}

static void differ(
	struct comparing *p, const struct side *s, MDB_txn *txn, const char *how)
{
	ROW_WORDS_AUTO(w);

	if (!count_difference(p))
		return;
	row_words(p->c, txn, &s->walk.key, &s->walk.value, &w);
	check_found(p->c,
		&(struct store_finding){
			.kind = "row",
			.from = w.offset,
			.to = w.offset,
			.id = w.has_id ? &w.id : NULL,
			.subject = slice_of(w.subject.p, w.subject.n),
			.predicate = slice_of(w.predicate.p, w.predicate.n),
			.in_index = true,
		},
		w.offset ? "index: %s %.*s: %s (log offset %llu)"
			 : "index: %s %.*s: %s",
		w.kind, (int)w.about.n, w.about.p ? (const char *)w.about.p : "",
		how, (unsigned long long)w.offset);
}

static void tell_unsaid(struct comparing *p)
{
	if (p->unsaid) {
		p->c->out->bad--; /* this one is told */
		p->c->out->in_index--;
		check_found(p->c,
			&(struct store_finding){.kind = "row", .in_index = true},
			"index: %llu more rows are not what the log gives",
			(unsigned long long)p->unsaid);
	}
	if (p->ours.lost)
		check_found(p->c,
			&(struct store_finding){.kind = "index", .in_index = true},
			"index: cannot be read to its end: its pages are damaged");
}

/* ---- values ---- */

#define FIELD(type, field)                                                         \
	{                                                                          \
		offsetof(struct type, field), sizeof(((struct type *)0)->field),   \
			#field                                                     \
	}

static const struct field {
	size_t at, size;
	const char *name;
} totals[] = {
	FIELD(meta_row, layout),
	FIELD(meta_row, byte_order),
	FIELD(meta_row, store_id),
	FIELD(meta_row, log_end),
	FIELD(meta_row, seq),
	FIELD(meta_row, received_at),
	FIELD(meta_row, head),
	FIELD(meta_row, events_size),
	FIELD(meta_row, subjects),
	FIELD(meta_row, pairs),
	FIELD(meta_row, claims),
	FIELD(meta_row, votes),
	FIELD(meta_row, subjects_mtime),
	FIELD(meta_row, settings_mtime),
	FIELD(meta_row, settings_seq),
	FIELD(meta_row, agents),
	FIELD(meta_row, sweeps),
	FIELD(meta_row, rights_seq),
};

static void wrong_total(struct comparing *p, const char *name)
{
	p->c->out->differences++;
	check_found(p->c, &(struct store_finding){.kind = "row", .in_index = true},
		"index: the total \"%s\" is not what the log gives", name);
}

static void compare_meta(
	struct comparing *p, struct slice ours, struct slice theirs)
{
	if (ours.n != sizeof(struct meta_row) || theirs.n != ours.n) {
		wrong_total(p, "layout");
		return;
	}
	for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++)
		if (memcmp(ours.p + totals[i].at, theirs.p + totals[i].at,
			    totals[i].size) != 0)
			wrong_total(p, totals[i].name);
}

/* Known only once all rows were seen. */
static void compare_contested(struct comparing *p)
{
	struct meta_row m;

	if (meta_read(p->txn, &m) < 0)
		return;
	if (m.contested < p->contested || (m.contested - p->contested) % 2)
		wrong_total(p, "contested");
	if (m.reached > wal_end(p->c->s->wal).offset)
		wrong_total(p, "reached");
}

/* Is this the voice of an agent without a word? txn: of the index that has the row. */
static bool is_silent(const struct comparing *p, MDB_txn *txn, struct slice key)
{
	struct row_key words = {.n = 0};
	WALK_AUTO(w);

	if (key.n != PAIR_KEY + 1 + sizeof(uint32_t) || key.p[0] != KEY_PAIR ||
		key.p[PAIR_KEY] != KEY_VOICE ||
		be32_at(key.p + PAIR_KEY + 1) >= p->meta.agents)
		return false;
	row_key_add(&words, key.p, key.n);
	words.b[PAIR_KEY] = KEY_WORD;
	return walk_start(&w, txn, &words) == -ENOENT;
}

static void differ_event(
	struct comparing *p, const struct events *e, const char *how)
{
	uint64_t at = e->event.at.offset;

	if (count_difference(p))
		check_found(p->c,
			&(struct store_finding){
				.kind = "row",
				.from = at,
				.to = at,
				.in_index = true,
			},
			"index: the event %llu: %s (log offset %llu)",
			(unsigned long long)e->seq, how, (unsigned long long)at);
}

/* Where the log has lost records, the lines behind them end elsewhere. */
static bool same_event(const struct comparing *p, const struct event_row *a,
	const struct event_row *b)
{
	return a->at.offset == b->at.offset && a->at.length == b->at.length &&
	       a->received_at == b->received_at && a->timestamp == b->timestamp &&
	       a->kind == b->kind && (p->stale || a->end == b->end);
}

/* The events of a row, one by one up to the first that is another: those behind it are told
 * as what differs from it. */
static void compare_events(struct comparing *p, struct slice key, struct slice ours,
	struct slice theirs)
{
	uint64_t base = key.n == 1 + 8 ? be64_at(key.p + 1) : 0;
	struct events a = events_of(base, ours), b = events_of(base, theirs);
	int mine = events_next(&a), other = events_next(&b);

	while (mine == 0 || other == 0) {
		bool alone = other < 0 || (mine == 0 && a.seq < b.seq);
		bool missing = mine < 0 || (other == 0 && b.seq < a.seq);

		if (mine == -EBADMSG || other == -EBADMSG)
			break;
		if (alone && !p->stale)
			differ_event(p, &a, "is not in the log");
		if (missing)
			differ_event(p, &b, "is missing");
		if (!alone && !missing && !same_event(p, &a.event, &b.event)) {
			differ_event(p, &a, "is not what the log gives");
			return;
		}
		if (!missing)
			mine = events_next(&a);
		if (!alone)
			other = events_next(&b);
	}
	if (mine == -EBADMSG || other == -EBADMSG)
		differ(p, &p->ours, p->built, "is not what the log gives");
}

static void compare_values(struct comparing *p)
{
	struct slice key = key_of(&p->ours);
	struct slice ours =
		slice_of(p->ours.walk.value.mv_data, p->ours.walk.value.mv_size);
	struct slice theirs = slice_of(
		p->theirs.walk.value.mv_data, p->theirs.walk.value.mv_size);

	if (key.p[0] == KEY_META && key.n == 1)
		compare_meta(p, ours, theirs);
	else if (key.p[0] == KEY_EVENTS)
		compare_events(p, key, ours, theirs);
	else if (!slice_equal(ours, theirs) && !is_silent(p, p->built, key))
		differ(p, &p->ours, p->built, "is not what the log gives");
}

/* ---- keys ---- */

/* Where the log has lost records that this index has, what each record has by itself is
 * still the same; the rest is about all of them. */
static bool asked_for(const struct comparing *p, const struct side *s)
{
	uint8_t tag = key_of(s).p[0];

	return !p->stale || tag == KEY_ID || tag == KEY_EVENTS;
}

/* A row that the second index does not have. */
static bool may_be_alone(const struct comparing *p, struct slice key)
{
	if (p->stale)
		return true;
	if (key.p[0] == KEY_DAMAGE && key.n == 1 + 8)
		return check_damage_at(p->c, be64_at(key.p + 1)) != NULL;
	return is_silent(p, p->txn, key);
}

static void compare_here(struct comparing *p)
{
	int order = !there(&p->theirs) ? -1
		    : !there(&p->ours)
			    ? 1
			    : slice_compare(key_of(&p->ours), key_of(&p->theirs));

	if (order <= 0) {
		p->c->out->rows++;
		p->contested += key_of(&p->ours).p[0] == KEY_CONTESTED;
		check_progress(p->c, "comparing rows", ++p->seen, p->total);
	}
	if (order <= 0 && p->ours.rc == -EBADMSG)
		differ(p, &p->ours, p->built, "does not verify");
	else if (order == 0 && asked_for(p, &p->ours))
		compare_values(p);
	else if (order < 0 && !may_be_alone(p, key_of(&p->ours)))
		differ(p, &p->ours, p->txn, "is not in the log");
	else if (order > 0 && !p->ours.lost && asked_for(p, &p->theirs) &&
		 !is_silent(p, p->built, key_of(&p->theirs)))
		differ(p, &p->theirs, p->built, "is missing");
	if (order <= 0)
		step(&p->ours);
	if (order >= 0)
		step(&p->theirs);
}

int check_rows(struct checking *c, MDB_txn *txn, MDB_txn *built, bool stale)
{
	struct comparing p = {
		.c = c,
		.txn = txn,
		.built = built,
		.stale = stale,
	};
	MDB_stat stat = {0};
	int rc = meta_read(built, &p.meta);

	if (rc < 0)
		return rc;
	(void)mdb_stat(txn, INDEX_DB, &stat);
	p.total = stat.ms_entries;
	start(&p.ours, txn);
	start(&p.theirs, built);
	while (there(&p.ours) || there(&p.theirs))
		compare_here(&p);
	if (p.theirs.rc != -ENOENT)
		rc = p.theirs.rc;
	else if (p.ours.rc != -ENOENT)
		rc = p.ours.rc;
	if (rc == 0 && !stale && !p.ours.lost)
		compare_contested(&p);
	tell_unsaid(&p);
	walk_end(&p.ours.walk);
	walk_end(&p.theirs.walk);
	return rc;
}

/* Records that the log has lost, as far as the index still knows them.
 *
 * An index that was made while the log was whole has rows about every record: which number
 * it has, what kind it is of, its id, the pair it is about. The bytes themselves stood in the
 * log alone. So this is what can be said to whoever has to find them elsewhere. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/when.h"
#include "store/check.h"
#include "store/gather.h"
#include "store/index_verify.h"

enum {
	LISTED_MAX =
		20000, /* records that are told one by one: what memory is for */
};

struct lost {
	uint64_t seq;
	struct locator at;
	uint64_t received_at;
	uint32_t kind;
	bool has_id, has_target, has_pair;
	struct id id;
	struct id target; /* what it is about, where it is no assertion */
	struct pair_key pair;
};

struct losses {
	struct checking *c;
	MDB_txn *txn;
	struct lost *list; /* by seq, and so by offset */
	size_t n;
	size_t found; /* all, also those that are not listed */
};

static void free_counts(uint64_t **counts)
{
	free(*counts);
}

static int add(struct losses *l, uint64_t seq, const struct event_row *e)
{
	if (!l->list) {
		l->list = calloc(LISTED_MAX, sizeof(*l->list));
		if (!l->list)
			return -ENOMEM;
	}
	if (l->found++ < LISTED_MAX)
		l->list[l->n++] = (struct lost){
			.seq = seq,
			.at = e->at,
			.received_at = e->received_at,
			.kind = e->kind,
		};
	return 0;
}

static int find_event(struct losses *l, MDB_txn *built, const struct events *at)
{
	struct event_row e;

	if (!check_damage_at(l->c, at->event.at.offset) ||
		events_find(built, NULL, at->seq, &e) != -ENOENT)
		return 0;
	return add(l, at->seq, &at->event);
}

/* Events that the second index does not have, at places where the log is damaged. */
static int find_events(struct losses *l, MDB_txn *built)
{
	struct row_key prefix = row_key_tag(KEY_EVENTS);
	WALK_AUTO(w);
	int rc = walk_start(&w, l->txn, &prefix);

	for (; rc == 0; rc = walk_next(&w)) {
		struct events row;

		if (w.key.mv_size != prefix.n + 8)
			continue;
		row = events_of(be64_at((const uint8_t *)w.key.mv_data + prefix.n),
			slice_of(w.value.mv_data, w.value.mv_size));
		while (rc == 0 && events_next(&row) == 0)
			rc = find_event(l, built, &row);
		if (rc < 0)
			return rc;
	}
	return rc == -ENOENT || rc == -EBADMSG ? 0 : rc;
}

static int by_seq(const void *key, const void *member)
{
	const uint64_t *seq = key;
	const struct lost *m = member;

	return *seq < m->seq ? -1 : *seq > m->seq;
}

static struct lost *lost_seq(const struct losses *l, uint64_t seq)
{
	return bsearch(&seq, l->list, l->n, sizeof(*l->list), by_seq);
}

/* Ids; cosignatures have no row by theirs. */
static void find_ids(struct losses *l)
{
	struct row_key prefix = row_key_tag(KEY_ID);
	WALK_AUTO(w);
	int rc = walk_start(&w, l->txn, &prefix);

	for (; rc == 0; rc = walk_next(&w)) {
		struct lost *of;
		uint64_t seq;

		if (id_row_read(&w.value, &seq) < 0 ||
			w.key.mv_size != prefix.n + ID_SIZE)
			continue;
		of = lost_seq(l, seq);
		if (!of)
			continue;
		of->has_id = true;
		memcpy(of->id.b, (const uint8_t *)w.key.mv_data + prefix.n,
			ID_SIZE);
	}
}

/* What cosignatures are about, also of what is no claim. */
static void find_cosigned(struct losses *l)
{
	struct row_key prefix = row_key_tag(KEY_COSIGNED);
	WALK_AUTO(w);
	int rc = walk_start(&w, l->txn, &prefix);

	for (; rc == 0; rc = walk_next(&w)) {
		const uint8_t *key = w.key.mv_data;
		struct lost *of;

		if (w.key.mv_size < prefix.n + ID_SIZE + 8)
			continue;
		of = lost_seq(l, be64_at(key + w.key.mv_size - 8));
		if (!of)
			continue;
		of->has_target = true;
		memcpy(of->target.b, key + prefix.n, ID_SIZE);
	}
}

/* Which seq a row below a pair is about; 0: none that matters here. */
static uint64_t seq_of(const struct walk *w)
{
	const uint8_t *key = w->key.mv_data;
	size_t n = w->key.mv_size;
	struct claim_columns claim;

	if (n < CLAIM_KEY || key[PAIR_KEY] != KEY_CLAIM)
		return 0;
	if (n >= CLAIM_SUB_KEY)
		return be64_at(key + n - 8);
	if (n != CLAIM_KEY ||
		claim_columns_read(
			slice_of(w->value.mv_data, w->value.mv_size), &claim) < 0)
		return 0;
	return claim.row.seq;
}

/* Which pairs they are about. */
static void find_pairs(struct losses *l)
{
	struct row_key prefix = row_key_tag(KEY_PAIR);
	WALK_AUTO(w);
	int rc = walk_start(&w, l->txn, &prefix);

	for (; rc == 0; rc = walk_next(&w)) {
		const uint8_t *key = w.key.mv_data;
		uint64_t seq = seq_of(&w);
		struct lost *of = seq ? lost_seq(l, seq) : NULL;

		if (!of)
			continue;
		of->has_pair = true;
		memcpy(of->pair.b, key, PAIR_KEY);
		if (w.key.mv_size == CLAIM_KEY)
			continue;
		of->has_target = true;
		memcpy(of->target.b, key + CLAIM_KEY - ID_SIZE, ID_SIZE);
	}
}

static void tell(struct losses *l, const struct lost *r)
{
	const char *kind = record_kind_name((uint8_t)r->kind);
	BUF_AUTO(text);
	BUF_AUTO(subject);
	BUF_AUTO(predicate);

	buf_printf(&text, "lost: record %llu, a%s %s", (unsigned long long)r->seq,
		strchr("aeiou", kind[0]) ? "n" : "", kind);
	if (r->has_id) {
		buf_byte(&text, ' ');
		check_hex(r->id.b, &text);
	}
	if (r->has_target) {
		buf_str(&text, " about ");
		check_hex(r->target.b, &text);
	}
	if (r->has_pair && check_pair_names(l->c, l->txn, &r->pair, &subject,
				   &predicate) == 0) {
		buf_str(&text, " on ");
		buf_add(&text, subject.p, subject.n);
		buf_byte(&text, '/');
		buf_add(&text, predicate.p, predicate.n);
	}
	buf_str(&text, ", received ");
	when_print(r->received_at, &text);
	buf_printf(&text, ", at log offset %llu", (unsigned long long)r->at.offset);
	check_found(l->c,
		&(struct store_finding){
			.kind = "lost",
			.from = r->at.offset,
			.to = r->at.offset + frame_size(r->at.length),
			.seq = r->seq,
			.id = r->has_id ? &r->id : NULL,
			.subject = slice_of(subject.p, subject.n),
			.predicate = slice_of(predicate.p, predicate.n),
		},
		"%.*s", (int)text.n, text.p ? (const char *)text.p : "");
}

/* What the index says of each damaged stretch. */
static int tell_stretches(struct losses *l)
{
	const struct wal_report *log = &l->c->log;
	__attribute__((cleanup(free_counts))) uint64_t *counts =
		calloc(log->damage_count, sizeof(*counts));

	if (!counts)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++)
		counts[check_damage_at(l->c, l->list[i].at.offset) - log->damage]++;
	for (size_t i = 0; i < log->damage_count; i++) {
		const struct wal_damage *d = &log->damage[i];

		if (counts[i] == 0)
			continue;
		check_found(l->c,
			&(struct store_finding){
				.kind = "stale",
				.from = d->from,
				.to = d->to,
				.in_index = true,
			},
			"the index was made when log offsets %llu to %llu were "
			"still "
			"readable: %s%llu records; stemefs check --repair builds "
			"it "
			"without them",
			(unsigned long long)d->from, (unsigned long long)d->to,
			l->found > l->n ? "at least " : "",
			(unsigned long long)counts[i]);
	}
	return 0;
}

/* In the index of txn. Those that are told are left in list, to be freed. */
static int find(struct losses *l, MDB_txn *built)
{
	int rc = l->c->log.damage_count ? find_events(l, built) : 0;

	if (rc < 0 || !l->found)
		return rc;
	find_ids(l);
	find_cosigned(l);
	find_pairs(l);
	for (size_t i = 0; i < l->n; i++)
		tell(l, &l->list[i]);
	if (l->found > l->n)
		check_found(l->c, &(struct store_finding){.kind = "lost"},
			"lost: %zu more records", l->found - l->n);
	return 0;
}

int check_lost(struct checking *c, MDB_txn *txn, MDB_txn *built, bool *stale)
{
	struct losses l = {.c = c, .txn = txn};
	int rc = find(&l, built);

	*stale = l.found > 0;
	if (rc == 0 && *stale)
		rc = tell_stretches(&l);
	free(l.list);
	return rc;
}

int check_aside(struct checking *c, MDB_txn *built)
{
	struct losses l = {.c = c};
	struct index ix = {0};
	char path[4096], why[INDEX_WHY];
	int rc = 0;

	(void)snprintf(path, sizeof(path), "%s/index.aside", c->s->path);
	if (!c->log.damage_count ||
		index_verify(c->s->dir, "index.aside", why) < 0 ||
		index_open(path, c->s->who.store_id, NULL, &ix, NULL) < 0)
		return 0;
	if (index_begin(&ix, MDB_RDONLY, &l.txn) == 0) {
		rc = find(&l, built);
		mdb_txn_abort(l.txn);
	}
	index_close(&ix);
	free(l.list);
	return rc;
}

/* Is everything as it must be? First the log frame by frame with its signatures, by a reader
 * of its own; then the index against one that is made from that log; then every view
 * against a fresh resolution from all candidates. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/canon.h"
#include "store/check.h"

enum {
	SWEEP_WAITS =
		60000, /* of a millisecond: no step of a sweep takes a minute */
	SIGNATURES_AT_ONCE = 8192,
};

void check_found(
	struct checking *c, const struct store_finding *f, const char *format, ...)
{
	struct store_finding said = *f;
	char text[1024]; /* names of a subject and a predicate, and their words */
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	said.text = text;
	if (c->out->bad++ == 0)
		(void)snprintf(c->out->first, sizeof(c->out->first), "%.*s",
			(int)sizeof(c->out->first) - 1, text);
	c->out->in_index += said.in_index;
	if (c->o->report)
		c->o->report(c->o->report_ctx, &said);
}

void check_progress(
	struct checking *c, const char *what, uint64_t done, uint64_t total)
{
	/* looking at the clock costs more than looking at a row */
	if (c->o->progress && (done % 256 == 0 || done >= total))
		c->o->progress(c->o->progress_ctx, what, done, total);
}

const struct wal_damage *check_damage_at(const struct checking *c, uint64_t offset)
{
	for (size_t i = 0; i < c->log.damage_count; i++)
		if (offset >= c->log.damage[i].from && offset < c->log.damage[i].to)
			return &c->log.damage[i];
	return NULL;
}

/* ---- the log ---- */

struct reading {
	struct checking *c;
	struct check_signature *list;
	size_t n;
	uint64_t total; /* bytes of the log */
};

static void free_list(struct check_signature **list)
{
	free(*list);
}

static void verify_signatures(struct reading *r)
{
	check_signatures(r->list, r->n);
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].bad)
			check_found(r->c,
				&(struct store_finding){
					.kind = "signature",
					.from = r->list[i].offset,
					.to = r->list[i].offset,
					.id = &r->list[i].id,
				},
				"log offset %llu: signature %u does not verify",
				(unsigned long long)r->list[i].offset,
				r->list[i].number);
	r->n = 0;
}

static void add_signature(struct reading *r, const struct frame *f, uint16_t number,
	const struct id *signs)
{
	r->c->out->signatures++;
	r->list[r->n++] = (struct check_signature){
		.offset = f->offset,
		.id = *signs,
		.signature = frame_signature(f, number),
		.number = number,
	};
	if (r->n == SIGNATURES_AT_ONCE)
		verify_signatures(r);
}

static int read_frame(void *ctx, const struct frame *f)
{
	struct reading *r = ctx;
	struct id id = id_of(f->canonical);
	struct error err = {0};
	struct record record = {0};

	r->c->out->frames++;
	if (r->c->o->progress)
		r->c->o->progress(r->c->o->progress_ctx, "reading the log",
			f->offset, r->total);
	if (canon_decode(f->canonical, &record, &err) < 0) {
		check_found(r->c,
			&(struct store_finding){.kind = "record",
				.from = f->offset,
				.to = f->offset + frame_size(f->length)},
			"log offset %llu: %s", (unsigned long long)f->offset,
			err.message);
		return 0;
	}
	if (f->signature_count == 0)
		check_found(r->c,
			&(struct store_finding){.kind = "signature",
				.from = f->offset,
				.to = f->offset + frame_size(f->length),
				.id = &id},
			"log offset %llu: a record that nobody has signed",
			(unsigned long long)f->offset);
	for (uint16_t i = 0; i < f->signature_count; i++)
		add_signature(r, f, i,
			record.kind == RECORD_COSIGNATURE ? &record.target : &id);
	return 0;
}

static void tell_damage(struct checking *c)
{
	for (size_t i = 0; i < c->log.damage_count; i++) {
		const struct wal_damage *d = &c->log.damage[i];

		check_found(c,
			&(struct store_finding){
				.kind = "damage", .from = d->from, .to = d->to},
			"log offsets %llu to %llu: %s", (unsigned long long)d->from,
			(unsigned long long)d->to, d->what);
	}
}

/* The log, read again from its first byte by a reader of its own. */
static int check_log(struct checking *c, struct error *err)
{
	__attribute__((cleanup(free_list))) struct check_signature *list =
		calloc(SIGNATURES_AT_ONCE, sizeof(*list));
	struct wal_position start = {0}, end = wal_end(c->s->wal);
	struct reading r = {.c = c, .list = list, .total = end.offset};
	struct wal *wal = NULL;
	int rc;

	if (!list)
		return fail(err, ENOMEM, "out of memory");
	rc = wal_open(c->s->dir, &c->s->who, true, &wal, err);
	if (rc == 0)
		wal_expect(wal, end.offset);
	if (rc == 0)
		rc = wal_recover(wal, &start, read_frame, &r, &c->log, err);
	wal_close(wal);
	if (rc < 0)
		return rc;
	verify_signatures(&r);
	tell_damage(c);
	return 0;
}

/* ---- the index ---- */

/* A snapshot to which no sweep owes anything: rows and views are right only then. -EIO when
 * the sweeps stand still: where the index fails, they wait for the next start. */
static int settled_snap(struct store *s, struct snap **out)
{
	static const struct timespec moment = {.tv_nsec = 1000000};
	size_t before = 0;
	int waits = 0;
	int rc = store_snap(s, out);

	while (rc == 0 && (*out)->meta.sweeps) {
		size_t now = mdb_txn_id((*out)->source.txn);

		waits = now == before ? waits + 1 : 0;
		before = now;
		if (waits > SWEEP_WAITS) {
			snap_end(out);
			return -EIO;
		}
		snap_end(out);
		(void)nanosleep(&moment, NULL);
		rc = store_snap(s, out);
	}
	return rc;
}

static void end_txn(MDB_txn **txn)
{
	if (*txn)
		mdb_txn_abort(*txn);
}

/* Both indexes are there, and so is what the log has lost. */
static int compare(struct checking *c, const struct source *ours, struct second *x)
{
	__attribute__((cleanup(end_txn))) MDB_txn *built = NULL;
	struct source theirs = {.wal = x->wal};
	bool stale = false;
	int rc = index_begin(&x->index, MDB_RDONLY, &built);

	if (rc == 0)
		rc = check_lost(c, ours->txn, built, &stale);
	if (rc == 0 && !stale)
		rc = check_aside(c, built);
	if (rc == 0 && !stale) {
		mdb_txn_abort(built);
		built = NULL;
		rc = second_align(c, x, ours->txn);
		if (rc == 0)
			rc = index_begin(&x->index, MDB_RDONLY, &built);
	}
	if (rc == 0)
		rc = check_rows(c, ours->txn, built, stale);
	theirs.txn = built;
	/* where both are the same, it does not matter whose views are looked at; where
	 * they are not, that has been said, and is not said again of each view */
	return rc < 0 ? rc : check_views(c, stale ? ours : &theirs, stale);
}

static int check_index(struct checking *c, struct error *err)
{
	struct second x;
	SNAP_AUTO(snap);
	int rc = settled_snap(c->s, &snap);

	if (rc == -EBADMSG) {
		check_found(c,
			&(struct store_finding){.kind = "index", .in_index = true},
			"index: its totals cannot be read");
		return 0;
	}
	if (rc < 0)
		return fail(err, -rc, "%s: the index cannot be read: %s",
			c->s->path, strerror(-rc));
	rc = second_open(c, &x, err);
	if (rc == 0) {
		rc = compare(c, &snap->source, &x);
		if (rc < 0)
			(void)fail(err, -rc, "%s: %s", c->s->path, strerror(-rc));
	} else if (rc == -EBADMSG) { /* said; the views are what is left */
		rc = check_views(c, &snap->source, false);
	}
	second_close(&x);
	return rc;
}

int store_check(struct store *s, const struct store_check_options *o,
	struct store_check *out, struct error *err)
{
	static const struct store_check_options none;
	struct checking c = {.s = s, .o = o ? o : &none, .out = out};
	void *suspect = mdb_env_get_userctx(s->index.env);
	int rc;

	*out = (struct store_check){0};
	/* what is found is told; the doubt of a reader would have the next start make
	 * another index, and what this one knows of lost records would be gone */
	(void)mdb_env_set_userctx(s->index.env, NULL);
	rc = check_log(&c, err);
	if (rc == 0)
		rc = check_index(&c, err);
	(void)mdb_env_set_userctx(s->index.env, suspect);
	wal_report_free(&c.log);
	return rc;
}

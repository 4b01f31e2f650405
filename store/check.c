/* Is everything as it must be? The log frame by frame with its signatures, then
 * every view against a fresh resolution from all candidates. Reads only. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "core/canon.h"
#include "core/sets.h"
#include "core/sign.h"
#include "store/internal.h"
#include "store/pair.h"
#include "store/sums.h"

enum {
	SWEEP_WAITS =
		60000, /* of a millisecond: no step of a sweep takes a minute */
};

struct checking {
	struct store *s;
	struct store_check *out;
	void (*report)(void *ctx, const char *finding);
	void *ctx;
};

static void found(struct checking *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void found(struct checking *c, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (c->out->bad++ == 0)
		(void)snprintf(c->out->first, sizeof(c->out->first), "%s", text);
	if (c->report)
		c->report(c->ctx, text);
}

static int check_frame(void *ctx, const struct frame *f)
{
	struct checking *c = ctx;
	struct id id = id_of(f->canonical);
	struct error err = {0};
	struct record r = {0};

	c->out->frames++;
	if (canon_decode(f->canonical, &r, &err) < 0) {
		found(c, "log offset %llu: %s", (unsigned long long)f->offset,
			err.message);
		return 0;
	}
	for (uint16_t i = 0; i < f->signature_count; i++) {
		struct signature s = frame_signature(f, i);
		bool cosign = r.kind == RECORD_COSIGNATURE;

		c->out->signatures++;
		if (!sign_verify(&s, cosign ? &r.target : &id))
			found(c, "log offset %llu: signature %u does not verify",
				(unsigned long long)f->offset, i);
	}
	return 0;
}

/* The log, read again from its first byte by a reader of its own. */
static int check_log(struct checking *c)
{
	struct wal_position start = {0};
	struct wal_report report = {0};
	struct wal *wal = NULL;
	struct error err = {0};
	int rc = wal_open(c->s->dir, &c->s->who, true, &wal, &err);

	if (rc == 0)
		wal_expect(wal, wal_end(c->s->wal).offset);
	if (rc == 0)
		rc = wal_recover(wal, &start, check_frame, c, &report, &err);
	for (size_t i = 0; i < report.damage_count; i++)
		found(c, "log offsets %llu to %llu: %s",
			(unsigned long long)report.damage[i].from,
			(unsigned long long)report.damage[i].to,
			report.damage[i].what);
	wal_report_free(&report);
	wal_close(wal);
	if (rc < 0)
		found(c, "%s", err.message);
	return 0;
}

/* What the row of a pair should hold, from nothing but its claims. */
static int expect(struct snap *snap, const struct pair_key *key,
	const struct pair_row *row, struct slice subject, struct slice predicate,
	struct pair_view *out)
{
	int rc = pair_resolve(&snap->source, key, subject, predicate, out);

	if (rc < 0 || row->sums != SUMS_KEPT || !predicate_is_set(predicate))
		return rc;
	buf_reset(&out->line); /* of a large set the names alone are kept */
	pair_view_names(subject, predicate, &out->line);
	return 0;
}

/* Is the pair listed among those that are contested? */
static bool is_listed(
	struct snap *snap, struct slice subject, struct slice predicate)
{
	struct row_key k = row_key_bearing(KEY_CONTESTED, subject);
	MDB_val v;

	row_key_add(&k, predicate.p, predicate.n);
	return row_get(snap->source.txn, &k, &v) == 0;
}

static int check_pair(struct checking *c, struct snap *snap, struct slice subject,
	struct slice predicate)
{
	__attribute__((cleanup(pair_view_free))) struct pair_view fresh = {0};
	struct pair_key key = pair_key(subject, predicate);
	struct pair_row row = {0};
	struct slice view = {0}, line = {0};
	int rc = pair_row_read(snap->source.txn, &key, &row, &view);

	c->out->pairs++;
	if (rc == 0)
		rc = expect(snap, &key, &row, subject, predicate, &fresh);
	if (rc == 0)
		rc = buf_view(&fresh.line, &line);
	if (rc < 0)
		found(c, "%.*s/%.*s: %s", SLICE_ARG(subject), SLICE_ARG(predicate),
			strerror(-rc));
	else if (!slice_equal(line, view))
		found(c, "%.*s/%.*s: the view differs from a fresh resolution",
			SLICE_ARG(subject), SLICE_ARG(predicate));
	else if (is_listed(snap, subject, predicate) !=
		 (fresh.status == STATUS_CONTESTED))
		found(c,
			"%.*s/%.*s: is listed as contested and is not, or is and "
			"is not listed",
			SLICE_ARG(subject), SLICE_ARG(predicate));
	return rc == -ENOMEM ? rc : 0;
}

/* A snapshot to which no sweep owes anything: views are right only then. -EIO when the
 * sweeps stand still: where the index fails, they wait for the next start. */
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
		if (waits > SWEEP_WAITS)
			return -EIO;
		snap_end(out);
		(void)nanosleep(&moment, NULL);
		rc = store_snap(s, out);
	}
	return rc;
}

/* All predicates of all subjects, as the listing rows have them. */
static int check_views(struct checking *c)
{
	struct row_key prefix = row_key_tag(KEY_NAME);
	SNAP_AUTO(snap);
	WALK_AUTO(w);
	int rc = settled_snap(c->s, &snap);

	if (rc == 0)
		rc = walk_start(&w, snap->source.txn, &prefix);
	for (; rc == 0; rc = walk_next(&w)) {
		struct slice subject =
			slice_of((const uint8_t *)w.key.mv_data + prefix.n,
				w.key.mv_size - prefix.n);
		struct row_key below =
			row_key_predicate(subject, slice_of(NULL, 0));
		WALK_AUTO(p);
		int found_rc = walk_start(&p, snap->source.txn, &below);

		for (; found_rc == 0; found_rc = walk_next(&p)) {
			found_rc = check_pair(c, snap, subject,
				slice_of((const uint8_t *)p.key.mv_data + below.n,
					p.key.mv_size - below.n));
			if (found_rc < 0)
				return found_rc;
		}
		if (found_rc != -ENOENT)
			return found_rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

int store_check(struct store *s, void (*report)(void *ctx, const char *finding),
	void *ctx, struct store_check *out)
{
	struct checking c = {.s = s, .out = out, .report = report, .ctx = ctx};
	int rc;

	*out = (struct store_check){0};
	rc = check_log(&c);
	return rc < 0 ? rc : check_views(&c);
}

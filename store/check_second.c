/* A second index, made from the log beside the store's own, to hold that against it.
 *
 * It stands in STORE/index.check, or, where that disk has too little room, below another
 * directory; under a name that the next check of the same store knows, and removes if this
 * one did not live to do it. Nothing of it is synced. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/change.h"
#include "store/check.h"
#include "store/pair.h"
#include "store/sums.h"
#include "store/sweep.h"

enum {
	ROOM_EXTRA_MIB = 32, /* and a quarter of the index */
	SWEEP_STEP = 4096,   /* records; nobody waits for the second index */
	ALIGN_STEP = 1000,   /* pairs in one transaction */
};

/* ---- its directory ---- */

static void remove_dir(int parent, const char *name)
{
	char file[96];
	struct stat st;

	/* below a directory that others may write to, only what is ours */
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return;
	(void)snprintf(file, sizeof(file), "%s/data.mdb", name);
	(void)unlinkat(parent, file, 0);
	(void)snprintf(file, sizeof(file), "%s/lock.mdb", name);
	(void)unlinkat(parent, file, 0);
	(void)unlinkat(parent, name, AT_REMOVEDIR);
}

static uint64_t room_needed(const struct store *s)
{
	struct stat st = {0};
	uint64_t used = 0;

	if (fstatat(s->dir, "index/data.mdb", &st, 0) == 0)
		used = (uint64_t)st.st_blocks * 512;
	return used + used / 4 + ((uint64_t)ROOM_EXTRA_MIB << 20);
}

static bool has_room(int dir, uint64_t need)
{
	struct statvfs v;

	return fstatvfs(dir, &v) == 0 && v.f_bavail * v.f_frsize >= need;
}

/* Where it goes, and under which name. */
static int choose_place(struct checking *c, struct second *x, char *path,
	size_t size, struct error *err)
{
	const char *other = c->o->temporary;
	char name[sizeof(x->name)] = "stemefs-check-";
	uint64_t need = room_needed(c->s);
	bool here;

	hex_print(c->s->who.store_id, WAL_STORE_ID, name + strlen(name));
	remove_dir(c->s->dir, "index.check");
	x->parent = other && *other
			    ? open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			    : -1;
	if (x->parent >= 0)
		remove_dir(x->parent, name);
	here = has_room(c->s->dir, need);
	if (!here && (x->parent < 0 || !has_room(x->parent, need))) {
		(void)fail(err, ENOSPC,
			"%s: there is no room for a second index to compare with: "
			"it takes up to %llu MiB",
			c->s->path, (unsigned long long)(need >> 20));
		return fail_hint(
			err, "TMPDIR=/a/larger/disk stemefs check %s", c->s->path);
	}
	if (here && x->parent >= 0)
		(void)close(x->parent);
	if (here)
		x->parent = fcntl(c->s->dir, F_DUPFD_CLOEXEC, 0);
	if (x->parent < 0)
		return fail(err, errno, "%s", strerror(errno));
	(void)snprintf(path, size, "%s/%s", here ? c->s->path : other,
		here ? "index.check" : name);
	if (mkdirat(x->parent, here ? "index.check" : name, 0700) < 0)
		return fail(err, errno, "%s: %s", path, strerror(errno));
	(void)snprintf(x->name, sizeof(x->name), "%s", here ? "index.check" : name);
	return 0;
}

/* ---- its rows ---- */

struct building {
	struct checking *c;
	uint64_t total;
};

static void show_building(
	void *ctx, const char *what, uint64_t done, uint64_t total)
{
	const struct building *b = ctx;

	(void)what;
	(void)total;
	if (b->c->o->progress)
		b->c->o->progress(b->c->o->progress_ctx, "building a second index",
			done, b->total);
}

/* Work off what settings owe, as the committer does. */
static int settle(struct checking *c, struct second *x)
{
	bool more = true;
	int rc = 0;

	while (rc == 0 && more) {
		struct change change;
		struct id head;

		rc = change_begin(
			&change, &x->index, x->wal, false, c->s->sums_from);
		if (rc < 0)
			break;
		head = change.meta.head;
		more = change.meta.sweeps > 0;
		if (more)
			rc = sweep_step(&change, SWEEP_STEP);
		if (rc == 0)
			rc = change_finish(&change, change.meta.log_end, &head);
		if (rc == 0)
			rc = change_commit(&change);
		change_abort(&change);
	}
	return rc;
}

static int build(struct checking *c, struct second *x, struct error *err)
{
	struct wal_position end = wal_end(c->s->wal);
	struct building b = {.c = c, .total = end.offset};
	struct store_options o = {
		.sums_from = c->s->sums_from,
		.progress = show_building,
		.progress_ctx = &b,
	};
	struct wal_report report = {0};
	/* what is not there is lost, and not a write that did not finish */
	int rc = index_note_reached(&x->index, end.offset);

	if (rc < 0)
		return fail(err, -rc, "a second index: %s", strerror(-rc));
	rc = replay_log(x->wal, &x->index, &o, &report, err);
	wal_report_free(&report);
	if (rc == 0) {
		rc = settle(c, x);
		if (rc < 0)
			(void)fail(err, -rc, "a second index: %s", strerror(-rc));
	}
	if (rc == -EBADMSG)
		check_found(c, &(struct store_finding){.kind = "record"},
			"the log cannot be indexed: %s", err->message);
	return rc;
}

int second_open(struct checking *c, struct second *out, struct error *err)
{
	char path[4096];
	int rc;

	*out = (struct second){.parent = -1};
	rc = choose_place(c, out, path, sizeof(path), err);
	if (rc == 0)
		rc = index_open(path, c->s->who.store_id, NULL, &out->index, err);
	if (rc < 0)
		return rc;
	(void)mdb_env_set_flags(out->index.env, MDB_NOSYNC, 1);
	rc = wal_open(c->s->dir, &c->s->who, true, &out->wal, err);
	return rc < 0 ? rc : build(c, out, err);
}

void second_close(struct second *x)
{
	index_close(&x->index);
	wal_close(x->wal);
	if (x->name[0])
		remove_dir(x->parent, x->name);
	if (x->parent >= 0)
		(void)close(x->parent);
	*x = (struct second){.parent = -1};
}

/* ---- sums ---- */

/* One pass over the pairs: those that are to keep sums, or those that are not. */
struct aligning {
	struct checking *c;
	struct second *x;
	struct change change;
	bool keep;
	size_t touched;
};

static int align_begin(struct aligning *a)
{
	/* sums from no claim on, or never */
	int rc = change_begin(&a->change, &a->x->index, a->x->wal, false,
		a->keep ? 0 : UINT32_MAX);

	a->change.sweeping = true; /* no record touches the pair */
	a->touched = 0;
	return rc;
}

static int align_end(struct aligning *a)
{
	struct id head = a->change.meta.head;
	int rc = change_finish(&a->change, a->change.meta.log_end, &head);

	if (rc == 0)
		rc = change_commit(&a->change);
	return rc;
}

static int align_pair(struct aligning *a, const struct pair_key *p)
{
	MDB_txn *txn = a->change.source.txn;
	struct pair_row row = {0};
	BUF_AUTO(subject);
	BUF_AUTO(predicate);
	int rc = change_pair(&a->change, p, &row);

	if (rc == -ENOENT || (rc == 0 && (row.sums == SUMS_KEPT) == a->keep))
		return 0;
	if (rc == 0)
		rc = check_pair_names(a->c, txn, p, &subject, &predicate);
	if (rc == 0 && !a->keep) {
		row.sums = SUMS_NONE;
		rc = sums_drop(&a->change, p);
		if (rc == 0)
			rc = change_pair_set(&a->change, p, &row);
	}
	if (rc == 0)
		rc = change_touch(&a->change, p, slice_of(subject.p, subject.n),
			slice_of(predicate.p, predicate.n));
	if (rc < 0 || ++a->touched < ALIGN_STEP)
		return rc;
	rc = align_end(a);
	return rc < 0 ? rc : align_begin(a);
}

/* A row of the store's index: if it is that of a pair, its second is to be like it. */
static int align_row(struct aligning *a, const struct walk *w)
{
	const uint8_t *key = w->key.mv_data;
	struct pair_row row;
	struct pair_key p;

	if (w->key.mv_size != PAIR_KEY ||
		pair_row_unpack(
			slice_of(w->value.mv_data, w->value.mv_size), &row) < 0)
		return 0;
	memcpy(p.b, key, PAIR_KEY);
	return (row.sums == SUMS_KEPT) == a->keep ? align_pair(a, &p) : 0;
}

static int align_pass(struct aligning *a, MDB_txn *txn)
{
	struct row_key pairs = row_key_tag(KEY_PAIR);
	WALK_AUTO(w);
	int rc = align_begin(a), walked;

	if (rc < 0)
		return rc;
	walked = walk_start(&w, txn, &pairs);
	/* rows that do not verify are not passed over: what is behind them differs, and
	 * that is seen when the rows are compared */
	for (; rc == 0 && walked == 0; walked = walk_next(&w))
		rc = align_row(a, &w);
	if (rc == 0)
		rc = align_end(a);
	change_abort(&a->change);
	return rc;
}

int second_align(struct checking *c, struct second *x, MDB_txn *txn)
{
	int rc = 0;

	for (int keep = 0; rc == 0 && keep < 2; keep++) {
		struct aligning a = {.c = c, .x = x, .keep = keep != 0};

		rc = align_pass(&a, txn);
	}
	return rc;
}

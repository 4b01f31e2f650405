#include "store/scrub.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/when.h"
#include "store/internal.h"
#include "store/scrub_log.h"

enum {
	ROWS_AT_ONCE = 512, /* in one read transaction */
	REST_S = 86400,	    /* between two passes */
	IOPRIO_OF_THREAD = 1,
	IOPRIO_IDLE = 3 << 13,
	NICE_LEAST = 19,
};

struct scrub {
	struct store *s;
	uint64_t rate; /* bytes per second */
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t stop;
	bool stopping;
	struct scrub_status status;
};

/* ---- what it says ---- */

/* known: the store was opened with it, and has said so. */
static void found(struct scrub *x, bool known, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void found(struct scrub *x, bool known, const char *format, ...)
{
	char text[sizeof(x->status.finding)];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)pthread_mutex_lock(&x->lock);
	x->status.found++;
	x->status.found_at = store_now(x->s);
	(void)snprintf(x->status.finding, sizeof(x->status.finding), "%s", text);
	(void)pthread_mutex_unlock(&x->lock);
	if (!known)
		suspect_raise(&x->s->suspect, "%s", text);
}

void scrub_status(struct scrub *x, struct scrub_status *out)
{
	*out = (struct scrub_status){.passes = 0};
	if (!x)
		return;
	(void)pthread_mutex_lock(&x->lock);
	*out = x->status;
	(void)pthread_mutex_unlock(&x->lock);
}

/* ---- how fast ---- */

/* Rest for so long; false: it is over. */
static bool rest(struct scrub *x, uint64_t ns)
{
	struct timespec until;
	bool go_on;
	int rc = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	ns += (uint64_t)until.tv_nsec;
	until.tv_sec += (time_t)(ns / SECOND);
	until.tv_nsec = (long)(ns % SECOND);
	(void)pthread_mutex_lock(&x->lock);
	while (!x->stopping && rc == 0)
		rc = pthread_cond_timedwait(&x->stop, &x->lock, &until);
	go_on = !x->stopping;
	(void)pthread_mutex_unlock(&x->lock);
	return go_on;
}

/* So many bytes were read. */
static bool pace(struct scrub *x, uint64_t bytes)
{
	(void)pthread_mutex_lock(&x->lock);
	x->status.bytes += bytes;
	(void)pthread_mutex_unlock(&x->lock);
	return rest(x, bytes * SECOND / x->rate);
}

static void be_humble(void)
{
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE_LEAST);
	(void)syscall(SYS_ioprio_set, IOPRIO_OF_THREAD, 0, IOPRIO_IDLE);
}

/* ---- the log ---- */

static bool log_step(void *ctx, uint64_t position, uint64_t bytes)
{
	struct scrub *x = ctx;

	(void)pthread_mutex_lock(&x->lock);
	x->status.position = position;
	(void)pthread_mutex_unlock(&x->lock);
	return pace(x, bytes);
}

static bool is_known(const struct scrub *x, uint64_t from, uint64_t to)
{
	struct row_key prefix = row_key_tag(KEY_DAMAGE);
	bool known = false;
	SNAP_AUTO(snap);
	WALK_AUTO(w);
	int rc = store_snap(x->s, &snap);

	if (rc == 0)
		rc = walk_start(&w, snap->source.txn, &prefix);
	for (; rc == 0 && !known; rc = walk_next(&w)) {
		const uint8_t *key = w.key.mv_data;
		struct damage_row row;

		if (w.key.mv_size != prefix.n + 8 || w.value.mv_size < sizeof(row))
			continue;
		memcpy(&row, w.value.mv_data, sizeof(row));
		known = be64_at(key + prefix.n) <= from && to <= row.to;
	}
	return known;
}

static void log_found(void *ctx, uint64_t from, uint64_t to, const char *what)
{
	struct scrub *x = ctx;

	found(x, is_known(x, from, to),
		"log offsets %" PRIu64 " to %" PRIu64 ": %s", from, to, what);
}

/* ---- the index ---- */

struct rows {
	struct row_key last; /* n 0: none yet */
	uint64_t bytes;	     /* of this step */
	bool ended;
};

static void bad_row(struct scrub *x, const struct walk *w)
{
	const uint8_t *key = w->key.mv_data;

	found(x, false, "a row of the index (kind '%c') does not verify",
		key[0] >= ' ' && key[0] < 127 ? key[0] : '?');
}

/* A walk that met what does not verify: true when it can go on behind that. Pages that are
 * damaged give no key that is further on, and nothing behind them is reached. */
static bool got_on(const struct walk *w, const struct row_key *last)
{
	return w->key.mv_data && w->key.mv_size > 0 && w->key.mv_size <= KEY_MAX &&
	       slice_compare(slice_of(w->key.mv_data, w->key.mv_size),
		       slice_of(last->b, last->n)) > 0;
}

static void walk_rows(struct scrub *x, struct walk *w, int rc, struct rows *r)
{
	for (int n = 0; n < ROWS_AT_ONCE && r->bytes < SCRUB_STEP; n++) {
		if (rc == -EBADMSG && got_on(w, &r->last)) {
			bad_row(x, w);
		} else if (rc < 0) {
			if (rc == -EBADMSG)
				found(x, false,
					"the index cannot be read to its end");
			r->ended = true;
			return;
		}
		r->bytes += w->key.mv_size + w->value.mv_size;
		r->last.n = w->key.mv_size;
		memcpy(r->last.b, w->key.mv_data, r->last.n);
		rc = walk_next(w);
	}
}

/* Some rows in a transaction of their own, so that no page is kept from being used again
 * for long. */
static void some_rows(struct scrub *x, struct rows *r)
{
	static const struct row_key all, first = {.n = 1};
	SNAP_AUTO(snap);
	WALK_AUTO(w);
	int rc = store_snap(x->s, &snap);

	r->bytes = 0;
	r->ended = rc < 0;
	if (r->ended)
		return; /* the index failed, and that is known */
	rc = walk_from(&w, snap->source.txn, &all, r->last.n ? &r->last : &first);
	if ((rc == 0 || rc == -EBADMSG) && r->last.n &&
		w.key.mv_size == r->last.n &&
		memcmp(w.key.mv_data, r->last.b, r->last.n) == 0)
		rc = walk_next(&w);
	walk_rows(x, &w, rc, r);
}

static bool scrub_index(struct scrub *x)
{
	struct rows r = {.ended = false};

	while (!r.ended) {
		some_rows(x, &r);
		if (!pace(x, r.bytes))
			return false;
	}
	return true;
}

/* ---- life ---- */

static uint64_t acknowledged(struct scrub *x)
{
	SNAP_AUTO(snap);

	return store_snap(x->s, &snap) == 0 ? snap->meta.log_end : 0;
}

/* false: it is over. */
static bool one_pass(struct scrub *x)
{
	struct scrub_log_options o = {
		.store_dir = x->s->dir,
		.tag_key = x->s->who.tag_key,
		.end = acknowledged(x),
		.step = log_step,
		.found = log_found,
		.ctx = x,
	};
	int rc;

	(void)pthread_mutex_lock(&x->lock);
	x->status.position = 0;
	x->status.total = o.end;
	(void)pthread_mutex_unlock(&x->lock);
	rc = scrub_log(&o);
	(void)pthread_mutex_lock(&x->lock);
	x->status.position = o.end;
	(void)pthread_mutex_unlock(&x->lock);
	if (rc == -ECANCELED || !scrub_index(x))
		return false;
	(void)pthread_mutex_lock(&x->lock);
	x->status.passes++;
	x->status.finished_at = store_now(x->s);
	(void)pthread_mutex_unlock(&x->lock);
	return true;
}

static void *scrub_main(void *ctx)
{
	struct scrub *x = ctx;

	be_humble();
	while (one_pass(x) && rest(x, REST_S * SECOND))
		;
	return NULL;
}

static int begin(struct scrub *x)
{
	pthread_condattr_t attr;
	int rc;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&x->lock, NULL);
	(void)pthread_cond_init(&x->stop, &attr);
	(void)pthread_condattr_destroy(&attr);
	rc = pthread_create(&x->thread, NULL, scrub_main, x);
	if (rc) {
		(void)pthread_cond_destroy(&x->stop);
		(void)pthread_mutex_destroy(&x->lock);
	}
	return -rc;
}

int scrub_start(
	struct store *s, uint32_t mib, struct scrub **out, struct error *err)
{
	struct scrub *x = calloc(1, sizeof(*x));
	int rc;

	if (!x)
		return fail(err, ENOMEM, "out of memory");
	x->s = s;
	x->rate = (uint64_t)mib << 20;
	x->status.mib = mib;
	rc = begin(x);
	if (rc < 0) {
		free(x);
		return fail(
			err, -rc, "the scrub does not start: %s", strerror(-rc));
	}
	*out = x;
	return 0;
}

void scrub_stop(struct scrub *x)
{
	if (!x)
		return;
	(void)pthread_mutex_lock(&x->lock);
	x->stopping = true;
	(void)pthread_cond_signal(&x->stop);
	(void)pthread_mutex_unlock(&x->lock);
	(void)pthread_join(x->thread, NULL);
	(void)pthread_cond_destroy(&x->stop);
	(void)pthread_mutex_destroy(&x->lock);
	free(x);
}

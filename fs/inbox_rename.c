/* Renaming in the inbox: what was scratch and becomes normal is submitted on the way.
 *
 * A plain rename is done when this returns. A submitting one takes a copy of the bytes,
 * feeds them to a sink of its own and moves the name when the store has them; refused, it
 * leaves the scratch name where it is, and the receipt of the new name says why. */
#include <errno.h>
#include <stdlib.h>

#include "fs/inbox_internal.h"
#include "fs/sink_internal.h"

struct move {
	struct inbox *in;
	struct caller who;
	struct item *item; /* counted while a submission is under way */
	struct slice key;  /* the new one, in room */
	uint8_t room[INBOX_KEY_MAX];
	struct buf bytes; /* to be submitted */
	struct sink *sink;
	sink_done *done;
	void *ctx;
};

static void move_free(struct move *m)
{
	buf_free(&m->bytes);
	free(m);
}

/* May the caller give this name away? */
static int check_target(struct move *m, struct slice lane, bool no_replace)
{
	struct item *other = item_find_locked(m->in, m->key);
	const struct item *dir = lane.n > 0 ? lane_find_locked(m->in, lane) : NULL;

	if (lane.n > 0 && !dir)
		return -ENOENT;
	if (dir && !dir->lane)
		return -ENOTDIR;
	if (dir && dir->owner->uid != m->who.uid)
		return -EACCES;
	if (other && no_replace)
		return -EEXIST;
	if (other && other->owner->uid != m->who.uid)
		return -EACCES;
	return other && other->lane ? -EISDIR : 0;
}

static int check(struct move *m, struct slice from_lane, struct slice from,
	struct slice lane, bool no_replace)
{
	uint8_t room[INBOX_KEY_MAX];
	struct slice key;
	int rc = item_key(from_lane, from, room, &key);

	if (rc == 0)
		rc = item_own_locked(m->in, &m->who, key, &m->item);
	if (rc < 0)
		return rc;
	if (m->item->lane)
		return -EROFS;
	return check_target(m, lane, no_replace);
}

/* The receipt goes with the name, unless the submission has just written a new one. */
static int move_now(struct move *m, bool submitted, uint64_t now)
{
	uint8_t from_room[RECEIPT_NAME_MAX], to_room[RECEIPT_NAME_MAX];
	struct slice from = receipt_name(m->item->key, from_room);
	struct owner *o = m->item->owner;
	int rc;

	if (slice_equal(m->item->key, m->key))
		return 0;
	rc = item_move_locked(m->in, m->item, m->key, now);
	if (rc == 0 && !submitted)
		receipt_move_locked(m->in, o, from, receipt_name(m->key, to_room));
	return rc;
}

/* Under the mutex: move, or get ready to submit. 0: moved; 1: m->bytes are to be
 * submitted. */
static int start(struct move *m, struct slice from_lane, struct slice from,
	struct slice lane, bool no_replace, uint64_t now)
{
	uint8_t room[RECEIPT_NAME_MAX];
	INBOX_HELD(m->in);
	int rc = check(m, from_lane, from, lane, no_replace);
	size_t lane_n = lane.n + 1;

	if (rc < 0)
		return rc;
	if (!m->item->scratch || m->item->bytes.n == 0 ||
		name_is_scratch(slice_sub(m->key, lane_n, m->key.n)))
		return move_now(m, false, now);
	buf_slice(&m->bytes, item_view(m->item));
	if (m->bytes.failed)
		return -ENOMEM;
	receipt_drop_locked(m->item->owner, receipt_name(m->key, room));
	m->item->refs++;
	return 1;
}

/* The sink has taken all of it, or refused. */
static void finish(void *ctx, int error)
{
	struct move *m = ctx;
	uint64_t now = inbox_now(m->in);
	sink_done *done = m->done;
	void *done_ctx = m->ctx;

	sink_close(m->sink);
	{
		INBOX_HELD(m->in);
		if (error == 0 && !m->item->gone)
			error = move_now(m, true, now);
		item_put_locked(m->in, m->item);
	}
	move_free(m);
	done(done_ctx, error);
}

static int open_sink(struct move *m)
{
	uint8_t room[RECEIPT_NAME_MAX];
	BUF_AUTO(path);
	struct sink_target target = {.form = SINK_RECORDS};
	const uint8_t *slash = memchr(m->key.p, '/', m->key.n);
	size_t lane_n = (size_t)(slash - m->key.p);

	buf_str(&path, "inbox/");
	buf_slice(&path, slice_sub(m->key, lane_n > 0 ? 0 : 1, m->key.n));
	if (path.failed)
		return -ENOMEM;
	target.path = slice_of(path.p, path.n);
	return sink_open_for(
		m->in, &target, &m->who, receipt_name(m->key, room), &m->sink);
}

static void submit(struct move *m)
{
	int rc = open_sink(m);

	if (rc == 0) {
		sink_take_all(m->sink, slice_of(m->bytes.p, m->bytes.n), finish, m);
		return;
	}
	{
		INBOX_HELD(m->in);
		item_put_locked(m->in, m->item);
	}
	m->done(m->ctx, rc);
	move_free(m);
}

void inbox_rename(struct inbox *in, const struct caller *who,
	struct slice from_lane, struct slice from, struct slice to_lane,
	struct slice to, bool no_replace, sink_done *done, void *ctx)
{
	struct move *m = calloc(1, sizeof(*m));
	int rc;

	if (!m) {
		done(ctx, -ENOMEM);
		return;
	}
	*m = (struct move){.in = in, .who = *who, .done = done, .ctx = ctx};
	rc = item_key(to_lane, to, m->room, &m->key);
	if (rc == 0)
		rc = start(m, from_lane, from, to_lane, no_replace, inbox_now(in));
	if (rc == 1) {
		submit(m);
		return;
	}
	move_free(m);
	done(ctx, rc);
}

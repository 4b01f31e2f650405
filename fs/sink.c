/* Life of a sink, and the calls on it up to the point where values are taken. */
#include "fs/sink.h"

#include <errno.h>
#include <stdlib.h>

#include "fs/sink_internal.h"
#include "fs/tgid.h"

/* ---- opening ---- */

static int copy(struct sink *s, struct slice from, struct slice *to)
{
	*to = arena_copy(&s->memory, from);
	return to->p ? 0 : -ENOMEM;
}

static int copy_names(
	struct sink *s, const struct sink_target *t, struct slice receipt)
{
	if (copy(s, t->path, &s->path) < 0 ||
		copy(s, t->subject, &s->subject) < 0 ||
		copy(s, t->predicate, &s->predicate) < 0 ||
		copy(s, receipt, &s->receipt) < 0)
		return -ENOMEM;
	return 0;
}

static void sink_free(struct sink *s)
{
	framer_free(&s->framer);
	arena_free(&s->memory);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

int sink_open_for(struct inbox *in, const struct sink_target *target,
	const struct caller *opener, struct slice receipt, struct sink **out)
{
	const struct inbox_options *o = &in->options;
	struct sink *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->in = in;
	s->form = target->form;
	s->id = target->id;
	s->opener = *opener;
	s->signer.uid = opener->uid;
	s->signer.may_make_key =
		o->may_make_key && o->may_make_key(o->ctx, opener->uid);
	s->framer.form = s->form == SINK_RECORDS ? FRAMING_JSON : FRAMING_LINES;
	s->framer.blanks = s->form == SINK_RETRACT || s->form == SINK_SUPERSEDE;
	atomic_init(&s->busy, false);
	pump_init(s);
	if (copy_names(s, target, receipt) < 0) {
		sink_free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

/* Bind the sink to its name in the inbox. */
static int take_item(struct sink *s, const struct sink_target *t, bool truncate)
{
	uint8_t room[INBOX_KEY_MAX], receipt[RECEIPT_NAME_MAX];
	struct slice key;
	struct item *it;
	int rc = item_key(t->lane, t->name, room, &key);

	if (rc < 0)
		return rc;
	INBOX_HELD(s->in);
	rc = item_own_locked(s->in, &s->opener, key, &it);
	if (rc == 0 && it->lane)
		rc = -EISDIR;
	if (rc < 0)
		return rc;
	if (truncate) {
		/* What other handles have begun is theirs: writers share names. */
		item_clear_locked(s->in, it);
		receipt_drop_locked(it->owner, receipt_name(key, receipt));
	}
	it->since_open = 0;
	it->refs++;
	s->drops = it->drops;
	s->item = it;
	return 0;
}

int sink_open(struct inbox *in, const struct sink_target *target,
	const struct caller *opener, bool truncate, struct sink **out)
{
	struct sink *s;
	int rc = sink_open_for(in, target, opener, slice_of(NULL, 0), &s);

	if (rc < 0)
		return rc;
	if (s->form == SINK_RECORDS)
		rc = take_item(s, target, truncate);
	if (rc < 0) {
		sink_free(s);
		return rc;
	}
	s->group = tgid_read(in->proc, opener->pid);
	*out = s;
	return 0;
}

/* ---- answering ---- */

void sink_receipts(struct sink *s, struct slice text, size_t count)
{
	uint64_t now = inbox_now(s->in);
	uint8_t room[RECEIPT_NAME_MAX];
	struct receipt_lines lines = {s->opener.uid, s->path, text, count};
	struct slice name = s->receipt;
	INBOX_HELD(s->in);

	if (s->item && !s->item->gone)
		name = receipt_name(s->item->key, room);
	receipts_add_locked(s->in, name, &lines, now);
}

static void answer(struct sink *s, int error)
{
	sink_done *done = s->done;
	void *ctx = s->ctx;

	atomic_store(&s->busy, false);
	done(ctx, error);
}

static void refuse(struct sink *s)
{
	struct slice text;
	BUF_AUTO(line);

	s->refused = s->verdict.code;
	framer_drop(&s->framer);
	refusal_print(&s->verdict, s->record, &line);
	if (buf_view(&line, &text) == 0)
		sink_receipts(s, text, 1);
	inbox_note_error(s->in, &s->opener, s->path, &s->verdict);
}

/* Bytes that were taken can be read back. */
static void keep_back(struct sink *s)
{
	uint64_t now = inbox_now(s->in);
	INBOX_HELD(s->in);

	/* Best effort: what is at stake was committed. */
	if (!s->item->scratch)
		(void)item_add_locked(s->in, s->item, s->bytes, now);
}

void sink_finish(struct sink *s)
{
	if (s->verdict.code != 0)
		refuse(s);
	else if (s->item && s->bytes.n > 0)
		keep_back(s);
	answer(s, -s->verdict.code);
}

/* ---- taking ---- */

/* A truncation to nothing drops what is incomplete. */
static void heed_drops_locked(struct sink *s)
{
	if (!s->item || s->item->drops == s->drops)
		return;
	s->drops = s->item->drops;
	framer_drop(&s->framer);
}

/* The name as it is now: true when it holds inert bytes, and then these were kept, or
 * the verdict says why not. */
static bool keep_scratch(struct sink *s)
{
	uint64_t now = inbox_now(s->in);
	INBOX_HELD(s->in);
	int rc;

	heed_drops_locked(s);
	if (!s->item || !s->item->scratch || s->bytes.n == 0)
		return false;
	rc = item_add_locked(s->in, s->item, s->bytes, now);
	if (rc == -EDQUOT)
		(void)fail(&s->verdict, EDQUOT,
			"more than %d bytes of scratch files", INBOX_SCRATCH_MAX);
	else if (rc < 0)
		(void)fail(&s->verdict, -rc, "out of memory");
	return true;
}

/* The caller has `busy`. */
static void take(
	struct sink *s, struct slice bytes, bool ending, sink_done *done, void *ctx)
{
	s->done = done;
	s->ctx = ctx;
	s->verdict.code = 0;
	s->bytes = bytes;
	s->rest = bytes;
	s->ending = ending;
	if (s->refused != 0)
		answer(s, -s->refused);
	else if (keep_scratch(s))
		sink_finish(s);
	else
		sink_pump(s);
}

void sink_take_all(struct sink *s, struct slice bytes, sink_done *done, void *ctx)
{
	(void)atomic_exchange(&s->busy, true);
	take(s, bytes, true, done, ctx);
}

void sink_write(struct sink *s, struct slice bytes, uint64_t lock_owner,
	sink_done *done, void *ctx)
{
	if (atomic_exchange(&s->busy, true)) {
		done(ctx, -EIO);
		return;
	}
	s->wrote = true;
	s->lock_owner = lock_owner;
	take(s, bytes, false, done, ctx);
}

/* Something is left over, and it is the opener's process that closes. */
static bool ends_here(struct sink *s, const struct caller *who, uint64_t lock_owner)
{
	pid_t group;

	{
		INBOX_HELD(s->in);
		heed_drops_locked(s);
	}
	if (!framer_pending(&s->framer))
		return false;
	group = tgid_read(s->in->proc, who->pid);
	if (group != 0 && s->group != 0)
		return group == s->group;
	return s->wrote && lock_owner == s->lock_owner;
}

void sink_flush(struct sink *s, const struct caller *who, uint64_t lock_owner,
	sink_done *done, void *ctx)
{
	/* In the midst of a write nobody can mean to end the stream. A refusal was told
	 * by the call that met it; saying it again here would blame a good close. */
	if (atomic_exchange(&s->busy, true)) {
		done(ctx, 0);
		return;
	}
	if (s->refused == 0 && ends_here(s, who, lock_owner)) {
		take(s, slice_of(NULL, 0), true, done, ctx);
		return;
	}
	s->done = done;
	s->ctx = ctx;
	answer(s, 0);
}

/* Whoever began this value is gone and nobody ended it. */
static void note_left_over(struct sink *s)
{
	struct error err;

	(void)fail_at(&err, EINVAL, s->framer.start,
		"the last value was left incomplete and is not taken");
	(void)fail_hint(&err, "the process that opened the file has to close it");
	inbox_note_error(s->in, &s->opener, s->path, &err);
}

void sink_close(struct sink *s)
{
	(void)atomic_exchange(&s->busy, true);
	if (s->item) {
		INBOX_HELD(s->in);
		heed_drops_locked(s);
		item_put_locked(s->in, s->item);
	}
	if (framer_pending(&s->framer))
		note_left_over(s);
	sink_free(s);
}

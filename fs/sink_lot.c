/* A lot: values cut from the stream, and the entries that are made of them.
 *
 * What a value says may depend on those before it: an epoch by its name, a vote for what
 * leads, the first signature of a key that has yet to be admitted. Such a value is made an
 * entry when everything before it is decided, or when nothing before it can matter; so the
 * outcome is that of one value after another, however they are prepared. */
#include <errno.h>
#include <stdlib.h>

#include "fs/sink_internal.h"

enum {
	SPARE_MAX = 2 * LOTS_OF_A_SINK, /* kept for the next call: some MiB */
};

/* ---- the stock ---- */

void lots_init(struct inbox *in)
{
	(void)pthread_mutex_init(&in->lots.lock, NULL);
	STAILQ_INIT(&in->lots.spare);
}

static void lot_free(struct lot *l)
{
	arena_free(&l->arena);
	free(l);
}

void lots_free(struct inbox *in)
{
	struct lot *l;

	while ((l = STAILQ_FIRST(&in->lots.spare))) {
		STAILQ_REMOVE_HEAD(&in->lots.spare, next);
		lot_free(l);
	}
	(void)pthread_mutex_destroy(&in->lots.lock);
}

static struct lot *take_spare(struct lot_stock *stock)
{
	struct lot *l = STAILQ_FIRST(&stock->spare);

	if (!l)
		return NULL;
	STAILQ_REMOVE_HEAD(&stock->spare, next);
	stock->spares--;
	return l;
}

struct lot *lot_take(struct inbox *in, bool must)
{
	struct lot_stock *stock = &in->lots;
	struct lot *l = NULL;
	bool may;

	(void)pthread_mutex_lock(&stock->lock);
	may = must || stock->out < LOTS_OF_ALL;
	if (may)
		l = take_spare(stock);
	stock->out += may;
	(void)pthread_mutex_unlock(&stock->lock);
	if (!may || l)
		return l;
	l = malloc(sizeof(*l));
	if (l) {
		l->arena = (struct arena){0};
		return l;
	}
	(void)pthread_mutex_lock(&stock->lock);
	stock->out--;
	(void)pthread_mutex_unlock(&stock->lock);
	return NULL;
}

void lot_give(struct inbox *in, struct lot *l)
{
	struct lot_stock *stock = &in->lots;
	bool keep;

	arena_reset(&l->arena);
	(void)pthread_mutex_lock(&stock->lock);
	stock->out--;
	keep = stock->spares < SPARE_MAX;
	if (keep)
		STAILQ_INSERT_HEAD(&stock->spare, l, next);
	stock->spares += keep;
	(void)pthread_mutex_unlock(&stock->lock);
	if (!keep)
		lot_free(l);
}

/* ---- framing ---- */

static int next_value(struct sink *s, struct framed *out, struct error *err)
{
	int rc = s->rest.n > 0 ? framer_next(&s->framer, &s->rest, out, err) : 0;

	if (rc == 0 && s->ending) {
		s->ending = false;
		rc = framer_end(&s->framer, out, err);
	}
	return rc;
}

/* Writers of one stream mean the later to be the newer. */
static uint64_t time_of_next(struct sink *s)
{
	uint64_t now = store_now(s->in->options.store);

	s->taken_at = now > s->taken_at ? now : s->taken_at + 1;
	return s->taken_at;
}

/* 1: one more; 0: no bytes are left; -errno. */
static int frame_one(struct sink *s, struct lot *l)
{
	struct framed f;
	int rc = next_value(s, &f, &l->end);

	if (rc != 1)
		return rc;
	/* The framer's own memory is good until it is asked again. */
	if (s->framer.handed)
		f.bytes = arena_copy(&l->arena, f.bytes);
	if (!f.bytes.p)
		return fail_at(&l->end, ENOMEM, f.offset, "out of memory");
	l->values[l->count++] = (struct lot_value){
		.bytes = f.bytes,
		.offset = f.offset,
		.taken_at = time_of_next(s),
	};
	s->values++;
	return 1;
}

void lot_frame(struct sink *s, struct lot *l)
{
	size_t bytes = 0;
	int rc = 1;

	l->state = LOT_FRAMED;
	l->count = l->ready = l->taken = l->from = 0;
	l->first = s->values;
	l->asks = l->changes = 0;
	l->error.code = 0;
	l->end = (struct error){.offset = -1};
	while (rc == 1 && l->count < LOT_VALUES && bytes < LOT_BYTES) {
		rc = frame_one(s, l);
		if (rc == 1)
			bytes += l->values[l->count - 1].bytes.n;
	}
	if (rc < 0)
		l->end.code = -rc;
	s->framed = rc != 1 || (s->rest.n == 0 && !s->ending);
}

/* ---- preparing ---- */

/* Can values[ready] be made an entry before those that stand before it are decided? */
static bool must_wait(const struct sink *s, const struct lot *l,
	const struct draft *d, bool changed)
{
	bool asks = l->asks >> l->ready & 1;

	return (asks && changed) ||
	       (d && d->signature_count == 0 &&
		       !store_signs(s->in->options.store, s->signer.uid));
}

/* 0; -errno with l->error; 1: it has to wait. changed: an entry of this lot that is not
 * decided may change what it asks. */
static int prepare(const struct sink *s, struct lot *l, bool in_order, bool changed)
{
	const struct lot_value *v = &l->values[l->ready];
	struct entry *e = &l->entries[l->ready];
	struct signer who = s->signer;
	struct draft d = {.epoch_name = {0}};
	int rc;

	l->error.offset = -1;
	l->error.hint[0] = '\0';
	rc = sink_draft(s, v->bytes, &l->arena, &d, &l->error);
	if (sink_asks(s, v->bytes, &d))
		l->asks |= UINT64_C(1) << l->ready;
	if (!in_order && must_wait(s, l, rc == 0 ? &d : NULL, changed))
		return 1;
	if (rc < 0)
		return rc;
	who.now = v->taken_at;
	*e = (struct entry){0};
	return store_prepare(
		s->in->options.store, &who, &d, &l->arena, e, &l->error);
}

enum lot_state lot_prepare(const struct sink *s, struct lot *l, bool in_order)
{
	bool changed = false;

	for (; l->ready < l->count; l->ready++) {
		const struct lot_value *v = &l->values[l->ready];
		struct error *err = &l->error;
		int rc = prepare(s, l, in_order, changed);

		if (rc == 1)
			return LOT_WAITING;
		if (rc < 0) {
			err->code = -rc;
			err->offset = (int64_t)v->offset +
				      (err->offset > 0 ? err->offset : 0);
			return LOT_PREPARED;
		}
		in_order = false;
		if (!sink_changes(s, &l->entries[l->ready].record))
			continue;
		changed = true;
		l->changes |= UINT64_C(1) << l->ready;
	}
	return LOT_PREPARED;
}

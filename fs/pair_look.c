#include "fs/pair_look.h"

#include <errno.h>

/* A record's bytes. Each in a buf of its own: a growing one would move, and what was read
 * before still points into it. */
struct body {
	struct buf bytes;
	struct body *next;
};

void pair_look_end(struct pair_look *l)
{
	for (struct body *b = l->bodies_held; b; b = b->next)
		buf_free(&b->bytes);
	arena_free(&l->arena);
}

static int read_body(void *ctx, const struct candidate *claim, struct record *out)
{
	struct pair_look *l = ctx;
	struct body *b = arena_alloc(&l->arena, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->next = l->bodies_held;
	l->bodies_held = b;
	return claim_read(l->snap, claim, &b->bytes, out);
}

int pair_weigh(struct request *rq, const struct place *p, struct pair_look *out)
{
	int rc = request_snap(rq);

	if (rc < 0)
		return rc;
	out->snap = rq->snap;
	out->bodies = (struct bodies){.read = read_body, .ctx = out};
	out->input = (struct lens_input){
		.in = &out->in,
		.tally = &out->tally,
		.now = snap_now(rq->snap),
	};
	rc = pair_load(rq->snap, p->subject, p->predicate, &out->arena, &out->in);
	return rc < 0 ? rc : tally(&out->in, &out->arena, &out->tally);
}

int pair_look(struct request *rq, const struct place *p, struct pair_look *out)
{
	int rc = pair_weigh(rq, p, out);

	return rc < 0 ? rc
		      : lens_resolve(p->lens, &out->input, &out->bodies, p->subject,
				p->predicate, &out->arena, &out->view);
}

/* The consensus of a pair: decided into columns, printed from them, or resolved through
 * the lens as any other. */
#include "store/pair.h"

#include <errno.h>

#include "core/canon.h"
#include "core/record_json.h"
#include "core/sets.h"
#include "store/packed.h"

struct locator claim_locator(const struct candidate *c)
{
	return (struct locator){.offset = c->locator, .length = c->locator_length};
}

struct cluster_hash cluster_hash(const struct object *o)
{
	struct id h = id_of_two(slice_of(&o->kind, 1), o->text);
	struct cluster_hash out;

	memcpy(out.b, h.b, HASH_SIZE);
	return out;
}

uint64_t source_hash(const struct record *r)
{
	struct id h;
	uint64_t v;

	if (!(r->has & HAS_SOURCE))
		return 0;
	h = id_of(r->source);
	v = be64_at(h.b);
	return v ? v : 1;
}

static const struct lens *consensus(void)
{
	return lens_find(slice_str("consensus"));
}

/* ---- deciding ---- */

/* Where the signings of a claim begin, and how many they are. */
static uint32_t signings_of(const struct facts *f, uint32_t claim, uint32_t *count)
{
	uint32_t i = 0, end;

	while (i < f->signing_count && f->signings[i].claim < claim)
		i++;
	for (end = i; end < f->signing_count && f->signings[end].claim == claim;)
		end++;
	*count = end - i;
	return i;
}

/* Of a claim with one signer it is known who that is: its record says so. */
static int pack_signers(const struct gathered *g, uint32_t claim, struct arena *a,
	struct slice *out)
{
	uint32_t count;
	uint32_t from = signings_of(&g->facts, claim, &count);
	const struct signing *s = g->facts.signings + from;
	uint8_t *packed;
	size_t n = 0;

	*out = slice_of(NULL, 0);
	if (count == 1 && !s->gone)
		return 0;
	packed = arena_alloc(a, ((size_t)count + 1) * PACKED_MAX);
	if (!packed)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) /* by voter, which is by key */
		if (!s[i].gone)
			n += pack_into(packed + n, g->agents[s[i].voter]);
	*out = slice_of(packed, n);
	return 0;
}

int pair_view_winner(const struct gathered *g, const struct footing *f, uint32_t i,
	struct arena *a, struct pair_view *out)
{
	out->winner = g->claims[i].claim.seq;
	out->lifecycle = f->lifecycle[i];
	out->source_class = f->source_class[i];
	return pack_signers(g, i, a, &out->signers);
}

/* Which of the facts is that claim? It is one of them. */
static uint32_t fact_of(const struct gathered *g, const struct id *id)
{
	uint32_t i = 0;

	while (id_compare(&g->claims[i].claim.id, id) != 0)
		i++;
	return i;
}

/* The consensus of what was weighed, as numbers. */
static int take_view(const struct lens_view *v, const struct gathered *g,
	const struct footing *f, struct arena *a, struct pair_view *out)
{
	const struct tally *t = v->tally;
	const struct candidate *winner;

	*out = (struct pair_view){.candidates = v->r.candidates};
	if (v->r.set)
		return 0;
	out->total = t->total[t->counted];
	out->agents = v->r.agents;
	out->conflict = t->conflict;
	out->status = (uint8_t)t->status;
	if (v->winner == NO_INDEX)
		return 0;
	winner = &v->in->claims[v->winner];
	out->support = t->clusters[0].support[t->counted]; /* it leads there */
	return pair_view_winner(g, f, fact_of(g, &winner->id), a, out);
}

int pair_decide(const struct source *s, const struct pair_key *p,
	struct slice predicate, struct arena *a, struct pair_view *out,
	uint32_t *rows)
{
	struct gathered g = {0};
	struct footing f = {0};
	struct candidates in = {0};
	struct tally t = {0};
	struct lens_input input = {.in = &in, .tally = &t};
	struct lens_view view = {0};
	int rc = pair_gather(s, p, false, a, &g, &f, &in);

	in.set = predicate_is_set(predicate);
	if (rc == 0)
		rc = tally(&in, a, &t);
	if (rc == 0)
		rc = lens_look(consensus(), &input, NULL, a, &view);
	if (rc)
		return rc;
	if (rows)
		*rows = in.claim_count + in.signer_count + in.ballot_count;
	return take_view(&view, &g, &f, a, out);
}

/* ---- printing ---- */

/* The winner's record: a claim of this pair, by its id, that has these names. */
static int read_winner(const struct source *s, const struct pair_key *p,
	uint64_t seq, struct buf *scratch, struct frame *frame, struct record *out,
	struct id *id)
{
	struct event_row event = {0};
	struct suspect *suspect;
	struct row_key k;
	MDB_val row;
	int rc = source_event(s, seq, &event);

	if (rc == 0)
		rc = source_record(s, &event.at, NULL, scratch, frame, out);
	if (rc == 0 && (out->kind != RECORD_ASSERTION || !frame->signature_count))
		rc = -EBADMSG;
	if (rc < 0)
		return rc == -ENOENT ? -EBADMSG : rc;
	*id = id_of(frame->canonical);
	k = row_key_claim(p, out->timestamp, id);
	rc = row_get(s->txn, &k, &row);
	suspect = mdb_env_get_userctx(mdb_txn_env(s->txn));
	if (rc == -ENOENT && suspect)
		suspect_raise(suspect, "a consensus names no claim of its pair");
	return rc == -ENOENT ? -EBADMSG : rc;
}

/* Those who stand behind it, by key. */
static int read_signers(const struct source *s, const struct pair_view *v,
	const struct frame *frame, struct arena *a, struct resolution *r)
{
	struct unpacking u = {.rest = v->signers};
	struct agent *list = arena_alloc(a, (u.rest.n + 1) * sizeof(*list));
	uint32_t n = 0;

	if (!list)
		return -ENOMEM;
	if (u.rest.n == 0)
		list[n++] = frame_signature(frame, 0).agent;
	while (u.rest.n) {
		uint32_t number = (uint32_t)unpack(&u);
		int rc = u.bad ? -EBADMSG
			       : agent_by_number(s->txn, number, &list[n++]);

		if (rc < 0)
			return rc == -ENOENT ? -EBADMSG : rc;
	}
	r->signers = list;
	r->signer_count = n;
	return 0;
}

static int print_winner(const struct source *s, const struct pair_key *p,
	const struct pair_view *v, struct resolution *r, struct buf *line,
	struct buf *value)
{
	ARENA_AUTO(a);
	BUF_AUTO(scratch);
	struct frame frame = {0};
	struct record winner = {0};
	int rc = v->lifecycle < LIFECYCLES && v->source_class <= CLASSES
			 ? read_winner(s, p, v->winner, &scratch, &frame, &winner,
				   &r->id)
			 : -EBADMSG;

	if (rc == 0)
		rc = read_signers(s, v, &frame, &a, r);
	if (rc < 0)
		return rc;
	if (!slice_equal(winner.subject, r->subject) ||
		!slice_equal(winner.predicate, r->predicate))
		return -ENOENT;
	r->has_winner = true;
	r->winner = &winner;
	r->lifecycle = v->lifecycle;
	r->source_class = v->source_class;
	r->declared = winner.has & HAS_SOURCE_CLASS ? winner.source_class : CLASSES;
	resolution_print(r, line);
	if (value) {
		object_print_bare(&winner.object, value);
		buf_byte(value, '\n');
	}
	r->winner = NULL; /* it ends with this function */
	return 0;
}

int pair_print(const struct source *s, const struct pair_key *p,
	struct slice subject, struct slice predicate, const struct pair_view *v,
	struct buf *line, struct buf *value)
{
	struct resolution r = {
		.lens = consensus(),
		.subject = subject,
		.predicate = predicate,
		.support = v->support,
		.total = v->total,
		.status = v->status,
		.conflict = v->conflict,
		.candidates = v->candidates,
		.agents = v->agents,
	};

	if (v->winner)
		return print_winner(s, p, v, &r, line, value);
	resolution_print(&r, line);
	return 0;
}

/* ---- resolving ---- */

/* Where the bodies of one resolution come from, and where they stay. */
struct body_reader {
	const struct source *source;
	struct arena *arena;
};

static int read_body(void *ctx, const struct candidate *claim, struct record *out)
{
	const struct body_reader *b = ctx;
	struct locator at = claim_locator(claim);
	struct frame frame = {0};
	BUF_AUTO(scratch);
	int rc = source_record(b->source, &at, &claim->id, &scratch, &frame, out);
	struct slice kept = {0};

	if (rc < 0)
		return rc;
	/* the record borrows from the scratch: once more, from bytes that stay */
	kept = arena_copy(b->arena, frame.canonical);
	return kept.p ? canon_decode(kept, out, NULL) : -ENOMEM;
}

int pair_resolve(const struct source *s, const struct pair_key *p,
	struct slice subject, struct slice predicate, struct buf *line,
	struct buf *value)
{
	ARENA_AUTO(a);
	struct body_reader reader = {.source = s, .arena = &a};
	struct bodies bodies = {.read = read_body, .ctx = &reader};
	struct candidates in = {0};
	struct tally t = {0};
	struct lens_input input = {.in = &in, .tally = &t};
	struct lens_view view = {0};
	int rc = pair_candidates(s, p, false, &a, &in);

	in.set = predicate_is_set(predicate);
	if (rc == 0)
		rc = tally(&in, &a, &t);
	if (rc == 0)
		rc = lens_resolve(consensus(), &input, &bodies, subject, predicate,
			&a, &view);
	if (rc < 0)
		return rc;
	rc = lens_print(&view, line);
	if (rc == 0 && value)
		lens_print_value(&view, value);
	return rc;
}

/* One pair for the tests of lenses: records go in as they come, in any order and
 * repeated, and pair_weigh() makes of them what tally() and the lenses read.
 * Everything here is a loop over all there is: it has to be right, not fast. */
#ifndef TESTS_PAIR_H
#define TESTS_PAIR_H

#include <assert.h>
#include <stdlib.h>

#include "core/claim.h"
#include "core/lens.h"

enum {
	PAIR_MOST = 400, /* records of each kind */
	PAIR_AGENTS = 128,
};

struct pair_signing {
	struct id id;
	uint32_t agent;
};

struct pair {
	struct record records[PAIR_MOST]; /* by locator, with the id as target */
	struct candidate claims[PAIR_MOST];
	struct pair_signing signings[PAIR_MOST];
	uint32_t signing_count;
	struct ballot votes[PAIR_MOST]; /* as said */
	struct id targets[PAIR_MOST];
	uint32_t vote_count;
	uint32_t signers[PAIR_MOST];
	struct ballot ballots[PAIR_MOST]; /* as counted */
	struct voter voters[PAIR_AGENTS];
	struct candidates in;
	struct tally tally;
	struct arena arena;
	uint64_t now; /* the reader's */
	int broken;   /* what reading a body returns */
};

static inline void pair_start(struct pair *p)
{
	arena_free(&p->arena);
	*p = (struct pair){.in = {.min_trust = 300000}};
	p->in.claims = p->claims;
	p->in.signers = p->signers;
	p->in.ballots = p->ballots;
	p->in.voters = p->voters;
}

/* The agent's voter; a stranger when it is new. */
static inline uint32_t pair_agent(struct pair *p, struct agent key)
{
	uint32_t i = 0;

	while (i < p->in.voter_count && agent_compare(&p->voters[i].key, &key) != 0)
		i++;
	assert(i < PAIR_AGENTS);
	if (i == p->in.voter_count) {
		p->voters[i] = (struct voter){key, 10000};
		p->in.voter_count++;
	}
	return i;
}

static inline void pair_sign(struct pair *p, struct id id, uint32_t agent)
{
	assert(p->signing_count < PAIR_MOST);
	p->signings[p->signing_count++] = (struct pair_signing){id, agent};
}

static inline void pair_vote(struct pair *p, struct ballot vote, struct id target)
{
	for (uint32_t i = 0; i < p->vote_count; i++)
		if (id_compare(&p->votes[i].id, &vote.id) == 0)
			return;
	assert(p->vote_count < PAIR_MOST);
	p->targets[p->vote_count] = target;
	p->votes[p->vote_count++] = vote;
}

static inline void pair_claim(struct pair *p, struct id id, struct record r)
{
	uint32_t n = p->in.claim_count;

	for (uint32_t i = 0; i < n; i++)
		if (id_compare(&p->claims[i].id, &id) == 0)
			return;
	assert(n < PAIR_MOST);
	p->records[n] = r;
	p->claims[n] = (struct candidate){
		.id = id,
		.timestamp = r.timestamp,
		.stated = r.has & HAS_CONFIDENCE,
		.confidence =
			r.has & HAS_CONFIDENCE ? r.confidence : CONFIDENCE_UNSTATED,
		.lifecycle = r.lifecycle,
		.source_class = r.has & HAS_SOURCE_CLASS ? r.source_class : CLASSES,
		.declared = r.has & HAS_SOURCE_CLASS ? r.source_class : CLASSES,
		.has_epoch = r.has & HAS_EPOCH,
		.epoch = r.epoch,
		.locator = n,
	};
	p->in.claim_count++;
}

static inline int pair_by_age(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (a->timestamp != b->timestamp)
		return a->timestamp < b->timestamp ? -1 : 1;
	return id_compare(&a->id, &b->id);
}

static inline void pair_number(struct pair *p, struct candidate *c)
{
	const struct record *r = &p->records[c->locator];

	c->cluster = p->in.cluster_count;
	for (struct candidate *d = p->claims; d < c; d++) {
		const struct record *q = &p->records[d->locator];

		if (q->object.kind == r->object.kind &&
			slice_equal(q->object.text, r->object.text))
			c->cluster = d->cluster;
		if ((r->has & HAS_SOURCE) && slice_equal(q->source, r->source))
			c->source = d->source;
	}
	if (c->cluster == p->in.cluster_count)
		p->in.cluster_count++;
	if ((r->has & HAS_SOURCE) && c->source == 0)
		c->source = (uint64_t)(c - p->claims) + 1;
}

static inline void pair_collect_signers(struct pair *p, struct candidate *c)
{
	c->signer = p->in.signer_count;
	for (uint32_t i = 0; i < p->signing_count; i++) {
		uint32_t agent = p->signings[i].agent, at = p->in.signer_count;
		bool known = false;

		if (id_compare(&p->signings[i].id, &c->id) != 0)
			continue;
		for (uint32_t j = c->signer; j < at; j++)
			known |= p->signers[j] == agent;
		if (known)
			continue;
		for (; at > c->signer &&
			agent_compare(&p->voters[p->signers[at - 1]].key,
				&p->voters[agent].key) > 0;
			at--)
			p->signers[at] = p->signers[at - 1];
		p->signers[at] = agent;
		p->in.signer_count++;
	}
	c->signer_count = p->in.signer_count - c->signer;
}

static inline void pair_count_vote(struct pair *p, uint32_t vote)
{
	struct ballot b = p->votes[vote];
	uint32_t target = 0;

	for (uint32_t i = 0; i < p->vote_count; i++) {
		const struct ballot *o = &p->votes[i];

		if (o->voter == b.voter &&
			!id_compare(&p->targets[i], &p->targets[vote]) &&
			(o->timestamp > b.timestamp ||
				(o->timestamp == b.timestamp &&
					id_compare(&o->id, &b.id) > 0)))
			return;
	}
	while (target < p->in.claim_count &&
		id_compare(&p->claims[target].id, &p->targets[vote]) != 0)
		target++;
	if (target == p->in.claim_count || b.weight == 0)
		return;
	b.candidate = target;
	p->ballots[p->in.ballot_count++] = b;
}

/* No records may come after this. A set is one that says so in p->in. */
static inline void pair_weigh(struct pair *p)
{
	int rc;

	qsort(p->claims, p->in.claim_count, sizeof(*p->claims), pair_by_age);
	for (uint32_t i = 0; i < p->in.claim_count; i++) {
		pair_number(p, &p->claims[i]);
		pair_collect_signers(p, &p->claims[i]);
	}
	for (uint32_t i = 0; i < p->vote_count; i++)
		pair_count_vote(p, i);
	rc = tally(&p->in, &p->arena, &p->tally);
	assert(rc == 0);
	(void)rc;
}

static inline int pair_body(
	void *ctx, const struct candidate *claim, struct record *out)
{
	const struct pair *p = ctx;

	if (p->broken < 0)
		return p->broken;
	*out = p->records[claim->locator];
	return 0;
}

/* Append a file of the pair: "recency", "value/recency", "why/recency",
 * "claims.jsonl". 1, 0 where there is none, or -errno. */
static inline int pair_file(struct pair *p, struct slice subject,
	struct slice predicate, const char *file, struct buf *out)
{
	struct lens_input input = {.in = &p->in, .tally = &p->tally, .now = p->now};
	struct bodies bodies = {pair_body, p};
	const char *slash = strchr(file, '/');
	const struct lens *lens = lens_find(slice_str(slash ? slash + 1 : file));
	struct lens_view v;
	int rc;

	for (uint32_t i = 0; !lens && i < p->in.claim_count; i++) {
		const struct candidate *c = &p->claims[i];
		struct agent keys[PAIR_AGENTS];

		for (uint32_t j = 0; j < c->signer_count; j++)
			keys[j] = p->voters[p->signers[c->signer + j]].key;
		claim_print_listed(&(struct claim){.id = c->id,
					   .record = &p->records[c->locator],
					   .signers = keys,
					   .signer_count = c->signer_count},
			out);
	}
	if (!lens)
		return 1;
	rc = lens_resolve(lens, &input, &bodies, subject, predicate, &p->arena, &v);
	if (rc < 0)
		return rc;
	if (!slash)
		rc = lens_print(&v, out);
	else if (file[0] == 'w')
		rc = lens_print_why(&v, out);
	else if (lens_answers(&v))
		lens_print_value(&v, out);
	else
		return 0;
	return rc < 0 ? rc : 1;
}

#endif

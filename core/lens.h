/* Lenses: candidates in, one resolution out.
 *
 * A lens is a file core/lens_<name>.c that defines `const struct lens lens_<name>`;
 * the Makefile finds it, the registry below lists it, and it appears in the tree as
 * <name>, value/<name> and why/<name>. Nothing else needs to be touched.
 * (render_lens.c and render_why.c, which print for all of them, are none.) Pure: no
 * I/O, no clock.
 *
 * On a pair that is a set (core/sets.h) the same lens answers with all that is held
 * instead of one winner. */
#ifndef CORE_LENS_H
#define CORE_LENS_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/tally.h"

enum {
	LENS_SHOWN = 16, /* clusters or claims in a list; the rest is counted */
};

/* What a lens may look at. */
struct lens_input {
	const struct candidates *in;
	const struct tally *tally;
	uint64_t now; /* ns: of the reader's context */
};

struct lens_view;

/* One step in an order of claims (indexes of what the lens sees): compare is < 0 where
 * a is the better one, words tell `why` that this step decided. */
struct claim_rule {
	int (*compare)(const struct lens_view *v, uint32_t a, uint32_t b);
	const char *words;
};

/* What is NULL is ordinary. */
struct lens {
	const char *name;

	/* What it sees of the pair: may set in, tally and own of the view, and candidates
	 * and agents of its resolution. Ordinary: all there is. 0 or -errno. */
	int (*see)(struct lens_view *v, struct arena *a);

	/* Of a lens that chooses among claims: their order, best first, ended by a
	 * zeroed rule whose predecessor never says 0; and which of them it may choose. */
	const struct claim_rule *order;
	bool (*hears)(const struct lens_view *v, uint32_t claim);

	/* Of all others: set winner and rule of the view. 0 or -errno. */
	int (*pick)(struct lens_view *v);

	/* Members that it adds to its file, to why, and there to the row of a claim. */
	int (*print)(const struct lens_view *v, struct buf *out);
	int (*explain)(const struct lens_view *v, struct buf *out);
	void (*explain_claim)(
		const struct lens_view *v, uint32_t claim, struct buf *out);

	bool no_sets; /* has no answer where there are many values */
	/* Its files change without a record on the pair: */
	bool decays; /* as time goes by, at midnight UTC */
	bool epochs; /* as epochs are superseded */
};

/* All lenses, by name; ends with NULL. */
extern const struct lens *const lenses[];

/* NULL when there is none of that name. */
const struct lens *lens_find(struct slice name);

/* A resolution, ready to print: also made by the store from its running sums. */
struct resolution {
	const struct lens *lens;
	struct slice subject;
	struct slice predicate;
	bool has_winner;
	const struct record *winner;
	struct id id;	   /* of the winner */
	uint8_t lifecycle; /* of the winner, as they count (core/tally.h): */
	uint8_t source_class;
	uint8_t declared;
	const struct agent *signers; /* of the winner, sorted by key */
	uint32_t signer_count;
	bool set;		      /* no winner, but all that is held: */
	const struct object *objects; /* strongest first */
	uint32_t object_count;
	uint64_t support; /* of the winner's cluster, as counted */
	uint64_t total;	  /* of all clusters, as counted */
	enum pair_status status;
	uint32_t conflict; /* ten-thousandths */
	uint32_t candidates;
	uint32_t agents;
};

/* Where rendering gets the body of a claim from: fills out (slices stay valid while
 * the rendering runs); 0 or -errno, which ends the rendering. */
struct bodies {
	int (*read)(void *ctx, const struct candidate *claim, struct record *out);
	void *ctx;
};

/* One pair seen through one lens, for the three files. */
struct lens_view {
	struct resolution r;
	const struct lens_input *input;
	const struct candidates *in; /* what the lens sees, */
	const struct tally *tally;   /* weighed */
	const void *own;	     /* what the lens found out for itself */
	uint32_t winner;	     /* index into in->claims, or NO_INDEX */
	const uint32_t *held;	     /* of a set: indexes into tally->clusters */
	uint32_t held_count;
	const char *rule;
	const struct bodies *bodies;
};

/**
 * Look at a pair through a lens: what it would answer with (see lens_answers()). For
 * who only wants to know that there is an answer: bodies are read by lenses that
 * compare objects, and by no other.
 *
 * out borrows input and bodies; what the lens makes lives in the arena. 0, -ENOMEM, or
 * what bodies->read said.
 */
int lens_look(const struct lens *lens, const struct lens_input *input,
	const struct bodies *bodies, struct arena *a, struct lens_view *out);

/* Is there a value, so that value/<lens> exists? */
bool lens_answers(const struct lens_view *v);

/**
 * The same, and fill out, ready for printing.
 *
 * Also borrows the names; the records of what is answered with live in the arena.
 */
int lens_resolve(const struct lens *lens, const struct lens_input *input,
	const struct bodies *bodies, struct slice subject, struct slice predicate,
	struct arena *a, struct lens_view *out);

/* ---- for lens files ---- */

/* Steps that they share. The last one never ends in 0. */
int claim_compare_stated(const struct lens_view *v, uint32_t a, uint32_t b);
int claim_compare_confidence(const struct lens_view *v, uint32_t a, uint32_t b);
int claim_compare_newest(const struct lens_view *v, uint32_t a, uint32_t b);

/* By the order of v's lens; *words become those of the rule that decided. */
int claim_compare(
	const struct lens_view *v, uint32_t a, uint32_t b, const char **words);

/* May the lens choose this claim? */
bool lens_hears(const struct lens_view *v, uint32_t claim);

/* Set winner and rule to the leader of the strongest cluster that v sees, NO_INDEX
 * where nothing has support. Returns 0, as a pick does. */
int pick_leading(struct lens_view *v);

/* Is more given for it than against it, in the standing that counts? */
bool cluster_is_held(const struct tally *t, const struct cluster *c);

/* ---- printing ---- */

/* Append the resolved assertion: one line of JSON with a newline, keys in this
 * order: subject, predicate, object, confidence, lens, status, conflict, share,
 * candidates, agents, id, claim_confidence, signers, timestamp, source,
 * source_class, declared (where it differs from source_class), lifecycle, epoch.
 * Without a winner, those that need one are left out; a set has objects in the place
 * of object, and no others of them. Ratios are floored to millionths. confidence =
 * support / (total + TALLY_PRIOR), share = support / total, left out where total is
 * 0. */
void resolution_print(const struct resolution *r, struct buf *out);

/* The same through any lens, with what the lens adds. 0 or -errno, with an unfinished
 * line in out. */
int lens_print(const struct lens_view *v, struct buf *out);

/* A line of conflicts.jsonl: subject, predicate, status, conflict, clusters and more. 0
 * or -errno, likewise. */
int lens_print_conflict(const struct lens_view *v, struct buf *out);

/* value/<lens>: the bare object and a newline; each of a set. Nothing where the lens
 * has no answer. */
void lens_print_value(const struct lens_view *v, struct buf *out);

/* why/<lens>: one JSON object, an item of a list per line: lens, rule, winner {id,
 * object}; what the lens adds; totals; clusters, the LENS_SHOWN strongest: {object,
 * support, strangers, share (of a set: held), for, against, agents, claims, leader,
 * near}; more; candidates, the LENS_SHOWN strongest by the order of the lens or
 * claim_rank(): {id, object, confidence, own_word, strangers, agents, signers,
 * timestamp, source, source_class, declared, lifecycle, and what the lens adds};
 * more_candidates. All of what the lens sees. support and own_word are members', share,
 * for and against are as counted; near names the leaders of shown clusters whose
 * object may mean the same. 0 or -errno, as above. */
int lens_print_why(const struct lens_view *v, struct buf *out);

#endif

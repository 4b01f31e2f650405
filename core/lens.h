/* Lenses: candidates in, one resolution out.
 *
 * A lens is a file core/lens_<name>.c that defines `const struct lens lens_<name>`;
 * the Makefile finds it, the registry below lists it, and it appears in the tree as
 * <name>, value/<name> and why/<name>. Nothing else needs to be touched.
 * (render_lens.c and render_why.c, which print for all of them, are none.) Pure: no
 * I/O, no clock. */
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

struct lens {
	const char *name;
	/* Index of the winning claim, or NO_INDEX; *rule says which rule decided,
	 * as words for `why`. */
	uint32_t (*pick)(const struct lens_input *l, const char **rule);
	bool whole; /* prints the whole analysis: clusters (skeptic) */
};

/* All lenses, by name; ends with NULL. */
extern const struct lens *const lenses[];

/* NULL when there is none of that name. */
const struct lens *lens_find(struct slice name);

/* One step in an order of claims: compare is < 0 where a is the better one, words
 * tell `why` that this step decided. */
struct claim_rule {
	int (*compare)(const struct candidate *a, const struct candidate *b);
	const char *words;
};

/* Steps that the lens files share. The last one never ends in 0. */
int claim_compare_stated(const struct candidate *a, const struct candidate *b);
int claim_compare_confidence(const struct candidate *a, const struct candidate *b);
int claim_compare_newest(const struct candidate *a, const struct candidate *b);

/* The best of all claims by the rules, one after another until one decides (a
 * zeroed rule ends them), and the words of that which set it apart from the
 * runner-up. */
uint32_t claim_best(const struct candidates *in, const struct claim_rule *rules,
	const char **rule);

/* The leader of the strongest cluster, NO_INDEX where nothing has support. */
uint32_t claim_leading(const struct tally *t, const char **rule);

/* A resolution, ready to print: also made by the store from its running sums. */
struct resolution {
	const struct lens *lens;
	struct slice subject;
	struct slice predicate;
	bool has_winner;
	const struct record *winner;
	struct id id;		     /* of the winner */
	const struct agent *signers; /* of the winner, sorted by key */
	uint32_t signer_count;
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
	uint32_t winner; /* index or NO_INDEX */
	const char *rule;
	const struct bodies *bodies;
};

/**
 * Look at a pair through a lens: picks the winner and fills out, ready for
 * printing.
 *
 * out borrows input, bodies and the names; the winner's record and signers live in
 * the arena. 0, -ENOMEM, or what bodies->read said of the winner.
 */
int lens_resolve(const struct lens *lens, const struct lens_input *input,
	const struct bodies *bodies, struct slice subject, struct slice predicate,
	struct arena *a, struct lens_view *out);

/* Append the resolved assertion: one line of JSON with a newline, keys in this
 * order: subject, predicate, object, confidence, lens, status, conflict, share,
 * candidates, agents, id, claim_confidence, signers, timestamp, source,
 * source_class, lifecycle, epoch. Without a winner, those that need one are left
 * out. Ratios are floored to millionths. confidence = support / (total +
 * TALLY_PRIOR), share = support / total, left out where total is 0. */
void resolution_print(const struct resolution *r, struct buf *out);

/* The same through any lens; those that are `whole` add clusters:[{object, share,
 * agents, claims}], the LENS_SHOWN strongest, more (how many were left out, if
 * any), and where all objects are numbers spread:{min, median, max}. 0 or -errno,
 * with an unfinished line in out. */
int lens_print(const struct lens_view *v, struct buf *out);

/* value/<lens>: the bare object and a newline. v has a winner. */
void lens_print_value(const struct lens_view *v, struct buf *out);

/* why/<lens>: one JSON object, an item of a list per line: lens, rule, winner {id,
 * object}, totals; clusters, the LENS_SHOWN strongest: {object, support, strangers,
 * share, for, against, agents, claims, leader, near}; more; candidates, the
 * LENS_SHOWN strongest by claim_rank(): {id, object, confidence, own_word,
 * strangers, agents, signers, timestamp, lifecycle, source}; more_candidates.
 * support and own_word are members', share, for and against are as counted; near
 * names the leaders of shown clusters whose object may mean the same. 0 or -errno,
 * as above. */
int lens_print_why(const struct lens_view *v, struct buf *out);

/* A line of claims.jsonl: id, the fields of the record, signers; with a newline. */
void claim_print(const struct record *r, const struct id *id,
	const struct agent *signers, uint32_t signer_count, struct buf *out);

#endif

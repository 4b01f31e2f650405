/* `_summary.md`: what is said of one subject, on one page, for people and agents.
 *
 * A table of predicates, the values that compete where a pair is contested, the rules in
 * force. Markdown, laid out so that it reads as well in `cat`; names and values cannot
 * break out of their cells (core/markdown.h). */
#ifndef CORE_SUMMARY_H
#define CORE_SUMMARY_H

#include "core/constraints.h"

enum {
	SUMMARY_MOMENTS = 8,  /* bars of a sparkline */
	SUMMARY_COLUMNS = 40, /* of a terminal, for one cell of text */
};

struct summary_row {
	struct slice predicate;
	struct slice value; /* as it is shown; p NULL: no answer */
	bool has_confidence;
	uint64_t confidence; /* millionths */
	uint64_t claims, agents;
	enum pair_status status;
	/* Of the winner, oldest moment first; 0 moments: not told. */
	uint64_t support[SUMMARY_MOMENTS];
	unsigned moments;
};

/* One of the values of a contested pair; or, with kind 0, what there is besides. */
struct summary_value {
	struct slice predicate;
	struct object object;
	uint64_t
		more; /* kind 0: so many weaker values; 0: too many claims to look at */
	uint64_t share; /* millionths */
	uint64_t claims, agents;
};

struct summary {
	struct slice subject;
	uint64_t predicates; /* of the subject, shown or not */
	const struct summary_row *rows;
	size_t row_count;
	const struct summary_value
		*values; /* of one pair together, strongest first */
	size_t value_count;
	const struct constraint *rules;
	size_t rule_count;
	bool more_rules; /* that are not shown */
};

/* Append an object as it is shown: bare, a reference behind an arrow. */
void summary_object(const struct object *o, struct buf *out);

/**
 * Read the line of a pair's consensus: fills all of out but predicate and moments.
 *
 * Of a set, the value is all its objects. Memory from the arena. 0, -ENOMEM, or -EBADMSG:
 * no such line.
 */
int summary_read(struct slice line, struct arena *a, struct summary_row *out);

/* The moments at which a pair with claims from oldest to newest is looked at: evenly
 * spread, both ends included; one where the ends are one. How many. */
unsigned summary_moments(
	uint64_t oldest, uint64_t newest, uint64_t moments[SUMMARY_MOMENTS]);

/* Append n bars, the greatest number as a full one; nothing where all are 0. */
void summary_bars(const uint64_t *numbers, unsigned n, struct buf *out);

void summary_print(const struct summary *s, struct buf *out);

#endif

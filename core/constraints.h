/* Rules: claims that say what is to be used and what is not.
 *
 * A predicate `forbidden:<topic>`, `must_use:<topic>` or `prefer:<topic>` states a rule of
 * its subject; each object on it that has more support for it than against is in force,
 * whatever else is. An object that is forbidden and must be used, in one topic, is a
 * conflict: it is shown as one, and nobody decides it. */
#ifndef CORE_CONSTRAINTS_H
#define CORE_CONSTRAINTS_H

#include "core/lens.h"

enum constraint_rule {
	CONSTRAINT_FORBIDDEN,
	CONSTRAINT_MUST_USE,
	CONSTRAINT_PREFER,
	CONSTRAINTS, /* none */
};

/* The words of the enumerators. */
const char *constraint_name(enum constraint_rule rule);

/* Which rule a predicate states, and of what: topic borrows from it. CONSTRAINTS: it states
 * none. Predicates in byte order are in the order of rules, and then of topics. */
enum constraint_rule constraint_of(struct slice predicate, struct slice *topic);

struct constraint {
	enum constraint_rule rule;
	struct slice topic;
	struct object object;
	uint64_t confidence; /* millionths: see constraints_add() */
	uint32_t agents;     /* that stand behind it */
	struct id id;	     /* of its leading claim, */
	struct slice note;   /* whose note this is; p NULL: none */
	bool conflict;
};

/**
 * Append to `to` (of struct constraint) what is in force on one pair, strongest first.
 *
 * Each object is judged alone, by counted support: its confidence is support / (support +
 * TALLY_PRIOR), as that of a consensus that nobody disputes. All text is copied into the
 * arena. 0, -ENOMEM, or what bodies->read said.
 */
int constraints_add(enum constraint_rule rule, struct slice topic,
	const struct lens_input *l, const struct bodies *bodies, struct arena *a,
	struct buf *to);

/* Mark the conflicts among all rules of a subject. 0 or -ENOMEM. */
int constraints_compare(struct constraint *all, size_t n);

/* Append a line of `_constraints`: rule, topic, object, confidence, agents, id, note;
 * "conflict":true where it is one. */
void constraint_print(const struct constraint *c, struct buf *out);

#endif

/* One subject, for the files that tell of all its pairs: its predicates, and its rules. */
#ifndef FS_SUBJECT_LOOK_H
#define FS_SUBJECT_LOOK_H

#include "core/constraints.h"
#include "fs/listing.h"

enum {
	LOOK_SHOWN = 200, /* predicates in a table that somebody reads */
	LOOK_RULES = 200, /* predicates whose rules are told beside it */
};

/* A zeroed one is empty. */
struct subject_look {
	struct arena arena;
	struct name_list shown;	       /* the first predicates, in byte order, */
	struct name_list rules;	       /* those that state rules, */
	size_t shown_most, rules_most; /* at most so many; */
	uint64_t predicates;	       /* of all, so many there are */
	bool more_rules;	       /* some were left out */
};

void subject_look_end(struct subject_look *l);
#define SUBJECT_LOOK_AUTO(name)                                                    \
	__attribute__((cleanup(subject_look_end))) struct subject_look name = {0}

/* List the predicates of p's subject, within shown_most and rules_most. */
int subject_look(
	struct request *rq, const struct place *p, struct subject_look *out);

/* How old that is what the predicates listed say, and by what it is known: mends attr. */
int subject_look_stat(struct request *rq, const struct place *p,
	const struct subject_look *l, struct attr *attr);

/* Append the rules in force (struct constraint, in the arena of l) on the predicates
 * listed, in their order, compared with each other. */
int subject_look_rules(struct request *rq, const struct place *p,
	struct subject_look *l, struct buf *out);

#endif

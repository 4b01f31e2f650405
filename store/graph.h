/* The graph around the pairs: who cites, rests on, points at, signed or is called what.
 *
 * Lists of assertions (by source, agent, epoch, premise), the names that sources, agents
 * and epochs have, references the other way round, pairs that are contested. Their rows
 * are written with the record that brings them (or, once for all of a batch, at its end),
 * a fixed number for each, whatever the
 * length of the lists; what store/snap.h promises about them is answered by walking rows,
 * leaving out what the reader's context does not see. */
#ifndef STORE_GRAPH_H
#define STORE_GRAPH_H

#include "store/change.h"

/* ---- writing (store/apply_graph.c) ---- */

/* The rows of a record whose own are written; agents: the numbers of its signers. */
int graph_apply(struct change *c, const struct frame *f, const struct record *r,
	const struct id *id, const uint32_t *agents);

/* Put what a batch's records left to its end. 0 or -errno. */
int graph_flush(struct change *c);

/* Keep whether a pair is contested: was, as its row said before, and is now. first: the
 * log offset of the record that brought the pair. */
int graph_contested(struct change *c, struct slice subject, struct slice predicate,
	uint64_t first, bool was, bool is);

#endif

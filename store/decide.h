/* May this record enter the log, as what? Decided in the order of the log, by the
 * committer, against everything before it. */
#ifndef STORE_DECIDE_H
#define STORE_DECIDE_H

#include "store/change.h"
#include "store/store.h"

enum verdict {
	VERDICT_APPEND, /* as it is */
	VERDICT_COSIGN, /* it is known; the entries left are new signatures on it */
	VERDICT_DUPLICATE, /* nothing new; known_seq and known_id say where it
			      stands */
	VERDICT_REFUSE,	   /* err says why */
	VERDICT_FATAL,	   /* the index failed; err says how */
};

struct decision {
	enum verdict verdict;
	uint64_t known_seq;
	struct id known_id;
};

/* e's signatures may be cut down to those that are new (VERDICT_COSIGN, and
 * cosignature records). now: of the store's clock. */
struct decision decide(
	struct change *c, struct entry *e, uint64_t now, struct error *err);

#endif

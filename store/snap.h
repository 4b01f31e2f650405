/* Reading: what a store knows, as one moment and one context show it.
 *
 * Take a snapshot, say what the reader may see, ask, end it. What a snapshot shows never
 * changes and is always consistent; a record whose submission was called back as
 * accepted is in every snapshot taken from then on. All that is asked is answered within
 * the context (core/context.h), and there is no other way from a path to a lens.
 *
 * Names, ids and slices that a visitor is given are borrowed for the length of the call.
 * A visitor returns != 0 to stop. Functions return 0 or -errno: -ENOENT where there is no
 * such thing in this context, -EBADMSG where log or index are damaged, -EIO, -ENOMEM.
 * Part of the face of the store: include store/store.h. */
#ifndef STORE_SNAP_H
#define STORE_SNAP_H

#include "core/claim.h"
#include "core/context.h"
#include "core/lens.h"

struct store;
struct snap;

/* Cheap; hold it for one request only. */
int store_snap(struct store *s, struct snap **out);
void snap_end(struct snap **p); /* for __attribute__((cleanup)) */
#define SNAP_AUTO(name) __attribute__((cleanup(snap_end))) struct snap *name = NULL

/* What the reader may see, from the next question on; c must outlive them. NULL: all. */
void snap_see(struct snap *s, const struct context *c);

/* What time it is for the reader, ns: context_now() of the store's clock. */
uint64_t snap_now(const struct snap *s);

/**
 * The seq of the last record that had been received by `at` (0: none yet).
 *
 * Waits for records that arrived by then and are still being committed, so the answer
 * never changes; a snapshot taken before may lack them. -ENOENT: `at` is now or later.
 */
int store_seq_at(struct store *s, uint64_t at, uint64_t *seq);

/* When the record of that seq was received; -ENOENT where there is none (yet). */
int seq_time(struct snap *s, uint64_t seq, uint64_t *received_at);

struct snap_totals {
	uint64_t seq;	      /* of the last record that is seen */
	uint64_t received_at; /* of the last record, 0: none */
	struct id head;	      /* chain value: commits to the whole history */
	uint64_t log_end;     /* log offset of the next frame */
	/* of the whole store, whatever the context: */
	uint64_t subjects, pairs, claims, votes, agents;
	uint64_t subjects_mtime; /* when the newest subject came */
	uint64_t events_size;	 /* up to seq */
	uint64_t settings_seq; /* of the newest setting that can change an answer */
	uint64_t contested; /* changes whenever a pair becomes or ceases to be so */
};
void snap_totals(struct snap *s, struct snap_totals *out);

/* ---- subjects and pairs ---- */

/* A subject or a pair as a directory. */
struct place_info {
	uint64_t
		generation; /* changes whenever any file below may have changed for a
				reason that lies in the pair or in the settings */
	uint64_t mtime; /* ns: the newest record that can affect a file (pairs), or
			   when the newest predicate came (subjects) */
	uint64_t
		candidates; /* pairs: live claims; subjects: predicates. Of the whole
				store, whatever the context */
};

int subject_find(struct snap *s, struct slice subject, struct place_info *out);
/* In a context: where it has a claim there, withdrawn or not. */
int pair_find(struct snap *s, struct slice subject, struct slice predicate,
	struct place_info *out);

/* Names in byte order. Called for each name after `after` (0: from the start) with
 * the cookie from which a listing goes on behind it: stable as long as the store
 * exists. */
typedef int name_visit(void *ctx, struct slice name, uint64_t cookie);
int subject_list(struct snap *s, uint64_t after, name_visit *visit, void *ctx);
int predicate_list(struct snap *s, struct slice subject, uint64_t after,
	name_visit *visit, void *ctx);

/* Append the consensus: the line of the `consensus` file; materialized where the
 * context cuts nothing, and verified against its checksum (resolved anew when that does
 * not hold). value (may be NULL) gets what `value/consensus` holds, or nothing where the
 * lens has no winner. */
int pair_consensus(struct snap *s, struct slice subject, struct slice predicate,
	struct buf *line, struct buf *value);

/* All candidates of a pair for the lenses, in the arena. */
int pair_load(struct snap *s, struct slice subject, struct slice predicate,
	struct arena *a, struct candidates *out);

/* The body of a claim, with the id verified; slices borrow from scratch. */
int claim_read(struct snap *s, const struct candidate *c, struct buf *scratch,
	struct record *out);

/* The candidates of a pair by (timestamp, id), from the one behind `behind` on (NULL: all),
 * a few at a time in memory. What a visitor is given is valid during the call. */
typedef int candidate_visit(
	void *ctx, const struct candidate *c, const struct agent *signers);
int pair_claims(struct snap *s, struct slice subject, struct slice predicate,
	const struct claim_ref *behind, candidate_visit *visit, void *ctx);

/* Append the event lines of records that touched a pair, in log order, from the one behind
 * *seq on up to `last`, until `enough` bytes are there; *seq is then that of the last one.
 * Under stage/, tier/ and in-epoch/: those of claims that are seen there, and what was said
 * about these. */
int pair_history(struct snap *s, struct slice subject, struct slice predicate,
	uint64_t *seq, uint64_t last, size_t enough, struct buf *out);

/* The full id behind a unique prefix of at least 8 hex digits (either case) among
 * the claims on one pair. -ENOTUNIQ, -EINVAL (no such prefix). */
int pair_claim_by_prefix(struct snap *s, struct slice subject,
	struct slice predicate, struct slice prefix, struct id *out);

/* ---- the feed ---- */

/* Append at most n bytes of events.jsonl from byte offset on; fewer only at the end. At
 * a moment (at/) it ends there; other cuts do not change it. */
int events_read(struct snap *s, uint64_t offset, size_t n, struct buf *out);
/* The byte of the feed at which the line of the record behind seq begins. */
int events_offset(struct snap *s, uint64_t seq, uint64_t *out);

/* ---- assertions, by id ---- */

/* The id behind a unique prefix of 8 to 64 hex digits (either case) among all
 * assertions that are seen. -ENOTUNIQ, -EINVAL. */
int assertion_find(struct snap *s, struct slice prefix, struct id *out);

/* How an assertion stands. Arrays live in the arena, sorted by agent key. */
struct assertion {
	struct id id;
	struct record record;	/* borrows from the arena */
	struct slice canonical; /* the bytes that the id is the hash of */
	uint64_t seq, received_at;
	uint8_t lifecycle; /* as they count, see core/tally.h */
	uint8_t source_class;
	const struct agent *signers; /* who stands behind it now */
	uint32_t signer_count;
	const struct signature *signatures; /* the standing entry of each who ever
					       signed, withdrawn or not */
	uint32_t signature_count;
	bool withdrawn; /* nobody stands behind it anymore */
	bool replaced;	/* ... because another has taken its place: */
	struct id by;
};
int assertion_load(struct snap *s, const struct id *id, struct arena *a,
	struct assertion *out);

/* Ids in the order said at each function. */
typedef int id_visit(void *ctx, const struct id *id);

/* The counted vote of each agent on one assertion, by agent key; 0 weights are left
 * out, votes that a retraction withdrew too. */
struct counted_vote {
	struct agent agent;
	struct id id;
	uint64_t timestamp;
	uint32_t weight;
	bool against;
};
typedef int vote_visit(void *ctx, const struct counted_vote *v);
int assertion_votes(
	struct snap *s, const struct id *id, vote_visit *visit, void *ctx);

/* The assertions that name id in `because`, by (timestamp, id). */
int assertion_users(
	struct snap *s, const struct id *id, id_visit *visit, void *ctx);

/* ---- lists of assertions: by (timestamp, id), withdrawn ones too; behind: from the one
 * behind that on (NULL: all) ---- */

/* A source's name is the text of "source"; a name that no file could have is found by
 * the BLAKE3 of that text. -ENOENT: nothing seen cites it. */
int source_find(struct snap *s, struct slice source);
int source_find_hash(struct snap *s, const struct id *hash, struct buf *name);
/* In byte order (of names that begin with the same 480 bytes, in that of their hashes);
 * the cookie is the offset of the record that brought it. */
int source_list(struct snap *s, uint64_t after, name_visit *visit, void *ctx);
int source_claims(struct snap *s, struct slice source,
	const struct claim_ref *behind, id_visit *visit, void *ctx);
/* Does the list have that claim, seen or not? 0 or -ENOENT. */
int source_has(struct snap *s, struct slice source, const struct claim_ref *claim);

/* An agent is known once anything it signed is. */
int agent_find(struct snap *s, const struct agent *a);
/* In order of appearance; the name is the key's 32 bytes. */
int agent_list(struct snap *s, uint64_t after, name_visit *visit, void *ctx);
int agent_claims(struct snap *s, const struct agent *a,
	const struct claim_ref *behind, id_visit *visit, void *ctx);
int agent_has(struct snap *s, const struct agent *a, const struct claim_ref *claim);

struct agent_profile {
	struct slice
		name; /* of the newest profile record; p NULL: none. In the arena */
	uint64_t since; /* its timestamp */
	uint32_t trust; /* millionths */
	bool admitted, steward;
	uint8_t grants;	 /* bits 1 << class */
	uint64_t claims; /* assertions it signed */
};
int agent_profile(struct snap *s, const struct agent *a, struct arena *arena,
	struct agent_profile *out);

/* Names that agents call themselves now, in byte order; and who does, by key. */
int agent_name_list(struct snap *s, uint64_t after, name_visit *visit, void *ctx);
int agent_name_keys(struct snap *s, struct slice name,
	int (*visit)(void *ctx, const struct agent *a), void *ctx);

/* ---- epochs ---- */

/* The ids that bear a name, or the one that name spells as 64 hex digits; by (timestamp,
 * id). -ENOENT: none. */
int epoch_find(struct snap *s, struct slice name, id_visit *visit, void *ctx);
int epoch_list(struct snap *s, uint64_t after, name_visit *visit, void *ctx);

struct epoch {
	struct id id;
	struct slice name; /* in the arena */
	uint64_t timestamp;
	const struct agent *signers;
	uint32_t signer_count;
	uint8_t supersession; /* SUPERSESSION_NONE: it supersedes nothing */
	struct id target;
	bool in_force; /* its author had the right to supersede the target */
	bool hidden;   /* superseded: the lens `epoch` does not see its claims */
};
int epoch_load(
	struct snap *s, const struct id *id, struct arena *a, struct epoch *out);
/* The epochs that supersede id, in force or not, by (timestamp, id). */
int epoch_successors(
	struct snap *s, const struct id *id, id_visit *visit, void *ctx);
/* Those of n epochs as one list. */
int epoch_claims(struct snap *s, const struct id *ids, size_t n,
	const struct claim_ref *behind, id_visit *visit, void *ctx);
int epoch_has(struct snap *s, const struct id *id, const struct claim_ref *claim);

/* ---- what points where ---- */

/* The subjects with a live claim that points at `subject` by a reference: predicates in
 * byte order, and the subjects of one. */
int inbound_predicates(struct snap *s, struct slice subject, uint64_t after,
	name_visit *visit, void *ctx);
int inbound_subjects(struct snap *s, struct slice subject, struct slice predicate,
	uint64_t after, name_visit *visit, void *ctx);

/* ---- disagreement ---- */

/* Is the pair contested? 0 or -ENOENT. */
int conflict_find(struct snap *s, struct slice subject, struct slice predicate);
/* Subjects that have contested pairs, predicates of one: exactly those that are
 * contested in this context. From rows where it cuts nothing and settings owe nothing;
 * else pairs are resolved until the visitor stops. */
int conflict_subjects(struct snap *s, uint64_t after, name_visit *visit, void *ctx);
int conflict_predicates(struct snap *s, struct slice subject, uint64_t after,
	name_visit *visit, void *ctx);
/* All contested pairs in the order of their names, for whoever is about to resolve them
 * anyway: where rows do not tell, all others as well. */
typedef int pair_visit(
	void *ctx, struct slice subject, struct slice predicate, uint64_t cookie);
int conflict_pairs(struct snap *s, uint64_t after, pair_visit *visit, void *ctx);

/* ---- what changed ---- */

/* The pairs whose records or whose answers may have changed behind seq, each once, in
 * the order of their names. */
int changed_pairs(
	struct snap *s, uint64_t seq, uint64_t after, pair_visit *visit, void *ctx);

/* The claims whose line in a list of assertions, or whose place among the candidates of
 * their pair, may have become another one by the records behind seq. Some more than once.
 * 1: these are too many to look at, or touch all. */
typedef int claim_visit(void *ctx, struct slice subject, struct slice predicate,
	const struct claim_ref *claim);
int changed_claims(struct snap *s, uint64_t seq, claim_visit *visit, void *ctx);

/* The same of the records in the history of a pair, by their seq; where nothing is cut but
 * by at/. */
typedef int seq_visit(void *ctx, uint64_t seq);
int changed_history(struct snap *s, struct slice subject, struct slice predicate,
	uint64_t seq, seq_visit *visit, void *ctx);

/* The seq of the record with this id. */
int record_seq(struct snap *s, const struct id *id, uint64_t *out);

#endif

/* Kinds of places: what one row of the table in fs/kinds.c is made of.
 *
 * A row stands in the `entries` of the directory it appears in. With a name it is one entry
 * of that name; without, `find` and `list` say which names it answers to. The other
 * functions say what is special; what is NULL is ordinary: always there, open to all who the
 * mode lets in, owned by who mounted, as old as the newest record, taking nothing (-EROFS).
 *
 * Functions get the request, for the store, the caller and the one snapshot that all
 * answers of a request come from. */
#ifndef FS_KIND_H
#define FS_KIND_H

#include <errno.h>

#include "fs/place.h"
#include "fs/tree.h"

struct renderings;
struct scrolls;

struct tree {
	struct store *store;
	struct inbox *inbox;
	uid_t owner;
	gid_t group;
	struct renderings *kept;
	struct scrolls *scrolls;
	struct place root;
};

struct request {
	struct tree *tree;
	const struct caller *who;
	struct snap *snap; /* taken by request_snap(), when first needed */
	const struct context *context; /* what the snapshot shows; NULL: all */
};
#define REQUEST_AUTO(name, t, caller)                                              \
	__attribute__((cleanup(request_end))) struct request name = {              \
		.tree = (t), .who = (caller)}
void request_end(struct request *rq);

/* Have rq->snap; 0 or what store_snap() said. */
int request_snap(struct request *rq);

/* From now on it is p that is asked about: the snapshot shows what p's context lets one
 * see. Done by the tree, before any function of a kind is called; p must outlive what is
 * asked then. */
void request_about(struct request *rq, const struct place *p);

/* Give the snapshot back: the next one is newer. */
void request_drop(struct request *rq);

/* The child of a directory; see tree_find(). It is asked about from then on. */
int request_find(struct request *rq, const struct place *dir, struct slice name,
	struct place **out);

/* May the caller look inside, read, take away? p is asked about from then on. */
int request_allowed(struct request *rq, const struct place *p);

/* What the layers below say in words of their own, a program has never heard of. */
static inline int errno_of(int rc)
{
	return rc == -EBADMSG || rc == -ENOTUNIQ ? -EIO : rc;
}

/* The content of p at this moment, kept or made; see tree_render(). */
int request_render(
	struct request *rq, const struct place *p, const struct rendering **out);

/* A line of a long file: what is printed next comes behind it; zeroed, before the first. What
 * it means is for those to know who print it; where they tell what has changed, marks are
 * ordered as the lines are. */
struct mark {
	uint64_t number;
	struct id id;
};
int mark_compare(const struct mark *a, const struct mark *b);

/* A file of lines that may be many: printed a part at a time, and not held as a whole when
 * it is long (fs/scroll.h). What it says depends on nothing but the records that its place's
 * context lets one see: not on the clock, nor on who asks. */
struct lines {
	/* Append the lines behind *at, up to that of `until` (NULL: the last one), but no
	 * more once `enough` bytes are there; *at is then the mark of the last one. */
	int (*print)(struct request *rq, const struct place *p, struct mark *at,
		const struct mark *until, size_t enough, struct buf *out);
	/* Call note for the mark of every line that may have changed, come or gone by the
	 * records behind seq. 1: any line may have. NULL: that is not known. */
	int (*changed)(struct request *rq, const struct place *p, uint64_t seq,
		void (*note)(void *ctx, const struct mark *m), void *ctx);
	/* Printed from rows that tell of the present alone: the moment of a snapshot costs
	 * much less than the same moment later. */
	bool present;
};

/* Where the entries of a listing go. */
struct listing;

/* One entry, with its cookie (> 0) within its row. != 0: stop. */
int listing_add(struct listing *l, struct slice name, mode_t type, uint64_t cookie);

/* Changes that a place takes. Each may be NULL: -EROFS. Directories: */
struct taking {
	int (*create)(struct request *rq, const struct place *dir,
		struct slice name, bool exclusive);
	int (*mkdir)(
		struct request *rq, const struct place *dir, struct slice name);
	/* p is there. */
	int (*rmdir)(struct request *rq, const struct place *p);
	int (*unlink)(struct request *rq, const struct place *p);
	bool renames; /* names may be renamed here: the inbox and its lanes */

	/* Places that are written to as a stream. out borrows from p; what fs/sink.h says
	 * of it holds already for the path. */
	void (*target)(const struct place *p, struct sink_target *out);
	int (*truncate)(struct request *rq, const struct place *p, uint64_t size);
	int (*set_attr)(struct request *rq, const struct place *p);
};

struct kind {
	const char *name;
	mode_t mode;		    /* type and permissions */
	const struct kind *entries; /* of a directory; a zeroed row ends them */

	/* Rows without a name. find recognises a name: it fills what the path says into
	 * place (whose slices may borrow from name and scratch), or -ENOENT. list adds the
	 * names behind `after`; NULL: they are looked up, not listed. */
	int (*find)(struct request *rq, const struct place *dir, struct slice name,
		struct buf *scratch, struct place *place);
	int (*list)(struct request *rq, const struct place *dir, uint64_t after,
		struct listing *to);
	/* The cookies of list are of any size: there is one such row in a directory, the
	 * last. Others have at most ROW_COOKIES - 1 entries. */
	bool endless;

	/* 0, or -ENOENT where there is no such place at this moment. */
	int (*exists)(struct request *rq, const struct place *p);
	/* May the caller look inside, read, take away? 0 or -EACCES. For what the mode
	 * cannot say, and for callers that modes do not stop. */
	int (*allow)(struct request *rq, const struct place *p);
	/* Mend attr, which holds the ordinary. A version that is not 0 says that the content
	 * is known by it, and may be kept; else it is rendered anew each time and the
	 * version is a hash. */
	int (*stat)(struct request *rq, const struct place *p, struct attr *attr);
	/* Append the content; may mend attr's version and mtime. NULL: empty. */
	int (*render)(struct request *rq, const struct place *p, struct attr *attr,
		struct buf *out);
	/* ... or this, of long ones. */
	const struct lines *lines;
	/* Live files: append at most n bytes from offset on. Their stat gives the size. */
	int (*read)(struct request *rq, const struct place *p, uint64_t offset,
		size_t n, struct buf *out);
	int (*link)(struct request *rq, const struct place *p, struct buf *out);

	bool unlisted; /* has a name, but is looked up and not listed */
	/* Does not stand under a context: no part of the graph. Nor do streams. */
	bool outside;
	/* Whether it is there, or what it says, depends on the clock or on who asks, also
	 * at a moment that is past. */
	bool moving;

	bool resolves; /* a pair through a lens: has user.stemefs.* */
	bool claims;   /* a claim by itself: has some of them, too */
	const struct taking *taking;
};

enum {
	ROW_COOKIES =
		64, /* row i of a directory has cookies from (i + 1) * 64 on */
	ENDLESS_COOKIES = 4096, /* an endless row from here on */
};

/* The table: fs/kinds.c. The entries of the root are those of every context as well. */
extern const struct kind kind_root;
extern const struct kind root_entries[];

/* fs/tree_context.c: at/, asof/, stage/, tier/, in-epoch/, since/, which must not stand in
 * the path already, and what stands behind them. */
int prefix_exists(struct request *rq, const struct place *p);
int at_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int asof_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int stage_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int tier_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int in_epoch_row_find(struct request *rq, const struct place *dir,
	struct slice name, struct buf *scratch, struct place *place);
int since_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int ago_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int context_exists(struct request *rq, const struct place *p);
int now_link(struct request *rq, const struct place *p, struct buf *out);
int ago_link(struct request *rq, const struct place *p, struct buf *out);

/* fs/tree_since.c: since/<time>/. */
int since_events_stat(struct request *rq, const struct place *p, struct attr *attr);
int since_events_chunk(struct request *rq, const struct place *p, uint64_t offset,
	size_t n, struct buf *out);
extern const struct lines changed_lines;

/* fs/tree_places.c: subjects/<S>/<P>. */
int subject_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int subject_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to);
int subjects_stat(struct request *rq, const struct place *p, struct attr *attr);
int subject_stat(struct request *rq, const struct place *p, struct attr *attr);
int predicate_row_find(struct request *rq, const struct place *dir,
	struct slice name, struct buf *scratch, struct place *place);
int predicate_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to);
int pair_stat(struct request *rq, const struct place *p, struct attr *attr);

/* fs/tree_pair.c: the files of a pair. */
int pair_exists(struct request *rq, const struct place *p);
int lens_stat(struct request *rq, const struct place *p, struct attr *attr);
int lens_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int lens_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to);
int lens_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int value_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to);
int value_exists(struct request *rq, const struct place *p);
int value_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int why_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
extern const struct lines claims_lines, history_lines;

/* fs/tree_subject.c: subjects/<S>/_constraints, _summary.md. */
int constraints_exists(struct request *rq, const struct place *p);
int constraints_stat(struct request *rq, const struct place *p, struct attr *attr);
int constraints_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int summary_exists(struct request *rq, const struct place *p);
int summary_stat(struct request *rq, const struct place *p, struct attr *attr);
int summary_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);

/* fs/tree_made.c: places that somebody makes, and what is written to them. */
extern const struct taking taking_subjects, taking_subject, taking_pair;
extern const struct taking taking_assert, taking_vote;
/* What was taken is in the log: nothing is cut back, nothing set, and both may be tried. */
int truncate_nothing(struct request *rq, const struct place *p, uint64_t size);
int set_nothing(struct request *rq, const struct place *p);

/* fs/tree_look.c: stat for files that any record may change: their version is the last seq;
 * and for directories that may cease to be. */
int every_record_stat(struct request *rq, const struct place *p, struct attr *attr);
int fleeting_stat(struct request *rq, const struct place *p, struct attr *attr);

/* fs/tree_graph.c: target of a pair, subjects/<S>/_in/<P>/<S2>; does anybody point at a
 * subject (0 or -ENOENT)? */
int pointed_at(struct snap *s, struct slice subject);
int target_exists(struct request *rq, const struct place *p);
int target_link(struct request *rq, const struct place *p, struct buf *out);
int in_exists(struct request *rq, const struct place *p);
int in_predicate_row_find(struct request *rq, const struct place *dir,
	struct slice name, struct buf *scratch, struct place *place);
int in_predicate_row_list(struct request *rq, const struct place *dir,
	uint64_t after, struct listing *to);
int in_subject_row_find(struct request *rq, const struct place *dir,
	struct slice name, struct buf *scratch, struct place *place);
int in_subject_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to);
int in_subject_link(struct request *rq, const struct place *p, struct buf *out);

/* fs/tree_assertion.c, fs/tree_used_by.c: assertions/<id or prefix>/… */
enum {
	USED_BY_MAX =
		10000, /* lines of used-by.jsonl; each is the work of a lookup */
};
int assertion_row_find(struct request *rq, const struct place *dir,
	struct slice name, struct buf *scratch, struct place *place);
int claim_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int record_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int signatures_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int votes_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int used_by_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
extern const struct taking taking_weigh, taking_cosign, taking_retract,
	taking_supersede;

/* fs/tree_sources.c: sources/<source>/claims.jsonl. */
int source_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int source_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to);
extern const struct lines source_lines;

/* fs/tree_agents.c: agents/<key>/…, agents/me, agents/by-name/<name>/<key>. */
int agent_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int agent_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to);
int profile_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
extern const struct lines agent_lines;
int me_exists(struct request *rq, const struct place *p);
int me_link(struct request *rq, const struct place *p, struct buf *out);
int by_name_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int by_name_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to);
int bearer_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int bearer_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to);
int bearer_link(struct request *rq, const struct place *p, struct buf *out);

/* fs/tree_epochs.c: epochs/<name>/… */
int epoch_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int epoch_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to);
int epoch_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
extern const struct lines epoch_lines;

/* fs/tree_conflicts.c: conflicts/<S>/<P>, conflicts.jsonl. */
int conflict_subject_row_find(struct request *rq, const struct place *dir,
	struct slice name, struct buf *scratch, struct place *place);
int conflict_subject_row_list(struct request *rq, const struct place *dir,
	uint64_t after, struct listing *to);
int conflict_row_find(struct request *rq, const struct place *dir,
	struct slice name, struct buf *scratch, struct place *place);
int conflict_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to);
int conflict_link(struct request *rq, const struct place *p, struct buf *out);
extern const struct lines conflicts_lines;

/* fs/tree_inbox.c: inbox/, and receipts. */
int inbox_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int inbox_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to);
int lane_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int inbox_allow(struct request *rq, const struct place *p);
int inbox_stat(struct request *rq, const struct place *p, struct attr *attr);
int inbox_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int receipt_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int receipt_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to);
int receipt_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
extern const struct taking taking_inbox, taking_lane, taking_inbox_name;

/* fs/tree_dot.c: .stemefs/…, and the log of all records. */
int uid_row_find(struct request *rq, const struct place *dir, struct slice name,
	struct buf *scratch, struct place *place);
int uid_row_list(struct request *rq, const struct place *dir, uint64_t after,
	struct listing *to);
int own_allow(struct request *rq, const struct place *p);
int own_stat(struct request *rq, const struct place *p, struct attr *attr);
int own_link(struct request *rq, const struct place *p, struct buf *out);
int own_error_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int own_receipt_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int own_errors_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int version_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int head_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int events_exists(struct request *rq, const struct place *p);
int events_stat(struct request *rq, const struct place *p, struct attr *attr);
int events_chunk(struct request *rq, const struct place *p, uint64_t offset,
	size_t n, struct buf *out);

/* fs/dot_status.c: the files of .stemefs/ that report. */
int status_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int metrics_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int limits_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);

/* fs/guide.c: README.md; and stat for all that is part of the program, which no record
 * can change: also directories whose entries are always the same. */
int program_stat(struct request *rq, const struct place *p, struct attr *attr);
int guide_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int guide_link(struct request *rq, const struct place *p, struct buf *out);

#endif

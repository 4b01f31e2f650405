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

#include "fs/place.h"
#include "fs/tree.h"

struct renderings;

struct tree {
	struct store *store;
	struct inbox *inbox;
	uid_t owner;
	gid_t group;
	struct renderings *kept;
	struct place root;
};

struct request {
	struct tree *tree;
	const struct caller *who;
	struct snap *snap; /* taken by request_snap(), when first needed */
};
#define REQUEST_AUTO(name, t, caller)                                              \
	__attribute__((cleanup(request_end))) struct request name = {              \
		.tree = (t), .who = (caller)}
void request_end(struct request *rq);

/* Have rq->snap; 0 or what store_snap() said. */
int request_snap(struct request *rq);

/* The content of p at this moment, kept or made; see tree_render(). */
int request_render(
	struct request *rq, const struct place *p, const struct rendering **out);

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
	/* Live files: append at most n bytes from offset on. Their stat gives the size. */
	int (*read)(struct request *rq, const struct place *p, uint64_t offset,
		size_t n, struct buf *out);
	int (*link)(struct request *rq, const struct place *p, struct buf *out);

	bool resolves; /* a pair through a lens: has user.stemefs.* */
	const struct taking *taking;
};

enum {
	ROW_COOKIES =
		64, /* row i of a directory has cookies from (i + 1) * 64 on */
	ENDLESS_COOKIES = 4096, /* an endless row from here on */
};

/* The table: fs/kinds.c. */
extern const struct kind kind_root;

/* fs/tree_pair.c: subjects/<S>/<P>/… */
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
int pair_exists(struct request *rq, const struct place *p);
int pair_stat(struct request *rq, const struct place *p, struct attr *attr);
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
int claims_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);
int history_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out);

/* fs/tree_made.c: places that somebody makes, and what is written to them. */
extern const struct taking taking_subjects, taking_subject, taking_pair;
extern const struct taking taking_assert, taking_vote;

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

/* The tree: what is at this path, list this, render this, take these bytes.
 *
 * It knows nothing of FUSE: the FUSE adapter is one door to it, the command line another,
 * and both show the same bytes. A place is one node of the tree; the table of kinds in
 * fs/kinds.c says for each kind its name, mode and what finds, lists and renders it:
 * adding a file to the tree is adding a row there and one function.
 *
 * Every function is thread-safe; errors are -errno, ready for the kernel. */
#ifndef FS_TREE_H
#define FS_TREE_H

#include <sys/stat.h>
#include <sys/types.h>

#include "core/buf.h"
#include "fs/inbox.h"
#include "fs/sink.h"
#include "store/store.h"

struct tree;
struct place;

struct tree_options {
	struct store *store;
	struct inbox *inbox;
	uid_t owner; /* who mounted: owns what nobody else owns */
	gid_t group;
	size_t cache_bytes; /* bound of the kept renderings; 0: default */
};

int tree_new(const struct tree_options *o, struct tree **out);
void tree_free(struct tree *t);

/* ---- one moment ---- */

/* From now on the root is that of a moment, as at/<moment> is in the whole tree, and nothing
 * under it changes any more. Before anything else is asked, of a store that was opened with
 * store_open_reading(). moment: "now", "seq-42", "-24h" or a time; name gets what it came
 * to: the moment's name below at/. 0; -ENOENT where it is not past, or there is no such
 * record; -errno; with err. */
int tree_freeze(
	struct tree *t, struct slice moment, struct buf *name, struct error *err);

/* Of a tree that is frozen: does this link depend on the clock or on who asks all the
 * same? And can no name appear in this directory? */
bool tree_moves(const struct place *p);
bool tree_closed(const struct place *dir);

/* ---- places ---- */

/* The root; never freed by the caller. */
struct place *tree_root(struct tree *t);

/* The child of a directory, or -ENOENT, -ENAMETOOLONG, -EACCES, -ENOTDIR. No side
 * effects. The place is the caller's: place_free(). */
int tree_find(struct tree *t, const struct place *dir, struct slice name,
	const struct caller *who, struct place **out);

/* The same along a path ("subjects/Tesla_Inc/revenue/consensus"; leading and doubled
 * slashes are nothing; `.` and `..` are not understood). */
int tree_walk(struct tree *t, struct slice path, const struct caller *who,
	struct place **out);

void place_free(struct place *p);

/* The path from the mount root, "" for the root: a place's identity. Borrowed from it. */
struct slice place_path(const struct place *p);

/* Stable inode number: a hash of the path; 1 for the root. */
uint64_t place_inode(const struct place *p);

/* Who is told to have changed when a place that LASTS_TOLD has: its pair; of a subject's
 * directory pair and subject are the same, of all subjects' both are 0. */
struct pair_mark place_mark(const struct place *p);

/* ---- looking ---- */

/* What changes a place, its name and attributes as much as its bytes. */
enum lasting {
	LASTS_UNKNOWN, /* anything: the clock, other pairs' records, who asks */
	LASTS_TOLD,    /* its pair; the store's watcher is told (store_watch()) */
	LASTS_EVER,    /* nothing, while this tree stands */
};

struct attr {
	mode_t mode; /* with the type */
	uid_t uid;
	gid_t gid;
	uint64_t size;
	uint64_t mtime; /* ns */
	uint64_t inode;
	uint32_t links;
	/* A place at one version has the same bytes for ever; another version is another
	 * content. Live files (events.jsonl) grow under one version. */
	uint64_t version;
	bool live;   /* not a snapshot: size and bytes are asked for at each read */
	bool stream; /* written as a stream: inbox names, assert, vote */
	bool fleeting; /* a directory that may cease to be: its name is asked for anew */
	enum lasting lasting;
};

int tree_stat(struct tree *t, const struct place *p, const struct caller *who,
	struct attr *out);

struct rendering;

/* Both of one moment: the child of a directory, and what it is like. The place is the
 * caller's, made (as of tree_look()) too. */
int tree_lookup(struct tree *t, const struct place *dir, struct slice name,
	const struct caller *who, struct place **out, struct attr *attr,
	const struct rendering **made);

/* The same of a place, and what had to be rendered to know the size, for the caller to put; NULL: it
 * was known. */
int tree_look(struct tree *t, const struct place *p, const struct caller *who,
	struct attr *out, const struct rendering **made);

/* A content that does not change; shared, counted. */
struct printable;
struct rendering {
	struct slice bytes;	     /* all of it, */
	struct printable *printable; /* or, not NULL: printed where it is read */
	struct attr attr;	     /* size and version belong to this content */
};

/* At most n bytes of it from offset on, fewer only at the end: they borrow from it, or from
 * scratch. 0 or -errno. */
int rendering_read(const struct rendering *r, uint64_t offset, size_t n,
	struct buf *scratch, struct slice *out);
const struct rendering *rendering_ref(const struct rendering *r);
void rendering_put(const struct rendering *r); /* NULL is fine */

/* The content of a regular file (not live ones), from the kept renderings where the
 * version is still the same. */
int tree_render(struct tree *t, const struct place *p, const struct caller *who,
	const struct rendering **out);

/* Append at most n bytes of a live file. */
int tree_read_live(struct tree *t, const struct place *p, uint64_t offset, size_t n,
	struct buf *out);

/* Append what a symbolic link says; depends on the caller for some. */
int tree_link(struct tree *t, const struct place *p, const struct caller *who,
	struct buf *out);

/* Called for each entry behind `after` (0: from the start), without "." and "..", with the
 * cookie from which to go on behind it (> 0, stable). Return != 0 to stop. Lists only
 * what the caller can open. inode and type need no rendering. */
typedef int entry_visit(
	void *ctx, struct slice name, mode_t type, uint64_t inode, uint64_t cookie);
int tree_list(struct tree *t, const struct place *p, const struct caller *who,
	uint64_t after, entry_visit *visit, void *ctx);

/* user.stemefs.*: append the value; -ENODATA for unknown ones, -EOPNOTSUPP for names
 * outside user. */
int tree_xattr(struct tree *t, const struct place *p, const struct caller *who,
	struct slice name, struct buf *out);

/* Append the names, each with a final zero byte. */
int tree_xattr_list(struct tree *t, const struct place *p, const struct caller *who,
	struct buf *out);

/* ---- taking ---- */

/* Open a stream to a place that takes one; -EROFS for others, -EACCES for somebody
 * else's name. truncate: O_TRUNC. */
int tree_open_sink(struct tree *t, const struct place *p, const struct caller *who,
	bool truncate, struct sink **out);

/* In inbox/ (and lanes): names of one's own. In subjects/: mkdir makes a place that is
 * forgotten at unmount. Everywhere else -EROFS (-EEXIST where it exists). */
int tree_create(struct tree *t, const struct place *dir, struct slice name,
	const struct caller *who, bool exclusive, struct place **out);
int tree_mkdir(struct tree *t, const struct place *dir, struct slice name,
	const struct caller *who, struct place **out);
int tree_unlink(struct tree *t, const struct place *dir, struct slice name,
	const struct caller *who);
int tree_rmdir(struct tree *t, const struct place *dir, struct slice name,
	const struct caller *who);

/* Truncate to size: nothing but for a stream's pending bytes; -EROFS elsewhere. */
int tree_truncate(struct tree *t, const struct place *p, const struct caller *who,
	uint64_t size);

/* May attributes (mode, owner, times) be "set" here, without effect? 0 or -EROFS. */
int tree_set_attr(struct tree *t, const struct place *p, const struct caller *who);

/* Rename within the inbox; a scratch name that becomes a normal one is submitted, and
 * done gets the outcome once that is durable. done is called exactly once, maybe before
 * this returns. -EXDEV out of the inbox, -EROFS elsewhere. */
void tree_rename(struct tree *t, const struct place *from_dir, struct slice from,
	const struct place *to_dir, struct slice to, bool no_replace,
	const struct caller *who, sink_done *done, void *ctx);

/* May the caller do this here (R_OK, W_OK, X_OK of access(2))? 0, -EACCES, -EROFS. */
int tree_access(
	struct tree *t, const struct place *p, const struct caller *who, int mask);

#endif

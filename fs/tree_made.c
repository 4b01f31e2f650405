/* subjects/: places that somebody makes because nobody has mentioned them yet, and the two
 * files of a pair that are written to. */
#include <errno.h>

#include "core/name.h"
#include "core/quote.h"
#include "core/utf8.h"
#include "fs/kind.h"

static int refuse_spelling(struct slice file, struct error *err)
{
	BUF_AUTO(spelled);

	(void)fail(err, EINVAL, "\"%s\" is not how a name is spelled as a file",
		quote(file).text);
	if (utf8_check(file) != file.n)
		return fail_hint(err, "UTF-8 without invisible characters");
	name_encode(file, &spelled);
	return fail_hint(err,
		"%s where the name is meant as it stands; an escape is %% and two "
		"upper-case "
		"hex digits",
		quote(slice_of(spelled.p, spelled.n)).text);
}

/* Would a record take these names? The one who says so is the one who checks records. */
static int check_names(
	struct slice subject, struct slice predicate, struct error *err)
{
	struct record r = {
		.kind = RECORD_ASSERTION,
		.subject = subject,
		.predicate = predicate.p ? predicate : slice_str("any"),
		.object = {.kind = OBJECT_BOOL, .text = slice_str("true")},
		.timestamp = 1,
	};

	return record_check(&r, err);
}

static int make(struct request *rq, const struct place *dir, struct slice file,
	struct error *err)
{
	BUF_AUTO(scratch);
	struct slice name, subject, predicate = {0};

	if (name_decode(file, &scratch) < 0)
		return refuse_spelling(file, err);
	name = slice_of(scratch.p, scratch.n);
	subject = dir->subject.n ? dir->subject : name;
	if (dir->subject.n)
		predicate = name;
	if (check_names(subject, predicate, err) < 0)
		return -err->code;
	return inbox_place_make(rq->tree->inbox, rq->who, subject, predicate);
}

static int place_mkdir(
	struct request *rq, const struct place *dir, struct slice name)
{
	BUF_AUTO(path);
	struct error err = {0};
	int rc = make(rq, dir, name, &err);

	if (err.code) {
		buf_slice(&path, dir->path);
		buf_byte(&path, '/');
		buf_slice(&path, name);
		inbox_note_error(
			rq->tree->inbox, rq->who, slice_of(path.p, path.n), &err);
	}
	return rc;
}

/* What the store knows stays; what was only made may go. */
static int place_rmdir(struct request *rq, const struct place *p)
{
	struct slice none = {0};
	struct slice predicate = p->predicate.n ? p->predicate : none;
	struct place_info info;
	int rc = request_snap(rq);

	if (rc == 0)
		rc = predicate.p ? pair_find(rq->snap, p->subject, predicate, &info)
				 : subject_find(rq->snap, p->subject, &info);
	if (rc == 0)
		return -EROFS;
	if (rc != -ENOENT)
		return rc;
	return inbox_place_remove(rq->tree->inbox, rq->who, p->subject, predicate);
}

static void assert_target(const struct place *p, struct sink_target *out)
{
	out->form = SINK_VALUES;
	out->subject = p->subject;
	out->predicate = p->predicate;
}

static void vote_target(const struct place *p, struct sink_target *out)
{
	out->form = SINK_VOTES;
	out->subject = p->subject;
	out->predicate = p->predicate;
}

/* What was taken is in the log; there is nothing to cut back or to adorn, and `>` and cp
 * must be able to try. */
int truncate_nothing(struct request *rq, const struct place *p, uint64_t size)
{
	(void)rq;
	(void)p;
	(void)size;
	return 0;
}

int set_nothing(struct request *rq, const struct place *p)
{
	(void)rq;
	(void)p;
	return 0;
}

const struct taking taking_subjects = {.mkdir = place_mkdir};
const struct taking taking_subject = {.mkdir = place_mkdir, .rmdir = place_rmdir};
const struct taking taking_pair = {.rmdir = place_rmdir};
const struct taking taking_assert = {
	.target = assert_target,
	.truncate = truncate_nothing,
	.set_attr = set_nothing,
};
const struct taking taking_vote = {
	.target = vote_target,
	.truncate = truncate_nothing,
	.set_attr = set_nothing,
};

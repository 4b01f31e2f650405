/* Votes as people type them: `<id or prefix> <weight>`, `=<value> <weight>`, or JSON. */
#include <errno.h>

#include "core/decimal.h"
#include "core/quote.h"
#include "fs/sink_internal.h"

enum {
	PREFIX_MIN = 8,	 /* hex digits */
	HINT_VALUES = 4, /* of the strongest, when none is the one that was named */
};

static int vote_hint(struct error *err)
{
	return fail_hint(
		err, "like 3f2a9c01 0.8 or =EUR 1, with a weight from -1 to 1");
}

static int no_memory(struct error *err)
{
	return fail(err, ENOMEM, "out of memory");
}

/* ---- by value ---- */

/* The strongest values of the pair, as they would be written. */
static int hint_values(struct snap *snap, const struct candidates *in,
	const struct tally *t, struct error *err)
{
	BUF_AUTO(list);
	BUF_AUTO(scratch);
	uint32_t n =
		t->cluster_count < HINT_VALUES ? t->cluster_count : HINT_VALUES;

	for (uint32_t i = 0; i < n; i++) {
		BUF_AUTO(value);
		struct record r;

		if (claim_read(snap, &in->claims[t->clusters[i].leader], &scratch,
			    &r) < 0)
			continue;
		object_print(&r.object, &value);
		buf_printf(&list, "%s%s", list.n > 0 ? ", " : "",
			quote(slice_of(value.p, value.n)).text);
	}
	if (list.n == 0 || list.failed)
		return -err->code;
	return fail_hint(
		err, "the strongest are %.*s", (int)list.n, (char *)list.p);
}

static int find_cluster(struct snap *snap, const struct candidates *in,
	const struct object *value, struct arena *a, struct id *out,
	struct error *err)
{
	BUF_AUTO(scratch);
	struct tally t;
	int rc = tally(in, a, &t);

	if (rc < 0)
		return no_memory(err);
	for (uint32_t i = 0; i < t.cluster_count; i++) {
		const struct candidate *c = &in->claims[t.clusters[i].leader];
		struct record r;

		rc = claim_read(snap, c, &scratch, &r);
		if (rc < 0)
			return fail(
				err, -rc, "a claim of this pair cannot be read");
		if (r.object.kind != value->kind ||
			!slice_equal(r.object.text, value->text))
			continue;
		*out = c->id;
		return 0;
	}
	(void)fail_at(err, EINVAL, 1, "nobody claims this value here");
	return hint_values(snap, in, &t, err);
}

/* The leading claim of the value. text is behind the '='. */
static int find_value(const struct sink *s, struct snap *snap, struct slice text,
	struct arena *a, struct id *out, struct error *err)
{
	struct candidates in;
	struct object value;
	int rc = object_parse(text, a, &value, err);

	if (rc < 0) {
		if (err->offset >= 0)
			err->offset++;
		return rc;
	}
	rc = pair_load(snap, s->subject, s->predicate, a, &in);
	if (rc == -ENOENT)
		return fail_at(err, EINVAL, 0, "nobody claims anything here yet");
	if (rc < 0)
		return fail(err, -rc, "the claims of this pair cannot be read");
	return find_cluster(snap, &in, &value, a, out, err);
}

/* ---- by id ---- */

static int refuse_ambiguous(const struct sink *s, struct snap *snap,
	struct slice prefix, struct arena *a, struct error *err)
{
	struct candidates in = {0};
	char hex[ID_HEX + 1];
	uint32_t n = 0;

	(void)pair_load(snap, s->subject, s->predicate, a, &in);
	for (uint32_t i = 0; i < in.claim_count; i++) {
		hex_print(in.claims[i].id.b, ID_SIZE, hex);
		n += strncasecmp(hex, (const char *)prefix.p, prefix.n) == 0;
	}
	(void)fail_at(err, EINVAL, 0,
		"%s is not unique: %u live claims start with it",
		quote(prefix).text, n);
	return fail_hint(err, "give more digits");
}

static int find_claim(const struct sink *s, struct snap *snap, struct slice prefix,
	struct arena *a, struct id *out, struct error *err)
{
	int rc = pair_claim_by_prefix(snap, s->subject, s->predicate, prefix, out);

	switch (rc) {
	case 0:
		return 0;
	case -EINVAL:
		(void)fail_at(err, EINVAL, 0,
			"%s is no id and no prefix of %d digits",
			quote(prefix).text, PREFIX_MIN);
		return vote_hint(err);
	case -ENOENT:
		(void)fail_at(err, EINVAL, 0, "no claim here has the id %s",
			quote(prefix).text);
		return fail_hint(err, "claims.jsonl beside this file lists them");
	case -ENOTUNIQ:
		return refuse_ambiguous(s, snap, prefix, a, err);
	default:
		return fail(err, -rc, "the claims of this pair cannot be read");
	}
}

/* ---- the line ---- */

/* Cut the last word off: false when there is only one. */
static bool split(struct slice line, struct slice *target, struct slice *weight)
{
	size_t at = line.n;

	while (at > 0 && line.p[at - 1] != ' ' && line.p[at - 1] != '\t')
		at--;
	*target = sink_trim(slice_sub(line, 0, at));
	*weight = slice_sub(line, at, line.n);
	return target->n > 0;
}

int sink_read_weight(
	struct slice line, struct slice word, struct record *r, struct error *err)
{
	int32_t weight;
	int rc;

	/* People write +1, which JSON does not know. */
	if (word.n > 1 && word.p[0] == '+' && word.p[1] >= '0' && word.p[1] <= '9')
		word = slice_sub(word, 1, word.n);
	rc = decimal_millionths(word, &weight);
	if (rc < 0)
		return fail_at(err, EINVAL, (uint64_t)(word.p - line.p),
			"%s is no weight from -1 to 1", quote(word).text);
	r->against = weight < 0;
	r->weight = (uint32_t)(weight < 0 ? -weight : weight);
	return 0;
}

static int draft_words(const struct sink *s, struct snap *snap, struct slice line,
	struct arena *a, struct draft *out, struct error *err)
{
	struct record *r = &out->record;
	struct slice target, weight;
	int rc;

	*out = (struct draft){.timestamp_implied = true};
	r->kind = RECORD_VOTE;
	if (!split(line, &target, &weight)) {
		(void)fail_at(err, EINVAL, 0, "the weight is missing");
		return vote_hint(err);
	}
	rc = sink_read_weight(line, weight, r, err);
	if (rc < 0)
		return vote_hint(err);
	if (target.p[0] != '=')
		return find_claim(s, snap, target, a, &r->target, err);
	return find_value(
		s, snap, slice_sub(target, 1, target.n), a, &r->target, err);
}

static int draft_json(const struct sink *s, struct snap *snap, struct slice text,
	struct arena *a, struct draft *out, struct error *err)
{
	char hex[ID_HEX + 1];
	struct id found;
	int rc = record_parse(text, a, out, err);

	if (rc < 0)
		return rc;
	if (out->record.kind != RECORD_VOTE)
		return fail_at(err, EINVAL, 0, "only votes can be written here");
	hex_print(out->record.target.b, ID_SIZE, hex);
	return find_claim(s, snap, slice_of(hex, ID_HEX), a, &found, err);
}

int sink_draft_vote(const struct sink *s, struct slice line, struct arena *a,
	struct draft *out, struct error *err)
{
	SNAP_AUTO(snap);
	int rc = store_snap(s->in->options.store, &snap);

	if (rc < 0)
		return fail(err, -rc, "the store cannot be read");
	if (line.p[0] == '{')
		return draft_json(s, snap, line, a, out, err);
	return draft_words(s, snap, line, a, out, err);
}

/* user.stemefs.*: what a script wants of a lens file, or of a claim, without parsing JSON.
 *
 *	id object confidence seq  of the winner; none where there is none; of the claim
 *	status                    of the pair; of the claim: stands, withdrawn, replaced
 *	conflict candidates       of the pair
 *
 * Resolved anew, from the same snapshot: two of them are asked together, if at all. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/decimal.h"
#include "core/render.h"
#include "fs/claims.h"
#include "fs/pair_look.h"

#define USER "user."
#define PREFIX USER "stemefs."

/* Whose attributes they are: a pair through a lens, or a claim. */
struct bearer {
	bool is_claim;
	struct pair_look pair;
	struct snap *snap;
	struct arena arena;
	struct assertion claim;
};

static void bearer_end(struct bearer *b)
{
	pair_look_end(&b->pair);
	arena_free(&b->arena);
}
#define BEARER_AUTO(name)                                                          \
	__attribute__((cleanup(bearer_end))) struct bearer name = {0}

static int look(struct request *rq, const struct place *p, struct bearer *out)
{
	int rc;

	if (!p->kind->claims) {
		rc = pair_look(rq, p, &out->pair);
	} else {
		out->is_claim = true;
		rc = request_snap(rq);
		if (rc == 0)
			rc = assertion_load(
				rq->snap, &p->id, &out->arena, &out->claim);
	}
	out->snap = rq->snap;
	return rc == -EBADMSG ? -EIO : rc;
}

static const struct id *id_in(const struct bearer *b)
{
	return b->is_claim ? &b->claim.id : &b->pair.view.r.id;
}

static void print_id(const struct bearer *b, struct buf *out)
{
	char hex[ID_HEX + 1];

	hex_print(id_in(b)->b, ID_SIZE, hex);
	buf_str(out, hex);
}

static void print_object(const struct bearer *b, struct buf *out)
{
	const struct record *r =
		b->is_claim ? &b->claim.record : b->pair.view.r.winner;

	object_print_bare(&r->object, out);
}

/* Of a claim: the one it states. */
static void print_confidence(const struct bearer *b, struct buf *out)
{
	const struct resolution *r = &b->pair.view.r;

	millionths_print(b->is_claim ? b->claim.record.confidence
				     : ratio(r->support, r->total + TALLY_PRIOR),
		out);
}

static void print_conflict(const struct bearer *b, struct buf *out)
{
	millionths_print(
		(uint64_t)b->pair.view.r.conflict * (MILLION / CONFLICT_ONE), out);
}

static void print_status(const struct bearer *b, struct buf *out)
{
	buf_str(out, b->is_claim ? claim_state_name(claim_of(&b->claim).state)
				 : status_name(b->pair.view.r.status));
}

static void print_candidates(const struct bearer *b, struct buf *out)
{
	buf_printf(out, "%" PRIu32, b->pair.view.r.candidates);
}

static void print_seq(const struct bearer *b, struct buf *out)
{
	uint64_t seq;

	if (record_seq(b->snap, id_in(b), &seq) == 0)
		buf_printf(out, "%" PRIu64, seq);
}

static const struct {
	const char *name; /* behind the prefix */
	bool of_winner;	  /* only where there is one; and claims have it */
	bool of_pair;	  /* claims do not have it */
	void (*print)(const struct bearer *b, struct buf *out);
} xattrs[] = {
	{"id", true, false, print_id},
	{"object", true, false, print_object},
	{"confidence", true, false, print_confidence},
	{"conflict", false, true, print_conflict},
	{"status", false, false, print_status},
	{"candidates", false, true, print_candidates},
	{"seq", true, false, print_seq},
};

enum {
	XATTRS = sizeof(xattrs) / sizeof(xattrs[0]),
	/* What is listed is copied along (cp -a, shutil.copytree), and ext4 has 4 KiB for
	 * all attributes of a file. A longer one is answered to who asks for it by name. */
	LISTED_MAX = 1024,
};

/* Which one a full name means; XATTRS: none of ours. */
static size_t xattr_index(struct slice name)
{
	size_t n = strlen(PREFIX), i = 0;

	if (name.n < n || memcmp(name.p, PREFIX, n) != 0)
		return XATTRS;
	name = slice_of(name.p + n, name.n - n);
	while (i < XATTRS && !slice_is(name, xattrs[i].name))
		i++;
	return i;
}

/* Append the value of one; false: it has none. */
static bool print_value(const struct bearer *b, size_t i, struct buf *out)
{
	const struct record *r = &b->claim.record;

	if (b->is_claim ? xattrs[i].of_pair ||
				  (xattrs[i].print == print_confidence &&
					  !(r->has & HAS_CONFIDENCE))
			: xattrs[i].of_winner && !b->pair.view.r.has_winner)
		return false;
	xattrs[i].print(b, out);
	return true;
}

static bool bears(const struct place *p)
{
	return p->kind->resolves || p->kind->claims;
}

int tree_xattr(struct tree *t, const struct place *p, const struct caller *who,
	struct slice name, struct buf *out)
{
	REQUEST_AUTO(rq, t, who);
	BEARER_AUTO(b);
	size_t i = xattr_index(name);
	int rc;

	/* Not ENODATA: the kernel then asks for each file anew, twice in `ls -l`. */
	if (name.n < strlen(USER) || memcmp(name.p, USER, strlen(USER)) != 0)
		return -EOPNOTSUPP;
	if (i == XATTRS || !bears(p))
		return -ENODATA;
	rc = look(&rq, p, &b);
	if (rc < 0)
		return rc;
	return print_value(&b, i, out) ? 0 : -ENODATA;
}

static bool is_listed(const struct bearer *b, size_t i)
{
	BUF_AUTO(value);

	return print_value(b, i, &value) && value.n <= LISTED_MAX;
}

int tree_xattr_list(struct tree *t, const struct place *p, const struct caller *who,
	struct buf *out)
{
	REQUEST_AUTO(rq, t, who);
	BEARER_AUTO(b);
	int rc;

	if (!bears(p))
		return 0;
	rc = look(&rq, p, &b);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < XATTRS; i++) {
		if (!is_listed(&b, i))
			continue;
		buf_str(out, PREFIX);
		buf_str(out, xattrs[i].name);
		buf_byte(out, 0);
	}
	return 0;
}

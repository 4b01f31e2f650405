/* Hidden is what something supersedes that may, and what something hidden supersedes in
 * any way. From the epoch asked about the search goes up, from successor to successor; ids
 * are hashes of what they name, so it never meets itself. */
#include "store/epochs.h"

#include <errno.h>

#include "core/bytes.h"
#include "core/sign.h"
#include "store/list.h"

struct epoch_known {
	struct id id;
	bool settled; /* false: it was met, its successors are being asked */
	bool hidden;
	struct epoch_known *next;
};

/* An edge into an epoch, from one that may supersede it. */
struct incoming {
	struct id from;
	bool hides;
};

/* Both lists are sorted by agent. */
static bool share_agent(const struct signature *a, uint32_t n,
	const struct signature *b, uint32_t m)
{
	for (uint32_t i = 0, j = 0; i < n && j < m;) {
		int order = agent_compare(&a[i].agent, &b[j].agent);

		if (order == 0)
			return true;
		i += order < 0;
		j += order > 0;
	}
	return false;
}

/* Who signed an epoch, by agent. */
struct signed_by {
	struct signature *list;
	uint32_t n;
};

/* May those who signed `by` supersede what these signed? */
static int may_supersede(const struct source *s, struct arena *a,
	const struct id *by, const struct signed_by *these, bool *out)
{
	struct signature *mine = NULL;
	uint32_t n = 0;
	int rc = source_signatures(s, by, a, &mine, &n);

	if (rc < 0)
		return rc;
	*out = share_agent(mine, n, these->list, these->n);
	for (uint32_t i = 0; !*out && i < n; i++) {
		struct rights r;

		rc = rights_of(s, &mine[i].agent, &r);
		if (rc < 0)
			return rc;
		*out = r.steward;
	}
	return 0;
}

/* -ENOENT: no epoch that is seen has that id. */
static int epoch_signatures(const struct source *s, struct arena *a,
	const struct id *id, struct signed_by *out)
{
	struct id_row row = {0};
	int rc = source_id(s, id, &row);

	if (rc == 0 && row.kind != RECORD_EPOCH)
		rc = -ENOENT;
	return rc < 0 ? rc : source_signatures(s, id, a, &out->list, &out->n);
}

int epoch_may_supersede(const struct source *s, struct arena *a,
	const struct id *by, const struct id *target, bool *out)
{
	struct signed_by these = {.n = 0};
	int rc = epoch_signatures(s, a, target, &these);

	return rc < 0 ? rc : may_supersede(s, a, by, &these, out);
}

int epoch_of_member(const struct source *s, const struct id *id, bool *out)
{
	ARENA_AUTO(a);
	struct signed_by these = {.n = 0};
	uint32_t min_trust = 0;
	int rc = epoch_signatures(s, &a, id, &these);

	if (rc == 0)
		rc = min_trust_of(s, &min_trust);
	*out = false;
	for (uint32_t i = 0; rc == 0 && !*out && i < these.n; i++) {
		struct rights r = {.trust = 0};

		rc = rights_of(s, &these.list[i].agent, &r);
		*out = rc == 0 && r.trust >= min_trust;
	}
	return rc;
}

/* Does the epoch at the walk hide what these signed, and may it supersede it? */
static int read_incoming(const struct source *s, struct arena *a,
	const struct signed_by *these, struct incoming *e, bool *may)
{
	struct record r = {0};
	struct frame f = {0};
	struct id_row row = {0};
	BUF_AUTO(scratch);
	int rc = source_id(s, &e->from, &row);

	if (rc == 0)
		rc = source_record(s, &row.at, &e->from, &scratch, &f, &r);
	if (rc < 0)
		return rc == -ENOENT ? -EBADMSG : rc;
	e->hides = r.supersession != SUPERSESSION_REFINE;
	return may_supersede(s, a, &e->from, these, may);
}

/* Append the edges into an epoch, in force, to out. */
static int find_incoming(const struct source *s, struct arena *a,
	const struct id *id, struct buf *out)
{
	struct row_key prefix = row_key_hanging(KEY_SUCCESSOR, id);
	struct signed_by these = {.n = 0};
	LIST_WALK_AUTO(w);
	int rc = list_first(&w, s->txn, &prefix);

	if (rc == 0)
		rc = epoch_signatures(s, a, id, &these);
	for (; rc == 0; rc = list_next(&w)) {
		struct incoming e = {.from = w.at.id};
		bool may = false;

		if (!context_sees(&s->context, w.at.row.seq, w.at.timestamp))
			continue;
		rc = read_incoming(s, a, &these, &e, &may);
		if (rc < 0)
			return rc;
		if (may)
			buf_add(out, &e, sizeof(e));
	}
	if (rc < 0 && rc != -ENOENT)
		return rc;
	return out->failed ? -ENOMEM : 0;
}

/* Ids are hashes: any two bytes of one spread them. */
static struct epoch_known **bucket_of(struct epoch_memory *m, const struct id *id)
{
	return &m->buckets[(size_t)u16_at(id->b) % EPOCH_BUCKETS];
}

static struct epoch_known *find_known(struct epoch_memory *m, const struct id *id)
{
	struct epoch_known *k = *bucket_of(m, id);

	while (k && id_compare(&k->id, id) != 0)
		k = k->next;
	return k;
}

/* An epoch on the path from the one asked about, with those above it still to ask. */
struct step {
	struct epoch_known *known;
	struct buf incoming;
	size_t next;
	struct step *below;
};

static int step_up(const struct source *s, struct epoch_memory *m,
	const struct id *id, struct step **top)
{
	struct step *step = arena_alloc(m->arena, sizeof(*step));
	struct epoch_known *known = arena_alloc(m->arena, sizeof(*known));
	struct epoch_known **bucket = bucket_of(m, id);

	if (!step || !known)
		return -ENOMEM;
	*known = (struct epoch_known){.id = *id, .next = *bucket};
	*bucket = known;
	*step = (struct step){.known = known, .below = *top};
	*top = step;
	return find_incoming(s, m->arena, id, &step->incoming);
}

static void step_down(struct step **top)
{
	struct step *done = *top;

	done->known->settled = true;
	buf_free(&done->incoming);
	*top = done->below;
}

/* One edge of the topmost epoch: does it hide it? If that is not known yet, it is asked
 * first, one step up. */
static int ask(const struct source *s, struct epoch_memory *m, struct step **top)
{
	struct step *at = *top;
	const struct incoming *list = (const void *)at->incoming.p;
	const struct incoming *e = &list[at->next];
	const struct epoch_known *above = find_known(m, &e->from);

	if (!e->hides && !above)
		return step_up(s, m, &e->from, top);
	at->next++;
	if (e->hides || (above->settled && above->hidden))
		at->known->hidden = true;
	return 0;
}

int epoch_hidden(const struct source *s, struct epoch_memory *m,
	const struct id *id, bool *out)
{
	struct epoch_known *known = find_known(m, id);
	struct step *top = NULL;
	int rc = known ? 0 : step_up(s, m, id, &top);

	while (rc == 0 && top) {
		size_t n = top->incoming.n / sizeof(struct incoming);

		if (top->known->hidden || top->next == n)
			step_down(&top);
		else
			rc = ask(s, m, &top);
	}
	while (top)
		step_down(&top);
	if (rc == 0)
		*out = (known ? known : find_known(m, id))->hidden;
	return rc;
}

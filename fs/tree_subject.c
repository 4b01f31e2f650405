/* subjects/<S>/_constraints and _summary.md: a subject as a whole.
 *
 * Both tell of many pairs. The summary is known by the generations of those that it tells of,
 * and bounded by design: of a subject with more to say, the rest is counted. */
#include <errno.h>

#include "core/render.h"
#include "core/summary.h"
#include "fs/pair_look.h"
#include "fs/subject_look.h"

enum {
	VALUES_SHOWN = 5, /* of a contested pair */
	RULES_SHOWN = 50,
	/* Claims that are weighed, at each of the moments of a sparkline: of one pair, and
	 * of all together. */
	PAIR_CLAIMS = 2000,
	PAGE_CLAIMS = 20000,
};

/* ---- _constraints ---- */

static int find_rule(void *ctx, struct slice name, uint64_t cookie)
{
	bool *found = ctx;
	struct slice topic;

	(void)cookie;
	*found = constraint_of(name, &topic) != CONSTRAINTS;
	return *found || name.p[0] > 'p'; /* `prefer:` is the last of them */
}

int constraints_exists(struct request *rq, const struct place *p)
{
	bool found = false;
	int rc = request_snap(rq);

	if (rc == 0)
		rc = predicate_list(rq->snap, p->subject, 0, find_rule, &found);
	return rc < 0 ? rc : found ? 0 : -ENOENT;
}

int constraints_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	SUBJECT_LOOK_AUTO(l);
	int rc;

	l.rules_most = SIZE_MAX;
	rc = subject_look(rq, p, &l);
	if (rc == 0)
		rc = subject_look_stat(rq, p, &l, attr);
	attr->version =
		0; /* one pair's rule may be another's conflict: never kept */
	return rc;
}

int constraints_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	SUBJECT_LOOK_AUTO(l);
	BUF_AUTO(rules);
	int rc;

	(void)attr;
	l.rules_most = SIZE_MAX;
	rc = subject_look(rq, p, &l);
	if (rc == 0)
		rc = subject_look_rules(rq, p, &l, &rules);
	for (size_t at = 0; rc == 0 && at < rules.n;
		at += sizeof(struct constraint))
		constraint_print(
			(const struct constraint *)(void *)(rules.p + at), out);
	return rc;
}

/* ---- _summary.md: one pair ---- */

/* The page while it is put together. */
struct page {
	struct request *rq;
	const struct place *place;
	struct subject_look *look;
	struct buf rows;   /* struct summary_row */
	struct buf values; /* struct summary_value */
	uint64_t claims_left;
};

static int object_of(
	struct pair_look *l, const struct cluster *c, struct object *out)
{
	struct record body;
	int rc = l->bodies.read(l->bodies.ctx, &l->in.claims[c->leader], &body);

	if (rc == 0)
		*out = body.object;
	return rc;
}

static int add_value(struct page *g, struct pair_look *l, const struct cluster *c,
	struct slice predicate)
{
	const struct tally *t = &l->tally;
	struct summary_value v = {
		.predicate = predicate,
		.share = ratio(c->support[t->counted], t->total[t->counted]),
		.claims = c->claims,
		.agents = c->agents,
	};
	int rc = object_of(l, c, &v.object);

	if (rc < 0)
		return rc;
	v.object.text = arena_copy(&g->look->arena, v.object.text);
	if (!v.object.text.p)
		return -ENOMEM;
	buf_add(&g->values, &v, sizeof(v));
	return 0;
}

static int add_values(struct page *g, struct pair_look *l, struct slice predicate)
{
	uint32_t count = l->tally.cluster_count;
	struct summary_value rest = {.predicate = predicate};
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < count && i < VALUES_SHOWN; i++)
		rc = add_value(g, l, &l->tally.clusters[i], predicate);
	if (count <= VALUES_SHOWN)
		return rc;
	rest.more = count - VALUES_SHOWN;
	buf_add(&g->values, &rest, sizeof(rest));
	return rc;
}

/* The counted support of the cluster of an object, 0 where there is none. */
static int support_of(
	struct pair_look *l, const struct object *object, uint64_t *support)
{
	int rc = 0;

	*support = 0;
	for (uint32_t i = 0; rc == 0 && i < l->tally.cluster_count; i++) {
		const struct cluster *c = &l->tally.clusters[i];
		struct object other;

		rc = object_of(l, c, &other);
		if (rc != 0 || other.kind != object->kind ||
			!slice_equal(other.text, object->text))
			continue;
		*support = c->support[l->tally.counted];
		break;
	}
	return rc;
}

/* The same as of then, for this reader: a claim that it sees is no newer than what its own
 * `asof` lets it see, so `when` is the narrower of the two. */
static int support_then(struct request *rq, const struct place *pair, uint64_t when,
	const struct object *object, uint64_t *support)
{
	PAIR_LOOK_AUTO(l);
	struct context then = {0};
	int rc;

	if (rq->context)
		then = *rq->context;
	then.cuts |= CONTEXT_ASOF;
	then.asof = when;
	snap_see(rq->snap, &then);
	rc = pair_weigh(rq, pair, &l);
	if (rc == 0)
		rc = support_of(&l, object, support);
	snap_see(rq->snap, rq->context);
	if (rc == -ENOENT) {
		*support = 0;
		rc = 0;
	}
	return rc;
}

static int draw(struct request *rq, const struct place *pair, struct pair_look *now,
	struct summary_row *row)
{
	const struct candidate *claims = now->in.claims;
	uint64_t moments[SUMMARY_MOMENTS];
	unsigned n;
	struct object winner;
	int rc = object_of(now, &now->tally.clusters[0], &winner);

	if (rc < 0)
		return rc;
	n = summary_moments(claims[0].timestamp,
		claims[now->in.claim_count - 1].timestamp, moments);
	for (unsigned i = 0; rc == 0 && i < n; i++)
		rc = support_then(rq, pair, moments[i], &winner, &row->support[i]);
	row->moments = n;
	return rc;
}

/* What its consensus does not tell of a pair. */
static int look_closer(struct page *g, struct summary_row *row)
{
	PAIR_LOOK_AUTO(l);
	struct place pair = *g->place;
	int rc;

	pair.predicate = row->predicate;
	rc = pair_weigh(g->rq, &pair, &l);
	if (rc == 0 && row->status == STATUS_CONTESTED)
		rc = add_values(g, &l, row->predicate);
	if (rc == 0 && l.in.claim_count > 0)
		rc = draw(g->rq, &pair, &l, row);
	return rc;
}

static int add_row(struct page *g, struct slice predicate)
{
	struct summary_row row = {.predicate = predicate};
	struct summary_value many = {.predicate = predicate};
	BUF_AUTO(line);
	struct slice text;
	int rc = pair_consensus(
		g->rq->snap, g->place->subject, predicate, &line, NULL);

	if (rc == 0)
		rc = buf_view(&line, &text);
	if (rc == 0)
		rc = summary_read(text, &g->look->arena, &row);
	if (rc == 0 && row.claims <= PAIR_CLAIMS && row.claims <= g->claims_left) {
		g->claims_left -= row.claims;
		rc = look_closer(g, &row);
	} else if (rc == 0 && row.status == STATUS_CONTESTED) {
		buf_add(&g->values, &many, sizeof(many));
	}
	buf_add(&g->rows, &row, sizeof(row));
	return rc;
}

/* ---- _summary.md ---- */

static void page_free(struct page *g)
{
	buf_free(&g->rows);
	buf_free(&g->values);
}

static int summary_look(
	struct request *rq, const struct place *p, struct subject_look *l)
{
	l->shown_most = LOOK_SHOWN;
	l->rules_most = LOOK_RULES;
	return subject_look(rq, p, l);
}

/* Of a place that somebody only made, nothing is known. */
int summary_exists(struct request *rq, const struct place *p)
{
	struct place_info info;
	int rc = request_snap(rq);

	return rc < 0 ? rc : subject_find(rq->snap, p->subject, &info);
}

int summary_stat(struct request *rq, const struct place *p, struct attr *attr)
{
	SUBJECT_LOOK_AUTO(l);
	int rc = summary_look(rq, p, &l);

	return rc < 0 ? rc : subject_look_stat(rq, p, &l, attr);
}

static void print_page(
	const struct page *g, const struct buf *rules, struct buf *out)
{
	size_t rule_count = rules->n / sizeof(struct constraint);
	struct summary s = {
		.subject = g->place->subject,
		.predicates = g->look->predicates,
		.rows = (const struct summary_row *)(void *)g->rows.p,
		.row_count = g->rows.n / sizeof(struct summary_row),
		.values = (const struct summary_value *)(void *)g->values.p,
		.value_count = g->values.n / sizeof(struct summary_value),
		.rules = (const struct constraint *)(void *)rules->p,
		.rule_count = rule_count < RULES_SHOWN ? rule_count : RULES_SHOWN,
		.more_rules = g->look->more_rules || rule_count > RULES_SHOWN,
	};

	summary_print(&s, out);
}

int summary_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	SUBJECT_LOOK_AUTO(l);
	BUF_AUTO(rules);
	__attribute__((cleanup(page_free))) struct page g = {
		.rq = rq, .place = p, .look = &l, .claims_left = PAGE_CLAIMS};
	int rc = summary_look(rq, p, &l);

	(void)attr;
	for (size_t i = 0; rc == 0 && i < l.shown.n; i++)
		rc = add_row(&g, l.shown.names[i]);
	if (rc == 0)
		rc = subject_look_rules(rq, p, &l, &rules);
	if (rc == 0 && (g.rows.failed || g.values.failed))
		rc = -ENOMEM;
	if (rc == 0)
		print_page(&g, &rules, out);
	return rc;
}

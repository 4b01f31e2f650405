/* Why a lens answers what it answers: the sums behind it, row by row.
 *
 * Rows stand on lines of their own, for a terminal, for grep and for jq:
 *
 *	{"lens":"consensus","rule":"greatest support of members",
 *	 "winner":{…},
 *	 "totals":{…},
 *	 "clusters":[
 *	  {"object":96.7,"support":0.25,…},
 *	  {"object":"96.7 bn","support":0,…}],
 *	 "candidates":[
 *	  {"id":…}]}
 *
 * Two clusters are near when they look like two spellings of one value: numbers
 * within a thousandth, names that differ in letter case or in being text or a
 * reference. Only ASCII letters are folded: what other letters fold to depends on
 * language and Unicode version, and a mark is a hint that must not differ from one
 * machine to the next. */
#include "core/render.h"
#include "core/when.h"

__extension__ typedef unsigned __int128 u128;

enum {
	/* Near: apart by at most a thousandth of the greater: 1000 (a - b) <= a. */
	NEAR_LESS = 999,
	NEAR_MORE = 1000,
};

/* A number as ±mantissa * 10^scale, where the mantissa is 0 or has as many digits
 * as a number can have: 34, so that ten thousand times as much fits. */
struct magnitude {
	u128 mantissa;
	int scale;
	bool negative;
};

/* The clusters that are listed, and the records that lead them. */
struct shown {
	const struct cluster *clusters;
	uint32_t n;
	struct record leaders[LENS_SHOWN];
};

static int parse_exponent(const uint8_t *p, size_t n)
{
	int sign = 1, value = 0;

	for (size_t i = 0; i < n; i++)
		if (p[i] == '-')
			sign = -1;
		else
			value = value * 10 + (p[i] - '0');
	return sign * value;
}

/* Of a canonical number. */
static struct magnitude magnitude_of(struct slice text)
{
	struct magnitude m = {0};
	bool fraction = false;
	u128 full = 1;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '-') {
			m.negative = true;
		} else if (c == '.') {
			fraction = true;
		} else if (c == 'e') {
			m.scale += parse_exponent(text.p + i + 1, text.n - i - 1);
			break;
		} else {
			m.mantissa = m.mantissa * 10 + (uint8_t)(c - '0');
			m.scale -= fraction;
		}
	}
	for (int i = 1; i < NUMBER_DIGITS_MAX; i++)
		full *= 10;
	for (; m.mantissa != 0 && m.mantissa < full; m.scale--)
		m.mantissa *= 10;
	return m;
}

static bool near_numbers(struct slice left, struct slice right)
{
	struct magnitude a = magnitude_of(left), b = magnitude_of(right), greater;

	if (a.mantissa == 0 || b.mantissa == 0 || a.negative != b.negative)
		return false;
	if (a.scale < b.scale || (a.scale == b.scale && a.mantissa < b.mantissa)) {
		greater = b;
		b = a;
		a = greater;
	}
	if (a.scale - b.scale > 1)
		return false;
	if (a.scale != b.scale)
		a.mantissa *= 10;
	return a.mantissa * NEAR_LESS <= b.mantissa * NEAR_MORE;
}

static uint8_t fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool near_names(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (fold(a.p[i]) != fold(b.p[i]))
			return false;
	return true;
}

static bool is_name(const struct object *o)
{
	return o->kind == OBJECT_TEXT || o->kind == OBJECT_REF;
}

static bool near(const struct object *a, const struct object *b)
{
	if (a->kind == OBJECT_NUMBER && b->kind == OBJECT_NUMBER)
		return near_numbers(a->text, b->text);
	return is_name(a) && is_name(b) && near_names(a->text, b->text);
}

static void print_near(const struct lens_view *v, const struct shown *shown,
	uint32_t row, struct buf *out)
{
	bool any = false;

	for (uint32_t i = 0; i < shown->n; i++) {
		if (i == row || !near(&shown->leaders[row].object,
					&shown->leaders[i].object))
			continue;
		if (!any) {
			json_print_key("near", out);
			buf_byte(out, '[');
		}
		any = true;
		list_next(out);
		print_hex(v->in->claims[shown->clusters[i].leader].id.b, out);
	}
	if (any)
		buf_byte(out, ']');
}

static void print_cluster(const struct lens_view *v, const struct shown *shown,
	uint32_t row, struct buf *out)
{
	const struct cluster *c = &shown->clusters[row];
	const struct tally *t = v->tally;
	enum standing counted = t->counted;

	row_start(out);
	json_print_key("object", out);
	object_print(&shown->leaders[row].object, out);
	field_millionths("support", c->support[MEMBERS], out);
	field_millionths("strangers", c->support[STRANGERS], out);
	if (v->r.set)
		field_bool("held", cluster_is_held(t, c), out);
	else if (t->total[counted] > 0)
		field_millionths("share",
			ratio(c->support[counted], t->total[counted]), out);
	field_millionths("for", c->given[counted], out);
	field_millionths("against", c->against[counted], out);
	field_count("agents", c->agents, out);
	field_count("claims", c->claims, out);
	field_id("leader", &v->in->claims[c->leader].id, out);
	print_near(v, shown, row, out);
	buf_byte(out, '}');
}

static int print_clusters(const struct lens_view *v, struct buf *out)
{
	const struct tally *t = v->tally;
	struct shown shown = {.clusters = t->clusters, .n = t->cluster_count};

	if (shown.n > LENS_SHOWN)
		shown.n = LENS_SHOWN;
	for (uint32_t i = 0; i < shown.n; i++) {
		int rc = v->bodies->read(v->bodies->ctx,
			&v->in->claims[t->clusters[i].leader], &shown.leaders[i]);

		if (rc < 0)
			return rc;
	}
	list_start("clusters", out);
	for (uint32_t i = 0; i < shown.n; i++)
		print_cluster(v, &shown, i, out);
	buf_byte(out, ']');
	if (t->cluster_count > LENS_SHOWN) {
		field_line("more", out);
		buf_printf(out, "%" PRIu32, t->cluster_count - LENS_SHOWN);
	}
	return 0;
}

/* In the order of the lens, or else by own word; what it passes over comes last. */
static bool is_before(const struct lens_view *v, uint32_t a, uint32_t b)
{
	struct rank x, y;
	const char *words;

	if (v->r.lens->order && lens_hears(v, a) != lens_hears(v, b))
		return lens_hears(v, a);
	if (v->r.lens->order)
		return claim_compare(v, a, b, &words) < 0;
	x = claim_rank(v->in, v->tally->own, a);
	y = claim_rank(v->in, v->tally->own, b);
	return rank_compare(&x, &y) < 0;
}

/* The first of all claims, into top; how many. */
static uint32_t strongest(const struct lens_view *v, uint32_t top[LENS_SHOWN])
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < v->in->claim_count; i++) {
		uint32_t at = n;

		for (; at > 0 && is_before(v, i, top[at - 1]); at--)
			if (at < LENS_SHOWN) /* else the last one drops out */
				top[at] = top[at - 1];
		if (at == LENS_SHOWN)
			continue;
		top[at] = i;
		n += n < LENS_SHOWN;
	}
	return n;
}

static void field_signed(const char *key, int64_t n, struct buf *out)
{
	json_print_key(key, out);
	if (n < 0)
		buf_byte(out, '-');
	millionths_print(n < 0 ? -(uint64_t)n : (uint64_t)n, out);
}

static void print_candidate(const struct lens_view *v, uint32_t claim,
	const struct record *r, struct buf *out)
{
	const struct candidates *in = v->in;
	const struct candidate *c = &in->claims[claim];
	const struct own_word *own = &v->tally->own[claim];

	field_id("id", &c->id, out);
	json_print_key("object", out);
	object_print(&r->object, out);
	if (r->has & HAS_CONFIDENCE)
		field_millionths("confidence", r->confidence, out);
	field_signed("own_word", own->net[MEMBERS], out);
	field_signed("strangers", own->net[STRANGERS], out);
	field_count("agents", own->agents, out);
	json_print_key("signers", out);
	buf_byte(out, '[');
	for (uint32_t i = 0; i < c->signer_count; i++) {
		list_next(out);
		print_hex(in->voters[in->signers[c->signer + i]].key.b, out);
	}
	buf_byte(out, ']');
	json_print_key("timestamp", out);
	buf_byte(out, '"');
	when_print(c->timestamp, out);
	buf_byte(out, '"');
	if (r->has & HAS_SOURCE)
		field_text("source", r->source, out);
	field_class(c->source_class, c->declared, out);
	field_text("lifecycle", slice_str(lifecycle_name(c->lifecycle)), out);
	if (v->r.lens->explain_claim)
		v->r.lens->explain_claim(v, claim, out);
}

static int print_candidates(const struct lens_view *v, struct buf *out)
{
	uint32_t top[LENS_SHOWN], n = strongest(v, top);
	uint32_t count = v->in->claim_count;

	list_start("candidates", out);
	for (uint32_t i = 0; i < n; i++) {
		struct record r;
		int rc =
			v->bodies->read(v->bodies->ctx, &v->in->claims[top[i]], &r);

		if (rc < 0)
			return rc;
		row_start(out);
		print_candidate(v, top[i], &r, out);
		buf_byte(out, '}');
	}
	buf_byte(out, ']');
	if (count > n) {
		field_line("more_candidates", out);
		buf_printf(out, "%" PRIu32, count - n);
	}
	return 0;
}

static void print_totals(const struct lens_view *v, struct buf *out)
{
	const struct tally *t = v->tally;

	field_line("totals", out);
	buf_byte(out, '{');
	field_millionths("support", t->total[MEMBERS], out);
	field_millionths("strangers", t->total[STRANGERS], out);
	field_text("counted",
		slice_str(t->counted == MEMBERS ? "members" : "strangers"), out);
	field_text("status", slice_str(status_name(t->status)), out);
	field_conflict(t->conflict, out);
	field_count("clusters", t->cluster_count, out);
	field_count("candidates", v->in->claim_count, out);
	field_count("agents", t->agents, out);
	buf_byte(out, '}');
}

int lens_print_why(const struct lens_view *v, struct buf *out)
{
	int rc = 0;

	buf_byte(out, '{');
	field_text("lens", slice_str(v->r.lens->name), out);
	field_text("rule", slice_str(v->rule), out);
	if (v->r.has_winner) {
		field_line("winner", out);
		buf_byte(out, '{');
		field_id("id", &v->r.id, out);
		json_print_key("object", out);
		object_print(&v->r.winner->object, out);
		buf_byte(out, '}');
	}
	if (v->r.lens->explain)
		rc = v->r.lens->explain(v, out);
	if (rc < 0)
		return rc;
	print_totals(v, out);
	rc = print_clusters(v, out);
	if (rc == 0)
		rc = print_candidates(v, out);
	if (rc < 0)
		return rc;
	buf_str(out, "}\n");
	return 0;
}

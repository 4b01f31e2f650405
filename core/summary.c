#include "core/summary.h"

#include <inttypes.h>

#include "core/markdown.h"

#define COUNT "%" PRIu64

unsigned summary_moments(
	uint64_t oldest, uint64_t newest, uint64_t moments[SUMMARY_MOMENTS])
{
	uint64_t span = newest - oldest;
	uint64_t steps = SUMMARY_MOMENTS - 1;

	for (uint64_t i = 0; i <= steps; i++) /* span * i may not fit */
		moments[i] = oldest + span / steps * i + span % steps * i / steps;
	return span ? SUMMARY_MOMENTS : 1;
}

void summary_bars(const uint64_t *numbers, unsigned n, struct buf *out)
{
	static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	uint64_t full = sizeof(bars) / sizeof(bars[0]) - 1;
	uint64_t greatest = 0;

	for (unsigned i = 0; i < n; i++)
		if (numbers[i] > greatest)
			greatest = numbers[i];
	for (unsigned i = 0; greatest && i < n; i++)
		buf_str(out, bars[numbers[i] * full / greatest]);
}

/* ---- cells ---- */

static void text_cell(struct markdown_table *t, struct slice text)
{
	markdown_text(text, SUMMARY_COLUMNS, &t->text);
	markdown_cell_end(t);
}

static void count_cell(struct markdown_table *t, uint64_t n)
{
	buf_printf(&t->text, COUNT, n);
	markdown_cell_end(t);
}

/* For people: hundredths, floored; the lens files have them all. */
static void ratio_cell(struct markdown_table *t, uint64_t millionths)
{
	uint64_t hundredths = millionths / (MILLION / 100);

	buf_printf(&t->text, COUNT ".%02u", hundredths / 100,
		(unsigned)(hundredths % 100));
	markdown_cell_end(t);
}

/* ---- sections ---- */

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void print_sentence(const struct summary *s, struct buf *out)
{
	uint64_t claims = 0, contested = 0;

	for (size_t i = 0; i < s->row_count; i++) {
		claims += s->rows[i].claims;
		contested += s->rows[i].status == STATUS_CONTESTED;
	}
	buf_printf(out, COUNT " predicate%s", s->predicates, plural(s->predicates));
	if (s->predicates > s->row_count)
		buf_printf(out, "; the first %zu are shown,", s->row_count);
	buf_printf(out, " with " COUNT " claim%s", claims, plural(claims));
	if (contested == 0)
		buf_str(out, "; none is contested.\n");
	else
		buf_printf(out, "; " COUNT " %s contested.\n", contested,
			contested == 1 ? "is" : "are");
}

static void print_row(const struct summary_row *r, struct markdown_table *t)
{
	text_cell(t, r->predicate);
	text_cell(t, r->value);
	if (r->has_confidence)
		ratio_cell(t, r->confidence);
	else
		markdown_cell_end(t);
	count_cell(t, r->claims);
	count_cell(t, r->agents);
	text_cell(t, slice_str(status_name(r->status)));
	summary_bars(r->support, r->moments, &t->text);
	markdown_cell_end(t);
}

static void print_predicates(const struct summary *s, struct buf *out)
{
	static const struct markdown_column columns[] = {{"predicate", false},
		{"value", false}, {"confidence", true}, {"claims", true},
		{"agents", true}, {"status", false}, {"support over time", false}};
	MARKDOWN_TABLE_AUTO(t, columns);

	for (size_t i = 0; i < s->row_count; i++)
		print_row(&s->rows[i], &t);
	buf_byte(out, '\n');
	markdown_table_print(&t, out);
	if (s->predicates > s->row_count)
		buf_printf(out, "\n" COUNT " more: `ls` lists them all.\n",
			s->predicates - s->row_count);
}

static void object_cell(struct markdown_table *t, const struct object *o)
{
	BUF_AUTO(text);

	summary_object(o, &text);
	t->text.failed |= text.failed;
	text_cell(t, slice_of(text.p, text.n));
}

static void print_value(const struct summary_value *v, struct markdown_table *t)
{
	text_cell(t, v->predicate);
	if (v->object.kind == 0) {
		if (v->more)
			buf_printf(&t->text, COUNT " weaker", v->more);
		else
			buf_str(&t->text, "many: see `skeptic`");
		for (size_t i = 1; i < t->count; i++)
			markdown_cell_end(t);
		return;
	}
	object_cell(t, &v->object);
	ratio_cell(t, v->share);
	count_cell(t, v->claims);
	count_cell(t, v->agents);
}

static void print_contested(const struct summary *s, struct buf *out)
{
	static const struct markdown_column columns[] = {{"predicate", false},
		{"value", false}, {"share", true}, {"claims", true},
		{"agents", true}};
	MARKDOWN_TABLE_AUTO(t, columns);

	if (s->value_count == 0)
		return;
	for (size_t i = 0; i < s->value_count; i++)
		print_value(&s->values[i], &t);
	buf_str(out, "\n## Contested\n\n");
	markdown_table_print(&t, out);
}

static void print_rule(const struct constraint *c, struct markdown_table *t)
{
	text_cell(t, slice_str(constraint_name(c->rule)));
	text_cell(t, c->topic);
	object_cell(t, &c->object);
	ratio_cell(t, c->confidence);
	count_cell(t, c->agents);
	text_cell(t, slice_str(c->conflict ? "yes" : ""));
	text_cell(t, c->note);
}

static void print_rules(const struct summary *s, struct buf *out)
{
	static const struct markdown_column columns[] = {{"rule", false},
		{"topic", false}, {"object", false}, {"confidence", true},
		{"agents", true}, {"conflict", false}, {"note", false}};
	MARKDOWN_TABLE_AUTO(t, columns);

	if (s->rule_count == 0)
		return;
	for (size_t i = 0; i < s->rule_count; i++)
		print_rule(&s->rules[i], &t);
	buf_str(out, "\n## Rules\n\n");
	markdown_table_print(&t, out);
	if (s->more_rules)
		buf_str(out, "\nAnd more: `_constraints` has them all.\n");
}

void summary_print(const struct summary *s, struct buf *out)
{
	buf_str(out, "# ");
	markdown_text(s->subject, 0, out);
	buf_str(out, "\n\n");
	print_sentence(s, out);
	print_predicates(s, out);
	print_contested(s, out);
	print_rules(s, out);
}

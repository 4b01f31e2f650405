/* Recency: what was claimed last, whoever stands behind it. */
#include "core/lens.h"

static int compare_timestamp(const struct candidate *a, const struct candidate *b)
{
	return (a->timestamp < b->timestamp) - (a->timestamp > b->timestamp);
}

static const struct claim_rule rules[] = {
	{compare_timestamp, "newest timestamp"},
	{claim_compare_stated, "equal timestamps: stated confidence"},
	{claim_compare_confidence, "equal timestamps: higher confidence"},
	{claim_compare_newest, "equal timestamps and confidence: smallest id"},
	{0},
};

static uint32_t pick(const struct lens_input *l, const char **rule)
{
	return claim_best(l->in, rules, rule);
}

const struct lens lens_recency = {.name = "recency", .pick = pick};

/* Recency: what was claimed last, whoever stands behind it. */
#include "core/lens.h"

static int compare_timestamp(const struct lens_view *v, uint32_t a, uint32_t b)
{
	uint64_t x = v->in->claims[a].timestamp, y = v->in->claims[b].timestamp;

	return (x < y) - (x > y);
}

static const struct claim_rule rules[] = {
	{compare_timestamp, "newest timestamp"},
	{claim_compare_stated, "equal timestamps: stated confidence"},
	{claim_compare_confidence, "equal timestamps: higher confidence"},
	{claim_compare_newest, "equal timestamps and confidence: smallest id"},
	{0},
};

const struct lens lens_recency = {.name = "recency", .order = rules};

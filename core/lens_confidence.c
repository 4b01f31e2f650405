/* Confidence: what was claimed with most confidence, unstated read as one half. */
#include "core/lens.h"

static const struct claim_rule rules[] = {
	{claim_compare_confidence, "highest confidence"},
	{claim_compare_stated, "equal confidence: stated"},
	{claim_compare_newest, "equal confidence: newest, then smallest id"},
	{0},
};

static uint32_t pick(const struct lens_input *l, const char **rule)
{
	return claim_best(l->in, rules, rule);
}

const struct lens lens_confidence = {.name = "confidence", .pick = pick};

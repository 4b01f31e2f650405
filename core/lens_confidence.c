/* Confidence: what was claimed with most confidence, unstated read as one half. */
#include "core/lens.h"

static const struct claim_rule rules[] = {
	{claim_compare_confidence, "highest confidence"},
	{claim_compare_stated, "equal confidence: stated"},
	{claim_compare_newest, "equal confidence: newest, then smallest id"},
	{0},
};

const struct lens lens_confidence = {.name = "confidence", .order = rules};

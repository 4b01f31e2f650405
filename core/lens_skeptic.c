/* Skeptic: the answer of consensus, but none while it is disputed, and the whole
 * picture in either case. For readers that would rather ask than be wrong. */
#include "core/lens.h"

static uint32_t pick(const struct lens_input *l, const char **rule)
{
	if (l->tally->status == STATUS_CONTESTED) {
		*rule = "contested";
		return NO_INDEX;
	}
	return claim_leading(l->tally, rule);
}

const struct lens lens_skeptic = {.name = "skeptic", .pick = pick, .whole = true};

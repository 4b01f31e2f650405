/* Consensus: what those whose word counts stand behind most. */
#include "core/lens.h"

static uint32_t pick(const struct lens_input *l, const char **rule)
{
	return claim_leading(l->tally, rule);
}

const struct lens lens_consensus = {.name = "consensus", .pick = pick};

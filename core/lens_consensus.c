/* Consensus: what those whose word counts stand behind most. */
#include "core/lens.h"

const struct lens lens_consensus = {.name = "consensus", .pick = pick_leading};

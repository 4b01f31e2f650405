#include "core/subset.h"

#include <errno.h>

int candidates_part(const struct candidates *in,
	bool (*keeps)(void *ctx, const struct candidate *c), void *ctx,
	struct arena *a, struct candidates *out)
{
	ARENA_AUTO(scratch);
	uint32_t *moved = arena_alloc(&scratch, in->claim_count * sizeof(*moved));
	struct candidate *claims =
		arena_alloc(a, in->claim_count * sizeof(*claims));
	struct ballot *ballots =
		arena_alloc(a, in->ballot_count * sizeof(*ballots));
	struct candidates part = *in;

	if (!moved || !claims || !ballots)
		return -ENOMEM;
	part.claims = claims;
	part.claim_count = 0;
	part.ballots = ballots;
	part.ballot_count = 0;
	for (uint32_t i = 0; i < in->claim_count; i++) {
		moved[i] = NO_INDEX;
		if (!keeps(ctx, &in->claims[i]))
			continue;
		moved[i] = part.claim_count;
		claims[part.claim_count++] = in->claims[i];
	}
	for (uint32_t i = 0; i < in->ballot_count; i++) {
		uint32_t candidate = moved[in->ballots[i].candidate];

		if (candidate == NO_INDEX)
			continue;
		ballots[part.ballot_count] = in->ballots[i];
		ballots[part.ballot_count++].candidate = candidate;
	}
	*out = part;
	return 0;
}

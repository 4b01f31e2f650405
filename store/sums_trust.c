/* The sums after somebody's trust has changed, or what makes a member. */
#include <errno.h>

#include "store/sums_impl.h"

int sums_trust(struct change *c, const struct pair_key *p, uint32_t agent)
{
	struct voice_row old = {0}, now = {0};
	struct row_key k;
	struct sums s;
	int rc = sums_begin(&s, c, p);

	if (rc < 0)
		return rc;
	k = sums_agent_key(&s, KEY_VOICE, agent);
	rc = row_read(s.txn, &k, &old, sizeof(old));
	if (rc == 0)
		rc = sums_voice(&s, agent, &now);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	if (old.trust == now.trust && old.standing == now.standing)
		return 0;
	rc = sums_silence(&s, agent);
	if (rc == 0)
		rc = sums_speak(&s, agent);
	return rc < 0 ? rc : sums_settle(&s);
}

int sums_trust_all(struct change *c, const struct pair_key *p)
{
	struct row_key prefix = row_key_below(p, KEY_VOICE);
	struct row_key from = prefix;

	/* the walk ends before each change: a cursor does not outlive a write */
	for (uint64_t next = 0; next <= UINT32_MAX; next++) {
		int rc;
		{
			WALK_AUTO(w);

			from = prefix;
			row_key_be32(&from, (uint32_t)next);
			rc = walk_from(&w, c->source.txn, &prefix, &from);
			if (rc < 0)
				return rc == -ENOENT ? 0 : rc;
			next = be32_at((const uint8_t *)w.key.mv_data + prefix.n);
		}
		rc = sums_trust(c, p, (uint32_t)next);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Settings: the newest of a name and agent counts. */
#include <errno.h>

#include "core/decimal.h"
#include "store/change.h"
#include "store/sweep.h"

/* In millionths: numbers as they are, words as 1,000,000 for anything but false. */
static uint32_t setting_value(const struct record *r)
{
	int32_t v;

	if (!(r->has & HAS_VALUE))
		return MILLION;
	if (slice_is(r->value, "false"))
		return 0;
	if (decimal_millionths(r->value, &v) == 0 && v >= 0)
		return (uint32_t)v;
	return MILLION;
}

int apply_setting(struct change *c, const struct record *r, const struct id *id)
{
	struct row_key k = row_key_setting(r->name, &r->subject_agent);
	struct setting_row row = {
		.timestamp = r->timestamp,
		.id = *id,
		.value = setting_value(r),
	};
	struct setting_row old;
	uint32_t number;
	int rc = row_read(c->source.txn, &k, &old, sizeof(old));

	if (rc == 0 && (old.timestamp > row.timestamp ||
			       (old.timestamp == row.timestamp &&
				       id_compare(&old.id, id) >= 0)))
		return 0;
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = row_put(c->source.txn, &k, &row, sizeof(row));
	if (rc < 0)
		return rc;
	if (slice_is(r->name, "min_trust")) {
		c->meta.min_trust = row.value ? row.value : 1; /* 0 is "unset" */
		return sweep_note(c, SWEEP_ALL);
	}
	rc = agent_number(c->source.txn, &r->subject_agent, &number);
	if (rc == -ENOENT)
		return 0; /* it has not said anything yet */
	return rc < 0 ? rc : sweep_note(c, number);
}

/* Settings: each a row, the newest first; what has changed for readers is noted. */
#include <errno.h>

#include "core/decimal.h"
#include "store/change.h"
#include "store/sweep.h"

/* In millionths: numbers as they are, words as 1,000,000 for anything but false; of a grant
 * the number of the class, from 1. */
static uint32_t setting_value(const struct record *r)
{
	int32_t v;

	if (!(r->has & HAS_VALUE))
		return MILLION;
	if (slice_is(r->value, "false"))
		return 0;
	for (uint8_t i = 0; slice_is(r->name, "grant") && i < CLASSES; i++)
		if (slice_is(r->value, source_class_name(i)))
			return i + 1U;
	if (decimal_millionths(r->value, &v) == 0 && v >= 0)
		return (uint32_t)v;
	return MILLION;
}

/* Whose pairs have to be looked at again. */
static int note_change(struct change *c, const struct record *r)
{
	uint32_t number;
	int rc;

	if (slice_is(r->name, "min_trust"))
		return sweep_note(c, SWEEP_ALL);
	if (slice_is(r->name, "steward")) {
		c->meta.rights_seq = c->meta.seq;
		return sweep_note(c, SWEEP_ALL);
	}
	rc = agent_number(c->source.txn, &r->subject_agent, &number);
	if (rc == -ENOENT)
		return 0; /* it has not said anything yet */
	return rc < 0 ? rc : sweep_note(c, number);
}

int apply_setting(struct change *c, const struct record *r, const struct id *id)
{
	struct row_key k =
		row_key_setting(&r->subject_agent, r->name, r->timestamp, id);
	struct setting_row row = {
		.seq = c->meta.seq,
		.value = setting_value(r),
	};
	int rc = row_put(c->source.txn, &k, &row, sizeof(row));

	if (rc == 0 && row.value && slice_is(r->name, "steward")) {
		k = row_key_governed(c->meta.seq);
		rc = row_put(c->source.txn, &k, NULL, 0);
	}
	return rc < 0 ? rc : note_change(c, r);
}

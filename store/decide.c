#include "store/decide.h"

#include <errno.h>

#include "core/canon.h"
#include "core/sign.h"
#include "core/when.h"
#include "store/internal.h"
#include "store/pair.h"
#include "store/sums.h"

static struct decision verdict(enum verdict v)
{
	return (struct decision){.verdict = v};
}

static struct decision fatal(int rc, struct error *err)
{
	(void)fail(err, rc == -ENOSPC ? ENOSPC : EIO, "the index failed: %s",
		strerror(-rc));
	return verdict(VERDICT_FATAL);
}

/* An agent's entry in a frame: 0 or -ENOENT. */
static int entry_of(
	const struct frame *f, const struct agent *agent, struct signature *out)
{
	for (uint16_t i = 0; i < f->signature_count; i++) {
		*out = frame_signature(f, i);
		if (agent_compare(&out->agent, agent) == 0)
			return 0;
	}
	return -ENOENT;
}

static int entry_at(struct change *c, const struct locator *at,
	const struct agent *agent, struct signature *out)
{
	BUF_AUTO(scratch);
	struct frame f = {0};
	int rc = source_frame(&c->source, at, &scratch, &f);

	return rc < 0 ? rc : entry_of(&f, agent, out);
}

/* The entry that stands for an agent on an id: the smaller of that in a cosignature and
 * that of the record itself (known: its row, NULL while it has not arrived). -ENOENT:
 * none. */
static int standing(struct change *c, const struct id *id,
	const struct id_row *known, const struct agent *agent,
	struct signature *out)
{
	struct signature first;
	struct cosigner_row row;
	struct row_key k;
	uint32_t number = 0;
	bool later;
	int rc = agent_number(c->source.txn, agent, &number);

	if (rc < 0)
		return rc;
	k = row_key_cosigned(id, number);
	rc = row_read(c->source.txn, &k, &row, sizeof(row));
	if (rc == 0)
		rc = entry_at(c, &row.at, agent, out);
	if ((rc < 0 && rc != -ENOENT) || !known)
		return rc;
	later = rc == 0;
	rc = entry_at(c, &known->at, agent, &first);
	if (rc == -ENOENT && later)
		return 0;
	/* a cosignature may have come before the record that it signs */
	if (rc == 0 && (!later || signature_compare(&first, out) < 0))
		*out = first;
	return rc;
}

/* Keep the signatures that say something new: by a new agent, or before the one
 * that stands. */
static int keep_new(struct change *c, struct entry *e, const struct id *id,
	const struct id_row *known)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < e->signature_count; i++) {
		struct signature old;
		int rc = standing(c, id, known, &e->signatures[i].agent, &old);

		if (rc < 0 && rc != -ENOENT)
			return rc;
		if (rc == -ENOENT || signature_compare(&e->signatures[i], &old) < 0)
			e->signatures[kept++] = e->signatures[i];
	}
	e->signature_count = kept;
	return 0;
}

static struct decision known_record(struct change *c, struct entry *e,
	const struct id_row *row, struct error *err)
{
	struct decision d = {
		.verdict = VERDICT_DUPLICATE,
		.known_seq = row->seq,
		.known_id = e->id,
	};
	int rc;

	if (e->record.kind != RECORD_ASSERTION && e->record.kind != RECORD_VOTE)
		return d;
	rc = keep_new(c, e, &e->id, row);
	if (rc < 0)
		return fatal(rc, err);
	if (e->signature_count)
		d.verdict = VERDICT_COSIGN;
	return d;
}

/* A target is named: does it exist, and is it something that can be voted on or
 * signed? */
static struct decision check_target(struct change *c, const struct entry *e,
	struct id_row *row, bool *known, struct error *err)
{
	const struct id *target = &e->record.target;
	bool vote = e->record.kind == RECORD_VOTE;
	char hex[ID_HEX + 1];
	int rc = source_id(&c->source, target, row);

	hex_print(target->b, ID_SIZE, hex);
	*known = rc == 0;
	if (rc < 0 && rc != -ENOENT)
		return fatal(rc, err);
	/* whether a pre-signed record is taken must not depend on what came first: it may
	 * be about something that arrives later, or that says nothing of it */
	if (!e->wallet_signed)
		return verdict(VERDICT_APPEND);
	if (!*known)
		(void)fail(err, EINVAL, "no record has the id %s", hex);
	else if (row->kind != RECORD_ASSERTION &&
		 (vote || row->kind != RECORD_VOTE))
		(void)fail(err, EINVAL, "%s is no assertion", hex);
	else
		return verdict(VERDICT_APPEND);
	return verdict(VERDICT_REFUSE);
}

static struct decision decide_cosignature(
	struct change *c, struct entry *e, struct error *err)
{
	struct id_row row = {0};
	bool known;
	struct decision d = check_target(c, e, &row, &known, err);
	int rc;

	if (d.verdict != VERDICT_APPEND)
		return d;
	rc = keep_new(c, e, &e->record.target, known ? &row : NULL);
	if (rc < 0)
		return fatal(rc, err);
	if (e->signature_count == 0)
		d.verdict = VERDICT_DUPLICATE;
	d.known_seq = known ? row.seq : 0;
	d.known_id = e->record.target;
	return d;
}

static struct decision check_time(
	const struct entry *e, uint64_t now, struct error *err)
{
	uint64_t ahead = e->wallet_signed ? AHEAD_MAX_S : AHEAD_SIGNED_MAX_S;

	if (e->record.timestamp <= now + ahead * SECOND)
		return verdict(VERDICT_APPEND);
	(void)fail(err, EINVAL,
		"\"timestamp\" is %llu s ahead of this machine's clock, over %llu "
		"s",
		(unsigned long long)((e->record.timestamp - now) / SECOND),
		(unsigned long long)ahead);
	return verdict(VERDICT_REFUSE);
}

/* Is it the same as the agent's newest claim on that pair and source, but for the
 * time that the writer did not state? Then the writer has tried again. */
static int repeats(struct change *c, const struct entry *e, uint64_t now, bool *out,
	struct id *id)
{
	struct record again = e->record;
	struct said newest = {0};
	BUF_AUTO(bytes);
	struct slice view = {0};
	int rc = newest_said(c, &e->record, &e->signatures[0].agent, &newest);

	*out = false;
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	if (newest.timestamp + RETRY_WINDOW_S * SECOND < now)
		return 0;
	again.timestamp = newest.timestamp;
	canon_encode(&again, &bytes);
	rc = buf_view(&bytes, &view);
	if (rc < 0)
		return rc;
	*id = id_of(view);
	*out = id_compare(id, &newest.id) == 0;
	return 0;
}

static struct decision decide_assertion(
	struct change *c, const struct entry *e, uint64_t now, struct error *err)
{
	struct decision d = check_time(e, now, err);
	struct id_row row = {0};
	bool again;
	int rc;

	if (d.verdict != VERDICT_APPEND || !e->wallet_signed ||
		!e->timestamp_implied)
		return d;
	rc = repeats(c, e, now, &again, &d.known_id);
	if (rc == 0 && again)
		rc = source_id(&c->source, &d.known_id, &row);
	if (rc < 0)
		return fatal(rc, err);
	if (again) {
		d.verdict = VERDICT_DUPLICATE;
		d.known_seq = row.seq;
	}
	return d;
}

struct decision decide(
	struct change *c, struct entry *e, uint64_t now, struct error *err)
{
	struct decision d;
	struct id_row row = {0};
	bool known;
	int rc;

	if (e->record.kind == RECORD_COSIGNATURE)
		return decide_cosignature(c, e, err);
	rc = source_id(&c->source, &e->id, &row);
	if (rc == 0)
		return known_record(c, e, &row, err);
	if (rc != -ENOENT)
		return fatal(rc, err);
	if (e->record.kind == RECORD_ASSERTION)
		return decide_assertion(c, e, now, err);
	if (e->record.kind == RECORD_VOTE) {
		d = check_target(c, e, &row, &known, err);
		if (d.verdict != VERDICT_APPEND)
			return d;
	}
	return check_time(e, now, err);
}

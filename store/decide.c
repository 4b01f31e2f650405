#include "store/decide.h"

#include <errno.h>

#include "core/canon.h"
#include "core/sign.h"
#include "core/when.h"
#include "store/internal.h"
#include "store/permit.h"
#include "store/said.h"

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

/* Keep the signatures that say something new: by a new agent, or before the one
 * that stands, which may have come before the record that it is under. The others go
 * behind them: a batch that fails is decided again. */
static int keep_new(struct change *c, struct entry *e, const struct id *id)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < e->signature_count; i++) {
		struct signature mine = e->signatures[i], old;
		int rc = source_signature_of(&c->source, id, &mine.agent, &old);

		if (rc < 0 && rc != -ENOENT)
			return rc;
		if (rc < 0 || signature_compare(&mine, &old) < 0) {
			e->signatures[i] = e->signatures[kept];
			e->signatures[kept++] = mine;
		}
	}
	e->known_signatures += (uint16_t)(e->signature_count - kept);
	e->signature_count = kept;
	return 0;
}

/* May the wallet's agent say this? VERDICT_APPEND: yes, or it need not be asked. */
static struct decision check_permit(
	struct change *c, const struct entry *e, struct error *err)
{
	struct decision d = verdict(VERDICT_APPEND);
	struct id_row row = {0};
	int rc = e->wallet_signed ? permit(c, e, &d.known_id, err) : 0;

	if (rc == -EEXIST)
		rc = source_id(&c->source, &d.known_id, &row);
	else if (rc == 0)
		return d;
	if (rc == -EINVAL || rc == -EPERM)
		return verdict(VERDICT_REFUSE);
	if (rc < 0)
		return fatal(rc, err);
	d.verdict = VERDICT_DUPLICATE;
	d.known_seq = row.seq;
	return d;
}

/* What anybody else may put their name to as well. */
static bool takes_cosignatures(uint8_t kind)
{
	return kind != RECORD_SETTING && kind != RECORD_COSIGNATURE;
}

static struct decision known_record(struct change *c, struct entry *e,
	const struct id_row *row, struct error *err)
{
	struct decision d = check_permit(c, e, err);
	int rc;

	if (e->record.kind == RECORD_ASSERTION && d.verdict != VERDICT_APPEND)
		return d; /* it cannot be said again */
	rc = takes_cosignatures(e->record.kind) ? keep_new(c, e, &e->id) : 0;
	if (rc < 0)
		return fatal(rc, err);
	if (!takes_cosignatures(e->record.kind) || e->signature_count == 0)
		d.verdict = VERDICT_DUPLICATE; /* whatever has become of it since */
	else if (d.verdict == VERDICT_APPEND)
		d.verdict = VERDICT_COSIGN;
	d.known_seq = row->seq;
	d.known_id = e->id;
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
	d = check_permit(c, e, err);
	if (d.verdict != VERDICT_APPEND)
		return d;
	rc = keep_new(c, e, &e->record.target);
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

static struct decision decide_assertion(
	struct change *c, const struct entry *e, uint64_t now, struct error *err)
{
	struct decision d = check_time(e, now, err);
	uint64_t window = RETRY_WINDOW_S * SECOND;
	struct id_row row = {0};
	int rc;

	if (d.verdict != VERDICT_APPEND || !e->wallet_signed ||
		!e->timestamp_implied)
		return d;
	/* the same but for a time that the writer did not state: it has tried again */
	rc = said_again(c, &e->record, &e->signatures[0].agent,
		now > window ? now - window : 0, &d.known_id);
	if (rc == 0)
		return d;
	if (rc > 0)
		rc = source_id(&c->source, &d.known_id, &row);
	if (rc < 0)
		return fatal(rc, err);
	d.verdict = VERDICT_DUPLICATE;
	d.known_seq = row.seq;
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
	d = check_permit(c, e, err);
	if (d.verdict == VERDICT_APPEND && e->record.kind == RECORD_VOTE)
		d = check_target(c, e, &row, &known, err);
	if (d.verdict != VERDICT_APPEND)
		return d;
	return e->record.kind == RECORD_ASSERTION ? decide_assertion(c, e, now, err)
						  : check_time(e, now, err);
}

/* Both directions walk the fields in the order of the picture in core/canon.h. The
 * decoder is strict: whatever it accepts, canon_encode() would write in just these
 * bytes, so an id names one record and a record has one id. */
#include "core/canon.h"

#include <errno.h>

#include "core/bytes.h"
#include "core/record_rule.h"

enum {
	HEADER = 16,
	AT_KIND = 4,
	AT_VERSION = 5,
	AT_HAS = 6,
	AT_LENGTH = 8,
	AT_ZERO = 12,
	ALIGN = 8,
	VERSION = 1,
};

static const char magic[4] = {'S', 'T', 'M', '1'};

static size_t padding(size_t n)
{
	return (ALIGN - n % ALIGN) % ALIGN;
}

static void put_text(struct slice s, struct buf *out)
{
	buf_u32(out, (uint32_t)s.n);
	buf_u32(out, 0);
	buf_slice(out, s);
	buf_zero(out, padding(s.n));
}

static void put_text_if(bool there, struct slice s, struct buf *out)
{
	if (there)
		put_text(s, out);
}

static void put_id_if(bool there, const uint8_t b[ID_SIZE], struct buf *out)
{
	if (there)
		buf_add(out, b, ID_SIZE);
}

static void put_assertion(const struct record *r, struct buf *out)
{
	buf_u32(out, r->confidence);
	buf_byte(out, r->object.kind);
	buf_byte(out, r->lifecycle);
	buf_byte(out, r->source_class);
	buf_byte(out, 0);
	put_id_if(r->has & HAS_SOURCE_HASH, r->source_hash.b, out);
	put_id_if(r->has & HAS_PARENT, r->parent.b, out);
	put_id_if(r->has & HAS_EPOCH, r->epoch.b, out);
	if (r->has & HAS_VISUAL_HASH)
		buf_u64(out, r->visual_hash);
	put_text(r->subject, out);
	put_text(r->predicate, out);
	put_text(r->object.text, out);
	put_text_if(r->has & HAS_SOURCE, r->source, out);
	put_text_if(r->has & HAS_VECTOR, r->vector, out);
	put_text_if(r->has & HAS_BECAUSE, r->because, out);
	put_text_if(r->has & HAS_NOTE, r->note, out);
}

static void put_body(const struct record *r, struct buf *out)
{
	if (r->kind != RECORD_COSIGNATURE)
		buf_u64(out, r->timestamp);
	switch (r->kind) {
	case RECORD_ASSERTION:
		put_assertion(r, out);
		break;
	case RECORD_COSIGNATURE:
		buf_add(out, r->target.b, ID_SIZE);
		break;
	case RECORD_VOTE:
		buf_add(out, r->target.b, ID_SIZE);
		buf_u32(out, r->weight);
		buf_byte(out, r->against);
		buf_zero(out, 3);
		break;
	case RECORD_EPOCH:
		buf_byte(out, r->supersession);
		buf_zero(out, 7);
		put_id_if(r->has & HAS_TARGET, r->target.b, out);
		put_text(r->name, out);
		break;
	case RECORD_SUPERSESSION:
		buf_add(out, r->target.b, ID_SIZE);
		put_id_if(r->has & HAS_BY, r->by.b, out);
		put_text(r->reason, out);
		break;
	case RECORD_PROFILE:
		put_text(r->name, out);
		break;
	default: /* RECORD_SETTING */
		put_id_if(r->has & HAS_AGENT, r->subject_agent.b, out);
		put_text(r->name, out);
		put_text_if(r->has & HAS_VALUE, r->value, out);
		break;
	}
}

void canon_encode(const struct record *r, struct buf *out)
{
	size_t start = out->n;

	buf_add(out, magic, sizeof(magic));
	buf_byte(out, r->kind);
	buf_byte(out, VERSION);
	buf_u16(out, r->has);
	buf_zero(out, 8);
	put_body(r, out);
	if (!out->failed)
		put_u32(out->p + start + AT_LENGTH,
			(uint32_t)(out->n - start - HEADER));
}

size_t canon_bound(const struct record *r)
{
	enum {
		FIXED = 160, /* header, times, ids and numbers, whatever the kind */
		TEXTS = 10,
		AROUND = 8 + ALIGN, /* a text: its length, its padding */
	};

	return FIXED + TEXTS * AROUND + r->subject.n + r->predicate.n +
	       r->object.text.n + r->source.n + r->vector.n + r->because.n +
	       r->note.n + r->name.n + r->reason.n + r->value.n;
}

/* Reading stops at the first thing wrong: `bad` sticks and all later takes give
 * zeros. */
struct cursor {
	struct slice in;
	size_t at;
	bool bad;
	const char *watch; /* a field whose offset is wanted, */
	size_t seen;	   /* and that offset */
	struct error *err;
};

static void stop(struct cursor *c, const char *field, const char *why)
{
	if (!c->bad)
		(void)fail_at(c->err, EBADMSG, c->at, "record: %s %s", field, why);
	c->bad = true;
}

static struct slice take(struct cursor *c, const char *field, size_t n)
{
	const uint8_t *p = c->in.p + c->at;

	if (c->watch && !c->seen && strcmp(c->watch, field) == 0)
		c->seen = c->at;
	if (n > c->in.n - c->at)
		stop(c, field, "runs out");
	if (c->bad)
		return slice_of(NULL, 0);
	c->at += n;
	return slice_of(p, n);
}

static uint64_t take_number(struct cursor *c, const char *field, size_t n)
{
	struct slice s = take(c, field, n);
	uint64_t value = 0;

	for (size_t i = s.n; i > 0; i--)
		value = value << 8 | s.p[i - 1];
	return value;
}

static void take_zeros(struct cursor *c, const char *field, size_t n)
{
	struct slice s = take(c, field, n);

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != 0) {
			c->at -= n - i;
			stop(c, field, "has padding that is not zero");
			return;
		}
}

static void take_id(struct cursor *c, const char *field, uint8_t out[ID_SIZE])
{
	struct slice s = take(c, field, ID_SIZE);

	if (s.n)
		memcpy(out, s.p, ID_SIZE);
}

static struct slice take_text(struct cursor *c, const char *field)
{
	size_t n = (size_t)take_number(c, field, 4);
	struct slice s;

	take_zeros(c, field, 4);
	s = take(c, field, n);
	take_zeros(c, field, padding(n));
	return s;
}

static void take_assertion(struct cursor *c, struct record *r)
{
	r->confidence = (uint32_t)take_number(c, "confidence", 4);
	r->object.kind = (uint8_t)take_number(c, "object", 1);
	r->lifecycle = (uint8_t)take_number(c, "lifecycle", 1);
	r->source_class = (uint8_t)take_number(c, "source_class", 1);
	take_zeros(c, "source_class", 1);
	if (r->has & HAS_SOURCE_HASH)
		take_id(c, "source_hash", r->source_hash.b);
	if (r->has & HAS_PARENT)
		take_id(c, "parent", r->parent.b);
	if (r->has & HAS_EPOCH)
		take_id(c, "epoch", r->epoch.b);
	if (r->has & HAS_VISUAL_HASH)
		r->visual_hash = take_number(c, "visual_hash", 8);
	r->subject = take_text(c, "subject");
	r->predicate = take_text(c, "predicate");
	r->object.text = take_text(c, "object");
	if (r->has & HAS_SOURCE)
		r->source = take_text(c, "source");
	if (r->has & HAS_VECTOR)
		r->vector = take_text(c, "vector");
	if (r->has & HAS_BECAUSE)
		r->because = take_text(c, "because");
	if (r->has & HAS_NOTE)
		r->note = take_text(c, "note");
}

static void take_vote(struct cursor *c, struct record *r)
{
	uint8_t against;

	take_id(c, "vote", r->target.b);
	r->weight = (uint32_t)take_number(c, "weight", 4);
	against = (uint8_t)take_number(c, "weight", 1);
	if (against > 1)
		stop(c, "weight", "has a sign that is neither 0 nor 1");
	r->against = against == 1;
	take_zeros(c, "weight", 3);
}

static void take_epoch(struct cursor *c, struct record *r)
{
	r->supersession = (uint8_t)take_number(c, "supersession", 1);
	take_zeros(c, "supersession", 7);
	if (r->has & HAS_TARGET)
		take_id(c, "supersedes", r->target.b);
	r->name = take_text(c, "epoch");
}

static void take_setting(struct cursor *c, struct record *r)
{
	if (r->has & HAS_AGENT)
		take_id(c, "agent", r->subject_agent.b);
	r->name = take_text(c, "setting");
	if (r->has & HAS_VALUE)
		r->value = take_text(c, "value");
}

static void take_body(struct cursor *c, struct record *r)
{
	if (r->kind != RECORD_COSIGNATURE)
		r->timestamp = take_number(c, "timestamp", 8);
	switch (r->kind) {
	case RECORD_ASSERTION:
		take_assertion(c, r);
		break;
	case RECORD_COSIGNATURE:
		take_id(c, "cosign", r->target.b);
		break;
	case RECORD_VOTE:
		take_vote(c, r);
		break;
	case RECORD_EPOCH:
		take_epoch(c, r);
		break;
	case RECORD_SUPERSESSION:
		take_id(c, "target", r->target.b);
		if (r->has & HAS_BY)
			take_id(c, "by", r->by.b);
		r->reason = take_text(c, "reason");
		break;
	case RECORD_PROFILE:
		r->name = take_text(c, "profile");
		break;
	default: /* RECORD_SETTING: the header was checked */
		take_setting(c, r);
		break;
	}
	if (!c->bad && c->at != c->in.n)
		stop(c, "body", "has bytes behind its last field");
}

static int check_header(struct slice in, struct error *err)
{
	if (in.n < HEADER)
		return fail_at(err, EBADMSG, in.n, "record: the header runs out");
	if (memcmp(in.p, magic, sizeof(magic)) != 0)
		return fail_at(err, EBADMSG, 0, "record: no magic STM1");
	if (!record_kind_name(in.p[AT_KIND]))
		return fail_at(err, EBADMSG, AT_KIND, "record: unknown kind %u",
			in.p[AT_KIND]);
	if (in.p[AT_VERSION] != VERSION)
		return fail_at(err, EBADMSG, AT_VERSION,
			"record: unknown version %u", in.p[AT_VERSION]);
	if (u32_at(in.p + AT_LENGTH) != in.n - HEADER)
		return fail_at(err, EBADMSG, AT_LENGTH,
			"record: a body of %zu bytes says it has %u", in.n - HEADER,
			u32_at(in.p + AT_LENGTH));
	if (u32_at(in.p + AT_ZERO) != 0)
		return fail_at(err, EBADMSG, AT_ZERO,
			"record: the header has padding that is not zero");
	return 0;
}

/* The record broke a rule of the field `key`: read again to learn where that
 * stands. */
static int blame_field(
	struct slice in, const struct record *r, const char *key, struct error *err)
{
	struct cursor c = {.in = in, .at = HEADER, .watch = key};
	struct record again = {.kind = r->kind, .has = r->has};

	if (!err)
		return -EBADMSG;
	take_body(&c, &again);
	err->code = EBADMSG;
	err->offset = (int64_t)(c.seen ? c.seen : AT_HAS);
	return -EBADMSG;
}

int canon_decode(struct slice in, struct record *out, struct error *err)
{
	struct cursor c = {.in = in, .at = HEADER, .err = err};
	struct record r = {0};
	const char *key;
	int rc = check_header(in, err);

	if (rc < 0)
		return rc;
	r.kind = in.p[AT_KIND];
	r.has = u16_at(in.p + AT_HAS);
	take_body(&c, &r);
	if (c.bad)
		return -EBADMSG;
	if (record_check_key(&r, &key, err) < 0)
		return blame_field(in, &r, key, err);
	*out = r;
	return 0;
}

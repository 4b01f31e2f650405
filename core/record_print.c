#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/bytes.h"
#include "core/decimal.h"
#include "core/json.h"
#include "core/record_json.h"
#include "core/when.h"

enum {
	FLOAT_SHORT = 6, /* digits that every float32 keeps, */
	FLOAT_LONG = 9,	 /* and digits that tell any two apart */
};

static void print_text(const char *key, struct slice s, struct buf *out)
{
	json_print_key(key, out);
	json_print_string(s, out);
}

static void print_word(const char *key, const char *word, struct buf *out)
{
	print_text(key, slice_str(word ? word : "?"), out);
}

static void print_hex_value(const uint8_t *p, size_t n, struct buf *out)
{
	buf_byte(out, '"');
	buf_hex(out, p, n);
	buf_byte(out, '"');
}

static void print_hex(const char *key, const uint8_t *p, size_t n, struct buf *out)
{
	json_print_key(key, out);
	print_hex_value(p, n, out);
}

static void print_id_if(
	bool there, const char *key, const struct id *id, struct buf *out)
{
	if (there)
		print_hex(key, id->b, ID_SIZE, out);
}

static void print_when(const char *key, uint64_t when, struct buf *out)
{
	json_print_key(key, out);
	buf_byte(out, '"');
	when_print(when, out);
	buf_byte(out, '"');
}

/* The shortest decimal that reads back to the same float32. */
static void print_float(float value, struct buf *out)
{
	char text[32];
	int digits = FLOAT_SHORT;

	do
		(void)snprintf(text, sizeof(text), "%.*g", digits, (double)value);
	while (digits++ < FLOAT_LONG && (float)strtod(text, NULL) != value);
	buf_str(out, text);
}

/* In the C locale: elsewhere a comma might stand in for the point. */
static void print_vector(struct slice v, struct buf *out)
{
	locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	locale_t before = uselocale(c_locale);

	json_print_key("vector", out);
	buf_byte(out, '[');
	for (size_t i = 0; i + 4 <= v.n; i += 4) {
		uint32_t bits = u32_at(v.p + i);
		float value;

		memcpy(&value, &bits, sizeof(value));
		if (i > 0)
			buf_byte(out, ',');
		print_float(value, out);
	}
	buf_byte(out, ']');
	(void)uselocale(before);
	freelocale(c_locale);
}

static void print_because(struct slice ids, struct buf *out)
{
	json_print_key("because", out);
	buf_byte(out, '[');
	for (size_t i = 0; i + ID_SIZE <= ids.n; i += ID_SIZE) {
		if (i > 0)
			buf_byte(out, ',');
		print_hex_value(ids.p + i, ID_SIZE, out);
	}
	buf_byte(out, ']');
}

void object_print(const struct object *o, struct buf *out)
{
	if (o->kind == OBJECT_NUMBER || o->kind == OBJECT_BOOL) {
		buf_slice(out, o->text);
	} else if (o->kind == OBJECT_REF) {
		buf_byte(out, '{');
		print_text("ref", o->text, out);
		buf_byte(out, '}');
	} else {
		json_print_string(o->text, out);
	}
}

void object_print_bare(const struct object *o, struct buf *out)
{
	buf_slice(out, o->text);
}

static void print_assertion_tail(const struct record *r, struct buf *out)
{
	print_word("lifecycle", lifecycle_name(r->lifecycle), out);
	print_id_if(r->has & HAS_PARENT, "parent", &r->parent, out);
	print_id_if(r->has & HAS_EPOCH, "epoch", &r->epoch, out);
	if (r->has & HAS_VISUAL_HASH) {
		json_print_key("visual_hash", out);
		buf_printf(out, "\"%016llx\"", (unsigned long long)r->visual_hash);
	}
	if (r->has & HAS_VECTOR)
		print_vector(r->vector, out);
	if (r->has & HAS_BECAUSE)
		print_because(r->because, out);
	if (r->has & HAS_NOTE)
		print_text("note", r->note, out);
}

static void print_assertion(const struct record *r, struct buf *out)
{
	print_text("subject", r->subject, out);
	print_text("predicate", r->predicate, out);
	json_print_key("object", out);
	object_print(&r->object, out);
	if (r->has & HAS_CONFIDENCE) {
		json_print_key("confidence", out);
		millionths_print(r->confidence, out);
	}
	print_when("timestamp", r->timestamp, out);
	if (r->has & HAS_SOURCE)
		print_text("source", r->source, out);
	print_id_if(r->has & HAS_SOURCE_HASH, "source_hash", &r->source_hash, out);
	if (r->has & HAS_SOURCE_CLASS)
		print_word("source_class", source_class_name(r->source_class), out);
	print_assertion_tail(r, out);
}

static void print_vote(const struct record *r, struct buf *out)
{
	print_hex("vote", r->target.b, ID_SIZE, out);
	json_print_key("weight", out);
	if (r->against)
		buf_byte(out, '-');
	millionths_print(r->weight, out);
}

static void print_epoch(const struct record *r, struct buf *out)
{
	print_text("epoch", r->name, out);
	print_id_if(r->has & HAS_TARGET, "supersedes", &r->target, out);
	if (r->has & HAS_TARGET)
		print_word("supersession", supersession_name(r->supersession), out);
}

static void print_supersession(const struct record *r, struct buf *out)
{
	bool by = r->has & HAS_BY;

	print_hex(by ? "supersede" : "retract", r->target.b, ID_SIZE, out);
	print_id_if(by, "by", &r->by, out);
	print_text("reason", r->reason, out);
}

static void print_setting(const struct record *r, struct buf *out)
{
	print_text("setting", r->name, out);
	if (r->has & HAS_AGENT)
		print_hex("agent", r->subject_agent.b, ID_SIZE, out);
	if (!(r->has & HAS_VALUE))
		return;
	json_print_key("value", out);
	if (slice_is(r->value, "true") || slice_is(r->value, "false") ||
		decimal_check(r->value))
		buf_slice(out, r->value);
	else
		json_print_string(r->value, out);
}

void record_print(const struct record *r, struct buf *out)
{
	switch (r->kind) {
	case RECORD_ASSERTION: /* has its timestamp in the middle */
		print_assertion(r, out);
		return;
	case RECORD_COSIGNATURE: /* has none */
		print_hex("cosign", r->target.b, ID_SIZE, out);
		return;
	case RECORD_VOTE:
		print_vote(r, out);
		break;
	case RECORD_EPOCH:
		print_epoch(r, out);
		break;
	case RECORD_SUPERSESSION:
		print_supersession(r, out);
		break;
	case RECORD_PROFILE:
		json_print_key("profile", out);
		buf_byte(out, '{');
		print_text("name", r->name, out);
		buf_byte(out, '}');
		break;
	default: /* RECORD_SETTING */
		print_setting(r, out);
		break;
	}
	print_when("timestamp", r->timestamp, out);
}

void signatures_print(const struct signature *s, size_t n, struct buf *out)
{
	json_print_key("signatures", out);
	buf_byte(out, '[');
	for (size_t i = 0; i < n; i++) {
		buf_str(out, i ? ",{" : "{");
		print_hex("agent", s[i].agent.b, ID_SIZE, out);
		print_hex("signature", s[i].bytes, sizeof(s[i].bytes), out);
		print_when("signed_at", s[i].signed_at, out);
		buf_byte(out, '}');
	}
	buf_byte(out, ']');
}

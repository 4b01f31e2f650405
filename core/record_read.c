/* One function per kind of value. Numbers are read from their text in the document,
 * never from cJSON's double. Limits that record_check() knows are left to it. */
#include "core/record_read.h"

#include <errno.h>

#include "core/bytes.h"
#include "core/decimal.h"
#include "core/quote.h"
#include "core/record_rule.h"
#include "core/when.h"

int refuse_memory(struct reader *rd)
{
	return fail(rd->err, ENOMEM, "out of memory");
}

static const char *type_name(const cJSON *node)
{
	if (cJSON_IsObject(node))
		return "an object";
	if (cJSON_IsArray(node))
		return "an array";
	if (cJSON_IsString(node))
		return "a string";
	if (cJSON_IsNumber(node))
		return "a number";
	return cJSON_IsBool(node) ? "true or false" : "null";
}

int refuse_type(struct reader *rd, const cJSON *node, const char *what)
{
	return fail(rd->err, EINVAL, "wants %s, not %s", what, type_name(node));
}

static int read_text(struct reader *rd, const cJSON *node, struct slice *out)
{
	if (!cJSON_IsString(node))
		return refuse_type(rd, node, "a string");
	*out = arena_copy(rd->arena, slice_str(node->valuestring));
	return out->p ? 0 : refuse_memory(rd);
}

int read_hex(struct reader *rd, const cJSON *node, uint8_t *out, size_t n)
{
	if (!cJSON_IsString(node))
		return refuse_type(rd, node, "a string of hex digits");
	if (hex_parse(slice_str(node->valuestring), out, n) < 0)
		return fail(rd->err, EINVAL, "wants %zu hex digits", 2 * n);
	return 0;
}

/* An id, or a name to be looked up by whoever knows the names. */
static int read_id_or_name(struct reader *rd, const cJSON *node, struct id *out)
{
	struct slice text = {0};
	int rc = read_text(rd, node, &text);

	if (rc < 0 || hex_parse(text, out->b, ID_SIZE) == 0)
		return rc;
	rd->draft->epoch_name = text;
	return rule_name(text, NAME_MAX_BYTES, rd->err);
}

static int read_number(struct reader *rd, const cJSON *node, struct slice *out)
{
	uint8_t room[DECIMAL_TEXT];
	struct buf text = buf_lent(room, sizeof(room));
	int rc = decimal_canonical(json_source(rd->doc, node), &text, rd->err);

	if (rc < 0)
		return rc;
	*out = arena_copy(rd->arena, slice_of(text.p, text.n));
	return text.failed || !out->p ? refuse_memory(rd) : 0;
}

/* A word of a list; find tells its number. */
static int read_word(struct reader *rd, const cJSON *node,
	int (*find)(struct slice), const char *known, uint8_t *out)
{
	int number;

	if (!cJSON_IsString(node))
		return refuse_type(rd, node, "a string");
	number = find(slice_str(node->valuestring));
	if (number < 0) {
		(void)fail(rd->err, EINVAL, "unknown word %s",
			quote(slice_str(node->valuestring)).text);
		return fail_hint(rd->err, "known are %s", known);
	}
	*out = (uint8_t)number;
	return 0;
}

/* A number from `least` to 1, in millionths. */
static int read_ratio(struct reader *rd, const cJSON *node, int least, int32_t *out)
{
	struct slice text = json_source(rd->doc, node);
	const char *over = least < 0 ? "outside -1 to 1" : "over 1";
	int32_t value;

	if (!cJSON_IsNumber(node))
		return refuse_type(rd, node,
			least < 0 ? "a number from -1 to 1"
				  : "a number from 0 to 1");
	/* The sign counts before rounding: -0.0000001 is below 0. */
	if (least == 0 && decimal_compare(text, slice_str("0")) < 0)
		return fail(rd->err, EINVAL, "%s is below 0", quote(text).text);
	if (decimal_millionths(text, &value) < 0)
		return fail(rd->err, EINVAL, "%s is %s", quote(text).text, over);
	*out = value;
	return 0;
}

int read_when(struct reader *rd, const cJSON *node, uint64_t *out)
{
	if (cJSON_IsString(node))
		return when_parse(slice_str(node->valuestring), out, rd->err);
	if (cJSON_IsNumber(node))
		return when_parse_seconds(json_source(rd->doc, node), out, rd->err);
	return refuse_type(rd, node, "a time: RFC 3339, or seconds");
}

int read_subject(struct reader *rd, const cJSON *node)
{
	return read_text(rd, node, &rd->draft->record.subject);
}

int read_predicate(struct reader *rd, const cJSON *node)
{
	return read_text(rd, node, &rd->draft->record.predicate);
}

static int read_ref(struct reader *rd, const cJSON *node)
{
	return read_text(rd, node, rd->name);
}

int read_object_value(struct reader *rd, const cJSON *node, struct object *out)
{
	static const struct key keys[] = {{"ref", read_ref, true}};
	static const struct keys reference = {
		"an object that is a reference", keys, 1};

	if (cJSON_IsString(node)) {
		out->kind = OBJECT_TEXT;
		return read_text(rd, node, &out->text);
	}
	if (cJSON_IsNumber(node)) {
		out->kind = OBJECT_NUMBER;
		return read_number(rd, node, &out->text);
	}
	if (cJSON_IsBool(node)) {
		out->kind = OBJECT_BOOL;
		out->text = slice_str(cJSON_IsTrue(node) ? "true" : "false");
		return 0;
	}
	if (!cJSON_IsObject(node))
		return refuse_type(rd, node,
			"a string, a number, true, false or {\"ref\":...}");
	out->kind = OBJECT_REF;
	rd->name = &out->text;
	return read_keys(rd, node, &reference);
}

int read_object(struct reader *rd, const cJSON *node)
{
	return read_object_value(rd, node, &rd->draft->record.object);
}

int read_confidence(struct reader *rd, const cJSON *node)
{
	int32_t value = 0;
	int rc = read_ratio(rd, node, 0, &value);

	if (rc < 0)
		return rc;
	rd->draft->record.has |= HAS_CONFIDENCE;
	rd->draft->record.confidence = (uint32_t)value;
	return 0;
}

int read_timestamp(struct reader *rd, const cJSON *node)
{
	rd->draft->timestamp_implied = false;
	return read_when(rd, node, &rd->draft->record.timestamp);
}

int read_source(struct reader *rd, const cJSON *node)
{
	rd->draft->record.has |= HAS_SOURCE;
	return read_text(rd, node, &rd->draft->record.source);
}

int read_source_hash(struct reader *rd, const cJSON *node)
{
	rd->draft->record.has |= HAS_SOURCE_HASH;
	return read_hex(rd, node, rd->draft->record.source_hash.b, ID_SIZE);
}

int read_source_class(struct reader *rd, const cJSON *node)
{
	rd->draft->record.has |= HAS_SOURCE_CLASS;
	return read_word(rd, node, source_class_find,
		"regulatory, clinical, observational, expert, community, anecdotal",
		&rd->draft->record.source_class);
}

int read_lifecycle(struct reader *rd, const cJSON *node)
{
	return read_word(rd, node, lifecycle_find,
		"proposed, under_review, approved, deprecated, rejected",
		&rd->draft->record.lifecycle);
}

int read_parent(struct reader *rd, const cJSON *node)
{
	rd->draft->record.has |= HAS_PARENT;
	return read_hex(rd, node, rd->draft->record.parent.b, ID_SIZE);
}

int read_epoch(struct reader *rd, const cJSON *node)
{
	rd->draft->record.has |= HAS_EPOCH;
	return read_id_or_name(rd, node, &rd->draft->record.epoch);
}

int read_visual_hash(struct reader *rd, const cJSON *node)
{
	uint8_t b[8] = {0};
	int rc = read_hex(rd, node, b, sizeof(b));

	if (rc < 0)
		return rc;
	rd->draft->record.has |= HAS_VISUAL_HASH;
	rd->draft->record.visual_hash = be64_at(b);
	return 0;
}

int read_note(struct reader *rd, const cJSON *node)
{
	rd->draft->record.has |= HAS_NOTE;
	return read_text(rd, node, &rd->draft->record.note);
}

int read_target(struct reader *rd, const cJSON *node)
{
	return read_hex(rd, node, rd->draft->record.target.b, ID_SIZE);
}

int read_by(struct reader *rd, const cJSON *node)
{
	rd->draft->record.has |= HAS_BY;
	return read_hex(rd, node, rd->draft->record.by.b, ID_SIZE);
}

int read_weight(struct reader *rd, const cJSON *node)
{
	int32_t value = 0;
	int rc = read_ratio(rd, node, -1, &value);

	if (rc < 0)
		return rc;
	rd->draft->record.against = value < 0;
	rd->draft->record.weight = (uint32_t)(value < 0 ? -value : value);
	return 0;
}

int read_supersedes(struct reader *rd, const cJSON *node)
{
	rd->draft->record.has |= HAS_TARGET;
	return read_id_or_name(rd, node, &rd->draft->record.target);
}

int read_supersession(struct reader *rd, const cJSON *node)
{
	return read_word(rd, node, supersession_find, "replace, refine, invalidate",
		&rd->draft->record.supersession);
}

int read_name(struct reader *rd, const cJSON *node)
{
	return read_text(rd, node, &rd->draft->record.name);
}

int read_profile(struct reader *rd, const cJSON *node)
{
	static const struct key keys[] = {{"name", read_name, true}};
	static const struct keys profile = {"a profile", keys, 1};

	if (!cJSON_IsObject(node))
		return refuse_type(rd, node, "an object with \"name\"");
	return read_keys(rd, node, &profile);
}

int read_reason(struct reader *rd, const cJSON *node)
{
	return read_text(rd, node, &rd->draft->record.reason);
}

int read_agent(struct reader *rd, const cJSON *node)
{
	rd->draft->record.has |= HAS_AGENT;
	return read_hex(rd, node, rd->draft->record.subject_agent.b, ID_SIZE);
}

/* In a setting's value "true" and true would be the same bytes: words are words
 * only. */
int read_value(struct reader *rd, const cJSON *node)
{
	struct slice *value = &rd->draft->record.value;
	uint8_t class;

	rd->draft->record.has |= HAS_VALUE;
	if (cJSON_IsNumber(node))
		return read_number(rd, node, value);
	if (cJSON_IsBool(node)) {
		*value = slice_str(cJSON_IsTrue(node) ? "true" : "false");
		return 0;
	}
	if (read_word(rd, node, source_class_find,
		    "true, false, a number and the source classes", &class) < 0)
		return -EINVAL;
	return read_text(rd, node, value);
}

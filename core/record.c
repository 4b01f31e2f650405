/* What a record may hold.
 *
 * One flat struct serves all kinds, so first of all nothing may be set that the
 * kind does not have: a field that is set is in the id or it is an error, never
 * ignored. Then each kind's own fields are checked. */
#include "core/record.h"

#include <errno.h>

#include "core/decimal.h"
#include "core/quote.h"
#include "core/record_rule.h"

/* Fields of struct record, in its order: bits of a mask, indexes of field_keys. */
enum field {
	TIMESTAMP,
	SUBJECT,
	PREDICATE,
	OBJECT,
	CONFIDENCE,
	LIFECYCLE,
	SOURCE_CLASS,
	SOURCE,
	SOURCE_HASH,
	PARENT,
	EPOCH,
	VISUAL_HASH,
	VECTOR,
	BECAUSE,
	NOTE,
	TARGET,
	BY,
	WEIGHT,
	AGAINST,
	SUPERSESSION,
	NAME,
	REASON,
	AGENT,
	VALUE,
	FIELDS,
	NO_FIELD = FIELDS,
};

#define BIT(field) (UINT32_C(1) << (field))

static const char *const field_keys[FIELDS] = {"timestamp", "subject", "predicate",
	"object", "confidence", "lifecycle", "source_class", "source",
	"source_hash", "parent", "epoch", "visual_hash", "vector", "because",
	"note", "target", "by", "weight", "weight", "supersession", "name",
	"reason", "agent", "value"};

/* What a kind has: always, and with each bit of `has` from the lowest. */
struct shape {
	uint32_t kind;
	uint32_t always;
	const char *name;
	const uint32_t *optional;
	size_t optionals;
	int (*check)(const struct record *r, enum field *at, struct error *err);
};

static const char *const lifecycle_words[LIFECYCLES] = {
	"proposed", "under_review", "approved", "deprecated", "rejected"};
static const char *const class_words[CLASSES] = {"regulatory", "clinical",
	"observational", "expert", "community", "anecdotal"};
static const char *const supersession_words[SUPERSESSIONS] = {
	NULL, "replace", "refine", "invalidate"};

const char *lifecycle_name(uint8_t lifecycle)
{
	return lifecycle < LIFECYCLES ? lifecycle_words[lifecycle] : NULL;
}

const char *source_class_name(uint8_t source_class)
{
	return source_class < CLASSES ? class_words[source_class] : NULL;
}

const char *supersession_name(uint8_t type)
{
	return type < SUPERSESSIONS ? supersession_words[type] : NULL;
}

static int find_word(const char *const *words, int n, struct slice word)
{
	for (int i = 0; i < n; i++)
		if (words[i] && slice_is(word, words[i]))
			return i;
	return -1;
}

int lifecycle_find(struct slice word)
{
	return find_word(lifecycle_words, LIFECYCLES, word);
}

int source_class_find(struct slice word)
{
	return find_word(class_words, CLASSES, word);
}

int supersession_find(struct slice word)
{
	return find_word(supersession_words, SUPERSESSIONS, word);
}

/* The optional parts of an assertion that are more than a number. */
static int check_evidence(const struct record *r, enum field *at, struct error *err)
{
	int rc = 0;

	if (r->has & HAS_SOURCE) {
		*at = SOURCE;
		rc = rule_words(r->source, SOURCE_MAX, false, err);
	}
	if (rc == 0 && (r->has & HAS_VECTOR)) {
		*at = VECTOR;
		rc = rule_vector(r->vector, err);
	}
	if (rc == 0 && (r->has & HAS_BECAUSE)) {
		*at = BECAUSE;
		rc = rule_because(r->because, err);
	}
	if (rc == 0 && (r->has & HAS_NOTE)) {
		*at = NOTE;
		rc = rule_words(r->note, NOTE_MAX, true, err);
	}
	return rc;
}

static int check_assertion(
	const struct record *r, enum field *at, struct error *err)
{
	int rc;

	*at = SUBJECT;
	rc = rule_name(r->subject, SUBJECT_MAX, err);
	if (rc < 0)
		return rc;
	*at = PREDICATE;
	rc = rule_name(r->predicate, PREDICATE_MAX, err);
	if (rc < 0)
		return rc;
	*at = OBJECT;
	rc = object_check(&r->object, err);
	if (rc < 0)
		return rc;
	*at = CONFIDENCE;
	if (r->confidence > MILLION)
		return fail(err, EINVAL, "%u millionths is over 1", r->confidence);
	*at = LIFECYCLE;
	if (r->lifecycle >= LIFECYCLES)
		return fail(err, EINVAL, "unknown stage %u", r->lifecycle);
	*at = SOURCE_CLASS;
	if (r->source_class >= CLASSES)
		return fail(err, EINVAL, "unknown class %u", r->source_class);
	return check_evidence(r, at, err);
}

static int check_vote(const struct record *r, enum field *at, struct error *err)
{
	*at = WEIGHT;
	if (r->weight > MILLION)
		return fail(err, EINVAL, "%u millionths is over 1", r->weight);
	if (r->weight == 0 && r->against)
		return fail(err, EINVAL, "0 has no sign");
	return 0;
}

static int check_epoch(const struct record *r, enum field *at, struct error *err)
{
	uint8_t id[ID_SIZE];
	int rc;

	*at = NAME;
	rc = rule_name(r->name, NAME_MAX_BYTES, err);
	if (rc < 0)
		return rc;
	if (hex_parse(r->name, id, ID_SIZE) == 0)
		return fail(
			err, EINVAL, "a name of 64 hex digits would read as an id");
	*at = SUPERSESSION;
	if (r->supersession >= SUPERSESSIONS ||
		(r->has & HAS_TARGET) != (r->supersession ? HAS_TARGET : 0))
		return fail(err, EINVAL,
			"it goes with what it supersedes, or not at all");
	return 0;
}

static int check_supersession(
	const struct record *r, enum field *at, struct error *err)
{
	*at = BY;
	if ((r->has & HAS_BY) && id_compare(&r->by, &r->target) == 0)
		return fail(err, EINVAL, "nothing supersedes itself");
	*at = REASON;
	return rule_words(r->reason, REASON_MAX, true, err);
}

static int check_profile(const struct record *r, enum field *at, struct error *err)
{
	*at = NAME;
	return rule_name(r->name, NAME_MAX_BYTES, err);
}

static bool is_bool(struct slice value)
{
	return slice_is(value, "true") || slice_is(value, "false");
}

static bool is_grant(struct slice value)
{
	return slice_is(value, "false") || source_class_find(value) >= 0;
}

static bool is_ratio(struct slice value)
{
	int32_t millionths;

	return decimal_check(value) &&
	       decimal_millionths(value, &millionths) == 0 && value.p[0] != '-';
}

/* A setting that is not known here would be obeyed by some readers and not by
 * others. */
static const struct setting {
	const char *name;
	bool of_agent;
	bool (*accepts)(struct slice value);
	const char *want;
} settings[] = {
	{"admit", true, is_bool, "true or false"},
	{"steward", true, is_bool, "true or false"},
	{"grant", true, is_grant, "a source class, or false"},
	{"min_trust", false, is_ratio, "a number from 0 to 1"},
};

static int check_setting(const struct record *r, enum field *at, struct error *err)
{
	const struct setting *s = NULL;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (slice_is(r->name, settings[i].name))
			s = &settings[i];
	*at = NAME;
	if (!s) {
		(void)fail(err, EINVAL, "unknown setting %s", quote(r->name).text);
		return fail_hint(
			err, "known are admit, steward, grant and min_trust");
	}
	*at = AGENT;
	if (s->of_agent != !!(r->has & HAS_AGENT))
		return fail(err, EINVAL, "%s %s", s->name,
			s->of_agent ? "is about an agent: 64 hex digits"
				    : "is about no agent");
	*at = VALUE;
	if (!(r->has & HAS_VALUE) || r->value.n > VALUE_MAX ||
		!s->accepts(r->value))
		return fail(err, EINVAL, "%s wants %s", s->name, s->want);
	return 0;
}

static const uint32_t assertion_optional[] = {BIT(CONFIDENCE), BIT(SOURCE),
	BIT(SOURCE_HASH), BIT(SOURCE_CLASS), BIT(PARENT), BIT(EPOCH),
	BIT(VISUAL_HASH), BIT(VECTOR), BIT(BECAUSE), BIT(NOTE)};
static const uint32_t epoch_optional[] = {BIT(TARGET) | BIT(SUPERSESSION)};
static const uint32_t supersession_optional[] = {BIT(BY)};
static const uint32_t setting_optional[] = {BIT(AGENT), BIT(VALUE)};

static const struct shape shapes[] = {
	{RECORD_ASSERTION,
		BIT(TIMESTAMP) | BIT(SUBJECT) | BIT(PREDICATE) | BIT(OBJECT) |
			BIT(LIFECYCLE),
		"assertion", assertion_optional, 10, check_assertion},
	{RECORD_COSIGNATURE, BIT(TARGET), "cosignature", NULL, 0, NULL},
	{RECORD_VOTE, BIT(TIMESTAMP) | BIT(TARGET) | BIT(WEIGHT) | BIT(AGAINST),
		"vote", NULL, 0, check_vote},
	{RECORD_EPOCH, BIT(TIMESTAMP) | BIT(NAME), "epoch", epoch_optional, 1,
		check_epoch},
	{RECORD_SUPERSESSION, BIT(TIMESTAMP) | BIT(TARGET) | BIT(REASON),
		"supersession", supersession_optional, 1, check_supersession},
	{RECORD_PROFILE, BIT(TIMESTAMP) | BIT(NAME), "profile", NULL, 0,
		check_profile},
	{RECORD_SETTING, BIT(TIMESTAMP) | BIT(NAME), "setting", setting_optional, 2,
		check_setting},
};

static const struct shape *shape_of(uint8_t kind)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (shapes[i].kind == kind)
			return &shapes[i];
	return NULL;
}

const char *record_kind_name(uint8_t kind)
{
	const struct shape *shape = shape_of(kind);

	return shape ? shape->name : NULL;
}

static bool is_set(const uint8_t b[ID_SIZE])
{
	static const uint8_t zero[ID_SIZE];

	return memcmp(b, zero, ID_SIZE) != 0;
}

#define WHEN(condition, field) ((condition) ? BIT(field) : 0)

/* The fields that are not zero. */
static uint32_t fields_set(const struct record *r)
{
	return WHEN(r->timestamp, TIMESTAMP) | WHEN(r->subject.n, SUBJECT) |
	       WHEN(r->predicate.n, PREDICATE) |
	       WHEN(r->object.kind || r->object.text.n, OBJECT) |
	       WHEN(r->confidence, CONFIDENCE) | WHEN(r->lifecycle, LIFECYCLE) |
	       WHEN(r->source_class, SOURCE_CLASS) | WHEN(r->source.n, SOURCE) |
	       WHEN(is_set(r->source_hash.b), SOURCE_HASH) |
	       WHEN(is_set(r->parent.b), PARENT) | WHEN(is_set(r->epoch.b), EPOCH) |
	       WHEN(r->visual_hash, VISUAL_HASH) | WHEN(r->vector.n, VECTOR) |
	       WHEN(r->because.n, BECAUSE) | WHEN(r->note.n, NOTE) |
	       WHEN(is_set(r->target.b), TARGET) | WHEN(is_set(r->by.b), BY) |
	       WHEN(r->weight, WEIGHT) | WHEN(r->against, AGAINST) |
	       WHEN(r->supersession, SUPERSESSION) | WHEN(r->name.n, NAME) |
	       WHEN(r->reason.n, REASON) | WHEN(is_set(r->subject_agent.b), AGENT) |
	       WHEN(r->value.n, VALUE);
}

static int check_fields(const struct record *r, enum field *at, struct error *err)
{
	const struct shape *shape = shape_of(r->kind);
	uint32_t extra = fields_set(r);

	if (!shape)
		return fail(err, EINVAL, "unknown kind of record %u", r->kind);
	if (r->has >> shape->optionals)
		return fail(err, EINVAL,
			"unknown presence bits 0x%04X in a record of kind %s",
			r->has, shape->name);
	extra &= ~shape->always;
	for (size_t i = 0; i < shape->optionals; i++)
		if (r->has >> i & 1)
			extra &= ~shape->optional[i];
	if (extra) {
		*at = (enum field)__builtin_ctz(extra);
		return fail(err, EINVAL, "not part of this %s", shape->name);
	}
	return shape->check ? shape->check(r, at, err) : 0;
}

int record_check_key(const struct record *r, const char **key, struct error *err)
{
	enum field at = NO_FIELD;
	int rc = check_fields(r, &at, err);
	const char *kind = record_kind_name(r->kind);

	if (rc == 0)
		return 0;
	*key = at == NO_FIELD ? "" : field_keys[at];
	if (at == NAME && kind)
		*key = kind; /* kinds that have a name are called like its key */
	if (at != NO_FIELD && err) {
		error_in_key(err, slice_str(*key), 0);
		err->offset = -1;
	}
	return rc;
}

int record_check(const struct record *r, struct error *err)
{
	const char *key;

	return record_check_key(r, &key, err);
}

/* Which kind a record is follows from its keys; each kind is a table of them. */
#include "core/record_json.h"

#include <errno.h>

#include "core/quote.h"
#include "core/record_read.h"
#include "core/record_rule.h"

#define TIMESTAMP                                                                  \
	{                                                                          \
		"timestamp", read_timestamp, false                                 \
	}
#define SIGNATURES                                                                 \
	{                                                                          \
		"signatures", read_signatures, false                               \
	}

static const struct key assertion_keys[] = {
	{"subject", read_subject, true},
	{"predicate", read_predicate, true},
	{"object", read_object, true},
	{"confidence", read_confidence, false},
	TIMESTAMP,
	{"source", read_source, false},
	{"source_hash", read_source_hash, false},
	{"source_class", read_source_class, false},
	{"lifecycle", read_lifecycle, false},
	{"parent", read_parent, false},
	{"epoch", read_epoch, false},
	{"visual_hash", read_visual_hash, false},
	{"vector", read_vector, false},
	{"because", read_because, false},
	{"note", read_note, false},
	SIGNATURES,
};

static const struct key vote_keys[] = {
	{"vote", read_target, true},
	{"weight", read_weight, true},
	TIMESTAMP,
	SIGNATURES,
};

static const struct key supersede_keys[] = {
	{"supersede", read_target, true},
	{"by", read_by, true},
	{"reason", read_reason, true},
	TIMESTAMP,
	SIGNATURES,
};

static const struct key retract_keys[] = {
	{"retract", read_target, true},
	{"reason", read_reason, true},
	TIMESTAMP,
	SIGNATURES,
};

static const struct key cosign_keys[] = {
	{"cosign", read_target, true},
	SIGNATURES,
};

static const struct key profile_keys[] = {
	{"profile", read_profile, true},
	TIMESTAMP,
	SIGNATURES,
};

static const struct key setting_keys[] = {
	{"setting", read_name, true},
	{"agent", read_agent, false},
	{"value", read_value, false},
	TIMESTAMP,
	SIGNATURES,
};

static const struct key epoch_keys[] = {
	{"epoch", read_name, true},
	{"supersedes", read_supersedes, false},
	{"supersession", read_supersession, false},
	TIMESTAMP,
	SIGNATURES,
};

#define KEYS(what, table)                                                          \
	{                                                                          \
		what, table, sizeof(table) / sizeof((table)[0])                    \
	}

/* The key that decides is the first of its table; an assertion has three. An
 * assertion may have "epoch" too, so that comes last. */
static const struct kind {
	uint8_t kind;
	struct keys keys;
} kinds[] = {
	{RECORD_ASSERTION, KEYS("an assertion", assertion_keys)},
	{RECORD_VOTE, KEYS("a vote", vote_keys)},
	{RECORD_SUPERSESSION, KEYS("a supersession", supersede_keys)},
	{RECORD_SUPERSESSION, KEYS("a retraction", retract_keys)},
	{RECORD_COSIGNATURE, KEYS("a cosignature", cosign_keys)},
	{RECORD_PROFILE, KEYS("a profile", profile_keys)},
	{RECORD_SETTING, KEYS("a setting", setting_keys)},
	{RECORD_EPOCH, KEYS("an epoch", epoch_keys)},
};

static const struct kind *find_kind(const cJSON *root)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t deciding = kinds[i].kind == RECORD_ASSERTION ? 3 : 1;

		for (size_t k = 0; k < deciding; k++)
			if (cJSON_GetObjectItemCaseSensitive(
				    root, kinds[i].keys.keys[k].name))
				return &kinds[i];
	}
	return NULL;
}

/* No key says what this is: perhaps the one that should is misspelt. */
static int refuse_unknown(struct reader *rd, const cJSON *root)
{
	static const struct key deciding[] = {{"subject", NULL, false},
		{"predicate", NULL, false}, {"object", NULL, false},
		{"vote", NULL, false}, {"supersede", NULL, false},
		{"retract", NULL, false}, {"cosign", NULL, false},
		{"profile", NULL, false}, {"setting", NULL, false},
		{"epoch", NULL, false}};
	static const struct keys any = KEYS("a record", deciding);
	const cJSON *node;

	for (node = root->child; node; node = node->next)
		if (strcmp(node->string, "timestamp") != 0 &&
			strcmp(node->string, "signatures") != 0)
			return refuse_key(rd, node, &any);
	(void)fail_at(rd->err, EINVAL, json_offset(rd->doc, root),
		"no key says what this record is");
	return fail_hint(rd->err, "an assertion has subject, predicate and object");
}

/* What the tables cannot say: keys that go together, and defaults. */
static int finish(struct reader *rd, const struct kind *kind)
{
	struct draft *d = rd->draft;
	struct record *r = &d->record;

	r->kind = kind->kind;
	if (d->signature_count > 0 && d->timestamp_implied &&
		r->kind != RECORD_COSIGNATURE) {
		(void)fail_at(rd->err, EINVAL, json_offset(rd->doc, rd->doc->root),
			"a signed record needs \"timestamp\"");
		return fail_hint(rd->err, "it is part of the id that was signed");
	}
	if (r->kind == RECORD_EPOCH && !(r->has & HAS_TARGET) != !r->supersession)
		return fail_at(rd->err, EINVAL, json_offset(rd->doc, rd->doc->root),
			"\"supersedes\" and \"supersession\" go together");
	if (r->kind == RECORD_SETTING && !(r->has & HAS_VALUE) &&
		(slice_is(r->name, "admit") || slice_is(r->name, "steward"))) {
		r->has |= HAS_VALUE;
		r->value = slice_str("true");
	}
	return 0;
}

/* record_check(), pointing at the key it names. */
static int check(struct reader *rd)
{
	const char *key;
	int rc = record_check_key(&rd->draft->record, &key, rd->err);
	const cJSON *node;

	if (rc == 0 || !rd->err)
		return rc;
	node = cJSON_GetObjectItemCaseSensitive(rd->doc->root, key);
	rd->err->offset =
		(int64_t)json_offset(rd->doc, node ? node : rd->doc->root);
	if (node)
		rd->err->offset = json_source(rd->doc, node).p - rd->doc->text.p;
	return rc;
}

static int read_record(struct reader *rd)
{
	const cJSON *root = rd->doc->root;
	const struct kind *kind;
	int rc;

	if (!cJSON_IsObject(root)) {
		(void)fail_at(rd->err, EINVAL, json_offset(rd->doc, root),
			"a record is a JSON object");
		if (cJSON_IsArray(root))
			return fail_hint(rd->err, "send one object per line");
		return fail_hint(rd->err, "like {\"vote\":\"<id>\",\"weight\":1}");
	}
	kind = find_kind(root);
	if (!kind)
		return refuse_unknown(rd, root);
	rc = read_keys(rd, root, &kind->keys);
	if (rc == 0)
		rc = finish(rd, kind);
	return rc < 0 ? rc : check(rd);
}

int record_parse(
	struct slice json, struct arena *a, struct draft *out, struct error *err)
{
	JSON_AUTO(doc);
	struct draft d = {.timestamp_implied = true};
	struct reader rd = {.doc = &doc, .arena = a, .draft = &d, .err = err};
	int rc;

	if (json.n > RECORD_JSON_MAX)
		return fail(err, EMSGSIZE,
			"a record of %zu bytes, at most %d are taken", json.n,
			RECORD_JSON_MAX);
	rc = json_parse(json, &doc, err);
	if (rc == 0)
		rc = read_record(&rd);
	if (rc < 0)
		return rc;
	if (d.record.kind == RECORD_COSIGNATURE)
		d.timestamp_implied = false;
	*out = d;
	return 0;
}

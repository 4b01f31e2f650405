/* From JSON to one field: what core/record_json.c reads a record with. Internal.
 *
 * An object is read by a table of its keys. Readers of values return 0 or -errno with a
 * message that does not name the key: whoever called them does, and adds the offset. */
#ifndef CORE_RECORD_READ_H
#define CORE_RECORD_READ_H

#include "core/json.h"
#include "core/record_json.h"

struct reader {
	const struct json_doc *doc;
	struct arena *arena;
	struct draft *draft;
	struct signature *entry; /* the one being read */
	struct slice *name;	 /* where the name in a reference goes */
	struct error *err;
};

struct key {
	const char *name;
	int (*read)(struct reader *rd, const cJSON *node);
	bool required;
};

/* What reads an object; what is for messages, with its article: "a vote". */
struct keys {
	const char *what;
	const struct key *keys;
	size_t n;
};

/* Read all keys of an object: unknown, missing and null ones are refused. */
int read_keys(struct reader *rd, const cJSON *object, const struct keys *keys);

/* Refuse a key that nobody knows, with the nearest known one as a hint. */
int refuse_key(struct reader *rd, const cJSON *node, const struct keys *keys);

/* Refusals: a value of another type than is wanted, no memory. */
int refuse_type(struct reader *rd, const cJSON *node, const char *what);
int refuse_memory(struct reader *rd);

/* Values that are not tied to a field of the draft: exactly n bytes in hex; a time. */
int read_hex(struct reader *rd, const cJSON *node, uint8_t *out, size_t n);
int read_when(struct reader *rd, const cJSON *node, uint64_t *out);
int read_object_value(struct reader *rd, const cJSON *node, struct object *out);

/* The fields of draft->record. */
int read_subject(struct reader *rd, const cJSON *node);
int read_predicate(struct reader *rd, const cJSON *node);
int read_object(struct reader *rd, const cJSON *node);
int read_confidence(struct reader *rd, const cJSON *node);
int read_timestamp(struct reader *rd, const cJSON *node);
int read_source(struct reader *rd, const cJSON *node);
int read_source_hash(struct reader *rd, const cJSON *node);
int read_source_class(struct reader *rd, const cJSON *node);
int read_lifecycle(struct reader *rd, const cJSON *node);
int read_parent(struct reader *rd, const cJSON *node);
int read_epoch(struct reader *rd, const cJSON *node);
int read_visual_hash(struct reader *rd, const cJSON *node);
int read_vector(struct reader *rd, const cJSON *node);
int read_because(struct reader *rd, const cJSON *node);
int read_note(struct reader *rd, const cJSON *node);
int read_target(struct reader *rd, const cJSON *node);
int read_by(struct reader *rd, const cJSON *node);
int read_weight(struct reader *rd, const cJSON *node);
int read_supersedes(struct reader *rd, const cJSON *node);
int read_supersession(struct reader *rd, const cJSON *node);
int read_name(struct reader *rd, const cJSON *node);
int read_profile(struct reader *rd, const cJSON *node);
int read_reason(struct reader *rd, const cJSON *node);
int read_agent(struct reader *rd, const cJSON *node);
int read_value(struct reader *rd, const cJSON *node);
int read_signatures(struct reader *rd, const cJSON *node);

#endif

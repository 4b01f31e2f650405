/* Records as JSON: what people write, what files show. docs/records.md has the keys. */
#ifndef CORE_RECORD_JSON_H
#define CORE_RECORD_JSON_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/record.h"

/* A record on its way in. */
struct draft {
	struct record record;
	struct signature
		*signatures;	/* sorted by signature_compare, one per agent */
	size_t signature_count; /* 0: to be signed by the wallet */
	bool timestamp_implied; /* no "timestamp": record.timestamp is 0 */
	struct slice
		epoch_name; /* "epoch" by name: to be looked up, p NULL if by id;
	                                 for an epoch record: what it supersedes, by name */
};

/**
 * Read one JSON record.
 *
 * Everything out points to lives in the arena (nothing borrows from json). Shape and
 * limits are checked (record_check); signatures are not verified, times are not compared
 * with a clock, and what a record refers to is not looked up. Signed records must have
 * a timestamp. Returns 0, -EINVAL, -EMSGSIZE (over RECORD_JSON_MAX), -ENAMETOOLONG or
 * -ENOMEM; err names the key and the byte offset.
 */
int record_parse(
	struct slice json, struct arena *a, struct draft *out, struct error *err);

/**
 * Read the bare value of an `assert` line or a vote's `=value`: JSON where it starts with
 * { or " or is exactly a JSON number, true or false; -EINVAL with the hint to quote for
 * what looks like a number and is none (`007`, `+359`, `null`, `NaN`); else text without
 * surrounding blanks. An object {"ref":…} is a reference; another object is -EINVAL.
 * The object's text lives in the arena.
 */
int object_parse(
	struct slice line, struct arena *a, struct object *out, struct error *err);

/* Append an object as a JSON value: "text", 96.7, true, {"ref":"Other"}. */
void object_print(const struct object *o, struct buf *out);

/* Append an object bare, as `value/<lens>` and shells want it: text as it is, references
 * by their name, without a newline. */
void object_print_bare(const struct object *o, struct buf *out);

/* Append `"key":value,…` for the fields of a record, in the order of the record table,
 * in the form that record_parse() reads (assertion: subject, predicate, object,
 * confidence, timestamp, source, …). No braces; a comma first unless out ends in '{'.
 * A cosignature prints "cosign". */
void record_print(const struct record *r, struct buf *out);

/* Append `"signatures":[{"agent":…,"signature":…,"signed_at":…}]`, likewise. */
void signatures_print(const struct signature *s, size_t n, struct buf *out);

#endif

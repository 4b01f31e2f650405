/* One record: an item of the log, of any kind.
 *
 * A record is what was said, without who said it: signatures stand beside it and are
 * no part of its id. One flat struct serves all kinds; which fields mean something
 * follows from kind and, for optional ones, from the bits of `has`.
 *
 *	assertion     subject predicate object timestamp lifecycle; confidence source
 *	              source_hash source_class parent epoch visual_hash vector because note
 *	cosignature   target
 *	vote          timestamp target weight against
 *	epoch         timestamp name; target (what it supersedes) with supersession
 *	supersession  timestamp target reason; by (absent: a retraction)
 *	profile       timestamp name
 *	setting       timestamp name; subject_agent, value
 *
 * Slices borrow; whoever filled the record says from where. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "core/error.h"
#include "core/id.h"
#include "core/slice.h"

enum record_kind {
	RECORD_ASSERTION = 1,
	RECORD_COSIGNATURE = 2,
	RECORD_VOTE = 3,
	RECORD_EPOCH = 4,
	RECORD_SUPERSESSION = 5,
	RECORD_PROFILE = 9,
	RECORD_SETTING = 11,
};

/* Presence bits; their values are part of the canonical format, per kind. */
enum record_has {
	/* assertion */
	HAS_CONFIDENCE = 1 << 0,
	HAS_SOURCE = 1 << 1,
	HAS_SOURCE_HASH = 1 << 2,
	HAS_SOURCE_CLASS = 1 << 3,
	HAS_PARENT = 1 << 4,
	HAS_EPOCH = 1 << 5,
	HAS_VISUAL_HASH = 1 << 6,
	HAS_VECTOR = 1 << 7,
	HAS_BECAUSE = 1 << 8,
	HAS_NOTE = 1 << 9,
	/* epoch: target and supersession; supersession: by; setting: agent, value */
	HAS_TARGET = 1 << 0,
	HAS_BY = 1 << 0,
	HAS_AGENT = 1 << 0,
	HAS_VALUE = 1 << 1,
};

enum {
	MILLION = 1000000, /* confidence, weight and trust are millionths */
	CONFIDENCE_UNSTATED = MILLION / 2,
	RECORD_JSON_MAX = 65536, /* one JSON record */
	SUBJECT_MAX = 240,
	PREDICATE_MAX = 200,
	FILE_NAME_MAX = 255, /* of a name after escaping (core/name.h) */
	TEXT_MAX = 32768,    /* a text object */
	SOURCE_MAX = 2048,
	NOTE_MAX = 2048,
	REASON_MAX = 2048,
	NAME_MAX_BYTES = 200, /* epoch, profile and setting names */
	VALUE_MAX = 1024,     /* of a setting */
	VECTOR_MAX = 4096,    /* dimensions */
	BECAUSE_MAX = 16,     /* ids */
	SIGNATURES_MAX =
		200, /* entries of one record; what 64 KiB of JSON can hold */
	NUMBER_DIGITS_MAX = 34,	   /* significant digits of a number */
	NUMBER_EXPONENT_MAX = 999, /* of its first digit */
};

enum object_kind {
	OBJECT_TEXT = 1,
	OBJECT_NUMBER = 2, /* canonical decimal text, core/decimal.h */
	OBJECT_BOOL = 3,   /* "true" or "false" */
	OBJECT_REF = 4,	   /* the name of a subject */
};

/* Two objects are the same value when kind and text are equal. */
struct object {
	uint8_t kind;
	struct slice text;
};

enum lifecycle {
	LIFECYCLE_PROPOSED = 0,
	LIFECYCLE_UNDER_REVIEW = 1,
	LIFECYCLE_APPROVED = 2,
	LIFECYCLE_DEPRECATED = 3,
	LIFECYCLE_REJECTED = 4,
	LIFECYCLES,
};

enum source_class {
	CLASS_REGULATORY = 0,
	CLASS_CLINICAL = 1,
	CLASS_OBSERVATIONAL = 2,
	CLASS_EXPERT = 3,
	CLASS_COMMUNITY = 4,
	CLASS_ANECDOTAL = 5,
	CLASSES,
};

enum supersession_type {
	SUPERSESSION_NONE = 0,
	SUPERSESSION_REPLACE = 1,
	SUPERSESSION_REFINE = 2,
	SUPERSESSION_INVALIDATE = 3,
	SUPERSESSIONS,
};

struct record {
	uint8_t kind;
	uint16_t has;
	uint64_t timestamp; /* ns since 1970; 0 in a cosignature */

	/* assertion */
	struct slice subject;
	struct slice predicate;
	struct object object;
	uint32_t confidence; /* millionths, with HAS_CONFIDENCE */
	uint8_t lifecycle;
	uint8_t source_class;
	struct slice source;
	struct id source_hash;
	struct id parent;
	struct id epoch;
	uint64_t visual_hash;
	struct slice vector;  /* float32, little endian */
	struct slice because; /* ids, one after another */
	struct slice note;

	/* the other kinds */
	struct id target;
	struct id by;
	uint32_t weight; /* of a vote, millionths */
	bool against;
	uint8_t supersession;
	struct slice name;   /* epoch, profile, setting */
	struct slice reason; /* supersession */
	struct agent subject_agent;
	struct slice value; /* setting: text, canonical number, true or false */
};

/* Who signed, and when they said they did. */
struct signature {
	struct agent agent;
	uint8_t bytes[64];
	uint64_t signed_at; /* ns since 1970 */
};

/* Is every field within its limits and well formed (UTF-8, no control characters, names
 * that fit a file name, known enumerators, nothing set that the kind does not have)?
 * Reader of JSON and decoder of bytes both end here. 0, -EINVAL or, for names that no
 * file could have, -ENAMETOOLONG; err names the field. */
int record_check(const struct record *r, struct error *err);

/* Words of the enumerators as JSON has them; NULL out of range. */
const char *record_kind_name(uint8_t kind);
const char *lifecycle_name(uint8_t lifecycle);
const char *source_class_name(uint8_t source_class);
const char *supersession_name(uint8_t type);

#endif

/* Members of JSON objects, as render_lens.c, render_why.c and the lenses write them: a
 * comma first unless out ends in '{'. */
#ifndef CORE_RENDER_H
#define CORE_RENDER_H

#include <inttypes.h>

#include "core/decimal.h"
#include "core/json.h"
#include "core/lens.h"
#include "core/record_json.h"
#include "core/when.h"

/* floor(part / whole) in millionths; whole is not 0. */
static inline uint64_t ratio(uint64_t part, uint64_t whole)
{
	__extension__ typedef unsigned __int128 u128;

	return (uint64_t)((u128)part * MILLION / whole);
}

static inline void field_text(const char *key, struct slice text, struct buf *out)
{
	json_print_key(key, out);
	json_print_string(text, out);
}

static inline void field_count(const char *key, uint64_t n, struct buf *out)
{
	json_print_key(key, out);
	buf_printf(out, "%" PRIu64, n);
}

static inline void field_millionths(const char *key, uint64_t n, struct buf *out)
{
	json_print_key(key, out);
	millionths_print(n, out);
}

static inline void field_conflict(uint32_t conflict, struct buf *out)
{
	field_millionths("conflict", conflict * UINT64_C(100), out);
}

static inline void field_bool(const char *key, bool yes, struct buf *out)
{
	json_print_key(key, out);
	buf_str(out, yes ? "true" : "false");
}

/* A list goes on: a comma unless out ends in '['. */
static inline void list_next(struct buf *out)
{
	if (out->n > 0 && out->p[out->n - 1] != '[')
		buf_byte(out, ',');
}

static inline void print_hex(const uint8_t b[ID_SIZE], struct buf *out)
{
	char hex[ID_HEX + 1];

	hex_print(b, ID_SIZE, hex);
	buf_printf(out, "\"%s\"", hex);
}

static inline void field_id(const char *key, const struct id *id, struct buf *out)
{
	json_print_key(key, out);
	print_hex(id->b, out);
}

/* The class of a claim as it counts, and what it was called where that differs. */
static inline void field_class(
	uint8_t source_class, uint8_t declared, struct buf *out)
{
	if (source_class < CLASSES)
		field_text("source_class",
			slice_str(source_class_name(source_class)), out);
	if (declared < CLASSES && declared != source_class)
		field_text("declared", slice_str(source_class_name(declared)), out);
}

/* The object of a claim, and the same as a member. */
static inline int print_object_of(
	const struct lens_view *v, const struct candidate *claim, struct buf *out)
{
	struct record r;
	int rc = v->bodies->read(v->bodies->ctx, claim, &r);

	if (rc == 0)
		object_print(&r.object, out);
	return rc;
}

static inline int field_object_of(
	const struct lens_view *v, const struct candidate *claim, struct buf *out)
{
	json_print_key("object", out);
	return print_object_of(v, claim, out);
}

/* Of why, on lines of their own: a member, a list, and a row of one. */
static inline void field_line(const char *key, struct buf *out)
{
	buf_printf(out, ",\n \"%s\":", key);
}

static inline void list_start(const char *key, struct buf *out)
{
	field_line(key, out);
	buf_byte(out, '[');
}

static inline void row_start(struct buf *out)
{
	list_next(out);
	buf_str(out, "\n  {");
}

static inline void field_agents(
	const char *key, const struct agent *agents, uint32_t n, struct buf *out)
{
	json_print_key(key, out);
	buf_byte(out, '[');
	for (uint32_t i = 0; i < n; i++) {
		list_next(out);
		print_hex(agents[i].b, out);
	}
	buf_byte(out, ']');
}

static inline void field_when(const char *key, uint64_t when, struct buf *out)
{
	json_print_key(key, out);
	buf_byte(out, '"');
	when_print(when, out);
	buf_byte(out, '"');
}

/* Of what v sees: clusters:[{object, share (of a set: held), agents, claims}], the
 * LENS_SHOWN strongest, and more, how many were left out, if any. 0 or -errno. */
int field_clusters(const struct lens_view *v, struct buf *out);

#endif

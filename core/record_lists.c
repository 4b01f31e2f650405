/* The arrays of a record: vector, because, signatures. */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "core/bytes.h"
#include "core/quote.h"
#include "core/record_read.h"
#include "core/record_rule.h"
#include "core/sign.h"

/* The nearest double, then the nearest float: what numpy, JavaScript and everybody
 * else makes of a JSON number. The text goes on behind the number, so strtod ends
 * there. */
static int read_component(
	struct reader *rd, const cJSON *node, locale_t c_locale, uint8_t out[4])
{
	struct slice text = json_source(rd->doc, node);
	union {
		float value;
		uint32_t bits;
	} u;

	if (!cJSON_IsNumber(node))
		return refuse_type(rd, node, "numbers");
	u.value = (float)strtod_l((const char *)text.p, NULL, c_locale);
	if (!isfinite(u.value))
		return fail(rd->err, EINVAL, "%s is too large for a float32",
			quote(text).text);
	put_u32(out, u.value == 0 ? 0 : u.bits); /* not -0 */
	return 0;
}

/* The error of one element of an array stands at that element. */
static int at_element(struct reader *rd, const char *key, const cJSON *node, int rc)
{
	if (rc < 0)
		error_in_key(rd->err, slice_str(key), json_offset(rd->doc, node));
	return rc;
}

/* Is it an array of 1 to max elements? */
static int check_array(struct reader *rd, const cJSON *node, size_t max)
{
	size_t n;

	if (!cJSON_IsArray(node))
		return refuse_type(rd, node, "an array");
	n = (size_t)cJSON_GetArraySize(node);
	if (n == 0) {
		(void)fail(rd->err, EINVAL, "empty");
		return fail_hint(rd->err, "leave the key out");
	}
	if (n > max)
		return fail(rd->err, EINVAL, "%zu elements, at most %zu are kept",
			n, max);
	return 0;
}

static void *array_room(struct reader *rd, const cJSON *node, size_t size)
{
	return arena_alloc(rd->arena, (size_t)cJSON_GetArraySize(node) * size);
}

static int read_components(struct reader *rd, const cJSON *node, locale_t c_locale)
{
	const cJSON *component;
	uint8_t *bytes = array_room(rd, node, 4);
	size_t n = 0;

	if (!bytes)
		return refuse_memory(rd);
	for (component = node->child; component; component = component->next) {
		int rc = read_component(rd, component, c_locale, bytes + n);

		if (rc < 0)
			return at_element(rd, "vector", component, rc);
		n += 4;
	}
	rd->draft->record.has |= HAS_VECTOR;
	rd->draft->record.vector = slice_of(bytes, n);
	return 0;
}

int read_vector(struct reader *rd, const cJSON *node)
{
	locale_t c_locale;
	int rc = check_array(rd, node, VECTOR_MAX);

	if (rc < 0)
		return rc;
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c_locale)
		return refuse_memory(rd);
	rc = read_components(rd, node, c_locale);
	freelocale(c_locale);
	return rc;
}

int read_because(struct reader *rd, const cJSON *node)
{
	const cJSON *element;
	uint8_t *bytes;
	size_t n = 0;
	int rc = check_array(rd, node, BECAUSE_MAX);

	if (rc < 0)
		return rc;
	bytes = array_room(rd, node, ID_SIZE);
	if (!bytes)
		return refuse_memory(rd);
	for (element = node->child; element; element = element->next) {
		rc = read_hex(rd, element, bytes + n, ID_SIZE);
		n += ID_SIZE;
		if (rc == 0)
			rc = rule_because(slice_of(bytes, n), rd->err);
		if (rc < 0)
			return at_element(rd, "because", element, rc);
	}
	rd->draft->record.has |= HAS_BECAUSE;
	rd->draft->record.because = slice_of(bytes, n);
	return 0;
}

static int read_entry_agent(struct reader *rd, const cJSON *node)
{
	return read_hex(rd, node, rd->entry->agent.b, ID_SIZE);
}

static int read_entry_signature(struct reader *rd, const cJSON *node)
{
	return read_hex(rd, node, rd->entry->bytes, sizeof(rd->entry->bytes));
}

static int read_entry_when(struct reader *rd, const cJSON *node)
{
	return read_when(rd, node, &rd->entry->signed_at);
}

static int compare_entries(const void *a, const void *b)
{
	return signature_compare(a, b);
}

/* One entry an agent: which of two would stand is not the writer's to leave open.
 */
static int sort_entries(struct reader *rd, struct signature *s, size_t n)
{
	qsort(s, n, sizeof(*s), compare_entries);
	for (size_t i = 1; i < n; i++)
		if (agent_compare(&s[i - 1].agent, &s[i].agent) == 0) {
			char hex[ID_HEX + 1];

			hex_print(s[i].agent.b, ID_SIZE, hex);
			return fail(rd->err, EINVAL, "agent %s signs twice", hex);
		}
	rd->draft->signatures = s;
	rd->draft->signature_count = n;
	return 0;
}

int read_signatures(struct reader *rd, const cJSON *node)
{
	static const struct key keys[] = {{"agent", read_entry_agent, true},
		{"signature", read_entry_signature, true},
		{"signed_at", read_entry_when, true}};
	static const struct keys entry = {"a signature", keys, 3};
	const cJSON *element;
	struct signature *s;
	size_t n = 0;
	int rc = check_array(rd, node, SIGNATURES_MAX);

	if (rc < 0)
		return rc;
	s = array_room(rd, node, sizeof(*s));
	if (!s)
		return refuse_memory(rd);
	for (element = node->child; element; element = element->next) {
		rd->entry = &s[n++];
		if (!cJSON_IsObject(element))
			return at_element(rd, "signatures", element,
				refuse_type(rd, element, "objects"));
		rc = read_keys(rd, element, &entry);
		if (rc < 0)
			return rc;
	}
	return sort_entries(rd, s, n);
}

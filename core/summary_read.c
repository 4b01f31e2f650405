/* A row of the summary from the line of a consensus, which is kept ready for every pair. */
#include <errno.h>

#include "core/decimal.h"
#include "core/json.h"
#include "core/record_json.h"
#include "core/summary.h"

void summary_object(const struct object *o, struct buf *out)
{
	if (o->kind == OBJECT_REF)
		buf_str(out, "→ ");
	object_print_bare(o, out);
}

static void print_node(
	const struct json_doc *doc, const cJSON *node, struct buf *out)
{
	const cJSON *ref = cJSON_GetObjectItemCaseSensitive(node, "ref");
	struct object o = {.kind = OBJECT_TEXT, .text = json_source(doc, node)};

	if (cJSON_IsString(ref))
		o = (struct object){OBJECT_REF, slice_str(ref->valuestring)};
	else if (cJSON_IsString(node))
		o.text = slice_str(node->valuestring);
	summary_object(&o, out);
}

static void print_set(const struct json_doc *doc, const cJSON *set, struct buf *out)
{
	const cJSON *node;

	cJSON_ArrayForEach(node, set)
	{
		if (node != set->child)
			buf_str(out, ", ");
		print_node(doc, node, out);
	}
}

static int read_value(
	const struct json_doc *doc, struct arena *a, struct summary_row *out)
{
	const cJSON *object = cJSON_GetObjectItemCaseSensitive(doc->root, "object");
	const cJSON *set = cJSON_GetObjectItemCaseSensitive(doc->root, "objects");
	BUF_AUTO(text);
	struct slice s;

	if (object)
		print_node(doc, object, &text);
	else if (cJSON_GetArraySize(set) > 0)
		print_set(doc, set, &text);
	else
		return 0;
	if (buf_view(&text, &s) < 0)
		return -ENOMEM;
	out->value = arena_copy(a, s);
	return out->value.p ? 0 : -ENOMEM;
}

/* A ratio as the line prints it; false: there is none. */
static bool read_ratio(
	const struct json_doc *doc, const char *key, uint64_t *millionths)
{
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(doc->root, key);
	int32_t n;

	if (!node || decimal_millionths(json_source(doc, node), &n) < 0 || n < 0)
		return false;
	*millionths = (uint64_t)n;
	return true;
}

static int read_count(const struct json_doc *doc, const char *key, uint64_t *n)
{
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(doc->root, key);

	return node && decimal_scaled(json_source(doc, node), 0, n) == 0 ? 0
									 : -EBADMSG;
}

static int read_status(const struct json_doc *doc, enum pair_status *out)
{
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(doc->root, "status");

	for (enum pair_status s = STATUS_NONE; s <= STATUS_CONTESTED; s++)
		if (cJSON_IsString(node) &&
			strcmp(node->valuestring, status_name(s)) == 0) {
			*out = s;
			return 0;
		}
	return -EBADMSG;
}

int summary_read(struct slice line, struct arena *a, struct summary_row *out)
{
	JSON_AUTO(doc);
	struct error err = {0};
	int rc = json_parse(line, &doc, &err);

	if (rc == -EINVAL)
		return -EBADMSG;
	if (rc == 0)
		rc = read_count(&doc, "candidates", &out->claims);
	if (rc == 0)
		rc = read_count(&doc, "agents", &out->agents);
	if (rc == 0)
		rc = read_status(&doc, &out->status);
	if (rc < 0)
		return rc;
	out->has_confidence = read_ratio(&doc, "confidence", &out->confidence);
	return read_value(&doc, a, out);
}

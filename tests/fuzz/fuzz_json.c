/* The scanner and the parser of JSON. What acceptance promises:
 * - however the input is cut, the scan ends in the same way at the same byte;
 * - what json_parse() takes is one complete value to the scanner, UTF-8, without
 * repeated keys, and every node lies inside its parent in the text;
 * - a string that was read and printed reads back as itself. */
#include <assert.h>

#include "core/json.h"
#include "core/utf8.h"

struct outcome {
	int rc;
	size_t used;
	int64_t offset;
};

/* Scan in pieces of n bytes, or of the lengths that the bytes themselves give (n =
 * 0). */
static struct outcome scan(struct slice in, size_t n)
{
	struct json_scan s = {0};
	struct error err = {.offset = -1};
	struct outcome o = {0};

	while (o.used < in.n && o.rc == JSON_MORE) {
		size_t step = n ? n : (size_t)(in.p[o.used] % 7) + 1;
		size_t used = 0;

		o.rc = json_scan(&s, slice_sub(in, o.used, step), &used, &err);
		o.used += used;
	}
	o.offset = o.rc < 0 ? err.offset : 0;
	if (o.rc < 0)
		o.used = 0; /* unspecified */
	return o;
}

static void check_cuts(struct slice in)
{
	struct outcome whole = scan(in, in.n + 1);

	for (size_t n = 0; n < 5; n++) {
		struct outcome cut = scan(in, n);

		assert(cut.rc == whole.rc && cut.used == whole.used);
		assert(cut.offset == whole.offset);
	}
}

/* One cut at every place of a small input. */
static void check_every_cut(struct slice in)
{
	struct outcome whole = scan(in, in.n + 1);

	for (size_t cut = 1; cut < in.n && in.n < 256; cut++) {
		struct json_scan s = {0};
		struct error err = {.offset = -1};
		size_t used;
		int rc = json_scan(&s, slice_sub(in, 0, cut), &used, &err);

		if (rc == JSON_MORE) {
			size_t more;

			rc = json_scan(&s, slice_sub(in, cut, in.n), &more, &err);
			used += more;
		}
		assert(rc == whole.rc);
		assert(rc < 0 ? err.offset == whole.offset : used == whole.used);
	}
}

static void check_string(const struct json_doc *doc, const cJSON *node)
{
	struct slice text = slice_str(node->valuestring);
	JSON_AUTO(again);
	BUF_AUTO(b);
	struct slice s;

	assert(utf8_check(text) == text.n);
	json_print_string(text, &b);
	assert(buf_view(&b, &s) == 0);
	for (size_t at = 0; at < s.n;) {
		uint32_t c = utf8_next(s, &at);

		assert(!utf8_is_control(c) && !utf8_is_formatting(c));
	}
	assert(json_parse(s, &again, NULL) == 0);
	assert(strcmp(again.root->valuestring, node->valuestring) == 0);
	assert(json_source(doc, node).p[0] == '"');
}

static void check_node(const struct json_doc *doc, const cJSON *node)
{
	struct slice source = json_source(doc, node);
	const cJSON *child, *before;

	assert(source.n > 0 &&
		json_offset(doc, node) <= (uint64_t)(source.p - doc->text.p));
	if (cJSON_IsString(node))
		check_string(doc, node);
	if (cJSON_IsNumber(node))
		assert(source.p[0] == '-' ||
			(source.p[0] >= '0' && source.p[0] <= '9'));
	for (child = node->child; child; child = child->next) {
		struct slice inner = json_source(doc, child);

		assert(inner.p > source.p &&
			inner.p + inner.n < source.p + source.n);
		check_node(doc, child);
		if (!child->string || doc->count > 1000) /* all pairs take long */
			continue;
		for (before = node->child; before != child; before = before->next)
			assert(strcmp(before->string, child->string) != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct error err = {.offset = -1};
	JSON_AUTO(doc);

	check_cuts(in);
	check_every_cut(in);
	if (json_parse(in, &doc, &err) < 0) {
		assert(err.offset >= 0 && (uint64_t)err.offset <= size &&
			err.message[0]);
		return 0;
	}
	check_node(&doc, doc.root);
	return 0;
}

/* A JSON text as a tree that remembers where everything stood.
 *
 * The scanner has the last word on what is JSON; cJSON only builds the tree. Then
 * tree and text are walked side by side, once, giving each node the place of its
 * key and value. cJSON's own number is not used by anybody: it is a double, and in
 * a program with another locale a wrong one. */
#include "core/json.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "core/quote.h"

enum {
	FEW_KEYS = 12, /* up to here, comparing all pairs is faster than sorting */
};

/* ---- memory ---- */

/* cJSON has one pair of hooks for the whole program, and no argument for them: the document
 * that this thread is parsing is where its nodes go. */
static _Thread_local struct json_memory *parsing;

static void *memory_alloc(struct json_memory *m, size_t n)
{
	size_t align = alignof(max_align_t);
	size_t size = (n + align - 1) / align * align;
	void *p = m->first + m->used;

	if (size > sizeof(m->first) - m->used)
		return arena_alloc(&m->more, n);
	m->used += size;
	return p;
}

static void *take(size_t n)
{
	if (!parsing)
		return malloc(n);
	parsing->nodes += n == sizeof(cJSON);
	return memory_alloc(parsing, n);
}

/* A document's memory goes with the document. */
static void give(void *p)
{
	if (!parsing)
		free(p);
}

/* Before main(), when there are no threads yet. */
__attribute__((constructor)) static void set_hooks(void)
{
	cJSON_Hooks hooks = {.malloc_fn = take, .free_fn = give};

	cJSON_InitHooks(&hooks);
}

static cJSON *parse(struct json_memory *m, const char *text, size_t n)
{
	cJSON *root;

	parsing = m;
	root = cJSON_ParseWithLength(text, n);
	parsing = NULL;
	return root;
}

/* ---- text ---- */

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_space(struct slice t, size_t at)
{
	while (at < t.n && is_space(t.p[at]))
		at++;
	return at;
}

/* Just behind the string that starts at `at` of a text that was scanned: a quote ends it
 * unless an odd number of backslashes stands before. */
static size_t skip_string(struct slice t, size_t at)
{
	size_t end = at;

	for (;;) {
		const uint8_t *quote = memchr(t.p + end + 1, '"', t.n - end - 1);
		size_t back = 0;

		if (!quote)
			return t.n;
		end = (size_t)(quote - t.p);
		while (t.p[end - 1 - back] == '\\')
			back++;
		if (back % 2 == 0)
			return end + 1;
	}
}

static size_t skip_word(struct slice t, size_t at)
{
	while (at < t.n && !is_space(t.p[at]) && !strchr(",]}", t.p[at]))
		at++;
	return at;
}

/* The last key, without quotes, in the first `end` bytes, which the scanner
 * accepted as the beginning of a value. Empty when there is none. */
static struct slice key_before(struct slice t, size_t end)
{
	struct slice key = {0};
	size_t at = 0;

	while (at < end) {
		size_t start = at;

		if (t.p[at] != '"') {
			at++;
			continue;
		}
		at = skip_string(t, at);
		if (skip_space(t, at) < end && t.p[skip_space(t, at)] == ':')
			key = slice_sub(t, start + 1, at - start - 2);
	}
	return key;
}

void json_name_key(struct slice text, struct error *err)
{
	int64_t offset = err->offset;
	struct slice key = key_before(text, (size_t)offset);

	if (key.n > 0)
		error_in_key(err, key, (uint64_t)offset);
}

/* The scanner's error: count its offset from the start of the text and name the key. */
static int blame_key(struct slice text, size_t start, struct error *err)
{
	if (!err)
		return -EINVAL;
	err->offset += (int64_t)start;
	json_name_key(text, err);
	return -EINVAL;
}

/* Scan all of the text: exactly one value? */
static int scan_whole(struct slice text, size_t *start, struct error *err)
{
	static const uint8_t space[] = " "; /* ends a number */
	struct json_scan scan = {0};
	struct slice in;
	size_t used = 0;
	int rc;

	*start = skip_space(text, 0);
	in = slice_of(text.p + *start, text.n - *start);
	if (in.n == 0)
		return fail_at(err, EINVAL, 0, "no JSON: nothing but white space");
	rc = json_scan(&scan, in, &used, err);
	if (rc < 0)
		return blame_key(text, *start, err);
	if (rc == JSON_MORE) {
		rc = json_scan(&scan, slice_of(space, 1), &used, NULL);
		if (rc != JSON_COMPLETE || used != 0)
			return fail_at(err, EINVAL, text.n,
				"incomplete JSON: the value does not end");
		return 0;
	}
	used = skip_space(text, *start + used);
	if (used < text.n)
		return fail_at(
			err, EINVAL, used, "more follows after the JSON value");
	return 0;
}

/* cJSON gives up on numbers of more than 63 characters. Since only their text is
 * used, all numbers are cut to one digit in a copy of which cJSON makes the same
 * tree. */
static cJSON *parse_short_numbers(struct json_memory *m, struct slice text)
{
	char *copy = memory_alloc(m, text.n);
	size_t at = 0;

	if (!copy)
		return NULL;
	memcpy(copy, text.p, text.n);
	while (at < text.n) {
		size_t start = at;

		if (text.p[at] == '"') {
			at = skip_string(text, at);
		} else if (text.p[at] == '-' ||
			   (text.p[at] >= '0' && text.p[at] <= '9')) {
			at = skip_word(text, at);
			memset(copy + start, ' ', at - start);
			copy[start] = '0';
		} else {
			at++;
		}
	}
	return parse(m, copy, text.n);
}

/* There is room: no document has more nodes than were allocated. */
static struct json_token *new_token(struct json_doc *doc, cJSON *node)
{
	assert(doc->count < doc->memory.nodes);
	node->valueint = (int)doc->count;
	doc->tokens[doc->count] = (struct json_token){0};
	return &doc->tokens[doc->count++];
}

/* The key, if any, and the start of a node; *at moves to the value. */
static void place_start(struct json_doc *doc, cJSON *node, size_t *at)
{
	struct json_token *token = new_token(doc, node);

	*at = skip_space(doc->text, *at);
	token->key = (uint32_t)*at;
	if (node->string) {
		*at = skip_space(doc->text, skip_string(doc->text, *at));
		*at = skip_space(doc->text, *at + 1); /* the colon */
	}
	token->start = (uint32_t)*at;
}

/* *at moves from a node's start behind its end; of a container, its first child's.
 */
static void place_end(struct json_doc *doc, const cJSON *node, size_t *at)
{
	struct json_token *token = &doc->tokens[node->valueint];

	if (cJSON_IsString(node))
		*at = skip_string(doc->text, *at);
	else if (cJSON_IsObject(node) || cJSON_IsArray(node))
		*at = skip_space(doc->text, *at + (node->child ? 0 : 1)) + 1;
	else
		*at = skip_word(doc->text, *at);
	token->length = (uint32_t)*at - token->start;
}

static int place(struct json_doc *doc, size_t at)
{
	cJSON *open[JSON_DEPTH];
	cJSON *node = doc->root;
	int depth = 0;

	doc->tokens = memory_alloc(
		&doc->memory, doc->memory.nodes * sizeof(*doc->tokens));
	if (!doc->tokens)
		return -ENOMEM;
	for (;;) {
		place_start(doc, node, &at);
		if (node->child) {
			open[depth++] = node;
			node = node->child;
			at++; /* the bracket */
			continue;
		}
		place_end(doc, node, &at);
		while (!node->next && depth > 0) {
			node = open[--depth];
			place_end(doc, node, &at);
		}
		if (!node->next || depth == 0)
			return 0;
		node = node->next;
		at = skip_space(doc->text, at) + 1; /* the comma */
	}
}

struct entry {
	const cJSON *node;
};

/* By key, then by place. */
static int compare_keys(const void *a, const void *b)
{
	const cJSON *x = ((const struct entry *)a)->node;
	const cJSON *y = ((const struct entry *)b)->node;
	int c = strcmp(x->string, y->string);

	return c ? c : (x->valueint > y->valueint) - (x->valueint < y->valueint);
}

/* The first node of a large object whose key stood before; 0, or -ENOMEM. */
static int find_repeat_sorted(const cJSON *object, size_t n, const cJSON **out)
{
	struct entry *sorted = calloc(n, sizeof(*sorted));
	const cJSON *node;
	size_t i = 0;

	if (!sorted)
		return -ENOMEM;
	for (node = object->child; node; node = node->next)
		sorted[i++].node = node;
	qsort(sorted, n, sizeof(*sorted), compare_keys);
	for (i = 1; i < n; i++) {
		node = sorted[i].node;
		if (strcmp(sorted[i - 1].node->string, node->string) == 0 &&
			(!*out || node->valueint < (*out)->valueint))
			*out = node;
	}
	free(sorted);
	return 0;
}

static int find_repeat(const cJSON *object, const cJSON **out)
{
	const cJSON *node, *before;
	size_t n = 0;

	for (node = object->child; node; node = node->next)
		n++;
	if (n > FEW_KEYS)
		return find_repeat_sorted(object, n, out);
	for (node = object->child; node; node = node->next)
		for (before = object->child; before != node; before = before->next)
			if (strcmp(before->string, node->string) == 0) {
				*out = node;
				return 0;
			}
	return 0;
}

/* Refuse the first repeated key, in the order of the objects. */
static int check_keys(const struct json_doc *doc, struct error *err)
{
	const cJSON *open[JSON_DEPTH];
	const cJSON *node = doc->root;
	int depth = 0;

	while (node) {
		const cJSON *repeat = NULL;

		if (cJSON_IsObject(node) && find_repeat(node, &repeat) < 0)
			return fail(err, ENOMEM, "out of memory");
		if (repeat)
			return fail_at(err, EINVAL, json_offset(doc, repeat),
				"\"%s\": the key stands twice in one object",
				quote(slice_str(repeat->string)).text);
		if (node->child) {
			open[depth++] = node;
			node = node->child;
			continue;
		}
		while (!node->next && depth > 0)
			node = open[--depth];
		node = depth > 0 ? node->next : NULL;
	}
	return 0;
}

static int read_text(struct json_doc *doc, struct error *err)
{
	struct slice text = doc->text;
	size_t start;
	int rc = scan_whole(text, &start, err);

	if (rc < 0)
		return rc;
	doc->root = parse(&doc->memory, (const char *)text.p, text.n);
	if (!doc->root)
		doc->root = parse_short_numbers(&doc->memory, text);
	if (!doc->root || place(doc, start) < 0)
		return fail(err, ENOMEM, "out of memory");
	return check_keys(doc, err);
}

int json_parse(struct slice text, struct json_doc *doc, struct error *err)
{
	int rc;

	if (text.n > INT32_MAX)
		return fail(err, EINVAL, "JSON of %zu bytes is too long", text.n);
	doc->text = text;
	rc = read_text(doc, err);
	if (rc < 0)
		json_free(doc);
	return rc;
}

void json_free(struct json_doc *doc)
{
	arena_free(&doc->memory.more);
	doc->memory.used = doc->memory.nodes = 0;
	doc->text = slice_of(NULL, 0);
	doc->root = NULL;
	doc->tokens = NULL;
	doc->count = 0;
}

struct slice json_source(const struct json_doc *doc, const cJSON *node)
{
	const struct json_token *token = &doc->tokens[node->valueint];

	return slice_sub(doc->text, token->start, token->length);
}

uint64_t json_offset(const struct json_doc *doc, const cJSON *node)
{
	return doc->tokens[node->valueint].key;
}

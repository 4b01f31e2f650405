/* JSON objects by tables of their keys, and what to say about a key that is not
 * there or not known: most mistakes are a misspelt key. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "core/quote.h"
#include "core/record_read.h"

enum {
	WORD_MAX = 24, /* longer than our longest key: nothing of ours is near */
	NEAR = 2,      /* edits that still make it a misspelling */
};

/* Letter case, and the habits of other APIs (sourceClass, source-class), cost
 * nothing. */
static size_t fold(const char *word, char out[WORD_MAX])
{
	size_t n = 0;

	for (; *word && n < WORD_MAX; word++)
		if (*word != '_' && *word != '-' && *word != ' ')
			out[n++] = (char)tolower((unsigned char)*word);
	return n;
}

/* Edit distance (Levenshtein) of two folded words. */
static size_t distance(const char *a, size_t an, const char *b, size_t bn)
{
	size_t row[WORD_MAX + 1];

	for (size_t j = 0; j <= bn; j++)
		row[j] = j;
	for (size_t i = 1; i <= an; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= bn; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[bn];
}

static const char *nearest(const char *word, const struct keys *keys)
{
	const char *best = NULL;
	size_t least = NEAR + 1;
	char a[WORD_MAX], b[WORD_MAX];
	size_t an = fold(word, a);

	for (size_t i = 0; i < keys->n; i++) {
		size_t bn = fold(keys->keys[i].name, b);
		size_t d = distance(a, an, b, bn);

		/* Of a short word, two edits leave nothing. */
		if (d < least && d * 3 <= bn) {
			least = d;
			best = keys->keys[i].name;
		}
	}
	return best;
}

int refuse_key(struct reader *rd, const cJSON *node, const struct keys *keys)
{
	const char *near = nearest(node->string, keys);
	char list[ERROR_HINT_MAX];
	size_t n = 0;

	(void)fail_at(rd->err, EINVAL, json_offset(rd->doc, node),
		"\"%s\": %s has no such key", quote(slice_str(node->string)).text,
		keys->what);
	if (near)
		return fail_hint(rd->err, "did you mean \"%s\"?", near);
	list[0] = '\0';
	for (size_t i = 0; i < keys->n && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s",
			i ? ", " : "", keys->keys[i].name);
	return fail_hint(rd->err, "it has %.190s", list);
}

static const struct key *find_key(const struct keys *keys, const char *name)
{
	for (size_t i = 0; i < keys->n; i++)
		if (strcmp(keys->keys[i].name, name) == 0)
			return &keys->keys[i];
	return NULL;
}

static int read_key(struct reader *rd, const cJSON *node, const struct key *key)
{
	uint64_t offset =
		(uint64_t)(json_source(rd->doc, node).p - rd->doc->text.p);
	int rc;

	if (cJSON_IsNull(node)) {
		(void)fail(rd->err, EINVAL, "null is no value");
		rc = fail_hint(rd->err, "leave the key out");
	} else {
		rc = key->read(rd, node);
	}
	/* With an offset the error is from a key inside, which was named already.
	 */
	if (rc < 0 && rd->err && rd->err->offset < 0)
		error_in_key(rd->err, slice_str(key->name), offset);
	return rc;
}

int read_keys(struct reader *rd, const cJSON *object, const struct keys *keys)
{
	const cJSON *node;
	uint32_t seen = 0;

	for (node = object->child; node; node = node->next) {
		const struct key *key = find_key(keys, node->string);
		int rc;

		if (!key)
			return refuse_key(rd, node, keys);
		rc = read_key(rd, node, key);
		if (rc < 0)
			return rc;
		seen |= UINT32_C(1) << (key - keys->keys);
	}
	for (size_t i = 0; i < keys->n; i++)
		if (keys->keys[i].required && !(seen >> i & 1))
			return fail_at(rd->err, EINVAL,
				(uint64_t)(json_source(rd->doc, object).p -
					   rd->doc->text.p),
				"%s needs \"%s\"", keys->what, keys->keys[i].name);
	return 0;
}

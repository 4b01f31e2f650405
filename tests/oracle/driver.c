/* Answers one question a time for tests/oracle/json_diff.py: on stdin an operation
 *byte, a u32 length and that many bytes; on stdout a u32 length and the answer, "!"
 *for refused.
 *
 *	j  JSON            the value printed again, numbers as they were
 *	d  JSON number     canonical decimal
 *	m  JSON number     millionths
 *	t  text            time, in nanoseconds
 *	s  JSON number     seconds as a time, in nanoseconds
 *	r  JSON record     canonical bytes in hex
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/bytes.h"
#include "core/canon.h"
#include "core/decimal.h"
#include "core/json.h"
#include "core/record_json.h"
#include "core/when.h"

enum {
	INPUT_MAX = 1 << 20,
};

static void print_node(
	const struct json_doc *doc, const cJSON *node, struct buf *out)
{
	const cJSON *child;

	if (cJSON_IsString(node)) {
		json_print_string(slice_str(node->valuestring), out);
	} else if (cJSON_IsObject(node) || cJSON_IsArray(node)) {
		buf_byte(out, cJSON_IsObject(node) ? '{' : '[');
		for (child = node->child; child; child = child->next) {
			if (child != node->child)
				buf_byte(out, ',');
			if (child->string) {
				json_print_string(slice_str(child->string), out);
				buf_byte(out, ':');
			}
			print_node(doc, child, out);
		}
		buf_byte(out, cJSON_IsObject(node) ? '}' : ']');
	} else {
		buf_slice(out, json_source(doc, node));
	}
}

static int answer_json(struct slice in, struct buf *out)
{
	JSON_AUTO(doc);
	int rc = json_parse(in, &doc, NULL);

	if (rc == 0)
		print_node(&doc, doc.root, out);
	return rc;
}

static int answer_record(struct slice in, struct buf *out)
{
	ARENA_AUTO(a);
	BUF_AUTO(bytes);
	struct draft d;
	int rc = record_parse(in, &a, &d, NULL);

	if (rc < 0)
		return rc;
	canon_encode(&d.record, &bytes);
	for (size_t i = 0; i < bytes.n; i++)
		buf_printf(out, "%02x", bytes.p[i]);
	return 0;
}

static int answer(int op, struct slice in, struct buf *out)
{
	int32_t millionths;
	uint64_t when;
	int rc;

	switch (op) {
	case 'j':
		return answer_json(in, out);
	case 'd':
		return decimal_canonical(in, out, NULL);
	case 'm':
		rc = decimal_millionths(in, &millionths);
		if (rc == 0)
			buf_printf(out, "%" PRId32, millionths);
		return rc;
	case 't':
	case 's':
		rc = op == 't' ? when_parse(in, &when, NULL)
			       : when_parse_seconds(in, &when, NULL);
		if (rc == 0)
			buf_printf(out, "%" PRIu64, when);
		return rc;
	default:
		return answer_record(in, out);
	}
}

int main(void)
{
	static uint8_t input[INPUT_MAX];
	uint8_t head[5];

	while (fread(head, 1, sizeof(head), stdin) == sizeof(head)) {
		size_t n = u32_at(head + 1);
		BUF_AUTO(out);
		uint8_t length[4];

		if (n > sizeof(input) || fread(input, 1, n, stdin) != n)
			return 1;
		if (answer(head[0], slice_of(input, n), &out) < 0) {
			buf_reset(&out);
			buf_byte(&out, '!');
		}
		put_u32(length, (uint32_t)out.n);
		if (fwrite(length, 1, 4, stdout) != 4 ||
			fwrite(out.p, 1, out.n, stdout) != out.n)
			return 1;
		(void)fflush(stdout);
	}
	return 0;
}

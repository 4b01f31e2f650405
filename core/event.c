#include "core/event.h"

#include "core/json.h"
#include "core/record_json.h"
#include "core/when.h"

void event_print(uint64_t seq, uint64_t received_at, const struct id *id,
	const struct record *r, const struct agent *agents, size_t count,
	struct buf *out)
{
	char hex[ID_HEX + 1];

	buf_printf(
		out, "{\"seq\":%llu,\"received_at\":\"", (unsigned long long)seq);
	when_print(received_at, out);
	hex_print(id->b, ID_SIZE, hex);
	buf_printf(out, "\",\"kind\":\"%s\",\"id\":\"%s\"",
		record_kind_name(r->kind), hex);
	record_print(r, out);
	json_print_key("agents", out);
	buf_byte(out, '[');
	for (size_t i = 0; i < count; i++) {
		hex_print(agents[i].b, ID_SIZE, hex);
		buf_printf(out, "%s\"%s\"", i ? "," : "", hex);
	}
	buf_str(out, "]}\n");
}

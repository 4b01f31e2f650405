#include "core/event.h"

#include "core/json.h"
#include "core/record_json.h"
#include "core/when.h"

void event_print(uint64_t seq, uint64_t received_at, const struct id *id,
	const struct record *r, const struct agent *agents, size_t count,
	struct buf *out)
{
	buf_str(out, "{\"seq\":");
	buf_decimal(out, seq);
	buf_str(out, ",\"received_at\":\"");
	when_print(received_at, out);
	buf_str(out, "\",\"kind\":\"");
	buf_str(out, record_kind_name(r->kind));
	buf_str(out, "\",\"id\":\"");
	buf_hex(out, id->b, ID_SIZE);
	buf_byte(out, '"');
	record_print(r, out);
	json_print_key("agents", out);
	buf_byte(out, '[');
	for (size_t i = 0; i < count; i++) {
		buf_str(out, i ? ",\"" : "\"");
		buf_hex(out, agents[i].b, ID_SIZE);
		buf_byte(out, '"');
	}
	buf_str(out, "]}\n");
}

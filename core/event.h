/* A record as a line of events.jsonl and history.jsonl: a pure function of its frame, so
 * the file has the same bytes after every rebuild.
 *
 *	{"seq":7,"received_at":"…","kind":"vote","id":"…","vote":"…","weight":0.8,
 *	 "timestamp":"…","agents":["…"]}
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "core/buf.h"
#include "core/record.h"

/* Append the line, with its newline. agents: the signers, in the order given. */
void event_print(uint64_t seq, uint64_t received_at, const struct id *id,
	const struct record *r, const struct agent *agents, size_t count,
	struct buf *out);

#endif

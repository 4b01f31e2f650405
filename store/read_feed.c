/* The feed: every record as a line, in the order of the log. */
#include <errno.h>

#include "core/canon.h"
#include "core/event.h"
#include "store/read.h"

int event_line(struct snap *s, const struct event_row *e, struct buf *out)
{
	struct agent agents[SIGNATURES_MAX];
	struct record r = {0};
	struct frame f = {0};
	struct id id;
	BUF_AUTO(scratch);
	int rc = source_record(&s->source, &e->at, NULL, &scratch, &f, &r);

	if (rc < 0)
		return rc;
	if (f.signature_count > SIGNATURES_MAX)
		return -EBADMSG;
	for (uint16_t i = 0; i < f.signature_count; i++)
		agents[i] = frame_signature(&f, i).agent;
	id = id_of(f.canonical);
	event_print(f.seq, f.received_at, &id, &r, agents, f.signature_count, out);
	return out->failed ? -ENOMEM : 0;
}

int event_from(struct snap *s, uint64_t *seq, struct event_row *out)
{
	return events_from(s->source.txn, seq, out);
}

int event_before(struct snap *s, uint64_t *seq, struct event_row *out)
{
	return events_before(s->source.txn, seq, out);
}

int totals_at(struct snap *s, struct snap_totals *out)
{
	struct event_row e = {0};
	struct frame f = {0};
	BUF_AUTO(scratch);
	uint64_t seq = out->seq;
	int rc = event_before(s, &seq, &e);

	out->received_at = out->subjects_mtime = e.received_at;
	out->events_size = e.end;
	out->head = (struct id){.b = {0}};
	if (rc == 0)
		rc = source_frame(&s->source, &e.at, &scratch, &f);
	if (rc == 0)
		out->head = f.chain;
	return rc;
}

/* The first record whose line ends behind byte `offset` of the feed; -ENOENT. Lines
 * end in the order of seq, so their ends can be searched by halves. */
static int event_at(struct snap *s, uint64_t offset, uint64_t end, uint64_t *seq,
	struct event_row *out)
{
	uint64_t low = 1, high = s->meta.seq;

	if (offset >= end)
		return -ENOENT;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		uint64_t at = middle;
		int rc = event_from(s, &at, out);

		if (rc < 0)
			return rc;
		if (out->end > offset)
			high = middle;
		else
			low = at + 1;
	}
	*seq = low;
	return event_from(s, seq, out);
}

int events_read(struct snap *s, uint64_t offset, size_t n, struct buf *out)
{
	size_t start = out->n;
	struct snap_totals totals;
	struct event_row e = {0};
	uint64_t seq;
	int rc;

	snap_totals(s, &totals);
	rc = event_at(s, offset, totals.events_size, &seq, &e);
	while (rc == 0 && seq <= totals.seq && out->n - start < n) {
		BUF_AUTO(line);
		uint64_t skip;

		rc = event_line(s, &e, &line);
		if (rc < 0)
			return rc;
		skip = out->n == start ? offset - (e.end - line.n) : 0;
		buf_slice(out, slice_sub(slice_of(line.p, line.n), skip,
				       n - (out->n - start)));
		if (out->failed)
			return -ENOMEM;
		seq++;
		rc = event_from(s, &seq, &e);
	}
	return rc == -ENOENT ? 0 : rc;
}

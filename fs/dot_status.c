/* The files of .stemefs/ that report: how the store is (status for people and scripts,
 * metrics for Prometheus), and every limit that a writer can hit. */
#include <inttypes.h>

#include "core/json.h"
#include "core/render.h"
#include "core/when.h"
#include "fs/kind.h"

/* ---- one member per line, so that grep and diff are good for something ---- */

static void next_line(struct buf *out)
{
	buf_str(out, out->n > 0 && out->p[out->n - 1] == '{' ? "\n " : ",\n ");
}

static void key(const char *name, struct buf *out)
{
	next_line(out);
	buf_printf(out, "\"%s\":", name);
}

static void count(const char *name, uint64_t n, struct buf *out)
{
	key(name, out);
	buf_printf(out, "%" PRIu64, n);
}

static void text(const char *name, const char *value, struct buf *out)
{
	key(name, out);
	json_print_string(slice_str(value), out);
}

/* Left out where there is nothing to say. */
static void remark(const char *name, const char *value, struct buf *out)
{
	if (*value)
		text(name, value, out);
}

static void moment(const char *name, uint64_t when, struct buf *out)
{
	if (!when)
		return;
	key(name, out);
	buf_byte(out, '"');
	when_print(when, out);
	buf_byte(out, '"');
}

static void hex(const char *name, const uint8_t b[ID_SIZE], struct buf *out)
{
	key(name, out);
	print_hex(b, out);
}

static void print_totals(const struct snap_totals *t, struct buf *out)
{
	count("seq", t->seq, out);
	moment("received_at", t->received_at, out);
	hex("head", t->head.b, out);
	count("subjects", t->subjects, out);
	count("pairs", t->pairs, out);
	count("claims", t->claims, out);
	count("votes", t->votes, out);
	count("agents", t->agents, out);
}

/* Nothing where there is no scrub. */
static void print_scrub(const struct scrub_status *s, struct buf *out)
{
	if (!s->mib)
		return;
	count("scrub_mib", s->mib, out);
	count("scrub_passes", s->passes, out);
	moment("scrub_finished_at", s->finished_at, out);
	count("scrub_position", s->position, out);
	count("scrub_total", s->total, out);
	count("scrub_bytes", s->bytes, out);
	count("scrub_found", s->found, out);
	moment("scrub_found_at", s->found_at, out);
	remark("scrub_finding", s->finding, out);
}

static void print_status(const struct store_status *s, struct buf *out)
{
	moment("started_at", s->started_at, out);
	count("log_bytes", s->log_bytes, out);
	count("index_bytes", s->index_bytes, out);
	count("commits", s->commits, out);
	count("syncs", s->syncs, out);
	count("records", s->records, out);
	count("refused", s->refused, out);
	count("duplicates", s->duplicates, out);
	count("torn_bytes", s->torn_bytes, out);
	count("damaged", s->damaged, out);
	remark("damage", s->damage, out);
	remark("index", s->index, out);
	remark("doubt", s->doubt, out);
	remark("tag", s->tag, out);
	remark("clock", s->clock, out);
	print_scrub(&s->scrub, out);
}

int status_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	struct snap_totals totals;
	struct store_status status;

	(void)p;
	(void)attr;
	snap_totals(rq->snap, &totals);
	store_status(rq->tree->store, &status);
	buf_byte(out, '{');
	text("version", STEMEFS_VERSION, out);
	text("store", status.path, out);
	hex("store_key", status.store_key.b, out);
	text("writing", status.writing, out);
	print_totals(&totals, out);
	print_status(&status, out);
	buf_str(out, "\n}\n");
	return 0;
}

/* ---- limits ---- */

static const struct {
	const char *name;
	uint64_t value;
} limits[] = {
	{"record_bytes", RECORD_JSON_MAX},
	{"json_depth", JSON_DEPTH},
	{"subject_bytes", SUBJECT_MAX},
	{"predicate_bytes", PREDICATE_MAX},
	{"file_name_bytes", FILE_NAME_MAX},
	{"text_bytes", TEXT_MAX},
	{"number_digits", NUMBER_DIGITS_MAX},
	{"number_exponent", NUMBER_EXPONENT_MAX},
	{"source_bytes", SOURCE_MAX},
	{"note_bytes", NOTE_MAX},
	{"reason_bytes", REASON_MAX},
	{"because_ids", BECAUSE_MAX},
	{"vector_dimensions", VECTOR_MAX},
	{"name_bytes", NAME_MAX_BYTES},
	{"setting_bytes", VALUE_MAX},
	{"signatures", SIGNATURES_MAX},
	{"timestamp_ahead_seconds", AHEAD_MAX_S},
	{"timestamp_ahead_signed_seconds", AHEAD_SIGNED_MAX_S},
	{"repeat_seconds", RETRY_WINDOW_S},
	{"inbox_back_bytes", INBOX_BACK_MAX},
	{"inbox_back_seconds", INBOX_BACK_SECONDS},
	{"inbox_names", INBOX_NAMES_MAX},
	{"inbox_scratch_bytes", INBOX_SCRATCH_MAX},
	{"inbox_back_total_bytes", INBOX_BACK_TOTAL},
	{"receipt_bytes", INBOX_RECEIPTS_MAX},
	{"receipt_total_bytes", INBOX_RECEIPTS_TOTAL},
	{"error_lines", INBOX_ERRORS_MAX},
	{"made_places", INBOX_PLACES_UID},
	{"made_places_of_all", INBOX_PLACES_MAX},
	{"used_by_lines", USED_BY_MAX},
};

int limits_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	(void)rq;
	(void)p;
	(void)attr;
	buf_byte(out, '{');
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		count(limits[i].name, limits[i].value, out);
	buf_str(out, "\n}\n");
	return 0;
}

/* ---- metrics: the text format of Prometheus, 0.0.4 ---- */

static void metric(const char *name, const char *type, const char *help,
	uint64_t value, struct buf *out)
{
	buf_printf(out, "# HELP stemefs_%s %s\n# TYPE stemefs_%s %s\n", name, help,
		name, type);
	buf_printf(out, "stemefs_%s %" PRIu64 "\n", name, value);
}

static void counter(
	const char *name, const char *help, uint64_t value, struct buf *out)
{
	metric(name, "counter", help, value, out);
}

static void gauge(
	const char *name, const char *help, uint64_t value, struct buf *out)
{
	metric(name, "gauge", help, value, out);
}

static void print_counters(const struct store_status *s, struct buf *out)
{
	counter("records_total", "Records accepted since start.", s->records, out);
	counter("refused_total", "Records refused since start.", s->refused, out);
	counter("duplicates_total", "Records known already, since start.",
		s->duplicates, out);
	counter("commits_total", "Group commits since start.", s->commits, out);
	counter("syncs_total", "Fdatasyncs of the log since start.", s->syncs, out);
	gauge("start_time_seconds", "When the daemon started.",
		s->started_at / SECOND, out);
	gauge("writable", "1 while records are taken.",
		strcmp(s->writing, "yes") == 0 ? 1 : 0, out);
	gauge("log_bytes", "Size of the log.", s->log_bytes, out);
	gauge("index_bytes", "Size of the index.", s->index_bytes, out);
	gauge("damaged", "Stretches of the log that do not verify.", s->damaged,
		out);
	if (!s->scrub.mib)
		return;
	counter("scrub_passes_total", "Passes of the scrub since start.",
		s->scrub.passes, out);
	counter("scrub_bytes_total", "Bytes that the scrub read since start.",
		s->scrub.bytes, out);
	counter("scrub_found_total",
		"What the scrub met that does not verify, since start.",
		s->scrub.found, out);
}

int metrics_render(struct request *rq, const struct place *p, struct attr *attr,
	struct buf *out)
{
	struct snap_totals totals;
	struct store_status status;

	(void)p;
	(void)attr;
	snap_totals(rq->snap, &totals);
	store_status(rq->tree->store, &status);
	gauge("seq", "Number of the last record.", totals.seq, out);
	gauge("subjects", "Subjects that somebody mentioned.", totals.subjects,
		out);
	gauge("pairs", "Pairs of subject and predicate.", totals.pairs, out);
	gauge("claims", "Assertions.", totals.claims, out);
	gauge("votes", "Votes.", totals.votes, out);
	gauge("agents", "Agents that have signed something.", totals.agents, out);
	print_counters(&status, out);
	return 0;
}

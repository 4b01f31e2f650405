/* Long files: whatever part of one is read, and whenever, it is what would have stood there
 * had it been printed as a whole at its moment.
 *
 * The first tests print a file that is made up here, out of the seq alone: long enough for
 * its parts to be joined. The others read what the tree has. */
#include "fs/kind.h"
#include "fs/scroll.h"
#include "tests/unit/tree.h"

enum {
	PAIRS = 1000, /* contested: hundreds of KiB to say about them */
	READS = 300,
};

/* ---- a file that is made up: line i, of some bytes that i says ---- */

static uint64_t lines_at_first;
/* From this seq on some have come at the end, and others gone, the first ones too, */
static uint64_t moved;
static uint64_t back; /* up to this one, from which on all is as it was. */
static size_t length;
static uint64_t printed;

static bool comes(uint64_t i)
{
	return i > lines_at_first;
}

static bool goes(uint64_t i)
{
	return !comes(i) &&
	       (i <= lines_at_first / 20 || i % (lines_at_first / 50) == 0);
}

static bool has_line(uint64_t seq, uint64_t i)
{
	return seq >= moved && seq < back ? !goes(i) : !comes(i);
}

static void print_one(uint64_t i, struct buf *out)
{
	buf_printf(out, "%llu", (unsigned long long)i);
	buf_zero(out, (size_t)(i * 7919 % length));
	buf_byte(out, '\n');
	printed++;
}

static uint64_t seq_of(struct request *rq)
{
	struct snap_totals totals;

	snap_totals(rq->snap, &totals);
	return totals.seq;
}

static int print_made_up(struct request *rq, const struct place *p, struct mark *at,
	const struct mark *until, size_t enough, struct buf *out)
{
	uint64_t last = until ? until->number : lines_at_first + 1000;
	uint64_t seq = seq_of(rq);
	size_t start = out->n;

	(void)p;
	while (at->number < last && out->n - start < enough)
		if (has_line(seq, ++at->number))
			print_one(at->number, out);
	return 0;
}

static int changes_made_up(struct request *rq, const struct place *p, uint64_t seq,
	void (*note)(void *ctx, const struct mark *m), void *ctx)
{
	(void)p;
	if ((seq >= moved) + (seq >= back) ==
		(seq_of(rq) >= moved) + (seq_of(rq) >= back))
		return 0;
	for (uint64_t i = 1; i <= lines_at_first + 1000; i++)
		if (comes(i) || goes(i))
			note(ctx, &(struct mark){.number = i});
	return 0;
}

static const struct lines made_up = {
	.print = print_made_up, .changed = changes_made_up};
static const struct kind made_up_kind = {.mode = S_IFREG | 0444, .lines = &made_up};
static const struct place made_up_place = {.kind = &made_up_kind, .inode = 99};

static uint64_t seq_now(void)
{
	REQUEST_AUTO(rq, tree, &me);

	return request_snap(&rq) == 0 ? seq_of(&rq) : 0;
}

static struct printable *scroll_now(const struct printable *old, uint64_t seq)
{
	REQUEST_AUTO(rq, tree, &me);
	struct printable *s = NULL;
	int rc = old ? scroll_renew(&rq, &made_up_place, old, seq, &s)
		     : scroll_new(&rq, &made_up_place, &s);

	CHECK(rc == 0 && s);
	return s;
}

/* Parts of all sizes, anywhere, also where there is nothing. */
static void check_reads(struct printable *s, const struct buf *whole)
{
	uint32_t random = 1;

	CHECK(s->size == whole->n);
	for (int i = 0; i < READS; i++) {
		size_t at, n;
		BUF_AUTO(out);

		random = random * 1664525 + 1013904223;
		at = (size_t)(random >> 4) % (whole->n + 1000);
		n = (size_t)random % (i % 10 ? 5000 : 300000);
		CHECK(s->read(s, at, n, &out) == 0);
		CHECK(slice_equal(slice_of(out.p, out.n),
			slice_sub(slice_of(whole->p, whole->n), at, n)));
	}
}

static void expect(uint64_t seq, struct buf *out)
{
	for (uint64_t i = 1; i <= lines_at_first + 1000; i++)
		if (has_line(seq, i))
			print_one(i, out);
}

/* Write something; the seq. */
static uint64_t next_seq(void)
{
	static int n;
	char claim[80];

	(void)snprintf(claim, sizeof(claim),
		"{\"subject\":\"x\",\"predicate\":\"p\",\"object\":%d}", n++);
	CHECK(put("inbox", "next", claim) == 0);
	return seq_now();
}

static void check_made_up(uint64_t lines, size_t bytes)
{
	struct printable *scrolls[3];
	uint64_t seq = next_seq();
	BUF_AUTO(before);
	BUF_AUTO(after);

	lines_at_first = lines;
	length = bytes;
	moved = back = UINT64_MAX;
	expect(seq, &before);
	scrolls[0] = scroll_now(NULL, 0);
	check_reads(scrolls[0], &before);
	moved = next_seq();
	expect(moved, &after);
	printed = 0;
	scrolls[1] = scroll_now(scrolls[0], seq);
	CHECK(printed < lines || lines < 1000); /* not what has not changed */
	back = next_seq();
	scrolls[2] = scroll_now(scrolls[1], moved);
	check_reads(scrolls[1], &after);
	check_reads(scrolls[0], &before);
	check_reads(scrolls[2], &before);
	for (int i = 0; i < 3; i++) {
		CHECK(scrolls[i]->cost < (PARTS_MAX + 8) * 64);
		scrolls[i]->free(scrolls[i]);
	}
}

static void any_part_is_that_of_the_whole(void)
{
	check_made_up(100000, 200);
}

static void of_what_is_very_long_the_parts_are_joined(void)
{
	check_made_up(1500, 400000);
}

static void what_is_short_can_be_read_all_the_same(void)
{
	check_made_up(60, 10);
}

/* ---- what the tree has ---- */

static void say_all(const struct caller *who, int object)
{
	struct caller was = me;
	BUF_AUTO(all);

	for (int i = 0; i < PAIRS; i++)
		buf_printf(&all,
			"{\"subject\":\"A disputed subject of a long name, "
			"%0180d\","
			"\"predicate\":\"p%d\",\"object\":%d,\"confidence\":0.9,"
			"\"source\":\"a\",\"source_class\":\"community\"}\n",
			i / 3, i % 3, object);
	buf_byte(&all, 0);
	me = *who;
	CHECK(put("inbox", object == 1 ? "one" : "two", (const char *)all.p) == 0);
	me = was;
}

/* All lines of a file, printed at once as the tree sees them now. */
static void print_whole(const char *path, struct buf *out)
{
	REQUEST_AUTO(rq, tree, &me);
	PLACE_AUTO(p);
	struct mark start = {.number = 0};

	p = at(path);
	CHECK(p && p->kind->lines);
	request_about(&rq, p);
	CHECK(request_snap(&rq) == 0);
	CHECK(p->kind->lines->print(&rq, p, &start, NULL, SIZE_MAX, out) == 0);
}

/* Is what is read in parts the whole? And is it a scroll? */
static void check_file(const char *path, bool is_long)
{
	PLACE_AUTO(p);
	RENDERING_AUTO(r);
	BUF_AUTO(whole);
	BUF_AUTO(parts);

	print_whole(path, &whole);
	CHECK(whole.n > 0);
	p = at(path);
	CHECK(p && tree_render(tree, p, &me, &r) == 0);
	CHECK(r->attr.size == whole.n);
	CHECK((r->printable != NULL) == is_long);
	for (size_t n = 1; parts.n < whole.n; n = n * 3 % 100003) {
		struct slice part = {0};
		BUF_AUTO(scratch);

		CHECK(rendering_read(r, parts.n, n, &scratch, &part) == 0);
		CHECK(part.n > 0);
		if (part.n == 0)
			return;
		buf_slice(&parts, part);
	}
	CHECK(slice_equal(slice_of(whole.p, whole.n), slice_of(parts.p, parts.n)));
}

static char under[160];

static const char *frozen(const char *path)
{
	(void)snprintf(under, sizeof(under), "at/seq-%llu/%s",
		(unsigned long long)seq_now(), path);
	return under;
}

/* Write to a file that takes a stream. */
static int tell(const char *dir, const char *file, const char *text)
{
	char path[ID_HEX + 32];
	PLACE_AUTO(p);
	struct sink *s = NULL;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	p = at(path);
	if (!p || tree_open_sink(tree, p, &me, false, &s) < 0)
		return -ENOENT;
	last_answer = 1;
	sink_write(s, slice_str(text), 0, take_answer, NULL);
	while (last_answer == 1)
		(void)usleep(100);
	sink_close(s);
	return last_answer;
}

/* Many claims on one pair, of times between each other's; every third is rejected. */
static void say_big(void)
{
	static int round;
	BUF_AUTO(all);

	round++;
	for (int i = 0; i < 700; i++)
		buf_printf(&all,
			"{\"subject\":\"Big\",\"predicate\":\"p\",\"object\":%d,"
			"\"timestamp\":%d,\"source\":\"a\",\"note\":\"%0200d\","
			"\"source_class\":\"community\"%s}\n",
			i % 50, 1500000000 + i * 100 + round, i,
			i % 30 == 0 ? ",\"lifecycle\":\"rejected\"" : "");
	buf_byte(&all, 0);
	CHECK(put("inbox", "big", (const char *)all.p) == 0);
}

static void what_is_contested_is_printed_in_parts(void)
{
	say_all(&me, 1);
	say_all(&other, 2);
	check_file("conflicts.jsonl", true);
	check_file("tier/community/conflicts.jsonl", true);
	check_file(frozen("conflicts.jsonl"), true);
}

static void what_has_changed_is_printed_in_parts(void)
{
	check_file("since/2020/changed.jsonl", true);
	check_file("stage/proposed/since/2020/changed.jsonl", true);
	check_file(frozen("since/2020/changed.jsonl"), true);
}

/* Everything that can be said of a claim, said of the n-th line of a list. */
static void move_line(size_t n)
{
	static const char *const words[] = {"retract", "cosign", "vote"};
	static const char *const texts[] = {"typo\n", "\n", "0.5\n"};
	BUF_AUTO(whole);
	char id[ID_HEX + 1], path[ID_HEX + 16];
	const uint8_t *line;

	print_whole("sources/a/claims.jsonl", &whole);
	line = whole.p;
	for (size_t i = 0; i < n; i++)
		line = (uint8_t *)memchr(line, '\n', whole.n) + 1;
	(void)snprintf(id, sizeof(id), "%.64s", (const char *)line + 7);
	(void)snprintf(path, sizeof(path), "assertions/%s", id);
	(void)tell(path, words[n % 3], texts[n % 3]);
}

static void a_list_is_renewed_where_it_has_changed(void)
{
	static const char *const files[] = {"sources/a/claims.jsonl",
		"stage/proposed/sources/a/claims.jsonl",
		"subjects/Big/p/claims.jsonl", "subjects/Big/p/history.jsonl",
		"stage/rejected/subjects/Big/p/claims.jsonl",
		"tier/community/subjects/Big/p/history.jsonl"};

	say_big();
	for (size_t n = 0; n < 6; n++) {
		for (size_t i = 0; i < 6; i++)
			check_file(files[i], i != 4);
		move_line(n * 97);
		if (n == 3)
			say_big();
		check_file(frozen(files[n % 6]), n % 6 != 4);
	}
}

int main(void)
{
	if (!start())
		return 1;
	RUN(any_part_is_that_of_the_whole);
	RUN(of_what_is_very_long_the_parts_are_joined);
	RUN(what_is_short_can_be_read_all_the_same);
	RUN(what_is_contested_is_printed_in_parts);
	RUN(what_has_changed_is_printed_in_parts);
	RUN(a_list_is_renewed_where_it_has_changed);
	return stop();
}

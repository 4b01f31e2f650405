/* stemefs check, from inside: an honest store has no finding, however it came about; and no
 * row of the index can be changed, lost or made up without being found. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "store/internal.h"
#include "tests/unit/tangle.h"

enum {
	ROUNDS = TAP_STRIDE > 1 ? 4 : 25,
	GRAPH = 12, /* records of make_graph() */
	KINDS_MAX = 80,
};

/* Is the disk full, as far as anybody asks? Only the first to ask is told. */
static int full_disks;

int fstatvfs(int fd, struct statvfs *out)
{
	(void)fd;
	*out = (struct statvfs){.f_frsize = 4096, .f_bavail = UINT64_C(1) << 30};
	if (full_disks > 0) {
		full_disks--;
		out->f_bavail = 1;
	}
	return 0;
}

/* ---- what was found ---- */

struct report {
	struct store_check check;
	struct error err;
	char text[1 << 16]; /* kind and sentence of each, a line each */
};

static void take(void *ctx, const struct store_finding *f)
{
	struct report *r = ctx;
	size_t n = strlen(r->text);

	(void)snprintf(
		r->text + n, sizeof(r->text) - n, "%s: %s\n", f->kind, f->text);
}

static int look(struct store *s, const char *temporary, struct report *r)
{
	struct store_check_options o = {
		.report = take, .report_ctx = r, .temporary = temporary};

	r->text[0] = '\0';
	r->err = (struct error){.code = 0};
	return store_check(s, &o, &r->check, &r->err);
}

static bool is_clean(struct store *s, const char *when, uint64_t round)
{
	static struct report r;
	int rc = look(s, NULL, &r);

	if (rc < 0 || r.check.bad)
		printf("# round %llu, %s: %s\n%s", (unsigned long long)round, when,
			r.err.code ? r.err.message : "", r.text);
	return rc == 0 && r.check.bad == 0 && r.check.frames && r.check.rows;
}

/* ---- stores ---- */

static struct store *reopen(
	struct store *s, const char *path, uint32_t sums_from, bool rebuild)
{
	struct store_options o = {.sums_from = sums_from, .rebuild = rebuild};
	struct error err;

	store_close(s);
	s = NULL;
	if (store_open(path, &o, &s, &err) < 0) {
		printf("# %s\n", err.message);
		abort();
	}
	return s;
}

/* Entries from..to, so many at a time. */
static void post(
	struct store *s, const struct round *r, size_t from, size_t to, size_t part)
{
	while (from < to) {
		static struct entry copy[RECORDS];
		static struct signature signatures[RECORDS][2];
		size_t n = to - from < part ? to - from : part;
		struct submission sub = {.entries = copy, .count = n};

		for (size_t i = 0; i < n; i++) {
			copy[i] = r->entries[from + i];
			memcpy(signatures[i], copy[i].signatures,
				copy[i].signature_count * sizeof(signatures[i][0]));
			copy[i].signatures = signatures[i];
		}
		CHECK(store_commit(s, &sub) == 0);
		from += n;
	}
}

/* Records of the kinds that a tangle has not: references, premises, epochs, profiles. */
static void make_graph(struct round *r)
{
	struct id epoch = {{0}};

	for (int i = 0; i < GRAPH; i++) {
		struct entry *e = &r->entries[i];
		struct record *a = &e->record;

		*e = (struct entry){.record = {.timestamp = 1 + (uint64_t)i}};
		a->kind = i % 4 == 1   ? RECORD_EPOCH
			  : i % 4 == 2 ? RECORD_PROFILE
				       : RECORD_ASSERTION;
		a->name = slice_str(i < 6 ? "early" : "late");
		if (a->kind == RECORD_EPOCH && i > 4) {
			a->has = HAS_TARGET;
			a->target = epoch;
			a->supersession = SUPERSESSION_REPLACE;
		}
		if (a->kind == RECORD_ASSERTION) {
			a->name = (struct slice){0};
			a->subject = slice_str(i < 6 ? "s" : "t");
			a->predicate = slice_str("points");
			a->object = (struct object){OBJECT_REF, slice_str("u")};
			a->has = HAS_SOURCE;
			a->source = slice_str("https://a");
			if (i > 1) {
				a->has |= HAS_EPOCH | HAS_BECAUSE;
				a->epoch = epoch;
				a->because = slice_of(r->entries[0].id.b, ID_SIZE);
			}
		}
		sign(r, e);
		if (i == 1)
			epoch = e->id;
	}
}

/* A store that has been through something. */
static struct store *lived_store(
	const char *path, struct round *r, uint64_t number, uint32_t sums_from)
{
	struct store *s = new_store(path, sums_from);

	seed = number;
	if (number % 3 == 0)
		wal_set_segment_max(s->wal, 8192);
	round_begin(r);
	make_graph(r);
	for (int i = GRAPH; i < RECORDS; i++)
		make_entry(r, &r->entries[i]);
	set(s, path, r, "admit", 0, 5);
	post(s, r, 0, RECORDS / 2, 1 + number % 7);
	set(s, path, r, "admit", 1, 6);
	if (number % 2)
		set(s, path, r, "steward", 2, 7);
	post(s, r, RECORDS / 2, RECORDS, 1 + number % 20);
	set(s, path, r, "admit", 3, 8);
	return s;
}

/* ---- honest stores ---- */

static void honest_round(uint64_t number, uint32_t first, uint32_t then)
{
	static struct round r;
	const char *path = path_of("honest", number * 100 + first % 50);
	struct store *s = lived_store(path, &r, number, first);

	CHECK(is_clean(s, "as it was written", number));
	s = reopen(s, path, then, false);
	CHECK(is_clean(s, "with other sums", number));
	set(s, path, &r, "admit", 2, 9);
	post(s, &r, 0, RECORDS, 9); /* nothing new */
	CHECK(is_clean(s, "after a setting", number));
	s = reopen(s, path, then, true);
	CHECK(is_clean(s, "rebuilt", number));
	s = reopen(s, path, first, false);
	CHECK(is_clean(s, "rebuilt, then with other sums", number));
	store_close(s);
	round_end(&r);
}

static void an_honest_store_has_no_finding(void)
{
	static const uint32_t sums[] = {1, 8, 64, UINT32_MAX};

	for (uint64_t i = 1; i <= ROUNDS; i++)
		honest_round(i, sums[i % 4], sums[(i / 4 + i + 1) % 4]);
}

static void nothing_of_a_check_is_left(void)
{
	static struct round r;
	const char *path = path_of("left", 0);
	struct store *s = lived_store(path, &r, 5, 1);
	struct report report;
	char dir[300], file[320];

	/* of one that was killed */
	(void)snprintf(dir, sizeof(dir), "%s/index.check", path);
	(void)snprintf(file, sizeof(file), "%s/data.mdb", dir);
	CHECK(mkdir(dir, 0700) == 0);
	CHECK(close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) == 0);
	CHECK(look(s, NULL, &report) == 0 && report.check.bad == 0);
	CHECK(access(dir, F_OK) < 0 && errno == ENOENT);
	/* where the store's disk is full */
	full_disks = 1;
	CHECK(look(s, top, &report) == 0 && report.check.bad == 0);
	CHECK(report.check.rows > 100);
	full_disks = 1;
	CHECK(look(s, NULL, &report) == -ENOSPC);
	CHECK(strstr(report.err.message, "no room") != NULL);
	full_disks = 2;
	CHECK(look(s, top, &report) == -ENOSPC);
	full_disks = 0;
	(void)snprintf(
		file, sizeof(file), "ls -d %s/stemefs-check* 2>/dev/null", top);
	CHECK(system(file) != 0);
	store_close(s);
	round_end(&r);
}

/* ---- planted rows ---- */

struct planted {
	struct row_key key;
	uint8_t value[4096];
	size_t n;
};

/* What tells one kind of row from another: the tags of its key. */
static uint32_t kind_of(const MDB_val *key)
{
	const uint8_t *k = key->mv_data;
	uint32_t kind = k[0];

	if (k[0] == KEY_SUBJECT)
		return kind << 8 | k[1 + HASH_SIZE];
	if (k[0] != KEY_PAIR || key->mv_size == PAIR_KEY)
		return kind;
	kind = kind << 8 | k[PAIR_KEY];
	return k[PAIR_KEY] == KEY_CLAIM && key->mv_size > CLAIM_KEY
		       ? kind << 8 | k[CLAIM_KEY]
		       : kind;
}

/* One row of each kind: the `skip`-th, where there are so many. */
static size_t one_of_each(struct store *s, struct planted *out)
{
	static const struct row_key all, first = {.n = 1};
	uint32_t kinds[KINDS_MAX];
	size_t n = 0;
	MDB_txn *txn;

	CHECK(mdb_txn_begin(s->index.env, NULL, MDB_RDONLY, &txn) == 0);
	{
		WALK_AUTO(w);
		int rc = walk_from(&w, txn, &all, &first);

		for (; rc == 0; rc = walk_next(&w)) {
			uint32_t kind = kind_of(&w.key);
			size_t i = 0;

			while (i < n && kinds[i] != kind)
				i++;
			if ((i < n && below(3)) || i == KINDS_MAX ||
				w.value.mv_size > sizeof(out->value))
				continue;
			kinds[i] = kind;
			n += i == n;
			out[i].key = (struct row_key){.n = w.key.mv_size};
			memcpy(out[i].key.b, w.key.mv_data, w.key.mv_size);
			out[i].n = w.value.mv_size;
			memcpy(out[i].value, w.value.mv_data, w.value.mv_size);
		}
	}
	mdb_txn_abort(txn);
	return n;
}

static void put(struct store *s, const struct row_key *k, const void *p, size_t n)
{
	MDB_txn *txn;

	CHECK(mdb_txn_begin(s->index.env, NULL, 0, &txn) == 0);
	CHECK((p ? row_put(txn, k, p, n) : row_del(txn, k)) == 0);
	CHECK(mdb_txn_commit(txn) == 0);
}

static bool is_there(struct store *s, const struct row_key *k)
{
	MDB_txn *txn;
	MDB_val v;
	int rc;

	CHECK(mdb_txn_begin(s->index.env, NULL, MDB_RDONLY, &txn) == 0);
	rc = row_get(txn, k, &v);
	mdb_txn_abort(txn);
	return rc == 0;
}

static const char *name_of(const struct planted *p)
{
	static char name[3 * 8];
	MDB_val key = row_key_val(&p->key);
	uint32_t kind = kind_of(&key);

	(void)snprintf(name, sizeof(name), "%x", kind);
	for (char *c = name; kind; kind <<= 8)
		if (kind >> 24)
			*c++ = (char)(kind >> 24 == KEY_SUBJECT ? '_' : kind >> 24);
	return name;
}

/* The store's index is not what its log gives: that is found, and not often. */
static void must_be_found(
	struct store *s, const struct planted *p, uint64_t most, const char *what)
{
	static struct report r;
	int rc = look(s, NULL, &r);

	CHECK(rc == 0 && r.check.bad > 0 && r.check.in_index == r.check.bad &&
		r.check.bad <= most && strncmp(r.text, "row: index: ", 12) == 0);
	if (rc < 0 || r.check.bad == 0 || r.check.bad > most)
		printf("# %s (%s): %d, %llu findings %s\n%s", name_of(p), what, rc,
			(unsigned long long)r.check.bad,
			rc < 0 ? r.err.message : "", r.text);
}

/* Is there a field at this byte of the row of totals, or of a pair (whose is packed)? */
static bool plain(const struct planted *p, size_t at)
{
	return (p->key.b[0] == KEY_META && at < sizeof(struct meta_row)) ||
	       (p->key.n == PAIR_KEY && p->key.b[0] == KEY_PAIR && at < p->n);
}

/* What of the totals tells of the past of an index; and without what identifies it, or with
 * sweeps to wait for, there is nothing to compare. */
static bool excused(size_t at)
{
	return (at >= offsetof(struct meta_row, reached) &&
		       at < offsetof(struct meta_row, seq)) ||
	       (at >= offsetof(struct meta_row, contested) + 1 &&
		       at < offsetof(struct meta_row, contested) + 8) ||
	       at == offsetof(struct meta_row, sweeps);
}

static void plant(struct store *s, const struct planted *p)
{
	static struct planted other;

	other = *p;
	if (p->key.b[0] != KEY_META) { /* without it there is no index */
		put(s, &p->key, NULL, 0);
		must_be_found(s, p, 2, "deleted");
		put(s, &p->key, p->value, p->n);
		for (int bit = 0; bit < 8 && is_there(s, &other.key); bit++) {
			other.key = p->key;
			other.key.b[other.key.n - 1] ^= (uint8_t)(1U << bit);
		}
		/* the voice of an agent that is silent may be there: of one that there
		 * is */
		if (p->key.n == PAIR_KEY + 5 && p->key.b[PAIR_KEY] == KEY_VOICE)
			other.key.b[PAIR_KEY + 1] ^= 1;
		put(s, &other.key, p->value, p->n);
		must_be_found(s, p, 2, "made up");
		put(s, &other.key, NULL, 0);
	}
	if (p->n) {
		other.value[p->key.b[0] == KEY_META ? 40 : below((uint32_t)p->n)] ^=
			4;
		put(s, &p->key, other.value, p->n);
		must_be_found(s, p, 60, "changed");
	}
	/* what is compared by the field, field by field */
	for (size_t at = 0; plain(p, at); at += p->key.b[0] == KEY_META ? 4 : 1) {
		memcpy(other.value, p->value, p->n);
		other.value[at] ^= 1;
		if (p->key.b[0] == KEY_META && excused(at))
			continue;
		put(s, &p->key, other.value, p->n);
		/* without its mark, each row of the sums is one too many */
		must_be_found(s, p, 60, "another field");
	}
	put(s, &p->key, p->value, p->n);
}

static void every_kind_of_row_is_checked(void)
{
	static const char expected[] = "MIENABCVLKSROQUGHPFXYJ";
	static struct planted list[KINDS_MAX];
	static struct round r;
	const char *path = path_of("planted", 0);
	struct store *s = lived_store(path, &r, 1, 1);
	size_t n;

	CHECK(is_clean(s, "before", 0));
	n = one_of_each(s, list);
	for (const char *c = expected; *c; c++) {
		bool seen = false;

		for (size_t i = 0; i < n; i++)
			seen |= list[i].key.b[0] == (uint8_t)*c;
		CHECK(seen);
		if (!seen)
			printf("# no row of kind %c\n", *c);
	}
	CHECK(n >= 39);
	printf("# %zu kinds of rows\n", n);
	for (size_t i = 0; i < n; i++)
		plant(s, &list[i]);
	CHECK(is_clean(s, "after", 0));
	store_close(s);
	round_end(&r);
}

/* ---- the log ---- */

static void a_signature_that_does_not_verify_is_found(void)
{
	static struct round r;
	struct store *s = lived_store(path_of("forged", 0), &r, 2, 1);
	struct entry e = {.record = {.timestamp = 99}};
	struct submission sub = {.entries = &e, .count = 1};
	struct report report;

	make_assertion(&r, &e.record);
	sign(&r, &e);
	e.signatures[0].bytes[7] ^= 1;
	CHECK(store_commit(s, &sub) == 0);
	CHECK(look(s, NULL, &report) == 0);
	CHECK(report.check.bad == 1 && report.check.in_index == 0);
	CHECK(strncmp(report.text, "signature: log offset ", 22) == 0);
	CHECK(report.check.signatures > RECORDS);
	store_close(s);
	round_end(&r);
}

/* Flip a bit of the frame at this log offset; the log is one segment. */
static void flip(const char *path, uint64_t offset)
{
	char file[300];
	uint8_t byte;
	int fd;

	(void)snprintf(file, sizeof(file), "%s/wal/%016x.wal", path, 0);
	fd = open(file, O_RDWR | O_CLOEXEC);
	CHECK(pread(fd, &byte, 1, (off_t)offset + FRAME_HEADER + 30) == 1);
	byte ^= 1;
	CHECK(pwrite(fd, &byte, 1, (off_t)offset + FRAME_HEADER + 30) == 1);
	(void)close(fd);
}

static bool says(const struct report *r, const char *what, const struct id *id)
{
	char hex[ID_HEX + 1], line[200];

	hex_print(id->b, ID_SIZE, hex);
	(void)snprintf(line, sizeof(line), "%s %s", what, hex);
	return strstr(r->text, line) != NULL;
}

/* Is the record named that stood there? */
static bool is_named(const struct report *r, const struct entry *e)
{
	const struct record *x = &e->record;

	switch (x->kind) {
	case RECORD_COSIGNATURE:
		return says(r, "a cosignature about", &x->target);
	case RECORD_ASSERTION:
		return says(r, "an assertion", &e->id) &&
		       strstr(r->text, "points") != NULL;
	case RECORD_VOTE:
		return says(r, "a vote", &e->id) && says(r, "about", &x->target) &&
		       strstr(r->text, " on s/") != NULL;
	case RECORD_SUPERSESSION:
		return says(r, "a supersession", &e->id);
	case RECORD_EPOCH:
		return says(r, "an epoch", &e->id);
	default:
		return says(r, "a profile", &e->id);
	}
}

static uint64_t place_of(struct store *s, const struct id *id)
{
	struct source source = {.wal = s->wal};
	struct id_row row = {0};

	CHECK(mdb_txn_begin(s->index.env, NULL, MDB_RDONLY, &source.txn) == 0);
	(void)source_id(&source, id, &row);
	mdb_txn_abort(source.txn);
	return row.at.offset;
}

static void what_the_log_lost_is_named_once(void)
{
	static struct round r;
	static struct report report;
	const char *path = path_of("lost", 0);
	struct store *s = lived_store(path, &r, 4, 1);
	unsigned kinds = 0, count = 0;

	for (int i = 0; i < RECORDS; i++) {
		const struct entry *e = &r.entries[i];
		uint64_t at = place_of(s, &e->id);

		if (kinds & 1U << e->record.kind || !at ||
			(e->record.kind == RECORD_VOTE &&
				!place_of(s, &e->record.target)))
			continue;
		kinds |= 1U << e->record.kind;
		count++;
		flip(path, at);
		CHECK(look(s, NULL, &report) == 0);
		/* the stretch, the record, the index that still has it */
		CHECK(report.check.bad == 3 && report.check.in_index == 1);
		CHECK(strstr(report.text, "1 records; stemefs check --repair"));
		CHECK(is_named(&report, e));
		if (report.check.bad != 3 || !is_named(&report, e))
			printf("# %s", report.text);
		flip(path, at);
	}
	CHECK(count >= 5);
	CHECK(is_clean(s, "after", 4));
	store_close(s);
	round_end(&r);
}

static void damage_that_is_in_the_index_too_is_no_second_finding(void)
{
	static struct round r;
	static struct report report;
	const char *path = path_of("damaged", 0);
	struct store *s = lived_store(path, &r, 4, 1);
	uint64_t at = place_of(s, &r.entries[20].id);

	CHECK(at != 0);
	flip(path, at);
	s = reopen(s, path, 1, true);
	/* the stretch, and the record as the index knew it that was put aside */
	CHECK(look(s, NULL, &report) == 0 && report.check.bad == 2 &&
		report.check.in_index == 0);
	CHECK(strstr(report.text, "lost: record ") != NULL);
	/* the disk comes to its senses, the index does not know */
	flip(path, at);
	CHECK(look(s, NULL, &report) == 0 && report.check.in_index > 1 &&
		report.check.in_index == report.check.bad);
	CHECK(strstr(report.text, "the mark of damage") != NULL);
	s = reopen(s, path, 1, true);
	CHECK(is_clean(s, "rebuilt", 4));
	store_close(s);
	round_end(&r);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	RUN(an_honest_store_has_no_finding);
	RUN(nothing_of_a_check_is_left);
	RUN(every_kind_of_row_is_checked);
	RUN(a_signature_that_does_not_verify_is_found);
	RUN(what_the_log_lost_is_named_once);
	RUN(damage_that_is_in_the_index_too_is_no_second_finding);
	remove_all();
	return tap_done();
}

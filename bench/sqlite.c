/* sqlite: the same claims in SQLite, as somebody would keep them who wants them safe.
 *
 *	sqlite fill DB FILE [wal]     the claims in FILE, and a row for the answer of each pair;
 *	                              with a write-ahead log in place of the usual journal
 *	sqlite insert DB FILE N       microseconds for one durable claim and the answer of its
 *	                              pair, in one transaction, synchronous=FULL; median
 *
 * FILE has a line for each claim: subject, predicate, object, confidence, JSON, apart by
 * tabs. An insert takes N lines that come after the first ones. */
#include <err.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	FIELDS = 5,
	TIMES_MAX = 100000,
};

static const char schema[] =
	"PRAGMA synchronous=FULL;"
	"CREATE TABLE IF NOT EXISTS claims(subject TEXT, predicate TEXT, object "
	"TEXT,"
	" confidence REAL, body TEXT);"
	"CREATE INDEX IF NOT EXISTS claims_of ON claims(subject, predicate);"
	"CREATE TABLE IF NOT EXISTS answers(subject TEXT, predicate TEXT, object "
	"TEXT,"
	" support REAL, PRIMARY KEY(subject, predicate)) WITHOUT ROWID;";
static const char claim[] = "INSERT INTO claims VALUES(?1, ?2, ?3, ?4, ?5)";
static const char answer[] =
	"INSERT OR REPLACE INTO answers SELECT subject, predicate, object, "
	"sum(confidence) AS s"
	" FROM claims WHERE subject = ?1 AND predicate = ?2 GROUP BY object"
	" ORDER BY s DESC LIMIT 1";

static void run(sqlite3 *db, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		errx(1, "sqlite: %s", message);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		errx(1, "sqlite: %s", sqlite3_errmsg(db));
	return s;
}

static void step(sqlite3 *db, sqlite3_stmt *s, char *const *fields, int n)
{
	for (int i = 0; i < n; i++)
		(void)sqlite3_bind_text(s, i + 1, fields[i], -1, SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_DONE)
		errx(1, "sqlite: %s", sqlite3_errmsg(db));
	(void)sqlite3_reset(s);
}

static void split(char *line, char *fields[FIELDS])
{
	line[strcspn(line, "\n")] = '\0';
	for (int i = 0; i < FIELDS; i++) {
		fields[i] = strsep(&line, "\t");
		if (!fields[i])
			errx(1, "sqlite: a line with fewer than %d fields", FIELDS);
	}
}

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void fill(sqlite3 *db, FILE *f)
{
	sqlite3_stmt *insert = prepare(db, claim);
	char *line = NULL, *fields[FIELDS];
	size_t size = 0;

	run(db, "BEGIN");
	while (getline(&line, &size, f) > 0) {
		split(line, fields);
		step(db, insert, fields, FIELDS);
	}
	run(db, "INSERT OR REPLACE INTO answers SELECT subject, predicate, object, "
		"max(s) FROM"
		" (SELECT subject, predicate, object, sum(confidence) AS s FROM "
		"claims"
		" GROUP BY subject, predicate, object) GROUP BY subject, "
		"predicate");
	run(db, "COMMIT");
	run(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	(void)sqlite3_finalize(insert);
	free(line);
}

static void insert_each(sqlite3 *db, FILE *f, size_t n)
{
	static double times[TIMES_MAX];
	sqlite3_stmt *insert = prepare(db, claim), *resolve = prepare(db, answer);
	char *line = NULL, *fields[FIELDS];
	size_t size = 0, done = 0;

	while (done < n && done < TIMES_MAX && getline(&line, &size, f) > 0) {
		double begun = 0;

		split(line, fields);
		begun = now();
		run(db, "BEGIN");
		step(db, insert, fields, FIELDS);
		step(db, resolve, fields, 2);
		run(db, "COMMIT");
		times[done++] = now() - begun;
	}
	(void)sqlite3_finalize(insert);
	(void)sqlite3_finalize(resolve);
	free(line);
	if (done == 0)
		errx(1, "sqlite: nothing to insert");
	qsort(times, done, sizeof(*times), by_size);
	printf("%.3f\n", times[done / 2]);
}

int main(int argc, char **argv)
{
	sqlite3 *db = NULL;
	FILE *f = argc > 3 ? fopen(argv[3], "re") : NULL;

	if (!f || sqlite3_open(argv[2], &db) != SQLITE_OK)
		errx(1, "usage: sqlite fill|insert DB FILE [N]");
	run(db, schema);
	if (argc > 4 && strcmp(argv[4], "wal") == 0)
		run(db, "PRAGMA journal_mode=WAL");
	if (strcmp(argv[1], "fill") == 0)
		fill(db, f);
	else
		insert_each(
			db, f, argc > 4 ? strtoul(argv[4], NULL, 10) : TIMES_MAX);
	(void)fclose(f);
	(void)sqlite3_close(db);
	return 0;
}

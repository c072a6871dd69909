/*
 * The tables of evidence.db, as a list of steps (runner/store/migration.c: a step that was once released is never changed), and every
 * statement.  What the tables mean is said in database.h.
 *
 * Kinds, severities and states of tests are kept by their numbers in stages/evidence.h: new ones join at the end, or get a step here.
 */
#include "runner/evidence/database.h"

/* A writer may have to wait until another job's report has been read to its end. */
enum { APPLICATION_ID = 0x70697045 /* "pipE" */, BUSY_MS = 600000 };

static const char *const steps[] = {
	/* 1 */
	"CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"
	"CREATE TABLE test_case("
	"  id INTEGER PRIMARY KEY, suite INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE(suite, name)) STRICT;"
	"CREATE TABLE issue("
	"  id INTEGER PRIMARY KEY, fingerprint BLOB NOT NULL UNIQUE,"
	"  tool INTEGER NOT NULL, rule INTEGER NOT NULL, path INTEGER NOT NULL, package INTEGER NOT NULL) STRICT;"
	/* title: the name without its place among parallel ones, by which the job is found again in another run */
	"CREATE TABLE job("
	"  scope INTEGER PRIMARY KEY, name TEXT NOT NULL, base INTEGER NOT NULL, title INTEGER NOT NULL,"
	"  gives INTEGER NOT NULL DEFAULT 0, next_test INTEGER NOT NULL DEFAULT 0,"
	"  failed INTEGER NOT NULL DEFAULT 0, errors INTEGER NOT NULL DEFAULT 0, flaky INTEGER NOT NULL DEFAULT 0,"
	"  passed INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0, quarantined INTEGER NOT NULL DEFAULT 0,"
	"  quarantined_failed INTEGER NOT NULL DEFAULT 0, tests_us INTEGER NOT NULL DEFAULT 0,"
	"  findings INTEGER NOT NULL DEFAULT 0, suppressed INTEGER NOT NULL DEFAULT 0,"
	"  lines INTEGER NOT NULL DEFAULT 0, lines_hit INTEGER NOT NULL DEFAULT 0, branches INTEGER NOT NULL DEFAULT 0,"
	"  branches_hit INTEGER NOT NULL DEFAULT 0, files INTEGER NOT NULL DEFAULT 0,"
	"  metrics INTEGER NOT NULL DEFAULT 0, components INTEGER NOT NULL DEFAULT 0, images INTEGER NOT NULL DEFAULT 0,"
	"  reports INTEGER NOT NULL DEFAULT 0, broken INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE TABLE job_finding("
	"  scope INTEGER NOT NULL, kind INTEGER NOT NULL, severity INTEGER NOT NULL, count INTEGER NOT NULL,"
	"  PRIMARY KEY(scope, kind, severity)) STRICT, WITHOUT ROWID;"
	/* The worst state first: cases of one name are compared in that order. */
	"CREATE TABLE test("
	"  scope INTEGER NOT NULL, tcase INTEGER NOT NULL, status INTEGER NOT NULL, number INTEGER NOT NULL,"
	"  file INTEGER NOT NULL, line INTEGER NOT NULL, duration INTEGER NOT NULL, failures INTEGER NOT NULL,"
	"  flags INTEGER NOT NULL, text INTEGER NOT NULL, PRIMARY KEY(scope, tcase, status, number)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE test_text(id INTEGER PRIMARY KEY, message TEXT NOT NULL, details TEXT NOT NULL) STRICT;"
	"CREATE TABLE finding("
	"  scope INTEGER NOT NULL, issue INTEGER NOT NULL, kind INTEGER NOT NULL, severity INTEGER NOT NULL,"
	"  suppressed INTEGER NOT NULL, line INTEGER NOT NULL, col INTEGER NOT NULL, end_line INTEGER NOT NULL,"
	"  message INTEGER NOT NULL, installed INTEGER NOT NULL, fixed INTEGER NOT NULL, url INTEGER NOT NULL,"
	"  PRIMARY KEY(scope, issue)) STRICT, WITHOUT ROWID;"
	/* Where the second and further findings of one fingerprint are; first: the issue of the first. */
	"CREATE TABLE finding_place("
	"  scope INTEGER NOT NULL, first INTEGER NOT NULL, line INTEGER NOT NULL, col INTEGER NOT NULL, issue INTEGER NOT NULL,"
	"  PRIMARY KEY(scope, first, line, col)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE coverage("
	"  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, path INTEGER NOT NULL, lines INTEGER NOT NULL,"
	"  lines_hit INTEGER NOT NULL, branches INTEGER NOT NULL, branches_hit INTEGER NOT NULL, data BLOB NOT NULL) STRICT;"
	"CREATE UNIQUE INDEX coverage_path ON coverage(scope, path);"
	"CREATE TABLE metric(" /* value NULL: not a number */
	"  scope INTEGER NOT NULL, name INTEGER NOT NULL, labels INTEGER NOT NULL, value REAL, unit INTEGER NOT NULL,"
	"  help INTEGER NOT NULL, PRIMARY KEY(scope, name, labels)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE component("
	"  scope INTEGER NOT NULL, name INTEGER NOT NULL, version INTEGER NOT NULL, type INTEGER NOT NULL, purl INTEGER NOT NULL,"
	"  licenses INTEGER NOT NULL, PRIMARY KEY(scope, name, version, type, purl)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE image("
	"  scope INTEGER NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, bytes INTEGER NOT NULL,"
	"  PRIMARY KEY(scope, name, digest)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE condition("
	"  scope INTEGER NOT NULL, number INTEGER NOT NULL, subject TEXT NOT NULL, value TEXT NOT NULL, bound TEXT NOT NULL,"
	"  verdict TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY(scope, number)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE report(" /* error '': it was read to its end */
	"  scope INTEGER NOT NULL, number INTEGER NOT NULL, path TEXT NOT NULL, format TEXT NOT NULL, error TEXT NOT NULL,"
	"  line INTEGER NOT NULL, col INTEGER NOT NULL, PRIMARY KEY(scope, number)) STRICT, WITHOUT ROWID;",
};

/* ---- statements ---- */

#define RANGE "scope BETWEEN ?1 AND ?2"
/* The rows of scope ?1 once more, as those of ?2. */
#define KEEP(table, columns) "INSERT INTO " table "(scope, " columns ") SELECT ?2, " columns " FROM " table " WHERE scope = ?1"
/* CROSS JOIN: in the order in which they are written.  Numbers that mean nothing pass every filter, so that damage is seen. */
#define TEST_COLUMNS                                                                                                             \
	"t.scope, suite.text, c.name, file.text, t.line, t.status, t.flags, t.duration, t.failures, x.message, x.details"
#define TEST_TABLES                                                                                                              \
	"test AS t CROSS JOIN test_case AS c ON c.id = t.tcase LEFT JOIN word AS suite ON suite.id = c.suite "                   \
	"LEFT JOIN word AS file ON file.id = t.file LEFT JOIN test_text AS x ON x.id = t.text"
#define TEST_FILTER                                                                                                              \
	"t." RANGE " AND (1 << t.status & ?3 OR t.status NOT BETWEEN 0 AND 4) AND (?4 = 1 OR (?4 = 2) = (t.flags & 2 <> 0))"
#define FINDING_COLUMNS                                                                                                          \
	"f.scope, f.kind, f.severity, f.suppressed, tool.text, rule.text, path.text, f.line, f.col, f.end_line, message.text, "  \
	"package.text, installed.text, fixed.text, url.text, i.fingerprint"
#define FINDING_TABLES                                                                                                           \
	"finding AS f CROSS JOIN issue AS i ON i.id = f.issue LEFT JOIN word AS tool ON tool.id = i.tool "                       \
	"LEFT JOIN word AS rule ON rule.id = i.rule LEFT JOIN word AS path ON path.id = i.path "                                 \
	"LEFT JOIN word AS package ON package.id = i.package LEFT JOIN word AS message ON message.id = f.message "               \
	"LEFT JOIN word AS installed ON installed.id = f.installed LEFT JOIN word AS fixed ON fixed.id = f.fixed "               \
	"LEFT JOIN word AS url ON url.id = f.url"

static const char *const texts[EQ_COUNT] = {
	[EQ_BEGIN] = "BEGIN IMMEDIATE",
	[EQ_COMMIT] = "COMMIT",

	[EQ_WORD_FIND] = "SELECT id FROM word WHERE text = ?",
	[EQ_WORD_ADD] = "INSERT INTO word(text) VALUES (?)",
	[EQ_CASE_FIND] = "SELECT id FROM test_case WHERE suite = ? AND name = ?",
	[EQ_CASE_ADD] = "INSERT INTO test_case(suite, name) VALUES (?, ?)",
	[EQ_ISSUE_FIND] = "SELECT id FROM issue WHERE fingerprint = ?",
	[EQ_ISSUE_ADD] = "INSERT INTO issue(fingerprint, tool, rule, path, package) VALUES (?, ?, ?, ?, ?)",

	[EQ_JOB_FIND] = "SELECT gives, next_test FROM job WHERE scope = ?",
	[EQ_JOB_ADD] = "INSERT INTO job(scope, name, base, title) VALUES (?, ?, ?, ?)",
	[EQ_JOB_TOTALS] =
		"UPDATE job SET next_test = ?2, gives = ?3, "
		"(failed, errors, flaky, passed, skipped, quarantined, quarantined_failed, tests_us) = ("
		"SELECT coalesce(sum(status = 0 AND NOT flags & 2), 0), coalesce(sum(status = 1 AND NOT flags & 2), 0), "
		"coalesce(sum(status = 2 AND NOT flags & 2), 0), coalesce(sum(status = 3 AND NOT flags & 2), 0), "
		"coalesce(sum(status = 4 AND NOT flags & 2), 0), coalesce(sum(flags & 2 <> 0), 0), "
		"coalesce(sum(flags & 2 <> 0 AND status < 2), 0), coalesce(sum(max(duration, 0)), 0) FROM test WHERE scope = ?1), "
		"(findings, suppressed) = ("
		"SELECT coalesce(sum(NOT suppressed), 0), coalesce(sum(suppressed), 0) FROM finding WHERE scope = ?1), "
		"(lines, lines_hit, branches, branches_hit, files) = (SELECT coalesce(sum(lines), 0), coalesce(sum(lines_hit), 0), "
		"coalesce(sum(branches), 0), coalesce(sum(branches_hit), 0), count(*) FROM coverage WHERE scope = ?1), "
		"metrics = (SELECT count(*) FROM metric WHERE scope = ?1), "
		"components = (SELECT count(*) FROM component WHERE scope = ?1), "
		"images = (SELECT count(*) FROM image WHERE scope = ?1), "
		"(reports, broken) = ("
		"SELECT coalesce(sum(error = ''), 0), coalesce(sum(error <> ''), 0) FROM report WHERE scope = ?1) WHERE scope = ?1",
	[EQ_REPORT_BEGIN] = "SAVEPOINT report",
	[EQ_REPORT_BACK] = "ROLLBACK TO report",
	[EQ_REPORT_END] = "RELEASE report",
	[EQ_REPORT_ADD] = "INSERT INTO report(scope, number, path, format, error, line, col) VALUES (?, ?, ?, ?, ?, ?, ?)",
	[EQ_REPORT_NEXT] = "SELECT coalesce(max(number) + 1, 0) FROM report WHERE scope = ?",
	[EQ_TEST_ADD] = "INSERT INTO test(scope, tcase, status, number, file, line, duration, failures, flags, text) "
			"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	/* ?5 the file that it has to be of; 0: that names none, -1: any.  Of very many of one name some have to do. */
	[EQ_TEST_FIND] =
		"SELECT number, file, line, duration, failures, flags, text FROM (SELECT * FROM test "
		"WHERE scope = ?1 AND tcase = ?2 AND status = ?3 AND number < ?4 LIMIT 100) WHERE file = ?5 OR ?5 < 0 LIMIT 1",
	[EQ_TEST_REMOVE] = "DELETE FROM test WHERE scope = ? AND tcase = ? AND status = ? AND number = ?",
	[EQ_TEXT_ADD] = "INSERT INTO test_text(message, details) VALUES (?, ?)",
	[EQ_TEXT_REMOVE] = "DELETE FROM test_text WHERE id = ?",
	[EQ_FINDING_ADD] =
		"INSERT OR IGNORE INTO finding(scope, issue, kind, severity, suppressed, line, col, end_line, message, "
		"installed, fixed, url) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[EQ_FINDING_PLACE] = "SELECT line, col FROM finding WHERE scope = ? AND issue = ?",
	[EQ_FINDING_HAS] =
		"SELECT 1 FROM issue AS i CROSS JOIN finding AS f ON f.scope = ?2 AND f.issue = i.id WHERE i.fingerprint = ?1",
	[EQ_FINDING_RAISE] = "UPDATE finding SET suppressed = min(suppressed, ?3), severity = max(severity, ?4) "
			     "WHERE scope = ?1 AND issue = ?2 AND (suppressed > ?3 OR severity < ?4)",
	[EQ_PLACE_FIND] = "SELECT issue FROM finding_place WHERE scope = ? AND first = ? AND line = ? AND col = ?",
	[EQ_PLACE_ADD] = "INSERT INTO finding_place(scope, first, line, col, issue) VALUES (?, ?, ?, ?, ?)",
	[EQ_COVERAGE_FIND] = "SELECT data FROM coverage WHERE scope = ? AND path = ?",
	[EQ_COVERAGE_PUT] =
		"INSERT INTO coverage(scope, path, lines, lines_hit, branches, branches_hit, data) VALUES (?, ?, ?, ?, ?, ?, ?) "
		"ON CONFLICT(scope, path) DO UPDATE SET lines = excluded.lines, lines_hit = excluded.lines_hit, "
		"branches = excluded.branches, branches_hit = excluded.branches_hit, data = excluded.data",
	[EQ_METRIC_ADD] = "INSERT OR REPLACE INTO metric(scope, name, labels, unit, help, value) VALUES (?, ?, ?, ?, ?, ?)",
	[EQ_COMPONENT_ADD] =
		"INSERT OR IGNORE INTO component(scope, name, version, type, purl, licenses) VALUES (?, ?, ?, ?, ?, ?)",
	[EQ_IMAGE_ADD] = "INSERT INTO image(scope, name, digest, bytes) VALUES (?, ?, ?, ?) "
			 "ON CONFLICT(scope, name, digest) DO UPDATE SET bytes = max(bytes, excluded.bytes)",
	[EQ_CONDITION_ADD] =
		"INSERT INTO condition(scope, number, subject, value, bound, verdict, detail) "
		"SELECT ?1, (SELECT coalesce(max(number) + 1, 0) FROM condition WHERE scope = ?1), ?2, ?3, ?4, ?5, ?6",
	[EQ_JOB_FINDING_DROP] = "DELETE FROM job_finding WHERE scope = ?",
	[EQ_JOB_FINDING_ADD] =
		"INSERT INTO job_finding(scope, kind, severity, count) SELECT scope, kind, severity, count(*) FROM finding "
		"WHERE scope = ? AND NOT suppressed GROUP BY kind, severity",

	[EQ_REMOVE_TEXTS] = "DELETE FROM test_text WHERE id IN (SELECT text FROM test WHERE " RANGE " AND text)",
	[EQ_REMOVE_TESTS] = "DELETE FROM test WHERE " RANGE,
	[EQ_REMOVE_FINDINGS] = "DELETE FROM finding WHERE " RANGE,
	[EQ_REMOVE_PLACES] = "DELETE FROM finding_place WHERE " RANGE,
	[EQ_REMOVE_COVERAGE] = "DELETE FROM coverage WHERE " RANGE,
	[EQ_REMOVE_METRICS] = "DELETE FROM metric WHERE " RANGE,
	[EQ_REMOVE_COMPONENTS] = "DELETE FROM component WHERE " RANGE,
	[EQ_REMOVE_IMAGES] = "DELETE FROM image WHERE " RANGE,
	[EQ_REMOVE_CONDITIONS] = "DELETE FROM condition WHERE " RANGE,
	[EQ_REMOVE_REPORTS] = "DELETE FROM report WHERE " RANGE,
	[EQ_REMOVE_JOB_FINDINGS] = "DELETE FROM job_finding WHERE " RANGE,
	[EQ_REMOVE_JOBS] = "DELETE FROM job WHERE " RANGE,
	[EQ_KEEP_OFFSET] = "SELECT (SELECT coalesce(max(id), 0) FROM test_text) + 1 - "
			   "coalesce((SELECT min(text) FROM test WHERE scope = ? AND text), 1)",
	[EQ_KEEP_TEXTS] = "INSERT INTO test_text(id, message, details) SELECT id + ?3, message, details FROM test_text "
			  "WHERE id IN (SELECT text FROM test WHERE scope = ?1 AND text)",
	[EQ_KEEP_TESTS] = "INSERT INTO test(scope, tcase, status, number, file, line, duration, failures, flags, text) "
			  "SELECT ?2, tcase, status, number, file, line, duration, failures, flags, "
			  "CASE WHEN text THEN text + ?3 ELSE 0 END FROM test WHERE scope = ?1",
	[EQ_KEEP_FINDINGS] = KEEP("finding",
				  "issue, kind, severity, suppressed, line, col, end_line, message, installed, fixed, url"),
	[EQ_KEEP_PLACES] = KEEP("finding_place", "first, line, col, issue"),
	[EQ_KEEP_COVERAGE] = KEEP("coverage", "path, lines, lines_hit, branches, branches_hit, data"),
	[EQ_KEEP_METRICS] = KEEP("metric", "name, labels, value, unit, help"),
	[EQ_KEEP_COMPONENTS] = KEEP("component", "name, version, type, purl, licenses"),
	[EQ_KEEP_IMAGES] = KEEP("image", "name, digest, bytes"),
	[EQ_KEEP_CONDITIONS] = KEEP("condition", "number, subject, value, bound, verdict, detail"),
	[EQ_KEEP_REPORTS] = KEEP("report", "number, path, format, error, line, col"),
	[EQ_KEEP_JOB_FINDINGS] = KEEP("job_finding", "kind, severity, count"),
	[EQ_KEEP_JOBS] = KEEP("job", "name, base, title, gives, next_test, failed, errors, flaky, passed, skipped, quarantined, "
				     "quarantined_failed, tests_us, findings, suppressed, lines, lines_hit, branches, "
				     "branches_hit, files, metrics, components, images, reports, broken"),

	/* each run by a seek, however many jobs it has */
	[EQ_GC_RUNS] =
		"WITH RECURSIVE r(scope) AS (SELECT min(scope) FROM job UNION ALL "
		"SELECT (SELECT min(scope) FROM job WHERE scope > (r.scope | 0xffffffff)) FROM r WHERE r.scope IS NOT NULL) "
		"SELECT scope >> 32 FROM r WHERE scope IS NOT NULL",
	[EQ_GC_CASES] = "DELETE FROM test_case WHERE id NOT IN (SELECT tcase FROM test)",
	[EQ_GC_ISSUES] =
		"DELETE FROM issue WHERE id NOT IN (SELECT issue FROM finding UNION ALL SELECT first FROM finding_place)",
	[EQ_GC_WORDS] =
		"DELETE FROM word WHERE id NOT IN ("
		"SELECT suite FROM test_case UNION SELECT file FROM test UNION SELECT tool FROM issue UNION SELECT rule FROM issue "
		"UNION SELECT path FROM issue UNION SELECT package FROM issue UNION SELECT message FROM finding "
		"UNION SELECT installed FROM finding UNION SELECT fixed FROM finding UNION SELECT url FROM finding "
		"UNION SELECT path FROM coverage UNION SELECT base FROM job UNION SELECT title FROM job UNION SELECT name FROM metric "
		"UNION SELECT labels FROM metric UNION SELECT unit FROM metric UNION SELECT help FROM metric "
		"UNION SELECT name FROM component UNION SELECT version FROM component UNION SELECT type FROM component "
		"UNION SELECT purl FROM component UNION SELECT licenses FROM component)",

	[EQ_TOTALS] =
		"SELECT sum(failed), sum(errors), sum(flaky), sum(passed), sum(skipped), sum(quarantined), sum(quarantined_failed), "
		"sum(tests_us), sum(suppressed), sum(lines), sum(lines_hit), sum(branches), sum(branches_hit), sum(files), "
		"sum(metrics), sum(components), sum(images), sum(reports), sum(broken), sum(findings + suppressed > 0), sum(files > 0), "
		"max(gives & 1) + max(gives & 2) + max(gives & 4) + max(gives & 8) + max(gives & 16) + max(gives & 32) + "
		"max(gives & 64) + max(gives & 128) + max(gives & 256) + max(gives & 512) FROM job WHERE " RANGE,
	[EQ_TOTALS_FINDINGS] = "SELECT kind, severity, sum(count) FROM job_finding WHERE " RANGE " GROUP BY kind, severity",
	[EQ_TOTALS_FINDINGS_ONCE] =
		"SELECT kind, severity, count(*), hidden FROM (SELECT kind, max(severity) AS severity, min(suppressed) AS hidden "
		"FROM finding WHERE " RANGE " GROUP BY issue) GROUP BY kind, severity, hidden",

	[EQ_JOBS] = "SELECT scope, name FROM job WHERE " RANGE " ORDER BY scope",
	[EQ_TESTS] = "SELECT " TEST_COLUMNS " FROM " TEST_TABLES " WHERE " TEST_FILTER " LIMIT ?5",
	[EQ_TESTS_SLOWEST] =
		"SELECT " TEST_COLUMNS " FROM (SELECT * FROM test AS t WHERE " TEST_FILTER
		" ORDER BY duration DESC LIMIT ?5) AS t "
		"CROSS JOIN test_case AS c ON c.id = t.tcase LEFT JOIN word AS suite ON suite.id = c.suite "
		"LEFT JOIN word AS file ON file.id = t.file LEFT JOIN test_text AS x ON x.id = t.text ORDER BY t.duration DESC",
	/* ?3 kinds, ?4 to ?5 severities, ?6 fixable, ?7 also suppressed ones, ?8 rule, ?9 tool, ?10 to ?11 what it is new against */
	[EQ_FINDINGS] =
		"SELECT " FINDING_COLUMNS " FROM " FINDING_TABLES " WHERE f." RANGE
		" AND (1 << f.kind & ?3 AND f.severity BETWEEN ?4 AND ?5 "
		"OR f.kind NOT BETWEEN 0 AND 5 OR f.severity NOT BETWEEN 0 AND 5) "
		"AND (?6 = 0 OR (?6 > 0) = (f.fixed > 0)) AND (?7 OR NOT f.suppressed) AND (?8 = '' OR rule.text = ?8) "
		"AND (?9 = '' OR tool.text = ?9) AND (?10 = 0 OR f.issue NOT IN "
		"(SELECT b.issue FROM finding AS b WHERE b.scope BETWEEN ?10 AND ?11 AND NOT b.suppressed)) "
		/* the same one of an earlier job has been seen */
		"AND NOT EXISTS (SELECT 1 FROM job AS j CROSS JOIN finding AS g ON g.scope = j.scope AND g.issue = f.issue "
		"WHERE j.scope BETWEEN ?1 AND f.scope - 1 AND j.findings + j.suppressed > 0 AND g.suppressed <= f.suppressed)",
	[EQ_COVERAGE] = "SELECT v.id, word.text, v.lines, v.lines_hit, v.branches, v.branches_hit FROM coverage AS v "
			"CROSS JOIN word ON word.id = v.path WHERE v." RANGE " ORDER BY word.text, v.scope",
	[EQ_COVERAGE_DATA] = "SELECT data FROM coverage WHERE id = ?",
	[EQ_METRICS] =
		"SELECT m.scope, name.text, labels.text, m.value, unit.text, help.text FROM metric AS m CROSS JOIN word AS name "
		"ON name.id = m.name LEFT JOIN word AS labels ON labels.id = m.labels LEFT JOIN word AS unit ON unit.id = m.unit "
		"LEFT JOIN word AS help ON help.id = m.help WHERE m." RANGE " ORDER BY m.scope, name.text, labels.text",
	[EQ_COMPONENTS] =
		"SELECT c.scope, name.text, version.text, type.text, purl.text, licenses.text FROM component AS c CROSS JOIN word AS name "
		"ON name.id = c.name LEFT JOIN word AS version ON version.id = c.version LEFT JOIN word AS type ON type.id = c.type "
		"LEFT JOIN word AS purl ON purl.id = c.purl LEFT JOIN word AS licenses ON licenses.id = c.licenses "
		"WHERE c." RANGE " ORDER BY c.scope, name.text, version.text, type.text, purl.text",
	[EQ_IMAGES] = "SELECT scope, name, digest, bytes FROM image WHERE " RANGE " ORDER BY scope, name, digest",
	[EQ_CONDITIONS] = "SELECT scope, subject, value, bound, verdict, detail FROM condition WHERE " RANGE
			  " ORDER BY scope, number",
	[EQ_REPORTS] = "SELECT scope, path, format, error, line, col FROM report WHERE " RANGE " ORDER BY scope, number",

	[EQ_METRIC_SUM] =
		"SELECT count(*), sum(m.value), count(*) - count(m.value) FROM word AS name CROSS JOIN metric AS m ON m.name = name.id "
		"WHERE name.text = ?3 AND m." RANGE,
	[EQ_IMAGE_LARGEST] = "SELECT max(bytes) FROM image WHERE " RANGE,
	/* ?1 a JSON array of runs, ?2 the jobs' base name; a run in which one of a name failed counts as one failure */
	[EQ_HISTORY] =
		"SELECT suite.text, c.name, file.text, h.duration, h.runs, h.failures FROM ("
		"SELECT tcase, max(file) AS file, avg(duration) AS duration, count(*) AS runs, sum(worst < 3) AS failures FROM ("
		"SELECT t.tcase AS tcase, max(t.file) AS file, min(t.status) AS worst, "
		"avg(CASE WHEN t.duration < 0 THEN NULL ELSE t.duration END) AS duration "
		"FROM json_each(?1) AS r CROSS JOIN job AS j ON j.scope BETWEEN r.value << 32 AND (r.value << 32 | 0xffffffff) "
		"AND j.base = (SELECT id FROM word WHERE text = ?2) CROSS JOIN test AS t ON t.scope = j.scope AND t.status <> 4 "
		"GROUP BY t.tcase, r.value) GROUP BY tcase) AS h CROSS JOIN test_case AS c ON c.id = h.tcase "
		"LEFT JOIN word AS suite ON suite.id = c.suite LEFT JOIN word AS file ON file.id = h.file",

	/* Of the runs in ?1, the jobs that are called as those of the scopes ?2 to ?3.  A test that was red in several runs, or flaky in
	 * one, is looked for in all of them; it is unreliable when it went back and forth, and not just broken for a while. */
	[EQ_UNRELIABLE] =
		"WITH j AS MATERIALIZED (SELECT j.scope, j.base, j.scope >> 32 AS run, "
		"j.failed + j.errors + j.flaky + j.quarantined_failed > 0 AS red FROM json_each(?1) AS r CROSS JOIN job AS j "
		"ON j.scope BETWEEN r.value << 32 AND (r.value << 32 | 0xffffffff) "
		"WHERE j.base IN (SELECT base FROM job WHERE scope BETWEEN ?2 AND ?3)), "
		"c AS MATERIALIZED (SELECT j.base, t.tcase FROM j CROSS JOIN test AS t ON t.scope = j.scope AND t.status < 3 "
		"WHERE j.red GROUP BY j.base, t.tcase HAVING count(DISTINCT j.run) > 1 OR max(t.status) = 2 LIMIT ?4), "
		"h AS (SELECT c.base, c.tcase, j.run, min(t.status) AS worst, max(t.file) AS file FROM c CROSS JOIN j "
		"ON j.base = c.base CROSS JOIN test AS t ON t.scope = j.scope AND t.tcase = c.tcase AND t.status < 4 "
		"GROUP BY c.base, c.tcase, j.run), "
		"w AS (SELECT base, tcase, file, worst, lag(worst < 3) OVER (PARTITION BY base, tcase ORDER BY run) AS before FROM h) "
		"SELECT base.text, suite.text, n.name, file.text, u.runs, u.failures FROM ("
		"SELECT base, tcase, max(file) AS file, count(*) AS runs, sum(worst < 3) AS failures FROM w GROUP BY base, tcase "
		"HAVING count(*) > 1 AND (max(worst = 2) OR sum((worst < 3) <> before) > 2)) AS u CROSS JOIN test_case AS n ON n.id = u.tcase "
		"LEFT JOIN word AS base ON base.id = u.base LEFT JOIN word AS suite ON suite.id = n.suite "
		"LEFT JOIN word AS file ON file.id = u.file ORDER BY u.failures * 1.0 / u.runs DESC, u.runs DESC, n.suite, n.name",

	[EQ_JOBS_WITH_TESTS] = "SELECT count(*), max(scope) FROM job WHERE " RANGE
			       " AND failed + errors + flaky + passed + skipped + quarantined > 0",
	[EQ_JOBS_WITH_FINDINGS] = "SELECT count(*), max(scope) FROM job WHERE " RANGE " AND findings > 0",
	/* The two sides of a comparison, in the order of their keys; of a single job without sorting. */
	[EQ_TESTS_OF_JOB] =
		"SELECT t.tcase, j.title, t.status, t.scope, t.number, t.duration, t.flags, t.file FROM job AS j CROSS JOIN test AS t "
		"ON t.scope = ?1 WHERE j.scope = ?1 AND ?1 = ?2 ORDER BY t.tcase, t.status",
	[EQ_TESTS_OF_RUN] =
		"SELECT t.tcase, j.title, t.status, t.scope, t.number, t.duration, t.flags, t.file FROM job AS j CROSS JOIN test AS t "
		"ON t.scope = j.scope WHERE j." RANGE " ORDER BY t.tcase, j.title, t.status",
	[EQ_FINDINGS_OF_JOB] =
		"SELECT issue, scope, kind FROM finding WHERE scope = ?1 AND ?1 = ?2 AND NOT suppressed ORDER BY issue",
	[EQ_FINDINGS_OF_RUN] = "SELECT issue, min(scope), kind FROM finding WHERE " RANGE
			       " AND NOT suppressed GROUP BY issue ORDER BY issue",
	[EQ_TEST_ONE] = "SELECT " TEST_COLUMNS " FROM " TEST_TABLES
			" WHERE t.scope = ?1 AND t.tcase = ?2 AND t.status = ?3 AND t.number = ?4",
	[EQ_FINDING_ONE] = "SELECT " FINDING_COLUMNS " FROM " FINDING_TABLES " WHERE f.scope = ?1 AND f.issue = ?2",
};

const struct store_schema evidence_schema = {
	.file = "evidence.db",
	.application_id = APPLICATION_ID,
	.making = "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL",
	/* what has to be sorted goes to a file when it is long */
	.pragmas = "PRAGMA temp_store = FILE; PRAGMA cache_size = -8192;" STORE_PRAGMAS,
	.busy_ms = BUSY_MS,
	.steps = steps,
	.version = sizeof(steps) / sizeof(*steps),
	.texts = texts,
	.count = EQ_COUNT,
};

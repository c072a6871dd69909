/* Rows of evidence: the cursors of runner/evidence/, what a query says put into their questions where they have a word for it. */
#include "base/error.h"
#include "runner/lua/host/host_inside.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CELL_JOB CELL("job", FORM_TEXT, job_name)

/* ---- which jobs ---- */

static int open_evidence(struct host_rows *r, pipe_error *err)
{
	const struct evidence_baseline *b;
	int rc = host_evidence(r->h, &r->db, err);

	r->run = r->query.run ? r->query.run : r->h->o.run;
	r->scopes = scopes_of(r->run, !r->query.run && r->query.side == SIDE_JOB ? r->h->o.job : ALL_JOBS);
	if (rc || r->query.run || r->query.side != SIDE_BASELINE)
		return rc;
	rc = host_baseline(r->h, &b, err);
	r->run = b->run;
	r->scopes = scopes_of(r->run, ALL_JOBS);
	return rc;
}

/* What the rows are new against. */
static int baseline_scopes(struct host_rows *r, struct scopes *out, pipe_error *err)
{
	const struct evidence_baseline *b;
	struct evidence_baseline other;
	int rc;

	if (r->query.run && r->query.run != r->h->o.run) {
		rc = host_baseline_of(r->h, r->query.run, &other, err);
		*out = scopes_of(rc ? 0 : other.run, ALL_JOBS);
		return rc;
	}
	rc = host_baseline(r->h, &b, err);
	*out = scopes_of(rc ? 0 : b->run, ALL_JOBS);
	return rc;
}

static int take_name(void *payload, uint32_t job, const char *name)
{
	struct host_rows *r = payload;

	r->job = job;
	snprintf(r->job_name, sizeof(r->job_name), "%s", name);
	return 1;
}

/* Rows of a job lie together, so that its name is looked up once. */
static int name_job(struct host_rows *r, uint32_t job, pipe_error *err)
{
	int rc = PIPE_OK;

	r->row.job_name = r->job_name;
	if (r->job == job)
		return PIPE_OK;
	r->job_name[0] = '\0';
	rc = read_jobs(r->db, scopes_of(r->run, job), take_name, r, err);
	r->job = job;
	return rc;
}

/* To the next row; its job's name is known then. */
static int step(struct host_rows *r, pipe_error *err)
{
	int rc = r->db ? query_step(&r->cursor, err) : 0, named;

	if (rc != 1)
		return rc;
	named = name_job(r, row_job(&r->cursor), err);
	return named ? named : 1;
}

static void close_evidence(struct host_rows *r)
{
	query_end(&r->cursor);
}

/* ---- tests ---- */

static bool status_from(const char *text, unsigned *status)
{
	for (unsigned i = 0; i < TEST_STATUS_COUNT; i++)
		if (!strcmp(test_status_name((enum test_status)i), text)) {
			*status = i;
			return true;
		}
	return false;
}

/* The truth value that a query wants a column to have: 1, -1, or 0: any. */
static int wants_truth(const struct host_rows *r, const char *column)
{
	const int index = lua_column_index(&lua_rows_kinds[r->query.rows], column);

	for (unsigned i = 0; index >= 0 && i < r->query.filter_count; i++)
		if (r->query.filters[i].column == (unsigned)index && r->query.filters[i].value.type == LUA_CELL_BOOL)
			return r->query.filters[i].value.truth ? 1 : -1;
	return 0;
}

static int open_tests(struct host_rows *r, pipe_error *err)
{
	const char *wanted = host_wants(r, "status");
	struct test_question question = { 0 };
	struct scopes before;
	unsigned status;
	int rc = open_evidence(r, err);

	if (wanted && status_from(wanted, &status))
		question.statuses = 1u << status;
	r->quarantined = question.quarantined = wants_truth(r, "quarantined") > 0 ? 2 : 0; /* only those, or without them */
	r->statuses = question.statuses ? question.statuses : (1u << TEST_STATUS_COUNT) - 1;
	if (rc || !r->db)
		return rc;
	if (!r->query.only_new)
		return cursor_tests(&r->cursor, r->db, r->scopes, &question, err);
	rc = baseline_scopes(r, &before, err);
	return rc ? rc : test_comparison_open(&r->comparison, r->db, before, r->scopes, err);
}

/* The comparison knows keys alone. */
static int next_new(struct host_rows *r, pipe_error *err)
{
	struct test_pair pair;
	int rc;

	query_end(&r->cursor);
	do
		rc = test_comparison_next(r->comparison, &pair, err);
	while (rc == 1 && (!test_pair_is_new(&pair) || !(1u << pair.after.status & r->statuses) ||
			   pair.after_quarantined != (r->quarantined == 2)));
	if (rc != 1)
		return rc;
	rc = cursor_test_one(&r->cursor, r->db, &pair.after, err);
	return rc ? rc : step(r, err);
}

static int next_test(struct host_rows *r, pipe_error *err)
{
	int rc = r->comparison ? next_new(r, err) : step(r, err), good;

	if (rc != 1)
		return rc;
	good = row_test(&r->cursor, &r->row.test, err);
	return good ? good : 1;
}

static void close_tests(struct host_rows *r)
{
	query_end(&r->cursor);
	test_comparison_close(r->comparison);
}

static const struct host_cell test_cells[] = {
	CELL("suite", FORM_TEXT, test.suite),
	CELL("name", FORM_TEXT, test.name),
	CELL("file", FORM_TEXT, test.file),
	CELL("line", FORM_SOME32, test.line),
	CELL("status", FORM_STATUS, test.status),
	CELL("expected", FORM_BOOL, test.expected),
	CELL("duration", FORM_US, test.duration_us),
	CELL("message", FORM_TEXT, test.message),
	CELL("details", FORM_TEXT, test.details),
	CELL("failures", FORM_COUNT32, test.failures),
	CELL("quarantined", FORM_BOOL, test.quarantined),
	CELL_JOB,
	CELLS_END,
};
const struct host_kind host_tests = { .open = open_tests, .next = next_test, .close = close_tests, .cells = test_cells };

/* ---- findings ---- */

static void ask_findings(const struct host_rows *r, struct finding_question *q)
{
	const char *kind = host_wants(r, "kind"), *severity = host_wants(r, "severity");
	enum finding_kind k;
	enum severity s;

	if (kind && finding_kind_from(kind, &k))
		q->kinds = 1u << k;
	if (severity && severity_from(severity, &s))
		q->least = (uint8_t)s;
	q->tool = host_wants(r, "tool");
	q->rule = host_wants(r, "rule");
	q->fixable = (int8_t)wants_truth(r, "fixable");
	q->suppressed = r->query.suppressed;
}

static void write_hex(char out[HEX_FINGERPRINT], const unsigned char *bytes)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < (HEX_FINGERPRINT - 1) / 2; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[HEX_FINGERPRINT - 1] = '\0';
}

static int open_findings(struct host_rows *r, pipe_error *err)
{
	struct finding_question question = FINDING_QUESTION_INIT;
	int rc = open_evidence(r, err);

	if (!rc && (r->query.touched_files || r->query.touched_lines))
		rc = host_changed(r->h, &r->changed, err);
	if (rc || !r->db)
		return rc;
	ask_findings(r, &question);
	if (r->query.only_new)
		rc = baseline_scopes(r, &question.known, err);
	return rc ? rc : cursor_findings(&r->cursor, r->db, r->scopes, &question, err);
}

static int next_finding(struct host_rows *r, pipe_error *err)
{
	struct host_finding *f = &r->row.finding;
	const unsigned char *fingerprint;
	int rc, good;

	while ((rc = step(r, err)) == 1) {
		good = row_finding(&r->cursor, &f->value, &fingerprint, err);
		if (good)
			return good;
		if (r->changed && !changed_touches(r->changed, &f->value, r->query.touched_lines))
			continue;
		write_hex(f->hex, fingerprint);
		f->value.fingerprint = f->hex;
		f->fixable = *f->value.fixed != '\0';
		return 1;
	}
	return rc;
}

static const struct host_cell finding_cells[] = {
	CELL("kind", FORM_KIND, finding.value.kind),
	CELL("severity", FORM_SEVERITY, finding.value.severity),
	CELL("suppressed", FORM_BOOL, finding.value.suppressed),
	CELL("tool", FORM_TEXT, finding.value.tool),
	CELL("rule", FORM_TEXT, finding.value.rule),
	CELL("path", FORM_TEXT, finding.value.path),
	CELL("line", FORM_SOME32, finding.value.line),
	CELL("column", FORM_SOME32, finding.value.column),
	CELL("end_line", FORM_SOME32, finding.value.end_line),
	CELL("message", FORM_TEXT, finding.value.message),
	CELL("fingerprint", FORM_TEXT, finding.value.fingerprint),
	CELL("package", FORM_TEXT, finding.value.package),
	CELL("installed", FORM_TEXT, finding.value.installed),
	CELL("fixed", FORM_TEXT, finding.value.fixed),
	CELL("fixable", FORM_BOOL, finding.fixable),
	CELL("url", FORM_TEXT, finding.value.url),
	CELL_JOB,
	CELLS_END,
};
const struct host_kind host_findings = {
	.open = open_findings, .next = next_finding, .close = close_evidence, .cells = finding_cells
};

/* ---- coverage ---- */

/* Several jobs' figures of a file are put together; they have a name only where one job was asked for. */
static int open_coverage(struct host_rows *r, pipe_error *err)
{
	int rc = open_evidence(r, err);

	if (rc || !r->db)
		return rc;
	if (r->scopes.first == r->scopes.last && name_job(r, job_of_scope(r->scopes.first), err))
		return PIPE_ESTORE;
	r->has_coverage = true;
	return coverage_cursor_open(&r->coverage, r->db, r->scopes, err);
}

static int next_coverage(struct host_rows *r, pipe_error *err)
{
	const struct coverage_counts *n = &r->coverage.counts;
	int rc = r->has_coverage ? coverage_cursor_next(&r->coverage, err) : 0;

	if (rc != 1)
		return rc;
	r->row.coverage = (struct host_coverage){ .path = r->coverage.path,
						  .lines = n->lines,
						  .hit = n->lines_hit,
						  .branches = n->branches,
						  .branches_hit = n->branches_hit,
						  .percent = n->lines ? 100.0 * (double)n->lines_hit / (double)n->lines : NAN };
	return 1;
}

static void close_coverage(struct host_rows *r)
{
	if (r->has_coverage)
		coverage_cursor_close(&r->coverage);
}

static const struct host_cell coverage_cells[] = {
	CELL("path", FORM_TEXT, coverage.path),
	CELL("lines", FORM_COUNT64, coverage.lines),
	CELL("hit", FORM_COUNT64, coverage.hit),
	CELL("percent", FORM_PERCENT, coverage.percent),
	CELL("branches", FORM_COUNT64, coverage.branches),
	CELL("branches_hit", FORM_COUNT64, coverage.branches_hit),
	CELL_JOB,
	CELLS_END,
};
const struct host_kind host_coverage = {
	.open = open_coverage, .next = next_coverage, .close = close_coverage, .cells = coverage_cells
};

/* ---- the rest ---- */

static int open_rest(struct host_rows *r, pipe_error *err)
{
	int rc = open_evidence(r, err);

	return rc || !r->db ? rc : scopes_query(&r->cursor, r->db, r->kind->statement, r->scopes, err);
}

static int next_rest(struct host_rows *r, pipe_error *err)
{
	int rc = step(r, err);

	if (rc == 1)
		r->kind->take(&r->cursor, &r->row);
	return rc;
}

#define REST(cells_, statement_, take_)                                                                                          \
	{                                                                                                                        \
		.open = open_rest, .next = next_rest, .close = close_evidence, .cells = (cells_), .statement = (statement_),     \
		.take = (take_)                                                                                                  \
	}

static void take_metric(const struct query *q, struct host_row *out)
{
	row_metric(q, &out->metric);
}

static const struct host_cell metric_cells[] = {
	CELL("name", FORM_TEXT, metric.name),
	CELL("labels", FORM_TEXT, metric.labels),
	CELL("value", FORM_NUMBER, metric.value),
	CELL("unit", FORM_TEXT, metric.unit),
	CELL("help", FORM_TEXT, metric.help),
	CELL_JOB,
	CELLS_END,
};
const struct host_kind host_metrics = REST(metric_cells, EQ_METRICS, take_metric);

static void take_component(const struct query *q, struct host_row *out)
{
	row_component(q, &out->component);
}

static const struct host_cell component_cells[] = {
	CELL("name", FORM_TEXT, component.name),
	CELL("version", FORM_TEXT, component.version),
	CELL("type", FORM_TEXT, component.type),
	CELL("purl", FORM_TEXT, component.purl),
	CELL("licenses", FORM_TEXT, component.licenses),
	CELL_JOB,
	CELLS_END,
};
const struct host_kind host_components = REST(component_cells, EQ_COMPONENTS, take_component);

static void take_image(const struct query *q, struct host_row *out)
{
	row_image(q, &out->image);
}

static const struct host_cell image_cells[] = {
	CELL("name", FORM_TEXT, image.name),
	CELL("digest", FORM_TEXT, image.digest),
	CELL("bytes", FORM_SOME64, image.bytes),
	CELL_JOB,
	CELLS_END,
};
const struct host_kind host_images = REST(image_cells, EQ_IMAGES, take_image);

static void take_condition(const struct query *q, struct host_row *out)
{
	row_condition(q, &out->condition);
}

static const struct host_cell condition_cells[] = {
	CELL("subject", FORM_TEXT, condition.subject),
	CELL("value", FORM_TEXT, condition.value),
	CELL("bound", FORM_TEXT, condition.bound),
	CELL("verdict", FORM_TEXT, condition.verdict),
	CELL("detail", FORM_TEXT, condition.detail),
	CELL_JOB,
	CELLS_END,
};
const struct host_kind host_conditions = REST(condition_cells, EQ_CONDITIONS, take_condition);

/* The evidence as pipe.h shows it. */
#include "base/error.h"
#include "base/suggest.h"
#include "runner/history/evidence_reader.h"
#include "runner/stage/totals.h"
#include <stdlib.h>
#include <string.h>

/* ---- a reader ---- */

static int take_job(void *payload, uint32_t index, const char *name)
{
	struct evidence_reader *r = payload;
	struct evidence_job *job = vec_push(&r->arena, &r->jobs);

	if (!job)
		return 1;
	job->index = index;
	job->name = arena_strdup(&r->arena, name);
	return !job->name;
}

int evidence_reader_open(struct evidence_reader *r, pipe_project *project, int64_t run, const char *job, pipe_error *err)
{
	uint32_t index = ALL_JOBS;
	struct store *store;
	int rc = project_store(project, &store, err);

	memset(r, 0, sizeof(*r));
	if (!rc)
		rc = store_resolve_run(store, run, &r->run, err);
	if (!rc && job)
		rc = store_job_index(store, r->run, job, &index, err);
	if (!rc)
		rc = project_evidence(project, &r->db, err);
	if (rc || !r->db)
		return rc;
	r->scopes = scopes_of(r->run, index);
	rc = read_jobs(r->db, r->scopes, take_job, r, err);
	if (!rc && r->jobs.count && !r->jobs.items[r->jobs.count - 1].name)
		rc = error_nomem(err);
	return rc;
}

void evidence_reader_clear(struct evidence_reader *r)
{
	arena_clear(&r->arena);
}

static int by_index(const void *key, const void *item)
{
	uint32_t a = *(const uint32_t *)key, b = ((const struct evidence_job *)item)->index;

	return a < b ? -1 : a > b;
}

const char *evidence_reader_job(const struct evidence_reader *r, uint32_t index)
{
	const struct evidence_job *job = r->jobs.count
						 ? bsearch(&index, r->jobs.items, r->jobs.count, sizeof(*r->jobs.items), by_index)
						 : NULL;

	return job ? job->name : "";
}

/* ---- records ---- */

pipe_test_record evidence_test_record(const struct evidence_reader *r, uint32_t job, const struct evidence_test *t)
{
	return (pipe_test_record){
		.job_index = job,
		.job = evidence_reader_job(r, job),
		.suite = t->suite,
		.name = t->name,
		.file = t->file,
		.line = t->line,
		.status = test_status_name((enum test_status)t->status),
		.expected = t->expected,
		.quarantined = t->quarantined,
		.failures = t->failures,
		.duration_us = t->duration_us,
		.message = t->message,
		.details = t->details,
	};
}

pipe_finding_record evidence_finding_record(const struct evidence_reader *r, uint32_t job, const struct evidence_finding *f,
					    const unsigned char fingerprint[16], char hex[FINGERPRINT_HEX])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 16; i++) {
		hex[2 * i] = digits[fingerprint[i] >> 4];
		hex[2 * i + 1] = digits[fingerprint[i] & 15];
	}
	hex[32] = '\0';
	return (pipe_finding_record){
		.job_index = job,
		.job = evidence_reader_job(r, job),
		.kind = finding_kind_name((enum finding_kind)f->kind),
		.severity = severity_name((enum severity)f->severity),
		.suppressed = f->suppressed,
		.tool = f->tool,
		.rule = f->rule,
		.path = f->path,
		.line = f->line,
		.column = f->column,
		.end_line = f->end_line,
		.message = f->message,
		.package = f->package,
		.installed = f->installed,
		.fixed = f->fixed,
		.url = f->url,
		.fingerprint = hex,
	};
}

pipe_coverage_record evidence_coverage_record(const char *path, const struct coverage_counts *c)
{
	return (pipe_coverage_record){ .path = path,
				       .lines = c->lines,
				       .lines_hit = c->lines_hit,
				       .branches = c->branches,
				       .branches_hit = c->branches_hit };
}

/* ---- totals ---- */

int pipe_history_evidence(pipe_project *project, int64_t run, const char *job, pipe_evidence *out, pipe_error *err)
{
	struct evidence_totals totals = { 0 };
	struct evidence_reader r;
	int rc = evidence_reader_open(&r, project, run, job, err);

	if (!rc && r.db)
		rc = totals_read(r.db, r.scopes, &totals, err);
	totals_publish(&totals, out);
	evidence_reader_clear(&r);
	return rc;
}

int pipe_history_evidence_jobs(pipe_project *project, int64_t run,
			       int (*each)(void *payload, uint32_t job_index, const char *job, const pipe_evidence *evidence),
			       void *payload, pipe_error *err)
{
	struct evidence_reader r;
	int rc = evidence_reader_open(&r, project, run, NULL, err);

	for (uint32_t i = 0; !rc && i < r.jobs.count; i++) {
		const struct evidence_job *job = &r.jobs.items[i];
		struct evidence_totals totals;
		pipe_evidence shown;

		rc = totals_read(r.db, scopes_of(r.run, job->index), &totals, err);
		if (rc)
			break;
		totals_publish(&totals, &shown);
		if (!totals_are_nothing(&shown) && each(payload, job->index, job->name, &shown))
			break;
	}
	evidence_reader_clear(&r);
	return rc;
}

/* ---- rows ---- */

/* A question: the reader, and the caller's callback. */
struct asking {
	struct evidence_reader r;
	union {
		int (*test)(void *, const pipe_test_record *);
		int (*unreliable)(void *, const pipe_unreliable_record *);
		int (*finding)(void *, const pipe_finding_record *);
		int (*metric)(void *, const pipe_metric_record *);
		int (*component)(void *, const pipe_component_record *);
		int (*image)(void *, const pipe_image_record *);
		int (*condition)(void *, const pipe_condition_record *);
		int (*report)(void *, const pipe_report_record *);
	} each;
	void *payload;
};

/* A word that a caller gave and that means nothing, with the nearest of those that do. */
static int no_such(const char *what, const char *word, const char *(*name)(unsigned), unsigned count, pipe_error *err)
{
	struct suggest near;

	suggest_init(&near, word);
	for (unsigned i = 0; i < count; i++)
		suggest_offer(&near, name(i));
	return error_set(err, PIPE_EUSAGE, "there is no %s \"%.100s\"%s%s%s", what, word, near.best ? "; did you mean \"" : "",
			 near.best ? near.best : "", near.best ? "\"?" : "");
}

static const char *status_word(unsigned i)
{
	return test_status_name((enum test_status)i);
}

static const char *kind_word(unsigned i)
{
	return finding_kind_name((enum finding_kind)i);
}

static const char *severity_word(unsigned i)
{
	return severity_name((enum severity)i);
}

static int find_statuses(const char *word, unsigned *statuses, pipe_error *err)
{
	*statuses = 0;
	if (!word)
		return PIPE_OK;
	for (unsigned i = 0; i < TEST_STATUS_COUNT; i++)
		if (!strcmp(status_word(i), word))
			*statuses = i == TEST_FAILED ? 1u << TEST_FAILED | 1u << TEST_ERROR : 1u << i;
	return *statuses ? PIPE_OK : no_such("state of a test", word, status_word, TEST_STATUS_COUNT, err);
}

static int on_test(void *payload, uint32_t job, const struct evidence_test *t)
{
	const struct asking *a = payload;
	pipe_test_record record = evidence_test_record(&a->r, job, t);

	return a->each.test(a->payload, &record);
}

int pipe_history_tests(pipe_project *project, int64_t run, const pipe_test_options *opts,
		       int (*each)(void *payload, const pipe_test_record *test), void *payload, pipe_error *err)
{
	static const pipe_test_options defaults = PIPE_TEST_OPTIONS_INIT;
	struct asking a = { .each.test = each, .payload = payload };
	struct test_question question = { 0 };
	int rc;

	opts = opts ? opts : &defaults;
	if (opts->version != PIPE_TEST_OPTIONS_VERSION)
		return error_version(err, "pipe_test_options", opts->version, PIPE_TEST_OPTIONS_VERSION);
	question.quarantined = opts->quarantined < 0 ? 0 : opts->quarantined > 0 ? 2 : 1;
	question.slowest = opts->slowest;
	question.limit = opts->limit;
	rc = find_statuses(opts->status, &question.statuses, err);
	if (rc)
		return rc;
	rc = evidence_reader_open(&a.r, project, run, opts->job, err);
	if (!rc && a.r.db)
		rc = read_tests(a.r.db, a.r.scopes, &question, on_test, &a, err);
	evidence_reader_clear(&a.r);
	return rc;
}

static int on_unreliable(void *payload, const struct unreliable_test *t)
{
	const struct asking *a = payload;
	const pipe_unreliable_record record = {
		.job = t->job, .suite = t->suite, .name = t->name, .file = t->file, .runs = t->runs, .failures = t->failures
	};

	return a->each.unreliable(a->payload, &record);
}

int pipe_history_unreliable(pipe_project *project, int64_t run, const char *job,
			    int (*each)(void *payload, const pipe_unreliable_record *test), void *payload, pipe_error *err)
{
	struct asking a = { .each.unreliable = each, .payload = payload };
	struct store *store;
	int rc = evidence_reader_open(&a.r, project, run, job, err);

	if (!rc && a.r.db)
		rc = project_store(project, &store, err);
	if (!rc && a.r.db)
		rc = read_unreliable(a.r.db, store, a.r.run, a.r.scopes, on_unreliable, &a, err);
	evidence_reader_clear(&a.r);
	return rc;
}

/* Fills the question's words; *known: the run that they are compared with. */
static int ask_findings(const pipe_finding_options *opts, struct finding_question *question, pipe_error *err)
{
	enum finding_kind kind;
	enum severity severity;

	if (opts->kind) {
		if (!finding_kind_from(opts->kind, &kind))
			return no_such("kind of findings", opts->kind, kind_word, FINDING_KIND_COUNT, err);
		question->kinds = 1u << kind;
	}
	if (opts->least) {
		if (!severity_from(opts->least, &severity))
			return no_such("severity", opts->least, severity_word, SEVERITY_COUNT, err);
		question->least = (uint8_t)severity;
	}
	if (opts->most) {
		if (!severity_from(opts->most, &severity))
			return no_such("severity", opts->most, severity_word, SEVERITY_COUNT, err);
		question->most = (uint8_t)severity;
	}
	question->suppressed = opts->suppressed;
	question->rule = opts->rule;
	question->tool = opts->tool;
	if (opts->not_in)
		question->known = scopes_of(opts->not_in, ALL_JOBS);
	return PIPE_OK;
}

static int on_finding(void *payload, uint32_t job, const struct evidence_finding *f, const unsigned char *fingerprint)
{
	const struct asking *a = payload;
	char hex[FINGERPRINT_HEX];
	pipe_finding_record record = evidence_finding_record(&a->r, job, f, fingerprint, hex);

	return a->each.finding(a->payload, &record);
}

int pipe_history_findings(pipe_project *project, int64_t run, const pipe_finding_options *opts,
			  int (*each)(void *payload, const pipe_finding_record *finding), void *payload, pipe_error *err)
{
	static const pipe_finding_options defaults = PIPE_FINDING_OPTIONS_INIT;
	struct asking a = { .each.finding = each, .payload = payload };
	struct finding_question question = FINDING_QUESTION_INIT;
	int rc;

	opts = opts ? opts : &defaults;
	if (opts->version != PIPE_FINDING_OPTIONS_VERSION)
		return error_version(err, "pipe_finding_options", opts->version, PIPE_FINDING_OPTIONS_VERSION);
	rc = ask_findings(opts, &question, err);
	if (rc)
		return rc;
	rc = evidence_reader_open(&a.r, project, run, opts->job, err);
	if (!rc && a.r.db)
		rc = read_findings(a.r.db, a.r.scopes, &question, on_finding, &a, err);
	evidence_reader_clear(&a.r);
	return rc;
}

/* ---- coverage ---- */

struct line_list {
	struct arena arena;
	VEC(pipe_line_coverage) items;
};

static int list_lines(struct coverage_cursor *c, struct line_list *list, pipe_error *err)
{
	struct coverage_reader r;
	int rc = coverage_cursor_lines(c, &r, err);

	arena_clear(&list->arena);
	memset(&list->items, 0, sizeof(list->items));
	while (!rc && coverage_next(&r)) {
		pipe_line_coverage *line = vec_push(&list->arena, &list->items);

		if (!line)
			return error_nomem(err);
		*line = (pipe_line_coverage){ r.at.line, r.at.hits, r.at.branches, r.at.branches_hit };
	}
	return rc;
}

static int each_file(struct evidence_reader *r, const pipe_coverage_options *opts,
		     int (*each)(void *, const pipe_coverage_record *), void *payload, pipe_error *err)
{
	struct line_list list = { .arena = ARENA_INIT };
	struct coverage_cursor c;
	bool stopped = false;
	int rc = coverage_cursor_open(&c, r->db, r->scopes, err);

	while (!rc && !stopped && (rc = coverage_cursor_next(&c, err)) == 1) {
		pipe_coverage_record record = evidence_coverage_record(c.path, &c.counts);

		rc = PIPE_OK;
		if (opts->path && strcmp(opts->path, c.path) != 0)
			continue;
		if (opts->lines)
			rc = list_lines(&c, &list, err);
		if (rc)
			break;
		if (opts->lines) {
			record.items = list.items.items;
			record.count = list.items.count;
		}
		stopped = each(payload, &record);
	}
	coverage_cursor_close(&c);
	arena_clear(&list.arena);
	return rc;
}

int pipe_history_coverage(pipe_project *project, int64_t run, const pipe_coverage_options *opts,
			  int (*each)(void *payload, const pipe_coverage_record *file), void *payload, pipe_error *err)
{
	static const pipe_coverage_options defaults = PIPE_COVERAGE_OPTIONS_INIT;
	struct evidence_reader r;
	int rc;

	opts = opts ? opts : &defaults;
	if (opts->version != PIPE_COVERAGE_OPTIONS_VERSION)
		return error_version(err, "pipe_coverage_options", opts->version, PIPE_COVERAGE_OPTIONS_VERSION);
	rc = evidence_reader_open(&r, project, run, opts->job, err);
	if (!rc && r.db)
		rc = each_file(&r, opts, each, payload, err);
	evidence_reader_clear(&r);
	return rc;
}

/* ---- the rest ---- */

static int on_metric(void *payload, uint32_t job, const struct evidence_metric *m)
{
	const struct asking *a = payload;
	pipe_metric_record record = {
		job, evidence_reader_job(&a->r, job), m->name, m->labels, m->value, m->unit, m->help,
	};

	return a->each.metric(a->payload, &record);
}

int pipe_history_metrics(pipe_project *project, int64_t run, const char *job,
			 int (*each)(void *payload, const pipe_metric_record *metric), void *payload, pipe_error *err)
{
	struct asking a = { .each.metric = each, .payload = payload };
	int rc = evidence_reader_open(&a.r, project, run, job, err);

	if (!rc && a.r.db)
		rc = read_metrics(a.r.db, a.r.scopes, on_metric, &a, err);
	evidence_reader_clear(&a.r);
	return rc;
}

static int on_component(void *payload, uint32_t job, const struct evidence_component *c)
{
	const struct asking *a = payload;
	pipe_component_record record = {
		job, evidence_reader_job(&a->r, job), c->name, c->version, c->type, c->purl, c->licenses,
	};

	return a->each.component(a->payload, &record);
}

int pipe_history_components(pipe_project *project, int64_t run, const char *job,
			    int (*each)(void *payload, const pipe_component_record *component), void *payload, pipe_error *err)
{
	struct asking a = { .each.component = each, .payload = payload };
	int rc = evidence_reader_open(&a.r, project, run, job, err);

	if (!rc && a.r.db)
		rc = read_components(a.r.db, a.r.scopes, on_component, &a, err);
	evidence_reader_clear(&a.r);
	return rc;
}

static int on_image(void *payload, uint32_t job, const struct evidence_image *i)
{
	const struct asking *a = payload;
	pipe_image_record record = { job, evidence_reader_job(&a->r, job), i->name, i->digest, i->bytes };

	return a->each.image(a->payload, &record);
}

int pipe_history_images(pipe_project *project, int64_t run, const char *job,
			int (*each)(void *payload, const pipe_image_record *image), void *payload, pipe_error *err)
{
	struct asking a = { .each.image = each, .payload = payload };
	int rc = evidence_reader_open(&a.r, project, run, job, err);

	if (!rc && a.r.db)
		rc = read_images(a.r.db, a.r.scopes, on_image, &a, err);
	evidence_reader_clear(&a.r);
	return rc;
}

static int on_condition(void *payload, uint32_t job, const struct stage_condition *c)
{
	const struct asking *a = payload;
	pipe_condition_record record = {
		job, evidence_reader_job(&a->r, job), c->subject, c->value, c->bound, c->verdict, c->detail,
	};

	return a->each.condition(a->payload, &record);
}

int pipe_history_conditions(pipe_project *project, int64_t run, const char *job,
			    int (*each)(void *payload, const pipe_condition_record *condition), void *payload, pipe_error *err)
{
	struct asking a = { .each.condition = each, .payload = payload };
	int rc = evidence_reader_open(&a.r, project, run, job, err);

	if (!rc && a.r.db)
		rc = read_conditions(a.r.db, a.r.scopes, on_condition, &a, err);
	evidence_reader_clear(&a.r);
	return rc;
}

static int on_report(void *payload, uint32_t job, const struct report_row *row)
{
	const struct asking *a = payload;
	pipe_report_record record = {
		job, evidence_reader_job(&a->r, job), row->path, row->format, row->error, row->line, row->column,
	};

	return a->each.report(a->payload, &record);
}

int pipe_history_reports(pipe_project *project, int64_t run, const char *job,
			 int (*each)(void *payload, const pipe_report_record *report), void *payload, pipe_error *err)
{
	struct asking a = { .each.report = each, .payload = payload };
	int rc = evidence_reader_open(&a.r, project, run, job, err);

	if (!rc && a.r.db)
		rc = read_reports(a.r.db, a.r.scopes, on_report, &a, err);
	evidence_reader_clear(&a.r);
	return rc;
}

int pipe_history_baseline(pipe_project *project, int64_t run, int64_t *baseline, pipe_error *err)
{
	struct evidence_baseline found;
	struct store *store;
	int rc = project_store(project, &store, err);

	*baseline = 0;
	if (!rc)
		rc = evidence_baseline_of(store, run, &found, err);
	if (rc)
		return rc;
	*baseline = found.run;
	return found.run ? PIPE_OK : error_set(err, PIPE_ENOTFOUND, "%s", found.why);
}

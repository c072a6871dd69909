/* What the conditions of a gate are about: each function finds out one kind of value, of the run and where need be of its baseline. */
#include "base/error.h"
#include "stages/gate/gate.h"

#include <math.h>

static int have(struct gate_reading *out, double value)
{
	out->data = DATA_VALUE;
	out->value = value;
	return PIPE_OK;
}

static int lack(struct gate_reading *out, enum gate_data data, const char *why)
{
	out->data = data;
	out->detail = why;
	return PIPE_OK;
}

/* The baseline is there, and nobody has looked for that in it. */
static int lack_in_baseline(struct stage_job *job, const char *what, struct gate_reading *out, pipe_error *err)
{
	lack(out, DATA_NO_BASELINE,
	     arena_printf(job->arena, "run %lld of %s has no %s", (long long)job->view->baseline_run, job->view->baseline_branch,
			  what));
	return out->detail ? PIPE_OK : error_nomem(err);
}

/* false: there is none, and out says so. */
static bool has_baseline(const struct stage_job *job, struct gate_reading *out)
{
	if (job->view->baseline_run)
		return true;
	lack(out, DATA_NO_BASELINE, job->view->no_baseline ? job->view->no_baseline : "there is no earlier run to compare with");
	return false;
}

static int describe(struct stage_job *job, struct gate_reading *out, const char *text, pipe_error *err)
{
	out->detail = text;
	(void)job;
	return text ? PIPE_OK : error_nomem(err);
}

static int totals_of(struct stage_job *job, enum evidence_side side, struct evidence_totals *t, pipe_error *err)
{
	return job->view->totals(job->view->payload, side, t, err);
}

/* ---- tests ---- */

static const char no_tests[] = "no job of this run has read a report with tests";

static int test_totals(struct stage_job *job, struct evidence_totals *t, struct gate_reading *out, bool *there, pipe_error *err)
{
	int rc = totals_of(job, SIDE_RUN, t, err);

	*there = rc == PIPE_OK && t->has_tests;
	if (rc == PIPE_OK && !t->has_tests)
		lack(out, DATA_NONE, no_tests);
	return rc;
}

struct first_test {
	struct arena *arena;
	const char *text;
	bool failed;
};

static int take_test(void *payload, const struct evidence_test *t)
{
	struct first_test *f = payload;

	f->text = arena_printf(f->arena, "%s%s%s", t->suite, *t->suite ? " " : "", t->name);
	f->failed = !f->text;
	return 1;
}

/* The first of them by name, so that the table names a culprit. */
static int name_first_test(struct stage_job *job, const struct test_filter *filter, uint64_t count, struct gate_reading *out,
			   pipe_error *err)
{
	struct first_test first = { job->arena, NULL, false };
	int rc = count ? job->view->tests(job->view->payload, SIDE_RUN, filter, take_test, &first, NULL, err) : PIPE_OK;

	if (rc || !first.text)
		return first.failed ? error_nomem(err) : rc;
	return describe(job, out,
			count == 1 ? first.text
				   : arena_printf(job->arena, "%s and %llu more", first.text, (unsigned long long)count - 1),
			err);
}

int gate_tests(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err)
{
	const struct test_filter filter = { .statuses = c->statuses };
	struct evidence_totals t;
	uint64_t count = 0;
	bool there;
	int rc = test_totals(job, &t, out, &there, err);

	if (rc || !there)
		return rc;
	for (unsigned i = 0; i < TEST_STATUS_COUNT; i++)
		count += c->statuses >> i & 1 ? t.tests[i] : 0;
	have(out, (double)count);
	return name_first_test(job, &filter, count, out, err);
}

static uint64_t ran(const struct evidence_totals *t)
{
	return t->tests[TEST_PASSED] + t->tests[TEST_FAILED] + t->tests[TEST_ERROR] + t->tests[TEST_FLAKY];
}

int gate_tests_run(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err)
{
	struct evidence_totals t;
	bool there;
	int rc = test_totals(job, &t, out, &there, err);

	(void)c;
	return rc || !there ? rc : have(out, (double)ran(&t));
}

int gate_pass_rate(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err)
{
	struct evidence_totals t;
	uint64_t passed;
	bool there;
	int rc = test_totals(job, &t, out, &there, err);

	(void)c;
	if (rc || !there)
		return rc;
	if (!ran(&t))
		return lack(out, DATA_NONE, "no test ran");
	passed = t.tests[TEST_PASSED] + t.tests[TEST_FLAKY];
	have(out, 100.0 * (double)passed / (double)ran(&t));
	return describe(job, out,
			arena_printf(job->arena, "%llu of %llu", (unsigned long long)passed, (unsigned long long)ran(&t)), err);
}

int gate_new_failures(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err)
{
	const struct test_filter filter = { .statuses = c->statuses, .only_new = true };
	struct evidence_totals t, then;
	uint64_t count = 0;
	bool there;
	int rc = test_totals(job, &t, out, &there, err);

	if (rc || !there || !has_baseline(job, out))
		return rc;
	rc = totals_of(job, SIDE_BASELINE, &then, err);
	if (rc)
		return rc;
	if (!then.has_tests)
		return lack_in_baseline(job, "report with tests", out, err);
	rc = job->view->tests(job->view->payload, SIDE_RUN, &filter, NULL, NULL, &count, err);
	if (rc)
		return rc;
	have(out, (double)count);
	return name_first_test(job, &filter, count, out, err);
}

/* ---- coverage ---- */

static const char no_coverage[] = "no job of this run has read a coverage report";

static int share(struct stage_job *job, uint64_t hit, uint64_t all, const char *what, struct gate_reading *out, pipe_error *err)
{
	if (!all)
		return lack(out, DATA_NONE, "the coverage report lists nothing that could be covered");
	have(out, 100.0 * (double)hit / (double)all);
	return describe(job, out,
			arena_printf(job->arena, "%llu of %llu %s", (unsigned long long)hit, (unsigned long long)all, what), err);
}

int gate_coverage(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err)
{
	struct evidence_totals t;
	int rc = totals_of(job, SIDE_RUN, &t, err);

	(void)c;
	if (rc)
		return rc;
	return t.has_coverage ? share(job, t.lines_hit, t.lines, "lines", out, err) : lack(out, DATA_NONE, no_coverage);
}

int gate_branches(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err)
{
	struct evidence_totals t;
	int rc = totals_of(job, SIDE_RUN, &t, err);

	(void)c;
	if (rc)
		return rc;
	if (t.has_coverage && !t.branches)
		return lack(out, DATA_NONE, "the coverage report says nothing of branches");
	return t.has_coverage ? share(job, t.branches_hit, t.branches, "branches", out, err) : lack(out, DATA_NONE, no_coverage);
}

int gate_changed(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err)
{
	const char *why = NULL;
	uint64_t lines, hit;
	struct evidence_totals t;
	bool known = false;
	int rc = totals_of(job, SIDE_RUN, &t, err);

	(void)c;
	if (rc == PIPE_OK && !t.has_coverage)
		return lack(out, DATA_NONE, no_coverage);
	if (rc == PIPE_OK)
		rc = job->view->changed_coverage(job->view->payload, &lines, &hit, &known, &why, err);
	if (rc)
		return rc;
	if (!known)
		return lack(out, DATA_NO_BASELINE, why ? why : "what changed is not known");
	if (lines)
		return share(job, hit, lines, "changed lines", out, err);
	have(out, 100); /* nothing that could be covered has changed */
	out->detail = "no line that could be covered has changed";
	return PIPE_OK;
}

int gate_drop(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err)
{
	struct evidence_totals now, then;
	double before, after;
	int rc = totals_of(job, SIDE_RUN, &now, err);

	(void)c;
	if (rc)
		return rc;
	if (!now.has_coverage || !now.lines)
		return lack(out, DATA_NONE, no_coverage);
	if (!has_baseline(job, out))
		return PIPE_OK;
	rc = totals_of(job, SIDE_BASELINE, &then, err);
	if (rc)
		return rc;
	if (!then.has_coverage || !then.lines)
		return lack_in_baseline(job, "coverage", out, err);
	before = 100.0 * (double)then.lines_hit / (double)then.lines;
	after = 100.0 * (double)now.lines_hit / (double)now.lines;
	have(out, before - after);
	return describe(job, out,
			arena_printf(job->arena, "%.1f %% here, %.1f %% in run %lld of %s", after, before,
				     (long long)job->view->baseline_run, job->view->baseline_branch),
			err);
}

/* ---- findings ---- */

const char *gate_plural(enum finding_kind kind)
{
	static const char *const plurals[FINDING_KIND_COUNT] = {
		[FINDING_ISSUE] = "issues",
		[FINDING_WARNING] = "warnings",
		[FINDING_VULNERABILITY] = "vulnerabilities",
		[FINDING_SECRET] = "secrets",
		[FINDING_MISCONFIGURATION] = "misconfigurations",
		[FINDING_LICENSE] = "licenses",
	};

	return plurals[kind];
}

/* Has somebody looked for each of these kinds?  0 kinds: for any. */
static bool looked_for(const struct evidence_totals *t, unsigned kinds, const char **missing)
{
	bool any = false;

	for (unsigned i = 0; i < FINDING_KIND_COUNT; i++) {
		any |= t->has_findings[i];
		if ((kinds >> i & 1) && !t->has_findings[i]) {
			*missing = gate_plural((enum finding_kind)i);
			return false;
		}
	}
	*missing = "findings of any kind";
	return kinds || any;
}

struct first_finding {
	struct arena *arena;
	const char *text;
	bool failed;
};

static int take_finding(void *payload, const struct evidence_finding *f)
{
	struct first_finding *first = payload;

	if (*f->path && f->line)
		first->text = arena_printf(first->arena, "%s in %s:%u", f->rule, f->path, f->line);
	else if (*f->package)
		first->text = arena_printf(first->arena, "%s in %s %s", f->rule, f->package, f->installed);
	else
		first->text = arena_printf(first->arena, "%s%s%s", f->rule, *f->path ? " in " : "", f->path);
	first->failed = !first->text;
	return 1;
}

/* Which lines changed is asked for first: unknown is no 0. */
static int changes_known(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, bool *known,
			 pipe_error *err)
{
	const char *why = NULL;
	uint64_t lines, hit;
	int rc = PIPE_OK;

	*known = true;
	if (c->filter.touched_files || c->filter.touched_lines)
		rc = job->view->changed_coverage(job->view->payload, &lines, &hit, known, &why, err);
	if (rc == PIPE_OK && !*known)
		lack(out, DATA_NO_BASELINE, why ? why : "what changed is not known");
	return rc;
}

/* Has the baseline looked for what is compared with it? */
static int compare_findings(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, bool *there,
			    pipe_error *err)
{
	struct evidence_totals then;
	const char *missing;
	int rc;

	*there = !c->filter.only_new;
	if (*there || !has_baseline(job, out))
		return PIPE_OK;
	rc = totals_of(job, SIDE_BASELINE, &then, err);
	*there = rc == PIPE_OK && looked_for(&then, c->filter.kinds, &missing);
	if (rc || *there)
		return rc;
	missing = arena_printf(job->arena, "report that looks for %s", missing);
	return missing ? lack_in_baseline(job, missing, out, err) : error_nomem(err);
}

int gate_findings(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err)
{
	struct first_finding first = { job->arena, NULL, false };
	struct evidence_totals t;
	const char *missing;
	uint64_t count = 0;
	bool known, there = false;
	int rc = totals_of(job, SIDE_RUN, &t, err);

	if (rc)
		return rc;
	if (!looked_for(&t, c->filter.kinds, &missing)) {
		lack(out, DATA_NONE, arena_printf(job->arena, "no job of this run has read a report that looks for %s", missing));
		return out->detail ? PIPE_OK : error_nomem(err);
	}
	rc = changes_known(job, c, out, &known, err);
	if (rc == PIPE_OK && known)
		rc = compare_findings(job, c, out, &there, err);
	if (rc || !known || !there)
		return rc;
	rc = job->view->findings(job->view->payload, SIDE_RUN, &c->filter, NULL, NULL, &count, err);
	if (rc == PIPE_OK && count)
		rc = job->view->findings(job->view->payload, SIDE_RUN, &c->filter, take_finding, &first, NULL, err);
	if (rc)
		return rc;
	have(out, (double)count);
	if (!first.text)
		return first.failed ? error_nomem(err) : PIPE_OK;
	return describe(job, out,
			count == 1 ? first.text
				   : arena_printf(job->arena, "%s and %llu more", first.text, (unsigned long long)count - 1),
			err);
}

/* ---- sizes, times, metrics: a value of the run, or by how much it grew ---- */

typedef int (*value_of)(struct stage_job *job, const struct gate_condition *c, enum evidence_side side, double *value,
			bool *found, pipe_error *err);

static int image_of(struct stage_job *job, const struct gate_condition *c, enum evidence_side side, double *value, bool *found,
		    pipe_error *err)
{
	uint64_t bytes = 0;
	int rc = job->view->image_bytes(job->view->payload, side, &bytes, found, err);

	(void)c;
	*value = (double)bytes;
	return rc;
}

static int duration_of(struct stage_job *job, const struct gate_condition *c, enum evidence_side side, double *value, bool *found,
		       pipe_error *err)
{
	int64_t ms = 0;
	int rc = job->view->duration_ms(job->view->payload, side, &ms, found, err);

	(void)c;
	*value = (double)ms;
	return rc;
}

static int metric_of(struct stage_job *job, const struct gate_condition *c, enum evidence_side side, double *value, bool *found,
		     pipe_error *err)
{
	return job->view->metric(job->view->payload, side, c->metric, value, found, err);
}

static int absolute(struct stage_job *job, const struct gate_condition *c, value_of value, const char *none,
		    struct gate_reading *out, pipe_error *err)
{
	double now = 0;
	bool found = false;
	int rc = value(job, c, SIDE_RUN, &now, &found, err);

	if (rc)
		return rc;
	return found && !isnan(now) ? have(out, now) : lack(out, DATA_NONE, none);
}

/* In per cent of what it was. */
static int growth(struct stage_job *job, const struct gate_condition *c, value_of value, const char *none,
		  struct gate_reading *out, pipe_error *err)
{
	double now, then = 0;
	bool found = false;
	int rc = absolute(job, c, value, none, out, err);

	if (rc || out->data != DATA_VALUE || !has_baseline(job, out))
		return rc;
	now = out->value;
	rc = value(job, c, SIDE_BASELINE, &then, &found, err);
	if (rc)
		return rc;
	if (!found || !(fabs(then) > 0))
		return lack_in_baseline(job, "value above 0", out, err);
	have(out, 100.0 * (now - then) / fabs(then));
	return describe(job, out,
			arena_printf(job->arena, "%.6g here, %.6g in run %lld of %s", now, then,
				     (long long)job->view->baseline_run, job->view->baseline_branch),
			err);
}

static const char no_image[] = "no job of this run has said how large an image is";
static const char no_metric[] = "no job of this run has reported that metric";
static const char no_duration[] = "how long the run takes is not known";

int gate_image_size(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err)
{
	return absolute(job, c, image_of, no_image, out, err);
}

int gate_image_growth(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err)
{
	return growth(job, c, image_of, no_image, out, err);
}

int gate_duration(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err)
{
	return absolute(job, c, duration_of, no_duration, out, err);
}

int gate_duration_growth(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err)
{
	return growth(job, c, duration_of, no_duration, out, err);
}

int gate_metric(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err)
{
	return absolute(job, c, metric_of, no_metric, out, err);
}

int gate_metric_growth(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err)
{
	return growth(job, c, metric_of, no_metric, out, err);
}

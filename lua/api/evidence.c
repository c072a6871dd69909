/*
 * ctx.evidence, ctx.baseline and what ctx.history.run() gives: sums, which are asked for when one of them is first looked at, and rows.
 * Of an earlier run the host gives rows alone; their sums are made here.
 */
#include "lua/api/inside.h"

#include <string.h>

static const struct lua_host *host_of(lua_State *L)
{
	budget_in_earnest(L);
	return guest_of(L)->call->options.host;
}

static void count(lua_State *L, const char *name, uint64_t value)
{
	lua_pushinteger(L, value > INT64_MAX ? INT64_MAX : (lua_Integer)value);
	lua_setfield(L, -2, name);
}

/* Takes the member of that name out of the table on the top, in its place, and puts the rest into the object at 1. */
static bool keep(lua_State *L, const char *key)
{
	lua_pushnil(L);
	while (lua_next(L, -2)) {
		lua_pushvalue(L, -2);
		lua_insert(L, -2);
		lua_rawset(L, 1);
	}
	lua_pushstring(L, key);
	lua_rawget(L, -2);
	lua_remove(L, -2);
	if (!lua_isnil(L, -1))
		return true;
	lua_pop(L, 1);
	return false;
}

/* ---- sums of an earlier run, where there is no better way ---- */

static void sum_test(void *payload, const struct lua_cell *row)
{
	const struct lua_rows_kind *kind = &lua_rows_kinds[LUA_TESTS];
	const struct lua_cell *status = &row[lua_column_index(kind, "status")];
	const struct lua_cell *duration = &row[lua_column_index(kind, "duration")];
	const struct lua_cell *apart = &row[lua_column_index(kind, "quarantined")];
	struct evidence_totals *t = payload;

	t->has_tests = true;
	if (duration->type == LUA_CELL_NUMBER)
		t->tests_us += (int64_t)(duration->number * 1e6);
	for (int s = 0; s < TEST_STATUS_COUNT; s++) {
		if (status->type != LUA_CELL_TEXT || strcmp(test_status_name((enum test_status)s), status->text) != 0)
			continue;
		if (apart->type == LUA_CELL_BOOL && apart->truth)
			t->quarantined++;
		else
			t->tests[s]++;
	}
}

static void sum_finding(void *payload, const struct lua_cell *row)
{
	const struct lua_rows_kind *rows = &lua_rows_kinds[LUA_FINDINGS];
	const struct lua_cell *kind = &row[lua_column_index(rows, "kind")], *severity = &row[lua_column_index(rows, "severity")];
	const struct lua_cell *suppressed = &row[lua_column_index(rows, "suppressed")];
	struct evidence_totals *t = payload;
	enum finding_kind k = FINDING_ISSUE;
	enum severity s = SEVERITY_UNKNOWN;

	if (kind->type == LUA_CELL_TEXT)
		finding_kind_from(kind->text, &k);
	if (severity->type == LUA_CELL_TEXT)
		severity_from(severity->text, &s);
	t->has_findings[k] = true;
	if (suppressed->type == LUA_CELL_BOOL && suppressed->truth)
		t->suppressed++;
	else
		t->findings[k][s]++;
}

static uint64_t number_of(const struct lua_cell *row, const char *column)
{
	const struct lua_cell *cell = &row[lua_column_index(&lua_rows_kinds[LUA_COVERAGE], column)];

	return cell->type == LUA_CELL_INTEGER && cell->integer > 0 ? (uint64_t)cell->integer : 0;
}

static void sum_coverage(void *payload, const struct lua_cell *row)
{
	struct evidence_totals *t = payload;

	t->has_coverage = true;
	t->files++;
	t->lines += number_of(row, "lines");
	t->lines_hit += number_of(row, "hit");
	t->branches += number_of(row, "branches");
	t->branches_hit += number_of(row, "branches_hit");
}

static void sum_up(lua_State *L, enum lua_rows rows, int64_t run, struct evidence_totals *out)
{
	static void (*const sums[])(void *, const struct lua_cell *) = {
		[LUA_TESTS] = sum_test, [LUA_FINDINGS] = sum_finding, [LUA_COVERAGE] = sum_coverage
	};
	struct lua_query query = { .rows = rows, .side = SIDE_RUN, .run = run, .suppressed = rows == LUA_FINDINGS };

	memset(out, 0, sizeof(*out));
	api_each_row(L, &query, sums[rows], out);
	if (rows != LUA_TESTS)
		return;
	query.filter_count = 1;
	query.filters[0].column = (unsigned)lua_column_index(&lua_rows_kinds[LUA_TESTS], "quarantined");
	query.filters[0].value = (struct lua_cell){ .type = LUA_CELL_BOOL, .truth = true };
	api_each_row(L, &query, sums[rows], out);
}

static void totals_of(lua_State *L, const struct api_self *self, enum lua_rows rows, struct evidence_totals *out)
{
	const struct lua_host *host = host_of(L);
	pipe_error err = { 0 };
	int rc;

	memset(out, 0, sizeof(*out));
	if (!host)
		return;
	if (self->run && !host->totals_of) {
		sum_up(L, rows, self->run, out);
		return;
	}
	if (!self->run && !host->totals)
		return;
	if (self->run)
		rc = host->totals_of(host->payload, self->run, out, &err);
	else
		rc = host->totals(host->payload, self->side, out, &err);
	if (rc == PIPE_ENOMEM)
		api_no_memory(L);
	if (rc)
		guest_raise(L, &err);
	budget_charge(L, 200);
}

/* ---- tests ---- */

static bool tests_member(lua_State *L, const struct api_self *self, const char *key)
{
	static const struct {
		const char *name;
		enum test_status status;
	} counts[] = { { "failed", TEST_FAILED },
		       { "errors", TEST_ERROR },
		       { "flaky", TEST_FLAKY },
		       { "passed", TEST_PASSED },
		       { "skipped", TEST_SKIPPED } };
	struct evidence_totals t;

	if (!api_field_named(api_class_named(self->lazy->class), key))
		return false;
	totals_of(L, self, LUA_TESTS, &t);
	lua_createtable(L, 0, 10);
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		count(L, counts[i].name, t.tests[counts[i].status]);
	count(L, "quarantined", t.quarantined);
	count(L, "total", evidence_tests(&t));
	lua_pushnumber(L, (double)t.tests_us / 1e6);
	lua_setfield(L, -2, "duration");
	lua_pushboolean(L, t.has_tests);
	lua_setfield(L, -2, "known");
	return keep(L, key);
}

static int tests_call(lua_State *L)
{
	return api_rows(L, 2, "tests", LUA_TESTS, api_self_of(L));
}

/* ---- findings ---- */

/* A table by severity; kind FINDING_KIND_COUNT: all of them. */
static void push_severities(lua_State *L, const struct evidence_totals *t, int kind)
{
	const bool all = kind == FINDING_KIND_COUNT;
	uint64_t total = 0;
	bool known = false;

	lua_createtable(L, 0, 16);
	for (int s = 0; s < SEVERITY_COUNT; s++) {
		uint64_t sum = 0;

		for (int k = all ? 0 : kind; k < (all ? FINDING_KIND_COUNT : kind + 1); k++)
			sum += t->findings[k][s];
		count(L, severity_name((enum severity)s), sum);
		total += sum;
	}
	for (int k = all ? 0 : kind; k < (all ? FINDING_KIND_COUNT : kind + 1); k++)
		known = known || t->has_findings[k];
	count(L, "total", total);
	lua_pushboolean(L, known);
	lua_setfield(L, -2, "known");
}

static bool findings_member(lua_State *L, const struct api_self *self, const char *key)
{
	struct evidence_totals t;

	if (!api_field_named(api_class_named(self->lazy->class), key))
		return false;
	totals_of(L, self, LUA_FINDINGS, &t);
	push_severities(L, &t, FINDING_KIND_COUNT);
	count(L, "suppressed", t.suppressed);
	for (int k = 0; k < FINDING_KIND_COUNT; k++) {
		push_severities(L, &t, k);
		api_shape(L, "findings of a kind", "pipe.FindingCounts");
		lua_setfield(L, -2, finding_kind_name((enum finding_kind)k));
	}
	return keep(L, key);
}

static int findings_call(lua_State *L)
{
	return api_rows(L, 2, "findings", LUA_FINDINGS, api_self_of(L));
}

/* ---- coverage ---- */

static void percent(lua_State *L, const char *name, uint64_t hit, uint64_t of)
{
	if (!of)
		return;
	lua_pushnumber(L, 100.0 * (double)hit / (double)of);
	lua_setfield(L, -2, name);
}

static bool coverage_member(lua_State *L, const struct api_self *self, const char *key)
{
	struct evidence_totals t;

	if (!api_field_named(api_class_named(self->lazy->class), key))
		return false;
	totals_of(L, self, LUA_COVERAGE, &t);
	lua_createtable(L, 0, 10);
	percent(L, "lines", t.lines_hit, t.lines);
	count(L, "lines_hit", t.lines_hit);
	count(L, "lines_total", t.lines);
	percent(L, "branches", t.branches_hit, t.branches);
	count(L, "branches_hit", t.branches_hit);
	count(L, "branches_total", t.branches);
	count(L, "files", t.files);
	lua_pushboolean(L, t.has_coverage);
	lua_setfield(L, -2, "known");
	return keep(L, key);
}

static int coverage_call(lua_State *L)
{
	return api_rows(L, 2, "coverage", LUA_COVERAGE, api_self_of(L));
}

/* ---- metrics ---- */

struct metric_sum {
	double value;
	bool found;
};

static void sum_metric(void *payload, const struct lua_cell *row)
{
	const struct lua_cell *value = &row[lua_column_index(&lua_rows_kinds[LUA_METRICS], "value")];
	struct metric_sum *sum = payload;

	sum->found = true;
	sum->value += value->type == LUA_CELL_NUMBER ? value->number : 0;
}

static struct metric_sum metric_of_run(lua_State *L, int64_t run, const char *name)
{
	struct lua_query query = { .rows = LUA_METRICS, .side = SIDE_RUN, .run = run, .filter_count = 1 };
	struct metric_sum sum = { 0 };

	query.filters[0].column = (unsigned)lua_column_index(&lua_rows_kinds[LUA_METRICS], "name");
	query.filters[0].value = (struct lua_cell){ .type = LUA_CELL_TEXT, .text = name, .length = strlen(name) };
	api_each_row(L, &query, sum_metric, &sum);
	return sum;
}

static bool metrics_member(lua_State *L, const struct api_self *self, const char *key)
{
	const struct lua_host *host = host_of(L);
	struct metric_sum sum = { 0 };
	pipe_error err = { 0 };
	int rc = PIPE_OK;

	if (self->run)
		sum = metric_of_run(L, self->run, key);
	else if (host && host->metric)
		rc = host->metric(host->payload, self->side, key, &sum.value, &sum.found, &err);
	if (rc == PIPE_ENOMEM)
		api_no_memory(L);
	if (rc)
		guest_raise(L, &err);
	budget_charge(L, 100);
	if (sum.found)
		lua_pushnumber(L, sum.value);
	return sum.found;
}

static void put_metric_name(void *payload, const struct lua_cell *row)
{
	const struct lua_cell *name = &row[lua_column_index(&lua_rows_kinds[LUA_METRICS], "name")];
	struct str *names = payload;

	if (name->type == LUA_CELL_TEXT)
		str_add(names, name->text, name->length + 1);
}

/* For pairs(): each name with its sum. */
static void metrics_all(lua_State *L, const struct api_self *self)
{
	const struct lua_query query = { .rows = LUA_METRICS, .side = self->side, .run = self->run };
	struct api_scratch *s = api_scratch(L);

	s->text.limit = guest_of(L)->budget.limits.memory_bytes;
	api_each_row(L, &query, put_metric_name, &s->text);
	if (s->text.failed)
		budget_starve(L);
	for (const char *name = s->text.data; name < s->text.data + s->text.length; name += strlen(name) + 1) {
		lua_pushstring(L, name);
		lua_pushvalue(L, -1);
		if (lua_rawget(L, 1) == LUA_TNIL && metrics_member(L, self, name)) {
			lua_remove(L, -2);
			lua_rawset(L, 1);
		} else {
			lua_pop(L, 2);
		}
	}
	api_scratch_clear(s);
}

static int metrics_call(lua_State *L)
{
	return api_rows(L, 2, "metrics", LUA_METRICS, api_self_of(L));
}

/* ---- functions ---- */

static int components(lua_State *L)
{
	return api_rows(L, 1, "components", LUA_COMPONENTS, api_self_of(L));
}

static int images(lua_State *L)
{
	return api_rows(L, 1, "images", LUA_IMAGES, api_self_of(L));
}

static int conditions(lua_State *L)
{
	return api_rows(L, 1, "conditions", LUA_CONDITIONS, api_self_of(L));
}

/* ---- the whole ---- */

static const struct api_lazy lazy_tests = { "tests", "pipe.Tests", tests_member, tests_call, NULL };
static const struct api_lazy lazy_findings = { "findings", "pipe.Findings", findings_member, findings_call, NULL };
static const struct api_lazy lazy_coverage = { "coverage", "pipe.Coverage", coverage_member, coverage_call, NULL };
static const struct api_lazy lazy_metrics = { "metrics", "pipe.Metrics", metrics_member, metrics_call, metrics_all };

static const struct {
	const char *name;
	const struct api_lazy *lazy; /* or */
	lua_CFunction function;
} parts[] = {
	{ "tests", &lazy_tests, NULL },	    { "findings", &lazy_findings, NULL }, { "coverage", &lazy_coverage, NULL },
	{ "metrics", &lazy_metrics, NULL }, { "components", NULL, components },	  { "images", NULL, images },
	{ "conditions", NULL, conditions },
};

static bool part(lua_State *L, const struct api_self *self, const char *key)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (strcmp(parts[i].name, key) != 0)
			continue;
		if (parts[i].lazy)
			api_push_lazy(L, parts[i].lazy, self->side, self->run);
		else
			api_push_method(L, parts[i].function, self);
		return true;
	}
	return false;
}

/* Which run is it, and of which branch? */
static bool run_member(lua_State *L, const struct api_self *self, const char *key)
{
	const struct lua_call_options *o = &guest_of(L)->call->options;
	const char *branch = NULL, *why = NULL;
	int64_t run = self->run;
	pipe_error err = { 0 };
	int rc = PIPE_OK;

	if (!run && self->side != SIDE_BASELINE)
		run = o->context && o->context->run ? o->context->run->number : 0;
	else if (!run && host_of(L) && o->host->baseline)
		rc = o->host->baseline(o->host->payload, &run, &branch, &why, &err);
	if (rc)
		guest_raise(L, &err);
	if (!strcmp(key, "branch") && branch)
		lua_pushstring(L, branch);
	else if (!strcmp(key, "run") && run)
		lua_pushinteger(L, run);
	else
		return false;
	return true;
}

static bool evidence_member(lua_State *L, const struct api_self *self, const char *key)
{
	const struct lua_context *context = guest_of(L)->call->options.context;

	if (!strcmp(key, "run") || !strcmp(key, "branch"))
		return run_member(L, self, key);
	if (!strcmp(key, "job") && !self->run && self->side == SIDE_RUN && context && context->job) {
		api_push_lazy(L, &api_job_evidence, SIDE_JOB, 0);
		return true;
	}
	return part(L, self, key);
}

const struct api_lazy api_evidence = { "ctx.evidence", "pipe.Evidence", evidence_member, NULL, NULL };
const struct api_lazy api_job_evidence = { "ctx.evidence.job", "pipe.Evidence", evidence_member, NULL, NULL };
const struct api_lazy api_baseline = { "ctx.baseline", "pipe.Evidence", evidence_member, NULL, NULL };
const struct api_lazy api_past_evidence = { "the run's evidence", "pipe.Evidence", evidence_member, NULL, NULL };

/* The test library of Lua from C: fixtures as hosts, cases as they are told, coverage by lines, the prompt. */
#include "base/error.h"
#include "lua/coverage.h"
#include "lua/test/fixture.h"
#include "lua/test/repl.h"
#include "lua/test/test.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *lua_test_suite(void);

/* ---- fixtures ---- */

static struct fixture *fixture_of(const char *text)
{
	json_t *document = json_loads(text, 0, NULL);
	struct fixture *f = NULL;
	pipe_error err = { 0 };

	ck_assert_ptr_nonnull(document);
	ck_assert_msg(fixture_create(&f, document, &err) == PIPE_OK, "%s", err.text);
	json_decref(document);
	return f;
}

START_TEST(fixture_sums_are_derived)
{
	struct fixture *f = fixture_of(
		"{\"rows\": {\"tests\": [{\"status\": \"failed\"}, {}, {\"status\": \"failed\", \"quarantined\": true}],"
		" \"findings\": [{\"severity\": \"high\"}, {\"suppressed\": true}, {\"kind\": \"secret\"}],"
		" \"coverage\": [{\"lines\": 10, \"hit\": 4}, {\"lines\": 5, \"hit\": 5}]},"
		" \"totals\": {\"run\": {\"skipped\": 7, \"findings\": {\"secret\": {\"unknown\": 9}}}}}");
	const struct lua_host *host = fixture_host(f);
	struct evidence_totals t;

	ck_assert_int_eq(host->totals(host->payload, SIDE_RUN, &t, NULL), PIPE_OK);
	ck_assert_uint_eq(t.tests[TEST_FAILED], 1);
	ck_assert_uint_eq(t.tests[TEST_PASSED], 1);
	ck_assert_uint_eq(t.quarantined_failed, 1);
	ck_assert_uint_eq(t.findings[FINDING_ISSUE][SEVERITY_HIGH], 1);
	ck_assert_uint_eq(t.findings[FINDING_SECRET][SEVERITY_UNKNOWN], 9);
	ck_assert_uint_eq(t.suppressed, 1);
	ck_assert_uint_eq(t.lines, 15);
	ck_assert_uint_eq(t.lines_hit, 9);
	ck_assert_uint_eq(t.tests[TEST_SKIPPED], 7);
	ck_assert(t.has_tests && t.has_coverage && t.has_findings[FINDING_SECRET]);
	ck_assert_int_eq(host->totals(host->payload, SIDE_BASELINE, &t, NULL), PIPE_OK);
	ck_assert(!t.has_tests && !t.has_coverage);
	fixture_free(f);
}
END_TEST

static unsigned count_rows(const struct fixture *f, struct lua_query query, const char *column, const char *expected)
{
	const struct lua_host *host = fixture_host(f);
	const int index = column ? lua_column_index(&lua_rows_kinds[query.rows], column) : 0;
	const struct lua_cell *row;
	unsigned count = 0;
	void *cursor;
	int rc;

	ck_assert_int_eq(host->rows_open(host->payload, &query, &cursor, NULL), PIPE_OK);
	while ((rc = host->rows_next(host->payload, cursor, &row, NULL)) == 1) {
		count++;
		if (column)
			ck_assert_str_eq(row[index].text, expected);
	}
	ck_assert_int_eq(rc, 0);
	host->rows_close(host->payload, cursor);
	return count;
}

START_TEST(fixture_rows_are_compared_with_the_baseline)
{
	struct fixture *f = fixture_of(
		"{\"rows\": {\"findings\": [{\"rule\": \"A\", \"path\": \"x\"}, {\"rule\": \"B\"}, {\"rule\": \"C\", \"new\": false},"
		" {\"rule\": \"D\", \"suppressed\": true}], \"tests\": [{\"name\": \"t\", \"status\": \"error\"}, {\"name\": \"u\"}],"
		" \"changes\": [{\"path\": \"x\"}]},"
		" \"baseline_rows\": {\"findings\": [{\"rule\": \"A\", \"path\": \"x\", \"line\": 9}],"
		" \"tests\": [{\"name\": \"t\", \"status\": \"failed\"}]}}");
	struct lua_query findings = { .rows = LUA_FINDINGS, .side = SIDE_RUN }, tests = { .rows = LUA_TESTS, .side = SIDE_RUN };

	ck_assert_uint_eq(count_rows(f, findings, NULL, NULL), 3);
	findings.only_new = true;
	ck_assert_uint_eq(count_rows(f, findings, "rule", "B"), 1);
	findings = (struct lua_query){ .rows = LUA_FINDINGS, .side = SIDE_RUN, .touched_files = true };
	ck_assert_uint_eq(count_rows(f, findings, "rule", "A"), 1);
	findings = (struct lua_query){ .rows = LUA_FINDINGS, .side = SIDE_RUN, .suppressed = true, .limit = 4 };
	ck_assert_uint_eq(count_rows(f, findings, NULL, NULL), 4);
	tests.only_new = true;
	ck_assert_uint_eq(count_rows(f, tests, "name", "u"), 1);
	fixture_free(f);
}
END_TEST

START_TEST(fixture_of_a_wrong_shape)
{
	static const char *const wrong[] = { "[1]",
					     "{\"version\": 2}",
					     "{\"rows\": 3}",
					     "{\"rows\": {\"tests\": {}}}",
					     "{\"run\": 7}",
					     "{\"baseline_rows\": {\"tests\": [3]}}",
					     "{\"rows\": {\"nonsense\": []}}" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		json_t *document = json_loads(wrong[i], 0, NULL);
		pipe_error err = { 0 };
		struct fixture *f;

		ck_assert_msg(fixture_create(&f, document, &err) == PIPE_EUSAGE, "%s", wrong[i]);
		ck_assert_ptr_null(f);
		ck_assert_uint_gt(strlen(err.text), 10);
		json_decref(document);
	}
}
END_TEST

START_TEST(fixture_totals_that_rows_do_not_tell)
{
	json_t *rows = json_pack("{s[{ss}]}", "tests", "status", "failed"), *beyond;
	struct evidence_totals real = { .has_tests = true };

	real.tests[TEST_FAILED] = 1;
	ck_assert_int_eq(fixture_totals_beyond(rows, &real, &beyond, NULL), PIPE_OK);
	ck_assert_ptr_null(beyond);
	real.tests[TEST_FAILED] = 30000;
	real.has_findings[FINDING_SECRET] = true;
	ck_assert_int_eq(fixture_totals_beyond(rows, &real, &beyond, NULL), PIPE_OK);
	ck_assert_int_eq(json_integer_value(json_object_get(beyond, "failed")), 30000);
	ck_assert(json_is_true(json_object_get(json_object_get(beyond, "has_findings"), "secret")));
	ck_assert_uint_eq(json_object_size(beyond), 2);
	json_decref(beyond);
	json_decref(rows);
}
END_TEST

/* ---- tests and coverage ---- */

static const struct lua_source gate = {
	.name = "gate.lua",
	.text = "local function unused()\n  return 1\nend\nif ctx.vars.A then\n  return true\nend\nreturn false\n",
	.length = sizeof("local function unused()\n  return 1\nend\nif ctx.vars.A then\n  return true\nend\n"
			 "return false\n") -
		  1
};

static int find_source(void *payload, const char *name, const char *from, const struct lua_source **out, pipe_error *err)
{
	(void)payload;
	ck_assert_str_eq(from, "x_test.lua");
	if (strcmp(name, gate.name) != 0)
		return error_set(err, PIPE_ENOTFOUND, "there is no %s", name);
	*out = &gate;
	return PIPE_OK;
}

struct told {
	unsigned states[LUA_TEST_STATES];
	char last[400];
	uint32_t line;
};

static int on_case(void *payload, const struct lua_test_case *one)
{
	struct told *t = payload;

	t->states[one->state]++;
	if (one->message) {
		snprintf(t->last, sizeof(t->last), "%s", one->message);
		t->line = one->where_line;
	}
	return 0;
}

static int check_lines(void *payload, const struct lua_covered_file *file)
{
	unsigned *files = payload;

	if (strcmp(file->name, gate.name) != 0)
		return 0;
	++*files;
	ck_assert_uint_eq(file->count, 7);
	ck_assert(file->executable[1] && file->hits[1] == 0);
	ck_assert(file->executable[3] && file->hits[3] == 1);
	ck_assert(file->executable[4] && file->hits[4] == 0);
	ck_assert(!file->executable[5]);
	ck_assert(file->executable[6] && file->hits[6] == 1);
	return 0;
}

static struct told run_tests(const char *text, bool coverage)
{
	const struct lua_engine_options options = { .coverage = coverage };
	struct lua_source source = { .name = "x_test.lua", .text = text, .length = strlen(text) };
	struct lua_test_options suite_options = { .source = find_source };
	struct lua_test_suite *suite;
	struct told told = { 0 };
	pipe_error err = { 0 };
	unsigned files = 0;

	ck_assert_msg(lua_engine_create(&suite_options.engine, &options, &err) == PIPE_OK, "%s", err.text);
	ck_assert_int_eq(lua_test_suite_create(&suite, &suite_options, &err), PIPE_OK);
	ck_assert_msg(lua_test_run(suite, &source, on_case, &told, &err) == PIPE_OK, "%s", err.text);
	if (coverage) {
		ck_assert_int_eq(lua_coverage_each(lua_engine_coverage(suite_options.engine), check_lines, &files, &err),
				 PIPE_OK);
		ck_assert_uint_eq(files, 1);
	}
	lua_engine_free(suite_options.engine);
	lua_test_suite_free(suite);
	return told;
}

START_TEST(cases_are_told)
{
	const struct told told = run_tests(
		"describe('g', function()\n"
		"  it('passes', function() assert.is_false(pipe.test.call{ file = 'gate.lua' }.ok) end)\n"
		"  it('fails', function()\n    assert.equal(1, 2)\n  end)\n"
		"  pending('p')\nend)\n",
		true);

	ck_assert_uint_eq(told.states[LUA_TEST_PASSED], 1);
	ck_assert_uint_eq(told.states[LUA_TEST_FAILED], 1);
	ck_assert_uint_eq(told.states[LUA_TEST_PENDING], 1);
	ck_assert_str_eq(told.last, "expected 1, got 2");
	ck_assert_uint_eq(told.line, 4);
}
END_TEST

START_TEST(files_that_break)
{
	struct told told = run_tests("it('x', function() end\n", false);

	ck_assert_uint_eq(told.states[LUA_TEST_BROKEN], 1);
	told = run_tests("it('x', function() end)\n\nundefined()\n", false);
	ck_assert_uint_eq(told.states[LUA_TEST_BROKEN], 1);
	ck_assert_uint_eq(told.states[LUA_TEST_PASSED], 0);
	ck_assert_uint_eq(told.line, 3);
	told = run_tests("it('x', function() while true do end end) it('y', function() end)", false);
	ck_assert_uint_eq(told.states[LUA_TEST_BROKEN], 1);
	ck_assert_uint_eq(told.states[LUA_TEST_PASSED], 0);
}
END_TEST

/* An error of the test's while a call of a script is under way leaves nothing of it behind (the sanitizers look). */
START_TEST(errors_pass_by_a_call_that_waits)
{
	const struct told told = run_tests(
		"it('x', function()\n"
		"  pipe.test.call{ text = 'pipe.exec({ \"a\" })', exec = function() error('from the test') end }\n"
		"end)\n"
		"it('y', function() pipe.test.call{ text = '', fixture = { rows = 3 } } end)\n"
		"it('z', function() pipe.test.call{ file = 'gone.lua' } end)\n",
		false);

	ck_assert_uint_eq(told.states[LUA_TEST_FAILED], 3);
}
END_TEST

/* ---- the prompt ---- */

static void no_wait(void *payload, struct lua_call *call)
{
	const struct lua_answer answer = { .code = PIPE_ENETWORK };

	(void)payload;
	lua_call_answer(call, &answer);
}

static int64_t some_time(void *payload)
{
	(void)payload;
	return 1000;
}

static void expect(struct lua_repl *r, const char *text, bool more, const char *expected)
{
	pipe_error err = { 0 };
	struct str out;
	bool goes_on;

	str_init(&out);
	ck_assert_msg(lua_repl_eval(r, text, strlen(text), &goes_on, &out, &err) == PIPE_OK, "%s", err.text);
	ck_assert_int_eq(goes_on, more);
	ck_assert_str_eq(out.data, expected);
	str_clear(&out);
}

START_TEST(prompt)
{
	const struct lua_engine_options options = { .idle_most = 1 };
	const struct lua_context context = { .point = "repl" };
	const struct lua_host host = { .now_ms = some_time };
	const struct lua_grants grants = { .all = 0 };
	struct lua_call_options call = { .context = &context, .host = &host, .grants = &grants };
	struct lua_repl *r;
	pipe_error err = { 0 };

	ck_assert_msg(lua_engine_create(&call.engine, &options, &err) == PIPE_OK, "%s", err.text);
	ck_assert_int_eq(lua_repl_create(&r, &call, no_wait, NULL, &err), PIPE_OK);
	expect(r, "x = 20", false, "");
	expect(r, "x + 1, 'two'", false, "21\n\"two\"\n");
	expect(r, "for i = 1, 2 do", true, "");
	expect(r, "for i = 1, 2 do\nprint(i) end", false, "1\n2\n");
	expect(r, "error('no', 0)", false, "no\n");
	expect(r, "pipe.sleep(1) return x", false, "20\n");
	expect(r, "", false, "");
	lua_repl_free(r);
	lua_engine_free(call.engine);
}
END_TEST

Suite *lua_test_suite(void)
{
	Suite *s = suite_create("lua_test");
	TCase *t = tcase_create("all");

	tcase_add_test(t, fixture_sums_are_derived);
	tcase_add_test(t, fixture_rows_are_compared_with_the_baseline);
	tcase_add_test(t, fixture_of_a_wrong_shape);
	tcase_add_test(t, fixture_totals_that_rows_do_not_tell);
	tcase_add_test(t, cases_are_told);
	tcase_add_test(t, files_that_break);
	tcase_add_test(t, errors_pass_by_a_call_that_waits);
	tcase_add_test(t, prompt);
	tcase_set_timeout(t, 30);
	suite_add_tcase(s, t);
	return s;
}

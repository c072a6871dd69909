/* Lua as a plan of a real project has it: made when it is needed, once; grants, limits and sources. */
#include "runner/plan/plan_lua.h"

#include "runner/plan/planning.h"
#include "tests/unit/scratch.h"

Suite *plan_lua_suite(void);

static struct scratch s;
static pipe_project *project;
static pipe_plan *plan;
static pipe_error err;

static void setup(void)
{
	pipe_project_options o = PIPE_PROJECT_OPTIONS_INIT;

	scratch_make(&s);
	setenv("HOME", s.root, 1);
	o.directory = s.root;
	ck_assert_int_eq(pipe_project_open(&project, &o, &err), PIPE_OK);
}

static void teardown(void)
{
	pipe_plan_free(plan);
	pipe_project_free(project);
	scratch_remove(&s);
	plan = NULL;
	project = NULL;
}

static int load(const char *text)
{
	pipe_plan_options o = PIPE_PLAN_OPTIONS_INIT;

	pipe_plan_free(plan);
	o.file = "ci.yml";
	o.text = text;
	return pipe_plan_load(&plan, project, &o, &err);
}

START_TEST(nothing_is_made_without_lua)
{
	ck_assert_int_eq(load("lua: {on_error: warn}\na: {script: x, rules: [{if: $X}, {when: always}]}\n"), PIPE_OK);
	ck_assert_ptr_null(plan->lua);
}
END_TEST

START_TEST(one_for_a_plan)
{
	struct plan_lua *lua, *again;
	const struct lua_text *code;

	ck_assert_int_eq(load("lua: {allow: {exec: [helm]}, limits: {cpu: 5s}}\n"
			      "a: {script: x, hooks: {gate: return true}}\n"),
			 PIPE_OK);
	ck_assert_ptr_nonnull(plan->lua);
	ck_assert_int_eq(plan_lua_get(plan, &lua, &err), PIPE_OK);
	ck_assert_int_eq(plan_lua_get(plan, &again, &err), PIPE_OK);
	ck_assert_ptr_eq(lua, again);
	ck_assert_ptr_nonnull(plan_lua_engine(lua));
	ck_assert_str_eq(plan_lua_grants(lua)->exec[0], "helm");
	ck_assert_ptr_null(plan_lua_grants(lua)->exec[1]);
	ck_assert_ptr_null(plan_lua_grants(lua)->http);
	ck_assert_int_eq(plan_lua_limits(lua)->cpu_ms, 5000);
	ck_assert_int_eq(plan_lua_limits(lua)->wall_ms, LUA_LIMIT_WALL_MS);
	code = &pipeline_job(plan->pipeline, "a")->settings->hooks->list.items[0].code;
	ck_assert_ptr_eq(plan_lua_source(lua, code, &err), plan_lua_source(lua, code, &err));
	ck_assert_str_eq(plan_lua_source(lua, code, &err)->text, "return true");
	ck_assert_str_eq(plan_lua_source(lua, code, &err)->name, "ci.yml");
	ck_assert_uint_eq(plan_lua_source(lua, code, &err)->line, 1);
}
END_TEST

START_TEST(an_operators_bounds)
{
	pipe_lua_options o = PIPE_LUA_OPTIONS_INIT;
	struct plan_lua *lua;

	o.most.cpu_ms = 3000;
	o.defaults.wall_ms = 7000;
	ck_assert_int_eq(pipe_project_lua(project, &o, &err), PIPE_OK);
	ck_assert_int_eq(load("lua: {limits: {cpu: 4s}}\na: {script: x, hooks: {gate: return true}}\n"), PIPE_EPIPELINE);
	ck_assert_ptr_nonnull(strstr(err.text, "more than this machine allows"));
	ck_assert_int_eq(load("lua: {limits: {cpu: 3s}}\na: {script: x, hooks: {gate: return true}}\n"), PIPE_OK);
	ck_assert_int_eq(plan_lua_get(plan, &lua, &err), PIPE_OK);
	ck_assert_int_eq(plan_lua_limits(lua)->cpu_ms, 3000);
	ck_assert_int_eq(plan_lua_limits(lua)->wall_ms, 7000);
}
END_TEST

Suite *plan_lua_suite(void)
{
	Suite *suite = suite_create("plan_lua");
	TCase *t = tcase_create("plan_lua");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_is_made_without_lua);
	tcase_add_test(t, one_for_a_plan);
	tcase_add_test(t, an_operators_bounds);
	suite_add_tcase(suite, t);
	return suite;
}

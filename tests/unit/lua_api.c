/* What scripts see and can do: each function with what it refuses, ctx, rows, and the descriptions that are made of the table. */
#include "lua/api/api.h"
#include "tests/unit/lua_api_fixture.h"

#include "lua/api/inside.h"

#include <check.h>

Suite *lua_api_suite(void);

static struct world w;

static void set_up(void)
{
	world_init(&w);
}

static void tear_down(void)
{
	world_clear(&w);
}

static const char *const all_http[] = { "https://api.example", NULL }, *const all_exec[] = { "helm", NULL };
static const char *const all_mail[] = { "smtp://mail.example:25", NULL };

/* ---- tables with known fields ---- */

START_TEST(unknown_members_are_errors)
{
	ENDS(&w, "return pipe.htp", LUA_BROKEN, "pipe has no field \"htp\"; did you mean \"http\"?");
	ENDS(&w, "return pipe.json.decod('1')", LUA_BROKEN, "pipe.json has no field \"decod\"; did you mean \"decode\"?");
	ENDS(&w, "return ctx.jbo", LUA_BROKEN, "ctx has no field \"jbo\"; did you mean \"job\"?");
	ENDS(&w, "return ctx.job.nmae", LUA_BROKEN, "ctx.job has no field \"nmae\"; did you mean \"name\"?");
	ENDS(&w, "return ctx.run[1]", LUA_BROKEN, "ctx.run has no field 1");
	ENDS(&w, "return ctx.evidence.tests.faild", LUA_BROKEN, "tests has no field \"faild\"; did you mean \"failed\"?");
	ENDS(&w, "return ctx.evidence.findings.secret.hihg", LUA_BROKEN, "did you mean \"high\"?");
	ENDS(&w, "pipe.http = 1", LUA_BROKEN, "pipe is read-only");
	ENDS(&w, "pipe.json.null = 1", LUA_BROKEN, "read-only");
	ENDS(&w, "ctx.foo = 1", LUA_BROKEN, "ctx is read-only");
	ENDS(&w, "setmetatable(ctx, {})", LUA_BROKEN, "protected metatable");
	GIVES(&w, "return getmetatable(ctx) == false and getmetatable(pipe) == false", "true");
	GIVES(&w, "return pipe.test == nil and ctx.event == nil", "true");
}
END_TEST

/* ---- ctx ---- */

START_TEST(facts_are_shown)
{
	GIVES(&w, "return {ctx.point, ctx.run.number, ctx.run.branch, ctx.run.started, ctx.job.name, ctx.job.attempt}",
	      "[\"gate\",42,\"main\",1.5,\"gate\",1]");
	GIVES(&w, "return ctx.run.duration == nil and ctx.job.exit_code == nil and ctx.run.tag == nil", "true");
	GIVES(&w, "return ctx == ... and ctx.run == ctx.run and #ctx.job.tags == 0", "true");
	GIVES(&w, "local names = {} for k in pairs(ctx) do names[#names + 1] = k end table.sort(names) return names",
	      "[\"baseline\",\"changes\",\"evidence\",\"graph\",\"history\",\"job\",\"point\",\"run\",\"vars\",\"with\"]");
}
END_TEST

START_TEST(what_is_not_there_is_nil)
{
	w.context = (struct lua_context){ .point = "rules" };
	w.host.baseline = NULL;
	GIVES(&w, "return ctx.run == nil and ctx.job == nil and ctx.evidence.job == nil", "true");
	GIVES(&w, "return {ctx.baseline == nil, ctx.no_baseline, next(ctx.with) == nil, ctx.vars.X == nil}",
	      "[true,\"there is no history here\",true,true]");
}
END_TEST

START_TEST(extra_members_are_shown)
{
	json_t *extra = json_pack("{s{ss}s[i]sb}", "event", "type", "job_finished", "steps", 1, "other", 1);

	w.context.extra = extra;
	GIVES(&w, "return {ctx.event.type, ctx.steps[1], ctx.other}", "[\"job_finished\",1,true]");
	ENDS(&w, "return ctx.evnt", LUA_BROKEN, "did you mean \"event\"?");
	world_end(&w);
	json_decref(extra);
}
END_TEST

START_TEST(nothing_is_asked_before_it_is_looked_at)
{
	world_rows(&w, "{\"tests\": [{\"name\": \"a\", \"status\": \"failed\"}]}");
	w.sums.tests[TEST_FAILED] = 3;
	GIVES(&w, "local e = ctx.evidence; local t = e.tests; local c = ctx.changes and 1; return 1", "1");
	ck_assert_int_eq(w.totals, 0);
	GIVES(&w, "for row in ctx.evidence.tests() do return row.name end", "\"a\"");
	ck_assert_int_eq(w.totals, 0);
	GIVES(&w, "local t = ctx.evidence.tests return t.failed + t.errors + ctx.evidence.tests.passed", "3");
	ck_assert_int_eq(w.totals, 1);
}
END_TEST

static const struct lua_variable variables[] = { { "PLAIN", "p", false }, { "TOKEN", "t0k3n", true }, { NULL, NULL, false } };

START_TEST(masked_variables_have_to_be_granted)
{
	static const char *const secrets[] = { "TOKEN", NULL };

	w.context.variables = variables;
	GIVES(&w, "return {ctx.vars.PLAIN, ctx.vars.OTHER == nil}", "[\"p\",true]");
	ENDS(&w, "return ctx.vars.TOKEN", LUA_REFUSED, "lua: {allow: {secrets: [TOKEN]}}");
	GIVES(&w, "local names = {} for k, v in pairs(ctx.vars) do names[k] = v end return names", "{\"PLAIN\":\"p\"}");
	w.grants.secrets = secrets;
	GIVES(&w, "return ctx.vars.TOKEN", "\"t0k3n\"");
}
END_TEST

START_TEST(masked_values_do_not_leak_through_others)
{
	struct arena a = ARENA_INIT;
	struct variables list = { 0 };
	struct scope scope = { 0 };
	struct node *with = node_map(&a, (struct mark){ 0 }, 1);

	variables_set(&list, &a, (struct variable){ .name = "TOKEN", .value = "t0k3n", .masked = true });
	variables_set(&list, &a, (struct variable){ .name = "COPY", .value = "Bearer ${TOKEN}" });
	variables_set(&list, &a, (struct variable){ .name = "RAW", .value = "$TOKEN", .raw = true });
	variables_set(&list, &a, (struct variable){ .name = "FINE", .value = "$RAW!" });
	scope_push(&scope, &list);
	node_set(with, &a, node_scalar(&a, (struct mark){ 0 }, "a", 1), node_scalar(&a, (struct mark){ 0 }, "$COPY", 5));
	w.context.scope = &scope;
	w.context.with = with;
	ENDS(&w, "return ctx.vars.COPY", LUA_REFUSED, "secrets: [TOKEN]");
	ENDS(&w, "return ctx.with.a", LUA_REFUSED, "secrets: [TOKEN]");
	GIVES(&w, "return ctx.vars.FINE", "\"$TOKEN!\"");
	w.grants.all = 1u << LUA_GRANT_SECRET;
	GIVES(&w, "return {ctx.vars.COPY, ctx.with.a}", "[\"Bearer t0k3n\",\"Bearer t0k3n\"]");
	world_end(&w);
	arena_clear(&a);
}
END_TEST

/* ---- evidence ---- */

START_TEST(sums_are_those_of_the_host)
{
	w.sums = (struct evidence_totals){ .tests = { [TEST_FAILED] = 1, [TEST_PASSED] = 8, [TEST_SKIPPED] = 2 },
					   .tests_us = 1500000,
					   .has_tests = true,
					   .lines = 200,
					   .lines_hit = 150,
					   .has_coverage = true,
					   .suppressed = 4 };
	w.sums.findings[FINDING_VULNERABILITY][SEVERITY_CRITICAL] = 2;
	w.sums.findings[FINDING_SECRET][SEVERITY_CRITICAL] = 1;
	w.sums.has_findings[FINDING_SECRET] = true;
	GIVES(&w, "local t = ctx.evidence.tests return {t.failed, t.passed, t.skipped, t.total, t.duration, t.known}",
	      "[1,8,2,11,1.5,true]");
	GIVES(&w,
	      "local f = ctx.evidence.findings return {f.critical, f.secret.critical, f.vulnerability.total, f.total, f.suppressed, f.secret.known, f.issue.known}",
	      "[3,1,2,3,4,true,false]");
	GIVES(&w, "local c = ctx.evidence.coverage return {c.lines, c.lines_total, c.branches == nil, c.known}",
	      "[75.0,200,true,true]");
	GIVES(&w, "return {ctx.evidence.metrics.bundle_bytes, ctx.evidence.metrics.none == nil, ctx.evidence.run}",
	      "[12.5,true,42]");
	GIVES(&w, "return {ctx.baseline.run, ctx.baseline.branch, ctx.baseline.tests.passed, ctx.no_baseline == nil}",
	      "[41,\"main\",1,true]");
	w.baseline = 0;
	GIVES(&w, "return {ctx.baseline == nil, ctx.no_baseline}", "[true,\"no run of main has succeeded yet\"]");
}
END_TEST

START_TEST(sums_of_earlier_runs_are_made_of_their_rows)
{
	world_rows(
		&w,
		"{\"coverage\": [{\"path\": \"a\", \"lines\": 10, \"hit\": 5}, {\"path\": \"b\", \"lines\": 10, \"hit\": 10}],"
		" \"findings\": [{\"kind\": \"secret\", \"severity\": \"high\"}, {\"severity\": \"low\", \"suppressed\": true}],"
		" \"tests\": [{\"name\": \"a\", \"status\": \"flaky\", \"duration\": 0.5}],"
		" \"metrics\": [{\"name\": \"n\", \"value\": 1}, {\"name\": \"n\", \"value\": 2}, {\"name\": \"m\", \"value\": 5}]}");
	GIVES(&w, "local c = ctx.history.run(7).coverage return {c.lines, c.files, c.known}", "[75.0,2,true]");
	ck_assert_int_eq(w.asked.run, 7);
	GIVES(&w, "local f = ctx.history.run(7).findings return {f.high, f.secret.high, f.total, f.suppressed}", "[1,1,1,1]");
	GIVES(&w, "local t = ctx.history.run(7).tests return {t.flaky, t.duration, t.known}", "[1,0.5,true]");
	GIVES(&w, "local m = ctx.history.run(7).metrics return {m.n, m.m, m.x == nil}", "[3.0,5.0,true]");
	GIVES(&w, "local all = {} for k, v in pairs(ctx.history.run(7).metrics) do all[k] = v end return all",
	      "{\"m\":5.0,\"n\":3.0}");
	GIVES(&w, "return ctx.history.run(7).run", "7");
	ck_assert_int_eq(w.totals, 0);
	ENDS(&w, "ctx.history.run(0)", LUA_BROKEN, "numbered from 1");
}
END_TEST

/* ---- rows ---- */

#define FINDINGS                                                                                                                 \
	"{\"findings\": [{\"rule\": \"a\", \"severity\": \"low\", \"path\": \"src/a.c\", \"line\": 3, \"suppressed\": false},"   \
	" {\"rule\": \"b\", \"severity\": \"high\"}, {\"rule\": \"c\", \"severity\": \"critical\", \"fixable\": true}]}"

START_TEST(rows_are_iterated_over)
{
	world_rows(&w, FINDINGS);
	GIVES(&w, "local all = {} for f in ctx.evidence.findings() do all[#all + 1] = f.rule .. (f.line or '') end return all",
	      "[\"a3\",\"b\",\"c\"]");
	GIVES(&w, "local n = 0 for f in ctx.evidence.findings { severity = 'high' } do n = n + 1 end return n", "2");
	GIVES(&w, "return ctx.evidence.findings { severity = 'high', fixable = true }:first().rule", "\"c\"");
	GIVES(&w, "return ctx.evidence.findings { path = 'src/**' }:count()", "1");
	GIVES(&w, "return #ctx.evidence.findings():list(2) + #ctx.evidence.findings { limit = 1 }:list()", "3");
	GIVES(&w, "return ctx.evidence.findings { rule = 'none' }:first() == nil", "true");
	GIVES(&w, "local r = ctx.evidence.findings() local n = 0 for i = 1, 2 do for _ in r do n = n + 1 end end return n", "6");
	GIVES(&w, "local r = ctx.evidence.findings() return r().rule .. r().rule .. r().rule .. tostring(r())", "\"abcnil\"");
	GIVES(&w, "local f = ctx.evidence.findings():first() return {f.path, f.message, f.column == nil, f.fixable}",
	      "[\"src/a.c\",\"\",true,false]");
	GIVES(&w, "local all = {} for k, v in pairs(ctx.evidence.findings():first()) do all[k] = v end return all.line", "3");
	GIVES(&w, "return tostring(ctx.evidence.findings():first())",
	      "\"{severity = low, suppressed = false, rule = a, path = src/a.c, line = 3}\"");
	GIVES(&w, "return tostring(ctx.evidence.tests())", "\"rows of tests\"");
	GIVES(&w, "return ctx.evidence.findings { severity = 'high' }:list(1)", "[{\"rule\":\"b\",\"severity\":\"high\"}]");
	ENDS(&w, "pipe.json.encode { (ctx.evidence.findings()) }", LUA_BROKEN, "there is a userdata in it");
}
END_TEST

START_TEST(a_loop_that_is_left_closes_its_cursor)
{
	world_rows(&w, FINDINGS);
	GIVES(&w, "for f in ctx.evidence.findings() do break end return 1", "1");
	ck_assert_int_eq(w.closed, 1);
	GIVES(&w, "return pcall(function() for f in ctx.evidence.findings() do error('x') end end)", "false");
	ck_assert_int_eq(w.closed, 1);
	GIVES(&w, "keep = ctx.evidence.findings() return keep().rule", "\"a\"");
	ck_assert_int_eq(w.closed, 0); /* and when the call is freed, it is: world_end */
	GIVES(&w,
	      "for f in ctx.evidence.findings() do for g in ctx.evidence.findings() do if g.rule == 'b' then break end end end return 1",
	      "1");
	ck_assert_int_eq(w.opened, 4);
	ck_assert_int_eq(w.closed, 4);
	w.fail_after = 2;
	ENDS(&w, "for f in ctx.evidence.findings() do end", LUA_BROKEN, "the store is broken");
	ck_assert_int_eq(w.closed, 1);
}
END_TEST

START_TEST(fields_and_filters_are_checked)
{
	world_rows(&w, FINDINGS);
	ENDS(&w, "return ctx.evidence.findings():first().sevrity", LUA_BROKEN,
	     "a Finding has no field \"sevrity\"; did you mean \"severity\"?");
	ENDS(&w, "ctx.evidence.findings():first().rule = 1", LUA_BROKEN, "rows are read-only");
	ENDS(&w, "ctx.evidence.findings { sevrity = 'high' }", LUA_BROKEN, "no filter \"sevrity\"; did you mean \"severity\"?");
	ENDS(&w, "ctx.evidence.findings { severity = 'hihg' }", LUA_BROKEN, "no severity is \"hihg\"; did you mean \"high\"?");
	ENDS(&w, "ctx.evidence.findings { kind = 'cve' }", LUA_BROKEN, "no kind is \"cve\"");
	ENDS(&w, "ctx.evidence.findings { fixable = 1 }", LUA_BROKEN, "\"fixable\" is to be true or false");
	ENDS(&w, "ctx.evidence.findings { rule = {} }", LUA_BROKEN, "\"rule\" is to be text");
	ENDS(&w, "ctx.evidence.findings { message = 'x' }", LUA_BROKEN, "no filter \"message\"");
	ENDS(&w, "ctx.evidence.findings { limit = 0 }", LUA_BROKEN, "\"limit\"");
	ENDS(&w, "ctx.evidence.findings { touched = 'dirs' }", LUA_BROKEN, "\"files\" or \"lines\"");
	ENDS(&w, "ctx.evidence.findings { 'high' }", LUA_BROKEN, "values by name");
	ENDS(&w, "ctx.evidence.findings 'high'", LUA_BROKEN, "table expected");
	ENDS(&w, "ctx.evidence.findings():lits()", LUA_BROKEN, "did you mean \"list\"?");
	ENDS(&w, "local r = ctx.evidence.findings() r.list({})", LUA_BROKEN, "colon");
	ck_assert_int_eq(w.opened, 0);
	GIVES(&w, "ctx.evidence.findings { new = true, touched = 'lines', suppressed = true, limit = 5 }:count() return 1", "1");
	ck_assert(w.asked.only_new && w.asked.touched_lines && w.asked.suppressed && !w.asked.touched_files);
	ck_assert_uint_eq(w.asked.limit, 5);
	GIVES(&w, "ctx.evidence.job.findings():count() return 1", "1");
	ck_assert_int_eq(w.asked.side, SIDE_JOB);
	GIVES(&w, "ctx.baseline.components():count() return 1", "1");
	ck_assert_int_eq(w.asked.side, SIDE_BASELINE);
}
END_TEST

START_TEST(history_graph_and_changes_are_rows)
{
	world_rows(&w,
		   "{\"runs\": [{\"number\": 40, \"status\": \"failed\"}, {\"number\": 39, \"status\": \"success\"}],"
		   " \"jobs\": [{\"run\": 39, \"name\": \"deploy\", \"environment\": \"production\"}],"
		   " \"graph\": [{\"name\": \"b\", \"stage\": \"test\", \"needs\": [\"a\", \"longer name\"]}, {\"name\": \"a\"}],"
		   " \"changes\": [{\"path\": \"a.c\"}, {\"path\": \"b.c\"}]}");
	GIVES(&w, "return ctx.history.runs { status = 'success' }:first().number", "39");
	GIVES(&w, "return ctx.history.jobs { run = 39 }:first().name", "\"deploy\"");
	ck_assert_int_eq(w.asked.run, 39);
	GIVES(&w, "local j = ctx.graph():first() return {j.name, j.needs, j.environment == nil}",
	      "[\"b\",[\"a\",\"longer name\"],true]");
	GIVES(&w, "return ctx.graph { name = 'a' }:first().needs == nil", "true");
	GIVES(&w, "return ctx.changes", "[\"a.c\",\"b.c\"]");
	GIVES(&w, "return ctx.history == ctx.history and #ctx.changes", "2");
	ENDS(&w, "ctx.history.jobs { run = 'x' }", LUA_BROKEN, "number of a run");
	w.host.rows_open = NULL;
	GIVES(&w, "return {#ctx.changes, ctx.graph():count()}", "[0,0]");
}
END_TEST

/* ---- what a script says ---- */

START_TEST(lines_are_said)
{
	GIVES(&w, "pipe.log('a', 1, true, nil) pipe.warn('w') print('p') return 1", "1");
	ck_assert_str_eq(w.said.data, "a\t1\ttrue\tnil\nwarning: w\np\n");
	ENDS(&w, "pcall(pipe.fail, 'no')", LUA_FAILED, "no");
	ENDS(&w, "pipe.fail()", LUA_BROKEN, "the reason is missing");
	GIVES(&w, "pipe.annotate('site', {url = 'https://x.example'}) pipe.annotate('note', {text = 't'}) return 1", "1");
	ck_assert_str_eq(w.put.data, "site|-|https://x.example\nnote|t|-\n");
	ENDS(&w, "pipe.annotate('x', {url = 'javascript:1'})", LUA_BROKEN, "https://");
	ENDS(&w, "pipe.annotate('x', {txt = 'a'})", LUA_BROKEN, "did you mean \"text\"?");
}
END_TEST

START_TEST(evidence_is_added)
{
	GIVES(&w, "pipe.metric('a.b', 1.5, {unit = 's', help = 'h', labels = {b = 'x\"y\\n', ['a.b'] = 2, a = true}}) return 1",
	      "1");
	ck_assert_str_eq(w.put.data, "a.b{a=\"true\",a.b=\"2\",b=\"x\\\"y\\n\"} 1.5 s h\n");
	GIVES(&w,
	      "pipe.finding {message = 'bad\\27[31m red', path = './a/../b.c', line = 3, rule = 'r', severity = 'High'} return 1",
	      "1");
	ck_assert_str_eq(w.put.data, "issue high lua r b.c:3 bad red\n");
	ENDS(&w, "pipe.metric('a b', 1)", LUA_BROKEN, "cannot be the name of a metric");
	ENDS(&w, "pipe.metric('a', 'x')", LUA_BROKEN, "number expected");
	ENDS(&w, "pipe.metric('a', 1, {labels = {['x='] = 1}})", LUA_BROKEN, "no name");
	ENDS(&w, "pipe.finding {rule = 'x'}", LUA_BROKEN, "\"message\" is missing");
	ENDS(&w, "pipe.finding {message = 'm', severity = 'hihg'}", LUA_BROKEN, "did you mean \"high\"?");
	ENDS(&w, "pipe.finding {message = 'm', kind = 'isue'}", LUA_BROKEN, "did you mean \"issue\"?");
	ENDS(&w, "pipe.finding {message = 'm', line = 1.5}", LUA_BROKEN, "whole number");
	ENDS(&w, "pipe.finding {msg = 'm'}", LUA_BROKEN, "no field \"msg\"");
	w.host.put_metric = NULL;
	GIVES(&w, "pipe.metric('a', 1) return 1", "1");
}
END_TEST

/* ---- http, exec, sleep ---- */

START_TEST(requests_are_made)
{
	w.grants.http = all_http;
	w.answer = (struct lua_answer){ .status = 201,
					.headers = "Content-Type: application/json\r\nX-A: 1\r\nX-A: 2\r\n",
					.body = "{\"a\": [1]}",
					.length = 10,
					.ms = 12 };
	GIVES(&w,
	      "local r = pipe.http('https://api.example/x') return {r.status, r.ok, r.headers['x-a'], r.json().a[1], r:json().a, r.ms}",
	      "[201,true,\"1, 2\",1,[1],12.0]");
	ck_assert_str_eq(w.requests.data, "GET https://api.example/x\n");
	GIVES(&w,
	      "return pipe.http('https://api.example/x', {json = {b = 1, a = {}}, headers = {A = 'b'}, follow = false, insecure = true}).ok",
	      "true");
	ck_assert_str_eq(w.requests.data,
			 "POST https://api.example/x insecure stay\nA: b\nContent-Type: application/json\n{\"a\":[],\"b\":1}");
	GIVES(&w, "return pipe.http('https://api.example/', {method = 'DELETE', body = 'x'}).status", "201");
	ck_assert_str_eq(w.requests.data, "DELETE https://api.example/\nx");
	w.answer = (struct lua_answer){ .status = 404, .body = "no", .length = 2 };
	GIVES(&w, "local r = pipe.http('https://api.example/x') local v, why = r.json() return {r.ok, v == nil, why ~= nil}",
	      "[false,true,true]");
	w.answer = (struct lua_answer){ .code = PIPE_ENETWORK, .error = { .text = "no route" } };
	GIVES(&w, "local r, why = pipe.http('https://api.example/x') return why", "\"no route\"");
}
END_TEST

START_TEST(requests_are_refused)
{
	static const struct {
		const char *script, *words;
	} wrong[] = {
		{ "pipe.http('ftp://api.example/')", "https:// or http://" },
		{ "pipe.http('https://u:p@api.example/')", "user" },
		{ "pipe.http('https://api.example/a b')", "%XX" },
		{ "pipe.http('https://api.example/\\0')", "%XX" },
		{ "pipe.http('https:///x')", "no host" },
		{ "pipe.http('https://api.example/', {methd = 'GET'})", "did you mean \"method\"?" },
		{ "pipe.http('https://api.example/', {method = 'GET /'})", "no method" },
		{ "pipe.http('https://api.example/', {method = 'CONNECT'})", "not available" },
		{ "pipe.http('https://api.example/', {headers = {A = 'b\\r\\nC: d'}})", "line end" },
		{ "pipe.http('https://api.example/', {headers = {['A: b'] = 'c'}})", "name of a header" },
		{ "pipe.http('https://api.example/', {headers = {host = 'x'}})", "made from the request" },
		{ "pipe.http('https://api.example/', {headers = 'x'})", "table of texts" },
		{ "pipe.http('https://api.example/', {timeout = -1})", "more than 0" },
		{ "pipe.http('https://api.example/', {timeout = 'x'})", "to be a number" },
		{ "pipe.http('https://api.example/', {body = 'a', json = 1})", "exclude" },
		{ "pipe.http('https://api.example/', {json = print})", "cannot be JSON: there is a function" },
		{ "pipe.http('https://api.example/', {insecure = 'yes'})", "true or false" },
		{ "pipe.http()", "string expected" },
	};

	w.grants.http = all_http;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		ENDS(&w, wrong[i].script, LUA_BROKEN, wrong[i].words);
		ck_assert_int_eq(w.waits, 0);
	}
	ENDS(&w, "pipe.http('https://other.example/secret/path')", LUA_REFUSED,
	     "lua: {allow: {http: [\"https://other.example\"]}}");
	ck_assert_ptr_null(strstr(w.outcome->reason, "secret"));
	w.no_waits = "it cannot wait here";
	ENDS(&w, "pipe.http('https://api.example/')", LUA_BROKEN, "pipe.http");
}
END_TEST

START_TEST(programs_are_run)
{
	w.grants.exec = all_exec;
	w.answer = (struct lua_answer){ .exit_code = 2, .body = "out\n", .length = 4, .truncated = true };
	GIVES(&w,
	      "local r = pipe.exec({'helm', 'list', 3}, {env = {A = 'b c'}, directory = 'x', input = 'in'}) return {r.code, r.ok, r.output, r.truncated}",
	      "[2,false,\"out\\n\",true]");
	ck_assert_str_eq(w.requests.data, "arg helm\narg list\narg 3\nenv A=b c\nin x <in>");
	w.answer = (struct lua_answer){ .code = PIPE_ENOTFOUND, .error = { .text = "no helm" } };
	GIVES(&w, "local r, why = pipe.exec({'helm'}) return why", "\"no helm\"");
	ENDS(&w, "pipe.exec({'rm', '-rf'})", LUA_REFUSED, "lua: {allow: {exec: [rm]}}");
	ENDS(&w, "pipe.exec({'/bin/helm'})", LUA_REFUSED, "exec: [/bin/helm]");
	ENDS(&w, "pipe.exec({})", LUA_BROKEN, "the program is missing");
	ENDS(&w, "pipe.exec('helm')", LUA_BROKEN, "table expected");
	ENDS(&w, "pipe.exec({'helm', {}})", LUA_BROKEN, "each argument is to be text");
	ENDS(&w, "pipe.exec({'helm', 'a\\0b'})", LUA_BROKEN, "NUL");
	ENDS(&w, "pipe.exec({'helm'}, {env = {['A=B'] = 'c'}})", LUA_BROKEN, "none of a variable");
	ENDS(&w, "pipe.exec({'helm'}, {directory = '../x'})", LUA_BROKEN, "out of the workspace");
	ENDS(&w, "pipe.exec({'helm'}, {directory = '/x'})", LUA_BROKEN, "relative");
	ENDS(&w, "pipe.exec({'helm'}, {dir = 'x'})", LUA_BROKEN, "did you mean \"directory\"?");
}
END_TEST

START_TEST(time_goes_by_the_host)
{
	GIVES(&w, "return pipe.now()", "1763652600.5");
	GIVES(&w, "local d = pipe.date() return {d.year, d.month, d.day, d.hour, d.min, d.sec, d.wday, d.yday, d.zone}",
	      "[2025,11,20,15,30,0,5,324,\"UTC\"]");
	GIVES(&w, "return pipe.date(0).year", "1970");
	GIVES(&w, "return pipe.date(0, 'local').year >= 1969", "true");
	ENDS(&w, "pipe.date(1e300)", LUA_BROKEN, "too far away");
	ENDS(&w, "pipe.date(0, 'Europe/Berlin')", LUA_BROKEN, "invalid option");
	GIVES(&w, "pipe.sleep(0.25) return 1", "1");
	ck_assert_str_eq(w.requests.data, "sleep 250\n");
	w.limits.wall_ms = 5000;
	GIVES(&w, "pipe.sleep(1e9) return 1", "1");
	ck_assert_msg(strlen(w.requests.data) == strlen("sleep 5000\n"), "%s", w.requests.data);
	ENDS(&w, "pipe.sleep(-1)", LUA_BROKEN, "pipe.sleep");
	GIVES(&w,
	      "return {pipe.bytes(0), pipe.bytes(999), pipe.bytes(1500), pipe.bytes(12345678), pipe.bytes(999999), pipe.bytes(-2000)}",
	      "[\"0 B\",\"999 B\",\"1.5 kB\",\"12 MB\",\"1.0 MB\",\"-2.0 kB\"]");
	GIVES(&w,
	      "return {pipe.duration(187), pipe.severity('high', 'low'), pipe.severity('low', 'low'), pipe.glob_match('a/**', 'a/b/c')}",
	      "[\"3m 07s\",1,0,true]");
	ENDS(&w, "pipe.severity('high', 'x')", LUA_BROKEN, "\"x\" is no severity");
}
END_TEST

/* ---- files ---- */

START_TEST(files_are_read)
{
	GIVES(&w, "return {pipe.read('a.txt'), pipe.exists('a.txt'), pipe.exists('b'), pipe.glob('**')}",
	      "[\"text\\n\",true,false,[\"a.txt\",\"b/c.txt\"]]");
	GIVES(&w, "local text, why = pipe.read('none') return why", "\"there is no file none\"");
	ENDS(&w, "pipe.read('/etc/passwd')", LUA_REFUSED, "lua: {allow: {read: [/etc/passwd]}}");
	ENDS(&w, "pipe.exists('/etc/passwd')", LUA_REFUSED, "read: [/etc/passwd]");
	ENDS(&w, "pipe.read('a\\0b')", LUA_BROKEN, "NUL");
	w.host.read = NULL;
	w.host.glob = NULL;
	ENDS(&w, "pipe.read('a.txt')", LUA_BROKEN, "there is no workspace here");
	ENDS(&w, "pipe.glob('*')", LUA_BROKEN, "there is no workspace here");
}
END_TEST

/* ---- json, yaml ---- */

START_TEST(json_goes_both_ways)
{
	GIVES(&w, "return pipe.json.encode({b = {1, 2.5, 'x', false, pipe.json.null}, a = {}})",
	      "\"{\\\"a\\\":[],\\\"b\\\":[1,2.5,\\\"x\\\",false,null]}\"");
	GIVES(&w, "return pipe.json.encode({a = 1}, {pretty = true})", "\"{\\n  \\\"a\\\": 1\\n}\"");
	GIVES(&w, "return pipe.json.encode({pipe.json.object(), pipe.json.array {}, pipe.json.object {}})", "\"[{},[],{}]\"");
	GIVES(&w, "local v = pipe.json.decode('{\"a\": [null, 1e2]}') return v.a[1] == pipe.json.null and v.a[2]", "100.0");
	GIVES(&w, "return pipe.json.decode('null') == pipe.json.null", "true");
	GIVES(&w, "local v, why = pipe.json.decode('[1,\\n x]') return {v == nil, why:match('^2:%d+: ') ~= nil}", "[true,true]");
	GIVES(&w, "local v, why = pipe.json.decode('') return why ~= nil", "true");
	ENDS(&w, "pipe.json.encode(print)", LUA_BROKEN, "cannot be JSON: there is a function in it");
	ENDS(&w, "local t = {} t.t = t pipe.json.encode(t)", LUA_BROKEN, "holds itself");
	ENDS(&w, "pipe.json.encode('\\xff')", LUA_BROKEN, "not UTF-8");
	ENDS(&w, "pipe.json.encode({}, {prety = true})", LUA_BROKEN, "did you mean \"pretty\"?");
	ENDS(&w, "pipe.json.decode(('['):rep(100) .. (']'):rep(100))", LUA_BROKEN, "levels deep");
	GIVES(&w, "local v, why = pipe.json.decode(('[],'):rep(1000000)) return why",
	      "\"the JSON text is too large for the script's memory\"");
}
END_TEST

START_TEST(yaml_goes_both_ways)
{
	GIVES(&w, "return pipe.yaml.decode('a: [1, yes, 1.5, x, 0x10]\\nb: {c: d, e: }\\n')",
	      "{\"a\":[1,true,1.5,\"x\",16],\"b\":{\"c\":\"d\"}}");
	GIVES(&w, "local v, why = pipe.yaml.decode('a: [') return {v == nil, why:match('^%d+:%d+: ') ~= nil}", "[true,true]");
	GIVES(&w, "local v, why = pipe.yaml.decode('a: 1\\n---\\nb: 2\\n') return why",
	      "\"there is more than one document in the text\"");
	GIVES(&w, "return pipe.yaml.decode('') == pipe.json.null", "true");
	GIVES(&w,
	      "local v, why = pipe.yaml.decode('a: &a [1,1,1,1,1,1,1,1,1]\\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\\n"
	      "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\\n') return v == nil",
	      "true");
	GIVES(&w, "return pipe.yaml.encode({a = {1, 2.0, 'yes', '1', true, ''}})",
	      "\"a:\\n  - 1\\n  - 2.0\\n  - \\\"yes\\\"\\n  - \\\"1\\\"\\n  - true\\n  - \\\"\\\"\\n\"");
	GIVES(&w,
	      "local t = pipe.yaml.decode(pipe.yaml.encode({a = {1, 2.5, 'yes', '1', true, 'l1\\nl2\\n'}, b = {c = 'x: y'}})) return t",
	      "{\"a\":[1,2.5,\"yes\",\"1\",true,\"l1\\nl2\\n\"],\"b\":{\"c\":\"x: y\"}}");
	ENDS(&w, "pipe.yaml.encode(print)", LUA_BROKEN, "cannot be YAML");
}
END_TEST

/* ---- notify ---- */

START_TEST(webhooks_are_called)
{
	w.grants.http = all_http;
	w.answer = (struct lua_answer){ .status = 200 };
	GIVES(&w, "return pipe.notify {slack = 'https://api.example/services/s3cr3t', text = 'done', blocks = {{type = 'x'}}}",
	      "true");
	ck_assert_ptr_nonnull(strstr(w.requests.data, "\"text\":\"done\""));
	ck_assert_ptr_nonnull(strstr(w.requests.data, "\"blocks\":[{\"type\":\"x\"}]"));
	GIVES(&w, "return pipe.notify {webhook = 'https://api.example/x', json = {a = 1}}", "true");
	ck_assert_str_eq(w.requests.data, "POST https://api.example/x\nContent-Type: application/json\n{\"a\":1}");
	w.answer = (struct lua_answer){ .status = 403, .body = "invalid_token\nmore", .length = 18 };
	GIVES(&w,
	      "local ok, why = pipe.notify {slack = 'https://api.example/services/s3cr3t', text = 'x'} return {ok == nil, why}",
	      "[true,\"https://api.example answered 403: invalid_token\"]");
	ENDS(&w, "pipe.notify {slack = 'https://api.example/x'}", LUA_BROKEN, "\"text\" is missing");
	ENDS(&w, "pipe.notify {slak = 'https://api.example/x', text = 'a'}", LUA_BROKEN, "whom to notify");
	ENDS(&w, "pipe.notify {slack = 'https://api.example/x', txt = 'a'}", LUA_BROKEN, "did you mean \"text\"?");
	ENDS(&w, "pipe.notify {webhook = 'https://evil.example/x', json = 1}", LUA_REFUSED, "http: [\"https://evil.example\"]");
}
END_TEST

START_TEST(mails_are_sent)
{
	w.grants.mail = all_mail;
	GIVES(&w,
	      "return pipe.notify {mail = {server = 'smtp://mail.example:25', from = 'J\xc3\xbcrgen <ci@example.com>', to = {'a@b.example', "
	      "'B \"C\" <b@b.example>'}, subject = 'gr\xc3\xbc\xc3\x9f dich', text = 'x = 1\\n.dot\\ntrailing \\n\xc3\xa9', user = 'u', password = 'p'}}",
	      "true");
	ck_assert_msg(strstr(w.requests.data,
			     "smtp://mail.example:25 from ci@example.com\nto a@b.example\nto b@b.example\nuser u p\n") ==
			      w.requests.data,
		      "%s", w.requests.data);
	ck_assert_ptr_nonnull(strstr(w.requests.data, "From: =?UTF-8?B?SsO8cmdlbg==?= <ci@example.com>\r\n"));
	ck_assert_ptr_nonnull(strstr(w.requests.data, "\r\nTo: <a@b.example>,\r\n \"B C\" <b@b.example>\r\n"));
	ck_assert_ptr_nonnull(strstr(w.requests.data, "\r\nSubject: =?UTF-8?B?Z3LDvMOfIGRpY2g=?=\r\n"));
	ck_assert_ptr_nonnull(strstr(w.requests.data, "\r\nDate: Thu, 20 Nov 2025 15:30:00 +0000\r\n"));
	ck_assert_ptr_nonnull(strstr(w.requests.data, "\r\nMessage-ID: <1763652600500."));
	ck_assert_ptr_nonnull(strstr(w.requests.data, "@example.com>\r\n"));
	ck_assert_ptr_nonnull(strstr(w.requests.data, "\r\n\r\nx =3D 1\r\n=2Edot\r\ntrailing=20\r\n=C3=A9\r\n"));
	w.answer = (struct lua_answer){ .code = PIPE_ENETWORK, .error = { .text = "nobody there" } };
	GIVES(&w,
	      "local ok, why = pipe.notify {mail = {server = 'smtp://mail.example:25', from = 'a@b', to = 'c@d', subject = 's', text = ''}} return why",
	      "\"nobody there\"");
}
END_TEST

#define MAIL(members)                                                                                                            \
	"pipe.notify {mail = {server = 'smtp://mail.example:25', from = 'a@b', to = 'c@d', subject = 's', text = 't', " members  \
	"}}"

START_TEST(mails_cannot_be_twisted)
{
	w.grants.mail = all_mail;
	ENDS(&w, MAIL("subject = 'a\\r\\nBcc: x@y'"), LUA_BROKEN, "line end");
	ENDS(&w, MAIL("from = 'a@b\\nX: y'"), LUA_BROKEN, "line end");
	ENDS(&w, MAIL("to = {'a@b\\r\\nRCPT TO:<x@y>'}"), LUA_BROKEN, "no address");
	ENDS(&w, MAIL("to = {'a@b>,<x@y'}"), LUA_BROKEN, "no address");
	ENDS(&w, MAIL("to = {}"), LUA_BROKEN, "1 to 100");
	ENDS(&w, MAIL("to = 'nobody'"), LUA_BROKEN, "no address of mail");
	ENDS(&w, MAIL("subject = '\\xff'"), LUA_BROKEN, "not UTF-8");
	ENDS(&w, MAIL("server = 'http://mail.example'"), LUA_BROKEN, "smtp://");
	ENDS(&w, MAIL("server = 'smtp://u:p@mail.example:25'"), LUA_BROKEN, "smtp://");
	ENDS(&w, MAIL("server = 'smtp://other.example:25'"), LUA_REFUSED, "mail: [\"smtp://other.example:25\"]");
	ENDS(&w, MAIL("bcc = 'x'"), LUA_BROKEN, "no field \"bcc\"");
	ck_assert_int_eq(w.waits, 0);
}
END_TEST

START_TEST(long_mails_stay_within_lines)
{
	struct str out;
	const char *const to[] = { "a@b", NULL };
	struct api_mail mail = {
		.from = "a@b",
		.subject =
			"a subject of so many words that it has to be folded, since no line of a header is to be long, and then some more of it",
		.to = to
	};
	char text[1000];

	memset(text, 'x', sizeof(text));
	mail.text = text;
	mail.text_length = sizeof(text);
	str_init(&out);
	api_mail_write(&mail, &out);
	for (const char *line = out.data; *line;) {
		const char *end = strstr(line, "\r\n");

		ck_assert_ptr_nonnull(end);
		ck_assert_msg(end - line <= 78, "%.*s", (int)(end - line), line);
		line = end + 2;
	}
	str_clear(&out);
}
END_TEST

/* ---- the embedding program ---- */

static int add(void *payload, const json_t *arguments, json_t **result, pipe_error *err)
{
	json_int_t sum = *(int *)payload;
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)arguments, i, one) sum += json_integer_value(one);
	if (sum < 0) {
		snprintf(err->text, sizeof(err->text), "below zero");
		return PIPE_EUSAGE;
	}
	*result = sum ? json_integer(sum) : NULL;
	return PIPE_OK;
}

START_TEST(functions_of_the_host_are_called)
{
	int base = 1;
	const struct lua_host_function functions[] = { { "add", add, &base }, { NULL, NULL, NULL } };

	w.host.functions = functions;
	GIVES(&w, "return {host.add(1, 2), host.add(-1) == nil}", "[4,true]");
	ENDS(&w, "host.add(-5)", LUA_BROKEN, "host.add: below zero");
	ENDS(&w, "host.add(print)", LUA_BROKEN, "argument 1 cannot be handed over: there is a function");
	ENDS(&w, "host.ad(1)", LUA_BROKEN, "host has no function \"ad\"; did you mean \"add\"?");
	ENDS(&w, "host.add = 1", LUA_BROKEN, "read-only");
	world_end(&w);
	w.host.functions = NULL;
	GIVES(&w, "return host == nil", "true");
}
END_TEST

/* ---- where memory ends ---- */

/* Whatever function it ends in: nothing is left behind (the sanitizers look), and no cursor stays open. */
START_TEST(memory_may_end_anywhere)
{
	static const char script[] =
		"local kept = {} for i = 1, 40 do kept[i] = ('x'):rep(500) .. i end "
		"for f in ctx.evidence.findings { severity = 'low' } do local s = tostring(f) .. f.path end "
		"local r = pipe.http('https://api.example/x', { json = { a = { 1, 2 } }, headers = { A = 'b' } }) local v = r.json() "
		"pipe.exec({ 'helm', 'x' }, { env = { A = 'b' } }) "
		"pipe.notify { mail = { server = 'smtp://mail.example:25', from = 'a@b', to = { 'c@d' }, subject = 's', text = ('x'):rep(999) } } "
		"local y = pipe.yaml.decode(pipe.yaml.encode({ a = { 1, { b = 'c' } } })) local t = pipe.read('a.txt') "
		"pipe.metric('m', 1, { labels = { a = 1, b = 2 } }) pipe.finding { message = 'x' } "
		"local all = ctx.evidence.findings():list() local j = pipe.json.encode(all) "
		"return { ctx.evidence.findings.total, ctx.run.number, ctx.vars.PLAIN, pipe.glob('*')[1], #all }";
	const struct lua_source source = { .name = "t.lua", .text = script, .length = sizeof(script) - 1 };
	struct lua_call_options options = { .engine = w.engine,
					    .source = &source,
					    .context = &w.context,
					    .host = &w.host,
					    .grants = &w.grants,
					    .limits = &w.limits };
	int done = 0, over = 0;

	w.grants = (struct lua_grants){ .all = ~0u };
	w.answer = (struct lua_answer){ .status = 200, .body = "[1, {}]", .length = 7 };
	w.context.variables = variables;
	world_rows(&w, FINDINGS);
	for (w.limits.memory_bytes = 60000; w.limits.memory_bytes < 400000; w.limits.memory_bytes += 331) {
		pipe_error err = { 0 };
		struct lua_call *call;

		if (lua_call_create(&call, &options, &err) != PIPE_OK)
			continue;
		while (lua_call_step(call) == LUA_CALL_WAITS)
			lua_call_answer(call, &w.answer);
		done += lua_call_outcome(call)->end == LUA_DONE;
		over += lua_call_outcome(call)->end == LUA_OVER;
		ck_assert_msg(lua_call_outcome(call)->end == LUA_DONE || lua_call_outcome(call)->end == LUA_OVER, "%d: %s",
			      (int)lua_call_outcome(call)->end, lua_call_outcome(call)->reason);
		lua_call_free(call);
		lua_engine_forget(w.engine);
		ck_assert_int_eq(w.opened, w.closed);
	}
	ck_assert_int_gt(done, 10);
	ck_assert_int_gt(over, 10);
}
END_TEST

/* ---- descriptions ---- */

START_TEST(the_table_is_whole)
{
	for (const struct api_function *f = api_functions; f->name; f++) {
		const struct api_function *next = f + 1;
		const int order = next->name ? strcmp(f->library, next->library) : -1;

		ck_assert_msg(order < 0 || (order == 0 && strcmp(f->name, next->name) < 0), "%s.%s", f->library, f->name);
		ck_assert_msg(f->help && f->since, "%s.%s", f->library, f->name);
		for (const struct api_parameter *p = f->parameters; p && p->name; p++)
			ck_assert_msg(p->type && p->help, "%s.%s", f->library, f->name);
	}
	for (const struct api_class *c = api_classes; c->name; c++)
		for (const struct api_field *f = c->fields; f && f->name; f++)
			ck_assert_msg(f->type && f->help, "%s.%s", c->name, f->name);
}
END_TEST

START_TEST(annotations_are_lua)
{
	struct lua_source source = { .name = "pipe.lua" };
	pipe_error err = { 0 };
	struct str out;

	str_init(&out);
	api_annotations(&out);
	source.text = out.data;
	source.length = out.length;
	ck_assert_msg(lua_engine_check(w.engine, &source, &err) == PIPE_OK, "%u: %s", err.line, err.text);
	ck_assert_ptr_nonnull(strstr(out.data, "\nfunction pipe.http(url, options) end\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "---@param options? pipe.HttpOptions what is sent\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "---@overload fun(filter?: pipe.TestFilter): pipe.TestRows\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "---@class pipe.TestRows: pipe.Rows\n"));
	ck_assert_ptr_null(strstr(out.data, "Rows<"));
	str_clear(&out);
}
END_TEST

START_TEST(examples_are_lua)
{
	for (const struct api_function *f = api_functions; f->name; f++) {
		struct lua_source source = { .name = f->name, .text = f->example };
		pipe_error err = { 0 };

		if (!f->example)
			continue;
		source.length = strlen(f->example);
		ck_assert_msg(lua_engine_check(w.engine, &source, &err) == PIPE_OK, "%s.%s: %s", f->library, f->name, err.text);
	}
}
END_TEST

START_TEST(the_reference_names_all)
{
	struct str out;

	str_init(&out);
	api_reference(&out);
	for (const struct api_function *f = api_functions; f->name; f++)
		if (*f->name != '_')
			ck_assert_msg(strstr(out.data, f->name) != NULL, "%s", f->name);
	for (const struct api_global *g = api_globals; g->name; g++)
		ck_assert_msg(strstr(out.data, g->name) != NULL, "%s", g->name);
	ck_assert_ptr_nonnull(strstr(out.data, "### pipe.http(url [, options])\n"));
	str_clear(&out);
}
END_TEST

Suite *lua_api_suite(void)
{
	Suite *s = suite_create("lua_api");
	TCase *t = tcase_create("api");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, unknown_members_are_errors);
	tcase_add_test(t, facts_are_shown);
	tcase_add_test(t, what_is_not_there_is_nil);
	tcase_add_test(t, extra_members_are_shown);
	tcase_add_test(t, nothing_is_asked_before_it_is_looked_at);
	tcase_add_test(t, masked_variables_have_to_be_granted);
	tcase_add_test(t, masked_values_do_not_leak_through_others);
	tcase_add_test(t, sums_are_those_of_the_host);
	tcase_add_test(t, sums_of_earlier_runs_are_made_of_their_rows);
	tcase_add_test(t, rows_are_iterated_over);
	tcase_add_test(t, a_loop_that_is_left_closes_its_cursor);
	tcase_add_test(t, fields_and_filters_are_checked);
	tcase_add_test(t, history_graph_and_changes_are_rows);
	tcase_add_test(t, lines_are_said);
	tcase_add_test(t, evidence_is_added);
	tcase_add_test(t, requests_are_made);
	tcase_add_test(t, requests_are_refused);
	tcase_add_test(t, programs_are_run);
	tcase_add_test(t, time_goes_by_the_host);
	tcase_add_test(t, files_are_read);
	tcase_add_test(t, json_goes_both_ways);
	tcase_add_test(t, yaml_goes_both_ways);
	tcase_add_test(t, webhooks_are_called);
	tcase_add_test(t, mails_are_sent);
	tcase_add_test(t, mails_cannot_be_twisted);
	tcase_add_test(t, long_mails_stay_within_lines);
	tcase_add_test(t, functions_of_the_host_are_called);
	tcase_add_test(t, memory_may_end_anywhere);
	tcase_add_test(t, the_table_is_whole);
	tcase_add_test(t, annotations_are_lua);
	tcase_add_test(t, examples_are_lua);
	tcase_add_test(t, the_reference_names_all);
	return s;
}

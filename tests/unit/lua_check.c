/* syntax_check: what `pipe lua check` complains about, and what it must not. */
#include "lua/syntax/syntax.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *lua_check_suite(void);

static struct arena arena;
static struct str said;

static void set_up(void)
{
	memset(&arena, 0, sizeof(arena));
	str_init(&said);
}

static void tear_down(void)
{
	arena_clear(&arena);
	str_clear(&said);
}

static int note(void *payload, const struct syntax_complaint *one)
{
	(void)payload;
	str_printf(&said, "%u:%u+%u %s: %s%s%s\n", one->line, one->column, one->length, one->code, one->message,
		   one->hint ? "; " : "", one->hint ? one->hint : "");
	return 0;
}

static void check_text(const char *text, size_t length, bool test)
{
	struct syntax_tree *tree = NULL;
	pipe_error err = { 0 };

	ck_assert_msg(syntax_parse(&tree, &arena, text, length, &err) == PIPE_OK, "%s: %s", text, err.text);
	ck_assert_int_eq(syntax_check(tree, &arena, test, note, NULL, &err), PIPE_OK);
	ck_assert(!said.failed);
}

/* ---- what is wrong ---- */

static const struct {
	const char *text, *said; /* a line: all of what is said begins so */
} wrong[] = {
	/* Globals. */
	{ "local x = pritn(1)", "1:11+5 lua-global: there is no variable \"pritn\"; did you mean \"print\"?\n" },
	{ "return cxt.job", "1:8+3 lua-global: there is no variable \"cxt\"; did you mean \"ctx\"?\n" },
	{ "foo = 1 foo = 2 print(foo)", "1:1+3 lua-global: \"foo\" is a global variable; write \"local\"" },
	{ "function helper() end helper()", "1:10+6 lua-global: \"helper\" is a global variable" },
	{ "do local x = 1 end\nreturn x", "2:8+1 lua-global: there is no variable \"x\"" },
	{ "local t = 'ä' .. nothing_such", "1:18+12 lua-global: there is no variable \"nothing_such\"" },
	{ "return io.open('x')", "1:8+2 lua-global: there is no \"io\" here; " },
	{ "describe('x', function() end)", "1:1+8 lua-global: there is no variable \"describe\"" },
	/* Lua's own libraries. */
	{ "return string.fomat('x')", "1:15+5 lua-field: string has no field \"fomat\"; did you mean \"format\"?\n" },
	{ "local s = 'x' return s:uper()", "1:24+4 lua-field: a string has no field \"uper\"; did you mean \"upper\"?\n" },
	{ "return table.getn({})", "1:14+4 lua-field: table has no field \"getn\"" },
	/* Fields of what we give. */
	{ "pipe.htp('x')", "1:6+3 lua-field: pipe has no field \"htp\"; did you mean \"http\"?\n" },
	{ "return pipe['htp']", "1:13+5 lua-field: pipe has no field \"htp\"" },
	{ "return pipe.json.decod('1')", "1:18+5 lua-field: pipe.json has no field \"decod\"; did you mean \"decode\"?\n" },
	{ "return ctx.joob", "1:12+4 lua-field: ctx has no field \"joob\"; did you mean \"job\"?\n" },
	{ "return ctx.job.nam", "1:16+3 lua-field: a pipe.Job has no field \"nam\"; did you mean \"name\"?\n" },
	{ "local j = ctx.job return j.nam", "1:28+3 lua-field: a pipe.Job has no field \"nam\"" },
	{ "local j <const> = (ctx).job return function() return j.nam end", "1:56+3 lua-field: a pipe.Job has no field \"nam\"" },
	{ "local j = ctx.job or {} return j.nam", "1:34+3 lua-field: a pipe.Job has no field \"nam\"" },
	{ "return ctx.job and ctx.job.nam", "1:28+3 lua-field: a pipe.Job has no field \"nam\"" },
	{ "local p, c = pipe, ctx return c.job.nam", "1:37+3 lua-field: a pipe.Job has no field \"nam\"" },
	{ "return ctx.evidence.findings.critcal",
	  "1:30+7 lua-field: a pipe.Findings has no field \"critcal\"; did you mean \"critical\"?\n" },
	{ "return ctx.baseline.findings.critcal", "1:30+7 lua-field: a pipe.Findings has no field \"critcal\"" },
	/* Rows. */
	{ "for f in ctx.evidence.findings{ severity = 'high' } do\n print(f.sevrity)\nend",
	  "2:10+7 lua-field: a pipe.Finding has no field \"sevrity\"; did you mean \"severity\"?\n" },
	{ "local rows = ctx.evidence.findings() for f in rows do print(f.sevrity) end",
	  "1:63+7 lua-field: a pipe.Finding has no field \"sevrity\"" },
	{ "for _, f in ipairs(ctx.evidence.findings():list()) do print(f.sevrity) end",
	  "1:63+7 lua-field: a pipe.Finding has no field \"sevrity\"" },
	{ "local f = ctx.evidence.findings{}:first() if f then print(f.sevrity) end",
	  "1:61+7 lua-field: a pipe.Finding has no field \"sevrity\"" },
	{ "local all = ctx.evidence.findings():list() print(all[1].sevrity)",
	  "1:57+7 lua-field: a pipe.Finding has no field \"sevrity\"" },
	{ "for t in ctx.evidence.tests{ status = 'failed' } do print(t.nme) end",
	  "1:61+3 lua-field: a pipe.Test has no field \"nme\"" },
	{ "local f = ctx.evidence.findings():first() return f.severity == 'hgih'",
	  "1:64+6 lua-argument: this is never \"hgih\": it is one of " },
	/* What calls return. */
	{ "local r, why = pipe.http('https://x') return r.stats",
	  "1:48+5 lua-field: a pipe.HttpReply has no field \"stats\"; did you mean \"status\"?\n" },
	{ "return pipe.http('https://x').stats", "1:31+5 lua-field: a pipe.HttpReply has no field \"stats\"" },
	{ "local r, why = pipe.http('https://x') return why:uper()", "1:50+4 lua-field: a string has no field \"uper\"" },
	/* Arguments. */
	{ "pipe.http()", "1:6+4 lua-argument: http takes 1 to 2 arguments, and this is 0; pipe.http(url, options)\n" },
	{ "pipe.sleep(1, 2)", "1:6+5 lua-argument: sleep takes 1 argument, and this is 2; pipe.sleep(seconds)\n" },
	{ "pipe:sleep(1)", "1:6+5 lua-argument: pipe.sleep is no method: it is called with a dot" },
	{ "pipe.http('x', { metod = 'GET' })",
	  "1:18+5 lua-field: there is no option \"metod\" here; did you mean \"method\"?\n" },
	{ "for f in ctx.evidence.findings{ sevrity = 'high' } do end",
	  "1:33+7 lua-field: there is no option \"sevrity\" here; did you mean \"severity\"?\n" },
	{ "for f in ctx.evidence.findings{ severity = 'hihg' } do end", "1:44+6 lua-argument: this is never \"hihg\"" },
	/* A stage's functions. */
	{ "return { compile = function(ctx) return ctx.joob end }", "1:45+4 lua-field: ctx has no field \"joob\"" },
	{ "return { evaluate = function(c) return c.joob end }", "1:42+4 lua-field: ctx has no field \"joob\"" },
	{ "local M = {} function M.evaluate(c) return c.joob end return M", "1:46+4 lua-field: ctx has no field \"joob\"" },
};

START_TEST(what_is_wrong_is_said)
{
	const char *expected = wrong[_i].said;

	check_text(wrong[_i].text, strlen(wrong[_i].text), false);
	ck_assert_msg(!strncmp(said.data, expected, strlen(expected)), "%s\n%s", wrong[_i].text, said.data);
	ck_assert_msg(strchr(said.data, '\n') == said.data + said.length - 1, "more than one: %s", said.data);
}
END_TEST

/* ---- what is not ---- */

static const char *const right[] = {
	"",
	"local foo = 1 foo = 2 return foo, _G, _VERSION, string.format('%d', 1), ('x'):upper():lower(), math.pi, utf8.charpattern",
	"return string.byte, table.unpack, os.time(), coroutine.wrap(print), debug.traceback('x')",
	/* Open: variables and arguments have any name. */
	"return ctx.vars.ANYTHING, ctx.vars['any-thing'], ctx.with.whatever.below, ctx.vars.X:lower()",
	/* Not known any more. */
	"local j = ctx.job j = {} return j.whatever",
	"local j, x = ctx.job, 1 if x then j = 1 end local function f() j = nil end return j.whatever, f",
	"local function f(ctx) return ctx.whatever end return f",
	"local pipe = require 'mine' return pipe.whatever()",
	"local ctx = ... return ctx.whatever",
	"for k, v in pairs(ctx.job) do print(k, v.x) end",
	"local function f(o) return o.a.b.c:d() end return f",
	"local x = ctx.job or { mine = 1 } return x.mine",
	"local t = { evidence = {} } return t.evidence.whatever",
	"local _ENV = { a = 1 } return a, b, c",
	"return function(_ENV) return whatever end",
	/* Optional and many arguments. */
	"pipe.log() pipe.log(1, 2, 3, nil) pipe.http('x') pipe.http('x', nil) pipe.http('x', { method = 'POST', headers = { a = 'b' } })",
	"local function two() return 1, 2 end pipe.http(two()) pipe.sleep(two()) pipe.log(...)",
	"pipe.http(...) pipe.sleep((...))",
	"local o = { metod = 1 } pipe.http('x', o)",
	"local http = pipe.http local r = http('x') return r and r.status",
	"pcall(pipe.http, 'x') return pcall(pipe.sleep)",
	/* Rows. */
	"for f in ctx.evidence.findings{ severity = 'high', new = true, limit = 10 } do print(f.severity, f.path, f.line) end",
	"for _, f in ipairs(ctx.evidence.findings():list(10)) do print(f.rule, f.message:upper()) end",
	"local n = 0 for t in ctx.evidence.tests() do n = n + 1 end return n, ctx.evidence.tests.failed, ctx.evidence.coverage.lines",
	"if ctx.baseline then return ctx.evidence.findings.critical - ctx.baseline.findings.critical end",
	"return ctx.evidence.findings.vulnerability.critical, ctx.evidence.metrics['binary size'], ctx.evidence.metrics.anything",
	"local f = ctx.evidence.findings():first() return f and (f.severity == 'high' or f.severity ~= 'low')",
	"for r in ctx.history.runs{ branch = 'main', limit = 10 } do print(r.number) end",
	"for j in ctx.history.jobs{ run = 3 } do print(j.name) end return ctx.history.run(3)",
	"for _, path in ipairs(ctx.changes) do print(path:match('^src/')) end return #ctx.changes",
	"for j in ctx.graph() do print(j.name) end",
	"for row in ctx.evidence.findings() do for name, value in pairs(row) do print(name, value) end end",
	"local reply, why = pipe.http('https://x') if not reply then pipe.warn(why) return end return reply.status, reply.ok, reply.headers['content-type'], reply.body, reply.ms, reply.json().anything",
	"local r, why = pipe.exec({ 'helm', 'version' }) return r.code, r.ok, r.output, why",
	"return pipe.json.encode({ a = pipe.json.null }), pipe.yaml.decode('a: 1').a, pipe.version(), pipe.now(), pipe.date().year",
	"pipe.metric('size', 12, { unit = 'bytes' }) pipe.finding({ rule = 'r', message = 'm', severity = 'high' })",
	"host.anything(1, 2, 3)",
	"goto done do local x = 1 end ::done:: return nil",
	"return { help = 'x', parameters = { files = { type = 'list' } }, compile = function(ctx) return { steps = { { run = { 'x', ctx.with.files } } } } end }",
};

START_TEST(what_is_right_is_passed_over)
{
	check_text(right[_i], strlen(right[_i]), false);
	ck_assert_msg(!said.length, "%s\n%s", right[_i], said.data);
}
END_TEST

START_TEST(tests_have_words_of_their_own)
{
	static const char text[] =
		"describe('x', function() before_each(function() end) it('y', function()\n"
		"assert.equal(1, 2) assert(true) assert.is_false(false) local r = pipe.test.call{ file = 'x.lua' }\n"
		"assert.equal(r.ok, true) end) pending('z') after_each(function() end) end)";

	check_text(text, strlen(text), true);
	ck_assert_msg(!said.length, "%s", said.data);
}
END_TEST

START_TEST(complaints_come_in_their_order)
{
	static const char text[] = "x(c(b), a)\nlocal y = { [g] = h }";

	check_text(text, strlen(text), false);
	ck_assert_ptr_nonnull(strstr(said.data, "1:1+1"));
	ck_assert(strstr(said.data, "1:1+1") < strstr(said.data, "1:3+1"));
	ck_assert(strstr(said.data, "1:3+1") < strstr(said.data, "1:5+1"));
	ck_assert(strstr(said.data, "1:5+1") < strstr(said.data, "1:9+1"));
	ck_assert(strstr(said.data, "1:9+1") < strstr(said.data, "2:14+1"));
	ck_assert(strstr(said.data, "2:14+1") < strstr(said.data, "2:19+1"));
}
END_TEST

static int stop(void *payload, const struct syntax_complaint *one)
{
	(void)one;
	++*(int *)payload;
	return 1;
}

START_TEST(who_listens_may_stop)
{
	struct syntax_tree *tree;
	pipe_error err;
	int calls = 0;

	ck_assert_int_eq(syntax_parse(&tree, &arena, "a() b() c()", 11, &err), PIPE_OK);
	ck_assert_int_eq(syntax_check(tree, &arena, false, stop, &calls, &err), PIPE_OK);
	ck_assert_int_eq(calls, 1);
}
END_TEST

/* A hundred thousand wrong names and long chains: no more than a moment. */
START_TEST(large_texts_are_checked)
{
	struct str text;

	str_init(&text);
	for (int i = 0; i < 50000; i++)
		str_printf(&text, "wrong%d(ctx.job.nam)\n", i);
	str_adds(&text, "return ctx");
	for (int i = 0; i < 100000; i++)
		str_adds(&text, ".job");
	check_text(text.data, text.length, false);
	ck_assert(said.length > 0);
	str_clear(&text);
}
END_TEST

Suite *lua_check_suite(void)
{
	Suite *s = suite_create("lua_check");
	TCase *c = tcase_create("lua_check");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, what_is_wrong_is_said, 0, sizeof(wrong) / sizeof(*wrong));
	tcase_add_loop_test(c, what_is_right_is_passed_over, 0, sizeof(right) / sizeof(*right));
	tcase_add_test(c, tests_have_words_of_their_own);
	tcase_add_test(c, complaints_come_in_their_order);
	tcase_add_test(c, who_listens_may_stop);
	tcase_add_test(c, large_texts_are_checked);
	suite_add_tcase(s, c);
	return s;
}

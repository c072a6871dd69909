/* Calls: how they end, what they may use up, what they leave behind (nothing), waiting, and running out of memory anywhere. */
#include "lua/call.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *lua_call_suite(void);

/* ---- a table of modules, a clock that stands still ---- */

static const struct {
	const char *name, *path, *text;
} modules[] = {
	{ "plain", "lua/plain.lua", "local M = { n = 0 }\nfunction M.up() M.n = M.n + 1 return M.n end\nreturn M" },
	{ "gates.deep", "lua/gates/deep.lua", "return { name = (...), plain = require 'plain' }" },
	{ "one", "lua/one.lua", "return require 'two'" },
	{ "two", "lua/two.lua", "return require 'one'" },
	{ "nothing", "lua/nothing.lua", "" },
	{ "false", "lua/false.lua", "return false" },
	{ "broken", "lua/broken.lua", "return {\n  x = = 1 }" },
	{ "fails", "lua/fails.lua", "\nlocal x = nil\nreturn x.y" },
	{ "waits", "lua/waits.lua", "pipe.sleep(1) return 'woke'" },
};

static bool find_module(void *payload, const char *name, const char *from, struct arena *a, struct lua_source *out,
			pipe_error *err)
{
	(void)payload;
	(void)from;
	(void)a;
	for (size_t i = 0; i < sizeof(modules) / sizeof(*modules); i++) {
		if (strcmp(modules[i].name, name) != 0)
			continue;
		*out = (struct lua_source){ .name = modules[i].path, .text = modules[i].text, .length = strlen(modules[i].text) };
		return true;
	}
	err->code = PIPE_OK;
	return false;
}

static int64_t now_ms(void *payload)
{
	(void)payload;
	return 1764000000000;
}

static int twice(void *payload, const json_t *arguments, json_t **result, pipe_error *err)
{
	(void)payload;
	(void)err;
	*result = json_integer(json_integer_value(json_array_get(arguments, 0)) * 2);
	return PIPE_OK;
}

static const struct lua_host_function functions[] = { { "twice", twice, NULL }, { NULL, NULL, NULL } };
static const struct lua_host host = { .now_ms = now_ms, .functions = functions };

/* ---- running one ---- */

static struct lua_engine *engine;

static struct lua_engine *new_engine(bool (*starve)(void *), void *payload)
{
	const struct lua_engine_options options = { .modules = { find_module, NULL },
						    .starve = starve,
						    .starve_payload = payload };
	struct lua_engine *e = NULL;
	pipe_error err;

	ck_assert_msg(lua_engine_create(&e, &options, &err) == PIPE_OK, "%s", err.text);
	return e;
}

static void set_up(void)
{
	engine = new_engine(NULL, NULL);
}

static void tear_down(void)
{
	lua_engine_free(engine);
}

static const char *const program[] = { "helm", NULL };
static const struct lua_grants grants = { .exec = program };
static const struct lua_context context = { .point = "before_job" };

static struct lua_source source_of(const char *text)
{
	return (struct lua_source){ .name = "hook.lua", .text = text, .length = strlen(text) };
}

static struct lua_call_options options_of(const struct lua_source *source)
{
	return (struct lua_call_options){
		.engine = engine, .source = source, .context = &context, .host = &host, .grants = &grants
	};
}

static const struct lua_answer greeting = { .code = PIPE_OK, .body = "hello", .length = 5, .status = 200, .headers = "" };

/* Answers every wait with the greeting; at most `most` of them. */
static const struct lua_outcome *drive(struct lua_call *call, int most)
{
	while (lua_call_step(call) == LUA_CALL_WAITS) {
		ck_assert_int_gt(most--, 0);
		ck_assert_int_ge(lua_call_wait(call)->timeout_ms, 0);
		lua_call_answer(call, &greeting);
	}
	return lua_call_outcome(call);
}

static const char *const ends[] = { [LUA_DONE] = "done", [LUA_FAILED] = "failed",   [LUA_BROKEN] = "broken",
				    [LUA_OVER] = "over", [LUA_REFUSED] = "refused", [LUA_CANCELLED] = "cancelled" };

/* "done [1]", "failed hook.lua:3 no way" */
static void show(const struct lua_outcome *o, char *out, size_t size)
{
	char *value = o->value ? json_dumps(o->value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	if (o->end == LUA_DONE)
		snprintf(out, size, "done%s%s%s%s", value ? " " : "", value ? value : "", o->unfit ? " but " : "",
			 o->unfit ? o->unfit : "");
	else
		snprintf(out, size, "%s %s:%u %s", ends[o->end], o->file ? o->file : "-", (unsigned)o->line, o->reason);
	free(value);
}

static void run_with(const struct lua_call_options *options, char *out, size_t size)
{
	struct lua_call *call;
	pipe_error err = { 0 };

	if (lua_call_create(&call, options, &err) != PIPE_OK) {
		snprintf(out, size, "no call %s:%u %s", err.file, err.line, err.text);
		return;
	}
	show(drive(call, 20), out, size);
	lua_call_free(call);
}

static void ends_as(const char *text, const char *expected)
{
	struct lua_source source = source_of(text);
	struct lua_call_options options = options_of(&source);
	char shown[2048];

	run_with(&options, shown, sizeof(shown));
	lua_engine_forget(engine);
	ck_assert_msg(!strcmp(shown, expected), "%s\n  ends as   %s\n  should be %s", text, shown, expected);
}

struct ending {
	const char *text, *expected;
};

static void all_end(const struct ending *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ends_as(list[i].text, list[i].expected);
}
#define ALL_END(list) all_end(list, sizeof(list) / sizeof(*(list)))

/* ---- what is returned ---- */

START_TEST(values_are_taken_over)
{
	static const struct ending list[] = {
		{ "", "done" },
		{ "return", "done" },
		{ "return nil", "done" },
		{ "return 1, 2", "done 1" },
		{ "return 'a', 'b'", "done \"a\"" },
		{ "return { 1, { x = true } }", "done [1,{\"x\":true}]" },
		{ "return {}", "done []" },
		{ "return pipe.json.object({})", "done {}" },
		{ "return { a = pipe.json.null }", "done {\"a\":null}" },
		{ "return 0.5", "done 0.5" },
		{ "return math.maxinteger", "done 9223372036854775807" },
		{ "return 0/0", "done but a number in it is not finite" },
		{ "return print", "done but there is a function in it" },
		{ "return { [3] = 1 }",
		  "done but a table in it has the key 3, and is neither a list (1, 2, 3...) nor has only texts as keys" },
		{ "local t = {} t[1] = t return t", "done but a table in it holds itself" },
		{ "local t = {} for i = 1, 100 do t = { t } end return t", "done but it is more than 64 levels deep" },
		{ "local t = { 1 } for i = 1, 40 do t = { t, t } end return t", "done but it is too large" },
		{ "return '\\xff'", "done but a text in it is not UTF-8" },
		{ "return ctx.point == (...).point, ...", "done true" },
		{ "#!/usr/bin/lua\nreturn 1", "done 1" },
		{ "return _G.ctx == ctx and _G == _ENV", "done true" },
		{ "return host.twice(21)", "done 42" },
		{ "return os.time(), os.date('!%Y-%m-%d')", "done 1764000000" },
		{ "return '10' + 1", "done 11" },
	};

	ALL_END(list);
}
END_TEST

START_TEST(both_values_are_kept)
{
	struct lua_source source = source_of("return false, 'no'");
	struct lua_call_options options = options_of(&source);
	const struct lua_outcome *outcome;
	struct lua_call *call;

	ck_assert_int_eq(lua_call_run(&call, &options, &outcome, NULL), PIPE_OK);
	ck_assert(json_is_false(outcome->value));
	ck_assert_str_eq(json_string_value(outcome->second), "no");
	lua_call_free(call);
}
END_TEST

/* ---- errors of every kind ---- */

START_TEST(errors_have_a_reason_and_a_place)
{
	static const struct ending list[] = {
		{ "\nerror('no')", "failed hook.lua:2 no" },
		{ "error('no', 0)", "failed hook.lua:1 no" },
		{ "local function f() error('no', 2) end\n\nf()", "failed hook.lua:3 no" },
		{ "error()", "failed hook.lua:1 it raised nil as its error, without a reason" },
		{ "error({ reason = 'why' })", "failed hook.lua:1 why" },
		{ "error({})", "failed hook.lua:1 it raised a table as its error, without a reason" },
		{ "error('')", "failed hook.lua:1 it gave no reason" },
		{ "local e = {} e.e = e setmetatable(e, { __index = e, __tostring = function(x) return x.e end }) error(e)",
		  "failed hook.lua:1 it raised a table as its error, whose __tostring failed" },
		{ "error(setmetatable({}, { __tostring = function() return 'told' end }))", "failed hook.lua:1 told" },
		{ "error(setmetatable({}, { __tostring = function() error('again') end }))",
		  "failed hook.lua:1 it raised a table as its error, whose __tostring failed" },
		{ "assert(false, 'no')", "failed hook.lua:1 no" },
		{ "assert(nil)", "failed hook.lua:1 assertion failed!" },
		{ "local t\nreturn t.x", "broken hook.lua:2 attempt to index a nil value (local 't')" },
		{ "pipe.fail('enough')", "failed hook.lua:1 enough" },
		{ "pcall(pipe.fail, 'enough') return 1", "failed hook.lua:1 enough" },
		{ "xpcall(pipe.fail, print, 'enough') return 1", "failed hook.lua:1 enough" },
		{ "coroutine.wrap(function() pipe.fail('enough') end)() return 1", "failed hook.lua:1 enough" },
		{ "coroutine.resume(coroutine.create(pipe.fail), 'enough') return 1", "failed hook.lua:1 enough" },
		{ "pcall(string.gsub, 'x', 'x', function() pipe.fail('enough') end) return 1", "failed hook.lua:1 enough" },
		{ "local ok, e = pcall(error, { 1 }) return ok, e", "done false" },
		{ "return select(2, pcall(error, 'x', 0))", "done \"x\"" },
		{ "return select(2, xpcall(error, function(e) return e .. '!' end, 'x', 0))", "done \"x!\"" },
		{ "return (xpcall(error, function(e) error(e) end, 'x'))", "done false" },
		{ "if x the", "no call hook.lua:1 'then' expected near 'the'" },
		{ "\n\nx = = 1", "no call hook.lua:3 unexpected symbol near '='" },
		{ "\033Lua", "no call hook.lua:0 this is compiled Lua: only text is read" },
		{ "coroutine.yield(1)", "broken hook.lua:1 attempt to yield from outside a coroutine" },
	};

	ALL_END(list);
}
END_TEST

START_TEST(a_refusal_says_what_to_add)
{
	ends_as("pipe.exec({ 'rm', '-rf' })",
		"refused hook.lua:1 running \"rm\" is not allowed; the pipeline file allows it with `lua: {allow: {exec: [rm]}}`");
	ends_as("return (pcall(pipe.exec, { 'rm' }))", "done false");
}
END_TEST

START_TEST(a_traceback_has_files_and_lines)
{
	struct lua_source source = source_of(
		"local function inner() local x = nil; return x() end\nfunction outer()\n  inner()\n  return 1\nend\nouter()\n");
	struct lua_call_options options = options_of(&source);
	const struct lua_outcome *outcome;
	struct lua_call *call;
	pipe_error err;

	source.line = 10;
	ck_assert_int_eq(lua_call_run(&call, &options, &outcome, NULL), PIPE_OK);
	ck_assert_str_eq(outcome->traceback, "hook.lua:11: in function 'inner'\nhook.lua:13: in function 'outer'\n"
					     "hook.lua:16: in the main chunk");
	ck_assert_uint_eq(outcome->line, 11);
	ck_assert_int_eq(lua_outcome_error(outcome, &err), PIPE_EPIPELINE);
	ck_assert_str_eq(err.file, "hook.lua");
	ck_assert_uint_eq(err.line, 11);
	lua_call_free(call);
}
END_TEST

START_TEST(deep_tracebacks_are_cut)
{
	struct lua_source source = source_of(
		"local function f(n) if n == 0 then error('deep') end f(n - 1) return 1 end f(5000)");
	struct lua_call_options options = options_of(&source);
	const struct lua_outcome *outcome;
	struct lua_call *call;
	int lines = 0;

	ck_assert_int_eq(lua_call_run(&call, &options, &outcome, NULL), PIPE_OK);
	ck_assert_ptr_nonnull(strstr(outcome->traceback, "\n... ("));
	for (const char *c = outcome->traceback; *c; c++)
		lines += *c == '\n';
	ck_assert_int_lt(lines, 24);
	lua_call_free(call);
}
END_TEST

START_TEST(long_names_are_told_whole)
{
	static const char name[] = "a/very/long/way/down/into/the/project/where/nobody/ever/looks/for/hooks.lua";
	struct lua_source source = source_of("error('no')");
	struct lua_call_options options = options_of(&source);
	char shown[512];

	source.name = name;
	run_with(&options, shown, sizeof(shown));
	ck_assert_str_eq(shown, "failed a/very/long/way/down/into/the/project/where/nobody/ever/looks/for/hooks.lua:1 no");
}
END_TEST

START_TEST(conditions_are_expressions_or_chunks)
{
	static const struct ending list[] = {
		{ "ctx.point == 'before_job'", "done true" },
		{ "local x = 1\nreturn x", "done 1" },
		{ "ctx.point ==", "no call hook.lua:1 unexpected symbol near <eof>" },
		{ "if x", "no call hook.lua:1 'then' expected near <eof>" },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		struct lua_source source = source_of(list[i].text);
		struct lua_call_options options = options_of(&source);
		char shown[512];

		source.expression = true;
		run_with(&options, shown, sizeof(shown));
		lua_engine_forget(engine);
		ck_assert_str_eq(shown, list[i].expected);
	}
}
END_TEST

START_TEST(checking_runs_nothing)
{
	struct lua_source good = source_of("while true do end"), bad = source_of("\nif x the");
	pipe_error err = { 0 };

	ck_assert_int_eq(lua_engine_check(engine, &good, &err), PIPE_OK);
	ck_assert_int_eq(lua_engine_check(engine, &bad, &err), PIPE_EPIPELINE);
	ck_assert_str_eq(err.file, "hook.lua");
	ck_assert_uint_eq(err.line, 2);
	ck_assert_str_eq(err.text, "'then' expected near 'the'");
}
END_TEST

/* ---- members ---- */

START_TEST(a_member_is_called)
{
	static const struct ending list[] = {
		{ "return { compile = function(c) return c.point end }", "done \"before_job\"" },
		{ "return { compile = function() pipe.sleep(1) return 2 end }", "done 2" },
		{ "return { other = 1 }", "broken hook.lua:0 the table that the file returns has no function \"compile\"" },
		{ "return 1", "broken hook.lua:0 the file must return a table with a function \"compile\" in it" },
		{ "", "broken hook.lua:0 the file must return a table with a function \"compile\" in it" },
		{ "return 1, { compile = print }",
		  "broken hook.lua:0 the file must return a table with a function \"compile\" in it" },
		{ "return { compile = function()\nerror('no') end }", "failed hook.lua:2 no" },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		struct lua_source source = source_of(list[i].text);
		struct lua_call_options options = options_of(&source);
		char shown[512];

		options.member = "compile";
		run_with(&options, shown, sizeof(shown));
		lua_engine_forget(engine);
		ck_assert_str_eq(shown, list[i].expected);
	}
}
END_TEST

/* ---- limits ---- */

static void is_over(const char *text, const struct lua_limits *limits, const char *word)
{
	struct lua_source source = source_of(text);
	struct lua_call_options options = options_of(&source);
	struct lua_call *call;
	const struct lua_outcome *o;

	options.limits = limits;
	ck_assert_int_eq(lua_call_create(&call, &options, NULL), PIPE_OK);
	o = drive(call, 20);
	ck_assert_msg(o->end == LUA_OVER && strstr(o->reason, word), "%s: %s, %s", text, ends[o->end], o->reason);
	ck_assert_int_lt(o->cpu_us, 1500000);
	lua_call_free(call);
	lua_engine_forget(engine);
}

START_TEST(processor_time_is_bounded)
{
	static const char *const texts[] = {
		"while true do end",
		"pcall(function() while true do end end) return 1",
		"xpcall(function() while true do end end, function() while true do end end)",
		"for i = 1, 1e9 do coroutine.wrap(function() end)() end",
		"local function f(n) for i = 1, 30 do coroutine.wrap(function() f(n + 1) end)() end end pcall(f, 1) while true do end",
		"local x <close> = setmetatable({}, { __close = function() while true do end end }) error('x')",
		"error(setmetatable({}, { __tostring = function() while true do end end }))",
		"local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end }) while true do pcall(function() return t[1] end) end",
		"local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) "
		"coroutine.yield() end) coroutine.resume(co) coroutine.close(co)",
		"pcall(load, function() return ' ' end) while true do load(('a and '):rep(100000) .. 'a') end",
		"while true do pcall(require, 'nowhere') end",
	};
	static const struct lua_limits limits = { .cpu_ms = 100 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		is_over(texts[i], &limits, "processor time");
}
END_TEST

START_TEST(memory_is_bounded)
{
	static const char *const texts[] = {
		"local t = {} while true do t[#t + 1] = ('x'):rep(1000) end",
		"local s = 'x' while true do s = s .. s end",
		"pcall(function() local s = 'x' while true do s = s .. s end end) return 1",
		"local t = {} while true do t[#t + 1] = coroutine.create(print) end",
		"local s = ('x'):rep(2^26) return s",
	};
	static const struct lua_limits limits = { .memory_bytes = 8u << 20, .cpu_ms = 1000 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		is_over(texts[i], &limits, "8 MB");
}
END_TEST

START_TEST(time_output_and_waits_are_bounded)
{
	static const struct lua_limits output = { .output_bytes = 1024 }, waits = { .waits = 3 }, wall = { .wall_ms = 20 };

	is_over("while true do print('hello') end", &output, "wrote more than 1 KB");
	is_over("while true do pcall(print, 'hello') end", &output, "wrote more than 1 KB");
	is_over("while true do pipe.sleep(0.001) end", &waits, "3 times");
	is_over("while true do end", &wall, "20 ms of time");
}
END_TEST

START_TEST(recursion_is_bounded)
{
	static const struct ending list[] = {
		{ "local function f(n) coroutine.wrap(f)(n + 1) end return select(2, pcall(f, 1)):match('too many coroutines')",
		  "done \"too many coroutines\"" },
		{ "local function f() return f() + 1 end return (pcall(f))",
		  "over hook.lua:1 its functions called each other too deep: the stack is full" },
		{ "local function f(n) return n == 0 and 0 or 1 + f(n - 1) end return f(3000)", "done 3000" },
		{ "local function f(s) return (s:gsub('.', f)) end return (pcall(f, 'x'))", "done false" },
	};

	ALL_END(list);
}
END_TEST

/* Closing goes into C each time, and Lua does not count it. */
START_TEST(closing_in_closing_is_bounded)
{
	ends_as("local function chain(n)\n"
		"  local below = n > 0 and chain(n - 1) or nil\n"
		"  local co = coroutine.create(function()\n"
		"    local x <close> = setmetatable({}, { __close = function() if below then assert(coroutine.close(below)) end end })\n"
		"    coroutine.yield()\n"
		"  end)\n"
		"  coroutine.resume(co)\n"
		"  return co\n"
		"end\n"
		"local ok = coroutine.close(chain(5000))\n"
		"return ok",
		"done false");
}
END_TEST

/* ---- the wall ---- */

START_TEST(what_is_not_there)
{
	static const struct ending list[] = {
		{ "return io, dofile, loadfile, collectgarbage, package", "done" },
		{ "return os.execute or os.getenv or os.exit or os.remove or debug.getinfo or debug.sethook or string.dump",
		  "done" },
		{ "string.x = 1", "broken hook.lua:1 string is read-only" },
		{ "rawset(string, 'x', 1)", "broken hook.lua:1 rawset: this table is read-only" },
		{ "pipe.json.x = 1", "broken hook.lua:1 pipe.json is read-only" },
		{ "return getmetatable('')", "done false" },
		{ "return getmetatable(string)", "done false" },
		{ "return getmetatable(_G)", "done false" },
		{ "setmetatable(_G, {})", "broken hook.lua:1 cannot change a protected metatable" },
		{ "for k, v in pairs(string) do if k == 'rep' then return v('x', 3) end end", "done \"xxx\"" },
		{ "local f, t = pairs(string) return t", "done" },
		{ "return load('return 1', 'x', 'b')", "done" },
		{ "return select(2, load('return 1', 'x', 'b'))",
		  "done \"load: mode \\\"b\\\": only text is read, never compiled Lua (mode \\\"t\\\")\"" },
		{ "return (load('return x', 'x', 't', { x = 7 }))()", "done 7" },
		{ "x = 5 return load('return x')()", "done 5" },
		{ "return load(function() return nil end)()", "done" },
		{ "local n = 0 return load(function() n = n + 1 return ({ 'return', ' 1', '2' })[n] end)()", "done 12" },
		{ "return select(2, load('x ='))", "done \"[string \\\"x =\\\"]:1: unexpected symbol near <eof>\"" },
		{ "return pcall(load, function() return {} end)", "done false" },
		{ "setmetatable({}, { __gc = print })",
		  "broken hook.lua:1 __gc is not available: finalizers would run outside of the script's limits; use __close and a local "
		  "variable with <close>" },
		{ "local _ENV = { error = error } error('in another world')", "failed hook.lua:1 in another world" },
		{ "_ENV = nil x = 1", "broken hook.lua:1 attempt to index a nil value (upvalue '_ENV')" },
	};

	ALL_END(list);
}
END_TEST

START_TEST(calls_do_not_see_each_other)
{
	struct lua_source first = source_of(
		"assert(x == nil and plain == nil) x = 1 plain = require 'plain' plain.up() print = nil "
		"return plain.up()");
	struct lua_call_options options = options_of(&first);
	char shown[256];

	for (int i = 0; i < 5; i++) {
		run_with(&options, shown, sizeof(shown));
		ck_assert_str_eq(shown, "done 2");
	}
}
END_TEST

START_TEST(a_call_before_does_not_hold_on_to_a_call_after)
{
	struct lua_source keep = source_of("function f() return x end x = 1 return f()");
	struct lua_source read = source_of("return f == nil and x == nil");
	struct lua_call_options first = options_of(&keep), second = options_of(&read);
	char shown[256];

	for (int i = 0; i < 3; i++) {
		run_with(&first, shown, sizeof(shown));
		ck_assert_str_eq(shown, "done 1");
		run_with(&second, shown, sizeof(shown));
		ck_assert_str_eq(shown, "done true");
	}
}
END_TEST

START_TEST(calls_at_once_have_states_of_their_own)
{
	struct lua_source source = source_of("n = (n or 0) + 1 pipe.sleep(1) n = n + 1 return n");
	struct lua_call_options options = options_of(&source);
	struct lua_call *calls[20];

	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(lua_call_create(&calls[i], &options, NULL), PIPE_OK);
		ck_assert_int_eq(lua_call_step(calls[i]), LUA_CALL_WAITS);
	}
	for (int i = 0; i < 20; i++) {
		lua_call_answer(calls[i], &greeting);
		ck_assert_int_eq(lua_call_step(calls[i]), LUA_CALL_ENDED);
		ck_assert_int_eq(json_integer_value(lua_call_outcome(calls[i])->value), 2);
		lua_call_free(calls[i]);
	}
}
END_TEST

/* ---- modules ---- */

START_TEST(modules_are_brought_once_a_call)
{
	static const struct ending list[] = {
		{ "local a, path = require 'plain' a.up() return { require('plain').up(), path }", "done [2,\"lua/plain.lua\"]" },
		{ "local d = require 'gates.deep' return { d.name, d.plain == require 'plain' }", "done [\"gates.deep\",true]" },
		{ "return { require 'nothing', require 'false' }", "done [true,false,\"lua/false.lua\"]" },
		{ "return require 'waits'", "done \"woke\"" },
		{ "require 'one'",
		  "broken lua/two.lua:1 require: modules need each other in a circle: lua/one.lua -> lua/two.lua -> "
		  "lua/one.lua" },
		{ "require 'broken'", "broken lua/broken.lua:2 unexpected symbol near '='" },
		{ "\nrequire 'fails'", "broken lua/fails.lua:3 attempt to index a nil value (local 'x')" },
		{ "pcall(require, 'fails') require 'fails'", "broken lua/fails.lua:3 attempt to index a nil value (local 'x')" },
		{ "require 'nowhere'",
		  "broken hook.lua:1 require: there is no module \"nowhere\" in .pipe/lua/, nor beside hook.lua" },
	};

	ALL_END(list);
}
END_TEST

START_TEST(names_of_modules_are_no_paths)
{
	static const char *const names[] = { "..", "../x", "/etc/passwd", "a/b", "", ".a", "a.", "a..b", "a\\0b", "x y" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char text[128];

		snprintf(text, sizeof(text), "return select(2, pcall(require, '%s')):match('is not the name of a module')",
			 names[i]);
		ends_as(text, "done \"is not the name of a module\"");
	}
}
END_TEST

/* ---- waiting ---- */

START_TEST(scripts_wait_anywhere)
{
	static const struct ending list[] = {
		{ "pipe.sleep(1) return 1", "done 1" },
		{ "return (pcall(pipe.sleep, 1))", "done true" },
		{ "return (xpcall(function() pipe.sleep(1) error('x') end, function(e) return e end))", "done false" },
		{ "return coroutine.wrap(function() pipe.sleep(1) return 7 end)()", "done 7" },
		{ "local co = coroutine.create(function(a) pipe.sleep(1) local b = coroutine.yield(a + 1) pipe.sleep(1) return a + b end)\n"
		  "local _, x = coroutine.resume(co, 1) local _, y = coroutine.resume(co, 10) return { x, y, coroutine.status(co) }",
		  "done [2,11,\"dead\"]" },
		{ "local function deep(n) if n == 0 then pipe.sleep(1) return 'down' end return coroutine.wrap(deep)(n - 1) end return deep(20)",
		  "done \"down\"" },
		{ "for i in (function() pipe.sleep(1) return nil end) do end return 1", "done 1" },
		{ "local t = setmetatable({}, { __index = function() pipe.sleep(1) return 3 end }) return t.x", "done 3" },
		{ "table.sort({ 2, 1 }, function() pipe.sleep(1) end)",
		  "broken hook.lua:1 pipe.sleep cannot wait here (inside of table.sort, string.gsub, __close or the like)" },
		{ "table.sort({ 2, 1 }, function() coroutine.wrap(function() pipe.sleep(1) end)() end)",
		  "broken hook.lua:1 pipe.sleep cannot wait here (inside of table.sort, string.gsub, __close or the like)" },
		{ "return pipe.exec({ 'helm' }).output", "done \"hello\"" },
		{ "return coroutine.isyieldable(), coroutine.running()", "done false" },
		{ "return select(2, coroutine.running())", "done true" },
	};

	ALL_END(list);
}
END_TEST

START_TEST(some_calls_must_not_wait)
{
	struct lua_source source = source_of("pipe.sleep(1)");
	struct lua_call_options options = options_of(&source);
	const struct lua_outcome *outcome;
	struct lua_call *call;

	options.no_waits = "a rule cannot wait";
	ck_assert_int_eq(lua_call_run(&call, &options, &outcome, NULL), PIPE_OK);
	ck_assert_int_eq(outcome->end, LUA_BROKEN);
	ck_assert_str_eq(outcome->reason, "pipe.sleep: a rule cannot wait");
	lua_call_free(call);
}
END_TEST

START_TEST(a_wait_is_no_longer_than_the_call)
{
	static const struct lua_limits limits = { .wall_ms = 500 };
	struct lua_source source = source_of("pipe.sleep(3600)");
	struct lua_call_options options = options_of(&source);
	struct lua_call *call;

	options.limits = &limits;
	ck_assert_int_eq(lua_call_create(&call, &options, NULL), PIPE_OK);
	ck_assert_int_eq(lua_call_step(call), LUA_CALL_WAITS);
	ck_assert_int_le(lua_call_wait(call)->timeout_ms, 500);
	ck_assert_int_gt(lua_call_wait(call)->timeout_ms, 0);
	lua_call_free(call); /* in the middle */
}
END_TEST

START_TEST(what_is_said_comes_step_by_step)
{
	struct lua_source source = source_of("print('one') pipe.warn('two') pipe.sleep(1) print('three', 3)");
	struct lua_call_options options = options_of(&source);
	struct lua_call *call;
	size_t length;
	const char *said;

	ck_assert_int_eq(lua_call_create(&call, &options, NULL), PIPE_OK);
	ck_assert_int_eq(lua_call_step(call), LUA_CALL_WAITS);
	said = lua_call_said(call, &length);
	ck_assert_msg(length == 17 && !memcmp(said, "one\nwarning: two\n", 17), "%s", said);
	lua_call_said(call, &length);
	ck_assert_uint_eq(length, 0);
	lua_call_answer(call, &greeting);
	ck_assert_int_eq(lua_call_step(call), LUA_CALL_ENDED);
	said = lua_call_said(call, &length);
	ck_assert_msg(length == 8 && !memcmp(said, "three\t3\n", 8), "%s", said);
	lua_call_free(call);
}
END_TEST

/* ---- cancelling ---- */

static void *cancel_soon(void *payload)
{
	const struct timespec soon = { 0, 20000000 };

	nanosleep(&soon, NULL);
	lua_call_cancel(payload);
	return NULL;
}

START_TEST(a_step_under_way_is_cancelled)
{
	struct lua_source source = source_of("while true do pcall(function() while true do end end) end");
	struct lua_call_options options = options_of(&source);
	struct lua_call *call;
	pthread_t thread;

	ck_assert_int_eq(lua_call_create(&call, &options, NULL), PIPE_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, call), 0);
	ck_assert_int_eq(lua_call_step(call), LUA_CALL_ENDED);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(lua_call_outcome(call)->end, LUA_CANCELLED);
	lua_call_free(call);
}
END_TEST

START_TEST(a_waiting_one_is_cancelled)
{
	struct lua_source source = source_of("\npcall(pipe.sleep, 1) return 1");
	struct lua_call_options options = options_of(&source);
	struct lua_call *call;

	ck_assert_int_eq(lua_call_create(&call, &options, NULL), PIPE_OK);
	ck_assert_int_eq(lua_call_step(call), LUA_CALL_WAITS);
	lua_call_cancel(call);
	lua_call_answer(call, &greeting);
	ck_assert_int_eq(lua_call_step(call), LUA_CALL_ENDED);
	ck_assert_int_eq(lua_call_outcome(call)->end, LUA_CANCELLED);
	ck_assert_uint_eq(lua_call_outcome(call)->line, 2);
	lua_call_free(call);
}
END_TEST

/* ---- no memory ---- */

struct starving {
	uint64_t count, at; /* at 0: never */
	bool lasting;	    /* from there on, or that one alone */
};

static bool starve(void *payload)
{
	struct starving *s = payload;

	s->count++;
	return s->at && (s->lasting ? s->count >= s->at : s->count == s->at);
}

static const char whole_hook[] =
	"local deep = require 'gates.deep'\n"
	"local t = pipe.json.decode('{\"a\": [1, 2, {\"b\": null}]}')\n"
	"local co = coroutine.wrap(function() pipe.sleep(1) coroutine.yield(deep.plain.up()) return t end)\n"
	"local ok, n = pcall(co)\n"
	"local out = pipe.exec({ 'helm', 'version' }, { env = { A = '1' } })\n"
	"print(ctx.point, n, out.output:rep(20), ('%s'):format(out.ok))\n"
	"return { n = n, text = pipe.json.encode(co()), point = ctx.point, twice = host.twice(2) }\n";

/* Everything that is asked for is refused once, and from there on for good. */
static void starve_everywhere(bool lasting)
{
	struct starving s = { .lasting = lasting };
	char shown[512];
	bool done = false;

	for (uint64_t n = 1; !done; n++) {
		struct lua_source source = source_of(whole_hook);
		struct lua_call_options options = options_of(&source);

		s = (struct starving){ .at = n, .lasting = lasting };
		options.engine = new_engine(starve, &s);
		run_with(&options, shown, sizeof(shown));
		lua_engine_free(options.engine);
		done = s.count < n;
		if (!strstr(shown, "out of memory"))
			ck_assert_msg(!strncmp(shown, "done {\"n\":1,", 12), "allocation %llu: %s", (unsigned long long)n, shown);
		if (lasting && !done)
			ck_assert_msg(strstr(shown, "out of memory") != NULL, "allocation %llu: %s", (unsigned long long)n,
				      shown);
		ck_assert_uint_lt(n, 100000);
	}
	ck_assert_msg(!strncmp(shown, "done", 4), "%s", shown);
}

START_TEST(one_allocation_fails)
{
	starve_everywhere(false);
}
END_TEST

START_TEST(all_allocations_fail_from_there_on)
{
	starve_everywhere(true);
}
END_TEST

Suite *lua_call_suite(void)
{
	const struct {
		const char *name;
		const TTest *tests[12];
	} cases[] = {
		{ "values",
		  { values_are_taken_over, both_values_are_kept, a_member_is_called, conditions_are_expressions_or_chunks } },
		{ "errors",
		  { errors_have_a_reason_and_a_place, a_refusal_says_what_to_add, a_traceback_has_files_and_lines,
		    deep_tracebacks_are_cut, long_names_are_told_whole, checking_runs_nothing } },
		{ "limits",
		  { processor_time_is_bounded, memory_is_bounded, time_output_and_waits_are_bounded, recursion_is_bounded,
		    closing_in_closing_is_bounded } },
		{ "wall",
		  { what_is_not_there, calls_do_not_see_each_other, a_call_before_does_not_hold_on_to_a_call_after,
		    calls_at_once_have_states_of_their_own } },
		{ "modules", { modules_are_brought_once_a_call, names_of_modules_are_no_paths } },
		{ "waits",
		  { scripts_wait_anywhere, some_calls_must_not_wait, a_wait_is_no_longer_than_the_call,
		    what_is_said_comes_step_by_step, a_step_under_way_is_cancelled, a_waiting_one_is_cancelled } },
		{ "memory", { one_allocation_fails, all_allocations_fail_from_there_on } },
	};
	Suite *suite = suite_create("lua_call");

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		TCase *tcase = tcase_create(cases[i].name);

		tcase_add_checked_fixture(tcase, set_up, tear_down);
		tcase_set_timeout(tcase, 60);
		for (size_t k = 0; k < 12 && cases[i].tests[k]; k++)
			tcase_add_test(tcase, cases[i].tests[k]);
		suite_add_tcase(suite, tcase);
	}
	return suite;
}

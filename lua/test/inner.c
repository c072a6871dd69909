/* pipe.test.call and its kin: a call is made over the test's fixture and driven to its end, at once. */
#include "lua/test/inner.h"

#include "base/error.h"
#include "lua/pipeline/pipeline.h"
#include "lua/stage/stage.h"
#include "pipeline/limits.h"

#include <string.h>

/* ---- opening, clearing ---- */

static int clear(lua_State *L)
{
	struct inner *in = lua_touserdata(L, 1);

	lua_call_free(in->call);
	in->call = NULL;
	fixture_free(in->fixture);
	in->fixture = NULL;
	json_decref(in->document);
	json_decref(in->value);
	in->document = in->value = NULL;
	str_clear(&in->log);
	str_clear(&in->text);
	arena_clear(&in->arena);
	return 0;
}

struct inner *inner_open(lua_State *L, const char *what, const char *const *more_options)
{
	struct inner *in;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, SLOT_OPTIONS);
	in = lua_newuserdatauv(L, sizeof(*in), 0);
	memset(in, 0, sizeof(*in));
	in->L = L;
	in->what = what;
	in->file = test_file_of(L);
	str_init(&in->log);
	str_init(&in->text);
	lua_createtable(L, 0, 2);
	lua_pushcfunction(L, clear);
	lua_setfield(L, -2, "__close");
	lua_pushcfunction(L, clear);
	lua_setfield(L, -2, "__gc");
	lua_setmetatable(L, SLOT_INNER);
	lua_toclose(L, SLOT_INNER);
	while (lua_gettop(L) < SLOT_TOP)
		lua_newtable(L);
	inner_read_options(in, more_options);
	lua_settop(L, SLOT_TOP);
	return in;
}

/* ---- the call ---- */

static void take_said(struct inner *in)
{
	size_t length;
	const char *said = lua_call_said(in->call, &length);

	str_add(&in->log, said, length);
}

const struct lua_outcome *inner_run(struct inner *in, const char *member)
{
	const struct lua_test_options *o = &in->file->suite->options;
	const struct lua_call_options options = { .engine = o->engine,
						  .source = in->source,
						  .member = member,
						  .context = &in->context,
						  .host = fixture_host(in->fixture),
						  .grants = &in->grants,
						  .limits = o->script_limits,
						  .no_waits = in->no_waits };
	pipe_error err = { 0 };

	if (lua_call_create(&in->call, &options, &err)) {
		if (*err.file)
			luaL_error(in->L, "%s: %s:%d: %s", in->what, err.file, (int)err.line, err.text);
		luaL_error(in->L, "%s: %s", in->what, err.text);
	}
	while (lua_call_step(in->call) == LUA_CALL_WAITS) {
		take_said(in);
		inner_answer(in, lua_call_wait(in->call));
	}
	take_said(in);
	return lua_call_outcome(in->call);
}

void inner_next(struct inner *in)
{
	lua_call_free(in->call);
	in->call = NULL;
}

/* ---- the result ---- */

static void set_json(lua_State *L, const char *name, const json_t *value)
{
	if (!value)
		return;
	value_push_json(L, value);
	lua_setfield(L, -2, name);
}

static void set_text(lua_State *L, const char *name, const char *text)
{
	if (!text)
		return;
	lua_pushstring(L, text);
	lua_setfield(L, -2, name);
}

static const char *end_name(enum lua_end end)
{
	static const char *const names[] = { [LUA_DONE] = "done", [LUA_FAILED] = "failed",   [LUA_BROKEN] = "broken",
					     [LUA_OVER] = "over", [LUA_REFUSED] = "refused", [LUA_CANCELLED] = "cancelled" };

	return names[end];
}

/* Did it come out well: what a gate says with its values, or any other script by coming to its end. */
static bool is_ok(const struct inner *in, const struct lua_outcome *o)
{
	const json_t *ok = json_is_object(o->value) ? json_object_get(o->value, "ok") : o->value;
	const char *verdict = json_string_value(json_object_get(o->value, "verdict"));

	if (o->end != LUA_DONE)
		return false;
	if (verdict)
		return strcmp(verdict, "fail") != 0;
	if (json_is_boolean(ok))
		return json_is_true(ok);
	/* A gate has to say so; the point is "gate" too where nobody said what it is. */
	return !json_object_get(in->document, "point") || strcmp(in->context.point, "gate") != 0;
}

/* Why: as the call ended, or as the gate says. */
static const char *reason_of(const struct lua_outcome *o)
{
	if (o->reason)
		return o->reason;
	if (json_is_string(o->second))
		return json_string_value(o->second);
	if (json_object_get(o->value, "reason"))
		return json_string_value(json_object_get(o->value, "reason"));
	return json_string_value(json_object_get(o->value, "detail"));
}

/* Lines of pipe.warn, without the word in front. */
static void set_warnings(lua_State *L, const struct str *log)
{
	static const char word[] = "warning: ";
	const char *at = log->data, *end;
	lua_Integer count = 0;

	lua_newtable(L);
	for (; *at; at = end + (*end != '\0')) {
		end = at + strcspn(at, "\n");
		if (strncmp(at, word, sizeof(word) - 1) != 0)
			continue;
		lua_pushlstring(L, at + sizeof(word) - 1, (size_t)(end - at) - (sizeof(word) - 1));
		lua_rawseti(L, -2, ++count);
	}
	lua_setfield(L, -2, "warnings");
}

static void set_slot(lua_State *L, const char *name, int slot)
{
	lua_pushvalue(L, slot);
	lua_setfield(L, -2, name);
}

void inner_push_result(struct inner *in, const struct lua_outcome *o)
{
	lua_State *L = in->L;

	lua_newtable(L);
	lua_pushboolean(L, is_ok(in, o));
	lua_setfield(L, -2, "ok");
	set_text(L, "ended", end_name(o->end));
	set_json(L, "value", o->value);
	set_json(L, "second", o->second);
	set_text(L, "reason", reason_of(o));
	set_text(L, "traceback", o->traceback);
	set_text(L, "file", o->file);
	if (o->line) {
		lua_pushinteger(L, o->line);
		lua_setfield(L, -2, "line");
	}
	lua_pushlstring(L, in->log.data, in->log.length);
	lua_setfield(L, -2, "log");
	set_warnings(L, &in->log);
	set_slot(L, "requests", SLOT_REQUESTS);
	set_slot(L, "commands", SLOT_COMMANDS);
	set_slot(L, "mails", SLOT_MAILS);
	set_json(L, "metrics", fixture_metrics(in->fixture));
	set_json(L, "findings", fixture_findings(in->fixture));
	set_json(L, "annotations", fixture_annotations(in->fixture));
	lua_pushnumber(L, (double)in->slept_ms / 1000);
	lua_setfield(L, -2, "slept");
}

/* ---- pipe.test.call ---- */

static int test_call(lua_State *L)
{
	static const char *const more[] = { "member", NULL };
	struct inner *in = inner_open(L, "pipe.test.call", more);

	inner_push_result(in, inner_run(in, inner_text(in, "member")));
	return 1;
}

/* ---- pipe.test.stage ---- */

/* The steps that evaluate sees, as a member of ctx; false: none are given, it is compile alone that is tested. */
static bool put_steps(struct inner *in)
{
	lua_State *L = in->L;
	const char *why = NULL;
	json_t *extra;

	if (lua_getfield(L, SLOT_OPTIONS, "steps") == LUA_TNIL) {
		lua_pop(L, 1);
		return false;
	}
	json_decref(in->value);
	in->value = value_to_json(L, -1, &why);
	lua_pop(L, 1);
	if (!in->value)
		luaL_error(L, "%s: steps: %s", in->what, why ? why : "they cannot be taken");
	extra = in->context.extra ? json_copy((json_t *)(uintptr_t)in->context.extra) : json_object();
	if (!extra || json_object_set(extra, "steps", in->value) || json_object_set_new(in->document, "ctx", extra))
		luaL_error(L, "out of memory");
	in->context.extra = json_object_get(in->document, "ctx");
	return true;
}

/* Puts a function's result into the table at the top, and what it comes to so far beside it. */
static void set_stage_result(struct inner *in, const char *name, const struct lua_outcome *o)
{
	lua_State *L = in->L;

	inner_push_result(in, o);
	lua_setfield(L, -2, name);
	lua_pushboolean(L, is_ok(in, o));
	lua_setfield(L, -2, "ok");
	set_text(L, "reason", reason_of(o));
}

/* ctx.with gets the defaults of the type's parameters.  NULL, or what is wrong with the type; in the test's arena. */
static const char *fill_in(struct inner *in)
{
	const struct lua_test_options *o = &in->file->suite->options;
	struct lua_stage_world *world = ARENA_NEW(&in->arena, struct lua_stage_world);
	const struct mark at = { 1, 1, 0 };
	const struct stage_type *type;
	struct sources sources = { 0 };
	struct diagnostics d;

	if (!world)
		luaL_error(in->L, "out of memory");
	*world = (struct lua_stage_world){ o->engine, &in->grants, o->script_limits, fixture_host(in->fixture) };
	diagnostics_init(&d, &in->arena, &sources);
	type = lua_stage_load(in->source, world, at, &in->arena, &d);
	if (!type)
		return d.list.count ? d.list.items[0].message : "out of memory";
	in->context.with = lua_stage_with(type, in->context.with, at, &in->arena);
	if (!in->context.with)
		luaL_error(in->L, "out of memory");
	return NULL;
}

/* Both functions of a stage type, one after the other, as a job of that type calls them. */
static int test_stage(lua_State *L)
{
	static const char *const more[] = { "steps", NULL };
	struct inner *in = inner_open(L, "pipe.test.stage", more);
	static const struct lua_job_facts some_job = {
		.name = "job", .base = "job", .attempt = 1, .exit_code = -1, .duration_ms = -1
	};
	const struct lua_outcome *o;
	const char *wrong;

	lua_newtable(L);
	if (!in->context.job)
		in->context.job = &some_job;
	wrong = fill_in(in);
	in->context.point = "compile";
	in->no_waits = "a stage's compile() cannot wait: what takes long is a step";
	o = inner_run(in, "compile");
	if (wrong && o->end == LUA_DONE)
		return luaL_error(L, "%s: %s", in->what, wrong);
	set_stage_result(in, "compile", o);
	if (o->end == LUA_DONE)
		set_json(L, "compiled", o->value);
	if (o->end != LUA_DONE || !put_steps(in))
		return 1;
	inner_next(in);
	in->context.point = "evaluate";
	in->no_waits = NULL;
	set_stage_result(in, "result", inner_run(in, "evaluate"));
	return 1;
}

/* ---- pipe.test.pipeline ---- */

static int test_pipeline(lua_State *L)
{
	struct inner *in = inner_open(L, "pipe.test.pipeline", NULL);
	const struct lua_test_options *o = &in->file->suite->options;
	pipe_limits limits = { 0 };
	struct lua_pipeline_options options = { .engine = o->engine,
						.source = in->source,
						.context = &in->context,
						.host = fixture_host(in->fixture),
						.grants = &in->grants,
						.limits = o->script_limits,
						.pipeline_limits = &limits };
	struct sources sources = { 0 };
	struct diagnostics d;
	struct node *jobs;

	limits_default(&limits);
	diagnostics_init(&d, &in->arena, &sources);
	if (sources_add(&sources, &in->arena,
			(struct source){ .name = in->source->name, .text = in->source->text, .length = in->source->length }) < 0)
		return luaL_error(L, "out of memory");
	jobs = lua_pipeline_load(&options, &in->arena, &d);
	lua_newtable(L);
	lua_pushboolean(L, jobs && !d.errors);
	lua_setfield(L, -2, "ok");
	if (jobs) {
		value_push_node(L, jobs, NULL);
		lua_setfield(L, -2, "jobs");
	}
	if (d.list.count)
		set_text(L, "reason", d.list.items[0].message);
	diagnostics_text(&d, &in->text, false);
	lua_pushlstring(L, in->text.data, in->text.length);
	lua_setfield(L, -2, "log");
	return 1;
}

void test_push_library(lua_State *L, struct test_file *file)
{
	static const luaL_Reg functions[] = {
		{ "call", test_call }, { "stage", test_stage }, { "pipeline", test_pipeline }, { NULL, NULL }
	};

	lua_newtable(L);
	lua_pushlightuserdata(L, file);
	luaL_setfuncs(L, functions, 1);
}

/*
 * describe, it and their like: a file's groups and tests, and how they are run.
 *
 * The file's functions are kept in a table of its call (upvalue 2 of each function of the library); what C holds are their numbers.  A test
 * is called protected; an error that no test may catch (a limit is over, pipe.fail) is raised again and ends the file.
 */
#include "base/error.h"
#include "lua/test/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { UNITS_MOST = 100000, DEPTH_MOST = 50 };

static int64_t clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- collecting ---- */

/* Keeps the function at the index; its number. */
static int keep_function(lua_State *L, struct test_file *file, int index)
{
	lua_pushvalue(L, index);
	lua_rawseti(L, lua_upvalueindex(2), ++file->functions);
	return file->functions;
}

static struct unit *add_unit(lua_State *L, struct test_file *file, const char *name)
{
	struct unit *u, *parent = file->group;
	lua_Debug ar;

	if (file->running)
		luaL_error(L, "a test cannot have tests in it");
	if (++file->units > UNITS_MOST || parent->depth >= DEPTH_MOST)
		luaL_error(L, "too many tests in a file (%d), or groups in groups (%d)", UNITS_MOST, DEPTH_MOST);
	u = ARENA_NEW(&file->arena, struct unit);
	if (!u || !(u->name = arena_strdup(&file->arena, name)))
		luaL_error(L, "out of memory");
	u->parent = parent;
	u->depth = parent->depth + 1;
	if (parent->last)
		parent->last->next = u;
	else
		parent->first = u;
	parent->last = u;
	if (lua_getstack(L, 1, &ar) && lua_getinfo(L, "l", &ar) && ar.currentline > 0)
		u->line = (uint32_t)ar.currentline;
	return u;
}

static int describe(lua_State *L)
{
	struct test_file *file = test_file_of(L);
	struct unit *u;

	luaL_checkstring(L, 1);
	luaL_checktype(L, 2, LUA_TFUNCTION);
	u = add_unit(L, file, lua_tostring(L, 1));
	u->is_group = true;
	file->group = u;
	lua_settop(L, 2);
	lua_call(L, 0, 0);
	file->group = u->parent;
	return 0;
}

static int it(lua_State *L)
{
	struct test_file *file = test_file_of(L);

	luaL_checkstring(L, 1);
	if (!lua_isnoneornil(L, 2))
		luaL_checktype(L, 2, LUA_TFUNCTION);
	add_unit(L, file, lua_tostring(L, 1))->function = lua_isnoneornil(L, 2) ? 0 : keep_function(L, file, 2);
	return 0;
}

static int pending(lua_State *L)
{
	luaL_checkstring(L, 1);
	add_unit(L, test_file_of(L), lua_tostring(L, 1));
	return 0;
}

static int add_around(lua_State *L, bool before)
{
	struct test_file *file = test_file_of(L);
	int *number;

	luaL_checktype(L, 1, LUA_TFUNCTION);
	if (file->running)
		luaL_error(L, "a test cannot have %s in it", before ? "before_each" : "after_each");
	number = before ? vec_push(&file->arena, &file->group->before) : vec_push(&file->arena, &file->group->after);
	if (!number)
		luaL_error(L, "out of memory");
	*number = keep_function(L, file, 1);
	return 0;
}

static int before_each(lua_State *L)
{
	return add_around(L, true);
}

static int after_each(lua_State *L)
{
	return add_around(L, false);
}

/* ---- telling ---- */

static const char *line_of(const struct lua_source *source, uint32_t line, size_t *length)
{
	const char *at = source->text, *end = at + source->length, *next;

	for (; line > 1 && at; line--) {
		next = memchr(at, '\n', (size_t)(end - at));
		at = next ? next + 1 : NULL;
	}
	if (!at || !line)
		return NULL;
	next = memchr(at, '\n', (size_t)(end - at));
	*length = (size_t)((next ? next : end) - at);
	return at;
}

static void add_failure(const struct test_file *file, struct lua_test_case *one)
{
	const struct failure *f = file->failure;

	one->message = f->message.data;
	one->traceback = f->traceback.length ? f->traceback.data : NULL;
	one->where = f->line ? f->file : NULL;
	one->where_line = f->line;
	if (f->line && !strcmp(f->file, file->source->name))
		one->text = line_of(file->source, f->line, &one->text_length);
}

static void tell(struct test_file *file, const struct lua_test_case *one)
{
	if (!file->stopped && file->each(file->payload, one))
		file->stopped = true;
}

/* The file as a whole is wrong. */
static void tell_broken(struct test_file *file)
{
	struct lua_test_case one = { .file = file->source->name, .state = LUA_TEST_BROKEN };

	add_failure(file, &one);
	file->told_broken = true;
	tell(file, &one);
}

/* ---- running ---- */

/* Calls a function that was kept; false: it failed, and file->failure says how. */
static bool call_kept(lua_State *L, int number)
{
	int status;

	lua_pushlightuserdata(L, test_file_of(L));
	lua_pushcclosure(L, test_failure, 1);
	lua_rawgeti(L, lua_upvalueindex(2), number);
	status = lua_pcall(L, 0, 0, -2);
	budget_check(L);
	if (status == LUA_ERRMEM)
		budget_starve(L);
	lua_settop(L, status == LUA_OK ? -2 : -3);
	return status == LUA_OK;
}

/* before_each of the groups from the outermost one in. */
static bool call_before(lua_State *L, const struct unit *test)
{
	const struct unit *groups[DEPTH_MOST + 2];
	unsigned count = 0;

	for (const struct unit *g = test->parent; g; g = g->parent)
		groups[count++] = g;
	while (count--)
		for (uint32_t i = 0; i < groups[count]->before.count; i++)
			if (!call_kept(L, groups[count]->before.items[i]))
				return false;
	return true;
}

/* All of them, whatever fails: what is told is what failed first. */
static bool call_after(lua_State *L, const struct unit *test, bool passed)
{
	struct test_file *file = test_file_of(L);

	for (const struct unit *g = test->parent; g; g = g->parent)
		for (uint32_t i = 0; i < g->after.count; i++) {
			file->failure = passed ? &file->first : &file->later;
			passed = call_kept(L, g->after.items[i]) && passed;
		}
	file->failure = &file->first;
	return passed;
}

static bool is_wanted(const struct test_file *file, const struct unit *test, struct str *name)
{
	const char *filter = file->suite->options.filter;
	const struct unit *way[DEPTH_MOST + 2];
	unsigned count = 0;

	if (!filter)
		return true;
	str_reset(name);
	for (const struct unit *u = test; u->parent; u = u->parent)
		way[count++] = u;
	while (count--) {
		str_adds(name, way[count]->name);
		if (count)
			str_addc(name, ' ');
	}
	return strstr(name->data, filter) != NULL;
}

static void run_test(lua_State *L, struct test_file *file, const struct unit *test)
{
	struct lua_test_case one = {
		.file = file->source->name, .name = test->name, .line = test->line, .state = LUA_TEST_PENDING
	};
	const char *groups[DEPTH_MOST + 2] = { NULL };
	struct str *said = &guest_of(L)->call->said;
	const size_t said_before = said->length;
	const int64_t from = clock_us();
	unsigned at = test->depth - 1;

	for (const struct unit *g = test->parent; g->parent; g = g->parent)
		groups[--at] = g->name;
	one.groups = groups;
	if (test->function) {
		bool passed = call_before(L, test) && call_kept(L, test->function);

		passed = call_after(L, test, passed);
		one.state = passed ? LUA_TEST_PASSED : LUA_TEST_FAILED;
	}
	one.duration_us = clock_us() - from;
	if (one.state == LUA_TEST_FAILED) {
		add_failure(file, &one);
		one.said = said->data + said_before;
		one.said_length = said->length - said_before;
	}
	tell(file, &one);
}

int test_run_units(lua_State *L)
{
	struct test_file *file = test_file_of(L);
	const struct unit *u = file->root.first;

	file->running = true;
	while (u && !file->stopped) {
		if (!u->is_group && is_wanted(file, u, &file->scratch))
			run_test(L, file, u);
		if (u->first) {
			u = u->first;
			continue;
		}
		while (u->parent && !u->next)
			u = u->parent;
		u = u->next;
	}
	return 0;
}

/* ---- the file ---- */

/* The body of the call: compiles the file, calls it, runs its tests.  Upvalues: the file, its functions, the globals. */
static int run_file(lua_State *L)
{
	struct test_file *file = test_file_of(L);
	int status;

	lua_pushnil(L);
	lua_setfield(L, lua_upvalueindex(3), "__run");
	lua_pushlightuserdata(L, file);
	lua_pushcclosure(L, test_failure, 1);
	lua_pushfstring(L, "@%s", file->source->name);
	status = luaL_loadbufferx(L, file->source->text, file->source->length, lua_tostring(L, -1), "t");
	lua_remove(L, -2);
	if (status == LUA_OK) {
		lua_pushvalue(L, lua_upvalueindex(3));
		lua_setupvalue(L, -2, 1);
		status = lua_pcall(L, 0, 0, -2);
	} else { /* it was checked before: memory ran out */
		lua_error(L);
	}
	budget_check(L);
	if (status == LUA_ERRMEM)
		budget_starve(L);
	lua_settop(L, 0);
	if (status != LUA_OK) {
		tell_broken(file);
		return 0;
	}
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushvalue(L, lua_upvalueindex(2));
	lua_pushcclosure(L, test_run_units, 2);
	lua_call(L, 0, 0);
	return 0;
}

static int unknown_member(lua_State *L)
{
	lua_pushvalue(L, 2);
	lua_gettable(L, lua_upvalueindex(1)); /* the library's own door, which complains of what it does not have */
	return 1;
}

/* The library's `pipe` with `test` in it. */
static void push_pipe(lua_State *L, int globals, struct test_file *file)
{
	lua_createtable(L, 0, 1);
	test_push_library(L, file);
	lua_setfield(L, -2, "test");
	lua_createtable(L, 0, 1);
	lua_getfield(L, globals, "pipe");
	lua_pushcclosure(L, unknown_member, 1);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
}

static void add_globals(lua_State *L, void *payload)
{
	static const luaL_Reg functions[] = { { "describe", describe },	    { "it", it },
					      { "pending", pending },	    { "before_each", before_each },
					      { "after_each", after_each }, { NULL, NULL } };
	struct test_file *file = payload;
	const int globals = lua_gettop(L);

	lua_newtable(L);
	for (const luaL_Reg *f = functions; f->name; f++) {
		lua_pushlightuserdata(L, file);
		lua_pushvalue(L, globals + 1);
		lua_pushcclosure(L, f->func, 2);
		lua_setfield(L, globals, f->name);
	}
	test_push_assert(L, file);
	lua_setfield(L, globals, "assert");
	push_pipe(L, globals, file);
	lua_setfield(L, globals, "pipe");
	lua_pushlightuserdata(L, file);
	lua_pushvalue(L, globals + 1);
	lua_pushvalue(L, globals);
	lua_pushcclosure(L, run_file, 3);
	lua_setfield(L, globals, "__run");
	lua_settop(L, globals);
}

/* The call ended outside of any test: beyond a limit, or by pipe.fail. */
static void tell_outcome(struct test_file *file, const struct lua_outcome *o)
{
	struct failure *f = file->failure;

	str_reset(&f->message);
	str_reset(&f->traceback);
	str_adds(&f->message, o->reason ? o->reason : "it failed");
	str_adds(&f->traceback, o->traceback ? o->traceback : "");
	f->line = o->file ? o->line : 0;
	snprintf(f->file, sizeof(f->file), "%s", o->file ? o->file : "");
	tell_broken(file);
}

static int64_t now(void *payload)
{
	struct timespec t;

	(void)payload;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int run_call(struct test_file *file, pipe_error *err)
{
	struct lua_source *body = ARENA_NEW(&file->suite->arena, struct lua_source);
	const struct lua_test_options *o = &file->suite->options;
	const struct lua_context context = { .point = "test" };
	const struct lua_grants grants = { .all = ~0u }; /* whatever it asks for, it is told that a test does not wait */
	const struct lua_host host = { .now_ms = now };
	const struct lua_call_options options = { .engine = o->engine,
						  .source = body,
						  .context = &context,
						  .host = &host,
						  .grants = &grants,
						  .limits = o->limits,
						  .no_waits = "a test does not wait: what it tests does, in pipe.test.call",
						  .globals = add_globals,
						  .globals_payload = file };
	const struct lua_outcome *outcome;
	struct lua_call *call = NULL;
	int rc;

	if (!body)
		return error_nomem(err);
	/* Its name is the file's, so that `require` finds what is beside it. */
	*body = (struct lua_source){ .name = file->source->name, .text = "__run()", .length = sizeof("__run()") - 1 };
	rc = lua_call_run(&call, &options, &outcome, err);
	if (!rc && outcome->end != LUA_DONE && !file->told_broken)
		tell_outcome(file, outcome);
	lua_call_free(call);
	return rc;
}

static void init_failure(struct failure *f)
{
	str_init(&f->message);
	str_init(&f->traceback);
}

static void clear_failure(struct failure *f)
{
	str_clear(&f->message);
	str_clear(&f->traceback);
}

/* What a file that is not Lua is told as. */
static void tell_syntax(struct test_file *file, const pipe_error *err)
{
	struct failure *f = file->failure;

	str_adds(&f->message, err->text);
	snprintf(f->file, sizeof(f->file), "%s", *err->file ? err->file : file->source->name);
	f->line = err->line;
	tell_broken(file);
}

int lua_test_run(struct lua_test_suite *suite, const struct lua_source *source,
		 int (*each)(void *payload, const struct lua_test_case *one), void *payload, pipe_error *err)
{
	struct test_file file = { .suite = suite, .source = source, .each = each, .payload = payload };
	pipe_error wrong = { 0 };
	int rc;

	file.group = &file.root;
	file.root.is_group = true;
	str_init(&file.scratch);
	init_failure(&file.first);
	init_failure(&file.later);
	file.failure = &file.first;
	rc = lua_engine_check(suite->options.engine, source, &wrong);
	if (rc == PIPE_EPIPELINE) {
		tell_syntax(&file, &wrong);
		rc = PIPE_OK;
	} else if (!rc) {
		rc = run_call(&file, err);
	} else if (err) {
		*err = wrong;
	}
	str_clear(&file.scratch);
	clear_failure(&file.first);
	clear_failure(&file.later);
	arena_clear(&file.arena);
	return rc;
}

/* ---- the suite ---- */

int lua_test_suite_create(struct lua_test_suite **out, const struct lua_test_options *options, pipe_error *err)
{
	struct lua_test_suite *s = calloc(1, sizeof(*s));

	*out = s;
	if (!s)
		return error_nomem(err);
	s->options = *options;
	return PIPE_OK;
}

void lua_test_suite_free(struct lua_test_suite *suite)
{
	if (!suite)
		return;
	for (uint32_t i = 0; i < suite->documents.count; i++)
		json_decref(suite->documents.items[i]);
	arena_clear(&suite->arena);
	free(suite);
}

/*
 * Loading a stage type of a team's own: the file is run once, and the table that it returns becomes a struct stage_type.  The functions in
 * the table stay with the file: each call of compile or evaluate runs it anew, in a state of its own.
 */
#include "base/error.h"
#include "lua/guest.h"
#include "lua/stage/inside.h"
#include "pipeline/lua_code.h"

#include <string.h>

static const char *const members[] = { "help", "example", "parameters", "tools", "compile", "evaluate", NULL };

struct loading {
	struct lua_type *type;
	struct lua_call *call;
	struct arena *arena;
	json_t *table; /* what is not a function */
	const char *wrong;
	bool compiles, read;
};

/* ---- out of Lua ---- */

static bool is_member(const char *name)
{
	for (const char *const *m = members; *m; m++)
		if (!strcmp(*m, name))
			return true;
	return false;
}

/* The function on the top: where it stands. */
static void take_function(struct loading *x, lua_State *L, const char *name)
{
	bool compiles = !strcmp(name, "compile");
	lua_Debug where;

	lua_pushvalue(L, -1);
	lua_getinfo(L, ">S", &where);
	*(compiles ? &x->compiles : &x->type->evaluates) = true;
	*(compiles ? &x->type->compile_line : &x->type->evaluate_line) = where.linedefined > 0 ? (uint32_t)where.linedefined : 0;
}

/* The member on the top, whose key is below it. */
static const char *take_member(struct loading *x, lua_State *L)
{
	const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL, *why = NULL;
	json_t *value;

	if (!name)
		return "the table that the file returns is a list; it has names such as compile";
	if (!is_member(name))
		return arena_printf(x->arena, "the table that the file returns has a member \"%.60s\", which means nothing%s",
				    name, value_nearest(x->arena, name, members));
	if (!strcmp(name, "compile") || !strcmp(name, "evaluate")) {
		if (lua_type(L, -1) != LUA_TFUNCTION)
			return arena_printf(x->arena, "%s must be a function", name);
		take_function(x, L, name);
		return NULL;
	}
	value = value_to_json(L, -1, &why);
	if (!value)
		return arena_printf(x->arena, "%s cannot be taken: %s", name, why ? why : "there is no memory");
	return json_object_set_new(x->table, name, value) ? "there is no memory for its table" : NULL;
}

/* Protected; what the file returned stands on the call's coroutine. */
static int read_table(lua_State *L)
{
	struct loading *x = lua_touserdata(L, 1);
	lua_State *from = x->call->thread;

	x->read = true;
	if (lua_gettop(from) < 1 || lua_type(from, 1) != LUA_TTABLE) {
		x->wrong = "the file must return a table, with a function compile in it";
		return 0;
	}
	lua_pushvalue(from, 1);
	lua_xmove(from, L, 1);
	lua_pushnil(L);
	while (!x->wrong && lua_next(L, 2)) {
		x->wrong = take_member(x, L);
		lua_pop(L, 1);
	}
	if (!x->wrong && !x->compiles)
		x->wrong = "the table that the file returns has no function compile";
	return 0;
}

/* ---- into a type ---- */

static bool describe(struct loading *x, struct mark at, struct diagnostics *d, struct reading_value *r)
{
	struct stage_type *t = &x->type->type;

	t->uses.name = x->type->source->name;
	t->uses.help = "a type of stage of this project";
	t->uses.since = "";
	t->compile = lua_stage_compile;
	t->react = x->type->evaluates ? lua_stage_react : NULL;
	t->evaluate = x->type->evaluates ? lua_stage_evaluate : NULL;
	t->quick = !x->type->evaluates;
	return value_text(r, x->table, "the table", "help", &t->uses.help) &&
	       value_text(r, x->table, "the table", "example", &t->uses.example) &&
	       stage_parameters(x->type, json_object_get(x->table, "parameters"), at, d, r) &&
	       stage_tools(x->type, json_object_get(x->table, "tools"), r);
}

/* Taking its table over is a part of the call, and within its limits. */
static bool take_table(struct loading *x, struct mark at, struct diagnostics *d, pipe_error *err)
{
	struct reading_value r = {
		.arena = x->arena, .file = x->type->source->name, .line = x->type->source->line + 1, .err = err
	};
	int status;

	budget_enter(x->call->guest);
	status = guest_protected(x->call->guest, read_table, x);
	budget_leave(x->call->guest);
	if (x->wrong)
		return value_wrong(&r, "%s", x->wrong);
	if (status != LUA_OK || !x->read)
		return value_wrong(&r, "the table that the file returns is too much for the limits of a call");
	return describe(x, at, d, &r);
}

static bool run_file(struct loading *x, struct mark at, struct diagnostics *d, pipe_error *err)
{
	const struct lua_stage_world *w = x->type->world;
	const struct lua_context context = { .point = "stage" };
	const struct lua_call_options o = { .engine = w->engine,
					    .source = x->type->source,
					    .context = &context,
					    .host = w->host,
					    .grants = w->grants,
					    .limits = w->limits,
					    .no_waits = "the file of a stage type cannot wait" };
	const struct lua_outcome *outcome = NULL;

	if (lua_call_run(&x->call, &o, &outcome, err))
		return false;
	if (outcome->end == LUA_DONE)
		return take_table(x, at, d, err);
	lua_outcome_error(outcome, err);
	return false;
}

const struct stage_type *lua_stage_load(const struct lua_source *source, const struct lua_stage_world *world, struct mark at,
					struct arena *a, struct diagnostics *d)
{
	struct lua_type *type = ARENA_NEW(a, struct lua_type);
	struct loading x = { .type = type, .arena = a, .table = json_object() };
	uint32_t before = d->errors;
	pipe_error err = { .code = PIPE_OK };
	bool good = false;

	if (!type || !x.table) {
		error_nomem(&err);
	} else {
		type->source = source;
		type->world = world;
		type->text = (struct lua_text){ .at = at,
						.path = source->name,
						.text = source->text,
						.length = source->length,
						.name = source->name,
						.line = source->line };
		good = run_file(&x, at, d, &err);
	}
	lua_call_free(x.call);
	json_decref(x.table);
	if (err.code == PIPE_ENOMEM)
		d->nomem = true;
	else if (!good && d->errors == before)
		lua_code_complain(d, &type->text, "lua-stage", "", &err);
	return good && !d->nomem && d->errors == before ? &type->type : NULL;
}

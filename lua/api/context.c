/*
 * `ctx`: what is known of the run and the job at hand.  An empty hook does not pay for it: the object is an empty table, whose members are
 * made when they are looked at.
 */
#include "lua/api/inside.h"

#include <string.h>

static const struct lua_context *context_of(lua_State *L)
{
	return guest_of(L)->call->options.context;
}

/* ---- facts ---- */

static void text(lua_State *L, const char *name, const char *value)
{
	if (!value)
		return;
	lua_pushstring(L, value);
	lua_setfield(L, -2, name);
}

static void seconds(lua_State *L, const char *name, int64_t ms, bool known)
{
	if (!known)
		return;
	lua_pushnumber(L, (double)ms / 1000);
	lua_setfield(L, -2, name);
}

static void integer(lua_State *L, const char *name, int64_t value, bool known)
{
	if (!known)
		return;
	lua_pushinteger(L, value);
	lua_setfield(L, -2, name);
}

static bool push_run(lua_State *L)
{
	const struct lua_run_facts *r = context_of(L)->run;

	if (!r)
		return false;
	lua_createtable(L, 0, 16);
	integer(L, "number", r->number, r->number > 0);
	text(L, "file", r->file);
	text(L, "name", r->name);
	text(L, "source", r->source);
	text(L, "branch", r->branch);
	text(L, "tag", r->tag);
	text(L, "sha", r->sha);
	text(L, "title", r->title);
	text(L, "target", r->target);
	text(L, "status", r->status);
	text(L, "project", r->project);
	seconds(L, "started", r->started_ms, r->started_ms > 0);
	seconds(L, "duration", r->duration_ms, r->duration_ms >= 0);
	api_shape(L, "ctx.run", "pipe.Run");
	return true;
}

static void push_tags(lua_State *L, const char *const *tags)
{
	lua_createtable(L, 0, 0);
	for (lua_Integer i = 0; tags && tags[i]; i++) {
		lua_pushstring(L, tags[i]);
		lua_rawseti(L, -2, i + 1);
	}
}

static bool push_job(lua_State *L)
{
	const struct lua_job_facts *j = context_of(L)->job;

	if (!j)
		return false;
	lua_createtable(L, 0, 16);
	text(L, "name", j->name);
	text(L, "base", j->base);
	text(L, "stage", j->stage);
	text(L, "status", j->status);
	text(L, "reason", j->reason);
	text(L, "failure", j->failure);
	text(L, "environment", j->environment);
	integer(L, "attempt", j->attempt, true);
	integer(L, "exit_code", j->exit_code, j->exit_code >= 0);
	seconds(L, "started", j->started_ms, j->started_ms > 0);
	seconds(L, "duration", j->duration_ms, j->duration_ms >= 0);
	lua_pushboolean(L, j->allow_failure);
	lua_setfield(L, -2, "allow_failure");
	push_tags(L, j->tags);
	lua_setfield(L, -2, "tags");
	api_shape(L, "ctx.job", "pipe.Job");
	return true;
}

/* ---- variables ---- */

static const struct lua_variable *listed(const struct lua_context *c, const char *name)
{
	for (const struct lua_variable *v = c->variables; v && v->name; v++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

static bool may_see(lua_State *L, const char *name)
{
	return lua_granted(guest_of(L)->call->options.grants, LUA_GRANT_SECRET, name);
}

/* The scope in which one more name means nothing. */
static struct scope without(lua_State *L, const struct scope *scope, const char *name)
{
	struct arena *a = &guest_of(L)->call->arena;
	struct scope less = *scope;
	const char **unset;
	size_t count = 0;

	while (scope->unset && scope->unset[count])
		count++;
	unset = ARENA_ARRAY(a, const char *, count + 2);
	if (!unset)
		api_no_memory(L);
	for (size_t i = 0; i < count; i++)
		unset[i] = scope->unset[i];
	unset[count] = name;
	less.unset = unset;
	return less;
}

/* Does a text's meaning hang on the variable? */
static bool depends(lua_State *L, const struct scope *scope, const char *text, const char *name)
{
	struct arena *a = &guest_of(L)->call->arena;
	const struct scope less = without(L, scope, name);
	const char *with = scope_expand(scope, text, a, NULL), *other = scope_expand(&less, text, a, NULL);

	return !with || !other || strcmp(with, other) != 0;
}

/* Refuses a text that a masked variable hides in, which the script may not see. */
static void check_text(lua_State *L, const struct scope *scope, const char *text)
{
	if (!scope || !strchr(text, '$'))
		return;
	for (unsigned i = 0; i < scope->count; i++) {
		const struct variables *layer = scope->layers[i];

		for (uint32_t k = 0; layer && k < layer->list.count; k++) {
			const struct variable *v = &layer->list.items[k];

			if (v->masked && scope_find(scope, v->name, strlen(v->name)) == v && !may_see(L, v->name) &&
			    depends(L, scope, text, v->name))
				guest_refuse(L, LUA_GRANT_SECRET, v->name);
		}
	}
}

static bool vars_member(lua_State *L, const struct api_self *self, const char *key)
{
	const struct lua_context *c = context_of(L);
	const struct lua_variable *given = listed(c, key);
	const struct variable *v = !given && c->scope ? scope_find(c->scope, key, strlen(key)) : NULL;
	const char *value = given ? given->value : NULL;
	bool failed = false;

	(void)self;
	if (!given && !v)
		return false;
	if ((given ? given->masked : v->masked) && !may_see(L, key))
		guest_refuse(L, LUA_GRANT_SECRET, key);
	if (v && !v->raw)
		check_text(L, c->scope, v->value);
	if (v)
		value = scope_value_of(c->scope, v, &guest_of(L)->call->arena, &failed);
	if (failed)
		luaL_error(L, "the value of %s is too long", key);
	lua_pushstring(L, value ? value : "");
	return true;
}

/* Into the table at 1, where it is not yet and can be seen. */
static void put_variable(lua_State *L, const struct api_self *self, const char *name, bool masked)
{
	lua_pushstring(L, name);
	lua_pushvalue(L, -1);
	if (lua_rawget(L, 1) == LUA_TNIL && (!masked || may_see(L, name)) && vars_member(L, self, name)) {
		lua_remove(L, -2);
		lua_rawset(L, 1);
	} else {
		lua_pop(L, 2);
	}
	budget_charge(L, 20);
}

static void vars_all(lua_State *L, const struct api_self *self)
{
	const struct lua_context *c = context_of(L);

	for (const struct lua_variable *v = c->variables; v && v->name; v++)
		put_variable(L, self, v->name, v->masked);
	for (unsigned i = 0; c->scope && i < c->scope->count; i++) {
		const struct variables *layer = c->scope->layers[i];

		for (uint32_t k = 0; layer && k < layer->list.count; k++) {
			const struct variable *v = scope_find(c->scope, layer->list.items[k].name,
							      strlen(layer->list.items[k].name));

			if (v)
				put_variable(L, self, v->name, v->masked);
		}
	}
}

static const struct api_lazy lazy_vars = { "ctx.vars", "pipe.Variables", vars_member, NULL, vars_all };

/* ---- arguments ---- */

/* As deep as a pipeline file may be. */
static void check_node(lua_State *L, const struct scope *scope, const struct node *n)
{
	if (n->kind == NODE_SCALAR)
		check_text(L, scope, n->text);
	for (uint32_t i = 0; n->kind == NODE_LIST && i < n->count; i++)
		check_node(L, scope, n->items[i]);
	for (uint32_t i = 0; n->kind == NODE_MAP && i < n->count; i++)
		check_node(L, scope, n->pairs[i].value);
}

static void push_with(lua_State *L)
{
	const struct lua_context *c = context_of(L);

	if (!c->with || node_is_null(c->with)) {
		lua_createtable(L, 0, 0);
		return;
	}
	if (c->scope)
		check_node(L, c->scope, c->with);
	value_push_node(L, c->with, c->scope);
}

/* ---- history, plan ---- */

static int history_runs(lua_State *L)
{
	return api_rows(L, 1, "ctx.history.runs", LUA_RUNS, NULL);
}

static int history_jobs(lua_State *L)
{
	return api_rows(L, 1, "ctx.history.jobs", LUA_JOBS, NULL);
}

static int history_run(lua_State *L)
{
	lua_Integer run = luaL_checkinteger(L, 1);

	if (run < 1)
		return api_wrong(L, "ctx.history.run", "runs are numbered from 1");
	api_push_lazy(L, &api_past_evidence, SIDE_RUN, run);
	return 1;
}

static bool history_member(lua_State *L, const struct api_self *self, const char *key)
{
	static const luaL_Reg functions[] = {
		{ "runs", history_runs }, { "jobs", history_jobs }, { "run", history_run }, { NULL, NULL }
	};

	(void)self;
	for (const luaL_Reg *f = functions; f->name; f++) {
		if (strcmp(f->name, key) != 0)
			continue;
		lua_pushcfunction(L, f->func);
		return true;
	}
	return false;
}

static const struct api_lazy lazy_history = { "ctx.history", "pipe.History", history_member, NULL, NULL };

static int graph(lua_State *L)
{
	return api_rows(L, 1, "ctx.graph", LUA_GRAPH, NULL);
}

/* ---- the baseline ---- */

/* Why there is none; NULL: there is one. */
static const char *no_baseline(lua_State *L)
{
	const struct lua_host *host = guest_of(L)->call->options.host;
	const char *branch = NULL, *why = NULL;
	pipe_error err = { 0 };
	int64_t run = 0;
	int rc;

	if (!host || !host->baseline)
		return "there is no history here";
	budget_in_earnest(L);
	rc = host->baseline(host->payload, &run, &branch, &why, &err);
	if (rc == PIPE_ENOMEM)
		api_no_memory(L);
	if (rc)
		guest_raise(L, &err);
	return run ? NULL : why ? why : "there is none";
}

static bool push_baseline(lua_State *L)
{
	if (no_baseline(L))
		return false;
	api_push_lazy(L, &api_baseline, SIDE_BASELINE, 0);
	return true;
}

static bool push_no_baseline(lua_State *L)
{
	const char *why = no_baseline(L);

	if (why)
		lua_pushstring(L, why);
	return why != NULL;
}

/* ---- members ---- */

static bool push_point(lua_State *L)
{
	if (context_of(L)->point)
		lua_pushstring(L, context_of(L)->point);
	return context_of(L)->point != NULL;
}

static bool push_arguments(lua_State *L)
{
	push_with(L);
	return true;
}

static bool push_vars(lua_State *L)
{
	api_push_lazy(L, &lazy_vars, SIDE_RUN, 0);
	return true;
}

static bool push_evidence(lua_State *L)
{
	api_push_lazy(L, &api_evidence, SIDE_RUN, 0);
	return true;
}

static bool push_history(lua_State *L)
{
	api_push_lazy(L, &lazy_history, SIDE_RUN, 0);
	return true;
}

static bool push_changes(lua_State *L)
{
	api_push_changes(L);
	return true;
}

static bool push_graph(lua_State *L)
{
	lua_pushcfunction(L, graph);
	return true;
}

static const struct {
	const char *name;
	bool (*push)(lua_State *L); /* false: nil, and nothing is pushed */
} members[] = { { "point", push_point },       { "run", push_run },
		{ "job", push_job },	       { "vars", push_vars },
		{ "with", push_arguments },    { "evidence", push_evidence },
		{ "baseline", push_baseline }, { "no_baseline", push_no_baseline },
		{ "history", push_history },   { "changes", push_changes },
		{ "graph", push_graph } };

static bool extra_member(lua_State *L, const char *key)
{
	const json_t *value = context_of(L)->extra ? json_object_get(context_of(L)->extra, key) : NULL;

	if (!value || json_is_null(value))
		return false;
	value_push_json(L, value);
	return true;
}

static bool context_member(lua_State *L, const struct api_self *self, const char *key)
{
	(void)self;
	if (!context_of(L))
		return false;
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (!strcmp(members[i].name, key))
			return members[i].push(L);
	return extra_member(L, key);
}

static void context_all(lua_State *L, const struct api_self *self)
{
	const json_t *extra = context_of(L) ? context_of(L)->extra : NULL;
	const char *key;
	json_t *value;

	(void)self;
	json_object_foreach((json_t *)(uintptr_t)extra, key, value)
	{
		lua_pushstring(L, key);
		lua_pushvalue(L, -1);
		if (lua_rawget(L, 1) == LUA_TNIL && extra_member(L, key)) {
			lua_remove(L, -2);
			lua_rawset(L, 1);
		} else {
			lua_pop(L, 2);
		}
	}
}

static const struct api_lazy lazy_context = { "ctx", "pipe.Context", context_member, NULL, context_all };

void api_push_context(lua_State *L)
{
	api_push_lazy(L, &lazy_context, SIDE_RUN, 0);
}

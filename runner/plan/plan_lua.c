/*
 * Nothing here costs anything until a pipeline file has Lua in it: then the engine is made, once a plan.  While a plan is read and made,
 * all is called on one thread; afterwards, while it runs, sources are looked up and modules found from any.
 */
#include "runner/plan/plan_lua.h"

#include "base/error.h"
#include "lua/pipeline/pipeline.h"
#include "lua/syntax/syntax.h"
#include "runner/files/beneath.h"
#include "runner/history/project.h"
#include "runner/lua/modules.h"
#include "runner/plan/plan_lua_host.h"
#include "runner/plan/planning.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct plan_lua {
	struct pipe_plan *plan;
	struct lua_engine *engine;
	struct plan_lua_host *host;
	struct lua_grants grants;
	struct lua_limits limits;
	struct lua_stage_world stages;
	struct lua_run_facts facts;
	int root; /* the project's directory */
	pthread_mutex_t lock;
	struct arena arena; /* of the sources, below the lock */
	struct map sources; /* struct source_key -> struct plan_source */
};

/* A text is found again by where it lies in memory: a file that many hooks name is compiled once. */
struct source_key {
	const char *text;
	uintptr_t line, expression;
};
struct plan_source {
	struct source_key key;
	struct lua_source source;
};

/* ---- what scripts may do ---- */

static const char *const *copy_list(struct plan_lua *lua, const text_list *list)
{
	const char **copy = list->count ? ARENA_ARRAY(&lua->plan->arena, const char *, (size_t)list->count + 1) : NULL;

	for (uint32_t i = 0; copy && i < list->count; i++)
		copy[i] = list->items[i];
	return copy;
}

/* A list that cannot be copied allows nothing. */
static void take_settings(struct plan_lua *lua)
{
	const struct lua_settings *s = lua->plan->lua_settings;

	lua->limits = lua->plan->project->lua.defaults;
	if (!s)
		return;
	lua->grants = (struct lua_grants){ .http = copy_list(lua, &s->http),
					   .exec = copy_list(lua, &s->exec),
					   .read = copy_list(lua, &s->read),
					   .secrets = copy_list(lua, &s->secrets),
					   .mail = copy_list(lua, &s->mail) };
	if (s->cpu_ms)
		lua->limits.cpu_ms = s->cpu_ms;
	if (s->wall_ms)
		lua->limits.wall_ms = s->wall_ms;
	if (s->memory_bytes)
		lua->limits.memory_bytes = s->memory_bytes;
	if (s->output_bytes)
		lua->limits.output_bytes = s->output_bytes;
}

struct lua_bounds plan_lua_most(const struct pipe_plan *plan)
{
	const struct lua_limits *most = &plan->project->lua.most;

	return (struct lua_bounds){ most->cpu_ms, most->wall_ms, most->memory_bytes, most->output_bytes };
}

/* ---- one for a plan ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void fill_facts(struct plan_lua *lua)
{
	const struct pipe_plan *p = lua->plan;
	const char *as = p->as, *ref = p->options.ref;

	lua->facts = (struct lua_run_facts){ .source = p->source,
					     .sha = p->git.sha,
					     .title = p->git.title,
					     .branch = p->options.is_tag ? NULL : ref,
					     .tag = p->options.is_tag ? ref : NULL,
					     .target = as && !strncmp(as, "merge_request:", 14) ? as + 14 : NULL,
					     .project = p->git.project_path && *p->git.project_path
								? p->git.project_path
								: base_name(p->project->directory),
					     .duration_ms = -1 };
}

static int make(struct plan_lua **out, struct pipe_plan *plan, pipe_error *err)
{
	struct plan_lua *lua = calloc(1, sizeof(*lua));
	struct lua_engine_options o = { .modules = { modules_find, &lua->root } };
	int rc;

	if (!lua)
		return error_nomem(err);
	lua->plan = plan;
	lua->root = -1;
	pthread_mutex_init(&lua->lock, NULL);
	fill_facts(lua);
	take_settings(lua);
	rc = root_open(plan->project->directory, &lua->root, err);
	if (rc == PIPE_OK)
		rc = plan_lua_host_create(&lua->host, plan, &lua->grants, err);
	if (rc == PIPE_OK)
		rc = lua_engine_create(&lua->engine, &o, err);
	if (rc) {
		plan_lua_free(lua);
		return rc;
	}
	lua->stages = (struct lua_stage_world){
		.engine = lua->engine, .grants = &lua->grants, .limits = &lua->limits, .host = plan_lua_host_files(lua->host)
	};
	*out = lua;
	return PIPE_OK;
}

int plan_lua_get(struct pipe_plan *plan, struct plan_lua **out, pipe_error *err)
{
	int rc = plan->lua ? PIPE_OK : make(&plan->lua, plan, err);

	*out = plan->lua;
	return rc;
}

void plan_lua_free(struct plan_lua *lua)
{
	if (!lua)
		return;
	if (lua->engine)
		lua_engine_free(lua->engine);
	plan_lua_host_free(lua->host);
	if (lua->root >= 0)
		close(lua->root);
	pthread_mutex_destroy(&lua->lock);
	arena_clear(&lua->arena);
	free(lua);
}

struct lua_engine *plan_lua_engine(struct plan_lua *lua)
{
	return lua->engine;
}

const struct lua_grants *plan_lua_grants(const struct plan_lua *lua)
{
	return &lua->grants;
}

const struct lua_limits *plan_lua_limits(const struct plan_lua *lua)
{
	return &lua->limits;
}

/* ---- sources ---- */

static struct plan_source *add_source(struct plan_lua *lua, const struct source_key *key, const struct lua_text *code)
{
	struct plan_source *s = ARENA_NEW(&lua->arena, struct plan_source);

	if (!s)
		return NULL;
	s->key = *key;
	s->source = (struct lua_source){ .name = code->name,
					 .text = code->text,
					 .length = code->length,
					 .line = code->line,
					 .expression = key->expression != 0 };
	return map_put(&lua->sources, &lua->arena, (const char *)&s->key, sizeof(s->key), s) ? s : NULL;
}

static const struct lua_source *source_of(struct plan_lua *lua, const struct lua_text *code, bool expression, pipe_error *err)
{
	const struct source_key key = { code->text, code->line, expression };
	struct plan_source *s;

	pthread_mutex_lock(&lua->lock);
	s = map_get(&lua->sources, (const char *)&key, sizeof(key));
	if (!s)
		s = add_source(lua, &key, code);
	pthread_mutex_unlock(&lua->lock);
	if (!s)
		error_nomem(err);
	return s ? &s->source : NULL;
}

const struct lua_source *plan_lua_source(struct plan_lua *lua, const struct lua_text *code, pipe_error *err)
{
	return source_of(lua, code, false, err);
}

/* ---- the world's Lua ---- */

/* Lua that is missing is no fault of the file: kept for the plan's end. */
static int need(struct pipe_plan *plan, struct plan_lua **out, pipe_error *err)
{
	int rc = plan_lua_get(plan, out, err);

	if (rc && rc != PIPE_ENOMEM && err)
		plan->lua_missing = *err;
	return rc;
}

static void settle(void *context, const struct lua_settings *settings)
{
	struct pipe_plan *plan = context;

	plan->lua_settings = settings;
	if (plan->lua)
		take_settings(plan->lua);
}

static int check(void *context, const struct lua_text *code, bool condition, pipe_error *err)
{
	const struct lua_source *source;
	struct plan_lua *lua;
	int rc = need(context, &lua, err);

	if (rc)
		return rc;
	source = source_of(lua, code, condition, err);
	rc = source ? lua_engine_check(lua->engine, source, err) : PIPE_ENOMEM;
	if (rc == PIPE_EPIPELINE && code->path && err)
		syntax_refine(source->text, source->length, err);
	return rc;
}

static struct lua_call_options call_options(struct plan_lua *lua, const struct lua_source *source,
					    const struct lua_context *context)
{
	lua->facts.file = sources_name(&lua->plan->sources, (struct mark){ 1, 1, 0 });
	lua->facts.started_ms = plan_lua_host(lua->host)->now_ms(plan_lua_host(lua->host)->payload);
	return (struct lua_call_options){ .engine = lua->engine,
					  .source = source,
					  .context = context,
					  .host = plan_lua_host(lua->host),
					  .grants = &lua->grants,
					  .limits = &lua->limits };
}

static bool is_true(const json_t *value)
{
	return value && !json_is_false(value) && !json_is_null(value);
}

static int condition(void *context, const struct lua_text *code, const struct scope *scope, bool *holds, pipe_error *err)
{
	const struct lua_outcome *outcome;
	struct lua_context facts = { .point = "rule", .scope = scope };
	struct lua_call_options o;
	struct lua_call *call = NULL;
	const struct lua_source *source;
	struct plan_lua *lua;
	int rc = need(context, &lua, err);

	*holds = false;
	if (rc)
		return rc;
	source = source_of(lua, code, true, err);
	if (!source)
		return PIPE_ENOMEM;
	facts.run = &lua->facts;
	o = call_options(lua, source, &facts);
	o.no_waits = "a rule cannot wait";
	rc = lua_call_run(&call, &o, &outcome, err);
	if (rc == PIPE_OK && outcome->end == LUA_DONE)
		*holds = is_true(outcome->value) || outcome->unfit; /* a function is true, too */
	else if (rc == PIPE_OK)
		rc = lua_outcome_error(outcome, err);
	lua_call_free(call);
	return rc;
}

/* NULL: reported in d. */
static const struct lua_source *needed_source(struct pipe_plan *plan, const struct lua_text *code, struct plan_lua **lua,
					      struct diagnostics *d)
{
	pipe_error err = { .code = PIPE_OK };
	const struct lua_source *source = need(plan, lua, &err) ? NULL : plan_lua_source(*lua, code, &err);

	if (!source && err.code == PIPE_ENOMEM)
		d->nomem = true;
	else if (!source)
		diag_error(d, code->at, "lua-missing", "Lua cannot be used here: %s", err.text);
	return source;
}

static struct node *pipeline(void *context, const struct lua_text *code, uint16_t file, const struct scope *scope,
			     const struct node *with, struct arena *a, struct diagnostics *d)
{
	struct lua_context facts = { .point = "pipeline", .scope = scope, .with = with };
	struct lua_pipeline_options o = { .file = file, .context = &facts };
	struct pipe_plan *plan = context;
	struct lua_call_options call;
	struct plan_lua *lua;

	o.source = needed_source(plan, code, &lua, d);
	if (!o.source)
		return NULL;
	facts.run = &lua->facts;
	call = call_options(lua, o.source, &facts);
	o.engine = call.engine;
	o.host = call.host;
	o.grants = call.grants;
	o.limits = call.limits;
	o.pipeline_limits = &plan->options.limits;
	return lua_pipeline_load(&o, a, d);
}

static const struct uses_type *stage(void *context, const struct lua_text *code, struct arena *a, struct diagnostics *d)
{
	const struct stage_type *type;
	struct plan_lua *lua;
	const struct lua_source *source = needed_source(context, code, &lua, d);

	if (!source)
		return NULL;
	type = lua_stage_load(source, &lua->stages, code->at, a, d);
	return type ? &type->uses : NULL;
}

void plan_lua_world(struct pipe_plan *plan)
{
	plan->world_lua = (struct world_lua){
		.context = plan, .settle = settle, .check = check, .condition = condition, .pipeline = pipeline, .stage = stage
	};
}

#include "runner/lua/pipe_lua_script.h"

#include "base/error.h"
#include "runner/history/project.h"
#include "runner/lua/modules.h"
#include "runner/plan/plan_lua.h"
#include "runner/plan/planning.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- grants ---- */

/* One list behind the other. */
static int join(struct arena *a, const char *const **list, const char *const *more, pipe_error *err)
{
	VEC(const char *) both = { 0 };
	const char **one;

	if (!more)
		return PIPE_OK;
	for (const char *const *from = *list; from && *from; from++)
		if ((one = vec_push(a, &both)))
			*one = *from;
	for (; *more; more++)
		if ((one = vec_push(a, &both)))
			*one = *more;
	if (!vec_push(a, &both))
		return error_nomem(err);
	*list = both.items;
	return PIPE_OK;
}

/* A directory that is granted is meant from where the user stands. */
static int join_directories(struct lua_script *s, const char *const *more, pipe_error *err)
{
	VEC(const char *) real = { 0 };

	for (; more && *more; more++) {
		char *path = realpath(*more, NULL);
		const char **one = path ? vec_push(&s->arena, &real) : NULL;

		if (!path)
			return error_errno(err, error_code_of(errno), errno, "cannot read %s", *more);
		if (one)
			*one = arena_strdup(&s->arena, path);
		free(path);
		if (!one || !*one)
			return error_nomem(err);
	}
	if (!vec_push(&s->arena, &real))
		return error_nomem(err);
	return join(&s->arena, &s->grants.read, real.items, err);
}

/* A project without a pipeline file allows nothing. */
static int take_plan(struct lua_script *s, pipe_project *project, const char *file, pipe_error *err)
{
	pipe_plan_options o = PIPE_PLAN_OPTIONS_INIT;
	struct plan_lua *lua;
	int rc;

	o.file = file;
	o.offline = 1;
	s->limits = project->lua.defaults;
	if (!file && planning_find_file(project, &s->arena, &o.file, NULL))
		return PIPE_OK;
	rc = pipe_plan_load(&s->plan, project, &o, err);
	if (rc == PIPE_EPIPELINE)
		return error_set(err, rc,
				 "the pipeline file, whose grants and limits hold here, is wrong: `pipe lint` says where");
	if (!rc)
		rc = plan_lua_get(s->plan, &lua, err);
	if (rc)
		return rc;
	s->grants = *plan_lua_grants(lua);
	s->limits = *plan_lua_limits(lua);
	return PIPE_OK;
}

static int take_grants(struct lua_script *s, const pipe_lua_script_options *o, pipe_error *err)
{
	int rc = join(&s->arena, &s->grants.http, o->allow_http, err);

	if (!rc)
		rc = join(&s->arena, &s->grants.exec, o->allow_exec, err);
	if (!rc && o->allow_read)
		rc = join_directories(s, o->allow_read, err);
	return rc;
}

/* ---- the world ---- */

static int take_past(struct lua_script *s, pipe_project *project, const pipe_lua_script_options *o, const char *point,
		     pipe_error *err)
{
	int rc;

	if (o->run) {
		rc = past_read(&s->past, project, o->run, o->job, o->variables, &s->arena, err);
		past_context(&s->past, point, &s->context);
		return rc;
	}
	s->past.job_index = UINT32_MAX;
	s->context.point = point;
	return past_variables(o->variables, &s->arena, &s->context.variables, err);
}

static int build_host(struct lua_script *s, pipe_project *project, pipe_error *err)
{
	const struct run_host_options o = { .state_directory = project->state_directory,
					    .project_directory = project->directory,
					    .workspace = project->directory,
					    .grants = &s->grants,
					    .run = s->past.number,
					    .job = s->past.job_index,
					    .base = s->past.job.base,
					    .functions = project->lua.functions };

	s->place = (struct lua_place){ .workspace = project->directory, .envp = (const char *const *)(void *)environ };
	return run_host_create(&s->host, &o, err);
}

int lua_script_open(struct lua_script *s, pipe_project *project, const pipe_lua_script_options *o, const char *point,
		    pipe_error *err)
{
	struct lua_engine_options engine = { .modules = { modules_find, NULL } };
	int rc;

	memset(s, 0, sizeof(*s));
	s->files.root = -1;
	if (o->version != PIPE_LUA_SCRIPT_OPTIONS_VERSION)
		return error_version(err, "pipe_lua_script_options", o->version, PIPE_LUA_SCRIPT_OPTIONS_VERSION);
	rc = lua_files_open(&s->files, project, err);
	engine.modules.payload = &s->files.root;
	if (!rc)
		rc = lua_engine_create(&s->engine, &engine, err);
	if (!rc)
		rc = take_plan(s, project, o->pipeline, err);
	if (!rc)
		rc = take_grants(s, o, err);
	if (!rc)
		rc = take_past(s, project, o, point, err);
	return rc ? rc : build_host(s, project, err);
}

void lua_script_close(struct lua_script *s)
{
	run_host_free(s->host);
	if (s->engine)
		lua_engine_free(s->engine);
	pipe_plan_free(s->plan);
	lua_files_close(&s->files);
	arena_clear(&s->arena);
}

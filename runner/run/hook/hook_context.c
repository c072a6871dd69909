/* What a hook sees, and where its commands run. */
#include "base/error.h"
#include "runner/run/facts.h"
#include "runner/run/fresh.h"
#include "runner/run/hook/hooks_inside.h"

#include <string.h>
#include <unistd.h>

/* A job's workspace of its own is there from its beginning until its last hook: before it is made, hooks see the checkout. */
static const char *workspace_of(const struct hook_caller *c)
{
	const char *project = c->p->session->project->directory;

	if (!c->x || !c->x->files.isolate || access(c->x->files.workspace, F_OK))
		return project;
	return c->x->files.workspace;
}

/* Variables of the run as a whole. */
static void run_scope(const struct pipeline_run *p, struct scope *out)
{
	const struct pipe_plan *plan = p->plan;

	*out = (struct scope){ .unset = plan->options.unset };
	scope_push(out, &plan->predefined);
	scope_push(out, &plan->pipeline->variables);
	scope_push(out, plan->plan->workflow_variables);
	scope_push(out, &plan->variables);
}

static int make_scope(struct hook_caller *c, pipe_error *err)
{
	if (!c->x)
		run_scope(c->p, &c->scope);
	else if (!job_scope(c->x->job, workspace_of(c), c->arena, &c->variables, &c->scope))
		return error_nomem(err);
	return PIPE_OK;
}

static int make_host(struct hook_caller *c, pipe_error *err)
{
	const struct pipe_run *s = c->p->session;
	const struct run_host_options o = { .state_directory = s->project->state_directory,
					    .project_directory = s->project->directory,
					    .workspace = workspace_of(c),
					    .grants = plan_lua_grants(c->p->hooks->lua),
					    .run = c->p->number,
					    .job = c->x ? c->x->job->index : UINT32_MAX,
					    .base = c->x ? c->x->job->plan->job->name : NULL,
					    .plan = c->p->plan->plan,
					    .baseline = c->p->baseline,
					    .sink = &c->notes.sink,
					    .annotate = hook_annotate,
					    .fresh = fresh_wait,
					    .session = c->p->session,
					    .payload = &c->notes,
					    .functions = s->project->lua.functions };

	return run_host_create(&c->host, &o, err);
}

/* An environment is made only for those who may run something. */
static int make_place(struct hook_caller *c, pipe_error *err)
{
	const struct lua_grants *grants = plan_lua_grants(c->p->hooks->lua);
	static const char *const nothing[] = { NULL };

	c->place = (struct lua_place){ .workspace = workspace_of(c), .envp = nothing };
	if (!grants->exec && !(grants->all & (1u << LUA_GRANT_EXEC)))
		return PIPE_OK;
	if (c->x)
		return job_environment_make(c->x->job, c->place.workspace, c->job.status ? c->job.status : "running", c->arena,
					    &c->place.envp, &c->place.mark, err);
	return run_environment_make(c->p, &c->scope, c->suffix, c->arena, &c->place.envp, &c->place.mark, err);
}

static int make_ready(struct hook_caller *c, pipe_error *err)
{
	int rc = make_scope(c, err);

	if (rc == PIPE_OK)
		rc = make_host(c, err);
	facts_of_run(c->p, &c->run);
	if (rc == PIPE_OK && c->x && !facts_of_job(c->x->job, c->arena, &c->job))
		rc = error_nomem(err);
	if (rc == PIPE_OK)
		rc = make_place(c, err);
	c->ready = rc == PIPE_OK;
	return rc;
}

/* The job has got a workspace of its own meanwhile. */
static void move(struct hook_caller *c)
{
	run_host_free(c->host);
	c->host = NULL;
	c->ready = false;
	memset(&c->scope, 0, sizeof(c->scope));
	memset(&c->variables, 0, sizeof(c->variables));
}

/* As the job stands after its verdict; a hook may have changed it. */
static void tell_verdict(struct hook_caller *c)
{
	const struct active_job *x = c->x;
	const char *failure = hooks_job_failure(x);

	c->job.status = pipe_status_name(failure && x->outcome.status != PIPE_STATUS_FAILED ? PIPE_STATUS_FAILED
											    : x->outcome.status);
	c->job.reason = x->outcome.reason[0] ? x->outcome.reason : failure;
	c->job.failure = x->outcome.failure ? x->outcome.failure : failure ? "script_failure" : NULL;
	c->job.exit_code = x->result.exit_code;
	c->job.duration_ms = session_now(c->p->session) - x->job->started_ms;
}

int hook_context(struct hook_caller *c, pipe_error *err)
{
	static const char *const names[] = {
#define X(name, text) [HOOK_##name] = text,
		HOOK_POINT_MAP(X)
#undef X
	};
	int rc;

	if (c->ready && c->place.workspace != workspace_of(c))
		move(c);
	rc = c->ready ? PIPE_OK : make_ready(c, err);

	if (rc)
		return rc;
	if (!c->x && c->p->held && c->point != HOOK_BEFORE_RUN) {
		c->run.status = pipe_status_name(pipeline_run_verdict(c->p));
		c->run.duration_ms = session_now(c->p->session) - c->p->started_ms;
	}
	if (c->x && c->x->after_hooks)
		tell_verdict(c);
	c->context = (struct lua_context){ .point = names[c->point],
					   .run = &c->run,
					   .job = c->x ? &c->job : NULL,
					   .scope = &c->scope,
					   .with = c->hook->with,
					   .extra = c->extra };
	return PIPE_OK;
}

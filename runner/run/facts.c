#include "runner/run/facts.h"

#include <string.h>

static const char *said(const char *text)
{
	return text && *text ? text : NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

void facts_of_run(const struct pipeline_run *p, struct lua_run_facts *out)
{
	const struct pipe_plan *plan = p->plan;
	const struct variable *target = variables_get(&plan->variables, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME");
	const char *ref = said(plan->options.ref);

	if (!target)
		target = variables_get(&plan->predefined, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME");
	*out = (struct lua_run_facts){ .number = p->number,
				       .file = plan->pipeline->file,
				       .name = said(plan->plan->name),
				       .source = said(plan->source),
				       .branch = plan->options.is_tag ? NULL : ref,
				       .tag = plan->options.is_tag ? ref : NULL,
				       .sha = said(plan->git.sha),
				       .title = said(plan->git.title),
				       .target = target ? said(target->value) : NULL,
				       .status = pipe_status_name((enum pipe_status)p->status),
				       .project = said(plan->git.project_path),
				       .started_ms = p->started_ms,
				       .duration_ms = -1 };
	if (!out->project)
		out->project = base_name(plan->project->directory);
}

static const char *const *list_of(const text_list *texts, struct arena *a)
{
	const uint32_t count = texts ? texts->count : 0;
	const char **list = ARENA_ARRAY(a, const char *, (size_t)count + 1);

	for (uint32_t i = 0; list && i < count; i++)
		list[i] = texts->items[i];
	return list;
}

bool facts_of_job(const struct job_run *j, struct arena *a, struct lua_job_facts *out)
{
	const struct plan_job *plan = j->plan;

	*out = (struct lua_job_facts){ .name = plan->name,
				       .base = plan->job->name,
				       .stage = j->pipeline->plan->pipeline->stages.items[plan->stage].name,
				       .status = pipe_status_name((enum pipe_status)j->status),
				       .environment = said(plan->environment_name),
				       .attempt = j->attempt,
				       .exit_code = -1,
				       .started_ms = j->started_ms,
				       .duration_ms = -1,
				       .allow_failure = plan->allow_failure.state == YES,
				       .tags = list_of(plan->job->settings->tags, a) };
	return out->tags != NULL;
}

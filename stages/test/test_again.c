/* Tests that failed run once more: these alone where the tool can be told so, otherwise all of them. */
#include "base/error.h"
#include "base/map.h"
#include "stages/parameter.h"
#include "stages/test/test.h"

#include <string.h>

enum { NAMES_MAX = 500 };

struct failed_names {
	struct stage_job *job;
	const struct test_tool *tool; /* NULL: a command of the user's own */
	struct map seen;
	VEC(const char *) list;
	bool failed, incomplete; /* no memory; one of them cannot be said */
};

static int take_name(void *payload, const struct evidence_test *test)
{
	struct failed_names *f = payload;
	const char *name = test->name, **slot;

	if (f->tool && f->tool->name && !(name = f->tool->name(f->job, test->suite, test->name))) {
		f->incomplete = true;
		return 1;
	}
	if (map_get(&f->seen, name, strlen(name)))
		return 0;
	slot = vec_push(f->job->arena, &f->list);
	f->failed |= !slot || !(*slot = arena_strdup(f->job->arena, name)) ||
		     !map_put(&f->seen, f->job->arena, *slot, strlen(*slot), f);
	return f->failed || f->list.count == NAMES_MAX;
}

static int find_failed(struct stage_job *job, struct failed_names *out, pipe_error *err)
{
	const struct test_filter filter = { .statuses = 1u << TEST_FAILED | 1u << TEST_ERROR };
	int rc = job->view->tests(job->view->payload, SIDE_JOB, &filter, take_name, out, NULL, err);

	if (rc == PIPE_OK && (out->failed || !vec_push(job->arena, &out->list)))
		rc = error_nomem(err);
	return rc;
}

/* Would a second `--` be one too many? */
static bool args_end_options(const struct test_stage *t)
{
	for (size_t i = 0; t->values.args && t->values.args[i]; i++)
		if (!strcmp(t->values.args[i], "--"))
			return true;
	return false;
}

static bool can_choose(const struct test_stage *t, const struct failed_names *names)
{
	if (!names->tool || !names->tool->again[0].argv[0] || names->incomplete)
		return false;
	return !names->tool->name || (names->list.items[0] && !args_end_options(t));
}

/* The tool, with what failed.  A unit of this instance still is one: elsewhere a test may have the same name. */
static int chosen(struct stage_job *job, struct test_stage *t, const struct failed_names *names, pipe_error *err)
{
	struct project_values values;
	const struct test_tool *tool = names->tool;
	int rc;

	t->commands_from = job->steps.count;
	rc = test_values(job, t, &values, err);
	values.names = names->list.items;
	values.joint = tool->joint;
	if (rc == PIPE_OK && (tool->part[0] || (tool->units && strstr(tool->units, "{units}"))))
		values.args = t->values.args; /* names say it all */
	if (rc == PIPE_OK)
		rc = project_steps(job, tool->again, &values, err);
	test_take_steps(job, t);
	if (rc)
		return rc;
	return tool->report.format ? test_add_reports(job, t, &tool->report, 1, err)
				   : test_add_reports(job, t, t->kind->reports, PROJECT_REPORTS, err);
}

static int own_again(struct stage_job *job, struct test_stage *t, const struct failed_names *names, pipe_error *err)
{
	bool own = parameter_node(job, "rerun_command") != NULL;
	int rc;

	t->commands_from = job->steps.count;
	/* A command of an instance takes files. */
	rc = test_own_command(job, t, own ? "rerun_command" : "command", own || !t->units ? names->list.items : t->units, err);
	test_take_steps(job, t);
	return rc;
}

int test_again(struct stage_job *job, struct test_stage *t, pipe_error *err)
{
	struct failed_names names = { .job = job, .tool = test_tool_of(t->kind), .seen = MAP_INIT };
	int rc = find_failed(job, &names, err);

	if (rc)
		return rc;
	t->values.round = job->round + 1;
	if (!t->kind)
		return own_again(job, t, &names, err);
	return can_choose(t, &names) ? chosen(job, t, &names, err) : test_commands(job, t, err);
}

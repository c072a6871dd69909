/* Which files hold tests, and which units they make: what is divided among instances. */
#include "stages/test/test_units.h"

#include "base/error.h"
#include "stages/parameter.h"

#include <string.h>

enum { FILES_MAX = 20000 };

const char *unit_of(struct stage_job *job, enum unit_form form, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');

	if (form == UNIT_DIRECTORY)
		return slash ? arena_strndup(job->arena, path, (size_t)(slash - path)) : ".";
	if (form == UNIT_CLASS)
		return arena_strndup(job->arena, base, dot ? (size_t)(dot - base) : strlen(base));
	return path;
}

static int add_unit(struct stage_job *job, struct unit_list *l, const char *name, pipe_error *err)
{
	struct unit *u;

	if (!name)
		return error_nomem(err);
	if (map_get(&l->index, name, strlen(name)))
		return PIPE_OK;
	u = vec_push(job->arena, &l->units);
	if (!u)
		return error_nomem(err);
	*u = (struct unit){ name, -1 };
	return map_put(&l->index, job->arena, name, strlen(name), (void *)(uintptr_t)l->units.count) ? PIPE_OK : error_nomem(err);
}

/* Would the tool itself look at this file?  It lies in none of the directories that it passes over, and in no project of its own. */
static bool is_looked_at(struct stage_job *job, const struct test_stage *t, const struct test_tool *tool, const char *path)
{
	if (project_hides(path, (const char *const *)tool->passed_over))
		return false;
	for (const char *slash = tool->nested ? strchr(path, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
		const char *inner = arena_printf(job->arena, "%s%s%.*s/%s", t->directory, *t->directory ? "/" : "",
						 (int)(slash - path), path, tool->nested);
		if (inner && job->world->exists(job->world->payload, inner))
			return false;
	}
	return true;
}

static int find_by(struct stage_job *job, const struct test_stage *t, const char *pattern, const struct test_tool *own,
		   struct unit_list *l, pipe_error *err)
{
	const struct test_tool *tool = test_tool_of(t->kind);
	const char *full = project_path(job, t->directory, pattern);
	size_t skip = *t->directory ? strlen(t->directory) + 1 : 0, count = 0;
	const char *const *paths;
	int rc = PIPE_OK;

	if (!full)
		return error_nomem(err);
	paths = job->world->glob(job->world->payload, job->arena, full, FILES_MAX);
	for (; rc == PIPE_OK && paths && paths[count]; count++)
		if (strlen(paths[count]) > skip && (!own || is_looked_at(job, t, own, paths[count] + skip)))
			rc = add_unit(job, l, unit_of(job, tool ? tool->form : UNIT_FILE, paths[count] + skip), err);
	if (rc == PIPE_OK && count == FILES_MAX) /* there are more: they would be run by nobody */
		rc = parameter_wrong(job, parameter_node(job, "shards"), err,
				     "%d files or more match \"%s\", too many to divide: name less with \"tests\"", FILES_MAX,
				     pattern);
	return rc;
}

int test_units_find(struct stage_job *job, const struct test_stage *t, struct unit_list *l, pipe_error *err)
{
	const struct test_tool *tool = test_tool_of(t->kind);
	const char *const *patterns;
	int rc = parameter_texts(job, "tests", &patterns, err);

	if (rc)
		return rc;
	for (size_t i = 0; rc == PIPE_OK && patterns && patterns[i]; i++)
		rc = find_by(job, t, patterns[i], NULL, l, err);
	for (size_t i = 0; rc == PIPE_OK && !patterns && tool->patterns[i]; i++)
		rc = find_by(job, t, tool->patterns[i], tool, l, err);
	if (rc == PIPE_OK && !l->units.count)
		rc = parameter_wrong(job, parameter_node(job, "shards"), err,
				     "nothing was found that could be divided: name the files that hold tests with \"tests\"");
	return rc;
}

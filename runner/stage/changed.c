#include "runner/stage/changed.h"

#include "runner/git/git_lines.h"

static bool touched(void *payload, const char *path, uint32_t line)
{
	return payload && git_lines_touched(payload, path, line);
}

void stage_changed_lines(const char *project_directory, const char *commit, const char *branch, struct arena *a,
			 struct changed_lines *out)
{
	struct git_lines *lines = ARENA_NEW(a, struct git_lines);
	pipe_error err = { 0 };

	*out = (struct changed_lines){ .touched = touched };
	if (!lines)
		out->why_unknown = "there was no memory to find out what changed";
	else if (git_changed_lines(project_directory, branch, commit, lines, a, &err))
		out->why_unknown = arena_strdup(a, err.text);
	else
		out->payload = lines;
	if (!lines || err.code)
		out->why_unknown = out->why_unknown ? out->why_unknown : "what changed is not known";
}

/* A run of the past as scripts see it: the facts of ctx, from the history. */
#ifndef RUNNER_LUA_PAST_H
#define RUNNER_LUA_PAST_H

#include "base/arena.h"
#include "lua/context.h"
#include "pipe.h"

struct past {
	int64_t number;
	uint32_t job_index; /* UINT32_MAX: of the run itself */
	struct lua_run_facts run;
	struct lua_job_facts job;
	const struct lua_variable *variables; /* ended by one without a name; of those that were masked the value is "" */
};

/* run 0 or negative: the last one; job NULL: the run itself.  over: "KEY=VALUE", or NULL.  All in a.  PIPE_ENOTFOUND says what there is not. */
int past_read(struct past *out, pipe_project *project, int64_t run, const char *job, const char *const *over, struct arena *a,
	      pipe_error *err);
/* Variables alone, where there is no run. */
int past_variables(const char *const *over, struct arena *a, const struct lua_variable **out, pipe_error *err);
/* ctx for it; what it points to belongs to the past. */
void past_context(const struct past *p, const char *point, struct lua_context *out);

#endif

/*
 * Native actions of stages (stages/action.h): one function each, in a file of its own here; the table lists them.  An action runs on a
 * thread of its own and blocks as it likes; it looks at `cancel` at least ten times a second, and ends with PIPE_OK or a negative pipe_code
 * and a sentence that names the cause.
 */
#ifndef RUNNER_ACTION_ACTION_H
#define RUNNER_ACTION_ACTION_H

#include "base/arena.h"
#include "pipe.h"
#include "stages/action.h"
#include <stdatomic.h>

struct evidence_baseline;
struct lua_host_function;
struct lua_job_facts;
struct lua_run_facts;
struct plan;
struct plan_lua;

/* What a script (ACTION_LUA) needs of the run around it; all borrowed, and not changed while the action runs. */
struct action_scripts {
	struct plan_lua *lua;
	const struct plan *plan;
	const struct lua_run_facts *run;
	const struct lua_job_facts *job;
	const char *base;			   /* the job's name without " 1/3" or ": [a, b]" */
	const struct evidence_baseline *baseline;  /* NULL: looked for */
	const struct lua_host_function *functions; /* of the embedding program; or NULL */
	void (*fresh)(void *session);		   /* as run_host_options.fresh; or NULL */
	void *session;
};

struct action_context {
	struct arena *arena; /* the action's */
	const atomic_bool *cancel;
	const char *workspace;	       /* absolute; what arguments are relative to */
	const char *scratch;	       /* absolute, exists: a directory of the job's own */
	const char *state_directory;   /* where the history lies */
	const char *project_directory; /* the checkout that the run is of */
	const char *const *envp;       /* the job's environment */
	int64_t run;
	uint32_t job;			      /* index in the run */
	const char *name;		      /* the job's */
	const struct action_scripts *scripts; /* NULL: no script can be called */
	/* A line in the job's log, masked there; any number of them. */
	void (*say)(void *payload, const char *line);
	void *payload;
	const char *answer; /* out: in the arena; NULL: "" */
};

typedef int (*action_function)(const void *arguments, struct action_context *context, pipe_error *err);
extern const action_function action_functions[ACTION_KIND_COUNT];

int action_scan(const void *arguments, struct action_context *context, pipe_error *err);
int action_retain(const void *arguments, struct action_context *context, pipe_error *err);
int action_resolve(const void *arguments, struct action_context *context, pipe_error *err);
int action_provenance(const void *arguments, struct action_context *context, pipe_error *err);
int action_upload(const void *arguments, struct action_context *context, pipe_error *err);
int action_lua(const void *arguments, struct action_context *context, pipe_error *err);

/* The value of a variable of the environment, or NULL. */
const char *action_variable(const struct action_context *context, const char *name);
/* An absolute path: itself, or in the workspace; NULL: no memory. */
const char *action_path(const struct action_context *context, const char *path);

#endif

/*
 * The facts that `ctx` shows, as the caller has them.  All texts are borrowed for the whole call and may be NULL (nil in Lua).  What costs
 * a query is not here: it comes through the host when a script first touches it.
 */
#ifndef LUA_CONTEXT_H
#define LUA_CONTEXT_H

#include "pipeline/document/document.h"
#include "pipeline/rule/variable.h"
#include <jansson.h>

struct lua_run_facts {
	int64_t number; /* 0: no run yet (rules, a dynamic pipeline) */
	const char *file, *name, *source, *branch, *tag, *sha, *title, *target, *status, *project;
	int64_t started_ms, duration_ms; /* duration_ms -1: not known */
};

struct lua_job_facts {
	const char *name, *base, *stage, *status, *reason, *failure, *environment;
	uint32_t attempt;
	int exit_code; /* -1: none */
	int64_t started_ms, duration_ms;
	bool allow_failure;
	const char *const *tags; /* NULL-terminated; or NULL */
};

/* A variable whose value is final, as it is in a job's environment. */
struct lua_variable {
	const char *name, *value;
	bool masked; /* shown only where the grants say so */
};

struct lua_context {
	const char *point;		 /* "before_job": ctx.point; of a stage type "compile", "evaluate" */
	const struct lua_run_facts *run; /* NULL: ctx.run is nil; so for the others */
	const struct lua_job_facts *job;
	/* ctx.vars: by a scope (expanded when looked at), or a list that ends with one without a name; both NULL: empty.  The list's comes
	 * first. */
	const struct scope *scope;
	const struct lua_variable *variables;
	const struct node *with; /* arguments from the pipeline file: ctx.with; texts expanded where scope is there */
	const json_t *extra;	 /* an object: further members of ctx (event, steps, totals...); borrowed; or NULL */
};

#endif

/* Inside the stage types of a team's own: what stage.c and its siblings share. */
#ifndef LUA_STAGE_INSIDE_H
#define LUA_STAGE_INSIDE_H

#include "lua/stage/stage.h"
#include "pipeline/model.h"
#include <jansson.h>

/* A parameter's value where a job gives none. */
struct stage_default {
	struct node *key, *value;
};

/* A stage type as the file describes it; all in the load's arena. */
struct lua_type {
	struct stage_type type; /* first: a job's type leads here */
	const struct lua_source *source;
	const struct lua_stage_world *world;
	struct lua_text text; /* the same code, for ACTION_LUA */
	uint32_t compile_line, evaluate_line;
	bool evaluates;
	VEC(struct stage_default) defaults;
	VEC(struct stage_tool) tools;
};

/* A job of such a type: stage_job.own. */
struct lua_job {
	struct node *with; /* with defaults */
	uint32_t step;	   /* the one that evaluates; UINT32_MAX: none yet */
};

static inline const struct lua_type *lua_type_of_job(const struct stage_job *job)
{
	return (const struct lua_type *)(const void *)job->type;
}

/* What a script returned, while it is read.  Every fault is one sentence in err, with the place of the function; the first is kept. */
struct reading_value {
	struct arena *arena;
	const char *file;
	uint32_t line;
	pipe_error *err;
	int code; /* PIPE_OK so far */
};
/* Is it a table with names?  An empty one counts, which JSON has as an empty list. */
bool value_is_table(const json_t *value);
/* Notes a fault; returns false. */
bool value_wrong(struct reading_value *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool value_nomem(struct reading_value *r);
/* Are the members of the object (a NULL object is fine) all among the names?  what: "steps[1]". */
bool value_members(struct reading_value *r, const json_t *object, const char *what, const char *const *names);
/* Each: *out keeps its value where there is no such member (or null).  false: wrong, or no memory. */
bool value_text(struct reading_value *r, const json_t *object, const char *what, const char *name, const char **out);
bool value_bool(struct reading_value *r, const json_t *object, const char *what, const char *name, bool *out);
/* A list of texts (numbers count as texts), or one text; NULL-terminated. */
bool value_texts(struct reading_value *r, const json_t *object, const char *what, const char *name, const char *const **out);
/* A scalar as text; NULL: it is none, or no memory. */
const char *value_scalar(struct arena *a, const json_t *value);
/* "NAME=VALUE" of each member. */
bool value_pairs(struct reading_value *r, const json_t *object, const char *what, const char *name, const char *const **out);
/* Seconds as a number, or a duration as text. */
bool value_duration(struct reading_value *r, const json_t *object, const char *what, const char *name, int64_t *ms);
/* The nearest of the names as "; did you mean \"x\"?", or "". */
const char *value_nearest(struct arena *a, const char *wanted, const char *const *names);
/* "a list", "a table", "text"... */
const char *value_describe(const json_t *value);

/* parameters: an object of the file's table.  Fills the type's rows and defaults; what is wrong goes to r. */
bool stage_parameters(struct lua_type *type, const json_t *parameters, struct mark at, struct diagnostics *d,
		      struct reading_value *r);
bool stage_tools(struct lua_type *type, const json_t *tools, struct reading_value *r);

/* The host of compile: the files of the job's workspace, and the clock; borrows the job (host.c). */
void lua_stage_host(struct stage_job *job, struct lua_host *out);

/* stage_type.compile, react, evaluate */
int lua_stage_compile(struct stage_job *job, pipe_error *err);
int lua_stage_react(struct stage_job *job, pipe_error *err);
int lua_stage_evaluate(struct stage_job *job, pipe_error *err);

/* A native action's arguments from `with`; NULL: wrong (in r). */
struct stage_action *lua_stage_action(struct stage_job *job, const char *name, const json_t *with, const char *what,
				      struct reading_value *r);

#endif

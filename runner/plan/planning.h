/*
 * From options to a plan: the facts of Git, the variables of the command line, the world of files, then pipeline/'s load and plan.
 * A struct pipe_plan owns all of it; a child pipeline's plan is made by the same way.
 */
#ifndef RUNNER_PLANNING_H
#define RUNNER_PLANNING_H

#include "pipe.h"
#include "pipeline/document/diagnostic.h"
#include "pipeline/load.h"
#include "pipeline/plan/plan.h"
#include "runner/git/git.h"
#include "runner/plan/world.h"

struct pipe_plan {
	struct arena arena;
	struct pipe_project *project;
	struct sources sources;
	struct diagnostics diagnostics;
	struct pipeline *pipeline; /* NULL: not even that could be read */
	struct plan *plan;	   /* NULL: there are errors */
	struct plan_options options;
	struct git_facts git;
	struct project_world *world;
	struct variables predefined, variables; /* of the pipeline; of the command line, a parent */
	scoped_variables scoped;		/* of files of variables */
	const char *source;			/* CI_PIPELINE_SOURCE */
	const char *replay;			/* JSON: the options that repeat it */
	pipe_diagnostic *published;		/* sorted; diagnostics.list.count of them */
	const char *as;				/* which kind of pipeline, as it was asked for; or NULL */
	bool offline;
	struct plan_lua *lua;			 /* NULL: no Lua was needed yet; plan_lua.h */
	const struct lua_settings *lua_settings; /* of the file; NULL: it says nothing, or was not read yet */
	struct world_lua world_lua;
	pipe_error lua_missing; /* Lua was needed and cannot be had; code 0: that is not so */
	unsigned depth;		/* 0, or how many parents */
};

/* A file that is not in the project: includes of `location` get it. */
struct child_file {
	const char *location, *name, *text;
};
typedef VEC(struct child_file) child_files;

/* A child pipeline: what differs from its parent's plan.  Nothing of it is needed any more when the child's plan is made. */
struct child_source {
	const struct pipe_plan *parent;
	const char *file;		   /* the name of its file, or of what was put together from several */
	const char *text;		   /* its content; NULL: the file of the project */
	const child_files *files;	   /* that its text includes; or NULL */
	struct node *inputs;		   /* or NULL; lives as long as the parent's plan */
	const struct variables *variables; /* what goes down; copied */
};
int planning_child(struct pipe_plan **out, const struct child_source *child, pipe_error *err);

/* The pipeline file that is meant where none is named; PIPE_EUSAGE: there is none. */
int planning_find_file(const pipe_project *project, struct arena *a, const char **file, pipe_error *err);

#endif

/*
 * Kinds of projects: what lies in a directory says how it is built and tested.  A row (project.c) names the files that tell it, and
 * the commands: an experienced engineer's choice, so that `uses: build` and `uses: test` need no parameter at all.  project_steps.c
 * makes steps of such commands.
 */
#ifndef STAGES_PROJECT_H
#define STAGES_PROJECT_H

#include "stages/stage.h"

enum { PROJECT_ARGUMENTS = 12, PROJECT_COMMANDS = 3, PROJECT_REPORTS = 3 };

/* An argument vector with what is put in (struct project_values): {jobs} processors, {scratch} the job's own directory, {build},
 * {round}, {index}, {total}.  An argument that is just {args} or {names} is replaced by as many as there are, {target} is left out when
 * there is none. */
struct project_command {
	const char *unless;  /* left out when this path exists (in the project's directory); NULL: never */
	const char *only_if; /* left out when this path does not exist; NULL: never */
	const char *argv[PROJECT_ARGUMENTS];
};

struct project_report {
	const char *format;  /* by name */
	const char *pattern; /* in the project's directory, or {scratch}/...; NULL: the commands' output */
};

struct project_kind {
	const char *name;
	const char *markers[4]; /* one of them is there */
	struct stage_tool tool; /* that builds */
	struct project_command build[PROJECT_COMMANDS];
	struct stage_tool test_tool; /* that tests; without a name: the same */
	struct project_command test[PROJECT_COMMANDS];
	struct project_report reports[PROJECT_REPORTS]; /* of test */
};

/* In the order in which they are looked for; a row without a name ends it. */
extern const struct project_kind project_kinds[];

/* By name; NULL: none. */
const struct project_kind *project_kind_named(const char *name);
/* The kind that the parameter `tool` names or, where that is "auto", the first one whose marker lies in the directory.
 * PIPE_ENOTFOUND: nothing was recognised. */
int project_kind(struct stage_job *job, const char *directory, const struct project_kind **out, pipe_error *err);

/* The parameter `directory`: relative to the workspace and clean, "" the workspace itself.  PIPE_EPIPELINE: it leads out of it. */
int project_directory(struct stage_job *job, const char **out, pipe_error *err);
/* The same of another parameter, whose text is known. */
int project_inside(struct stage_job *job, const char *parameter, const char *text, const char **out, pipe_error *err);
/* A path in the project's directory, relative to the workspace; NULL: no memory. */
const char *project_path(const struct stage_job *job, const char *directory, const char *path);

/* Is a directory of the path hidden (`.git`), or does it match one of these globs (NULL-terminated)?  Then what lies there is not the
 * project's own, but fetched or made. */
bool project_hides(const char *path, const char *const *directories);

/* What the placeholders stand for. */
struct project_values {
	const char *directory;	  /* of the project, relative to the workspace; "" */
	const char *build;	  /* of what is built, relative to the project's directory */
	const char *target;	  /* NULL: none */
	const char *const *args;  /* the user's; NULL-terminated; or NULL */
	const char *const *names; /* what {names} stands for; the same */
	const char *joint;	  /* what {names} is joined by, inside an argument */
	uint32_t round;
};
/* A text with its placeholders replaced; NULL: no memory. */
const char *project_fill(struct stage_job *job, const struct project_values *values, const char *text);
/* Adds the commands as steps that run in the project's directory. */
int project_steps(struct stage_job *job, const struct project_command *commands, const struct project_values *values,
		  pipe_error *err);

#endif

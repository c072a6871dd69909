/*
 * The model: a pipeline as structs, decoded from the merged document and checked one job at a time.  Nothing here depends on the
 * kind of run; rules are not evaluated yet and matrices not unfolded (plan.h does both).  Everything lives in the load's arena.
 * Text that may hold variables is kept as written; a field says "expanded" where it is not.
 */
#ifndef PIPELINE_MODEL_H
#define PIPELINE_MODEL_H

#include "base/map.h"
#include "base/mark.h"
#include "base/vec.h"
#include "pipeline/document/document.h"
#include "pipeline/rule/variable.h"
#include <stdbool.h>

typedef VEC(const char *) text_list;

enum job_when { WHEN_UNSET, WHEN_ON_SUCCESS, WHEN_ON_FAILURE, WHEN_ALWAYS, WHEN_MANUAL, WHEN_DELAYED, WHEN_NEVER };
const char *when_name(enum job_when when); /* "on_success"; "" for WHEN_UNSET */

enum tristate { UNSET = 0, NO = 1, YES = 2 };

/* One entry of a flattened script; each is one unit for the shell. */
struct command {
	const char *text;
	struct mark at;
};
typedef VEC(struct command) script;

struct exit_codes {
	VEC(int) list;
};

struct allow_failure {
	enum tristate state;	 /* YES also with exit codes */
	struct exit_codes codes; /* count 0: every exit code */
};

/* needs:parallel:matrix and its like: a set of NAME -> accepted values. */
struct matrix_axis {
	const char *name;
	text_list values;
	struct mark at;
};
struct matrix_row {
	VEC(struct matrix_axis) axes;
};
struct matrix {
	VEC(struct matrix_row) rows;
};

/* needs:pipeline, needs:project: a job of another pipeline.  No meaning on one machine: warned of, and to be passed over. */
struct need_elsewhere {
	const char *pipeline, *project, *ref;
};
struct need {
	const char *job; /* NULL: only with elsewhere */
	struct mark at;
	bool artifacts;	      /* default true */
	bool artifacts_given; /* and written so */
	bool optional;
	const struct matrix *matrix;		/* selects instances of a matrix job; NULL: all */
	const struct need_elsewhere *elsewhere; /* NULL: a job of this pipeline */
};
struct needs {
	struct mark at;
	VEC(struct need) list;
};

struct rule {
	struct mark at;
	const char *condition; /* `if`, or NULL */
	struct mark condition_at;
	struct expression *expression; /* parsed `if`; NULL: none (or wrong, and reported) */
	const struct lua_text *lua;    /* `lua`: a condition; NULL: none */
	bool has_changes, has_exists;
	text_list changes, exists;
	const char *compare_to; /* changes:compare_to */
	const char *exists_project, *exists_ref;
	enum job_when when;
	struct allow_failure allow_failure;
	struct variables variables;
	const struct needs *needs; /* NULL: not given */
	const char *start_in;
	enum tristate interruptible;
	const char *auto_cancel; /* workflow rules: on_new_commit */
};
struct rules {
	struct mark at;
	VEC(struct rule) list;
};

/* A piece of Lua in the pipeline file, or a file of it that the pipeline file names. */
struct lua_text {
	struct mark at;	  /* of the text, or of the name of the file */
	const char *path; /* of the file, relative to the project; NULL: the text stands in the pipeline file */
	const char *text; /* NULL: the file could not be read (reported) */
	size_t length;
	const char *name; /* the file that the text stands in, for places */
	uint32_t line;	  /* lines of that file before the text */
};

/* All pieces of Lua of a pipeline, by the node that names each (a text, a path, or a map with `lua` or `file`): also those in `with` of
 * typed jobs, where a row of the type's table says TAKES_LUA. */
struct lua_texts {
	VEC(struct lua_named_text {
		const struct node *node;
		const struct lua_text *code;
	})
	list; /* by address */
};
/* NULL: there is none. */
const struct lua_text *lua_text_of(const struct lua_texts *texts, const struct node *node);

/* Points in the life of a run and of a job where Lua may be called. */
#define HOOK_POINT_MAP(X)                                                                                                        \
	X(BEFORE_RUN, "before_run") /* before the first job; a failure ends the run */                                           \
	X(AFTER_RUN, "after_run")   /* all jobs have ended */                                                                    \
	X(GATE, "gate")		    /* of a job, before before_job: false, or a failure, and the job does not run */             \
	X(BEFORE_JOB, "before_job") /* it has its place, and nothing of it has been done */                                      \
	X(ON_FAILURE, "on_failure") /* of a job that failed, before after_job */                                                 \
	X(AFTER_JOB, "after_job")   /* its verdict is known, and not told yet */                                                 \
	X(ON_EVENT, "on_event")	    /* after each event of the run (a job's: its own) but output; only the run's end waits */    \
	X(NOTIFY, "notify")	    /* after after_run (of a job: after after_job); a failure only warns */

enum hook_point {
#define X(name, text) HOOK_##name,
	HOOK_POINT_MAP(X)
#undef X
		HOOK_POINT_COUNT
};

/* What a script's failure is to whoever called it. */
enum lua_on_error { LUA_ON_ERROR_DEFAULT, LUA_ON_ERROR_FAIL, LUA_ON_ERROR_WARN };

struct hook {
	enum hook_point point;
	struct lua_text code;
	const struct node *with; /* arguments: ctx.with; or NULL */
	enum lua_on_error on_error;
	text_list events; /* on_event: only these kinds; none: all */
};
struct hooks {
	unsigned points; /* bits by enum hook_point: of which there is one */
	VEC(struct hook) list;
};

/* The top-level `lua`: what scripts may do and use up. */
struct lua_settings {
	struct mark at;
	text_list http, exec, read, secrets, mail; /* allow */
	int64_t cpu_ms, wall_ms;		   /* limits; 0: the default */
	uint64_t memory_bytes, output_bytes;
	enum lua_on_error on_error;
};

/* only / except: refs, variables, changes, kubernetes */
struct only {
	struct mark at;
	text_list refs, variables, changes;
	bool kubernetes;
};

enum retry_cause {
	RETRY_ALWAYS = 1 << 0,
	RETRY_UNKNOWN_FAILURE = 1 << 1,
	RETRY_SCRIPT_FAILURE = 1 << 2,
	RETRY_API_FAILURE = 1 << 3,
	RETRY_STUCK_OR_TIMEOUT_FAILURE = 1 << 4,
	RETRY_RUNNER_SYSTEM_FAILURE = 1 << 5,
	RETRY_RUNNER_UNSUPPORTED = 1 << 6,
	RETRY_STALE_SCHEDULE = 1 << 7,
	RETRY_JOB_EXECUTION_TIMEOUT = 1 << 8,
	RETRY_ARCHIVED_FAILURE = 1 << 9,
	RETRY_UNMET_PREREQUISITES = 1 << 10,
	RETRY_SCHEDULER_FAILURE = 1 << 11,
	RETRY_DATA_INTEGRITY_FAILURE = 1 << 12
};
struct retry {
	int max;		 /* 0..2 */
	unsigned causes;	 /* retry_cause bits; 0: RETRY_ALWAYS */
	struct exit_codes codes; /* also retried on these */
};

struct report {
	const char *kind; /* "junit", "dotenv"... */
	text_list paths;
	const char *format; /* coverage_report: cobertura, jacoco */
	struct mark at;
};
struct artifacts {
	struct mark at;
	text_list paths, exclude;
	bool untracked;
	const char *name, *expose_as, *access;
	enum job_when when; /* ON_SUCCESS (default), ON_FAILURE, ALWAYS */
	int64_t expire_ms;  /* -1: never; 0: not given */
	VEC(struct report) reports;
};

enum cache_policy { CACHE_PULL_PUSH, CACHE_PULL, CACHE_PUSH };
struct cache {
	struct mark at;
	const char *key;	/* NULL: "default", or key_files */
	text_list key_files;	/* one or two */
	bool key_files_commits; /* key:files_commits */
	const char *key_prefix;
	text_list paths, fallback_keys;
	bool untracked, unprotect;
	const char *policy; /* may be a variable; decoded by cache_policy_of(expanded) */
	enum job_when when;
};
bool cache_policy_of(const char *text, enum cache_policy *policy);

struct image {
	const char *name; /* NULL: none */
	struct mark at;
	text_list entrypoint, pull_policy;
	bool has_entrypoint;
	const char *user, *platform;
};
struct service {
	struct image image;
	const char *alias;
	text_list command;
	bool has_command;
	struct variables variables;
};
struct services {
	VEC(struct service) list;
};

struct environment {
	const char *name; /* NULL: none */
	struct mark at;
	const char *url, *on_stop, *action, *auto_stop_in, *deployment_tier;
};

enum trigger_file_kind { TRIGGER_LOCAL, TRIGGER_ARTIFACT, TRIGGER_PROJECT, TRIGGER_REMOTE, TRIGGER_TEMPLATE, TRIGGER_COMPONENT };
struct trigger_file {
	enum trigger_file_kind kind;
	const char *path; /* or URL, or component address */
	const char *job;  /* artifact */
	const char *project, *ref;
	struct mark at;
	struct node *inputs;  /* map, or NULL */
	struct node *include; /* the item as written: handed to the child's load */
};
struct trigger {
	struct mark at;
	VEC(struct trigger_file) files; /* none: a pipeline of another project */
	const char *project, *branch;
	bool depend, mirror;   /* strategy */
	bool forward_yaml;     /* default true: global and job variables go down */
	bool forward_pipeline; /* default false */
	struct node *inputs;
};

struct job_shell {
	text_list argv; /* one of "bash" "sh", or an argv that is given the script as a file */
	struct mark at;
};

struct uses_type; /* pipeline/keyword/uses.h */

/* A typed stage. */
struct job_uses {
	const struct uses_type *type;
	const char *name;	 /* the type's */
	struct mark at;		 /* of the value of `uses` */
	const struct node *with; /* a map that the type's table takes; NULL: none */
};

/* What most jobs do without.  A field is zero where its keyword is not given. */
struct job_settings {
	script before_script, after_script; /* flattened */
	enum tristate interruptible;
	int parallel; /* N; 0: none */
	struct mark parallel_at;
	const struct matrix *matrix; /* parallel:matrix; at least one row */
	const char *start_in;
	const char *manual_confirmation;
	struct allow_failure allow_failure;
	const struct needs *dependencies; /* an empty list is there and empty */
	const struct only *only, *except;
	struct variables variables;
	const text_list *inherit_variables; /* NULL: all global ones; otherwise only these (an empty list: none) */
	int64_t timeout_ms;		    /* 0: the default (1 h) */
	const struct retry *retry;
	const char *resource_group;
	const text_list *tags;
	const struct image *image;
	const struct services *services;
	const struct artifacts *artifacts;
	VEC(struct cache) caches;
	const char *coverage; /* the regular expression without its slashes; it compiles */
	const struct environment *environment;
	const struct trigger *trigger;
	const struct job_shell *shell;
	const struct job_uses *uses;
	const script *pre_get_sources; /* hooks:pre_get_sources_script */
	const struct hooks *hooks;     /* the job's own (or those of `default`); the pipeline's come first; NULL: none */
	/* Keywords of this job that the local executor does not honour ("image", "environment:kubernetes"), for the run's one warning. */
	text_list unhonoured;
};

/*
 * One job as written (after include, extends, default, references).  There may be 100,000 of them, most of them much alike: what is
 * not a job's own it shares with the jobs that have it from the same place.
 */
struct job {
	const char *name;
	struct mark at;	   /* its key */
	struct node *node; /* its merged map */
	uint32_t index;	   /* in the order of the file, over all non-hidden jobs */
	uint32_t stage;	   /* index into pipeline.stages */
	struct mark stage_at;
	script main; /* flattened */
	const struct rules *rules;
	const struct needs *needs;	     /* NULL: not given; `needs: []` is there and empty */
	const struct job_settings *settings; /* never NULL; not to be changed: other jobs have it too */
	enum job_when when;
	bool has_script; /* `script` or `run` was given */
};

struct stage {
	const char *name;
	struct mark at;
};

struct workflow {
	const char *name;
	const struct rules *rules; /* NULL: none */
	const char *auto_cancel_on_new_commit, *auto_cancel_on_job_failure;
};

struct pipeline {
	const char *file;	    /* the entry file's name */
	struct node *root;	    /* merged, expanded document: what a run keeps */
	VEC(struct stage) stages;   /* .pre first, .post last */
	struct variables variables; /* global */
	struct workflow workflow;
	VEC(struct job) jobs;		/* in the order of the file; hidden ones are not here */
	struct map job_by_name;		/* -> struct job * */
	const struct hooks *hooks;	/* of the top level: for every job too; NULL: none */
	const struct lua_settings *lua; /* NULL: not given */
	struct lua_texts lua_texts;
	VEC(const char *) templates; /* names of the hidden jobs, for "did you mean" */
};

struct job *pipeline_job(const struct pipeline *p, const char *name);

#endif

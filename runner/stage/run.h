/*
 * One attempt of a typed job, from its first step to its verdict (stages/stage.h says what happens in which order):
 *
 *   (before_script) -> compile -> steps -> reports, react -> (steps -> reports, react)... -> last steps -> services end -> judged
 *
 * Steps that are always done and stand at the end of what compile made (teardown) are the last steps: they wait until no further
 * round follows, since services and files are needed until then.  A cancel, or the end of the job's time, skips what is left but for
 * steps that are always done, and services are stopped on every way out.
 *
 * It knows nothing of runs and histories: what it needs from the job around it is struct stage_host.  Everything is on the loop's
 * thread.
 */
#ifndef RUNNER_STAGE_RUN_H
#define RUNNER_STAGE_RUN_H

#include "runner/action/action.h"
#include "runner/executor/executor.h"
#include "runner/log/mask.h"
#include "runner/stage/desk.h"
#include <stdatomic.h>

struct stage_run;

enum stage_end {
	STAGE_PASSED,
	STAGE_WARNED, /* reason */
	STAGE_FAILED, /* reason, failure */
	STAGE_TIMED_OUT,
	STAGE_CANCELLED,
	STAGE_SYSTEM /* the machinery failed: reason */
};

struct stage_outcome {
	enum stage_end end;
	int exit_code;			      /* of the step that decided; 0 with PASSED; -1: none */
	const char *reason;		      /* or NULL; all texts live as long as the run */
	const char *failure;		      /* GitLab's word; or NULL */
	const struct evidence_totals *totals; /* NULL: it has left no evidence */
};

struct stage_host {
	/* The job.  Borrowed until stage_run_free. */
	const struct stage_type *type;
	const char *name, *base; /* base: without " 1/3" or ": [a, b]" */
	const struct node *with;
	struct mark at;
	const struct sources *sources;
	const struct scope *scope;
	const struct lua_texts *lua_texts;    /* the Lua in `with`; NULL: none */
	const struct action_scripts *scripts; /* what scripts need (runner/action/action.h), but for the baseline; NULL: none */
	uint32_t node_index, node_total;      /* 0, 0: no instances */
	const char *before;		      /* text of before_script; NULL: none */
	bool hands_over;		      /* it is for bash or sh: the steps get the environment that it leaves */
	/* Further reports, of the job itself (artifacts:reports). */
	const struct stage_report *reports;
	uint32_t report_count;
	bool tools_known; /* they have been looked for, and are there */

	/* Where and how it runs. */
	const char *workspace, *project_directory; /* absolute */
	const char *files;	 /* path of the run's own files for this job, without a suffix; also the log's */
	const char *const *envp; /* with mark */
	const char *mark;	 /* "PIPE_TASK=<run nonce>/<job>" */
	int64_t timeout_ms;	 /* 0: none */
	unsigned grace_ms;
	uint32_t regex_steps;
	struct executor *executor;
	struct stage_desk *desk;

	/* For the evidence. */
	int64_t run, started_ms;
	uint32_t job;
	bool again; /* it is not the first attempt */
	const struct mask *mask;
	const struct evidence_baseline *(*baseline)(void *payload); /* asked for once, before it is judged */

	/* What a process wrote: secrets are taken out of it, then it is in the log. */
	void (*output)(void *payload, const char *bytes, size_t length);
	/* Lines that have been cleaned already. */
	void (*lines)(void *payload, const char *text, size_t length);
	/* Nothing is to be held back any more: a step is over. */
	void (*flush)(void *payload);
	/* Does the log stand at the beginning of a line, and how many lines does it have? */
	bool (*at_line_start)(void *payload);
	uint64_t (*line_count)(void *payload);
	void (*warn)(void *payload, const char *sentence);
	/* argv that does what a text means to the job's shell, and in *envp what that shell would set; *file: where it had to be written,
	 * to be removed after the process; NULL: nowhere. */
	int (*shell)(void *payload, const char *text, const char *directory, const char *suffix, struct arena *a,
		     const char *const **argv, const char *const **envp, const char **file, pipe_error *err);
	/* Exactly once, later or before stage_run_start returns. */
	void (*ended)(void *payload, const struct stage_outcome *outcome);
	void *payload;
};

/* host is copied. */
int stage_run_create(struct stage_run **out, const struct stage_host *host, pipe_error *err);
void stage_run_start(struct stage_run *r);
/* A request: `ended` still comes.  now: kill, and nothing that is always done. */
void stage_run_cancel(struct stage_run *r, bool now);
/* "NAME=VALUE" for the jobs behind, and how many. */
const char *const *stage_run_exports(const struct stage_run *r, uint32_t *count);
/* Globs of what is to be kept as the job's artifacts, and how many. */
const char *const *stage_run_outputs(const struct stage_run *r, uint32_t *count);
/* After `ended` has returned; NULL is fine. */
void stage_run_free(struct stage_run *r);

/* ---- reports of ordinary jobs ---- */

struct stage_reports {
	/* Given; borrowed. */
	struct stage_desk *desk;
	const char *name, *base, *workspace;
	int64_t run, started_ms;
	uint32_t job;
	bool again;
	const struct mask *mask;
	const struct stage_report *reports;
	uint32_t count;
	void (*done)(void *payload);
	void *payload;

	atomic_bool stop; /* set it, and they are done soon: nothing is kept */
	/* Found: in the arena, which stage_reports_clear empties. */
	struct arena arena;
	struct evidence_totals totals;
	const char *const *complaints;
	uint32_t complaint_count;
	int code; /* the evidence could not be written */
	pipe_error error;

	struct desk_work work;
};

/* Reads them on a worker thread; done comes later. */
void stage_reports_start(struct stage_reports *s);
void stage_reports_clear(struct stage_reports *s);

#endif
